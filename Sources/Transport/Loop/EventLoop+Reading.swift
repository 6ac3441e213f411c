import CLinux
import Glibc

extension EventLoop {
    /// Reads once what is ready.
    func read(_ connection: Connection) {
        let got = clinux_receive(connection.descriptor, readBuffer.baseAddress, readBuffer.count)
        guard got > 0 else {
            if got == -Int64(EAGAIN) { return }
            ended(connection, error: got == 0 ? 0 : Int32(truncatingIfNeeded: -got))
            return
        }
        var bytes = UnsafeMutableRawBufferPointer(rebasing: readBuffer[..<Int(got)])
        guard let session = connection.tls else {
            take(connection, bytes, ends: false)
            return
        }
        var count = 0
        let step = session.receive(UnsafeRawBufferPointer(bytes), plain: plainBuffer, count: &count, output: &connection.output)
        if !connection.output.isEmpty { markDirty(connection) }
        bytes = UnsafeMutableRawBufferPointer(rebasing: plainBuffer[..<count])
        if connection.state == .tls, session.isEstablished {
            connection.state = .handshake
            if !connection.isServer { sendRequest(connection) }
        }
        switch step {
        case .going: take(connection, bytes, ends: false)
        case .ended: take(connection, bytes, ends: true)
        case .failed(let error):
            // The alert for the other side still goes out.
            write(connection)
            end(connection, connection.state == .tls ? .tlsFailure : .abnormal, detail: error.text, lingers: true)
        }
    }

    /// Plain bytes of a connection, by its state.
    private func take(_ connection: Connection, _ bytes: UnsafeMutableRawBufferPointer, ends: Bool) {
        switch connection.state {
        case .open, .closing:
            current = connection
            cursor = bytes
            currentEnds = ends
        case .handshake, .deciding:
            connection.input.append(UnsafeRawBufferPointer(bytes))
            readHandshake(connection)
            if ends { ended(connection, error: 0) }
        case .lingering:
            if ends { ended(connection, error: 0) }
        case .connecting, .tls: if ends { ended(connection, error: 0) }
        }
    }

