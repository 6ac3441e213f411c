/// Percent-encoding of one part of a path (RFC 3986).
public enum PercentCoding {
    /// The text of an encoded part; `nil` when an escape is broken or the bytes are not UTF-8.
    public static func decode(_ text: some Sequence<UInt8>) -> String? {
        var bytes: [UInt8] = []
        var digits: [UInt8]?
        for byte in text {
            if var open = digits {
                guard let value = BasicCredentials.value(byte) else { return nil }
                open.append(value)
                digits = open
                if open.count == 2 {
                    bytes.append(open[0] << 4 | open[1])
                    digits = nil
                }
            } else if byte == UInt8(ascii: "%") {
                digits = []
            } else {
                bytes.append(byte)
            }
        }
        guard digits == nil else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// An identity as the last part of a path: everything but letters, digits and `-._~` is escaped.
    public static func encode(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes.append(contentsOf: [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]])
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
