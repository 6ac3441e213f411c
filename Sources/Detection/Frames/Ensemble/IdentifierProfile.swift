/// What `can-ids` knows about one identifier: its lengths, its timing and its payload, and the last accepted frame that the next one is held against.
///
/// The memory belongs to whoever made the profile: it must be freed with `free()`.
struct IdentifierProfile {
    /// Why a frame is anomalous.
    struct Evidence {
        var timing = 0.0
        var curve = 0.0
        var counter = 0.0
        var payload = 0.0

        /// The greatest, or what they make together when none is enough alone.
        var score: Double {
            let alone = max(max(timing, curve), max(counter, payload))
            let (t, c, p) = (min(timing, 0.97), min(counter, 0.97), min(payload, 0.97))
            return max(alone, (t * t + c * c + p * p).squareRoot())
        }
    }

    static let gapsForPeriod = 15
    private static let room = 192

    /// Lengths that were seen, a bit for each; 64 bytes have bit 63.
    var lengths: UInt64 = 0
    /// Frames of the time to learn, and accepted ones after it.
    var frames: Int64 = 0
    var lastAccepted: Int64 = 0
    /// The last frame that came in time, accepted or not: an identifier with odd payloads is not silent.
    private(set) var lastInTime = Int64.min
    var longestGap: Int64 = 0
    /// The period in nanoseconds; 0 while it is not known.
    private(set) var period = 0.0
    private var gaps = InlineArray<15, Int64>(repeating: 0)
    private var anchor: Int64 = 0
    private var slots: Int64 = 0
    private var steady = ArrivalTrack(gain: 0.125)
    private var loose = ArrivalTrack(gain: 1)
    private var usesLoose = false
    private var margin = 1.5
    var curve = ArrivalCurve()
    private(set) var model: PayloadModel
    /// Bytes of the last two accepted frames, and after 128 of them those of the last rejected one that came in time.
    private let bytes: UnsafeMutablePointer<UInt8>
    /// Which of the first two is the last accepted one.
    private var current = 0
    private var referenceLength: Int = -1
    /// What was before the last accepted frame, for the case that the next one fits there better; -1 when there is no way back.
    private var formerLength: Int = -1
    private var formerExpected: Int64 = 0
    private var formerAccepted: Int64 = 0
    /// The score of the last accepted frame.
    private var acceptedScore = 0.0
    private var candidateLength: Int = -1
    private var streak: Int64 = 0
    /// Frames in a row that came in time and were rejected.
    private var rejections: Int64 = 0
    /// After so long without an accepted frame nothing is held against the next one.
    private var returnAfter: Int64 = .max
    /// Silence that is worth an alarm; `.max` for identifiers without a period.
    private(set) var silenceLimit: Int64 = .max
    /// Alarms that this silence has raised.
    var silences: Int64 = 0

    init(width: Int) {
        model = PayloadModel(width: width)
        bytes = .allocate(capacity: IdentifierProfile.room)
        bytes.initialize(repeating: 0, count: IdentifierProfile.room)
    }

    func free() {
        model.free()
        bytes.deallocate()
    }

    /// By how much the most early frame of a well-known period came early; `nil` without such a period.
    var earliest: Double? {
        guard period > 0, steady.observed >= 100 else { return nil }
        let earliest = Double(min(steady.earliest, loose.earliest))
        return earliest < 0.4 * period ? earliest : nil
    }

    static func lengthBit(_ length: Int) -> UInt64 { 1 &<< UInt64(min(length, 63)) }

    private var reference: UnsafePointer<UInt8> {
        @inline(__always) get { UnsafePointer(bytes + current &* 64) }
    }
    private var former: UnsafePointer<UInt8> { UnsafePointer(bytes + (1 &- current) &* 64) }

    /// Whether frames come in slots whose time can be foretold.
    private(set) var isPeriodic = false

    // MARK: Learning

    /// Takes a frame of the time to learn into the picture.
    mutating func study(_ time: Int64, _ data: UnsafePointer<UInt8>, _ length: Int) {
        lengths |= IdentifierProfile.lengthBit(length)
        if length > model.width {
            model.free()
            model = PayloadModel(width: length)
            referenceLength = -1
        }
        if frames > 0 { studyGap(time) }
        curve.learn(time)
        if referenceLength >= 0 { model.study(reference, data, min(length, referenceLength)) }
        frames &+= 1
        lastAccepted = time
        keep(data, length)
    }

    private mutating func studyGap(_ time: Int64) {
        let gap = time &- lastAccepted
        longestGap = max(longestGap, gap)
        let known = Int64(IdentifierProfile.gapsForPeriod)
        if period > 0 {
            learnSlot(time)
            if frames == 32 || frames == 256 || frames == 2048 { refine(time) }
            return
        }
        gaps[Int((frames &- 1) % known)] = gap
        guard frames >= known else { return }
        period = Double(max(medianGap(), 1))
        start(time)
    }

    private mutating func start(_ time: Int64) {
        steady.forget(period: period)
        loose.forget(period: period)
        steady.lock(time, period: period)
        loose.lock(time, period: period)
        anchor = time
        slots = 0
    }

