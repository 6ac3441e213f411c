public import Quantities

/// The preset `can-ids`: learns the frames of a bus for a time and then judges every one of them.
///
/// Rules: identifiers and lengths that were never seen; frames that come before their slot, or more often than ever; counters that do not go on; payloads
/// that change as they never did, all against the last *accepted* frame, so that of an injected and a legitimate frame the injected one is blamed;
/// identifiers that fall silent. See docs/detectors-can.md.
public final class CANIntrusion: FramesDetecting {
    /// The rule that made a score.
    public enum Rule: String, Sendable, CaseIterable {
        /// The identifier was never seen while learning.
        case unknownIdentifier = "unknown-id"
        /// The identifier never had this length.
        case length = "dlc-mismatch"
        /// The frame comes before its slot.
        case timing = "inter-arrival"
        /// Too many frames of an identifier in a time.
        case rate
        /// A counter in the payload does not go on.
        case counter = "counter-regress"
        /// The payload changes as it never did.
        case payload = "payload"
        /// A periodic identifier has fallen silent.
        case silence = "missing"
    }

    /// How it learns and what it keeps.
    public struct Settings: Sendable {
        /// The time from the first frame on in which everything is taken for normal.
        public var learnFor: Duration = .seconds(60)
        /// Which payload changes are learnt after that time.
        public var learns = true
        /// Rejected frames in a row, each going on from the one before, after which a sender is taken to have changed its state.
        public var acceptAfter = 2
        /// A factor on all scores.
        public var sensitivity = 1.0
        /// The greatest number of identifiers that are learnt.
        public var maximumGroups = 4096
        /// Whether silent identifiers count.
        public var reportsSilence = true

        /// The defaults.
        public init() {}
    }

    private struct State: ~Copyable {
        let settings: Settings
        let learnFor: UInt64
        var profiles: RecencyMap<IdentifierProfile>
        var clock = StreamClock()
        var first: Int64?
        var isLearning = true
        var longestBusGap: UInt64 = 0
        var quietLimit: UInt64 = .max
        var restarted = Int64.min
        var nextCheck = Int64.max
        var blamed: UInt32 = 0
        var rule: Rule?

        init(_ settings: Settings) {
            self.settings = settings
            learnFor = UInt64(settings.learnFor.nanoseconds)
            profiles = RecencyMap(capacity: settings.maximumGroups)
        }
    }

    private let state: UnsafeMutablePointer<State>
    /// What the data of a frame without any point to.
    private let nothing: UnsafeMutablePointer<UInt8>

    /// A detector that has seen nothing yet.
    public init(_ settings: Settings = Settings()) throws(DetectionError) {
        guard settings.learnFor > .zero else { throw .outOfRange(setting: "learn_for", requirement: "longer than 0 s") }
        guard settings.sensitivity > 0, settings.sensitivity.isFinite else {
            throw .outOfRange(setting: "sensitivity", requirement: "a positive number")
        }
        state = .allocate(capacity: 1)
        state.initialize(to: State(settings))
        nothing = .allocate(capacity: 1)
        nothing.initialize(to: 0)
    }

    deinit {
        freeProfiles()
        nothing.deallocate()
        state.deinitialize(count: 1)
        state.deallocate()
    }

    private func freeProfiles() {
        var next = state.pointee.profiles.oldestSlot
        while let slot = next {
            state.pointee.profiles[slot].free()
            next = state.pointee.profiles.slot(after: slot)
        }
    }

    /// Input that could not be used; `overflow` counts identifiers that had to go for others while learning.
    public var health: DetectorHealth {
        var health = state.pointee.clock.health
        health.overflow = state.pointee.profiles.evictions
        return health
    }
    /// The identifier and the rule of the last anomalous score, for example `0x145 inter-arrival`.
    public var blame: String { state.pointee.rule.map { "\(identifierText(state.pointee.blamed)) \($0.rawValue)" } ?? "" }
    /// The identifier of the last anomalous score, with the flags of SocketCAN.
    public var blamedIdentifier: UInt32? { state.pointee.rule == nil ? nil : state.pointee.blamed }
    /// The rule of the last anomalous score.
    public var firedRule: Rule? { state.pointee.rule }
    /// Whether the time to learn is not over yet.
    public var isLearning: Bool { state.pointee.isLearning }
    /// Identifiers that were learnt.
    public var identifiers: Int { state.pointee.profiles.count }

