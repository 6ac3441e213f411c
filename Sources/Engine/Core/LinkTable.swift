import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel

/// The OCPP connections between charge points and central systems: messages wait here while they travel.
final class LinkTable {
    /// One connection.
    final class Link {
        let number: Int
        /// The charge point, or -1 if it is none of this run.
        let chargePoint: Int
        /// The central system, or -1 if it is none of this run.
        let centralSystem: Int
        /// Whether the charge point is a node of this run that another program speaks for.
        let isRemote: Bool
        /// Name under which the charge point connects.
        let identity: String
        /// Number of the connection at the central system.
        var connection = -1
        /// What the network does; `nil` if it is perfect.
        var faults: LinkFaults?
        /// Whether the connection stands.
        var isUp = false
        /// Whether the network lets no new connection through.
        var isBlocked = false
        /// Counts the connections of the link: what was on its way over an older one never arrives.
        var generation: UInt32 = 0
        /// The older connection that its other end has still to hear the end of; `nil` when both have.
        var ending: Ending?
        /// When the last message of each direction arrives: later ones never overtake it.
        var lastUp = Instant.zero
        var lastDown = Instant.zero
        /// Actions of calls that wait for their answer, for the record of the answer: what the charge point, and what the central system called.
        var calledUp: (id: MessageID, action: String?)?
        var calledDown: (id: MessageID, action: String?, label: Int)?
        /// Catalogue numbers of these actions, -1 for names that the catalogue does not have.
        var actionUp = -1
        var actionDown = -1
        /// Calls whose answers have not come back, for the times of answers: what the charge point, and what the central system called.
        var awaitedUp: Awaited?
        var awaitedDown: Awaited?
        /// Why the charge point could not do what the last call asked.
        var reason: String?
        /// What changes messages between the ends; `nil` on links that no attack has touched.
        var tap: LinkTap?
        /// Who plays the charge point of a connection that is none of a node.
        weak var intruder: (any LinkIntruder)?
        /// The link whose charge point it plays; -1 for none.
        var imitated = -1
        /// Whether both ends are other programs and this run stands between them.
        var isProxy = false
        /// First stream of messages of the charge point; `nil` if it is none of this run.
        let firstStream: Int?
        /// The part of a record that is the same for all messages of a direction.
        let recordUp: [UInt8]
        let recordDown: [UInt8]

        /// Whether what the charge point sends comes from another program.
        var isSpokenFor: Bool { chargePoint < 0 && intruder == nil || isRemote }

        /// A connection that one end has closed: what that end sent before still arrives, and the end of the connection behind it.
        struct Ending {
            /// Whether it is the central system that has still to hear of it.
            let up: Bool
            let generation: UInt32
            /// When it hears of it.
            let at: Instant
        }

        /// A call on its way.
        struct Awaited {
            let id: MessageID
            let action: Int
            let since: Instant
        }

        init(number: Int, chargePoint: Int, centralSystem: Int, name: String, firstStream: Int?, isRemote: Bool = false) {
            self.number = number
            self.chargePoint = chargePoint
            self.isRemote = isRemote
            identity = name
            self.centralSystem = centralSystem
            self.firstStream = firstStream
            recordUp = MessageRows.head(chargePoint: name, toCentralSystem: true)
            recordDown = MessageRows.head(chargePoint: name, toCentralSystem: false)
        }
    }

    var links: [Link] = []
    private var linkOfChargePoint: [Int: Int] = [:]
    /// Whether there is a charge point that another program speaks for.
    private(set) var hasRemotes = false
    /// What carries messages outside of the kernel; `nil` in virtual time.
    var carrier: (any LinkCarrier)?
    /// How fast the bytes of the message go out that is just being sent; `nil`: at once.
    var bytesPerSecond: Double?
    unowned(unsafe) var simulation: Simulation!
    unowned(unsafe) var kernel: Kernel!
    private unowned(unsafe) var streams: StreamTable!
    unowned(unsafe) var recorder: Recorder!
    private var rows: MessageRows?
    /// Whether detectors watch messages.
    var isWatched = false
    let parcels = ParcelStore()
    /// Timers of attacks on links.
    let attackTimers = LinkAttackTimers()
    /// Attacks on proxies that act now: charge points that come later are met too.
    var proxyAttacks: [LinkAttack] = []
    /// Fuzz attacks of the run, whose findings are judged at its end.
    var fuzzers: [FuzzAttack] = []
    /// Messages that a fuzz attack sends in place of drawn ones, and what they shall show: a failing case is being made smaller.
    var fuzzTrial: (path: String, texts: [[UInt8]], trouble: FuzzAttack.Trouble, isProbed: Bool)?
    /// Calls and their answers by action.
    let calls = CallMeter()

