extension WebSocketCodec {
    /// Takes bytes from the front of `input`, which it may change in place, up to the next event; `nil` when all are taken and more are needed.
    public mutating func decode(_ input: inout UnsafeMutableRawBufferPointer) -> WebSocketEvent? {
        if handedOut || controlHandedOut { releaseMessage() }
        while true {
            switch phase {
            case .over:
                input = UnsafeMutableRawBufferPointer(rebasing: input[input.endIndex...])
                return nil
            case .head:
                switch readHead(&input) {
                case .incomplete: return nil
                case .whole: break
                case .wrong(let code, let text): return fail(code, text)
                }
            case .payload:
                if opcode >= Opcode.close {
                    if let event = takeControl(&input) { return event }
                } else if let event = takeData(&input) {
                    return event
                }
                if phase == .payload { return nil }
            }
        }
    }

    mutating func fail(_ code: CloseCode, _ text: StaticString) -> WebSocketEvent {
        fail(WebSocketViolation(code, text.description))
    }

    mutating func fail(_ violation: WebSocketViolation) -> WebSocketEvent {
        phase = .over
        message.release()
        return .failed(violation)
    }

    // MARK: - Heads

    enum HeadResult {
        case incomplete
        case whole
        case wrong(CloseCode, StaticString)
    }

    @inline(__always)
    private mutating func readHead(_ input: inout UnsafeMutableRawBufferPointer) -> HeadResult {
        if headCount == 0, let base = input.baseAddress, input.count >= 2 {
            let size = WebSocketCodec.headSize(base.load(fromByteOffset: 1, as: UInt8.self))
            if input.count >= size {
                let result = parseHead(UnsafeRawPointer(base))
                input = UnsafeMutableRawBufferPointer(start: base + size, count: input.count &- size)
                return result
            }
        }
        return readHeadInPieces(&input)
    }

    /// The size of a head by its second byte.
    @inline(__always)
    private static func headSize(_ second: UInt8) -> Int {
        let length = second & 0x7F
        return 2 &+ (length == 126 ? 2 : length == 127 ? 8 : 0) &+ (second & 0x80 != 0 ? 4 : 0)
    }

    @inline(never)
    private mutating func readHeadInPieces(_ input: inout UnsafeMutableRawBufferPointer) -> HeadResult {
        var taken = 0
        defer { input = UnsafeMutableRawBufferPointer(rebasing: input[taken...]) }
        while taken < input.count {
            let byte = input[taken]
            taken += 1
            let at = headCount
            withUnsafeMutableBytes(of: &head) { $0[at] = byte }
            headCount += 1
            if headCount == 1, let wrong = checkFirst(byte) { return wrong }
            let second = withUnsafeBytes(of: &head) { $0[1] }
            if headCount == 2, let wrong = checkSecond(second) { return wrong }
            if headCount >= 2, headCount == WebSocketCodec.headSize(second) {
                headCount = 0
                let whole = head
                return withUnsafeBytes(of: whole) { bytes in
                    guard let base = bytes.baseAddress else { return .incomplete }
                    return parseHead(base)
                }
            }
        }
        return .incomplete
    }

    /// Bits and opcode, in the state that the message is in.
    @inline(__always)
    private func checkFirst(_ first: UInt8) -> HeadResult? {
        let code = first & 0x0F
        if first & 0x70 != 0 {
            let compressionStarts = first & 0x30 == 0 && deflate != nil && (code == Opcode.text || code == Opcode.binary)
            if !compressionStarts { return .wrong(.protocolError, "a reserved bit is set without an extension that uses it") }
        }
        switch code {
        case Opcode.continuation:
            if messageOpcode == 0 { return .wrong(.protocolError, "a continuation frame without a message to continue") }
        case Opcode.text:
            if messageOpcode != 0 { return .wrong(.protocolError, "a new message before the last fragment of the one before") }
        case Opcode.binary:
            if messageOpcode != 0 { return .wrong(.protocolError, "a new message before the last fragment of the one before") }
            if !limits.acceptsBinary { return .wrong(.unsupportedData, "a binary message where only text is taken") }
        case Opcode.close, Opcode.ping, Opcode.pong:
            if first & 0x80 == 0 { return .wrong(.protocolError, "a control frame in fragments") }
        default: return .wrong(.protocolError, "a reserved opcode")
        }
        return nil
    }

    @inline(__always)
    private func checkSecond(_ second: UInt8) -> HeadResult? {
        if second & 0x80 != 0 {
            if role == .client { return .wrong(.protocolError, "a masked frame from a server") }
        } else if role == .server {
            return .wrong(.protocolError, "a frame without mask from a client")
        }
        return nil
    }

