import CAN
import JSONText
import OCPP
import Quantities

/// Writes `capture.pcapng`: what a network tap and CAN adapters beside the nodes of a run would have recorded.
///
/// OCPP messages travel in WebSocket frames over TCP, one connection for each link and each time that it was opened. Node 0 has the
/// address 10.0.0.1, node 1 10.0.0.2, and so on; central systems listen on port 80. Instants are those of sending. The ground truth
/// stands in comments of packets, `label=KIND`. Keys, masks and sequence numbers are functions of link and count, so that the same run
/// gives the same bytes.
final class CaptureWriter {
    /// How a connection ends.
    enum Ending {
        /// A WebSocket close frame with its code, answered, then the end of the TCP connection.
        case handshake(code: UInt16)
        /// A TCP reset.
        case reset
        /// Nothing that anybody could see: a cable that was pulled.
        case silence
    }

    private struct Line {
        let chargePoint: Int
        let centralSystem: Int
        /// Name under which the charge point connects.
        let identity: String
        var connection: CaptureConnection?
        /// How often it was opened.
        var opened = 0
        /// Frames of the charge point, for their masks.
        var frames: UInt64 = 0
    }

    private var file: PacketFile
    private let start: UInt64
    private let nodes: [String]
    private let network: UInt32
    private let buses: [UInt32]
    private var lines: [Line?] = []
    private var areNamed = false
    private let wire: UnsafeMutablePointer<Wire>
    private var packet: [UInt8] = []

    private struct Wire: ~Copyable { var text = ByteWriter(capacity: 1024) }

    init(_ file: OutputFile, epoch: Int64, nodes: [String], buses: [String]) {
        var packets = PacketFile(file, program: "evsim \(evsimVersion)")
        network = packets.interface(.ethernet, name: "network", about: "OCPP between charge points and central systems, at the instants of sending")
        self.buses = buses.map { packets.interface(.socketCAN, name: $0, about: "CAN bus \($0)") }
        self.file = packets
        self.nodes = nodes
        start = UInt64(max(epoch, 0)) &* 1_000_000_000
        wire = .allocate(capacity: 1)
        wire.initialize(to: Wire())
    }

    deinit {
        wire.deinitialize(count: 1)
        wire.deallocate()
    }

    // MARK: What happens

    /// Says between whom a link runs, before anything happens on it; an end that is no node of the run is -1 and gets an address behind those of
    /// the nodes.
    func join(_ link: Int, chargePoint: Int, centralSystem: Int, identity: String) {
        while lines.count <= link { lines.append(nil) }
        let stranger = nodes.count + link
        lines[link] = Line(
            chargePoint: chargePoint < 0 ? stranger : chargePoint, centralSystem: centralSystem < 0 ? stranger : centralSystem, identity: identity)
    }

    /// The charge point has opened its connection.
    func opened(_ link: Int, at instant: Instant) {
        guard var line = lines[safe: link] ?? nil, line.connection == nil else { return }
        open(&line, link, answer: WebSocketHandshake.accepted(key: key(link, line.opened)), at: instant)
        lines[link] = line
    }

    /// The central system has answered the request of a charge point with an HTTP status, and no connection stands.
    func refused(_ link: Int, status: Int, at instant: Instant) {
        guard var line = lines[safe: link] ?? nil, line.connection == nil else { return }
        open(&line, link, answer: WebSocketHandshake.refused(status: status), at: instant)
        line.connection?.close(up: false) { write($0, $1, instant) }
        line.connection = nil
        lines[link] = line
    }

    /// The connection has ended; `up` says that the charge point began it.
    func closed(_ link: Int, _ ending: Ending, up: Bool, at instant: Instant) {
        guard var line = lines[safe: link] ?? nil, line.connection != nil else { return }
        switch ending {
        case .handshake(let code):
            for direction in [up, !up] {
                var payload: [UInt8] = []
                payload.append(big: code)
                payload.withUnsafeBytes { frame(&line, link, up: direction, opcode: 8, $0, comment: nil, at: instant) }
            }
            // The server ends the connection first (RFC 6455, section 7.1.1).
            line.connection?.close(up: false) { write($0, $1, instant) }
        case .reset: line.connection?.reset(up: up) { write($0, $1, instant) }
        case .silence: break
        }
        line.connection = nil
        lines[link] = line
    }

