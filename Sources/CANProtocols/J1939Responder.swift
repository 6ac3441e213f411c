import CAN
import Quantities

/// One message on its way in: BAM from anybody, RTS/CTS to us (SAE J1939-21 §5.10).
struct J1939Responder {
    enum State: Hashable {
        /// The answer to RTS is put off: CTS for no packets is repeated.
        case holding
        /// For the first packet after a CTS (T2).
        case awaitingFirst
        /// For a packet after another (T1).
        case awaitingNext
    }

    /// Identifier of the message, with the priority of its RTS or BAM.
    let identifier: J1939Identifier
    /// Our own address.
    let address: UInt8
    let settings: J1939Transport.Settings
    private(set) var state = State.awaitingNext
    private(set) var deadline: Instant
    private let count: Int
    private let perRequest: Int
    private var data: [UInt8]
    private var isPresent: [Bool]
    private var missing: Int
    private var windowStart = 1
    private var windowEnd: Int
    private var retransmits = 0
    private var holdsLeft: Int

    typealias Result = J1939Transport.SessionResult

    var isBroadcast: Bool { identifier.destination == J1939Identifier.global }
    var source: UInt8 { identifier.source }
    var pgn: UInt32 { identifier.pgn }
    private var packets: Int { isPresent.count }

    /// A session that RTS or BAM opened; `count` is 9 to 1785 and `packets` fits it.
    init(
        _ identifier: J1939Identifier, count: Int, perRequest: Int, address: UInt8, settings: J1939Transport.Settings, at now: Instant,
        into outputs: inout [J1939Transport.Output]
    ) {
        self.identifier = identifier
        self.address = address
        self.settings = settings
        self.count = count
        self.perRequest = max(1, min(perRequest, Int(max(settings.window, 1))))
        let packets = J1939Packet.packets(of: count)
        data = [UInt8](repeating: 0, count: packets * 7)
        isPresent = [Bool](repeating: false, count: packets)
        missing = packets
        windowEnd = packets
        holdsLeft = settings.holds
        deadline = now + settings.t1
        if !isBroadcast { clear(at: now, into: &outputs) }
    }

    mutating func receive(_ frame: CANFrame, at now: Instant, into outputs: inout [J1939Transport.Output]) -> Result {
        guard frame.count == 8 else { return .open }
        let number = Int(frame[0])
        if isBroadcast {
            let due = packets - missing + 1
            guard number == due else { return .failed(.sequence(due: due, got: number), abort: nil) }
        } else {
            guard state != .holding else { return .open }
            guard number >= 1, number <= packets else {
                return .failed(.sequence(due: firstMissing, got: number), abort: J1939Abort.badSequence)
            }
        }
        if !isPresent[number - 1] {
            isPresent[number - 1] = true
            missing -= 1
            for index in 0..<7 { data[(number - 1) * 7 + index] = frame[index + 1] }
        }
        if missing == 0 {
            if !isBroadcast { answer(.endOfMessage(count: count, packets: packets, pgn: pgn), into: &outputs) }
            outputs.append(.received(J1939Message(identifier, data: Array(data.prefix(count)))))
            return .done
        }
        state = .awaitingNext
        deadline = now + settings.t1
        if !isBroadcast, number == windowEnd || firstMissing > windowEnd { return continueWindow(at: now, into: &outputs) }
        return .open
    }

    mutating func advance(to now: Instant, into outputs: inout [J1939Transport.Output]) -> Result {
        guard deadline <= now else { return .open }
        switch state {
        case .holding: clear(at: now, into: &outputs)
        case .awaitingFirst: return .failed(.timeout(.firstPacket), abort: J1939Abort.timeout)
        case .awaitingNext:
            guard !isBroadcast, retransmits < settings.retransmits else {
                return .failed(.timeout(.nextPacket), abort: isBroadcast ? nil : J1939Abort.timeout)
            }
            return continueWindow(at: now, into: &outputs)
        }
        return .open
    }

    /// The window is over: asks for what is missing in it again, or for the next packets.
    private mutating func continueWindow(at now: Instant, into outputs: inout [J1939Transport.Output]) -> Result {
        if firstMissing <= windowEnd {
            retransmits += 1
            guard retransmits <= settings.retransmits else {
                return .failed(.gaveUp(reason: J1939Abort.retransmitLimit), abort: J1939Abort.retransmitLimit)
            }
        } else {
            retransmits = 0
            holdsLeft = settings.holds
        }
        clear(at: now, into: &outputs)
        return .open
    }

    /// Sends CTS for the first run of missing packets, or for none while we hold.
    private mutating func clear(at now: Instant, into outputs: inout [J1939Transport.Output]) {
        if holdsLeft > 0 {
            holdsLeft -= 1
            answer(.clearToSend(packets: 0, next: 0xFF, pgn: pgn), into: &outputs)
            state = .holding
            deadline = now + settings.th
            return
        }
        windowStart = firstMissing
        windowEnd = windowStart
        while windowEnd < packets, !isPresent[windowEnd], windowEnd - windowStart + 1 < perRequest { windowEnd += 1 }
        answer(.clearToSend(packets: windowEnd - windowStart + 1, next: windowStart, pgn: pgn), into: &outputs)
        state = .awaitingFirst
        deadline = now + settings.t2
    }

    private var firstMissing: Int { (isPresent.firstIndex(of: false) ?? packets) + 1 }

    private func answer(_ packet: J1939Packet, into outputs: inout [J1939Transport.Output]) {
        outputs.append(.transmit(packet.frame(priority: identifier.priority, source: address, destination: source), token: 0))
    }
}