    /// Joins the table and its run, whose kernel, streams and recorder must exist already.
    func attach(_ simulation: Simulation) {
        attackTimers.kernel = simulation.kernel
        self.simulation = simulation
        kernel = simulation.kernel
        streams = simulation.streams
        recorder = simulation.recorder
        rows = simulation.recorder.messages
    }

    // MARK: Building

    /// Joins a charge point and its central system; the number of the link.
    func connect(chargePoint: Int, identity: String, centralSystem: Int, isRemote: Bool = false) -> Int {
        let link = Link(
            number: links.count, chargePoint: chargePoint, centralSystem: centralSystem, name: identity,
            firstStream: simulation.scenario.symbols.messageStream(node: chargePoint, action: 0), isRemote: isRemote)
        let declarations = simulation.scenario.links.filter { declaration in
            let (first, second) = declaration.between
            return first.contains(chargePoint) && second.contains(centralSystem) || first.contains(centralSystem) && second.contains(chargePoint)
        }
        link.faults = LinkFaults(declarations, chargePoint: simulation.scenario.symbols.nodes[chargePoint], simulation)
        links.append(link)
        recorder.capture?.join(link.number, chargePoint: chargePoint, centralSystem: centralSystem, identity: link.identity)
        linkOfChargePoint[chargePoint] = links.count - 1
        if isRemote { hasRemotes = true }
        return links.count - 1
    }

    /// Takes on a charge point that is none of this run and has connected to a central system of it; the number of the link.
    func connectStranger(identity: String, centralSystem: Int) -> Int {
        links.append(Link(number: links.count, chargePoint: -1, centralSystem: centralSystem, name: identity, firstStream: nil))
        recorder.capture?.join(links.count - 1, chargePoint: -1, centralSystem: centralSystem, identity: identity)
        return links.count - 1
    }

    /// The link for a charge point that is none of this run: one that it had before and that is free, or a new one.
    func stranger(identity: String, centralSystem: Int) -> Int {
        links.indices.first {
            links[$0].centralSystem == centralSystem && links[$0].chargePoint < 0 && !links[$0].isUp && links[$0].identity == identity
        } ?? connectStranger(identity: identity, centralSystem: centralSystem)
    }

    /// The link of a charge point of this run that connects to a central system under a name.
    func link(identity: String, centralSystem: Int) -> Int? {
        links.indices.first { links[$0].centralSystem == centralSystem && links[$0].chargePoint >= 0 && links[$0].identity == identity }
    }

    /// Name under which the charge point of a link connects.
    func identity(of number: Int) -> String { links[number].identity }

    /// The links of a central system in the order of the charge points.
    func links(of centralSystem: Int) -> [(number: Int, chargePoint: Int)] {
        links.indices.filter { links[$0].centralSystem == centralSystem }.map { ($0, links[$0].chargePoint) }
    }

    /// The charge point of a link.
    func chargePoint(of number: Int) -> Int { links[number].chargePoint }

    // MARK: Connections at the central system

    func setConnection(_ number: Int, of link: Int) { links[link].connection = number }
    func connection(of link: Int) -> Int { links[link].connection }

    // MARK: Sending

    /// The charge point sends.
    func sendUp(_ number: Int, _ message: OCPPMessage, label wanted: Int = -1) {
        let link = links[number]
        if let tap = link.tap { return tapped(tap, message, up: true, number, label: wanted) }
        var label = -1
        var action = -1
        switch message {
        case .call(let id, let payload):
            link.actionUp = payload.action.map { Int($0.rawValue) } ?? -1
            action = link.actionUp
            link.calledUp = (id, link.actionUp < 0 ? payload.actionName : nil)
            count(id, link.actionUp, link, up: true)
            record(message, link.actionUp, link.calledUp?.action, link, up: true, label: wanted)
        default:
            var name: String?
            if let called = link.calledDown, called.id == message.id {
                action = link.actionDown
                name = called.action
                label = called.label
                link.calledDown = nil
            }
            record(message, action, name, link, up: true, label: label)
        }
        // When the answer comes to an end that is none of this run is not known: it counts when it is sent.
        if link.centralSystem < 0, !message.isCall { answered(message, link, up: false) }
        travel(message, action, number, up: true, &link.lastUp, link)
    }

