import Quantities

/// `dlc-mismatch`: a known identifier has a length that it never had while learning.
struct LengthCell: KeyedCell {
    /// The settings; there are none.
    struct Plan: Sendable {}

    static let isClosed = true
    private var lengths: UInt64 = 0

    init(_ plan: Plan, width: Int) {}

    mutating func take(_ time: Int64, _ data: UnsafeRawBufferPointer, _ plan: Plan, isLearning: Bool) -> Double? {
        let bit = IdentifierProfile.lengthBit(data.count)
        if isLearning { lengths |= bit }
        // An identifier that was never seen is the matter of `unknown-id`.
        return lengths == 0 ? nil : lengths & bit == 0 ? 2 : 0
    }

    func save(_ writer: inout StateWriter) { writer.put(bits: lengths) }
    init(_ reader: inout StateReader, _ plan: Plan) throws(DetectionError) { lengths = try reader.bits() }
}

/// `unknown-id`: an identifier is neither on the list nor was it seen while learning.
struct UnknownCell: KeyedCell {
    /// The settings: identifiers that are allowed are entered at the start.
    struct Plan: Sendable {}

    static let isClosed = true
    static let strangerScore: Double? = 2

    init(_ plan: Plan, width: Int) {}

    mutating func take(_ time: Int64, _ data: UnsafeRawBufferPointer, _ plan: Plan, isLearning: Bool) -> Double? { 0 }

    func save(_ writer: inout StateWriter) {}
    init(_ reader: inout StateReader, _ plan: Plan) throws(DetectionError) {}
}

/// `payload-range`: bytes have values that they never had while learning.
struct PayloadRangeCell: KeyedCell {
    /// The settings.
    struct Plan: Sendable {
        /// Bytes with new values that make an anomaly.
        var atLeast: Int
        /// How far from the nearest value that was seen a new one must lie.
        var distance: Int
    }

    static let isClosed = true
    private let width: Int
    /// 256 bits for each byte.
    private var seen: [UInt64]
    private var learnt = 0

    init(_ plan: Plan, width: Int) {
        self.width = min(width, 64)
        seen = Array(repeating: 0, count: self.width * 4)
    }

    mutating func take(_ time: Int64, _ data: UnsafeRawBufferPointer, _ plan: Plan, isLearning: Bool) -> Double? {
        let common = min(data.count, width)
        if isLearning {
            for byte in 0..<common { seen[byte * 4 + Int(data[byte] >> 6)] |= 1 << UInt64(data[byte] & 63) }
            learnt += 1
            return nil
        }
        guard learnt > 0 else { return nil }
        var new = 0
        for byte in 0..<common where isNew(byte, Int(data[byte]), plan.distance) { new += 1 }
        return Score.settled(hit: new >= plan.atLeast, raw: Double(new) / Double(plan.atLeast))
    }

    private func isNew(_ byte: Int, _ value: Int, _ distance: Int) -> Bool {
        for near in max(0, value - distance + 1)...min(255, value + distance - 1) where seen[byte * 4 + near >> 6] >> UInt64(near & 63) & 1 == 1 {
            return false
        }
        return true
    }

    func save(_ writer: inout StateWriter) {
        writer.put(width)
        writer.put(learnt)
        for word in seen { writer.put(bits: word) }
    }

    init(_ reader: inout StateReader, _ plan: Plan) throws(DetectionError) {
        self.init(plan, width: try reader.int(in: 0...64))
        learnt = try reader.int(in: 0...Int.max - 1)
        for index in seen.indices { seen[index] = try reader.bits() }
    }
}

/// `counter-regress`: a counter in the payload, found while learning, does not go on by one.
struct CounterCell: KeyedCell {
    /// The settings.
    struct Plan: Sendable {
        /// Frames that may be lost between two.
        var lost: Int
    }

    static let isClosed = true
    private let model: CounterModel
    private var old: [UInt8]
    private var length = -1
    private var isFrozen = false
    private var wrong = 0

    init(_ plan: Plan, width: Int) {
        model = CounterModel(PayloadModel(width: min(width, 64)))
        old = Array(repeating: 0, count: min(width, 64))
    }

    mutating func take(_ time: Int64, _ data: UnsafeRawBufferPointer, _ plan: Plan, isLearning: Bool) -> Double? {
        let common = min(data.count, old.count)
        guard common > 0, let base = data.baseAddress else { return nil }
        let bytes = base.assumingMemoryBound(to: UInt8.self)
        guard length >= 0 else {
            keep(data, common)
            return nil
        }
        if isLearning {
            old.withUnsafeBufferPointer { old in if let from = old.baseAddress { model.model.study(from, bytes, min(common, length)) } }
            keep(data, common)
            return nil
        }
        if !isFrozen {
            model.model.freeze()
            isFrozen = true
        }
        guard model.model.counterCount > 0 else { return nil }
        let evidence = old.withUnsafeBufferPointer { old in
            old.baseAddress.map { model.model.counterEvidence($0, bytes, min(common, length), lost: Int64(plan.lost)) } ?? 0
        }
        // What does not go on is not held against the next frame, unless the counter has started anew.
        wrong = evidence > 0 ? wrong + 1 : 0
        if evidence == 0 || wrong > 3 { keep(data, common) }
        return evidence > 0 ? Score.settled(hit: true, raw: 1 + evidence) : 0
    }

    private mutating func keep(_ data: UnsafeRawBufferPointer, _ common: Int) {
        for byte in 0..<common { old[byte] = data[byte] }
        length = common
        wrong = 0
    }

    mutating func resync() { length = -1 }

    func save(_ writer: inout StateWriter) {
        model.model.save(&writer)
        for byte in old { writer.put(Int(byte)) }
        writer.put(length)
        writer.put(isFrozen)
        writer.put(wrong)
    }

    init(_ reader: inout StateReader, _ plan: Plan) throws(DetectionError) {
        model = CounterModel(try PayloadModel.restored(&reader))
        old = Array(repeating: 0, count: model.model.width)
        for index in old.indices { old[index] = UInt8(try reader.int(in: 0...255)) }
        length = try reader.int(in: -1...64)
        guard length <= old.count else { throw .badState("a length in it is wrong") }
        isFrozen = try reader.flag()
        wrong = try reader.int(in: 0...4)
    }
}

/// Owns the memory of a model in a cell.
private final class CounterModel {
    var model: PayloadModel
    init(_ model: consuming PayloadModel) { self.model = model }
    deinit { model.free() }
}
