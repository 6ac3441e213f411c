/// Writes values of a signal as decimal text: exactly where factor and offset are decimals of a few digits.
///
/// A factor of 0.1 makes 3 steps `0.3`, where the product of two doubles would be 0.30000000000000004.
public struct SignalText: Sendable {
    private let codec: SignalCodec
    /// Decimals of factor and offset; -1 when they have too many.
    private let decimals: Int
    private let factor: Int128
    private let offset: Int128

    /// The texts of a signal's values.
    public init(_ signal: Signal, _ codec: SignalCodec) {
        self.codec = codec
        var scale = 1.0
        for decimals in 0...9 where codec.form != .floating {
            let (a, b) = ((signal.factor.value * scale).rounded(), (signal.offset.value * scale).rounded())
            if a / scale == signal.factor.value, b / scale == signal.offset.value, a.magnitude < 0x1p53, b.magnitude < 0x1p53 {
                (self.decimals, factor, offset) = (decimals, Int128(a), Int128(b))
                return
            }
            scale *= 10
        }
        (decimals, factor, offset) = (-1, 0, 0)
    }

    /// Appends the value of raw bits; a number that is not finite becomes `nan`, `inf` or `-inf`.
    public func append(_ raw: UInt64, to bytes: inout [UInt8]) {
        guard decimals >= 0 else {
            bytes.append(contentsOf: SignalNumber.real(codec.value(of: raw)).text.utf8)
            return
        }
        let number = (codec.form == .signed ? Int128(codec.signed(raw)) : Int128(raw)) * factor + offset
        if let small = Int64(exactly: number) { append(small, &bytes) } else { bytes.append(contentsOf: Self.text(number, decimals).utf8) }
    }

    private func append(_ number: Int64, _ bytes: inout [UInt8]) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        var left = decimals
        while left > 0, rest % 10 == 0 {
            rest /= 10
            left -= 1
        }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { digits in
            var start = 24
            while rest > 0 || left >= 0 {
                start -= 1
                digits[start] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
                rest /= 10
                left -= 1
                if left == 0 {
                    start -= 1
                    digits[start] = UInt8(ascii: ".")
                }
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }

    private static func text(_ number: Int128, _ decimals: Int) -> String {
        var digits = "\(number.magnitude)"
        if decimals > 0 {
            if digits.utf8.count <= decimals { digits = String(repeating: "0", count: decimals + 1 - digits.utf8.count) + digits }
            let point = digits.index(digits.endIndex, offsetBy: -decimals)
            var fraction = digits[point...]
            while fraction.hasSuffix("0") { fraction.removeLast() }
            digits = String(digits[..<point]) + (fraction.isEmpty ? "" : ".\(fraction)")
        }
        return number < 0 ? "-\(digits)" : digits
    }
}
