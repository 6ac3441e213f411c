import CAN
import CLinux
import Glibc
import Transport

/// An interface of the kernel's SocketCAN, classic and FD, with error reports.
///
/// Layouts are those of `can_frame` (16 bytes) and `canfd_frame` (72 bytes) in linux/can.h.
final class SocketCANPort: CANPort {
    private let interface: String
    private var descriptor: Int32 = -1
    private var watchID: WatchID?
    private var isWaitingForRoom = false
    /// Frames that wait, 72 bytes each.
    private var output = ByteQueue()
    private var losses: UInt32 = 0
    private let input = UnsafeMutableRawPointer.allocate(byteCount: SocketCANPort.slot * SocketCANPort.batch, alignment: 8)
    private let heads = UnsafeMutablePointer<clinux_datagram>.allocate(capacity: SocketCANPort.batch)
    private let lengths = UnsafeMutablePointer<UInt32>.allocate(capacity: SocketCANPort.batch)
    private var toldOfFD = false

    static let slot = 72
    private static let batch = 64

    init(_ ports: CANPorts, _ address: BusAddress, _ settings: CANPortSettings, interface: String) throws(CANPortError) {
        self.interface = interface
        super.init(ports, address, settings)
        try open()
        wentUp()
    }

    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
        input.deallocate()
        heads.deallocate()
        lengths.deallocate()
    }

    override var waiting: Int { output.count / Self.slot }

    private func open() throws(CANPortError) {
        if let obstacle = SocketCAN.obstacle(to: interface) { throw CANPortError(text: obstacle) }
        let descriptor = clinux_can_open(interface)
        guard descriptor >= 0 else { throw CANPortError(text: SocketCAN.words(of: -descriptor, interface)) }
        _ = clinux_prepare_datagrams(descriptor, settings.bufferSize)
        do throws(TransportError) {
            if !settings.filters.isEmpty {
                // A mask with the flag of errors would be a filter for error reports, which come anyway.
                let pairs = settings.filters.flatMap { [$0.match & ~CANFrame.errorFlag, $0.mask & ~CANFrame.errorFlag] }
                guard clinux_can_filter(descriptor, pairs, Int32(clamping: settings.filters.count)) == 0 else {
                    throw TransportError("more than 512 filters are too many for an interface")
                }
            }
            watchID = try watch(descriptor, for: .readable)
        } catch {
            Glibc.close(descriptor)
            throw CANPortError(text: error.text)
        }
        self.descriptor = descriptor
        losses = 0
    }

    override func close() {
        unwatch(watchID)
        watchID = nil
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
        output.release()
    }

    private func lose(_ error: Int32) {
        counters.unsent += UInt64(output.count / Self.slot)
        close()
        wentDown(SocketCAN.words(of: error, interface))
    }

    override func due(at now: UInt64) {
        guard descriptor < 0 else { return flush() }
        do {
            try open()
            wentUp()
        } catch {
            wentDown(error.text)
        }
    }

    // MARK: Out

    override func send(_ frame: CANWideFrame) -> CANSendResult {
        guard descriptor >= 0 else {
            counters.unsent += 1
            return .failed
        }
        if output.count >= settings.queueLimit * Self.slot {
            flush()
            guard output.count < settings.queueLimit * Self.slot else {
                counters.unsent += 1
                return .full
            }
        }
        SocketCAN.store(frame, at: output.room(Self.slot))
        output.commit(Self.slot)
        if output.count >= Self.slot * Self.batch, !isWaitingForRoom, deadline == .max { flush() } else { markDirty() }
        return .accepted
    }

    override func flush() {
        while descriptor >= 0, !output.isEmpty {
            let bytes = output.bytes
            guard let base = bytes.baseAddress else { return }
            let count = min(bytes.count / Self.slot, Self.batch)
            for index in 0..<count { lengths[index] = SocketCAN.length(at: base + index * Self.slot) }
            let sent = clinux_send_datagrams(descriptor, base, Self.slot, lengths, Int32(count))
            if sent > 0 {
                counters.sent &+= UInt64(sent)
                output.consume(Int(sent) * Self.slot)
            } else if sent == -EAGAIN {
                return watchForRoom(true)
            } else if sent == -ENOBUFS {
                // The queue of the interface is full; the kernel does not tell when it has room.
                deadline = clinux_now() &+ 1_000_000
                return
            } else if sent == -EINVAL || sent == -EMSGSIZE {
                // An interface without FD takes no FD frame (mtu 16).
                counters.unsendable += 1
                output.consume(Self.slot)
                if !toldOfFD { tell("\(interface) takes no FD frames ('ip link set \(interface) mtu 72' for vcan)") }
                toldOfFD = true
            } else {
                return lose(-sent)
            }
        }
        if isWaitingForRoom { watchForRoom(false) }
    }

    private func watchForRoom(_ isWaiting: Bool) {
        isWaitingForRoom = isWaiting
        if let watchID { ports.loop.watch(watchID, for: isWaiting ? [.readable, .writable] : .readable) }
    }

    // MARK: In

    override func ready(_ id: WatchID, _ readiness: Readiness) {
        if readiness.contains(.writable) { flush() }
        for _ in 0..<4 where descriptor >= 0 {
            let count = clinux_receive_datagrams(descriptor, input, Self.slot, heads, Int32(Self.batch), nil)
            if count == -EAGAIN { return }
            guard count >= 0 else { return lose(-count) }
            for index in 0..<Int(count) {
                let head = heads[index]
                if head.has_lost != 0 {
                    counters.lost &+= UInt64(head.lost &- losses)
                    losses = head.lost
                }
                if let frame = SocketCAN.frame(at: input + index * Self.slot, length: head.length) {
                    receive(frame, arrival: head.arrival)
                } else {
                    counters.malformed += 1
                }
            }
            if count < Self.batch { return }
        }
    }
}
