/// A scale and an offset that are decimal fractions, so that a value is rounded once: 4024 steps of 0.1 are 402.4, and not 402.40000000000003.
struct DecimalScale: Hashable, Sendable {
    private let numerator: Double
    private let shift: Double
    private let denominator: Double

    /// `nil` when no power of ten up to a thousand million makes both whole.
    init?(scale: Double, offset: Double) {
        var denominator = 1.0
        while denominator <= 1e9 {
            if let numerator = Self.whole(scale, denominator), let shift = Self.whole(offset, denominator) {
                self.numerator = numerator
                self.shift = shift
                self.denominator = denominator
                return
            }
            denominator *= 10
        }
        return nil
    }

    /// The whole number that a value is the nearest fraction of; 2 to the power of 40 leaves room for the raw number.
    private static func whole(_ value: Double, _ denominator: Double) -> Double? {
        let whole = (value * denominator).rounded()
        return whole / denominator == value && whole.magnitude < 1_099_511_627_776 ? whole : nil
    }

    /// raw * scale + offset.
    func value(of raw: Double) -> Double { (raw * numerator + shift) / denominator }
}
