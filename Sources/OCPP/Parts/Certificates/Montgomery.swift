/// Arithmetic modulo an odd number of any length, by Montgomery's method (Math. Comp. 44, 1985); not in constant time.
///
/// Numbers are 64-bit limbs, the lowest first, as many as the modulus has, and below it.
struct Montgomery: Sendable {
    typealias Number = [UInt64]

    let modulus: Number
    /// −modulus⁻¹ modulo 2^64.
    private let inverse: UInt64
    /// 1 and R in the form of this arithmetic: R and R² modulo the modulus.
    let one: Number
    private var square: Number

    /// - Parameter modulus: odd, its highest limb not 0.
    init?(_ modulus: Number) {
        guard let low = modulus.first, low & 1 == 1, modulus.last != 0, modulus.count <= 128 else { return nil }
        self.modulus = modulus
        var x: UInt64 = 1
        for _ in 0..<6 { x = x &* (2 &- low &* x) }
        inverse = 0 &- x
        // The highest power of two below the modulus, doubled until it is R.
        guard let high = modulus.last, modulus != [1] else { return nil }
        var number = Number(repeating: 0, count: modulus.count)
        let top = 63 - high.leadingZeroBitCount
        number[modulus.count - 1] = 1 << UInt64(top)
        for _ in top..<64 { number = Self.sum(number, number, modulus) }
        one = number
        square = []
        square = power(Self.sum(number, number, modulus), [UInt64(64 * modulus.count)])
    }

    var count: Int { modulus.count }

    static func isLess(_ a: Number, _ b: Number) -> Bool {
        for index in a.indices.reversed() where a[index] != b[index] { return a[index] < b[index] }
        return false
    }

    /// a − b, as if there were one more limb above.
    private static func difference(_ a: Number, _ b: Number) -> (Number, borrow: Bool) {
        var result = a
        var borrow = false
        for index in a.indices {
            let (first, x) = a[index].subtractingReportingOverflow(b[index])
            let (second, y) = first.subtractingReportingOverflow(borrow ? 1 : 0)
            result[index] = second
            borrow = x || y
        }
        return (result, borrow)
    }

    private static func sum(_ a: Number, _ b: Number, _ modulus: Number) -> Number {
        var result = a
        var carry = false
        for index in a.indices {
            let (first, x) = a[index].addingReportingOverflow(b[index])
            let (second, y) = first.addingReportingOverflow(carry ? 1 : 0)
            result[index] = second
            carry = x || y
        }
        return carry || !isLess(result, modulus) ? difference(result, modulus).0 : result
    }

    func add(_ a: Number, _ b: Number) -> Number { Self.sum(a, b, modulus) }

    func subtract(_ a: Number, _ b: Number) -> Number {
        let (result, borrow) = Self.difference(a, b)
        guard borrow else { return result }
        var sum = result
        var carry = false
        for index in sum.indices {
            let (first, x) = result[index].addingReportingOverflow(modulus[index])
            let (second, y) = first.addingReportingOverflow(carry ? 1 : 0)
            sum[index] = second
            carry = x || y
        }
        return sum
    }

    /// a · b / R.
    func multiply(_ a: Number, _ b: Number) -> Number {
        let count = modulus.count
        var t = Number(repeating: 0, count: count + 2)
        t.withUnsafeMutableBufferPointer { t in
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    modulus.withUnsafeBufferPointer { modulus in Self.multiply(a, b, modulus, inverse, t) }
                }
            }
        }
        let result = Number(t.prefix(count))
        return t[count] != 0 || !Self.isLess(result, modulus) ? Self.difference(result, modulus).0 : result
    }

    /// Coarsely integrated operand scanning: row by row, each row divided by 2^64 at once.
    private static func multiply(
        _ a: UnsafeBufferPointer<UInt64>, _ b: UnsafeBufferPointer<UInt64>, _ modulus: UnsafeBufferPointer<UInt64>, _ inverse: UInt64,
        _ t: UnsafeMutableBufferPointer<UInt64>
    ) {
        let count = modulus.count
        for i in 0..<count {
            var carry: UInt64 = 0
            var j = 0
            while j < count {
                (t[j], carry) = fused(t[j], a[j], b[i], carry)
                j += 1
            }
            let (high, overflow) = t[count].addingReportingOverflow(carry)
            t[count] = high
            t[count + 1] = overflow ? 1 : 0
            let m = t[0] &* inverse
            (_, carry) = fused(t[0], m, modulus[0], 0)
            j = 1
            while j < count {
                (t[j - 1], carry) = fused(t[j], m, modulus[j], carry)
                j += 1
            }
            let (last, more) = t[count].addingReportingOverflow(carry)
            t[count - 1] = last
            t[count] = t[count + 1] &+ (more ? 1 : 0)
        }
    }

    /// sum + a · b + carry in two limbs; it always fits.
    @inline(__always)
    private static func fused(_ sum: UInt64, _ a: UInt64, _ b: UInt64, _ carry: UInt64) -> (UInt64, UInt64) {
        let (high, low) = a.multipliedFullWidth(by: b)
        let (first, x) = low.addingReportingOverflow(sum)
        let (second, y) = first.addingReportingOverflow(carry)
        return (second, high &+ (x ? 1 : 0) &+ (y ? 1 : 0))
    }

    /// A number below the modulus in the form of this arithmetic.
    func enter(_ a: Number) -> Number { multiply(a, square) }

    /// The plain number.
    func leave(_ a: Number) -> Number {
        var unit = Number(repeating: 0, count: count)
        unit[0] = 1
        return multiply(a, unit)
    }

    /// a to the power of a plain number.
    func power(_ a: Number, _ exponent: Number) -> Number {
        var result = one
        var hasBegun = false
        for bit in (0..<64 * exponent.count).reversed() {
            if hasBegun { result = multiply(result, result) }
            guard exponent[bit / 64] >> UInt64(bit % 64) & 1 == 1 else { continue }
            result = hasBegun ? multiply(result, a) : a
            hasBegun = true
        }
        return result
    }

    /// The inverse of a number that is not 0, modulo a prime (Fermat).
    func inverted(_ a: Number) -> Number {
        var exponent = modulus
        exponent[0] &-= 2
        return power(a, exponent)
    }

    /// Limbs of bytes, the highest byte first; `nil` if they do not fit in `count` limbs.
    static func limbs(_ bytes: some Collection<UInt8>, count: Int) -> Number? {
        let digits = bytes.drop { $0 == 0 }
        guard digits.count <= count * 8 else { return nil }
        var result = Number(repeating: 0, count: count)
        for (index, byte) in digits.reversed().enumerated() { result[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8) }
        return result
    }

    /// Bytes of limbs, the highest byte first.
    static func bytes(_ limbs: Number) -> [UInt8] {
        limbs.reversed().flatMap { limb in (0..<8).map { UInt8(truncatingIfNeeded: limb >> UInt64(56 - 8 * $0)) } }
    }
}
