import Glibc
import Quantities

/// `bit-flip`: bits of the payload flip that do not, or stay that always flip.
///
/// The rate at which each bit flips is learnt; a frame's surprise is the sum over its bits of -log2 of what they did, held against its own mean and
/// deviation. Counters and checksums flip all the time, so they surprise nobody.
struct BitFlipCell: KeyedCell {
    /// The settings.
    struct Plan: Sendable {
        /// Frames after which what was learnt counts half.
        var halfLife: Double
        var z: Double
        var warmup: Int
        var mode: LearningMode
        var weight: Double { 1 - exp2(-1 / halfLife) }
    }

    private let width: Int
    private var rates: [Double]
    private var old: [UInt8]
    private var length = -1
    private var flips = 0
    private var mean = 0.0
    private var variance = 0.0

    init(_ plan: Plan, width: Int) {
        self.width = min(width, 64)
        rates = Array(repeating: 0, count: self.width * 8)
        old = Array(repeating: 0, count: self.width)
    }

    mutating func take(_ time: Int64, _ data: UnsafeRawBufferPointer, _ plan: Plan, isLearning: Bool) -> Double? {
        let common = min(data.count, width)
        defer { keep(data, common) }
        guard length >= 0 else { return nil }
        let bits = surprise(data, min(common, length))
        var score: Double?
        if flips >= plan.warmup {
            let deviation = max(variance, 0.01).squareRoot()
            let z = (bits - mean) / deviation
            score = Score.settled(hit: z > plan.z, raw: z / plan.z)
        }
        guard isLearning || flips < plan.warmup || plan.mode == .always || plan.mode == .normalOnly && (score ?? 0) < 1 else { return score }
        learn(data, min(common, length), bits, plan)
        return score
    }

    /// The product of the probabilities of eight bytes stays within a double, so one logarithm is enough for them.
    private func surprise(_ data: UnsafeRawBufferPointer, _ length: Int) -> Double {
        let least = max(0.5 / Double(flips + 1), 0x1p-15)
        var sum = 0.0
        var product = 1.0
        for byte in 0..<length {
            var flipped = old[byte] ^ data[byte]
            for bit in 0..<8 {
                let rate = min(max(rates[byte * 8 + bit], least), 1 - least)
                product *= flipped & 1 == 1 ? rate : 1 - rate
                flipped >>= 1
            }
            if byte & 7 == 7 {
                sum -= log2(product)
                product = 1
            }
        }
        return sum - log2(product)
    }

    private mutating func learn(_ data: UnsafeRawBufferPointer, _ length: Int, _ bits: Double, _ plan: Plan) {
        flips += 1
        let weight = max(1 / Double(flips), plan.weight)
        for byte in 0..<length {
            var flipped = old[byte] ^ data[byte]
            for bit in 0..<8 {
                rates[byte * 8 + bit] += weight * ((flipped & 1 == 1 ? 1 : 0) - rates[byte * 8 + bit])
                flipped >>= 1
            }
        }
        let deviation = bits - mean
        mean += weight * deviation
        variance = (1 - weight) * (variance + weight * deviation * deviation)
    }

    private mutating func keep(_ data: UnsafeRawBufferPointer, _ common: Int) {
        for byte in 0..<common { old[byte] = data[byte] }
        length = common
    }

    mutating func resync() { length = -1 }

    func save(_ writer: inout StateWriter) {
        writer.put(width)
        for rate in rates { writer.put(rate) }
        for byte in old { writer.put(Int(byte)) }
        writer.put(length)
        writer.put(flips)
        writer.put(mean)
        writer.put(variance)
    }

    init(_ reader: inout StateReader, _ plan: Plan) throws(DetectionError) {
        self.init(plan, width: try reader.int(in: 0...64))
        for index in rates.indices { rates[index] = try reader.number() }
        for index in old.indices { old[index] = UInt8(try reader.int(in: 0...255)) }
        length = try reader.int(in: -1...64)
        guard length <= width else { throw .badState("a length in it is wrong") }
        flips = try reader.int(in: 0...Int.max - 1)
        mean = try reader.number()
        variance = try reader.number()
    }
}
