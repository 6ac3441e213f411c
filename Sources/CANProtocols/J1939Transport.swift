import CAN
import Quantities

/// The transport protocol of one J1939 node: messages of up to 1785 bytes out and in, any number of sessions side by side.
///
/// A pure state machine: it is told what happens and when, and appends what is to be done. A frame with a token other than 0 is confirmed
/// by ``transmitted(token:at:into:)`` when it is on the bus; a host that cannot know calls it at once. Between calls the host waits until
/// ``deadline`` and then calls ``advance(to:into:)``. To one destination one message goes at a time (SAE J1939-21 §5.10.1), and to all
/// one BAM at a time; further ones wait, up to ``Settings/queue``. Memory is bounded by ``Settings/sessions`` and the queue.
public struct J1939Transport: Sendable {
    /// Times, windows and limits; the defaults are those of SAE J1939-21.
    public struct Settings: Hashable, Sendable {
        /// Priority of the transport frames; `nil` for that of the message. GB/T 27930 uses 7.
        public var priority: UInt8?
        /// The most packets for one CTS that an RTS names; `nil` for all packets of the message, 255 for no limit.
        public var packetsPerRequest: UInt8?
        /// The most packets that one of our CTS asks for, 1 to 255.
        public var window: UInt8 = 255
        /// How often in a row packets may be asked for again.
        public var retransmits = 2
        /// How often each CTS is put off by a CTS for no packets.
        public var holds = 0
        /// Time between the frames of a BAM, 50 to 200 ms.
        public var broadcastSpacing = Duration.milliseconds(50)
        /// Time between the packets of a connection, 0 to 200 ms (Tr).
        public var packetSpacing = Duration.zero
        /// T1: until the next packet.
        public var t1 = Duration.milliseconds(750)
        /// T2: until the first packet after a CTS.
        public var t2 = Duration.milliseconds(1250)
        /// T3: until a CTS or the end of message.
        public var t3 = Duration.milliseconds(1250)
        /// T4: until the next CTS after a hold.
        public var t4 = Duration.milliseconds(1050)
        /// Th: between two CTS that hold.
        public var th = Duration.milliseconds(500)
        /// The most sessions that come in at a time; an RTS beyond it is aborted, a BAM ignored.
        public var sessions = 64
        /// The most messages that wait for their turn.
        public var queue = 16
        /// The longest message that is taken, at most 1785 bytes.
        public var limit = J1939Message.longest
        /// Whether messages between any two nodes are put together; a listener asks for no frames.
        public var listensOnly = false

        /// The values of the standard.
        public init() {}
    }

    /// A transfer that came to nothing.
    public struct Failure: Hashable, Sendable {
        /// The handle that ``J1939Transport/send(_:at:into:)`` returned; 0 for a message that came in.
        public var handle: Int
        /// Identifier of the message.
        public var identifier: J1939Identifier
        /// Why.
        public var error: TransferError

        /// A failure.
        public init(handle: Int, identifier: J1939Identifier, error: TransferError) {
            self.handle = handle
            self.identifier = identifier
            self.error = error
        }
    }

    /// What is to be done, or has come out.
    public enum Output: Hashable, Sendable {
        /// Put a frame on the bus, and confirm it when the token is not 0.
        case transmit(CANFrame, token: Int)
        /// A message of one frame or many is complete: to us or to all.
        case received(J1939Message)
        /// Our message arrived (RTS/CTS), or its last frame is on the bus (BAM, single frame).
        case sent(handle: Int)
        /// A transfer, ours or one to us, was given up.
        case failed(Failure)
    }

    /// What a session comes to after an event.
    enum SessionResult {
        case open, done
        /// Over, with the reason that the other side is told.
        case failed(TransferError, abort: UInt8?)
    }

    /// Our address.
    public let address: UInt8
    /// Times, windows and limits.
    public let settings: Settings
    /// Settings of single groups, in place of `settings`; the limits on sessions and queue stay those of `settings`.
    public var groups: [UInt32: Settings] = [:]
    private var outgoing: [J1939Originator] = []
    private var incoming: [J1939Responder] = []
    private var waiting: [(handle: Int, message: J1939Message)] = []
    private var singles: [Int] = []
    private var lastHandle = 0

    /// The transport protocol of the node at an address.
    public init(address: UInt8, settings: Settings = Settings()) {
        self.address = address
        self.settings = settings
    }

    /// When ``advance(to:into:)`` is due; `nil` when nothing is awaited.
    public var deadline: Instant? {
        var least: Instant?
        for session in outgoing { least = min(least ?? .never, session.deadline) }
        for session in incoming { least = min(least ?? .never, session.deadline) }
        return least
    }

    /// Whether no session is open and nothing waits.
    public var isIdle: Bool { outgoing.isEmpty && incoming.isEmpty && waiting.isEmpty && singles.isEmpty }

