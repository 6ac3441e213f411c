import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel

/// The OCPP connections between charge points and central systems: messages wait here while they travel.
final class LinkTable {
    /// One connection.
    final class Link {
        let number: Int
        let chargePoint: Int
        let centralSystem: Int
        /// Number of the connection at the central system.
        var connection = -1
        var latency = Duration.zero
        var jitter = Duration.zero
        var draws: StreamDraws?
        /// When the last message of each direction arrives: later ones never overtake it.
        var lastUp = Instant.zero
        var lastDown = Instant.zero
        /// Actions of calls that wait for their answer, for the record of the answer: what the charge point, and what the central system called.
        var calledUp: (id: MessageID, action: String?)?
        var calledDown: (id: MessageID, action: String?, label: Int)?
        /// Catalogue numbers of these actions, -1 for names that the catalogue does not have.
        var actionUp = -1
        var actionDown = -1
        /// When they were sent.
        var calledUpAt = Instant.zero
        var calledDownAt = Instant.zero
        /// Why the charge point could not do what the last call asked.
        var reason: String?
        /// First stream of messages of the charge point.
        let firstStream: Int
        /// The part of a record that is the same for all messages of a direction.
        let recordUp: [UInt8]
        let recordDown: [UInt8]

        init(number: Int, chargePoint: Int, centralSystem: Int, name: String, firstStream: Int) {
            self.number = number
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
    /// Calls and their answers by action.
    let calls = CallMeter()

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
            number: links.count, chargePoint: chargePoint, centralSystem: centralSystem, name: simulation.scenario.symbols.nodes[chargePoint],
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
        recorder.capture?.join(link.number, chargePoint: chargePoint, centralSystem: centralSystem)
        linkOfChargePoint[chargePoint] = links.count - 1
        return links.count - 1
    }

    /// The links of a central system in the order of the charge points.
    func links(of centralSystem: Int) -> [(number: Int, chargePoint: Int)] {
        links.indices.filter { links[$0].centralSystem == centralSystem }.map { ($0, links[$0].chargePoint) }
    }

    func setConnection(_ number: Int, of link: Int) { links[link].connection = number }
    func connection(of link: Int) -> Int { links[link].connection }

    // MARK: Sending

    /// The charge point sends.
    func sendUp(_ number: Int, _ message: OCPPMessage) {
        let link = links[number]
        var label = -1
        var answered = -1
        switch message {
        case .call(let id, let payload):
            link.actionUp = payload.action.map { Int($0.rawValue) } ?? -1
            link.calledUp = (id, link.actionUp < 0 ? payload.actionName : nil)
            link.calledUpAt = kernel.now
            count(link.actionUp, link, up: true)
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
            answered = action
        }
        let arrival = travel(message, number, to: link.centralSystem, &link.lastUp, link)
        if answered >= 0 { measure(answered, link, up: false, message, arrival - link.calledDownAt) }
    }

    /// The central system sends; `label` is the number of the label that the message belongs to, or -1.
    func sendDown(_ number: Int, _ message: OCPPMessage, label: Int) {
        let link = links[number]
        var answered = -1
        switch message {
        case .call(let id, let payload):
            link.actionDown = payload.action.map { Int($0.rawValue) } ?? -1
            link.calledDown = (id, link.actionDown < 0 ? payload.actionName : nil, label)
            link.calledDownAt = kernel.now
            count(link.actionDown, link, up: false)
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
            answered = action
        }
        let arrival = travel(message, number, to: link.chargePoint, &link.lastDown, link)
        if answered >= 0 { measure(answered, link, up: true, message, arrival - link.calledUpAt) }
    }

    private func count(_ action: Int, _ link: Link, up: Bool) {
        guard action >= 0 else { return }
        calls.called(action, up: up)
        guard !streams.isEmpty else { return }
        streams.count(action, at: kernel.now)
        streams.count(link.firstStream + action, at: kernel.now)
    }

    /// The answer to a call takes so long, counted from the call, to its arrival.
    private func measure(_ action: Int, _ link: Link, up: Bool, _ answer: OCPPMessage, _ time: Duration) {
        calls.answered(action, up: up, isError: answer.isError, after: time)
        if streams.isTimed { streams.answered(link.firstStream + action, after: time) }
    }

    private func record(_ message: OCPPMessage, _ action: Int, _ name: String?, _ link: Link, up: Bool, label: Int) {
        let identity = UInt64(EventKind.message) << 40 | UInt64(up ? 1 : 0) << 39 | UInt64(link.chargePoint) << 8 | UInt64(truncatingIfNeeded: action) & 0xFF
        kernel.note(identity: identity, payload: message.digest)
        if let capture = recorder.capture {
            capture.message(link.number, up: up, message, label: label < 0 ? nil : simulation.truth.kind(of: label), at: kernel.now)
        }
        guard let rows else { return }
        rows.append(
            message, action: action, name: name, head: up ? link.recordUp : link.recordDown, label: label < 0 ? nil : simulation.truth.kind(of: label),
            at: kernel.now, origin: recorder.origin)
    }

    private func travel(_ message: OCPPMessage, _ number: Int, to node: Int, _ last: inout Instant, _ link: Link) -> Instant {
        var arrival = kernel.now + link.latency
        if let draws = link.draws { arrival += Duration(seconds: draws.draw(.uniform, site: 0, 0, link.jitter.seconds)) ?? .zero }
        if arrival < last { arrival = last }
        last = arrival
        kernel.schedule(
            at: arrival, phase: .delivery, node: UInt32(node + 1), kind: EventKind.message, target: UInt32(node),
            payload: UInt64(parcels.put(message, link: number)))
        return arrival
    }

    /// A message arrives.
    func deliver(_ parcel: Int, to node: Node) {
        let link = parcels.link(of: parcel)
        node.receive(parcels.take(parcel), link: link)
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

    /// Calls of a stream of messages; those of one node are counted where somebody asks for them.
    func calls(ofStream stream: Int) -> UInt64 {
        stream < OCPPAction.allCases.count ? calls.calls(of: stream) : UInt64(streams.runtime(stream).count)
    }

    /// The answer times of a stream of messages.
    func latency(ofStream stream: Int) -> LatencyHistogram {
        stream < OCPPAction.allCases.count ? calls.latency(of: stream) : streams.runtime(stream).latency ?? LatencyHistogram()
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
