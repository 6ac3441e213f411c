/// How the bytes of an identifier change from one accepted frame to the next, and which half bytes are counters.
///
/// Each byte has eight classes of change by its distance on the circle of 256: 0, 1, 2-3, 4-7 … 64-128. So a carry from one byte into the next one is
/// a small change in both, whatever the byte order is. A frame's surprise is the sum over its bytes of -log2 of the learnt share of the class; a class
/// lends an eighth of its share to its neighbours, because a value that wanders a little faster than ever is no anomaly.
///
/// The memory belongs to whoever made the model: it must be freed with `free()`.
struct PayloadModel {
    static let classes = 8
    /// What a change adds to the count of its own class; its neighbours get 1.
    private static let own: UInt32 = 8

    /// A half byte that runs through a cycle, one step a frame: an alive counter of any step and length.
    struct Counter {
        var place: UInt8 = 0
        var length: UInt8 = 0
        /// Place of each value in the cycle; 0xFF for values outside of it.
        var order = InlineArray<16, UInt8>(repeating: 0xFF)
        /// What a wrong step is worth as evidence.
        var weight = 0.0
    }

    /// Bytes of the longest frame that was seen while learning.
    let width: Int
    /// Changes that were learnt.
    private(set) var learnt: UInt64 = 0
    private let counts: UnsafeMutablePointer<UInt32>
    private let successors: UnsafeMutablePointer<UInt8>
    private let matches: UnsafeMutablePointer<UInt32>
    private(set) var counterCount = 0
    private var counters = InlineArray<4, Counter>(repeating: Counter())
    /// Mean and greatest surprise while learning, in bits.
    private(set) var mean = 0.0
    private(set) var greatest = 0.0
    /// The surprise that counts as evidence 1.
    private(set) var limit = Double.infinity

    init(width: Int) {
        self.width = width
        counts = .allocate(capacity: max(width * PayloadModel.classes, 1))
        counts.initialize(repeating: 0, count: max(width * PayloadModel.classes, 1))
        successors = .allocate(capacity: max(width * 32, 1))
        successors.initialize(repeating: 0xFF, count: max(width * 32, 1))
        matches = .allocate(capacity: max(width * 4, 1))
        matches.initialize(repeating: 0, count: max(width * 4, 1))
    }

    func free() {
        counts.deallocate()
        successors.deallocate()
        matches.deallocate()
    }

    @inline(__always)
    private static func changeClass(_ old: UInt8, _ new: UInt8) -> Int {
        let forward = new &- old
        let circle = min(forward, 0 &- forward)
        return min(8 &- circle.leadingZeroBitCount, PayloadModel.classes &- 1)
    }

    /// The surprise of a change in bits. O(bytes).
    @inline(__always)
    func surprise(_ old: UnsafePointer<UInt8>, _ new: UnsafePointer<UInt8>, _ length: Int) -> Double {
        let all = coarseLog2(8 &* learnt &+ 8)
        var sum: Int64 = 0
        for byte in 0..<min(length, width) {
            let count = counts[byte &* PayloadModel.classes &+ PayloadModel.changeClass(old[byte], new[byte])]
            sum &+= max(0, all &- coarseLog2(UInt64(count) &+ 4))
        }
        return Double(sum) * (1 / 65536)
    }

    /// Takes a change into the picture.
    @inline(__always)
    mutating func learn(_ old: UnsafePointer<UInt8>, _ new: UnsafePointer<UInt8>, _ length: Int) {
        for byte in 0..<min(length, width) {
            let change = PayloadModel.changeClass(old[byte], new[byte])
            let row = counts + byte &* PayloadModel.classes
            row[change] &+= PayloadModel.own
            if change > 0 { row[change &- 1] &+= 1 }
            if change < PayloadModel.classes &- 1 { row[change &+ 1] &+= 1 }
        }
        learnt &+= 1
        if learnt >= 1 << 20 { age() }
    }

    private mutating func age() {
        learnt /= 2
        for index in 0..<width * PayloadModel.classes { counts[index] /= 2 }
    }

    /// Learns the steps of half bytes and the usual surprise; only while learning.
    mutating func study(_ old: UnsafePointer<UInt8>, _ new: UnsafePointer<UInt8>, _ length: Int) {
        if learnt >= 32 {
            let bits = surprise(old, new, length)
            mean += (bits - mean) / Double(learnt - 31)
            greatest = max(greatest, bits)
        }
        learn(old, new, length)
        for half in 0..<min(length, width) * 2 {
            let shift = UInt8(half & 1) * 4
            let (from, to) = (old[half / 2] >> shift & 15, new[half / 2] >> shift & 15)
            let known = successors[half * 16 + Int(from)]
            if known == to {
                matches[half * 2] &+= 1
            } else {
                if known != 0xFF { matches[half * 2 + 1] &+= 1 }
                successors[half * 16 + Int(from)] = to
            }
        }
    }

    /// Ends the time to learn: finds the counters and sets the limit of surprise.
    mutating func freeze() {
        counterCount = 0
        for half in 0..<width * 2 where counterCount < 4 {
            let (right, wrong) = (matches[half * 2], matches[half * 2 + 1])
            guard right >= 24, Double(wrong) <= 0.03 * Double(right), let counter = cycle(half, right, wrong) else { continue }
            counters[counterCount] = counter
            counterCount += 1
        }
        let unseen = Double(coarseLog2(2 * learnt + 2)) / 65536
        limit = learnt < 24 ? .infinity : max(1.3 * greatest, mean + 2.2 * unseen, 30)
    }