    private mutating func learnSlot(_ time: Int64) {
        let deviation = steady.deviation(time)
        let skipped = ArrivalTrack.skipped(deviation, period)
        if skipped > 3 {
            // A pause says nothing about the period.
            anchor = time
            slots = 0
        } else if Double(deviation) > -0.5 * period {
            slots &+= skipped &+ 1
        }
        steady.learn(time, period: period)
        loose.learn(time, period: period)
    }

    /// Takes the mean of all slots for the period, which is nearer than the median of a few gaps.
    private mutating func refine(_ time: Int64) {
        guard slots >= 8 else { return }
        let mean = Double(time &- anchor) / Double(slots)
        guard mean > 0.5 * period, mean < 2 * period else { return }
        let isFar = (mean - period).magnitude > 0.002 * period
        period = mean
        if isFar { start(time) }
    }

    private func medianGap() -> Int64 {
        var sorted = gaps
        for index in 1..<IdentifierProfile.gapsForPeriod {
            var place = index
            while place > 0, sorted[place - 1] > sorted[place] {
                sorted.swapAt(place - 1, place)
                place -= 1
            }
        }
        return sorted[IdentifierProfile.gapsForPeriod / 2]
    }

    /// Ends the time to learn.
    ///
    /// - Parameters:
    ///   - bus: the shortest spans of all identifiers.
    ///   - earliness: nanoseconds by which the identifiers of this bus come early, as other frames hold them up or not.
    mutating func freeze(bus: InlineArray<5, Int64>, earliness: Double) {
        margin = min(frames, Int64(steady.observed)) < 200 ? 2 : 1.5
        if period > 0 {
            steady.freeze(period: period, margin: margin, least: earliness)
            loose.freeze(period: period, margin: margin, least: earliness)
            usesLoose = loose.tolerance < 0.8 * steady.tolerance
            isPeriodic = min(steady.tolerance, loose.tolerance) < 0.6
        }
        curve.freeze(bus: bus)
        model.freeze()
        let quiet = max(5 * period, 2 * Double(longestGap), 1e9)
        returnAfter = frames < 16 ? 0 : Int64(min(quiet, 9e18))
        if isPeriodic, Double(longestGap) < 6 * period { silenceLimit = Int64(max(2.5 * period, 2 * Double(longestGap))) &+ 1_000_000 }
    }

    // MARK: Judging

    /// Nothing is held against the next frame: the clock was set, or the bus was silent.
    mutating func resync() {
        referenceLength = -1
        formerLength = -1
        candidateLength = -1
        curve.restart()
    }

    /// The evidence against a frame; all 0 for the first one after a pause.
    @inline(__always)
    func judge(_ time: Int64, _ data: UnsafePointer<UInt8>, _ length: Int) -> Evidence {
        var evidence = Evidence()
        evidence.curve = curve.evidence(time)
        guard referenceLength >= 0, time &- lastAccepted <= returnAfter else { return evidence }
        weigh(time, expected: usesLoose ? loose.expected : steady.expected, reference, referenceLength, data, length, into: &evidence)
        return evidence
    }

    /// Timing and payload against a state.
    @inline(__always)
    private func weigh(
        _ time: Int64, expected: Int64, _ old: UnsafePointer<UInt8>, _ oldLength: Int, _ data: UnsafePointer<UInt8>, _ length: Int,
        into evidence: inout Evidence
    ) {
        var lost: Int64 = 1
        if period > 0 {
            let deviation = time &- expected
            evidence.timing =
                usesLoose
                ? loose.evidence(deviation, period: period, margin: margin) : steady.evidence(deviation, period: period, margin: margin)
            lost = isPeriodic ? ArrivalTrack.skipped(deviation, period) : 1
        }
        compare(old, oldLength, data, length, lost: lost, into: &evidence)
    }

    /// Whether a rejected frame fits much better in the place of the last accepted one: then that one was the injected one, and the state goes back to
    /// before it.
    mutating func undo(_ time: Int64, _ data: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        guard formerLength >= 0, time &- formerAccepted <= returnAfter else { return false }
        var evidence = Evidence()
        weigh(time, expected: formerExpected, former, formerLength, data, length, into: &evidence)
        guard evidence.score < min(0.6, acceptedScore - 0.15) else { return false }
        current = 1 &- current
        referenceLength = formerLength
        formerLength = -1
        lastAccepted = formerAccepted
        if usesLoose { loose.expected = formerExpected } else { steady.expected = formerExpected }
        curve.removeLast()
        return true
    }

    @inline(__always)
    private func compare(
        _ old: UnsafePointer<UInt8>, _ oldLength: Int, _ new: UnsafePointer<UInt8>, _ length: Int, lost: Int64, into evidence: inout Evidence
    ) {
        let common = min(length, oldLength)
        let bits = model.surprise(old, new, common)
        evidence.payload = max(0, (bits - model.mean) / (model.limit - model.mean))
        if model.counterCount > 0 { evidence.counter = model.counterEvidence(old, new, common, lost: lost) }
    }