    /// Frames that came right behind the handshake.
    func beginLeftover(_ connection: Connection) {
        guard connection.state == .open || connection.state == .closing, !connection.input.isEmpty else {
            connection.input.release()
            return
        }
        let size = min(connection.input.count, readBuffer.count)
        readBuffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: connection.input.bytes[..<size]))
        connection.input.consume(size)
        if !connection.input.isEmpty { withLeftover.append(connection) }
        current = connection
        cursor = UnsafeMutableRawBufferPointer(rebasing: readBuffer[..<size])
        currentEnds = false
    }

    /// The next message in what was read last.
    @inline(__always)
    func continueDecoding() -> TransportEvent? {
        guard let connection = current else { return nil }
        while connection.state == .open || connection.state == .closing {
            guard let event = connection.codec.decode(&cursor) else { break }
            switch event {
            case .text(let bytes): if connection.state == .open { return .text(connection.id, bytes) }
            case .binary(let bytes): if connection.state == .open { return .binary(connection.id, bytes) }
            case .pong:
                connection.pongDue = .max
                if connection.state == .open { return .pong(connection.id) }
            case .ping(let bytes):
                frame(connection) { codec, output in codec.encode(pong: bytes, into: &output) }
            case .close(let code, let reason): peerCloses(connection, code, reason)
            case .failed(let violation):
                frame(connection) { codec, output in codec.encode(close: violation.code, reason: violation.text, into: &output) }
                end(connection, violation.code, reason: violation.text, detail: "the peer sent \(violation.text)", lingers: true)
            }
        }
        connection.codec.releaseMessage()
        current = nil
        if currentEnds { ended(connection, error: 0) }
        return nil
    }

    private func peerCloses(_ connection: Connection, _ code: CloseCode, _ reason: UnsafeRawBufferPointer) {
        let text = String(decoding: reason, as: UTF8.self)
        if connection.state == .closing, var closing = connection.closing {
            if code != .none { closing.code = code }
            end(connection, closing, lingers: true)
            return
        }
        frame(connection) { codec, output in codec.encode(close: code, into: &output) }
        let told = code == .none ? "without a code" : "with \(code.rawValue)" + (text.isEmpty ? "" : " (\(text))")
        end(connection, code, reason: text, byPeer: true, detail: "the peer closed \(told)", lingers: true)
    }

    /// The peer's stream is over, in order or with an error.
    func ended(_ connection: Connection, error: Int32) {
        switch connection.state {
        case .lingering: remove(connection)
        case .closing:
            if var closing = connection.closing {
                closing.code = .abnormal
                closing.detail += "; the peer ended the connection without a close frame"
                end(connection, closing, lingers: false)
            }
        case .open:
            let text = error == 0 ? "the peer ended the connection without a close frame" : words(of: error)
            end(connection, .abnormal, byPeer: true, detail: text)
        case .tls: end(connection, .tlsFailure, byPeer: true, detail: error == 0 ? "the peer ended the connection during the TLS handshake" : words(of: error))
        case .connecting, .handshake, .deciding:
            let text = error == 0 ? "the peer ended the connection during the handshake" : words(of: error)
            end(connection, .abnormal, byPeer: true, detail: text)
        }
    }

    // MARK: - Ends

    func end(_ connection: Connection, _ code: CloseCode, reason: String = "", byPeer: Bool = false, status: Int? = nil, detail: String, lingers: Bool = false)
    {
        let wasOpen = connection.state == .open || connection.state == .closing
        end(connection, Closing(code: code, reason: reason, byPeer: byPeer, wasOpen: wasOpen, httpStatus: status, detail: detail), lingers: lingers)
    }

    /// Tells the end of a connection and drops it, or keeps it for the time that the last bytes need.
    func end(_ connection: Connection, _ closing: Closing, lingers: Bool) {
        guard connection.state != .lingering else { return }
        tell(.closed(connection.id, closing))
        connection.state = .lingering
        guard lingers, connection.descriptor >= 0 else {
            remove(connection)
            return
        }
        connection.request = nil
        connection.input.release()
        connection.nextPing = .max
        connection.pongDue = .max
        connection.isReadingPaused = false
        connection.isCongested = false
        // A server ends its stream first (RFC 6455 section 7.1.1) and waits for the client's end, so that no reset overtakes the close frame.
        connection.wantsShutdown = connection.isServer || !closing.wasOpen
        connection.stateDeadline = time &+ 1_000_000_000
        if let session = connection.tls, connection.wantsShutdown { session.end(output: &connection.output) }
        schedule(connection)
        markDirty(connection)
    }

    /// What has come due.
    func runDeadlines() {
        while deadlines.earliest <= time, let entry = deadlines.removeEarliest() {
            guard let connection = connection(slot: entry.id.slot, serial: entry.id.serial), connection.entryTime == entry.time else { continue }
            connection.entryTime = .max
            if connection.stateDeadline <= time {
                overdue(connection)
            } else if connection.pongDue <= time {
                end(connection, .abnormal, detail: "no pong within \(connection.pongDeadline / 1_000_000) ms: the peer is gone")
            } else if connection.nextPing <= time {
                connection.nextPing = time &+ connection.pingInterval
                if connection.pongDue == .max { connection.pongDue = time &+ connection.pongDeadline }
                frame(connection) { codec, output in codec.encode(ping: UnsafeRawBufferPointer(start: nil, count: 0), into: &output) }
            }
            if connection.nextByte <= time, !connection.trickled.isEmpty { write(connection) }
            if connection.descriptor >= 0 { schedule(connection) }
        }
    }

    private func overdue(_ connection: Connection) {
        connection.stateDeadline = .max
        switch connection.state {
        case .lingering: remove(connection)
        case .closing:
            if var closing = connection.closing {
                closing.code = .abnormal
                closing.detail += "; no close frame came back in time"
                end(connection, closing, lingers: false)
            }
        case .connecting: end(connection, .abnormal, detail: "the connection to \(connection.peer): timed out")
        case .tls: end(connection, .tlsFailure, detail: "the TLS handshake took too long")
        case .handshake, .deciding: end(connection, .abnormal, detail: "the handshake took too long")
        case .open: break
        }
    }
}