    /// Begins to send a message, in one frame when it has at most eight bytes; returns the handle that `sent` or `failed` will name.
    ///
    /// The source of the identifier is replaced by our address. Throws `length` above 1785 bytes, and `busy` when too many messages wait.
    public mutating func send(_ message: J1939Message, at now: Instant, into outputs: inout [Output]) throws(TransferError) -> Int {
        guard message.data.count <= J1939Message.longest else { throw .length(count: message.data.count, limit: J1939Message.longest) }
        let asked = message.identifier
        let identifier = J1939Identifier(priority: asked.priority, pgn: asked.pgn, source: address, destination: asked.destination)
        let message = J1939Message(identifier, data: message.data)
        let isOpen = outgoing.contains { $0.destination == identifier.destination }
        if message.data.count <= 8 ? singles.count >= max(settings.queue, 1) : isOpen && waiting.count >= settings.queue { throw .busy }
        lastHandle += 1
        if message.data.count <= 8 {
            singles.append(lastHandle)
            outputs.append(.transmit(identifier.frame(message.data), token: lastHandle))
        } else if isOpen {
            waiting.append((lastHandle, message))
        } else {
            outgoing.append(J1939Originator(message, handle: lastHandle, settings: settings(of: identifier.pgn), at: now, into: &outputs))
        }
        return lastHandle
    }

    /// The frame with this token is on the bus.
    public mutating func transmitted(token: Int, at now: Instant, into outputs: inout [Output]) {
        if let index = singles.firstIndex(of: token) {
            singles.remove(at: index)
            outputs.append(.sent(handle: token))
        } else if let index = outgoing.firstIndex(where: { $0.handle == token }) {
            let result = outgoing[index].transmitted(at: now, into: &outputs)
            settle(outgoing: index, result, at: now, into: &outputs)
        }
    }

    /// A frame arrived; what is not for us or for all is let go by, unless we listen to everybody.
    public mutating func receive(_ frame: CANFrame, at now: Instant, into outputs: inout [Output]) {
        guard !settings.listensOnly else { return listen(to: frame, at: now, into: &outputs) }
        guard let identifier = J1939Identifier(frame), identifier.source != address, identifier.source != J1939Identifier.global else { return }
        guard identifier.destination == address || identifier.destination == J1939Identifier.global else { return }
        switch identifier.pgn {
        case J1939Packet.management:
            if let packet = J1939Packet(frame) { manage(packet, identifier, at: now, into: &outputs) }
        case J1939Packet.transfer: transfer(frame, identifier, at: now, into: &outputs)
        default: outputs.append(.received(J1939Message(identifier, data: frame.data)))
        }
    }

    /// Time has come to `now`.
    public mutating func advance(to now: Instant, into outputs: inout [Output]) {
        defer { if settings.listensOnly { Self.silence(&outputs) } }
        for index in outgoing.indices.reversed() where outgoing[index].deadline <= now {
            let result = outgoing[index].advance(to: now, into: &outputs)
            settle(outgoing: index, result, at: now, into: &outputs)
        }
        for index in incoming.indices.reversed() where incoming[index].deadline <= now {
            let result = incoming[index].advance(to: now, into: &outputs)
            settle(incoming: index, result, into: &outputs)
        }
    }

    // MARK: Listening

    /// A frame between any two nodes; a connection that one of them aborts is over.
    private mutating func listen(to frame: CANFrame, at now: Instant, into outputs: inout [Output]) {
        guard let identifier = J1939Identifier(frame), identifier.source != J1939Identifier.global else { return }
        defer { Self.silence(&outputs) }
        switch identifier.pgn {
        case J1939Packet.management:
            let isToAll = identifier.destination == J1939Identifier.global
            switch J1939Packet(frame) {
            case .requestToSend(let count, let packets, _, let pgn) where !isToAll: open(identifier, count, packets, 255, pgn, at: now, into: &outputs)
            case .broadcast(let count, let packets, let pgn) where isToAll: open(identifier, count, packets, 255, pgn, at: now, into: &outputs)
            case .abort(_, let pgn):
                let ends = [identifier.source, identifier.destination]
                incoming.removeAll { !$0.isBroadcast && $0.pgn == pgn && ends.contains($0.source) && ends.contains($0.identifier.destination) }
            default: return
            }
        case J1939Packet.transfer: transfer(frame, identifier, at: now, into: &outputs)
        default: outputs.append(.received(J1939Message(identifier, data: frame.data)))
        }
    }

    /// A listener asks for nothing and complains about nothing.
    private static func silence(_ outputs: inout [Output]) {
        outputs.removeAll { if case .received = $0 { false } else { true } }
    }

    // MARK: Sessions

    private mutating func transfer(_ frame: CANFrame, _ identifier: J1939Identifier, at now: Instant, into outputs: inout [Output]) {
        guard let index = incoming.firstIndex(where: { $0.source == identifier.source && $0.identifier.destination == identifier.destination }) else { return }
        let result = incoming[index].receive(frame, at: now, into: &outputs)
        settle(incoming: index, result, into: &outputs)
    }