    /// The central system sends; `label` is the number of the label that the message belongs to, or -1.
    func sendDown(_ number: Int, _ message: OCPPMessage, label: Int) {
        if label >= 0 { simulation.truth.evidence(label, at: kernel.now) }
        let link = links[number]
        if let tap = link.tap { return tapped(tap, message, up: false, number, label: label) }
        var action = -1
        switch message {
        case .call(let id, let payload):
            link.actionDown = payload.action.map { Int($0.rawValue) } ?? -1
            action = link.actionDown
            link.calledDown = (id, link.actionDown < 0 ? payload.actionName : nil, label)
            count(id, link.actionDown, link, up: false)
            record(message, link.actionDown, link.calledDown?.action, link, up: false, label: label)
        default:
            var name: String?
            if let called = link.calledUp, called.id == message.id {
                action = link.actionUp
                name = called.action
                link.calledUp = nil
            }
            record(message, action, name, link, up: false, label: -1)
        }
        if link.isSpokenFor, !message.isCall { answered(message, link, up: true) }
        travel(message, action, number, up: false, &link.lastDown, link)
    }

    /// Counts a call; one that nobody of the run has made is not waited for.
    func count(_ id: MessageID, _ action: Int, _ link: Link, up: Bool, since: Instant? = nil, isInserted: Bool = false) {
        guard action >= 0 else { return }
        if !isInserted {
            calls.called(action, up: up)
            let awaited = Link.Awaited(id: id, action: action, since: since ?? kernel.now)
            if up { link.awaitedUp = awaited } else { link.awaitedDown = awaited }
        }
        guard !streams.isEmpty else { return }
        streams.count(action, at: kernel.now)
        if let first = link.firstStream { streams.count(first + action, at: kernel.now) }
    }

    /// Records what an end that is none of this run has sent.
    func note(_ message: OCPPMessage, _ action: Int, _ name: String?, _ link: Link, up: Bool, counts: Bool = false, label: Int = -1) {
        if counts, let id = message.id { count(id, action, link, up: up) }
        record(message, action, name, link, up: up, label: label)
    }

    /// An answer has come to who called; `up` says that it was the charge point.
    func answered(_ message: OCPPMessage, _ link: Link, up: Bool) {
        guard let awaited = up ? link.awaitedUp : link.awaitedDown, let answer = message.answer, answer.id == awaited.id else { return }
        if up { link.awaitedUp = nil } else { link.awaitedDown = nil }
        calls.answered(awaited.action, up: up, isError: answer.isError, after: kernel.now - awaited.since)
        if streams.isTimed, let first = link.firstStream { streams.answered(first + awaited.action, after: kernel.now - awaited.since) }
    }

    private func record(_ message: OCPPMessage, _ action: Int, _ name: String?, _ link: Link, up: Bool, label: Int) {
        let identity =
            UInt64(EventKind.message) << 40 | UInt64(up ? 1 : 0) << 39 | UInt64(UInt32(truncatingIfNeeded: link.chargePoint)) << 8 | UInt64(
                truncatingIfNeeded: action) & 0xFF
        kernel.note(identity: identity, payload: message.digest)
        // What is sent into a connection that is gone is on no wire.
        if link.isUp, let capture = recorder.capture {
            capture.message(link.number, up: up, message, label: label < 0 ? nil : simulation.truth.kind(of: label), at: kernel.now)
        }
        if isWatched, link.isUp { tell(link, up: up, .message(message, action: OCPPAction(number: action))) }
        simulation.exchanges?.saw(message, action: action, chargePoint: link.chargePoint, centralSystem: link.centralSystem, up: up)
        guard let rows else { return }
        rows.append(
            message, action: action, name: name, head: up ? link.recordUp : link.recordDown, label: label < 0 ? nil : simulation.truth.kind(of: label),
            at: kernel.now, origin: recorder.origin)
    }

