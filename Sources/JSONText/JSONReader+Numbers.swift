/// A number of a JSON text: its exact decimal value where that fits, and where it stands.
@frozen
public struct JSONNumber: Hashable, Sendable {
    /// The first byte of the number.
    public var start: Int
    /// The byte after the number.
    public var end: Int
    /// All digits as one signed integer; 0 if they do not fit (see `isExact`).
    public var mantissa: Int64
    /// The power of ten that the mantissa is multiplied by.
    public var exponent: Int32
    /// True if mantissa and exponent give the exact value: at most 64 bits and an exponent below 10 000.
    public var isExact: Bool

    /// The value as an integer, `nil` if it has a fraction or does not fit; `1.0` and `1e2` are integers.
    public var integer: Int64? { scaled(by: 0) }

    /// The value in tenths, `nil` if it is not a multiple of 0.1 or does not fit.
    public var tenths: Int64? { scaled(by: 1) }

    /// The value times ten to the `places`, `nil` if that is not an integer or does not fit.
    public func scaled(by places: Int32) -> Int64? {
        guard isExact else { return nil }
        if mantissa == 0 { return 0 }
        var power = exponent + places
        var value = mantissa
        while power < 0 {
            guard value % 10 == 0 else { return nil }
            value /= 10
            power += 1
        }
        guard power <= 18 else { return nil }
        while power > 0 {
            let (next, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = next
            power -= 1
        }
        return value
    }
}

extension JSONReader {
    /// Takes a number; the grammar is strict, the value exact, and nothing traps however long it is.
    public mutating func number() throws(JSONError) -> JSONNumber {
        let first = next()
        let start = offset
        var place = offset
        let negative = first == 0x2D
        if negative { place += 1 }
        guard place < count else { throw JSONError(.unexpectedEnd, at: count) }
        guard 0x30...0x39 ~= base[place] else {
            throw JSONError(negative ? .invalidNumber : .unexpectedByte, at: place)
        }
        if base[place] == 0x30, place + 1 < count, 0x30...0x39 ~= base[place + 1] { throw JSONError(.invalidNumber, at: place + 1) }
        var decimal = Digits()
        while place < count, case let digit = base[place] &- 0x30, digit < 10 {
            decimal.take(digit, afterPoint: false)
            place += 1
        }
        if place < count, base[place] == 0x2E {
            place += 1
            let fraction = place
            while place < count, case let digit = base[place] &- 0x30, digit < 10 {
                decimal.take(digit, afterPoint: true)
                place += 1
            }
            guard place > fraction else { throw JSONError(place < count ? .invalidNumber : .unexpectedEnd, at: place) }
        }
        if place < count, base[place] | 0x20 == 0x65 {
            place += 1
            var minus = false
            if place < count, base[place] == 0x2B || base[place] == 0x2D {
                minus = base[place] == 0x2D
                place += 1
            }
            let digits = place
            var power: Int32 = 0
            while place < count, case let digit = base[place] &- 0x30, digit < 10 {
                if power < 100_000 { power = power * 10 + Int32(digit) }
                place += 1
            }
            guard place > digits else { throw JSONError(place < count ? .invalidNumber : .unexpectedEnd, at: place) }
            decimal.exponent &+= minus ? -power : power
        }
        self.place = place
        needsComma = true
        let signed = decimal.signed(negative)
        let exact = !decimal.overflow && signed != nil && (decimal.exponent.magnitude < 10_000 || decimal.mantissa == 0)
        return JSONNumber(
            start: start, end: place, mantissa: exact ? signed ?? 0 : 0, exponent: exact ? decimal.exponent : 0, isExact: exact)
    }

    /// Digits on their way into a mantissa of at most 19; zeros beyond them move the exponent, other digits do not fit.
    private struct Digits {
        var mantissa: UInt64 = 0
        var exponent: Int32 = 0
        var overflow = false

        @inline(__always)
        mutating func take(_ digit: UInt8, afterPoint: Bool) {
            if mantissa < 1_000_000_000_000_000_000 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                if afterPoint { exponent &-= 1 }
            } else if digit != 0 {
                overflow = true
            } else if !afterPoint {
                exponent &+= 1
            }
        }

        /// The mantissa with its sign, `nil` if it does not fit.
        func signed(_ isNegative: Bool) -> Int64? {
            if isNegative { return mantissa <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- mantissa) : nil }
            return Int64(exactly: mantissa)
        }
    }

    /// The nearest double of a number, `nil` if it is beyond the finite range.
    public func double(_ number: JSONNumber) -> Double? {
        if number.isExact, number.mantissa.magnitude < 1 << 53, number.exponent.magnitude <= 22 {
            let power = Self.powers[Int(number.exponent.magnitude)]
            return number.exponent < 0 ? Double(number.mantissa) / power : Double(number.mantissa) * power
        }
        let text = String(decoding: UnsafeRawBufferPointer(rebasing: source[number.start..<number.end]), as: UTF8.self)
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// The powers of ten that a double holds exactly.
    private static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]
}
