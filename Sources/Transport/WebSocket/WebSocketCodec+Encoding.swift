import Glibc

extension WebSocketCodec {
    /// Appends a text message in one frame; compressed when that was agreed. Does nothing after a close frame.
    public mutating func encode(text: UnsafeRawBufferPointer, into output: inout ByteQueue) {
        encodeMessage(Opcode.text, text, into: &output)
    }

    /// Appends a binary message in one frame.
    public mutating func encode(binary: UnsafeRawBufferPointer, into output: inout ByteQueue) {
        encodeMessage(Opcode.binary, binary, into: &output)
    }

    /// Appends a text message in fragments of at most `size` bytes, without compression.
    public mutating func encode(text: UnsafeRawBufferPointer, fragments size: Int, into output: inout ByteQueue) {
        guard !hasSentClose else { return }
        var at = 0
        repeat {
            let end = min(text.count, at + max(1, size))
            let part = UnsafeRawBufferPointer(rebasing: text[at..<end])
            let first = (at == 0 ? Opcode.text : Opcode.continuation) | (end == text.count ? 0x80 : 0)
            encodeFrame(first: first, part, masked: role == .client, into: &output)
            at = end
        } while at < text.count
    }

    /// Appends a ping; its payload is cut at 125 bytes.
    public mutating func encode(ping: UnsafeRawBufferPointer, into output: inout ByteQueue) { encodeControl(Opcode.ping, ping, into: &output) }

    /// Appends a pong; its payload is cut at 125 bytes.
    public mutating func encode(pong: UnsafeRawBufferPointer, into output: inout ByteQueue) { encodeControl(Opcode.pong, pong, into: &output) }

    /// Appends a close frame, once. A code that may not stand on the wire gives a frame without one; the reason is cut at 123 bytes between characters.
    public mutating func encode(close code: CloseCode, reason: String = "", into output: inout ByteQueue) {
        guard !hasSentClose else { return }
        var payload: [UInt8] = []
        if code.isLegalOnTheWire {
            payload = [UInt8(code.rawValue >> 8), UInt8(truncatingIfNeeded: code.rawValue)]
            for character in reason.unicodeScalars {
                let bytes = UTF8.encode(character) ?? UTF8.encodedReplacementCharacter
                guard payload.count + bytes.count <= 125 else { break }
                payload.append(contentsOf: bytes)
            }
        }
        payload.withUnsafeBytes { encodeControl(Opcode.close, $0, into: &output) }
        hasSentClose = true
    }

    private mutating func encodeMessage(_ opcode: UInt8, _ payload: UnsafeRawBufferPointer, into output: inout ByteQueue) {
        guard !hasSentClose else { return }
        if deflate != nil, let compressed = deflate?.deflate(payload) {
            compressed.withUnsafeBytes { encodeFrame(first: 0xC0 | opcode, $0, masked: role == .client, into: &output) }
            return
        }
        encodeFrame(first: 0x80 | opcode, payload, masked: role == .client, into: &output)
    }

    private mutating func encodeControl(_ opcode: UInt8, _ payload: UnsafeRawBufferPointer, into output: inout ByteQueue) {
        guard !hasSentClose else { return }
        encodeFrame(first: 0x80 | opcode, UnsafeRawBufferPointer(rebasing: payload.prefix(125)), masked: role == .client, into: &output)
    }

    /// Appends a frame whose first byte (FIN, RSV and opcode) and mask are the caller's, right or wrong.
    public mutating func encodeFrame(first: UInt8, _ payload: UnsafeRawBufferPointer, masked: Bool, into output: inout ByteQueue) {
        let room = output.room(payload.count &+ 14)
        let maskBit: UInt8 = masked ? 0x80 : 0
        room.storeBytes(of: first, as: UInt8.self)
        var size = 2
        switch payload.count {
        case ..<126: room.storeBytes(of: UInt8(truncatingIfNeeded: payload.count) | maskBit, toByteOffset: 1, as: UInt8.self)
        case ..<65536:
            room.storeBytes(of: 126 | maskBit, toByteOffset: 1, as: UInt8.self)
            room.storeBytes(of: UInt16(truncatingIfNeeded: payload.count).bigEndian, toByteOffset: 2, as: UInt16.self)
            size = 4
        default:
            room.storeBytes(of: 127 | maskBit, toByteOffset: 1, as: UInt8.self)
            room.storeBytes(of: UInt64(payload.count).bigEndian, toByteOffset: 2, as: UInt64.self)
            size = 10
        }
        if masked {
            let key = keys.next()
            room.storeBytes(of: key, toByteOffset: size, as: UInt32.self)
            size &+= 4
            if let source = payload.baseAddress { Masking.apply(key, offset: 0, from: source, to: room + size, count: payload.count) }
        } else if let source = payload.baseAddress {
            memcpy(room + size, source, payload.count)
        }
        output.commit(size &+ payload.count)
    }
}
