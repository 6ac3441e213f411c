import Quantities

extension DetectorKind {
    /// Every kind over the frames of a bus, and those over frames and messages alike.
    public static let frameKinds: [DetectorKind] = [
        missing, interArrival, rate, clockSkew, busLoad, idEntropy, idTransition, unknownID, lengthMismatch, bitFlip, payloadEntropy, payloadRange,
        counterRegress, frameDuplicate, frameReplay, canIDs,
    ]

    // MARK: Settings

    private static let bus = DetectorSetting(
        "watch", .stream, required: true, about: "The bus or the declared frame to look at, for example can0 or can0.current; or a list.")
    private static let stream = DetectorSetting(
        "watch", .stream, required: true, about: "A bus, a declared frame, or messages such as ocpp.Heartbeat or cp1.ocpp; or a list.")
    private static func learnFor(_ time: Duration?) -> DetectorSetting {
        DetectorSetting(
            "learn_for", .duration, default: time.map { .duration($0) }, about: "The time from the first item on that is learnt as normal and not judged.")
    }
    private static func learn(_ mode: LearningMode) -> DetectorSetting {
        DetectorSetting(
            "learn", .oneOf(LearningMode.allCases.map(\.rawValue)), default: .word(mode.rawValue),
            about: "What is learnt after the time to learn: always everything, normal-only what is not anomalous, frozen nothing.")
    }
    private static func mode(_ settings: DetectorSettings, _ usual: LearningMode) -> LearningMode {
        settings.word("learn").flatMap(LearningMode.init) ?? usual
    }
    private static let learningTime = Duration.seconds(60)
    private static func groups(_ settings: DetectorSettings) -> Int { settings.count("max_groups") ?? 4096 }
    private static let period = DetectorSetting(
        "period", .duration, about: "The time between two items; learnt as the median gap when it is not given.")
    private static func period(_ settings: DetectorSettings) throws(DetectionError) -> Int64? {
        guard let period = settings.duration("period") else { return nil }
        guard period > .zero else { throw .outOfRange(setting: "period", requirement: "longer than 0 s") }
        return period.nanoseconds
    }
    private static let positive = 1e-9...1e9

    // MARK: Frames and messages

    private static let missing = DetectorKind(
        "missing", about: "Nothing has come for longer than the period allows.", input: .stream,
        settings: [
            stream, period,
            DetectorSetting(
                "factor", .plain(1...1000), default: .number(2.5), about: "Periods without an item that are still normal.", source: "VictoriaMetrics issue 7825"
            ),
            DetectorSetting("jitter", .duration, default: .duration(.zero), about: "A time that is added to the factor times the period."),
            DetectorSetting("expect_first_within", .duration, about: "The time from the start of the run within which the first item must come."),
            StreamTrack.setting, learn(.frozen), learnFor(nil), StreamTrack.groups,
        ],
        example: "silence: {is: missing, watch: ocpp.Heartbeat, period: 60s, factor: 2.5, severity: high}",
        object: { settings throws(DetectionError) in
            let jitter = settings.duration("jitter") ?? .zero
            guard jitter >= .zero else { throw .outOfRange(setting: "jitter", requirement: "0 s or longer") }
            return try KeyedDetector<MissingCell>(
                MissingCell.Plan(
                    period: try period(settings), factor: settings.number("factor") ?? 2.5, jitter: jitter.nanoseconds, mode: mode(settings, .frozen),
                    usualGaps: settings.duration("learn_for") == nil ? 20 : 0),
                track: StreamTrack(settings), groups: groups(settings), learnFor: settings.duration("learn_for"),
                firstWithin: settings.duration("expect_first_within"), hasTimers: true)
        })