    /// Takes a frame; no score while learning, for error reports and for late frames.
    public func update(at instant: Instant, identifier: UInt32, data: UnsafeRawBufferPointer, bits: Int) -> Double? {
        let state = self.state
        guard identifier & 0x2000_0000 == 0 else { return nil }
        let idle = state.pointee.clock.elapsed(to: instant)
        switch state.pointee.clock.admit(instant) {
        case .late: return nil
        case .setBack: resync(instant.nanoseconds)
        case .inOrder: break
        }
        let length = min(data.count, 64)
        let bytes = data.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(nothing)
        if state.pointee.isLearning {
            study(instant.nanoseconds, idle, identifier, bytes, length)
            if state.pointee.isLearning { return nil }
        }
        if idle > state.pointee.quietLimit { resync(instant.nanoseconds) }
        return judge(instant.nanoseconds, identifier, bytes, length)
    }

    // MARK: Learning

    private func study(_ time: Int64, _ idle: UInt64, _ identifier: UInt32, _ bytes: UnsafePointer<UInt8>, _ length: Int) {
        let state = self.state
        let first = state.pointee.first ?? time
        if state.pointee.first == nil { state.pointee.first = time } else { state.pointee.longestBusGap = max(state.pointee.longestBusGap, idle) }
        if distance(from: first, to: time) >= state.pointee.learnFor { freeze(time) } else { enrol(time, identifier, bytes, length) }
    }

    private func enrol(_ time: Int64, _ identifier: UInt32, _ bytes: UnsafePointer<UInt8>, _ length: Int) {
        let slot: Int
        if let known = state.pointee.profiles.find(UInt64(identifier)) {
            state.pointee.profiles.touch(known)
            slot = known
        } else {
            let made = state.pointee.profiles.insert(UInt64(identifier), IdentifierProfile(width: length))
            made.evicted?.free()
            slot = made.slot
        }
        state.pointee.profiles.pointer(to: slot).pointee.study(time, bytes, length)
    }

    private func freeze(_ time: Int64) {
        let state = self.state
        state.pointee.isLearning = false
        state.pointee.quietLimit = max(1_000_000_000, state.pointee.longestBusGap.multipliedReportingOverflow(by: 4).partialValue)
        var bus = InlineArray<5, Int64>(repeating: .max)
        forEachProfile { profile in
            for index in 0..<5 { bus[index] = min(bus[index], profile.pointee.curve.shortest[index]) }
        }
        var earliness: [Double] = []
        forEachProfile { if let earliest = $0.pointee.earliest { earliness.append(earliest) } }
        earliness.sort()
        let usual = max(300_000, earliness.isEmpty ? 0 : earliness[earliness.count * 3 / 4])
        forEachProfile { $0.pointee.freeze(bus: bus, earliness: usual) }
        planCheck(time)
    }

    private func forEachProfile(_ body: (UnsafeMutablePointer<IdentifierProfile>) -> Void) {
        var next = state.pointee.profiles.oldestSlot
        while let slot = next {
            body(state.pointee.profiles.pointer(to: slot))
            next = state.pointee.profiles.slot(after: slot)
        }
    }

    // MARK: Judging

    @inline(__always)
    private func judge(_ time: Int64, _ identifier: UInt32, _ bytes: UnsafePointer<UInt8>, _ length: Int) -> Double {
        guard let slot = state.pointee.profiles.find(UInt64(identifier)) else { return fired(.unknownIdentifier, identifier, 2) }
        let profile = state.pointee.profiles.pointer(to: slot)
        guard profile.pointee.lengths & IdentifierProfile.lengthBit(length) != 0 else { return fired(.length, identifier, 2) }
        let evidence = profile.pointee.judge(time, bytes, length)
        let score = evidence.score * state.pointee.settings.sensitivity
        if score < 1 {
            profile.pointee.accept(time, bytes, length, learns: state.pointee.settings.learns)
            return Score.settled(hit: false, raw: score)
        }
        return reject(profile, evidence, score, time, identifier, bytes, length)
    }

    private func reject(
        _ profile: UnsafeMutablePointer<IdentifierProfile>, _ evidence: IdentifierProfile.Evidence, _ score: Double, _ time: Int64,
        _ identifier: UInt32, _ bytes: UnsafePointer<UInt8>, _ length: Int
    ) -> Double {
        let isInTime = max(evidence.timing, evidence.curve) * state.pointee.settings.sensitivity < 1
        if isInTime, profile.pointee.isNewState(time, bytes, length, after: state.pointee.settings.acceptAfter) {
            profile.pointee.accept(time, bytes, length, learns: state.pointee.settings.learns)
            return Score.settled(hit: false, raw: score)
        }
        let rule: Rule =
            if evidence.timing >= max(evidence.counter, evidence.payload, evidence.curve) {
                .timing
            } else if evidence.curve
                >= max(evidence.counter, evidence.payload)
            { .rate } else if evidence.counter >= evidence.payload { .counter } else { .payload }
        return fired(rule, identifier, score)
    }