    /// Takes a frame for legitimate.
    @inline(__always)
    mutating func accept(_ time: Int64, _ data: UnsafePointer<UInt8>, _ length: Int, score: Double, learns: Bool) {
        formerLength = referenceLength
        formerAccepted = lastAccepted
        formerExpected = usesLoose ? loose.expected : steady.expected
        acceptedScore = score
        if referenceLength >= 0 {
            if learns { model.learn(reference, data, min(length, referenceLength)) }
            if period > 0 { if usesLoose { loose.take(time, period: period) } else { steady.take(time, period: period) } }
        } else if period > 0 {
            loose.lock(time, period: period)
            steady.lock(time, period: period)
        }
        curve.add(time)
        frames &+= 1
        lastAccepted = time
        silences = 0
        candidateLength = -1
        streak = 0
        rejections = 0
        keep(data, length)
    }

    @inline(__always)
    private mutating func keep(_ data: UnsafePointer<UInt8>, _ length: Int) {
        current = 1 &- current
        (bytes + current &* 64).update(from: data, count: min(length, 64))
        referenceLength = min(length, 64)
    }

    /// A frame whose timing is right but whose payload is not: whether it goes on from the rejected ones before it, so that the sender itself has
    /// changed its state. A second sender never gets there, because the first one goes on in between.
    mutating func isNewState(_ time: Int64, _ data: UnsafePointer<UInt8>, _ length: Int, after needed: Int) -> Bool {
        if candidateLength >= 0 {
            var evidence = Evidence()
            compare(UnsafePointer(bytes + 128), candidateLength, data, length, lost: 1, into: &evidence)
            streak = evidence.score < 1 ? streak &+ 1 : 0
        }
        (bytes + 128).update(from: data, count: min(length, 64))
        candidateLength = min(length, 64)
        rejections &+= 1
        lastInTime = time
        let isOpen = isPeriodic ? Double(time &- lastAccepted) >= 1.5 * period : streak > Int64(needed)
        return isOpen && (streak >= Int64(needed) || rejections >= 8 &* Int64(needed))
    }

    // MARK: State

    func save(_ writer: inout StateWriter) {
        writer.put(bits: lengths)
        for value in [frames, lastAccepted, lastInTime, longestGap, anchor, slots] { writer.put(value) }
        for value in [streak, rejections, returnAfter, silenceLimit, silences] { writer.put(value) }
        writer.put(period)
        writer.put(margin)
        writer.put(usesLoose)
        writer.put(isPeriodic)
        for index in 0..<IdentifierProfile.gapsForPeriod { writer.put(gaps[index]) }
        steady.save(&writer)
        loose.save(&writer)
        curve.save(&writer)
        model.save(&writer)
        for value in [referenceLength, candidateLength, formerLength, current] { writer.put(value) }
        writer.put(formerExpected)
        writer.put(formerAccepted)
        writer.put(acceptedScore)
        for index in stride(from: 0, to: IdentifierProfile.room, by: 8) {
            var word: UInt64 = 0
            for place in 0..<8 { word |= UInt64(bytes[index + place]) << UInt64(place * 8) }
            writer.put(bits: word)
        }
    }

    /// Reads a profile that `save` wrote; the caller owns its memory.
    static func restored(_ reader: inout StateReader) throws(DetectionError) -> IdentifierProfile {
        var profile = IdentifierProfile(width: 0)
        do {
            try profile.fill(&reader)
        } catch {
            profile.free()
            throw error
        }
        return profile
    }

    private mutating func fill(_ reader: inout StateReader) throws(DetectionError) {
        lengths = try reader.bits()
        frames = try reader.integer()
        lastAccepted = try reader.integer()
        lastInTime = try reader.integer()
        longestGap = try reader.integer()
        anchor = try reader.integer()
        slots = try reader.integer()
        streak = try reader.integer()
        rejections = try reader.integer()
        returnAfter = try reader.integer()
        silenceLimit = try reader.integer()
        silences = try reader.integer()
        period = try reader.number()
        margin = try reader.number()
        guard frames >= 0, period >= 0, period < 1e19, (1...4).contains(margin), silences >= 0, silenceLimit > 0 else {
            throw .badState("a number in it is out of range")
        }
        usesLoose = try reader.flag()
        isPeriodic = try reader.flag()
        for index in 0..<IdentifierProfile.gapsForPeriod { gaps[index] = try reader.integer() }
        try steady.restore(&reader)
        try loose.restore(&reader)
        try curve.restore(&reader)
        let restored = try PayloadModel.restored(&reader)
        model.free()
        model = restored
        referenceLength = try reader.int(in: -1...64)
        candidateLength = try reader.int(in: -1...64)
        formerLength = try reader.int(in: -1...64)
        current = try reader.int(in: 0...1)
        formerExpected = try reader.integer()
        formerAccepted = try reader.integer()
        acceptedScore = try reader.number()
        for index in stride(from: 0, to: IdentifierProfile.room, by: 8) {
            let word = try reader.bits()
            for place in 0..<8 { bytes[index + place] = UInt8(truncatingIfNeeded: word >> UInt64(place * 8)) }
        }
    }
}
