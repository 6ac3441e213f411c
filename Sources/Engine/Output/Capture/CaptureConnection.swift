/// One TCP connection over IPv4 and Ethernet as packets: handshake, data in segments, acknowledgements, end.
///
/// The packets are those that a tap beside both hosts would see: each side acknowledges with its next data, or on its own when
/// the other one sends again before that.
struct CaptureConnection {
    /// One of the two hosts.
    struct Host {
        /// Number of the node in the scenario; MAC and IPv4 address come from it.
        let node: Int
        let port: UInt16
        /// Sequence number of the next byte.
        fileprivate var sequence: UInt32
        /// Identification of the next IPv4 packet.
        fileprivate var identification: UInt16
        /// Whether it has data to acknowledge.
        fileprivate var owesAcknowledgement = false

        /// `10.0.0.1` for node 0, and so on.
        var address: UInt32 { 10 << 24 | UInt32(truncatingIfNeeded: node + 1) & 0xFF_FFFF }

        init(node: Int, port: UInt16, sequence: UInt32) {
            self.node = node
            self.port = port
            self.sequence = sequence
            identification = UInt16(truncatingIfNeeded: sequence >> 16)
        }
    }

    struct Flags {
        static let end: UInt8 = 0x01
        static let synchronize: UInt8 = 0x02
        static let reset: UInt8 = 0x04
        static let push: UInt8 = 0x08
        static let acknowledge: UInt8 = 0x10
    }

    /// Bytes of data in one segment of Ethernet.
    static let segment = 1460
    /// The receiver acknowledges after so many segments at the latest.
    private static let burst = 32

    private(set) var client: Host
    private(set) var server: Host
    /// Takes each packet.
    typealias Sink = (_ packet: [UInt8], _ comment: String?) -> Void

    init(client: Host, server: Host) {
        self.client = client
        self.server = server
    }

    // MARK: What happens on it

    mutating func open(_ sink: Sink) {
        send(up: true, Flags.synchronize, [], sink)
        send(up: false, Flags.synchronize | Flags.acknowledge, [], sink)
        send(up: true, Flags.acknowledge, [], sink)
    }

    /// Data in one direction; the comment goes with the last segment, with which it is whole.
    mutating func data(up: Bool, _ bytes: [UInt8], comment: String? = nil, _ sink: Sink) {
        guard !bytes.isEmpty else { return }
        acknowledge(up: !up, sink)
        var start = 0
        var count = 0
        while start < bytes.count {
            let end = min(start + Self.segment, bytes.count)
            let isLast = end == bytes.count
            send(up: up, Flags.acknowledge | (isLast ? Flags.push : 0), bytes[start..<end], comment: isLast ? comment : nil, sink)
            start = end
            count += 1
            if count % Self.burst == 0, !isLast { acknowledge(up: !up, sink) }
        }
    }

    /// Both sides end it in order, `up` says who begins.
    mutating func close(up: Bool, _ sink: Sink) {
        acknowledge(up: !up, sink)
        send(up: up, Flags.end | Flags.acknowledge, [], sink)
        send(up: !up, Flags.end | Flags.acknowledge, [], sink)
        send(up: up, Flags.acknowledge, [], sink)
    }

    /// One side drops it.
    mutating func reset(up: Bool, _ sink: Sink) { send(up: up, Flags.reset | Flags.acknowledge, [], sink) }

    private mutating func acknowledge(up: Bool, _ sink: Sink) {
        if up ? client.owesAcknowledgement : server.owesAcknowledgement { send(up: up, Flags.acknowledge, [], sink) }
    }

    // MARK: Packets

    private mutating func send(up: Bool, _ flags: UInt8, _ data: ArraySlice<UInt8>, comment: String? = nil, _ sink: Sink) {
        let (from, to) = up ? (client, server) : (server, client)
        var packet: [UInt8] = []
        packet.reserveCapacity(78 + data.count)
        for host in [to, from] {
            packet.append(big: UInt16(0x0200))
            packet.append(big: UInt32(truncatingIfNeeded: host.node + 1))
        }
        packet.append(big: UInt16(0x0800))
        // The first packet of each side says how long segments may be, and that windows count in units of 128 bytes.
        let options: [UInt8] = flags & Flags.synchronize != 0 ? [2, 4, UInt8(Self.segment >> 8), UInt8(Self.segment & 0xFF), 1, 3, 3, 7] : []
        internet(from, to, count: 20 + options.count + data.count, into: &packet)
        let start = packet.count
        packet.append(big: from.port)
        packet.append(big: to.port)
        packet.append(big: from.sequence)
        packet.append(big: flags & Flags.acknowledge != 0 ? to.sequence : 0)
        packet.append(UInt8((20 + options.count) / 4) << 4)
        packet.append(flags)
        packet.append(big: UInt16(0xFFFF))
        packet.append(big: UInt32(0))
        packet += options
        packet += data
        var pseudo: [UInt8] = []
        pseudo.append(big: from.address)
        pseudo.append(big: to.address)
        pseudo.append(big: UInt16(6))
        pseudo.append(big: UInt16(packet.count - start))
        let checksum = Self.checksum(packet[start...], after: Self.sum(pseudo[...]))
        packet[start + 16] = UInt8(checksum >> 8)
        packet[start + 17] = UInt8(checksum & 0xFF)
        count(up: up, UInt32(data.count) &+ (flags & (Flags.synchronize | Flags.end) != 0 ? 1 : 0))
        sink(packet, comment)
    }

    /// What a packet changes at both hosts.
    private mutating func count(up: Bool, _ bytes: UInt32) {
        if up {
            client.sequence &+= bytes
            client.identification &+= 1
            client.owesAcknowledgement = false
            if bytes > 0 { server.owesAcknowledgement = true }
        } else {
            server.sequence &+= bytes
            server.identification &+= 1
            server.owesAcknowledgement = false
            if bytes > 0 { client.owesAcknowledgement = true }
        }
    }

    private func internet(_ from: Host, _ to: Host, count: Int, into packet: inout [UInt8]) {
        let start = packet.count
        packet += [0x45, 0]
        packet.append(big: UInt16(20 + count))
        packet.append(big: from.identification)
        packet.append(big: UInt16(0x4000))
        packet += [64, 6, 0, 0]
        packet.append(big: from.address)
        packet.append(big: to.address)
        let checksum = Self.checksum(packet[start...], after: 0)
        packet[start + 10] = UInt8(checksum >> 8)
        packet[start + 11] = UInt8(checksum & 0xFF)
    }

    private static func sum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.withUnsafeBytes { buffer in
            var total: UInt64 = 0
            var index = 0
            while index + 1 < buffer.count {
                total += UInt64(buffer[index]) << 8 | UInt64(buffer[index + 1])
                index += 2
            }
            if index < buffer.count { total += UInt64(buffer[index]) << 8 }
            return total
        }
    }

    /// The Internet checksum (RFC 1071).
    static func checksum(_ bytes: ArraySlice<UInt8>, after total: UInt64) -> UInt16 {
        var total = total + sum(bytes)
        while total > 0xFFFF { total = total & 0xFFFF + total >> 16 }
        return ~UInt16(total)
    }
}
