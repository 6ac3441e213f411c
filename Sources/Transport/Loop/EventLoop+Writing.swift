import CLinux
import Glibc

extension EventLoop {
    /// Sends a text message; it leaves at the next `next(until:)` or `flush()`. False when the connection is not open.
    @discardableResult
    public func send(text: UnsafeRawBufferPointer, to id: ConnectionID) -> Bool {
        guard let connection = living(id), connection.state == .open else { return false }
        frame(connection) { codec, output in codec.encode(text: text, into: &output) }
        return true
    }

    /// Sends a text message.
    @discardableResult
    public func send(text: String, to id: ConnectionID) -> Bool {
        var text = text
        return text.withUTF8 { send(text: UnsafeRawBufferPointer($0), to: id) }
    }

    /// Sends a text message in fragments of at most `size` bytes.
    @discardableResult
    public func send(text: UnsafeRawBufferPointer, fragments size: Int, to id: ConnectionID) -> Bool {
        guard let connection = living(id), connection.state == .open else { return false }
        frame(connection) { codec, output in codec.encode(text: text, fragments: size, into: &output) }
        return true
    }

    /// Sends a binary message.
    @discardableResult
    public func send(binary: UnsafeRawBufferPointer, to id: ConnectionID) -> Bool {
        guard let connection = living(id), connection.state == .open else { return false }
        frame(connection) { codec, output in codec.encode(binary: binary, into: &output) }
        return true
    }

    /// Sends a ping; `.pong` follows.
    public func ping(_ id: ConnectionID) {
        guard let connection = living(id), connection.state == .open else { return }
        frame(connection) { codec, output in codec.encode(ping: UnsafeRawBufferPointer(start: nil, count: 0), into: &output) }
    }

    /// Begins the close handshake; `.closed` follows when the peer has answered or its time is over.
    public func close(_ id: ConnectionID, _ code: CloseCode = .normal, reason: String = "") {
        guard let connection = living(id), connection.state != .closing else { return }
        guard connection.state == .open else {
            end(connection, .abnormal, detail: "closed here before it was open")
            return
        }
        frame(connection) { codec, output in codec.encode(close: code, reason: reason, into: &output) }
        guard connection.state == .open else { return }
        let told = "closed here with \(code.rawValue)" + (reason.isEmpty ? "" : " (\(reason))")
        connection.closing = Closing(code: code, reason: reason, byPeer: false, wasOpen: true, httpStatus: nil, detail: told)
        connection.state = .closing
        connection.isReadingPaused = false
        connection.nextPing = .max
        connection.pongDue = .max
        connection.stateDeadline = clinux_now() &+ connection.settings.closeTimeout
        schedule(connection)
        watch(connection)
    }

    /// Ends a connection at once, without a close frame; with `reset` the peer sees a reset, as after a crash.
    public func abort(_ id: ConnectionID, reset: Bool = false) {
        guard let connection = living(id) else { return }
        if reset, connection.descriptor >= 0 { _ = clinux_set_reset_on_close(connection.descriptor) }
        end(connection, .abnormal, detail: "cut here")
    }

    /// Closes everything: connections with a close frame, listeners at once. Go on with `next(until:)` until `isIdle`.
    public func closeAll(_ code: CloseCode = .goingAway, reason: String = "") {
        for index in listeners.indices { stopListening(ListenerID(index: index)) }
        for connection in connections { if let connection { close(connection.id, code, reason: reason) } }
    }

    // MARK: - Faults on purpose

    /// Sends bytes as they are, right or wrong.
    public func sendRaw(_ bytes: UnsafeRawBufferPointer, to id: ConnectionID) {
        guard let connection = living(id), connection.state == .open || connection.state == .closing else { return }
        raw(connection, Array(bytes))
    }

    /// Sends a frame whose first byte (FIN, RSV, opcode) and mask are the caller's, right or wrong.
    public func sendFrame(first: UInt8, _ payload: UnsafeRawBufferPointer, masked: Bool, to id: ConnectionID) {
        guard let connection = living(id), connection.state == .open else { return }
        frame(connection) { codec, output in codec.encodeFrame(first: first, payload, masked: masked, into: &output) }
    }

    /// Ends the stream in one direction: the peer sees the end, and its bytes are still read.
    public func shutdownWrite(_ id: ConnectionID) {
        guard let connection = living(id), connection.descriptor >= 0 else { return }
        write(connection)
        if connection.descriptor >= 0 { shutdown(connection.descriptor, Int32(SHUT_WR)) }
    }

    /// Reads nothing more from the peer: a slow reader.
    public func pauseReading(_ id: ConnectionID) { setPaused(id, true) }

