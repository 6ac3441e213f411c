import SimulationKernel

/// Tail probabilities of the normal law on a logarithmic scale; the same bits on every machine.
enum TailProbability {
    private static let ln10 = 0x1.26bb1bbb55516p1
    private static let halfLogTwoPi = 0x1.d67f1c864beb5p-1

    private static let inverseLn10 = 0x1.bcb7b1526e50ep-2

    /// The natural logarithm of a normal positive number, by the series of `Portable.log` but inlined and without a branch.
    @inline(__always)
    static func log(_ x: Double) -> Double {
        // Exponent and significand, the latter within sqrt(1/2)...sqrt(2).
        let shifted = Int64(bitPattern: x.bitPattern &- 0x3fe6_a09e_667f_3bcd)
        let exponent = shifted >> 52
        let m = Double(bitPattern: x.bitPattern &- UInt64(bitPattern: exponent << 52))
        let f = m - 1
        let s = f / (2 + f)
        let z = s * s
        let z2 = z * z
        let z4 = z2 * z2
        let first = (2.0 / 3 + z * (2.0 / 5)) + z2 * (2.0 / 7 + z * (2.0 / 9))
        let second = (2.0 / 11 + z * (2.0 / 13)) + z2 * (2.0 / 15 + z * (2.0 / 17))
        let third = (2.0 / 19 + z * (2.0 / 21)) + z2 * (2.0 / 23)
        let sum = first + z4 * (second + z4 * third)
        let tail = s * (f - z * sum)
        return Double(exponent) * 0x1.62e42feep-1 + (f - (tail - Double(exponent) * 0x1.a39ef35793c76p-33))
    }

    /// The logarithm to base 10, relative error under 1e-15 away from 1; for normal positive numbers.
    @inline(__always)
    static func log10(_ x: Double) -> Double { log(x) * inverseLn10 }

    /// The exponential function.
    static func exp(_ x: Double) -> Double { Portable.exp(x) }

    /// -log10 of the probability that a normal variable is greater than z, for z of at least 0; never saturates.
    ///
    /// Below 2.5 by the series of the distribution function, beyond by the continued fraction of Laplace (Abramowitz & Stegun 26.2.11, 26.2.14).
    static func negativeLog(_ z: Double) -> Double {
        guard z > 0 else { return TailProbability.log10(2) }
        guard z < 1e100 else { return z * z }
        if z < 2.5 {
            let density = Portable.exp(-0.5 * z * z - halfLogTwoPi)
            var (term, sum, odd) = (z, z, 1.0)
            while term > 1e-17 * sum {
                odd += 2
                term *= z * z / odd
                sum += term
            }
            return -log10(0.5 - density * sum)
        }
        var fraction = z
        var index = (30 + 300 / z).rounded(.down)
        while index > 0 {
            fraction = z + index / fraction
            index -= 1
        }
        return (0.5 * z * z + halfLogTwoPi + Portable.log(fraction)) / ln10
    }

    /// The z that a normal variable exceeds with a probability.
    static func quantile(upper probability: Double) -> Double { -Portable.normalQuantile(probability) }
}

/// A bound on false alarms in a time (`target_far`), turned into the probability that a normal sample may be anomalous.
struct FalseAlarmBudget {
    /// False alarms in a second.
    let rate: Double
    private var first: Int64?
    private var last: Int64 = 0
    private var count = 0

    init(_ rate: Double) throws(DetectionError) {
        try require("target_far", rate, 1e-12...1e3)
        self.rate = rate
    }

    /// Counts a sample, for the mean time between them.
    @inline(__always)
    mutating func count(_ nanoseconds: Int64) {
        if first == nil { first = nanoseconds }
        last = nanoseconds
        count &+= 1
    }

    /// The probability for a sample: the rate times the mean time between samples, within 1e-12...0.1.
    var risk: Double {
        guard let first, count > 1 else { return 1e-6 }
        return min(max(rate * Double(distance(from: first, to: last)) / 1e9 / Double(count - 1), 1e-12), 0.1)
    }

    func save(_ writer: inout StateWriter) {
        writer.put(first)
        writer.put(last)
        writer.put(count)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        first = try reader.optionalInteger()
        last = try reader.integer()
        count = try reader.int()
    }

    static let setting = DetectorSetting(
        "target_far", .measure(.frequency, 1e-12...1e3),
        about: "The threshold follows from the false alarms that are accepted, for example 1 /d, and not from the setting that gives it otherwise.")
}