    private mutating func manage(_ packet: J1939Packet, _ identifier: J1939Identifier, at now: Instant, into outputs: inout [Output]) {
        let isToAll = identifier.destination == J1939Identifier.global
        switch packet {
        case .requestToSend(let count, let packets, let perRequest, let pgn):
            if !isToAll { open(identifier, count, packets, Int(perRequest), pgn, at: now, into: &outputs) }
        case .broadcast(let count, let packets, let pgn):
            if isToAll { open(identifier, count, packets, 255, pgn, at: now, into: &outputs) }
        case .clearToSend(_, _, let pgn), .endOfMessage(_, _, let pgn), .abort(_, let pgn):
            guard !isToAll else { return }
            if let index = outgoing.firstIndex(where: { $0.destination == identifier.source && $0.pgn == pgn }) {
                let result = outgoing[index].receive(packet, at: now, into: &outputs)
                settle(outgoing: index, result, at: now, into: &outputs)
            }
            guard case .abort(let reason, _) = packet else { return }
            if let index = incoming.firstIndex(where: { !$0.isBroadcast && $0.source == identifier.source && $0.pgn == pgn }) {
                settle(incoming: index, .failed(.aborted(reason: reason), abort: nil), into: &outputs)
            }
        }
    }

    /// RTS or BAM: opens a session, or says why not.
    private mutating func open(
        _ identifier: J1939Identifier, _ count: Int, _ packets: Int, _ perRequest: Int, _ pgn: UInt32, at now: Instant, into outputs: inout [Output]
    ) {
        let isToAll = identifier.destination == J1939Identifier.global
        let message = J1939Identifier(priority: identifier.priority, pgn: pgn, source: identifier.source, destination: identifier.destination)
        func refuse(_ reason: UInt8, _ error: TransferError) {
            if !isToAll {
                let abort = J1939Packet.abort(reason: reason, pgn: pgn)
                outputs.append(.transmit(abort.frame(priority: identifier.priority, source: address, destination: identifier.source), token: 0))
            }
            outputs.append(.failed(Failure(handle: 0, identifier: message, error: error)))
        }
        if let index = incoming.firstIndex(where: { $0.source == identifier.source && $0.identifier.destination == identifier.destination }) {
            // A new RTS for the same group, or a new BAM, takes the place of the old one; an RTS for another group is refused.
            guard isToAll || incoming[index].pgn == pgn else { return refuse(J1939Abort.busy, .gaveUp(reason: J1939Abort.busy)) }
            settle(incoming: index, .failed(.interrupted, abort: nil), into: &outputs)
        }
        let limit = min(settings.limit, J1939Message.longest)
        guard count <= limit else { return refuse(J1939Abort.tooLong, .length(count: count, limit: limit)) }
        guard count >= 9, packets == J1939Packet.packets(of: count) else { return refuse(J1939Abort.other, .gaveUp(reason: J1939Abort.other)) }
        guard incoming.count < settings.sessions else { return refuse(J1939Abort.resources, .gaveUp(reason: J1939Abort.resources)) }
        incoming.append(
            J1939Responder(message, count: count, perRequest: perRequest, address: address, settings: settings(of: pgn), at: now, into: &outputs))
    }

    private func settings(of pgn: UInt32) -> Settings { groups[pgn] ?? settings }

    private mutating func settle(outgoing index: Int, _ result: SessionResult, at now: Instant, into outputs: inout [Output]) {
        let session = outgoing[index]
        switch result {
        case .open: return
        case .done: outputs.append(.sent(handle: session.handle))
        case .failed(let error, let abort):
            if let abort { tell(abort, session.pgn, session.destination, session.priority, into: &outputs) }
            outputs.append(.failed(Failure(handle: session.handle, identifier: session.message.identifier, error: error)))
        }
        outgoing.remove(at: index)
        if let next = waiting.firstIndex(where: { $0.message.identifier.destination == session.destination }) {
            let (handle, message) = waiting.remove(at: next)
            outgoing.append(J1939Originator(message, handle: handle, settings: settings(of: message.identifier.pgn), at: now, into: &outputs))
        }
    }

    private mutating func settle(incoming index: Int, _ result: SessionResult, into outputs: inout [Output]) {
        let session = incoming[index]
        switch result {
        case .open: return
        case .done: break
        case .failed(let error, let abort):
            if let abort { tell(abort, session.pgn, session.source, session.identifier.priority, into: &outputs) }
            outputs.append(.failed(Failure(handle: 0, identifier: session.identifier, error: error)))
        }
        incoming.remove(at: index)
    }

    private func tell(_ reason: UInt8, _ pgn: UInt32, _ destination: UInt8, _ priority: UInt8, into outputs: inout [Output]) {
        outputs.append(.transmit(J1939Packet.abort(reason: reason, pgn: pgn).frame(priority: priority, source: address, destination: destination), token: 0))
    }
}