    /// Reads a whole head.
    @inline(__always)
    private mutating func parseHead(_ bytes: UnsafeRawPointer) -> HeadResult {
        let first = bytes.load(as: UInt8.self)
        let second = bytes.load(fromByteOffset: 1, as: UInt8.self)
        if let wrong = checkFirst(first) { return wrong }
        if let wrong = checkSecond(second) { return wrong }
        var size = 2
        var long = UInt64(second & 0x7F)
        if first & 0x08 != 0, long > 125 { return .wrong(.protocolError, "a control frame with more than 125 bytes") }
        if long == 126 {
            long = UInt64(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            if long < 126 { return .wrong(.protocolError, "a length that is not in its shortest form") }
            size = 4
        } else if long == 127 {
            long = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
            if long >> 63 != 0 { return .wrong(.protocolError, "a length with its highest bit set") }
            if long < 65536 { return .wrong(.protocolError, "a length that is not in its shortest form") }
            size = 10
        }
        isMasked = second & 0x80 != 0
        mask = isMasked ? bytes.loadUnaligned(fromByteOffset: size, as: UInt32.self) : 0
        opcode = first & 0x0F
        isFinal = first & 0x80 != 0
        if opcode < Opcode.close {
            if opcode != Opcode.continuation {
                messageOpcode = opcode
                messageIsCompressed = first & 0x40 != 0
                received = 0
                validator = UTF8Validator()
            }
            // A compressed message may be a little longer than what is in it.
            let most = UInt64(messageIsCompressed ? limits.messageBytes + limits.messageBytes / 8 + 1024 : limits.messageBytes)
            if long > most || UInt64(received) + long > most { return .wrong(.messageTooBig, "a message over the limit") }
            received += Int(long)
        }
        length = Int(long)
        done = 0
        phase = .payload
        return .whole
    }

    // MARK: - Payloads

    /// Unmasks the next bytes of the payload where they lie and takes them from the input.
    @inline(__always)
    private mutating func takeChunk(_ input: inout UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer {
        let size = min(input.count, length &- done)
        guard let base = input.baseAddress, size > 0 else { return UnsafeRawBufferPointer(start: input.baseAddress, count: 0) }
        if isMasked { Masking.apply(mask, offset: done, from: base, to: base, count: size) }
        done &+= size
        input = UnsafeMutableRawBufferPointer(start: base + size, count: input.count &- size)
        return UnsafeRawBufferPointer(start: base, count: size)
    }

    @inline(__always)
    private mutating func takeData(_ input: inout UnsafeMutableRawBufferPointer) -> WebSocketEvent? {
        let chunk = takeChunk(&input)
        if messageIsCompressed { return takeCompressed(chunk) }
        if messageOpcode == Opcode.text, !validator.accepts(chunk) { return fail(.invalidData, "text that is not UTF-8") }
        guard done == length else {
            message.append(chunk)
            return nil
        }
        phase = .head
        guard isFinal else {
            message.append(chunk)
            return nil
        }
        if message.isEmpty { return finish(chunk) }
        message.append(chunk)
        handedOut = true
        return finish(message.bytes)
    }

    @inline(__always)
    private mutating func finish(_ whole: UnsafeRawBufferPointer) -> WebSocketEvent {
        let isText = messageOpcode == Opcode.text
        messageOpcode = 0
        if isText, !validator.isComplete { return fail(.invalidData, "text that ends inside a character") }
        return isText ? .text(whole) : .binary(whole)
    }

    private mutating func takeCompressed(_ chunk: UnsafeRawBufferPointer) -> WebSocketEvent? {
        let before = message.count
        let isLast = done == length && isFinal
        if let violation = deflate?.inflate(chunk, isLast: isLast, into: &message, limit: limits.messageBytes) { return fail(violation) }
        if messageOpcode == Opcode.text, !validator.accepts(UnsafeRawBufferPointer(rebasing: message.bytes[before...])) {
            return fail(.invalidData, "text that is not UTF-8")
        }
        guard done == length else { return nil }
        phase = .head
        guard isFinal else { return nil }
        handedOut = true
        return finish(message.bytes)
    }

    private mutating func takeControl(_ input: inout UnsafeMutableRawBufferPointer) -> WebSocketEvent? {
        let wasWhole = done == 0
        let chunk = takeChunk(&input)
        guard done == length else {
            control.append(chunk)
            return nil
        }
        phase = .head
        var whole = chunk
        if !wasWhole || !control.isEmpty {
            control.append(chunk)
            controlHandedOut = true
            whole = control.bytes
        }
        switch opcode {
        case Opcode.ping: return .ping(whole)
        case Opcode.pong: return .pong(whole)
        default: return close(whole)
        }
    }

    private mutating func close(_ payload: UnsafeRawBufferPointer) -> WebSocketEvent {
        guard payload.count > 0 else {
            phase = .over
            return .close(.none, reason: payload)
        }
        guard payload.count > 1 else { return fail(.protocolError, "a close frame with one byte") }
        let code = CloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.isLegalOnTheWire else { return fail(.protocolError, "a close code that may not be sent") }
        let reason = UnsafeRawBufferPointer(rebasing: payload[2...])
        guard UTF8Validator.isValid(reason) else { return fail(.invalidData, "a close reason that is not UTF-8") }
        phase = .over
        return .close(code, reason: reason)
    }
}