    /// Reads on.
    public func resumeReading(_ id: ConnectionID) { setPaused(id, false) }

    private func setPaused(_ id: ConnectionID, _ isPaused: Bool) {
        guard let connection = living(id), connection.state == .open else { return }
        connection.isReadingPaused = isPaused
        watch(connection)
    }

    // MARK: - Life signs and queues

    /// Pings at an interval and ends the connection with 1006 when no pong comes within `deadline`; nanoseconds, interval 0 switches off.
    public func setPing(_ id: ConnectionID, interval: UInt64, deadline: UInt64) {
        guard let connection = living(id), connection.state == .open else { return }
        connection.pingInterval = interval
        connection.pongDeadline = deadline
        connection.pongDue = .max
        connection.nextPing = interval == 0 ? .max : clinux_now() &+ interval
        schedule(connection)
    }

    /// How many bytes wait for the peer.
    public func queued(_ id: ConnectionID) -> Int { living(id)?.output.count ?? 0 }

    // MARK: - Output

    /// Writes frames to the output of a connection, through TLS where there is any.
    @inline(__always)
    func frame(_ connection: Connection, _ encode: (inout WebSocketCodec, inout ByteQueue) -> Void) {
        if let session = connection.tls {
            encode(&connection.codec, &scratch)
            session.send(scratch.bytes, output: &connection.output)
            if scratch.count > 65536 { scratch.release() } else { scratch.removeAll() }
        } else {
            encode(&connection.codec, &connection.output)
        }
        markDirty(connection)
        if connection.output.count > connection.settings.outputLimit { overflow(connection) }
    }

    func raw(_ connection: Connection, _ bytes: [UInt8]) {
        if let session = connection.tls, session.isEstablished {
            bytes.withUnsafeBytes { session.send($0, output: &connection.output) }
        } else {
            connection.output.append(bytes)
        }
        markDirty(connection)
    }

    func markDirty(_ connection: Connection) {
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(connection)
    }

    /// Writes what waits, as far as the sockets take it.
    public func flush() {
        var index = 0
        while index < dirty.count {
            let connection = dirty[index]
            index += 1
            connection.isDirty = false
            write(connection)
        }
        dirty.removeAll(keepingCapacity: true)
    }

    func write(_ connection: Connection) {
        while connection.descriptor >= 0, !connection.output.isEmpty {
            let bytes = connection.output.bytes
            let room = connection.trickled.isEmpty ? bytes.count : room(connection)
            guard room > 0 else { break }
            let sent = clinux_send(connection.descriptor, bytes.baseAddress, room)
            if sent == -Int64(EAGAIN) { break }
            guard sent >= 0 else {
                if connection.state == .lingering { remove(connection) } else { brokenPipe(connection, Int32(truncatingIfNeeded: -sent)) }
                return
            }
            connection.output.consume(Int(sent))
            connection.written &+= Int(sent)
        }
        if connection.output.isEmpty, !connection.trickled.isEmpty {
            connection.trickled = []
            connection.nextByte = .max
        }
        guard connection.descriptor >= 0, connection.state != .connecting else { return }
        if connection.isCongested, connection.output.count < connection.settings.outputLimit / 2 {
            connection.isCongested = false
            tell(.relieved(connection.id))
        }
        if connection.wantsShutdown, connection.output.isEmpty {
            connection.wantsShutdown = false
            shutdown(connection.descriptor, Int32(SHUT_WR))
        }
        watch(connection)
    }

    /// The peer takes nothing more. What it sent before may still say why, so what there is to read is read first.
    private func brokenPipe(_ connection: Connection, _ error: Int32) {
        connection.output.release()
        connection.trickled = []
        connection.nextByte = .max
        guard current == nil, connection.state == .handshake || connection.state == .open || connection.state == .closing else {
            ended(connection, error: error)
            return
        }
        watch(connection)
    }

    private func overflow(_ connection: Connection) {
        let queued = connection.output.count
        let isHopeless = connection.settings.overflow == .close || queued > connection.settings.outputLimit * 4
        if !connection.isCongested {
            // The socket may take it at once.
            write(connection)
            guard connection.descriptor >= 0, connection.output.count > connection.settings.outputLimit, connection.state != .lingering else { return }
            connection.isCongested = true
            tell(.congested(connection.id, queued: connection.output.count))
            watch(connection)
        }
        guard isHopeless, connection.state != .lingering else { return }
        end(connection, .policyViolation, detail: "the peer reads too slowly: \(connection.output.count) bytes wait for it")
    }
}