    /// The same for messages that have passed a tap.
    func travel(_ message: OCPPMessage, _ action: Int, _ number: Int, up: Bool) {
        let link = links[number]
        if up { travel(message, action, number, up: true, &link.lastUp, link) } else { travel(message, action, number, up: false, &link.lastDown, link) }
    }

    private func travel(_ message: OCPPMessage, _ action: Int, _ number: Int, up: Bool, _ last: inout Instant, _ link: Link) {
        // What is sent into a connection that is gone is lost.
        guard link.isUp else { return }
        var arrival = kernel.now
        if let faults = link.faults {
            let fate = faults.fate(of: message, action: action, up: up, at: arrival)
            if fate.isLost { return }
            arrival += fate.delay
            if fate.isOvertaken { return put(message, number, up: up, at: arrival, link) }
            if fate.isDoubled {
                last = max(last, arrival)
                put(message, number, up: up, at: last, link)
            }
        }
        if arrival < last { arrival = last }
        last = arrival
        put(message, number, up: up, at: arrival, link)
    }

    private func put(_ message: OCPPMessage, _ number: Int, up: Bool, at arrival: Instant, _ link: Link) {
        if let carrier {
            if let bytesPerSecond { return carrier.send(message, over: number, up: up, bytesPerSecond: bytesPerSecond) }
            return arrival <= kernel.now ? carrier.send(message, over: number, up: up) : delay(message, number, up: up, until: arrival, link)
        }
        let node = up ? link.centralSystem : link.chargePoint
        guard node >= 0 else { return putForIntruder(message, number, at: arrival) }
        kernel.schedule(
            at: arrival, phase: .delivery, node: UInt32(node + 1), kind: EventKind.message, target: UInt32(node),
            payload: UInt64(link.generation) << 32 | UInt64(parcels.put(message, link: number)))
    }

    /// A message arrives.
    func deliver(_ payload: UInt64, to node: Node) {
        let parcel = Int(payload & 0xFFFF_FFFF)
        let link = parcels.link(of: parcel)
        let message = parcels.take(parcel)
        // A message of a connection that is gone is lost, except for what was sent before an orderly end.
        let up = node.index == links[link].centralSystem
        guard isPassed(UInt32(payload >> 32), up: up, links[link]) else { return }
        if !message.isCall { answered(message, links[link], up: !up) }
        node.receive(message, link: link)
    }

    /// The charge point says why it could not do what a call asks.
    func noteReason(_ number: Int, _ text: String) { links[number].reason = text }

    /// The reason that the charge point gave, once.
    func takeReason(_ number: Int) -> String? {
        defer { links[number].reason = nil }
        return links[number].reason
    }

    /// The reason that a charge point gave, once.
    func takeReason(toChargePoint node: Int) -> String? { linkOfChargePoint[node].flatMap { takeReason($0) } }

    // MARK: Steps

    /// A step wants a message sent; the strand is told when it has ended.
    func send(_ request: MessageRequest) {
        guard let number = linkOfChargePoint[request.chargePoint] else {
            let node = simulation.nodes[request.chargePoint]
            guard node is ProxyNode else { return simulation.stepRunner.callEnded(request.strand) }
            return simulation.fail(
                .badNode, "\(node.name) stands between other programs: 'attack: inject' sends a message in the name of either", span: request.step.span)
        }
        if request.from == request.chargePoint {
            if let chargePoint = simulation.nodes[request.chargePoint] as? ChargePointNode { return chargePoint.send(request) }
            if links[number].isRemote {
                let name = simulation.nodes[request.chargePoint].name
                return simulation.fail(.badNode, "\(name) is another program, which sends what it likes: no step can send in its name", span: request.step.span)
            }
            return simulation.stepRunner.callEnded(request.strand)
        }
        guard let central = simulation.nodes[links[number].centralSystem] as? CentralSystemNode else { return simulation.stepRunner.callEnded(request.strand) }
        central.send(request, link: number)
    }

    /// Calls of a stream of messages; those of one node are counted where somebody asks for them.
    func calls(ofStream stream: Int) -> UInt64 {
        stream < OCPPAction.allCases.count ? calls.calls(of: stream) : UInt64(streams.runtime(stream).count)
    }

    /// The answer times of a stream of messages.
    func latency(ofStream stream: Int) -> LatencyHistogram {
        stream < OCPPAction.allCases.count ? calls.latency(of: stream) : streams.runtime(stream).latency ?? LatencyHistogram()
    }
}