    /// A message is sent; a connection that nobody has opened is opened first.
    func message(_ link: Int, up: Bool, _ message: OCPPMessage, label: String?, at instant: Instant) {
        wire.pointee.text.removeAll()
        message.encode(into: &wire.pointee.text)
        wire.pointee.text.withBytes { self.message(link, up: up, $0, label: label, at: instant) }
    }

    /// The same for a text that exists already.
    func message(_ link: Int, up: Bool, _ bytes: UnsafeRawBufferPointer, label: String?, at instant: Instant) {
        opened(link, at: instant)
        guard var line = lines[safe: link] ?? nil else { return }
        frame(&line, link, up: up, opcode: 1, bytes, comment: label.map { "label=\($0)" }, at: instant)
        lines[link] = line
    }

    /// A frame is sent on a CAN bus.
    func frame(_ wide: CANWideFrame, bus: Int, at instant: Instant) {
        guard let interface = buses[safe: bus] else { return }
        let frame = wide.frame
        packet.removeAll(keepingCapacity: true)
        packet.append(big: frame.rawIdentifier)
        packet.append(UInt8(frame.isRemote ? min(frame.lengthCode, 8) : UInt8(frame.count)))
        packet += [frame.flags.rawValue, 0, frame.lengthCode > 8 && !frame.isFD ? frame.lengthCode : 0]
        for position in 0..<frame.count { packet.append(wide[position]) }
        file.packet(interface, at: start &+ UInt64(max(instant.nanoseconds, 0)), packet)
    }

    // MARK: Parts

    private func open(_ line: inout Line, _ link: Int, answer: [UInt8], at instant: Instant) {
        nameNodes()
        let key = key(link, line.opened)
        let server = CaptureConnection.Host(node: line.centralSystem, port: 80, sequence: UInt32(truncatingIfNeeded: hash(link, line.opened, 3)))
        let client = CaptureConnection.Host(
            node: line.chargePoint, port: 49_152 + UInt16(line.opened % 16_384), sequence: UInt32(truncatingIfNeeded: hash(link, line.opened, 4)))
        var connection = CaptureConnection(client: client, server: server)
        connection.open { write($0, $1, instant) }
        let request = WebSocketHandshake.request(identity: line.identity, host: text(server.address), key: key)
        connection.data(up: true, request) { write($0, $1, instant) }
        connection.data(up: false, answer) { write($0, $1, instant) }
        line.connection = connection
        line.opened += 1
    }

    private func frame(
        _ line: inout Line, _ link: Int, up: Bool, opcode: UInt8, _ payload: UnsafeRawBufferPointer, comment: String?, at instant: Instant
    ) {
        packet.removeAll(keepingCapacity: true)
        var mask: UInt32?
        if up {
            mask = UInt32(truncatingIfNeeded: hash(link, line.opened, 5 &+ line.frames))
            line.frames += 1
        }
        WebSocketHandshake.frame(opcode: opcode, payload, mask: mask, into: &packet)
        line.connection?.data(up: up, packet, comment: comment) { write($0, $1, instant) }
    }

    private func write(_ bytes: [UInt8], _ comment: String?, _ instant: Instant) {
        file.packet(network, at: start &+ UInt64(max(instant.nanoseconds, 0)), bytes, comment: comment)
    }

    /// Names of the nodes by their addresses, so that a reader need not know numbers.
    private func nameNodes() {
        guard !areNamed else { return }
        areNamed = true
        var seen: Set<Int> = []
        var entries: [(UInt32, String)] = []
        for line in lines {
            guard let line else { continue }
            for node in [line.chargePoint, line.centralSystem] where seen.insert(node).inserted {
                entries.append((CaptureConnection.Host(node: node, port: 0, sequence: 0).address, nodes[safe: node] ?? line.identity))
            }
        }
        file.names(entries)
    }

    private func text(_ address: UInt32) -> String {
        stride(from: UInt32(24), through: 0, by: -8).map { String(address >> $0 & 0xFF) }.joined(separator: ".")
    }

    private func key(_ link: Int, _ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(big: hash(link, count, 1))
        bytes.append(big: hash(link, count, 2))
        return bytes
    }

    /// A number that looks random and is the same in each run (the finalizer of SplitMix64).
    private func hash(_ link: Int, _ count: Int, _ purpose: UInt64) -> UInt64 {
        var value = UInt64(truncatingIfNeeded: link) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(truncatingIfNeeded: count) &* 0xD1B5_4A32_D192_ED03 &+ purpose
        for _ in 0..<2 {
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            value ^= value >> 31
        }
        return value
    }
}
