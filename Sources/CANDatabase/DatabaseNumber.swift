/// A number of a database file: a double, and the whole number itself where the text is one.
public struct DatabaseNumber: Hashable, Sendable {
    /// The value.
    public let value: Double
    /// The exact value when it is whole and has at most 38 digits.
    public let whole: Int128?

    /// A number that need not be whole.
    public init(_ value: Double) {
        self.value = value
        whole = value == value.rounded() && value.magnitude < 9_007_199_254_740_992 ? Int128(value) : nil
    }

    /// A whole number.
    public init(_ whole: Int128) {
        value = Double(whole)
        self.whole = whole
    }

    /// Zero.
    public static let zero = DatabaseNumber(0 as Int128)
    /// One.
    public static let one = DatabaseNumber(1 as Int128)

    /// Reads `-12`, `0.1`, `1e-05`; `nil` when the text is no finite number.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= 400 else { return nil }
        var digits = bytes[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        if !digits.isEmpty, digits.count <= 38, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
            var sum: Int128 = 0
            for digit in digits { sum = sum * 10 + Int128(digit - 0x30) }
            self.init(isNegative ? -sum : sum)
            return
        }
        guard let first = digits.first, first == UInt8(ascii: ".") || first >= 0x30 && first <= 0x39, digits.allSatisfy(Self.belongs),
            let value = Double(String(decoding: bytes, as: UTF8.self)), value.isFinite
        else { return nil }
        self.init(value)
    }

    /// Digits, point, sign and exponent: no hexadecimal, no `inf`.
    private static func belongs(_ byte: UInt8) -> Bool {
        byte >= 0x30 && byte <= 0x39 || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "+")
    }

    /// The shortest text that reads back as the same number: `5`, `0.1`, `1e-05`.
    public var text: String {
        if let whole { return "\(whole)" }
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