    private func cycle(_ half: Int, _ right: UInt32, _ wrong: UInt32) -> Counter? {
        guard var value = (0..<16).first(where: { successors[half * 16 + $0] != 0xFF }) else { return nil }
        // After 16 steps every walk is on its cycle.
        for _ in 0..<16 {
            let next = successors[half * 16 + value]
            guard next != 0xFF else { return nil }
            value = Int(next)
        }
        var counter = Counter(place: UInt8(half))
        while counter.order[value] == 0xFF {
            counter.order[value] = counter.length
            counter.length += 1
            let next = successors[half * 16 + value]
            guard next != 0xFF else { return nil }
            value = Int(next)
        }
        guard counter.length >= 2, isRegular(half, value, counter.length) else { return nil }
        let all = Double(right) + Double(wrong) + 1
        let surprise = Double(coarseLog2(UInt64(all * 16)) - coarseLog2(UInt64((Double(wrong) + 0.5) * 16))) / 65536
        counter.weight = min(surprise / 8, 1.5) * (counter.length >= 4 ? 1 : 0.6)
        return counter
    }

    /// Whether the cycle from a value on has one step, all but where it starts anew: a checksum runs through a cycle as well, but not so.
    private func isRegular(_ half: Int, _ start: Int, _ length: UInt8) -> Bool {
        var steps = InlineArray<16, UInt8>(repeating: 0)
        var value = start
        for _ in 0..<length {
            let next = Int(successors[half * 16 + value])
            steps[(next - value + 16) & 15] += 1
            value = next
        }
        return (0..<16).contains { steps[$0] >= max(length - 1, 1) }
    }

    /// Evidence that the counters did not take one step, or as many as frames may have been lost: 0 when they did.
    @inline(__always)
    func counterEvidence(_ old: UnsafePointer<UInt8>, _ new: UnsafePointer<UInt8>, _ length: Int, lost: Int64) -> Double {
        var worst = 0.0
        for index in 0..<counterCount {
            let half = Int(counters[index].place)
            guard half &>> 1 < length else { continue }
            let shift = UInt8(half & 1) * 4
            let from = counters[index].order[Int(old[half &>> 1] &>> shift & 15)]
            let to = counters[index].order[Int(new[half &>> 1] &>> shift & 15)]
            let cycle = Int64(counters[index].length)
            var isRight = false
            if from == 0xFF {
                isRight = to != 0xFF
            } else if to != 0xFF {
                let steps = Int64(to) &- Int64(from) &+ (to < from ? cycle : 0)
                isRight = steps == 0 ? lost + 1 >= cycle : steps <= lost + 1
            }
            if !isRight { worst = max(worst, counters[index].weight) }
        }
        return worst
    }

    func save(_ writer: inout StateWriter) {
        writer.put(width)
        writer.put(bits: learnt)
        for index in 0..<width * PayloadModel.classes { writer.put(Int(counts[index])) }
        for index in 0..<width * 4 { writer.put(Int(matches[index])) }
        for index in stride(from: 0, to: width * 32, by: 8) {
            var word: UInt64 = 0
            for place in 0..<8 { word |= UInt64(successors[index + place]) << UInt64(place * 8) }
            writer.put(bits: word)
        }
        writer.put(counterCount)
        for index in 0..<counterCount {
            writer.put(Int(counters[index].place))
            writer.put(Int(counters[index].length))
            for value in 0..<16 { writer.put(Int(counters[index].order[value])) }
            writer.put(counters[index].weight)
        }
        writer.put(mean)
        writer.put(greatest)
        writer.put(limit)
    }

    /// Reads a model that `save` wrote; the caller owns its memory.
    static func restored(_ reader: inout StateReader) throws(DetectionError) -> PayloadModel {
        let width = try reader.count(itemBytes: 1)
        guard width <= 64 else { throw .badState("a frame in it is longer than 64 bytes") }
        var model = PayloadModel(width: width)
        do {
            try model.fill(&reader)
        } catch {
            model.free()
            throw error
        }
        return model
    }

    private mutating func fill(_ reader: inout StateReader) throws(DetectionError) {
        learnt = try reader.bits()
        guard learnt <= 1 << 20 else { throw .badState("a counter in it is out of range") }
        for index in 0..<width * PayloadModel.classes { counts[index] = UInt32(truncatingIfNeeded: try reader.integer()) }
        for index in 0..<width * 4 { matches[index] = UInt32(truncatingIfNeeded: try reader.integer()) }
        for index in stride(from: 0, to: width * 32, by: 8) {
            let word = try reader.bits()
            for place in 0..<8 {
                let value = UInt8(truncatingIfNeeded: word >> UInt64(place * 8))
                guard value < 16 || value == 0xFF else { throw .badState("a half byte in it is out of range") }
                successors[index + place] = value
            }
        }
        counterCount = try reader.count()
        guard counterCount <= 4 else { throw .badState("it has too many counters") }
        for index in 0..<counterCount {
            let (place, length) = (try reader.integer(), try reader.integer())
            guard place >= 0, place < Int64(width * 2), (2...16).contains(length) else { throw .badState("a counter in it is out of range") }
            counters[index] = Counter(place: UInt8(place), length: UInt8(length))
            for value in 0..<16 {
                let order = try reader.integer()
                guard order == 0xFF || (0..<length).contains(order) else { throw .badState("a counter in it is out of range") }
                counters[index].order[value] = UInt8(order)
            }
            counters[index].weight = try reader.number()
        }
        mean = try reader.number()
        greatest = try reader.number()
        limit = try reader.number()
    }
}