    private static let interArrival = DetectorKind(
        "inter-arrival", about: "The time since the last accepted item is much shorter or longer than it used to be.", input: .stream,
        settings: [
            stream, period,
            DetectorSetting(
                "low_ratio", .plain(0...1), default: .number(0.5), about: "A gap below this share of the median, and below all but a thousandth, is too short.",
                source: "arXiv 2101.05781"),
            DetectorSetting(
                "high_ratio", .plain(1...1e6), default: .number(2.5), about: "A gap above so many medians, and above all but a thousandth, is too long."),
            DetectorSetting(
                "direction", .oneOf(InterArrivalCell.Direction.allCases.map(\.rawValue)), default: .word("both"),
                about: "Which gaps count: too short (below), too long (above), or both."),
            DetectorSetting(
                "from", .oneOf(["accepted", "previous"]), default: .word("accepted"),
                about: "accepted: gaps are counted from the last item that was not too soon, so the injected one is blamed; previous: from the last one."),
            StreamTrack.setting, learn(.normalOnly), learnFor(nil), StreamTrack.groups,
        ],
        example: "injection: {is: inter-arrival, watch: can0, direction: below, severity: high}",
        object: { settings throws(DetectionError) in
            try KeyedDetector<InterArrivalCell>(
                InterArrivalCell.Plan(
                    period: try period(settings).map(Double.init), low: settings.number("low_ratio") ?? 0.5, high: settings.number("high_ratio") ?? 2.5,
                    direction: settings.word("direction").flatMap(InterArrivalCell.Direction.init) ?? .both, mode: mode(settings, .normalOnly),
                    countsRejected: settings.word("from") == "previous"),
                track: StreamTrack(settings), groups: groups(settings), learnFor: settings.duration("learn_for"))
        })

    private static let rate = DetectorKind(
        "rate", about: "There are too many items in a time.", input: .stream,
        settings: [
            stream, DetectorSetting("count", .count(1...65536), required: true, about: "The number of items that is too many.", source: "Suricata thresholds"),
            DetectorSetting("timespan", .duration, required: true, about: "The time in which they are counted.", source: "Sigma correlation rules"),
            DetectorSetting(
                "mode", .oneOf(RateCell.Mode.allCases.map(\.rawValue)), default: .word("sliding"),
                about:
                    "sliding: while a moving window holds so many; threshold: on every so-many-th; limit: on at most so many; both: once in each time; backoff: on the count, ten times it, a hundred times it.",
                source: "Suricata thresholds"),
            StreamTrack.setting, StreamTrack.groups,
        ],
        example: "flood: {is: rate, watch: can0, count: 100, timespan: 100ms, severity: critical}",
        object: { settings throws(DetectionError) in
            let timespan = settings.duration("timespan") ?? .zero
            guard timespan > .zero else { throw .outOfRange(setting: "timespan", requirement: "longer than 0 s") }
            let plan = RateCell.Plan(
                count: settings.count("count") ?? 1, timespan: timespan.nanoseconds, mode: settings.word("mode").flatMap(RateCell.Mode.init) ?? .sliding)
            let bound = max(1, RateCell.greatestMemory / plan.ring)
            return try KeyedDetector<RateCell>(plan, track: StreamTrack(settings), groups: min(groups(settings), bound))
        })

    private static let clockSkew = DetectorKind(
        "clock-skew", about: "The clock behind a sender's period has another rate than before, as when another device sends in its place.", input: .stream,
        settings: [
            stream, period,
            DetectorSetting(
                "batch", .count(1...10000), default: .count(20), about: "Items in a step of the fit.", source: "USENIX Security 2016, Cho and Shin"),
            DetectorSetting("forgetting", .plain(0.9...1), default: .number(0.9995), about: "The forgetting factor of the least squares fit."),
            DetectorSetting("k", .plain(0...1000), default: .number(5), about: "The slack of the cumulative sum in standard deviations."),
            DetectorSetting("h", .plain(positive), default: .number(5), about: "The level of the cumulative sum that is anomalous."),
            DetectorSetting("warmup_batches", .count(2...100000), default: .count(50), about: "Batches that are learnt before there is a score."),
            StreamTrack.setting, StreamTrack.groups,
        ],
        example: "other_sender: {is: clock-skew, watch: can0.current, period: 10ms}",
        object: { settings throws(DetectionError) in
            try KeyedDetector<ClockSkewCell>(
                ClockSkewCell.Plan(
                    period: try period(settings).map(Double.init), batch: Int64(settings.count("batch") ?? 20),
                    forgetting: settings.number("forgetting") ?? 0.9995,
                    k: settings.number("k") ?? 5, h: settings.number("h") ?? 5, warmup: Int64(settings.count("warmup_batches") ?? 50)),
                track: StreamTrack(settings), groups: groups(settings))
        })

