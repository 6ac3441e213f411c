public import Quantities
import SimulationKernel

/// What goes in is not what comes out: `conservation`. Input 0 is the whole, the others are its parts.
public final class Conservation: SignalsDetecting {
    private let lossAlways: Double
    private let lossPart: Double
    private let tolerance: Double
    private let halflife: Double
    private let maximumAge: Int64
    private var clock = SampleClock()
    private var parts: [Double]
    private var times: [Int64]
    private var mean: Double?
    private var last: Int64 = 0

    /// - Parameters:
    ///   - parts: how many parts there are.
    ///   - loss: what is lost always, in the unit of the signals.
    ///   - lossPart: what is lost as a part of the sum.
    ///   - tolerance: the greatest mean difference that is normal.
    ///   - halflife: how fast the mean forgets.
    ///   - maximumAge: a part older than this is no verdict; `nil` for never.
    public init(
        parts: Int, loss: Double = 0, lossPart: Double = 0, tolerance: Double, halflife: Duration = .seconds(60), maximumAge: Duration? = nil
    ) throws(DetectionError) {
        guard parts >= 1 else { throw .outOfRange(setting: "parts", requirement: "a list of 1 or more signals") }
        guard tolerance > 0, tolerance.isFinite else { throw .outOfRange(setting: "tolerance", requirement: "above 0") }
        guard loss.isFinite, lossPart.isFinite else { throw .outOfRange(setting: "loss", requirement: "a finite number") }
        guard halflife >= .zero else { throw .outOfRange(setting: "halflife", requirement: "0 s or longer") }
        guard maximumAge ?? .seconds(1) > .zero else { throw .outOfRange(setting: "max_age", requirement: "longer than 0 s") }
        lossAlways = loss
        self.lossPart = lossPart
        self.tolerance = tolerance
        self.halflife = halflife.seconds
        self.maximumAge = maximumAge?.nanoseconds ?? .max
        self.parts = [Double](repeating: .nan, count: parts)
        times = [Int64](repeating: 0, count: parts)
    }

    /// Input that could not be used.
    public var health: DetectorHealth { clock.health }

    public func resume() { mean = nil }

    /// Takes a value; there is a score at a value of the whole once every part is known.
    public func update(at instant: Instant, input: Int, value: Double) -> Double? {
        guard input >= 0, input <= parts.count, clock.admits(instant, value) else { return nil }
        let now = instant.nanoseconds
        let value = max(-1e100, min(1e100, value))
        if input > 0 {
            parts[input - 1] = value
            times[input - 1] = now
            return nil
        }
        var sum = 0.0
        for (part, time) in zip(parts, times) {
            if part.isNaN || distance(from: time, to: now) > UInt64(maximumAge) { return nil }
            sum += part
        }
        let difference = value - sum - (lossAlways + lossPart * sum)
        let updated: Double
        if let mean {
            let weight = halflife > 0 ? 1 - Portable.exp(-0.6931471805599453 * Double(now &- last) * 1e-9 / halflife) : 1
            updated = mean + weight * (difference - mean)
        } else {
            // Without a past the mean starts at nothing lost, so that one odd first value is no alarm.
            updated = halflife > 0 ? 0 : difference
        }
        mean = updated
        last = now
        return Score.settled(hit: updated.magnitude > tolerance, raw: updated.magnitude / tolerance)
    }

    public func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        for part in parts { writer.put(part) }
        for time in times { writer.put(time) }
        writer.put(mean ?? .nan)
        writer.put(last)
    }

    public func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        for index in parts.indices { parts[index] = try reader.number() }
        for index in times.indices { times[index] = try reader.integer() }
        let number = try reader.number()
        mean = number.isNaN ? nil : number
        last = try reader.integer()
    }
}
