import CAN
import Quantities

/// One message on its way out: BAM to all, RTS/CTS to one (SAE J1939-21 §5.10).
struct J1939Originator {
    enum State: Hashable {
        /// RTS or BAM waits for the bus.
        case announcing
        /// A packet waits for the bus.
        case sending
        /// The next packet waits for its time.
        case pausing
        /// For a CTS or the end of message.
        case awaiting
        /// The responder asked to hold.
        case holding
    }

    let handle: Int
    let message: J1939Message
    let priority: UInt8
    let settings: J1939Transport.Settings
    private(set) var state = State.announcing
    private(set) var deadline: Instant
    private var next = 1
    private var windowEnd = 0
    private var highest = 0
    private var retransmits = 0
    private var lastPacket: Instant

    var packets: Int { J1939Packet.packets(of: message.data.count) }
    var pgn: UInt32 { message.identifier.pgn }
    var destination: UInt8 { message.identifier.destination }
    var isBroadcast: Bool { destination == J1939Identifier.global }

    init(_ message: J1939Message, handle: Int, settings: J1939Transport.Settings, at now: Instant, into outputs: inout [J1939Transport.Output]) {
        self.handle = handle
        self.message = message
        self.settings = settings
        priority = settings.priority ?? message.identifier.priority
        lastPacket = now
        deadline = now + settings.t3
        let count = message.data.count
        let announcement: J1939Packet =
            isBroadcast
            ? .broadcast(count: count, packets: packets, pgn: pgn)
            : .requestToSend(count: count, packets: packets, perRequest: settings.packetsPerRequest ?? UInt8(min(packets, 255)), pgn: pgn)
        outputs.append(.transmit(announcement.frame(priority: priority, source: message.identifier.source, destination: destination), token: handle))
    }

    /// What became of the session after an event: it goes on, or is over.
    typealias Result = J1939Transport.SessionResult

    mutating func transmitted(at now: Instant, into outputs: inout [J1939Transport.Output]) -> Result {
        switch state {
        case .announcing where isBroadcast:
            windowEnd = packets
            pause(at: now, for: settings.broadcastSpacing)
        case .announcing: wait(.awaiting, until: now + settings.t3)
        case .sending:
            if next <= windowEnd {
                let spacing = isBroadcast ? settings.broadcastSpacing : settings.packetSpacing
                if lastPacket + spacing > now { wait(.pausing, until: lastPacket + spacing) } else { packet(at: now, into: &outputs) }
            } else if isBroadcast {
                return .done
            } else {
                wait(.awaiting, until: now + settings.t3)
            }
        case .pausing, .awaiting, .holding: break
        }
        return .open
    }

    mutating func receive(_ packet: J1939Packet, at now: Instant, into outputs: inout [J1939Transport.Output]) -> Result {
        // An answer proves that the frame before it was on the bus, even if the confirmation is still to come.
        if state == .announcing || state == .sending && next > windowEnd { state = .awaiting }
        switch packet {
        case .clearToSend(let packets, let first, _): return clearToSend(packets, first, at: now, into: &outputs)
        case .endOfMessage(let count, _, _):
            // One that comes before the last packet went out belongs to an earlier message.
            guard highest == self.packets, state == .awaiting || state == .holding, count == message.data.count else { return .open }
            return .done
        case .abort(let reason, _): return .failed(.aborted(reason: reason), abort: nil)
        case .requestToSend, .broadcast: return .open
        }
    }

    private mutating func clearToSend(_ count: Int, _ first: Int, at now: Instant, into outputs: inout [J1939Transport.Output]) -> Result {
        guard state == .awaiting || state == .holding else {
            return .failed(.gaveUp(reason: J1939Abort.clearToSendWhileSending), abort: J1939Abort.clearToSendWhileSending)
        }
        if count == 0 {
            wait(.holding, until: now + settings.t4)
            return .open
        }
        guard first >= 1, first <= highest + 1, first <= packets else {
            return .failed(.sequence(due: highest + 1, got: first), abort: J1939Abort.badSequence)
        }
        if first <= highest {
            retransmits += 1
            guard retransmits <= settings.retransmits else {
                return .failed(.gaveUp(reason: J1939Abort.retransmitLimit), abort: J1939Abort.retransmitLimit)
            }
        } else {
            retransmits = 0
        }
        next = first
        windowEnd = min(packets, first + count - 1)
        packet(at: now, into: &outputs)
        return .open
    }

    mutating func advance(to now: Instant, into outputs: inout [J1939Transport.Output]) -> Result {
        guard deadline <= now else { return .open }
        switch state {
        case .pausing:
            packet(at: now, into: &outputs)
            return .open
        case .holding: return .failed(.timeout(.hold), abort: J1939Abort.timeout)
        case .announcing, .sending, .awaiting: return .failed(.timeout(.answer), abort: isBroadcast ? nil : J1939Abort.timeout)
        }
    }

    // MARK: Packets

    private mutating func packet(at now: Instant, into outputs: inout [J1939Transport.Output]) {
        let start = (next - 1) * 7
        var bytes = [UInt8(next)] + message.data[start..<min(start + 7, message.data.count)]
        while bytes.count < 8 { bytes.append(0xFF) }
        let identifier = J1939Identifier(priority: priority, pgn: J1939Packet.transfer, source: message.identifier.source, destination: destination)
        outputs.append(.transmit(identifier.frame(bytes), token: handle))
        highest = max(highest, next)
        next += 1
        lastPacket = now
        wait(.sending, until: now + settings.t3)
    }

    private mutating func pause(at now: Instant, for spacing: Duration) { wait(.pausing, until: max(now, lastPacket + spacing)) }

    private mutating func wait(_ state: State, until instant: Instant) {
        self.state = state
        deadline = instant
    }
}
