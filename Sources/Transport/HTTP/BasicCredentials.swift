/// User and password of HTTP Basic authentication (RFC 7617); the password is bytes, as OCPP's AuthorizationKey is.
public struct BasicCredentials: Equatable, Sendable {
    /// The charge point identity, for OCPP.
    public var user: String
    /// Bytes of any value, not necessarily text.
    public var password: [UInt8]

    /// Credentials; the user cannot hold a colon.
    public init(user: String, password: [UInt8]) {
        self.user = user
        self.password = password
    }

    /// Reads the value of an Authorization field; `nil` when it is of another scheme or broken. Splits at the first colon.
    public init?(field: String) {
        let parts = field.utf8.split(separator: UInt8(ascii: " "), maxSplits: 1)
        guard parts.count == 2, String(decoding: parts[0], as: UTF8.self).lowercased() == "basic",
            let bytes = Base64.decode(Array(HTTPHead.trimmed(parts[1]).utf8)), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let user = String(validating: bytes[..<colon], as: UTF8.self)
        else { return nil }
        self.user = user
        password = Array(bytes[(colon + 1)...])
    }

    /// The value of an Authorization field.
    public var field: String { "Basic " + Base64.encode(Array(user.utf8) + [UInt8(ascii: ":")] + password) }

    /// The bytes of a key that is written as hex digits, such as `AuthorizationKey` of the security whitepaper; `nil` when it is not.
    public static func bytes(hex: String) -> [UInt8]? {
        let digits = Array(hex.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for at in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[at]), let low = value(digits[at + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - 55
        default: nil
        }
    }

    /// Whether the password is this key: its bytes, or, as many charge points send it, its hex digits as text. Takes the same time for every wrong key.
    public func matches(key: [UInt8], acceptsHexText: Bool = true) -> Bool {
        let text = key.flatMap { [BasicCredentials.digit($0 >> 4), BasicCredentials.digit($0 & 15)] }
        let lowered = password.map { $0 >= 65 && $0 <= 70 ? $0 + 32 : $0 }
        let raw = BasicCredentials.equal(password, key)
        let hex = BasicCredentials.equal(lowered, text)
        return raw || hex && acceptsHexText && !key.isEmpty
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? value + 48 : value + 87 }

    private static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        var difference: UInt8 = left.count == right.count ? 0 : 1
        for (index, byte) in left.enumerated() { difference |= byte ^ (right.isEmpty ? 0 : right[index % right.count]) }
        return difference == 0
    }
}
