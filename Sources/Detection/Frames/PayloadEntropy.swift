import Glibc
import Quantities

/// `payload-entropy`: the bytes of an identifier's last frames are more or less varied than they were while learning.
struct PayloadEntropyCell: KeyedCell {
    /// The settings.
    struct Plan: Sendable {
        /// Frames whose bytes are counted.
        var window: Int
        var z: Double
        /// c log2 c for every count that can occur.
        var logarithms: [Double]

        init(window: Int, z: Double) {
            self.window = window
            self.z = z
            logarithms = (0...window * 64).map { $0 == 0 ? 0 : Double($0) * log2(Double($0)) }
        }
    }

    /// Windows that must be learnt before there is a score.
    static let leastWindows = 4

    private let width: Int
    private var counts = [UInt16](repeating: 0, count: 256)
    private var ring: [UInt8]
    private var frame = 0
    private var held = 0
    private var sum = 0.0
    private var samples = 0
    private var mean = 0.0
    private var squares = 0.0

    init(_ plan: Plan, width: Int) {
        self.width = min(width, 64)
        ring = Array(repeating: 0, count: self.width * plan.window)
    }

    /// The entropy of the bytes of the window in bits.
    private var entropy: Double {
        let bytes = Double(held * width)
        return bytes > 0 ? max(0, log2(bytes) - sum / bytes) : 0
    }

    mutating func take(_ time: Int64, _ data: UnsafeRawBufferPointer, _ plan: Plan, isLearning: Bool) -> Double? {
        guard data.count >= width, width > 0 else { return nil }
        if held == plan.window { forgetOldest(plan) }
        for byte in 0..<width {
            let value = data[byte]
            ring[frame * width + byte] = value
            change(value, by: 1, plan)
        }
        frame = frame + 1 == plan.window ? 0 : frame + 1
        held += 1
        guard held == plan.window else { return nil }
        // The sum is made anew now and then, so that rounding does not grow.
        if frame == 0 { sum = counts.reduce(0) { $0 + plan.logarithms[Int($1)] } }
        let entropy = entropy
        if isLearning || samples < PayloadEntropyCell.leastWindows * plan.window {
            samples += 1
            let deviation = entropy - mean
            mean += deviation / Double(samples)
            squares += deviation * (entropy - mean)
            return nil
        }
        let deviation = max((squares / Double(samples)).squareRoot(), 1e-3)
        let z = (entropy - mean).magnitude / deviation
        return Score.settled(hit: z > plan.z, raw: z / plan.z)
    }

    private mutating func change(_ value: UInt8, by step: Int, _ plan: Plan) {
        let count = Int(counts[Int(value)])
        sum += plan.logarithms[count + step] - plan.logarithms[count]
        counts[Int(value)] = UInt16(count + step)
    }

    private mutating func forgetOldest(_ plan: Plan) {
        for byte in 0..<width { change(ring[frame * width + byte], by: -1, plan) }
        held -= 1
    }

    func save(_ writer: inout StateWriter) {
        writer.put(width)
        for byte in ring { writer.put(Int(byte)) }
        for value in [frame, held, samples] { writer.put(value) }
        for value in [sum, mean, squares] { writer.put(value) }
    }

    init(_ reader: inout StateReader, _ plan: Plan) throws(DetectionError) {
        self.init(plan, width: try reader.int(in: 0...64))
        for index in ring.indices { ring[index] = UInt8(try reader.int(in: 0...255)) }
        frame = try reader.int(in: 0...plan.window - 1)
        held = try reader.int(in: 0...plan.window)
        samples = try reader.int(in: 0...Int.max - 1)
        for age in 1...max(held, 1) where held > 0 {
            let place = (frame - age + plan.window) % plan.window
            for byte in 0..<width { counts[Int(ring[place * width + byte])] += 1 }
        }
        sum = try reader.number()
        mean = try reader.number()
        squares = try reader.number()
    }
}