    private func fired(_ rule: Rule, _ identifier: UInt32, _ score: Double) -> Double {
        state.pointee.rule = rule
        state.pointee.blamed = identifier
        return Score.settled(hit: true, raw: score)
    }

    private func resync(_ time: Int64) {
        forEachProfile { $0.pointee.resync() }
        state.pointee.restarted = time
        if !state.pointee.isLearning { planCheck(time) }
    }

    /// Times mean nothing any more: nothing is held against the next frame of each identifier.
    public func resume() { resync(state.pointee.clock.last) }

    // MARK: Silence

    /// When the next identifier would have been silent for too long.
    public var nextTimer: Instant? {
        state.pointee.nextCheck == .max || !state.pointee.settings.reportsSilence ? nil : Instant(nanoseconds: state.pointee.nextCheck)
    }

    private func due(_ profile: UnsafeMutablePointer<IdentifierProfile>) -> Int64 {
        let limit = profile.pointee.silenceLimit
        guard limit != .max else { return .max }
        let since = max(profile.pointee.lastAccepted, state.pointee.restarted)
        let wait = limit.multipliedReportingOverflow(by: 1 << min(profile.pointee.silences, 20))
        let sum = since.addingReportingOverflow(wait.overflow ? .max : wait.partialValue)
        return sum.overflow ? .max : sum.partialValue
    }

    private func planCheck(_ time: Int64) {
        var earliest = Int64.max
        forEachProfile { earliest = min(earliest, due($0)) }
        state.pointee.nextCheck = earliest == .max ? .max : max(earliest, time == .max ? time : time + 1)
    }

    /// Looks for identifiers that are silent for too long; a bus that is silent as a whole raises nothing, `missing` does.
    public func timer(at instant: Instant) -> Double? {
        let time = instant.nanoseconds
        guard time >= state.pointee.nextCheck else { return nil }
        var worst = 0.0
        var silent: UInt64 = 0
        var next = state.pointee.profiles.oldestSlot
        while let slot = next {
            let profile = state.pointee.profiles.pointer(to: slot)
            next = state.pointee.profiles.slot(after: slot)
            guard profile.pointee.silenceLimit != .max, due(profile) <= time else { continue }
            // The others must have gone on for most of the time.
            guard Int64(bitPattern: state.pointee.clock.elapsed(to: instant)) < profile.pointee.silenceLimit / 2 else {
                profile.pointee.silences &+= 1
                continue
            }
            let since = max(profile.pointee.lastAccepted, state.pointee.restarted)
            let ratio = Double(time &- since) / Double(profile.pointee.silenceLimit)
            profile.pointee.silences &+= 1
            if ratio > worst {
                worst = ratio
                silent = state.pointee.profiles.key(of: slot)
            }
        }
        planCheck(time)
        return worst > 0 ? fired(.silence, UInt32(truncatingIfNeeded: silent), worst) : nil
    }

    // MARK: State

    /// Writes the state.
    public func save(_ writer: inout StateWriter) {
        state.pointee.clock.save(&writer)
        writer.put(state.pointee.first != nil)
        writer.put(state.pointee.first ?? 0)
        writer.put(state.pointee.isLearning)
        writer.put(bits: state.pointee.longestBusGap)
        writer.put(bits: state.pointee.quietLimit)
        writer.put(state.pointee.restarted)
        writer.put(state.pointee.nextCheck)
        writer.put(Int(state.pointee.blamed))
        writer.put(state.pointee.rule?.rawValue ?? "")
        state.pointee.profiles.save(&writer) { writer, profile in profile.save(&writer) }
    }

    /// Takes over a state.
    public func restore(_ reader: inout StateReader) throws(DetectionError) {
        try state.pointee.clock.restore(&reader)
        let hasFirst = try reader.flag()
        let first = try reader.integer()
        state.pointee.first = hasFirst ? first : nil
        state.pointee.isLearning = try reader.flag()
        state.pointee.longestBusGap = try reader.bits()
        state.pointee.quietLimit = try reader.bits()
        state.pointee.restarted = try reader.integer()
        state.pointee.nextCheck = try reader.integer()
        state.pointee.blamed = UInt32(truncatingIfNeeded: try reader.integer())
        let rule = try reader.text()
        state.pointee.rule = Rule(rawValue: rule)
        guard rule.isEmpty || state.pointee.rule != nil else { throw .badState("it names no rule") }
        freeProfiles()
        state.pointee.profiles.removeAll()
        try state.pointee.profiles.restore(&reader) { reader throws(DetectionError) in try IdentifierProfile.restored(&reader) }
    }
}
