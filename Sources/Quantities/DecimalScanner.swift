/// An exact decimal as it was written: digits, sign and the power of ten.
public struct ExactDecimal: Sendable, Equatable {
    /// Whether a minus sign stood in front.
    public let isNegative: Bool
    /// All digits without the point, at most 18 significant ones.
    public let digits: Int64
    /// The power of ten that the digits are multiplied with.
    public let exponent: Int

    /// The nearest double.
    public var double: Double { scaledBy(numerator: 1, denominator: 1) }

    /// The nearest double in base units of a number given in a unit, rounded once where the parts are exact.
    public func scaled(by unit: Unit) -> Double { scaledBy(numerator: unit.numerator, denominator: unit.denominator) }

    private func scaledBy(numerator: Int64, denominator: Int64) -> Double {
        // The text with the exact product of digits and numerator is read by the correctly rounding parser; the division, where
        // one is needed and is no power of ten, rounds a second time only when the product is not exact in a double.
        var power = exponent
        var below = denominator
        while below >= 10 && below % 10 == 0 {
            below /= 10
            power -= 1
        }
        let (product, overflow) = digits.multipliedReportingOverflow(by: numerator)
        let sign = isNegative ? "-" : ""
        if overflow { return (Double("\(sign)\(digits)e\(power)") ?? .nan) * Double(numerator) / Double(below) }
        if below > 1, product % below == 0 { return Double("\(sign)\(product / below)e\(power)") ?? .nan }
        if below > 1, power > 0, power < 18 {
            return (Double("\(sign)\(product)e\(power)") ?? .nan) / Double(below)
        }
        if below > 1, power < 0, power > -18 {
            // One division by an exact integer: digits·numerator / (denominator·10^-power).
            return (Double("\(sign)\(product)") ?? .nan) / (Double(below) * powerOfTen(-power))
        }
        return (Double("\(sign)\(product)e\(power)") ?? .nan) / Double(below)
    }

    /// The exact number of nanoseconds of a time given in a unit.
    func nanoseconds(in unit: Unit, at offset: Int) throws(QuantityError) -> Int64 {
        var factor = 1_000_000_000 / unit.denominator * unit.numerator
        var power = exponent
        while power < 0, factor % 10 == 0 {
            factor /= 10
            power += 1
        }
        var (value, overflow) = digits.multipliedReportingOverflow(by: factor)
        if overflow {
            // Drop trailing zeros of the digits against the exponent before giving up.
            var trimmed = digits
            while trimmed % 10 == 0 && trimmed != 0 {
                trimmed /= 10
                power += 1
            }
            (value, overflow) = trimmed.multipliedReportingOverflow(by: factor)
            guard !overflow else { throw .outOfRange(offset: offset) }
        }
        while power > 0 && value != 0 {
            (value, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { throw .outOfRange(offset: offset) }
            power -= 1
        }
        while power < 0 && value != 0 {
            guard value % 10 == 0 else { throw .outOfRange(offset: offset) }
            value /= 10
            power += 1
        }
        return isNegative ? -value : value
    }
}

/// Reads decimals and unit symbols from UTF-8 text.
public struct DecimalScanner {
    private let bytes: [UInt8]
    /// The place of the next byte.
    public private(set) var offset = 0

    /// A scanner at the start of a text.
    public init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

    /// Whether everything was read.
    public var isAtEnd: Bool { offset >= bytes.count }
    /// Whether the next byte is a digit.
    public var atDigit: Bool { offset < bytes.count && (0x30...0x39).contains(bytes[offset]) }
    /// The text that was not read yet.
    public var rest: String { String(decoding: bytes[offset...], as: UTF8.self) }

    /// Steps over spaces and returns the place behind them.
    @discardableResult
    public mutating func skipSpaces() -> Int {
        while offset < bytes.count && bytes[offset] == 0x20 { offset += 1 }
        return offset
    }

    /// Reads `0x1F`; `nil` when the text does not start so.
    public mutating func hexadecimal() throws(QuantityError) -> Double? {
        guard offset + 1 < bytes.count, bytes[offset] == 0x30, bytes[offset + 1] | 0x20 == 0x78 else { return nil }
        let start = offset
        var value: UInt64 = 0
        var digits = 0
        offset += 2
        while offset < bytes.count, let digit = Self.hexDigit(bytes[offset]) {
            guard digits < 13 else { throw .outOfRange(offset: start) }
            value = value << 4 | UInt64(digit)
            digits += 1
            offset += 1
        }
        guard digits > 0, isAtEnd else { throw .notANumber(offset: start) }
        return Double(value)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: return byte - 0x30
        case 0x41...0x46: return byte - 0x37
        case 0x61...0x66: return byte - 0x57
        default: return nil
        }
    }

    /// Reads a decimal with optional sign, point and exponent.
    public mutating func number() throws(QuantityError) -> ExactDecimal {
        let start = offset
        var negative = false
        if offset < bytes.count, bytes[offset] == 0x2D || bytes[offset] == 0x2B {
            negative = bytes[offset] == 0x2D
            offset += 1
        }
        var value: Int64 = 0
        var exponent = 0
        var count = 0
        var seen = false
        var behindPoint = false
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == 0x2E, !behindPoint {
                guard offset + 1 < bytes.count, (0x30...0x39).contains(bytes[offset + 1]) else { break }
                behindPoint = true
            } else if byte == 0x5F, seen, offset + 1 < bytes.count, (0x30...0x39).contains(bytes[offset + 1]) {
                // A digit separator, as in 200_000.
            } else if (0x30...0x39).contains(byte) {
                seen = true
                if count < 18 {
                    value = value * 10 + Int64(byte - 0x30)
                    if value > 0 { count += 1 }
                    if behindPoint { exponent -= 1 }
                } else if byte != 0x30 {
                    throw .outOfRange(offset: start)
                } else if !behindPoint {
                    exponent += 1
                }
            } else {
                break
            }
            offset += 1
        }
        guard seen else { throw .notANumber(offset: start) }
        if offset + 1 < bytes.count, bytes[offset] | 0x20 == 0x65 {
            var place = offset + 1
            var down = false
            if bytes[place] == 0x2D || bytes[place] == 0x2B {
                down = bytes[place] == 0x2D
                place += 1
            }
            if place < bytes.count, (0x30...0x39).contains(bytes[place]) {
                var power = 0
                while place < bytes.count, (0x30...0x39).contains(bytes[place]) {
                    power = Swift.min(power * 10 + Int(bytes[place] - 0x30), 10_000)
                    place += 1
                }
                guard power <= 300 else { throw .outOfRange(offset: start) }
                exponent += down ? -power : power
                offset = place
            }
        }
        guard exponent.magnitude <= 330 else { throw .outOfRange(offset: start) }
        return ExactDecimal(isNegative: negative, digits: value, exponent: exponent)
    }

    /// Reads a unit symbol: letters, `%`, `°`, `/`, `^2`, or nothing.
    public mutating func unitSymbol() -> String {
        let start = offset
        while offset < bytes.count {
            let byte = bytes[offset]
            let isLetter = (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            if isLetter || byte == 0x25 || byte == 0x2F || byte >= 0x80 {
                offset += 1
            } else if byte == 0x5E, offset > start, offset + 1 < bytes.count, (0x30...0x39).contains(bytes[offset + 1]) {
                offset += 2
            } else {
                break
            }
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }
}
