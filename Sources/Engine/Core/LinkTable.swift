import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel

/// The OCPP connections between charge points and central systems: messages wait here while they travel.
final class LinkTable {
    /// One connection.
    final class Link {
        let chargePoint: Int
        let centralSystem: Int
        /// Number of the connection at the central system.
        var connection = -1
        var latency = Duration.zero
        var jitter = Duration.zero
        var draws: StreamDraws?
        /// Whether the connection stands.
        var isUp = false
        /// Whether the network lets no new connection through.
        var isBlocked = false
        /// Counts the connections of the link: what was on its way over an older one never arrives.
        var generation: UInt32 = 0
        /// When the last message of each direction arrives: later ones never overtake it.
        var lastUp = Instant.zero
        var lastDown = Instant.zero
        /// Actions of calls that wait for their answer, for the record of the answer: what the charge point, and what the central system called.
        var calledUp: (id: MessageID, action: String?)?
        var calledDown: (id: MessageID, action: String?, label: Int)?
        /// Catalogue numbers of these actions, -1 for names that the catalogue does not have.
        var actionUp = -1
        var actionDown = -1
        /// Why the charge point could not do what the last call asked.
        var reason: String?
        /// First stream of messages of the charge point.
        let firstStream: Int
        /// The part of a record that is the same for all messages of a direction.
        let recordUp: [UInt8]
        let recordDown: [UInt8]

        init(chargePoint: Int, centralSystem: Int, name: String, firstStream: Int) {
            self.chargePoint = chargePoint
            self.centralSystem = centralSystem
            self.firstStream = firstStream
            recordUp = MessageRows.head(chargePoint: name, toCentralSystem: true)
            recordDown = MessageRows.head(chargePoint: name, toCentralSystem: false)
        }
    }

    private var links: [Link] = []
    private var linkOfChargePoint: [Int: Int] = [:]
    private unowned(unsafe) var simulation: Simulation!
    private unowned(unsafe) var kernel: Kernel!
    private unowned(unsafe) var streams: StreamTable!
    private unowned(unsafe) var recorder: Recorder!
    private var rows: MessageRows?
    private let parcels = ParcelStore()
    private let counts: UnsafeMutablePointer<UInt64>

    init() {
        counts = .allocate(capacity: OCPPAction.allCases.count)
        counts.initialize(repeating: 0, count: OCPPAction.allCases.count)
    }

    deinit { counts.deallocate() }

    /// Joins the table and its run, whose kernel, streams and recorder must exist already.
    func attach(_ simulation: Simulation) {
        self.simulation = simulation
        kernel = simulation.kernel
        streams = simulation.streams
        recorder = simulation.recorder
        rows = simulation.recorder.messages
    }

    // MARK: Building

    /// Joins a charge point and its central system; the number of the link.
    func connect(chargePoint: Int, centralSystem: Int) -> Int {
        let link = Link(
            chargePoint: chargePoint, centralSystem: centralSystem, name: simulation.scenario.symbols.nodes[chargePoint],
            firstStream: simulation.scenario.symbols.messageStream(node: chargePoint, action: 0))
        for declaration in simulation.scenario.links {
            let (first, second) = declaration.between
            guard first.contains(chargePoint) && second.contains(centralSystem) || first.contains(centralSystem) && second.contains(chargePoint) else {
                continue
            }
            link.latency = declaration.latency
            link.jitter = declaration.jitter
            if declaration.jitter > .zero {
                link.draws = StreamDraws(
                    seed: simulation.scenario.run.seed, path: "links.\(declaration.name).\(simulation.scenario.symbols.nodes[chargePoint])")
            }
        }
        links.append(link)
        linkOfChargePoint[chargePoint] = links.count - 1
        return links.count - 1
    }

    /// The links of a central system in the order of the charge points.
    func links(of centralSystem: Int) -> [(number: Int, chargePoint: Int)] {
        links.indices.filter { links[$0].centralSystem == centralSystem }.map { ($0, links[$0].chargePoint) }
    }

    // MARK: Connections

    /// Whether the connection of a link stands.
    func isUp(_ number: Int) -> Bool { links[number].isUp }

    /// The charge point asks for the connection: both ends hear `linkUp`, or it alone hears `linkDown`, after the latency of the link.
    func open(_ number: Int) {
        let link = links[number]
        guard !link.isUp else { return }
        link.generation &+= 1
        announce(number, link.chargePoint, after: link.latency, .opened)
    }

