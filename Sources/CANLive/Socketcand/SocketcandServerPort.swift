import CAN
import CLinux
import Glibc
import Transport

/// A socketcand server with one bus: what its clients send comes in, and goes to the other clients as on a real bus.
final class SocketcandServerPort: CANPort {
    private let bus: String
    private let host: String
    private var listener: Int32 = -1
    private var listenerWatch: WatchID?
    private var port: UInt16
    /// Clients in the order in which they came.
    private var sessions: [SocketcandSession] = []
    private var sessionOfWatch: [WatchID: SocketcandSession] = [:]
    private var beacon: SocketcandBeacon?

    init(
        _ ports: CANPorts, _ address: BusAddress, _ settings: CANPortSettings, host: String, port: UInt16, bus: String, sendsBeacon: Bool
    ) throws(CANPortError) {
        (self.bus, self.host, self.port) = (bus, host, port)
        super.init(ports, address, settings)
        do throws(TransportError) { try listen() } catch { throw CANPortError(text: error.text) }
        if sendsBeacon {
            beacon = SocketcandBeacon(bus: bus, host: host, port: self.port, isLocal: address.isLocal)
            deadline = clinux_now()
        }
        wentUp()
    }

    deinit { if listener >= 0 { Glibc.close(listener) } }

    override var listeningPort: UInt16? { port }
    override var waiting: Int { sessions.reduce(0) { $0 + $1.stream.output.count } }

    private func listen() throws(TransportError) {
        guard let bound = try SocketAddress.resolve(host: host, port: port, isListening: true).first else { throw TransportError("no address \(host)") }
        listener = clinux_socket(bound.family)
        guard listener >= 0 else { throw TransportError("a socket for \(bound): \(words(of: -listener))") }
        var on: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard bound.withPointer({ bind(listener, $0, $1) }) == 0, Glibc.listen(listener, 64) == 0 else {
            let error = errno
            Glibc.close(listener)
            listener = -1
            let owner = error == EADDRINUSE ? PortProbe.owner(of: port).map { " by \($0)" } ?? "" : ""
            throw TransportError("cannot listen on \(bound): \(words(of: error))\(owner)")
        }
        port = SocketAddress(of: listener)?.port ?? port
        listenerWatch = try watch(listener, for: .readable)
    }

    override func close() {
        unwatch(listenerWatch)
        listenerWatch = nil
        for session in sessions {
            unwatch(session.stream.watchID)
            session.stream.close()
        }
        sessions = []
        sessionOfWatch = [:]
        if listener >= 0 { Glibc.close(listener) }
        listener = -1
        beacon = nil
    }

    // MARK: Clients

    private func accept() {
        for _ in 0..<16 {
            var storage = sockaddr_storage()
            var length: socklen_t = 0
            let descriptor = clinux_accept(listener, &storage, &length)
            guard descriptor >= 0 else {
                if descriptor != -EAGAIN {
                    // Without free descriptors the loop would wake again and again: the listener rests for a moment.
                    unwatch(listenerWatch)
                    listenerWatch = nil
                    schedule()
                }
                return
            }
            let stream = SocketcandStream(descriptor: descriptor)
            guard sessions.count < settings.clientLimit, let id = try? watch(descriptor, for: .readable) else {
                SocketcandWriter.text("error too many clients", into: &stream.output)
                try? stream.write(ports.loop)
                continue
            }
            _ = clinux_set_no_delay(descriptor)
            stream.watchID = id
            let session = SocketcandSession(stream, peer: SocketAddress(storage: storage, length: length).description, at: clinux_now())
            sessions.append(session)
            sessionOfWatch[id] = session
            write(session)
            schedule()
        }
    }

    private func end(_ session: SocketcandSession, _ end: SocketcandStream.End?) {
        guard let index = sessions.firstIndex(where: { $0 === session }) else { return }
        sessions.remove(at: index)
        if let id = session.stream.watchID { sessionOfWatch[id] = nil }
        unwatch(session.stream.watchID)
        session.stream.close()
        switch end {
        case .tooSlow: tell("the client \(session.peer) does not read; it is cut off")
        case .notUnderstood: tell("the client \(session.peer) does not speak socketcand's protocol; it is cut off")
        case .closed, .failed, nil: break
        }
    }

    private func write(_ session: SocketcandSession) {
        do throws(SocketcandStream.End) { try session.stream.write(ports.loop) } catch { end(session, error) }
    }

    override func flush() {
        for session in sessions where !session.stream.output.isEmpty { write(session) }
    }

    private func schedule() {
        deadline = sessions.reduce(beacon?.next ?? .max) { min($0, $1.deadline) }
        if listenerWatch == nil, listener >= 0 { deadline = min(deadline, clinux_now() &+ 100_000_000) }
    }

    override func due(at now: UInt64) {
        if listenerWatch == nil, listener >= 0 { listenerWatch = try? watch(listener, for: .readable) }
        beacon?.due(at: now)
        for session in sessions {
            if session.due(at: now) { write(session) } else { end(session, nil) }
        }
        schedule()
    }

    // MARK: Out

    override func send(_ frame: CANWideFrame) -> CANSendResult {
        let head = frame.frame
        guard !head.isFD, !head.isRemote else {
            counters.unsendable += 1
            if counters.unsendable == 1 { tell("socketcand carries classic data frames only; FD and remote frames are not sent") }
            return .failed
        }
        counters.sent &+= 1
        spread(head, except: nil, nanoseconds: Self.clock())
        return .accepted
    }

    private func spread(_ frame: CANFrame, except sender: SocketcandSession?, nanoseconds: Int64) {
        guard !sessions.isEmpty else { return }
        let now = clinux_now()
        var isHeld = false
        for session in sessions where session !== sender {
            if session.tell(frame, nanoseconds: nanoseconds, at: now) {
                // Large amounts go out at once, and who does not read is found out.
                if session.stream.output.count > 32768 { write(session) } else { markDirty() }
            } else {
                isHeld = true
            }
        }
        if isHeld { schedule() }
    }

    private static func clock() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    // MARK: In

    override func ready(_ id: WatchID, _ readiness: Readiness) {
        if id == listenerWatch { return accept() }
        guard let session = sessionOfWatch[id] else { return }
        do throws(SocketcandStream.End) {
            if readiness.contains(.writable) { try session.stream.write(ports.loop) }
            if readiness.contains(.readable) || readiness.contains(.hungUp) {
                let (now, clock) = (clinux_now(), Self.clock())
                try session.stream.read { take(SocketcandMessage($0), from: session, now, clock) }
                try session.stream.write(ports.loop)
                schedule()
            }
        } catch {
            end(session, error)
        }
    }

    private func take(_ message: SocketcandMessage, from session: SocketcandSession, _ now: UInt64, _ clock: Int64) {
        let (frame, isWrong) = session.heard(message, bus: bus, at: now)
        if isWrong { counters.malformed += 1 }
        guard let frame else { return }
        spread(frame, except: session, nanoseconds: clock)
        if settings.accepts(frame.rawIdentifier) { receive(CANWideFrame(frame), arrival: clock) }
    }
}