    // MARK: Bus

    private static let busLoad = DetectorKind(
        "bus-load", about: "The bus carries a greater share of its bit rate than is normal.", input: .frames,
        settings: [
            bus,
            DetectorSetting("bitrate", .measure(.dataRate, 1...1e9), required: true, about: "The nominal bit rate of the bus."),
            DetectorSetting("window", .duration, default: .duration(.milliseconds(100)), about: "The window is (t - window, t]."),
            DetectorSetting("above", .plain(1e-6...1), default: .number(0.9), about: "The greatest share of the bit rate that is normal."),
        ],
        example: "flooded: {is: bus-load, watch: can0, bitrate: 500 kbit/s, above: 0.9}",
        object: { settings throws(DetectionError) in
            try BusLoad(
                bitrate: settings.number("bitrate") ?? 500_000, window: settings.duration("window") ?? .milliseconds(100),
                above: settings.number("above") ?? 0.9)
        })

    private static let idEntropy = DetectorKind(
        "id-entropy", about: "The identifiers of the last frames are more or less varied than usual.", input: .frames,
        settings: [
            bus,
            DetectorSetting(
                "frames", .count(2...65536), default: .count(1000), about: "Frames whose identifiers are counted.", source: "doi 10.3390/e22091044"),
            DetectorSetting("k", .plain(positive), default: .number(4), about: "Standard deviations from the mean that are still normal."),
            learnFor(learningTime),
        ],
        example: "mixture: {is: id-entropy, watch: can0, frames: 1000, k: 4, learn_for: 60s}",
        object: { settings throws(DetectionError) in
            try IDEntropy(window: settings.count("frames") ?? 1000, k: settings.number("k") ?? 4, learnFor: settings.duration("learn_for") ?? learningTime)
        })

    private static let idTransition = DetectorKind(
        "id-transition", about: "Too many pairs of identifiers follow each other that never did while learning.", input: .frames,
        settings: [
            bus, DetectorSetting("window", .duration, default: .duration(.milliseconds(100)), about: "The window in which unseen pairs are counted."),
            DetectorSetting(
                "max_unseen", .count(1...10000), default: .count(15), about: "Unseen pairs in the window that are anomalous.",
                source: "doi 10.1109/TVT.2022.3190721"),
            learnFor(learningTime),
            DetectorSetting("max_pairs", .count(16...1_048_576), default: .count(65536), about: "The greatest number of pairs that are kept."),
        ],
        example: "order: {is: id-transition, watch: can0, max_unseen: 15, learn_for: 5min}",
        object: { settings throws(DetectionError) in
            try IDTransition(
                window: settings.duration("window") ?? .milliseconds(100), maxUnseen: settings.count("max_unseen") ?? 15,
                learnFor: settings.duration("learn_for") ?? learningTime, pairs: settings.count("max_pairs") ?? 65536)
        })

    private static let unknownID = DetectorKind(
        "unknown-id", about: "An identifier is neither allowed nor was it seen while learning.", input: .frames,
        settings: [
            bus,
            DetectorSetting(
                "allow", .texts, about: "Identifiers that are always known, for example [0x300, 0x18FF50E5]; with a list and no 'learn_for' nothing is learnt."),
            DetectorSetting("learn_for", .duration, about: "The time from the first frame on that is learnt; 60 s when there is no list."),
            StreamTrack.groups,
        ],
        example: "stranger: {is: unknown-id, watch: can0, allow: [0x200, 0x201, 0x210, 0x300], severity: high}",
        object: { settings throws(DetectionError) in
            let allowed = try identifiers(settings.texts("allow") ?? [])
            let detector = try KeyedDetector<UnknownCell>(
                UnknownCell.Plan(), groups: max(groups(settings), allowed.count),
                learnFor: settings.duration("learn_for") ?? (allowed.isEmpty ? learningTime : nil))
            for identifier in allowed { detector.enter(UInt64(identifier), UnknownCell(UnknownCell.Plan(), width: 0)) }
            return detector
        })