    /// An end closes the connection: both hear `linkDown`, and what is on its way is lost.
    func close(_ number: Int) {
        let link = links[number]
        guard link.isUp else { return }
        link.isUp = false
        link.generation &+= 1
        link.calledUp = nil
        link.calledDown = nil
        (link.lastUp, link.lastDown) = (.zero, .zero)
        announce(number, link.chargePoint, after: .zero, .closed)
        announce(number, link.centralSystem, after: .zero, .closed)
    }

    /// The network fails: the connection is lost, and no new one is let through until `restore`.
    func cut(_ number: Int) {
        links[number].isBlocked = true
        close(number)
    }

    /// The network lets connections through again.
    func restore(_ number: Int) { links[number].isBlocked = false }

    /// What happens to a connection, as the payload of an event.
    private enum Change: UInt64 {
        case opened, closed
    }

    private func announce(_ number: Int, _ node: Int, after delay: Duration, _ change: Change) {
        kernel.schedule(
            at: kernel.now + delay, phase: .delivery, node: UInt32(node + 1), kind: EventKind.link, target: UInt32(node),
            payload: UInt64(number) << 34 | change.rawValue << 32 | UInt64(links[number].generation))
    }

    /// A change of a connection has come to a node.
    func changed(_ payload: UInt64, _ node: Node) {
        let number = Int(payload >> 34)
        let link = links[number]
        // Both ends hear of an end before one of them can ask for the next connection.
        guard payload >> 32 & 3 == Change.opened.rawValue else { return node.linkDown(number) }
        guard payload & 0xFFFF_FFFF == UInt64(link.generation), !link.isUp else { return }
        guard !link.isBlocked else { return node.linkDown(number) }
        link.isUp = true
        simulation.nodes[link.centralSystem].linkUp(number)
        // The central system may have refused it.
        if link.isUp { node.linkUp(number) }
    }

    func setConnection(_ number: Int, of link: Int) { links[link].connection = number }
    func connection(of link: Int) -> Int { links[link].connection }

    // MARK: Sending

    /// The charge point sends.
    func sendUp(_ number: Int, _ message: OCPPMessage) {
        let link = links[number]
        var label = -1
        switch message {
        case .call(let id, let payload):
            link.actionUp = payload.action.map { Int($0.rawValue) } ?? -1
            link.calledUp = (id, link.actionUp < 0 ? payload.actionName : nil)
            count(link.actionUp, link)
            record(message, link.actionUp, link.calledUp?.action, link, up: true, label: -1)
        default:
            var action = -1
            var name: String?
            if let called = link.calledDown, called.id == message.id {
                action = link.actionDown
                name = called.action
                label = called.label
                link.calledDown = nil
            }
            record(message, action, name, link, up: true, label: label)
        }
        travel(message, number, to: link.centralSystem, &link.lastUp, link)
    }

    /// The central system sends; `label` is the number of the label that the message belongs to, or -1.
    func sendDown(_ number: Int, _ message: OCPPMessage, label: Int) {
        let link = links[number]
        switch message {
        case .call(let id, let payload):
            link.actionDown = payload.action.map { Int($0.rawValue) } ?? -1
            link.calledDown = (id, link.actionDown < 0 ? payload.actionName : nil, label)
            count(link.actionDown, link)
            record(message, link.actionDown, link.calledDown?.action, link, up: false, label: label)
        default:
            var action = -1
            var name: String?
            if let called = link.calledUp, called.id == message.id {
                action = link.actionUp
                name = called.action
                link.calledUp = nil
            }
            record(message, action, name, link, up: false, label: -1)
        }
        travel(message, number, to: link.chargePoint, &link.lastDown, link)
    }

    private func count(_ action: Int, _ link: Link) {
        guard action >= 0 else { return }
        counts[action] += 1
        guard !streams.isEmpty else { return }
        streams.count(action, at: kernel.now)
        streams.count(link.firstStream + action, at: kernel.now)
    }

    private func record(_ message: OCPPMessage, _ action: Int, _ name: String?, _ link: Link, up: Bool, label: Int) {
        let identity = UInt64(EventKind.message) << 40 | UInt64(up ? 1 : 0) << 39 | UInt64(link.chargePoint) << 8 | UInt64(truncatingIfNeeded: action) & 0xFF
        kernel.note(identity: identity, payload: message.digest)
        simulation.exchanges?.saw(message, action: action, chargePoint: link.chargePoint, centralSystem: link.centralSystem, up: up)
        guard let rows else { return }
        rows.append(
            message, action: action, name: name, head: up ? link.recordUp : link.recordDown, label: label < 0 ? nil : simulation.truth.kind(of: label),
            at: kernel.now, origin: recorder.origin)
    }

