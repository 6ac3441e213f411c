/// The opening handshake of a WebSocket connection as text (RFC 6455, section 4), and the bytes that both sides derive from it.
enum WebSocketHandshake {
    /// The request of a charge point; the last part of the path is its identity (OCPP-J 1.6, section 3.1).
    static func request(identity: String, host: String, key: [UInt8]) -> [UInt8] {
        Array(
            ("GET /ocpp/\(percentEncoded(identity)) HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: evsim\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Key: \(base64(key))\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n").utf8)
    }

    /// The answer of the central system that takes the connection.
    static func accepted(key: [UInt8]) -> [UInt8] {
        let proof = SHA1.digest(Array("\(base64(key))258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))
        return Array(
            ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(base64(proof))\r\n"
                + "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n").utf8)
    }

    /// The answer of a central system that does not.
    static func refused(status: Int) -> [UInt8] {
        let reason =
            switch status {
            case 401: "Unauthorized"
            case 403: "Forbidden"
            case 404: "Not Found"
            case 409: "Conflict"
            case 503: "Service Unavailable"
            default: "Refused"
            }
        return Array("HTTP/1.1 \(status) \(reason)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8)
    }

    /// Appends a frame; `mask` is given by clients only.
    static func frame(opcode: UInt8, _ payload: UnsafeRawBufferPointer, mask: UInt32?, into bytes: inout [UInt8]) {
        let masked: UInt8 = mask == nil ? 0 : 0x80
        bytes.append(0x80 | opcode)
        switch payload.count {
        case 0..<126: bytes.append(masked | UInt8(payload.count))
        case 126..<0x1_0000:
            bytes.append(masked | 126)
            bytes.append(big: UInt16(payload.count))
        default:
            bytes.append(masked | 127)
            bytes.append(big: UInt64(payload.count))
        }
        guard let mask else { return bytes.append(contentsOf: payload) }
        bytes.append(big: mask)
        bytes.reserveCapacity(bytes.count + payload.count)
        for (index, byte) in payload.enumerated() { bytes.append(byte ^ UInt8(truncatingIfNeeded: mask >> UInt32(24 - index % 4 * 8))) }
    }

    /// Letters, digits and `-._~` as they are, all else as `%2F`.
    static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
            default: bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Base64 with padding (RFC 4648, section 4).
    static func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = Array(bytes[start..<min(start + 3, bytes.count)])
            let group = UInt32(part[0]) << 16 | UInt32(part.count > 1 ? part[1] : 0) << 8 | UInt32(part.count > 2 ? part[2] : 0)
            for index in 0..<4 {
                text.append(index <= part.count ? letters[Int(group >> UInt32(18 - index * 6) & 63)] : 0x3D)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// SHA-1 (FIPS 180-4), which the WebSocket handshake asks for.
enum SHA1 {
    static func digest(_ bytes: [UInt8]) -> [UInt8] {
        var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
        var message = bytes
        message.append(0x80)
        while message.count % 64 != 56 { message.append(0) }
        message.append(big: UInt64(bytes.count) * 8)
        var words = [UInt32](repeating: 0, count: 80)
        for block in stride(from: 0, to: message.count, by: 64) {
            for index in 0..<16 {
                let at = block + index * 4
                words[index] = UInt32(message[at]) << 24 | UInt32(message[at + 1]) << 16 | UInt32(message[at + 2]) << 8 | UInt32(message[at + 3])
            }
            for index in 16..<80 { words[index] = rotated(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1) }
            var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
            for index in 0..<80 {
                let (mixed, constant): (UInt32, UInt32) =
                    switch index {
                    case ..<20: ((b & c) | (~b & d), 0x5A82_7999)
                    case ..<40: (b ^ c ^ d, 0x6ED9_EBA1)
                    case ..<60: ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC)
                    default: (b ^ c ^ d, 0xCA62_C1D6)
                    }
                (a, b, c, d, e) = (rotated(a, 5) &+ mixed &+ e &+ constant &+ words[index], a, rotated(b, 30), c, d)
            }
            for (index, value) in [a, b, c, d, e].enumerated() { state[index] &+= value }
        }
        var digest: [UInt8] = []
        for word in state { digest.append(big: word) }
        return digest
    }

    private static func rotated(_ value: UInt32, _ count: UInt32) -> UInt32 { value << count | value >> (32 - count) }
}