    /// Identifiers out of texts: hexadecimal with 0x, else decimal; more than three hexadecimal digits or more than 0x7FF are 29-bit identifiers.
    private static func identifiers(_ texts: [String]) throws(DetectionError) -> [UInt32] {
        var identifiers: [UInt32] = []
        for text in texts {
            let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
            let digits = isHexadecimal ? text.dropFirst(2) : Substring(text)
            guard let number = UInt32(digits, radix: isHexadecimal ? 16 : 10), number <= 0x1FFF_FFFF, !digits.hasPrefix("+") else {
                throw .badEntry(path: ["allow"], problem: "must hold identifiers such as 0x300, not '\(text)'")
            }
            identifiers.append(number > 0x7FF || (isHexadecimal && digits.utf8.count > 3) ? number | 0x8000_0000 : number)
        }
        return identifiers
    }

    // MARK: Payload

    private static let lengthMismatch = DetectorKind(
        "dlc-mismatch", about: "A known identifier has a length that it never had while learning.", input: .frames,
        settings: [bus, learnFor(learningTime), StreamTrack.groups], example: "length: {is: dlc-mismatch, watch: can0, learn_for: 30s}",
        object: { settings throws(DetectionError) in
            try KeyedDetector<LengthCell>(LengthCell.Plan(), groups: groups(settings), learnFor: settings.duration("learn_for") ?? learningTime)
        })

    private static let bitFlip = DetectorKind(
        "bit-flip", about: "Bits of a payload flip that do not, or stay that always flip.", input: .frames,
        settings: [
            bus,
            DetectorSetting(
                "halflife_frames", .plain(1...1e9), default: .number(1000), about: "Frames of an identifier after which what was learnt counts half."),
            DetectorSetting("z", .plain(positive), default: .number(4), about: "Standard deviations above the mean surprise that are still normal."),
            DetectorSetting("warmup_frames", .count(2...1_000_000), default: .count(50), about: "Frames of an identifier before there is a score."),
            learn(.normalOnly), learnFor(nil), StreamTrack.groups,
        ],
        example: "flips: {is: bit-flip, watch: can0.limit, z: 6}",
        object: { settings throws(DetectionError) in
            try KeyedDetector<BitFlipCell>(
                BitFlipCell.Plan(
                    halfLife: settings.number("halflife_frames") ?? 1000, z: settings.number("z") ?? 4, warmup: settings.count("warmup_frames") ?? 50,
                    mode: mode(settings, .normalOnly)),
                groups: groups(settings), learnFor: settings.duration("learn_for"))
        })

    private static let payloadEntropy = DetectorKind(
        "payload-entropy", about: "The bytes of an identifier's last frames are more or less varied than while learning.", input: .frames,
        settings: [
            bus, DetectorSetting("frames", .count(4...256), default: .count(32), about: "Frames of an identifier whose bytes are counted."),
            DetectorSetting("z", .plain(positive), default: .number(4), about: "Standard deviations from the mean that are still normal."),
            learnFor(learningTime), StreamTrack.groups,
        ],
        example: "noise: {is: payload-entropy, watch: can0, frames: 32, z: 6}",
        object: { settings throws(DetectionError) in
            try KeyedDetector<PayloadEntropyCell>(
                PayloadEntropyCell.Plan(window: settings.count("frames") ?? 32, z: settings.number("z") ?? 4), groups: groups(settings),
                learnFor: settings.duration("learn_for") ?? learningTime)
        })

    private static let payloadRange = DetectorKind(
        "payload-range", about: "Bytes of an identifier have values that they never had while learning.", input: .frames,
        settings: [
            bus, DetectorSetting("at_least", .count(1...64), default: .count(2), about: "Bytes with new values in one frame that are anomalous."),
            DetectorSetting("distance", .count(1...255), default: .count(8), about: "How far from the nearest known value a new one must lie."),
            learnFor(learningTime), StreamTrack.groups,
        ],
        example: "strange: {is: payload-range, watch: can0, at_least: 2, learn_for: 60s}",
        object: { settings throws(DetectionError) in
            try KeyedDetector<PayloadRangeCell>(
                PayloadRangeCell.Plan(atLeast: settings.count("at_least") ?? 2, distance: settings.count("distance") ?? 8), groups: groups(settings),
                learnFor: settings.duration("learn_for") ?? learningTime)
        })

