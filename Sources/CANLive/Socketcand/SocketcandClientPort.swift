import CAN
import CLinux
import Glibc
import Transport

/// A bus of a socketcand server, in raw mode; connects again when the server is gone.
final class SocketcandClientPort: CANPort {
    private enum State {
        case down, connecting, greeting, opening, choosingMode, raw
    }

    private let bus: String
    private let addresses: [SocketAddress]
    private var stream: SocketcandStream?
    private var state = State.down
    /// Which address is tried next.
    private var next = 0
    /// A server has so long until it is in raw mode, nanoseconds.
    private static let handshakeTime: UInt64 = 5_000_000_000

    init(
        _ ports: CANPorts, _ address: BusAddress, _ settings: CANPortSettings, host: String, port: UInt16, bus: String
    ) throws(CANPortError) {
        self.bus = bus
        do { addresses = try SocketAddress.resolve(host: host, port: port) } catch { throw CANPortError(text: error.text) }
        super.init(ports, address, settings)
        connect()
    }

    override var waiting: Int { stream?.output.count ?? 0 }

    // MARK: Connection

    private func connect() {
        let address = addresses[next % addresses.count]
        next += 1
        let descriptor = clinux_socket(address.family)
        guard descriptor >= 0 else { return wentDown("a socket for \(address): \(words(of: -descriptor))") }
        _ = clinux_set_no_delay(descriptor)
        let stream = SocketcandStream(descriptor: descriptor)
        let result = address.withPointer { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else { return wentDown("the connection to \(address): \(words(of: errno))") }
        do throws(TransportError) {
            stream.watchID = try watch(descriptor, for: .writable)
        } catch {
            return wentDown(error.text)
        }
        self.stream = stream
        state = .connecting
        deadline = clinux_now() &+ Self.handshakeTime
    }

    override func close() {
        unwatch(stream?.watchID)
        stream?.close()
        stream = nil
        state = .down
    }

    private func lose(_ text: String) {
        close()
        wentDown(text)
    }

    private func lose(_ end: SocketcandStream.End) {
        switch end {
        case .closed: lose(state == .raw ? "the server closed the connection" : "the server closed the connection before it served the bus '\(bus)'")
        case .failed(let error): lose(words(of: error))
        case .notUnderstood: lose("the server does not speak socketcand's protocol")
        case .tooSlow: lose("the server does not read: \(SocketcandStream.outputLimit >> 20) MiB waited for it")
        }
    }

    override func due(at now: UInt64) {
        if state == .down { connect() } else if state != .raw { lose("the server did not serve the bus '\(bus)' in time") }
    }

    // MARK: Out

    override func send(_ frame: CANWideFrame) -> CANSendResult {
        let head = frame.frame
        guard !head.isFD, !head.isRemote, !head.isError else {
            counters.unsendable += 1
            if counters.unsendable == 1 { tell("socketcand carries classic data frames only; FD, remote and error frames are not sent") }
            return .failed
        }
        guard state == .raw, let stream else {
            counters.unsent += 1
            return .failed
        }
        guard stream.output.count < settings.queueLimit * SocketcandWriter.longestFrame else {
            counters.unsent += 1
            return .full
        }
        SocketcandWriter.send(head, into: &stream.output)
        counters.sent &+= 1
        if stream.output.count > 32768 { flush() } else { markDirty() }
        return .accepted
    }

    override func flush() {
        guard let stream, state != .connecting else { return }
        do throws(SocketcandStream.End) { try stream.write(ports.loop) } catch { lose(error) }
    }

    private func say(_ text: String) {
        guard let stream else { return }
        SocketcandWriter.text(text, into: &stream.output)
        markDirty()
    }

    // MARK: In

    override func ready(_ id: WatchID, _ readiness: Readiness) {
        guard let stream, stream.watchID == id else { return }
        if state == .connecting {
            let error = clinux_socket_error(stream.descriptor)
            guard error == 0 else { return lose("the connection to \(addresses[(next - 1) % addresses.count]): \(words(of: error))") }
            state = .greeting
            ports.loop.watch(id, for: .readable)
            return
        }
        do throws(SocketcandStream.End) {
            if readiness.contains(.writable) { try stream.write(ports.loop) }
            if readiness.contains(.readable) || readiness.contains(.hungUp) {
                try stream.read { heard(SocketcandMessage($0)) }
            }
        } catch {
            lose(error)
        }
    }

    private func heard(_ message: SocketcandMessage) {
        switch message {
        case .frame(let frame, let time), .errorReport(let frame, let time):
            // What comes behind the last '< ok >' in one piece counts already.
            guard state == .raw else { return }
            if settings.accepts(frame.rawIdentifier) { receive(CANWideFrame(frame), arrival: time) }
        case .hi where state == .greeting:
            state = .opening
            say("open \(bus)")
        case .ok where state == .opening:
            state = .choosingMode
            say("rawmode")
        case .ok where state == .choosingMode:
            state = .raw
            deadline = .max
            wentUp()
        case .error(let words):
            if state == .raw { tell("the server answers: \(words)") } else { refusal = words }
            counters.malformed += 1
        default: counters.malformed += 1
        }
        if let refusal {
            self.refusal = nil
            lose("the server refuses: \(refusal)")
        }
    }

    /// What the server said instead of `< ok >`.
    private var refusal: String?
}
