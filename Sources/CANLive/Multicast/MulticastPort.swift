import CAN
import CLinux
import Glibc
import Transport

/// The bus of python-can's `udp_multicast`: a datagram to a group for each frame.
///
/// It hears all others of the group on this machine and, through the interface of the group's route, on this link; its own datagrams are known by
/// the address and port that they come from.
final class MulticastPort: CANPort {
    private let target: SocketAddress
    private let interfaceIndex: UInt32
    private var receiver: Int32 = -1
    private var sender: Int32 = -1
    /// Address and port of `sender`.
    private var own: SocketAddress?
    private var watchID: WatchID?
    private var senderWatch: WatchID?
    private var isWaitingForRoom = false
    /// Datagrams that wait, in places of `place` bytes, with the length in the last two.
    private var output = ByteQueue()
    private var losses: UInt32 = 0
    private let input = UnsafeMutableRawPointer.allocate(byteCount: MulticastCodec.longestRead * MulticastPort.batch, alignment: 8)
    private let heads = UnsafeMutablePointer<clinux_datagram>.allocate(capacity: MulticastPort.batch)
    private let lengths = UnsafeMutablePointer<UInt32>.allocate(capacity: MulticastPort.batch)

    private static let batch = 64
    private static let place = MulticastCodec.maximumLength + 8

    init(
        _ ports: CANPorts, _ address: BusAddress, _ settings: CANPortSettings, group: String, port: UInt16, interface: String?
    ) throws(CANPortError) {
        interfaceIndex = interface.map { clinux_interface_index($0) } ?? 0
        if let interface, interfaceIndex == 0 { throw CANPortError(text: "there is no interface \(interface)") }
        do throws(TransportError) {
            guard let found = try SocketAddress.resolve(host: group, port: port).first else { throw TransportError("the group \(group) is no address") }
            target = found
        } catch {
            throw CANPortError(text: error.text)
        }
        super.init(ports, address, settings)
        try open()
        wentUp()
    }

    deinit {
        if receiver >= 0 { Glibc.close(receiver) }
        if sender >= 0 { Glibc.close(sender) }
        input.deallocate()
        heads.deallocate()
        lengths.deallocate()
    }

    override var waiting: Int { output.count / Self.place }

    private func open() throws(CANPortError) {
        receiver = clinux_datagram_socket(target.family)
        sender = clinux_datagram_socket(target.family)
        losses = 0
        do throws(TransportError) {
            guard receiver >= 0, sender >= 0 else { throw TransportError("a UDP socket: \(words(of: -min(receiver, sender)))") }
            _ = clinux_prepare_datagrams(receiver, settings.bufferSize)
            _ = clinux_prepare_datagrams(sender, settings.bufferSize)
            try check(target.withPointer { clinux_join_group(receiver, $0, $1, interfaceIndex) })
            try check(clinux_prepare_group_sender(sender, interfaceIndex))
            try check(target.withPointer { Glibc.connect(sender, $0, $1) == 0 ? 0 : -errno })
            own = SocketAddress(of: sender)
            watchID = try watch(receiver, for: .readable)
        } catch {
            close()
            throw CANPortError(text: error.text)
        }
    }

    private func check(_ result: Int32) throws(TransportError) {
        guard result < 0 else { return }
        let noWay = -result == ENODEV || -result == ENETUNREACH || -result == EADDRNOTAVAIL
        let remedy = noWay ? "; for this machine alone write '@lo' behind the port, or 'ip route add 224.0.0.0/4 dev lo'" : ""
        throw TransportError("the group \(target): \(words(of: -result))\(remedy)")
    }

    override func close() {
        unwatch(watchID)
        unwatch(senderWatch)
        (watchID, senderWatch) = (nil, nil)
        if receiver >= 0 { Glibc.close(receiver) }
        if sender >= 0 { Glibc.close(sender) }
        (receiver, sender) = (-1, -1)
        isWaitingForRoom = false
        output.release()
    }

    private func lose(_ error: Int32) {
        counters.unsent += UInt64(waiting)
        close()
        wentDown(words(of: error))
    }

    override func due(at now: UInt64) {
        guard receiver < 0 else { return flush() }
        do {
            try open()
            wentUp()
        } catch {
            wentDown(error.text)
        }
    }

    // MARK: Out

    override func send(_ frame: CANWideFrame) -> CANSendResult {
        guard sender >= 0 else {
            counters.unsent += 1
            return .failed
        }
        if waiting >= settings.queueLimit {
            flush()
            guard waiting < settings.queueLimit else {
                counters.unsent += 1
                return .full
            }
        }
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let place = output.room(Self.place)
        let length = MulticastCodec.encode(frame, timestamp: Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9, into: place)
        place.storeBytes(of: UInt32(length), toByteOffset: Self.place - 4, as: UInt32.self)
        output.commit(Self.place)
        if output.count >= Self.place * Self.batch, !isWaitingForRoom, deadline == .max { flush() } else { markDirty() }
        return .accepted
    }

    override func flush() {
        while sender >= 0, !output.isEmpty {
            guard let base = output.bytes.baseAddress else { return }
            let count = min(waiting, Self.batch)
            for index in 0..<count { lengths[index] = base.loadUnaligned(fromByteOffset: (index + 1) * Self.place - 4, as: UInt32.self) }
            let sent = clinux_send_datagrams(sender, base, Self.place, lengths, Int32(count))
            if sent > 0 {
                counters.sent &+= UInt64(sent)
                output.consume(Int(sent) * Self.place)
            } else if sent == -EAGAIN {
                return watchForRoom(true)
            } else if sent == -ENOBUFS {
                deadline = clinux_now() &+ 1_000_000
                return
            } else {
                return lose(-sent)
            }
        }
        if isWaitingForRoom { watchForRoom(false) }
    }

    private func watchForRoom(_ isWaiting: Bool) {
        isWaitingForRoom = isWaiting
        if isWaiting {
            senderWatch = try? watch(sender, for: .writable)
        } else {
            unwatch(senderWatch)
            senderWatch = nil
        }
    }

    // MARK: In

    override func ready(_ id: WatchID, _ readiness: Readiness) {
        guard id == watchID else { return flush() }
        for _ in 0..<4 where receiver >= 0 {
            let count = take()
            if count == -EAGAIN { return }
            guard count >= 0 else { return lose(-count) }
            for index in 0..<Int(count) {
                let head = heads[index]
                if head.has_lost != 0 {
                    counters.lost &+= UInt64(head.lost &- losses)
                    losses = head.lost
                }
                guard head.is_own == 0 else { continue }
                let bytes = UnsafeRawBufferPointer(start: input + index * MulticastCodec.longestRead, count: Int(head.length))
                guard head.is_cut == 0, let frame = MulticastCodec.decode(bytes) else {
                    counters.malformed += 1
                    continue
                }
                if settings.accepts(frame.frame.rawIdentifier) { receive(frame, arrival: head.arrival) }
            }
            if count < Self.batch { return }
        }
    }

    private func take() -> Int32 {
        guard let own else { return clinux_receive_datagrams(receiver, input, MulticastCodec.longestRead, heads, Int32(Self.batch), nil) }
        return own.withPointer { address, _ in
            clinux_receive_datagrams(receiver, input, MulticastCodec.longestRead, heads, Int32(Self.batch), address)
        }
    }
}
