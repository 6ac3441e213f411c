import Quantities

/// A hash of an identifier and its data.
func frameHash(_ identifier: UInt32, _ data: UnsafeRawBufferPointer) -> UInt64 {
    var hash = (UInt64(identifier) ^ 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9
    var place = 0
    while place + 8 <= data.count {
        hash = (hash ^ UInt64(littleEndian: data.loadUnaligned(fromByteOffset: place, as: UInt64.self))) &* 0x94D0_49BB_1331_11EB
        hash ^= hash >> 31
        place += 8
    }
    var rest = UInt64(data.count) << 56
    for index in place..<data.count { rest |= UInt64(data[index]) << UInt64((index - place) * 8) }
    hash = (hash ^ rest) &* 0x94D0_49BB_1331_11EB
    return hash ^ hash >> 29
}

/// `frame-duplicate`: the same frame again within a short time.
final class FrameDuplicate: FramesDetecting {
    private struct State: ~Copyable {
        var clock = StreamClock()
        var seen: RecencyMap<Int64>
        var blamed: UInt32?
    }

    private let window: UInt64
    private let state: UnsafeMutablePointer<State>

    init(window: Duration, capacity: Int) throws(DetectionError) {
        self.window = try Window.duration(window).width()
        state = .allocate(capacity: 1)
        state.initialize(to: State(seen: RecencyMap(capacity: capacity)))
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    var health: DetectorHealth { state.pointee.clock.health }
    var blame: String { state.pointee.blamed.map(identifierText) ?? "" }

    func update(at instant: Instant, identifier: UInt32, data: UnsafeRawBufferPointer, bits: Int) -> Double? {
        let state = self.state
        switch state.pointee.clock.admit(instant) {
        case .inOrder: break
        case .late: return nil
        case .setBack: resume()
        }
        let hash = frameHash(identifier, data)
        guard let slot = state.pointee.seen.find(hash) else {
            state.pointee.seen.insert(hash, instant.nanoseconds)
            return 0
        }
        let age = distance(from: state.pointee.seen[slot], to: instant.nanoseconds)
        state.pointee.seen.touch(slot)
        state.pointee.seen[slot] = instant.nanoseconds
        guard age < window else { return 0 }
        state.pointee.blamed = identifier
        return 1
    }

    func resume() { state.pointee.seen.removeAll() }

    func save(_ writer: inout StateWriter) {
        state.pointee.clock.save(&writer)
        state.pointee.seen.save(&writer) { $0.put($1) }
        writer.put(state.pointee.blamed.map(Int64.init))
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try state.pointee.clock.restore(&reader)
        try state.pointee.seen.restore(&reader) { reader throws(DetectionError) in try reader.integer() }
        state.pointee.blamed = try reader.optionalInteger().map { UInt32(truncatingIfNeeded: $0) }
    }
}

/// `frame-replay`: a row of frames that was on the bus before, payloads and order, some time ago.
///
/// Only identifiers whose payloads hardly ever come again are looked at; which those are is learnt. Frames of the others lie between without breaking
/// the row.
final class FrameReplay: FramesDetecting {
    /// How often the payloads of an identifier come again.
    private struct Habit {
        var frames = 0
        var repeats = 0
    }

    private struct State: ~Copyable {
        var clock = StreamClock()
        var payloads: RecencyMap<Int64>
        var rows: RecencyMap<Int64>
        var habits: RecencyMap<Habit>
        var latest: [UInt64]
        var count = 0
        var first: Int64?
        var isLearning = true
        var blamed: UInt32?
    }

    private let grams: Int
    private let minimumAge: UInt64
    private let greatestShare: Double
    private let learnFor: UInt64
    private let state: UnsafeMutablePointer<State>

    init(grams: Int, minimumAge: Duration, repeats: Double, learnFor: Duration, capacity: Int, groups: Int) throws(DetectionError) {
        guard learnFor > .zero else { throw .outOfRange(setting: "learn_for", requirement: "longer than 0 s") }
        guard minimumAge >= .zero else { throw .outOfRange(setting: "min_age", requirement: "0 s or longer") }
        self.grams = grams
        self.minimumAge = UInt64(minimumAge.nanoseconds)
        greatestShare = repeats
        self.learnFor = UInt64(learnFor.nanoseconds)
        state = .allocate(capacity: 1)
        state.initialize(
            to: State(
                payloads: RecencyMap(capacity: capacity), rows: RecencyMap(capacity: capacity), habits: RecencyMap(capacity: groups),
                latest: Array(repeating: 0, count: grams)))
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    var health: DetectorHealth { state.pointee.clock.health }
    var blame: String { state.pointee.blamed.map(identifierText) ?? "" }

    func update(at instant: Instant, identifier: UInt32, data: UnsafeRawBufferPointer, bits: Int) -> Double? {
        let state = self.state
        switch state.pointee.clock.admit(instant) {
        case .inOrder: break
        case .late: return nil
        case .setBack: resume()
        }
        let time = instant.nanoseconds
        if state.pointee.isLearning {
            let first = state.pointee.first ?? time
            state.pointee.first = first
            state.pointee.isLearning = distance(from: first, to: time) < learnFor
        }
        let hash = frameHash(identifier, data)
        let isDistinctive = learnHabit(identifier, hash, time)
        if !isDistinctive { return state.pointee.isLearning ? nil : 0 }
        state.pointee.latest[state.pointee.count % grams] = hash
        state.pointee.count += 1
        guard state.pointee.count >= grams else { return nil }
        var row: UInt64 = 0
        for index in 0..<grams { row = (row ^ state.pointee.latest[(state.pointee.count + index) % grams]) &* 0x9E37_79B9_7F4A_7C15 ^ (row >> 17) }
        guard let slot = state.pointee.rows.find(row) else {
            state.pointee.rows.insert(row, time)
            return state.pointee.isLearning ? nil : 0
        }
        state.pointee.rows.touch(slot)
        let age = distance(from: state.pointee.rows[slot], to: time)
        guard !state.pointee.isLearning else { return nil }
        guard age >= minimumAge else { return 0 }
        state.pointee.blamed = identifier
        return 1
    }

    /// Counts how often payloads come again; whether the identifier is one whose payloads hardly ever do.
    private func learnHabit(_ identifier: UInt32, _ hash: UInt64, _ time: Int64) -> Bool {
        let state = self.state
        var isRepeat = false
        if let slot = state.pointee.payloads.find(hash) {
            isRepeat = true
            state.pointee.payloads.touch(slot)
        } else if state.pointee.isLearning {
            state.pointee.payloads.insert(hash, time)
        }
        guard let slot = state.pointee.habits.find(UInt64(identifier)) else {
            if state.pointee.isLearning { state.pointee.habits.insert(UInt64(identifier), Habit(frames: 1)) }
            return false
        }
        if state.pointee.isLearning {
            state.pointee.habits.touch(slot)
            state.pointee.habits[slot].frames += 1
            if isRepeat { state.pointee.habits[slot].repeats += 1 }
        }
        let habit = state.pointee.habits[slot]
        return habit.frames >= 16 && Double(habit.repeats) <= greatestShare * Double(habit.frames)
    }

    func resume() {
        state.pointee.rows.removeAll()
        state.pointee.count = 0
    }

    func save(_ writer: inout StateWriter) {
        state.pointee.clock.save(&writer)
        state.pointee.payloads.save(&writer) { $0.put($1) }
        state.pointee.rows.save(&writer) { $0.put($1) }
        state.pointee.habits.save(&writer) { writer, habit in
            writer.put(habit.frames)
            writer.put(habit.repeats)
        }
        for hash in state.pointee.latest { writer.put(bits: hash) }
        writer.put(state.pointee.count)
        writer.put(state.pointee.first)
        writer.put(state.pointee.isLearning)
        writer.put(state.pointee.blamed.map(Int64.init))
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try state.pointee.clock.restore(&reader)
        try state.pointee.payloads.restore(&reader) { reader throws(DetectionError) in try reader.integer() }
        try state.pointee.rows.restore(&reader) { reader throws(DetectionError) in try reader.integer() }
        try state.pointee.habits.restore(&reader) { reader throws(DetectionError) in
            let frames = try reader.int(in: 0...Int.max - 1)
            return Habit(frames: frames, repeats: try reader.int(in: 0...Int.max - 1))
        }
        for index in state.pointee.latest.indices { state.pointee.latest[index] = try reader.bits() }
        state.pointee.count = try reader.int(in: 0...Int.max - 1)
        state.pointee.first = try reader.optionalInteger()
        state.pointee.isLearning = try reader.flag()
        state.pointee.blamed = try reader.optionalInteger().map { UInt32(truncatingIfNeeded: $0) }
    }
}
