/// Privacy-enhanced mail: base64 between lines of dashes (RFC 7468).
enum PEM {
    /// The contents of all blocks with a label, `nil` if one of them is no base64 or a block is not ended.
    static func blocks(_ text: String, label: String = "CERTIFICATE") -> [[UInt8]]? {
        var blocks: [[UInt8]] = []
        var body: [UInt8]?
        for line in text.split(whereSeparator: \.isNewline) {
            let line = trimmed(line)
            if line == "-----BEGIN \(label)-----" {
                guard body == nil else { return nil }
                body = []
            } else if line == "-----END \(label)-----" {
                guard let digits = body, let block = base64(digits) else { return nil }
                blocks.append(block)
                body = nil
            } else if body != nil {
                body?.append(contentsOf: line.utf8)
            }
        }
        return body == nil ? blocks : nil
    }

    private static func trimmed(_ line: Substring) -> Substring {
        var line = line
        while line.first == " " || line.first == "\t" { line.removeFirst() }
        while line.last == " " || line.last == "\t" { line.removeLast() }
        return line
    }

    /// The bytes of a base64 text with padding.
    static func base64(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0, !text.isEmpty else { return nil }
        let padding = text.suffix(2).count { $0 == 0x3D }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var (bits, count): (UInt32, Int) = (0, 0)
        for byte in text.dropLast(padding) {
            let value: UInt8
            switch byte {
            case 0x41...0x5A: value = byte - 0x41
            case 0x61...0x7A: value = byte - 0x47
            case 0x30...0x39: value = byte + 4
            case 0x2B: value = 62
            case 0x2F: value = 63
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
                bits &= (1 << UInt32(count)) - 1
            }
        }
        return bits == 0 ? bytes : nil
    }

    /// A block with its label, 64 characters a line.
    static func text(_ bytes: [UInt8], label: String) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var line: [UInt8] = []
        var text = "-----BEGIN \(label)-----\n"
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let rest = bytes[start..<min(start + 3, bytes.count)]
            let group = rest.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - rest.count))
            for place in 0..<4 { line.append(place <= rest.count ? digits[group >> (18 - 6 * place) & 63] : 0x3D) }
            if line.count == 64 || start + 3 >= bytes.count {
                text += String(decoding: line, as: UTF8.self) + "\n"
                line = []
            }
        }
        return text + "-----END \(label)-----\n"
    }
}
