import Quantities

/// A detector with a state for each key: the face of a `KeyedCell` towards frames and messages.
final class KeyedDetector<Cell: KeyedCell>: FramesDetecting, MessagesDetecting {
    private struct Entry {
        var cell: Cell
        /// What the key is called; empty for identifiers, whose name is made when it is asked for.
        var name: String
    }

    private struct State: ~Copyable {
        var entries: RecencyMap<Entry>
        var clock = StreamClock()
        var first: Int64?
        var isLearning: Bool
        var nextCheck = Int64.max
        var blamed: UInt64 = 0
        var blamedName = ""
        var hasBlamed = false
        var onset: Int64?

        init(groups: Int, isLearning: Bool) {
            entries = RecencyMap(capacity: groups)
            self.isLearning = isLearning
        }
    }

    private let plan: Cell.Plan
    private let track: StreamTrack
    private let learnFor: UInt64
    private let firstWithin: Int64?
    private let hasTimers: Bool
    private let state: UnsafeMutablePointer<State>

    /// - Parameters:
    ///   - learnFor: the time to learn; `nil` when the warm-up of the cells is enough.
    ///   - firstWithin: the time from the start of the run within which something must come.
    init(
        _ plan: Cell.Plan, track: StreamTrack = .each, groups: Int, learnFor: Duration? = nil, firstWithin: Duration? = nil, hasTimers: Bool = false
    ) throws(DetectionError) {
        if let learnFor, learnFor <= .zero { throw .outOfRange(setting: "learn_for", requirement: "longer than 0 s") }
        if let firstWithin, firstWithin <= .zero { throw .outOfRange(setting: "expect_first_within", requirement: "longer than 0 s") }
        self.plan = plan
        self.track = track
        self.learnFor = UInt64(learnFor?.nanoseconds ?? 0)
        self.firstWithin = firstWithin?.nanoseconds
        self.hasTimers = hasTimers
        state = .allocate(capacity: 1)
        state.initialize(to: State(groups: groups, isLearning: learnFor != nil))
        if let firstWithin { state.pointee.nextCheck = firstWithin.nanoseconds }
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Input that could not be used; `overflow` counts keys that had to go for others.
    var health: DetectorHealth {
        var health = state.pointee.clock.health
        health.overflow = state.pointee.entries.evictions
        return health
    }
    var blame: String {
        guard state.pointee.hasBlamed else { return "" }
        if !state.pointee.blamedName.isEmpty { return state.pointee.blamedName }
        return track == .all ? "" : identifierText(UInt32(truncatingIfNeeded: state.pointee.blamed))
    }
    var onset: Instant? { state.pointee.onset.map(Instant.init(nanoseconds:)) }
    /// The keys that have a state.
    var groups: Int { state.pointee.entries.count }

    /// Gives a key a state, as if its cell had been learnt.
    func enter(_ key: UInt64, _ cell: Cell) {
        if state.pointee.entries.find(key) == nil { state.pointee.entries.insert(key, Entry(cell: cell, name: "")) }
    }

    // MARK: Input

    func update(at instant: Instant, identifier: UInt32, data: UnsafeRawBufferPointer, bits: Int) -> Double? {
        let key = track == .all ? 0 : UInt64(identifier)
        return take(instant, key, data) { "" }
    }

    func update(_ event: MessageEvent) -> Double? {
        guard case .message(let message, let action) = event.content, case .call = message else { return nil }
        let name: () -> String = { [track] in
            switch track {
            case .each: "\(event.identity) \(action?.name.description ?? "")"
            case .all: "ocpp"
            case .identity: event.identity
            case .connection: event.identity
            case .address: event.address
            }
        }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func mix(_ text: String) { for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 } }
        switch track {
        case .each:
            mix(event.identity)
            hash = (hash ^ UInt64(action?.rawValue ?? 255) ^ (event.isUp ? 256 : 0)) &* 0x100_0000_01B3
        case .all: hash = 0
        case .identity: mix(event.identity)
        case .connection: hash = UInt64(bitPattern: Int64(event.connection))
        case .address: mix(event.address)
        }
        return take(event.instant, hash, UnsafeRawBufferPointer(start: nil, count: 0), name: name)
    }

