/// Exponential and logarithm out of IEEE 754 basic operations only, so that every machine gives the same bits.
///
/// The C library's functions may differ in the last place between processors; these differ from the true value by a few units in the last place.
enum Elementary {
    private static let ln2High = 0x1.62e42fee00000p-1
    private static let ln2Low = 0x1.a39ef35793c76p-33

    /// e to the power of x: 0 below about -745, infinity above about 709.78, NaN for NaN.
    static func exp(_ x: Double) -> Double {
        if x.isNaN { return x }
        if x > 709.8 { return .infinity }
        if x < -745.2 { return 0 }
        let k = (x / (ln2High + ln2Low)).rounded()
        let r = (x - k * ln2High) - k * ln2Low
        let power = Int(k)
        let half = power / 2
        return (1 + series(r)) * scale(half) * scale(power - half)
    }

    /// e to the power of x, minus 1, precise near 0.
    static func expm1(_ x: Double) -> Double { x.magnitude < 0.35 ? series(x) : exp(x) - 1 }

    /// The natural logarithm of 1 + x, precise near 0; NaN for x < -1, -infinity at -1.
    static func log1p(_ x: Double) -> Double {
        if x.isNaN || x < -1 { return .nan }
        if x == -1 { return -.infinity }
        if x == .infinity { return x }
        if x > -0.29, x < 0.41 { return twiceArtanh(x / (2 + x)) }
        let y = 1 + x
        var exponent = Double(y.exponent)
        var significand = y.significand
        if significand > 1.4142135623730951 {
            significand /= 2
            exponent += 1
        }
        return twiceArtanh((significand - 1) / (significand + 1)) + exponent * ln2Low + exponent * ln2High
    }

    /// Taylor's series of e^r - 1 for |r| <= 0.36; the first term left out is below 1e-19.
    private static func series(_ r: Double) -> Double {
        var sum = 0.0
        var n = 15.0
        while n >= 2 {
            sum = (sum + 1) * r / n
            n -= 1
        }
        return r + r * sum
    }

    /// 2 artanh(s) for |s| <= 0.172.
    private static func twiceArtanh(_ s: Double) -> Double {
        let square = s * s
        var sum = 0.0
        var n = 23.0
        while n >= 3 {
            sum = (sum + 1 / n) * square
            n -= 2
        }
        return 2 * s + 2 * s * sum
    }

    private static func scale(_ power: Int) -> Double { Double(sign: .plus, exponent: power, significand: 1) }
}