    private static let counterRegress = DetectorKind(
        "counter-regress", about: "A counter in the payload, found while learning, does not go on.", input: .frames,
        settings: [
            bus, DetectorSetting("lost", .count(0...7), default: .count(1), about: "Frames that may be lost between two."), learnFor(learningTime),
            StreamTrack.groups,
        ],
        example: "counters: {is: counter-regress, watch: can0, learn_for: 30s}",
        object: { settings throws(DetectionError) in
            try KeyedDetector<CounterCell>(
                CounterCell.Plan(lost: settings.count("lost") ?? 1), groups: groups(settings), learnFor: settings.duration("learn_for") ?? learningTime)
        })

    // MARK: Repeats

    private static let capacity = DetectorSetting(
        "capacity", .count(16...1_048_576), default: .count(65536), about: "Frames or rows that are remembered; the oldest goes first.")

    private static let frameDuplicate = DetectorKind(
        "frame-duplicate", about: "The same frame, identifier and data, comes again within a short time.", input: .frames,
        settings: [
            bus, DetectorSetting("window", .duration, default: .duration(.milliseconds(2)), about: "The time within which it is a duplicate."), capacity,
        ],
        example: "copies: {is: frame-duplicate, watch: can0, window: 2ms}",
        object: { settings throws(DetectionError) in
            try FrameDuplicate(window: settings.duration("window") ?? .milliseconds(2), capacity: settings.count("capacity") ?? 65536)
        })

    private static let frameReplay = DetectorKind(
        "frame-replay", about: "A row of frames that was on the bus before, some time ago.", input: .frames,
        settings: [
            bus, DetectorSetting("grams", .count(1...64), default: .count(3), about: "Frames in the row."),
            DetectorSetting("min_age", .duration, default: .duration(.seconds(1)), about: "The least age of the row that it repeats."),
            DetectorSetting(
                "repeats", .plain(0...1), default: .number(0.001), about: "The share of payloads that come again up to which an identifier is looked at."),
            learnFor(learningTime), capacity, StreamTrack.groups,
        ],
        example: "again: {is: frame-replay, watch: can0, grams: 3, min_age: 1s}",
        object: { settings throws(DetectionError) in
            try FrameReplay(
                grams: settings.count("grams") ?? 3, minimumAge: settings.duration("min_age") ?? .seconds(1), repeats: settings.number("repeats") ?? 0.001,
                learnFor: settings.duration("learn_for") ?? learningTime, capacity: settings.count("capacity") ?? 65536, groups: groups(settings))
        })

    // MARK: Preset

    private static let canIDs = DetectorKind(
        "can-ids",
        about: "The frames of a bus are not as they were while learning: a preset that joins the rules for identifiers, timing, counters and payloads.",
        input: .frames,
        settings: [
            bus, learnFor(learningTime),
            DetectorSetting(
                "learn", .oneOf([LearningMode.normalOnly.rawValue, LearningMode.frozen.rawValue]), default: .word(LearningMode.normalOnly.rawValue),
                about: "normal-only: accepted payloads go on being learnt; frozen: nothing after the time to learn."),
            DetectorSetting("sensitivity", .plain(0.1...10), default: .number(1), about: "A factor on the scores of all rules; below 1 fewer alarms."),
            DetectorSetting(
                "accept_after", .count(1...1000), default: .count(2),
                about: "Rejected frames in a row, each going on from the one before and in time, after which a sender has changed its state."),
            DetectorSetting(
                "silence", .oneOf(["judged", "ignored"]), default: .word("judged"), about: "Whether a periodic identifier that falls silent is anomalous."),
            StreamTrack.groups,
        ],
        example: "ids: {is: can-ids, watch: can0, learn_for: 60s, keep: 1s, severity: high}",
        object: { settings throws(DetectionError) in
            var plan = CANIntrusion.Settings()
            plan.learnFor = settings.duration("learn_for") ?? learningTime
            plan.learns = mode(settings, .normalOnly) != .frozen
            plan.sensitivity = settings.number("sensitivity") ?? 1
            plan.acceptAfter = settings.count("accept_after") ?? 2
            plan.reportsSilence = settings.word("silence") != "ignored"
            plan.maximumGroups = groups(settings)
            return try CANIntrusion(plan)
        })
}