    private func travel(_ message: OCPPMessage, _ number: Int, to node: Int, _ last: inout Instant, _ link: Link) {
        var arrival = kernel.now + link.latency
        if let draws = link.draws { arrival += Duration(seconds: draws.draw(.uniform, site: 0, 0, link.jitter.seconds)) ?? .zero }
        if arrival < last { arrival = last }
        last = arrival
        kernel.schedule(
            at: arrival, phase: .delivery, node: UInt32(node + 1), kind: EventKind.message, target: UInt32(node),
            payload: UInt64(link.generation) << 32 | UInt64(parcels.put(message, link: number)))
    }

    /// A message arrives.
    func deliver(_ payload: UInt64, to node: Node) {
        let parcel = Int(payload & 0xFFFF_FFFF)
        let link = parcels.link(of: parcel)
        let message = parcels.take(parcel)
        // A message of a connection that is gone is lost.
        guard payload >> 32 == UInt64(links[link].generation) else { return }
        node.receive(message, link: link)
    }

    /// The charge point says why it could not do what a call asks.
    func noteReason(_ number: Int, _ text: String) { links[number].reason = text }

    /// The reason that the charge point gave, once.
    func takeReason(_ number: Int) -> String? {
        defer { links[number].reason = nil }
        return links[number].reason
    }

    // MARK: Steps

    /// A step wants a message sent; the strand is told when it has ended.
    func send(_ request: MessageRequest) {
        guard let number = linkOfChargePoint[request.chargePoint] else { return simulation.stepRunner.callEnded(request.strand) }
        if request.from == request.chargePoint {
            guard let chargePoint = simulation.nodes[request.chargePoint] as? ChargePointNode else { return simulation.stepRunner.callEnded(request.strand) }
            return chargePoint.send(request)
        }
        guard let central = simulation.nodes[links[number].centralSystem] as? CentralSystemNode else { return simulation.stepRunner.callEnded(request.strand) }
        central.send(request, link: number)
    }

    /// Calls sent, by action, in the order of the catalogue; those never sent are left out.
    var sentByAction: [(action: String, count: UInt64)] {
        OCPPAction.allCases.filter { counts[Int($0.rawValue)] > 0 }.map { ($0.name.description, counts[Int($0.rawValue)]) }
    }
}

extension OCPPMessage {
    /// A number that tells messages of one kind apart, for the fingerprint.
    var digest: UInt64 {
        switch self {
        case .call(let id, let payload): id.digest &* 3 &+ payload.digest
        case .result(let id, let payload): id.digest &* 5 &+ payload.digest
        case .error(let id, let error): id.digest &* 7 &+ UInt64(error.code.name.utf8.reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) })
        case .frame(let bytes): bytes.reduce(UInt64(1)) { $0 &* 31 &+ UInt64($1) }
        }
    }
}

extension MessageID {
    fileprivate var digest: UInt64 {
        switch self {
        case .number(let number): UInt64(bitPattern: Int64(number))
        case .text(let text): text.utf8.reduce(UInt64(1)) { $0 &* 31 &+ UInt64($1) }
        }
    }
}

extension OCPPPayload {
    /// The values that matter for what happens next.
    fileprivate var digest: UInt64 {
        switch self {
        case .startTransaction(let start): UInt64(bitPattern: Int64(start.meterStart))
        case .stopTransaction(let stop): UInt64(bitPattern: Int64(stop.meterStop)) &* 31 &+ UInt64(bitPattern: Int64(stop.transactionID))
        case .startTransactionResult(_, let id): UInt64(bitPattern: Int64(id))
        case .statusNotification(let status): UInt64(status.status.rawValue) << 8 | UInt64(bitPattern: Int64(status.connectorID)) & 0xFF
        case .remoteStopTransaction(let id): UInt64(bitPattern: Int64(id))
        case .setChargingProfile(let set): set.profile.schedule.periods.reduce(UInt64(17)) { $0 &* 31 &+ UInt64(bitPattern: Int64($1.limitTenths)) }
        case .meterValues(let values): values.digest
        default: 0
        }
    }
}

extension MeterValues {
    fileprivate var digest: UInt64 { UInt64(bitPattern: Int64(connectorID)) &* 31 &+ UInt64(bitPattern: Int64(value.first?.mantissa ?? 0)) }
}
