import Quantities

/// A test of one value of a message.
indirect enum FieldTest: Equatable {
    case equals([UInt8])
    case equalsNumber(Double)
    case isFlag(Bool)
    case less(Double, orEqual: Bool)
    case greater(Double, orEqual: Bool)
    case contains([UInt8])
    case starts([UInt8])
    case ends([UInt8])
    case network(AddressRange)
    case pattern(TextPattern)
    case any([FieldTest])
    case all([FieldTest])

    func holds(_ value: FieldValue) -> Bool {
        switch self {
        case .equals(let bytes):
            switch value {
            case .text(let text): return text.elementsEqual(bytes)
            case .number(_, let text): return text.elementsEqual(bytes)
            default: return false
            }
        case .equalsNumber(let number): return value.number == number
        case .isFlag(let flag):
            switch value {
            case .flag(let value): return value == flag
            case .text(let text): return text.elementsEqual((flag ? "true" : "false").utf8)
            default: return false
            }
        case .less(let limit, let orEqual): return value.number.map { orEqual ? $0 <= limit : $0 < limit } ?? false
        case .greater(let limit, let orEqual): return value.number.map { orEqual ? $0 >= limit : $0 > limit } ?? false
        case .contains(let part): return FieldTest.bytes(value).map { FieldTest.find(part, in: $0) } ?? false
        case .starts(let part): return FieldTest.bytes(value)?.starts(with: part) ?? false
        case .ends(let part): return FieldTest.bytes(value).map { $0.count >= part.count && $0.suffix(part.count).elementsEqual(part) } ?? false
        case .network(let range): return FieldTest.bytes(value).map { range.contains($0) } ?? false
        case .pattern(let pattern): return FieldTest.bytes(value).map { pattern.matches($0) } ?? false
        case .any(let tests): return tests.contains { $0.holds(value) }
        case .all(let tests): return tests.allSatisfy { $0.holds(value) }
        }
    }

    private static func bytes(_ value: FieldValue) -> UnsafeRawBufferPointer? {
        switch value {
        case .text(let bytes), .number(_, let bytes): bytes
        default: nil
        }
    }

    private static func find(_ part: [UInt8], in text: UnsafeRawBufferPointer) -> Bool {
        guard let first = part.first else { return true }
        guard text.count >= part.count else { return false }
        for place in 0...text.count - part.count where text[place] == first {
            if UnsafeRawBufferPointer(rebasing: text[place..<place + part.count]).elementsEqual(part) { return true }
        }
        return false
    }
}

/// A range of Internet addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address.
struct AddressRange: Equatable {
    private let base: [UInt8]
    private let bits: Int

    /// A range out of its text; `nil` if it is none.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let base = AddressRange.address(Array(parts[0].utf8)) else { return nil }
        let most = base.count * 8
        let bits = parts.count == 2 ? Int(parts[1]) ?? -1 : most
        guard (0...most).contains(bits) else { return nil }
        self.base = base
        self.bits = bits
    }

    /// Whether a text is an address of the range; a port behind it, brackets, and a URL around it do not matter.
    func contains(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count <= 2048, let address = AddressRange.address(AddressRange.host(Array(text))), address.count == base.count else { return false }
        for place in 0..<bits / 8 where address[place] != base[place] { return false }
        let rest = bits % 8
        return rest == 0 || (address[bits / 8] ^ base[bits / 8]) >> UInt8(8 - rest) == 0
    }

    /// The host of a URL or of `host:port`, in small letters.
    static func host(_ text: [UInt8]) -> [UInt8] {
        var rest = text[...]
        if let colon = rest.firstIndex(of: UInt8(ascii: ":")), rest[colon...].starts(with: "://".utf8) {
            rest = rest[(colon + 3)...]
            if let end = rest.firstIndex(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) { rest = rest[..<end] }
        }
        if let at = rest.lastIndex(of: UInt8(ascii: "@")) { rest = rest[(at + 1)...] }
        if rest.first == UInt8(ascii: "[") {
            rest = rest.dropFirst()
            if let end = rest.firstIndex(of: UInt8(ascii: "]")) { rest = rest[..<end] }
        } else if let colon = rest.firstIndex(of: UInt8(ascii: ":")), rest.lastIndex(of: UInt8(ascii: ":")) == colon {
            rest = rest[..<colon]
        }
        return rest.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
    }

    /// The bytes of an address, 4 or 16; `nil` for a name.
    static func address(_ text: [UInt8]) -> [UInt8]? {
        let text = String(decoding: text, as: UTF8.self)
        if !text.contains(":") { return dotted(text[...]) }
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        var parts: [[UInt8]] = []
        for half in halves {
            var bytes: [UInt8] = []
            for word in half.isEmpty ? [] : half.split(separator: ":", omittingEmptySubsequences: false) {
                if word.contains(".") {
                    guard let last = dotted(word) else { return nil }
                    bytes += last
                } else {
                    guard (1...4).contains(word.utf8.count), let value = UInt16(word, radix: 16) else { return nil }
                    bytes += [UInt8(value >> 8), UInt8(value & 0xFF)]
                }
            }
            parts.append(bytes)
        }
        if parts.count == 1 { return parts[0].count == 16 ? parts[0] : nil }
        let missing = 16 - parts[0].count - parts[1].count
        return missing >= 2 ? parts[0] + [UInt8](repeating: 0, count: missing) + parts[1] : nil
    }

    private static func dotted(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let byte = UInt8(part) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
