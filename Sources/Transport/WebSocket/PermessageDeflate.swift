import CZlib

/// Compression of messages as both ends agreed (RFC 7692); its memory is taken with the first message that needs it.
final class PermessageDeflate {
    private let agreement: DeflateAgreement
    private let role: WebSocketCodec.Role
    private var deflater: UnsafeMutablePointer<z_stream>?
    private var inflater: UnsafeMutablePointer<z_stream>?

    init(_ agreement: DeflateAgreement, role: WebSocketCodec.Role) {
        self.agreement = agreement
        self.role = role
    }

    deinit {
        dropDeflater()
        dropInflater()
    }

    private var ownBits: Int { role == .server ? agreement.serverBits : agreement.clientBits }
    private var peerBits: Int { role == .server ? agreement.clientBits : agreement.serverBits }
    private var ownResets: Bool { role == .server ? agreement.serverResets : agreement.clientResets }
    private var peerResets: Bool { role == .server ? agreement.clientResets : agreement.serverResets }

    /// The bytes of one compressed message, or `nil` when it goes as it is: it is short, or zlib cannot keep to the window.
    func deflate(_ payload: UnsafeRawBufferPointer) -> [UInt8]? {
        guard payload.count >= agreement.leastBytes, ownBits >= 9, let stream = makeDeflater() else { return nil }
        var output = [UInt8](repeating: 0, count: Int(deflateBound(stream, UInt(payload.count))) + 16)
        let size = output.withUnsafeMutableBytes { target -> Int? in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: payload.bindMemory(to: UInt8.self).baseAddress)
            stream.pointee.avail_in = UInt32(payload.count)
            stream.pointee.next_out = target.bindMemory(to: UInt8.self).baseAddress
            stream.pointee.avail_out = UInt32(target.count)
            guard CZlib.deflate(stream, Z_SYNC_FLUSH) == Z_OK, stream.pointee.avail_in == 0, stream.pointee.avail_out > 0 else { return nil }
            return target.count - Int(stream.pointee.avail_out)
        }
        if ownResets { dropDeflater() }
        // The flush ends with 00 00 FF FF, which stays here (section 7.2.1).
        guard let size, size >= 4 else {
            dropDeflater()
            return nil
        }
        output.removeLast(output.count - size + 4)
        if output.isEmpty { output.append(0) }
        return output
    }

    /// Decompresses a part of a message behind what is in `output`.
    func inflate(_ part: UnsafeRawBufferPointer, isLast: Bool, into output: inout ByteQueue, limit: Int) -> WebSocketViolation? {
        guard let stream = makeInflater() else { return WebSocketViolation(.internalError, "no memory to decompress") }
        if let violation = feed(stream, part, &output, limit) { return violation }
        guard isLast else { return nil }
        let tail: [UInt8] = [0, 0, 0xFF, 0xFF]
        if let violation = tail.withUnsafeBytes({ feed(stream, $0, &output, limit) }) { return violation }
        if peerResets { dropInflater() }
        return nil
    }

    private func feed(_ stream: UnsafeMutablePointer<z_stream>, _ part: UnsafeRawBufferPointer, _ output: inout ByteQueue, _ limit: Int) -> WebSocketViolation?
    {
        guard part.count > 0 else { return nil }
        stream.pointee.next_in = UnsafeMutablePointer(mutating: part.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(part.count)
        while true {
            // One byte over the limit is enough to know that the message is too big.
            let room = min(4096, limit + 1 - output.count)
            guard room > 0 else { return WebSocketViolation(.messageTooBig, "a message over the limit after decompression") }
            stream.pointee.next_out = output.room(room).assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(room)
            let code = CZlib.inflate(stream, Z_SYNC_FLUSH)
            output.commit(room - Int(stream.pointee.avail_out))
            switch code {
            case Z_OK, Z_BUF_ERROR:
                if output.count > limit { return WebSocketViolation(.messageTooBig, "a message over the limit after decompression") }
                if stream.pointee.avail_out > 0 { return nil }
            case Z_STREAM_END:
                // A block may say that it is the last one; the next message starts anew (section 7.2.3.5).
                guard inflateReset(stream) == Z_OK else { return WebSocketViolation(.internalError, "no memory to decompress") }
                if stream.pointee.avail_in == 0 { return nil }
            default: return WebSocketViolation(.invalidData, "compressed data that cannot be decompressed")
            }
        }
    }

    // MARK: - Streams

    private func makeDeflater() -> UnsafeMutablePointer<z_stream>? {
        if let deflater { return deflater }
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        guard deflateInit2_(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, Int32(-ownBits), 5, Z_DEFAULT_STRATEGY, zlibVersion(), size) == Z_OK else {
            stream.deallocate()
            return nil
        }
        deflater = stream
        return stream
    }

    private func makeInflater() -> UnsafeMutablePointer<z_stream>? {
        if let inflater { return inflater }
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard inflateInit2_(stream, Int32(-peerBits), zlibVersion(), Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            return nil
        }
        inflater = stream
        return stream
    }

    private func dropDeflater() {
        guard let stream = deflater else { return }
        deflateEnd(stream)
        stream.deallocate()
        deflater = nil
    }

    private func dropInflater() {
        guard let stream = inflater else { return }
        inflateEnd(stream)
        stream.deallocate()
        inflater = nil
    }
}