    @inline(__always)
    private func take(_ instant: Instant, _ key: UInt64, _ data: UnsafeRawBufferPointer, name: () -> String) -> Double? {
        let state = self.state
        switch state.pointee.clock.admit(instant) {
        case .inOrder: break
        case .late: return nil
        case .setBack: resume()
        }
        let time = instant.nanoseconds
        if state.pointee.isLearning { learnUntil(time) }
        let slot: Int
        if let known = state.pointee.entries.find(key) {
            slot = known
            state.pointee.entries.touch(known)
        } else if Cell.isClosed, !state.pointee.isLearning {
            if let score = Cell.strangerScore, score >= 1 {
                state.pointee.blamed = key
                state.pointee.blamedName = name()
                state.pointee.hasBlamed = true
            }
            return Cell.strangerScore
        } else {
            slot = state.pointee.entries.insert(key, Entry(cell: Cell(plan, width: data.count), name: name())).slot
        }
        let entry = state.pointee.entries.pointer(to: slot)
        let score = entry.pointee.cell.take(time, data, plan, isLearning: state.pointee.isLearning)
        if hasTimers {
            if state.pointee.first == nil { state.pointee.first = time }
            // With several keys the earliest deadline may have moved on: then the timer comes too early and asks again.
            let due = entry.pointee.cell.due(plan)
            state.pointee.nextCheck = state.pointee.entries.count == 1 ? due : min(state.pointee.nextCheck, due)
        }
        guard !state.pointee.isLearning, let score else { return nil }
        if score >= 1 { blame(slot, onset: nil) }
        return score
    }

    private func blame(_ slot: Int, onset: Int64?) {
        state.pointee.blamed = state.pointee.entries.key(of: slot)
        state.pointee.blamedName = state.pointee.entries[slot].name
        state.pointee.hasBlamed = true
        state.pointee.onset = onset
    }

    private func learnUntil(_ time: Int64) {
        guard let first = state.pointee.first else {
            state.pointee.first = time
            return
        }
        if distance(from: first, to: time) >= learnFor { state.pointee.isLearning = false }
    }

    func resume() {
        var next = state.pointee.entries.oldestSlot
        while let slot = next {
            state.pointee.entries[slot].cell.resync()
            next = state.pointee.entries.slot(after: slot)
        }
        if hasTimers, state.pointee.first != nil || firstWithin == nil { state.pointee.nextCheck = .max }
    }

    // MARK: Timers

    var nextTimer: Instant? { hasTimers && state.pointee.nextCheck != .max ? Instant(nanoseconds: state.pointee.nextCheck) : nil }

    func timer(at instant: Instant) -> Double? {
        let time = instant.nanoseconds
        guard hasTimers, time >= state.pointee.nextCheck else { return nil }
        if let firstWithin, state.pointee.first == nil {
            // Nothing has ever come: again after each such time.
            state.pointee.nextCheck = time.addingReportingOverflow(firstWithin).overflow ? .max : time + firstWithin
            state.pointee.hasBlamed = false
            return Score.settled(hit: true, raw: Double(time) / Double(firstWithin))
        }
        var worst: Double?
        var earliest = Int64.max
        var next = state.pointee.entries.oldestSlot
        while let slot = next {
            let entry = state.pointee.entries.pointer(to: slot)
            next = state.pointee.entries.slot(after: slot)
            if entry.pointee.cell.due(plan) <= time, let score = entry.pointee.cell.expire(time, plan), score > worst ?? 0 {
                worst = score
                blame(slot, onset: nil)
            }
            earliest = min(earliest, entry.pointee.cell.due(plan))
        }
        state.pointee.nextCheck = earliest == .max ? .max : max(earliest, time == .max ? time : time + 1)
        return state.pointee.isLearning ? nil : worst
    }

    // MARK: State

    func save(_ writer: inout StateWriter) {
        state.pointee.clock.save(&writer)
        writer.put(state.pointee.first)
        writer.put(state.pointee.isLearning)
        writer.put(state.pointee.nextCheck)
        writer.put(state.pointee.hasBlamed)
        writer.put(bits: state.pointee.blamed)
        writer.put(state.pointee.blamedName)
        writer.put(state.pointee.onset)
        state.pointee.entries.save(&writer) { writer, entry in
            writer.put(entry.name)
            entry.cell.save(&writer)
        }
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try state.pointee.clock.restore(&reader)
        state.pointee.first = try reader.optionalInteger()
        state.pointee.isLearning = try reader.flag()
        state.pointee.nextCheck = try reader.integer()
        state.pointee.hasBlamed = try reader.flag()
        state.pointee.blamed = try reader.bits()
        state.pointee.blamedName = try reader.text()
        state.pointee.onset = try reader.optionalInteger()
        let plan = self.plan
        try state.pointee.entries.restore(&reader) { reader throws(DetectionError) in
            let name = try reader.text()
            return Entry(cell: try Cell(&reader, plan), name: name)
        }
    }
}
