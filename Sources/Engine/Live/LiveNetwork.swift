import Glibc
import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel
import Transport

/// The real network of a live run: central systems listen, charge points connect, messages are texts on WebSockets.
///
/// Everything that comes in becomes an event of the kernel at the instant at which it came; the machines behind the nodes are those of virtual time.
final class LiveNetwork: LinkCarrier, Outside {
    /// One end of a connection that belongs to a node of this run.
    struct End {
        let link: Int
        let isCentralSystem: Bool
        var isOpen = false
    }

    /// A central system that listens.
    struct Listener {
        let node: Int
        let id: ListenerID
        let security: LiveSecurity
        let url: String
    }

    unowned(unsafe) let simulation: Simulation
    let loop: EventLoop
    let settings: LiveSettings
    /// What came before the run began: requests to connect and their ends.
    private var early: [TransportEvent] = []
    /// The real buses of the run.
    private var buses: LiveBuses?
    /// The most charge points, those of the run and strangers, that a live run takes on.
    private static let mostLinks = 200_000
    var listeners: [Listener] = []
    /// The way of each link's charge point to its central system; links without one belong to strangers.
    var clients: [Int: OCPPClient] = [:]
    var ends: [ConnectionID: End] = [:]
    /// The connections of each link at the charge point, and at the central system.
    var clientEnd: [Int: ConnectionID] = [:]
    var serverEnd: [Int: ConnectionID] = [:]
    /// How proxies reach their central systems, by node, and how each charge point behind one does, by link.
    var proxyWays: [Int: ProxiedWay] = [:]
    var proxied: [Int: ProxiedWay] = [:]
    /// The instant that belongs to now, given by the driver.
    var clock: () -> Instant = { .zero }
    /// The most that comes in between two looks at the run.
    private static let most = 512
    /// Working memory for texts that go out.
    private var text: [UInt8] = []

    init(_ simulation: Simulation, _ settings: LiveSettings) throws(RunFailure) {
        self.simulation = simulation
        self.settings = settings
        do {
            loop = try EventLoop(seed: simulation.scenario.run.seed)
        } catch {
            throw RunFailure(code: .network, message: error.text, span: nil, time: nil)
        }
        for node in simulation.nodes {
            if let live = node.listening { try listen(node, live) }
        }
        for number in simulation.links.links.indices { try prepare(number) }
        for case let proxy as ProxyNode in simulation.nodes { try prepare(proxy) }
        for listener in listeners { settings.told?("\(simulation.nodes[listener.node].name) listens on \(listener.url)") }
        buses = try LiveBuses(simulation, loop, settings)
        try writeReadyFile()
        // Who connects meanwhile is answered when the run has begun.
        var early: [TransportEvent] = []
        try buses?.reach { early.append($0) }
        simulation.liveBuses = buses
        self.early = early
    }

    // MARK: Setting up

    func fail(_ node: Node, _ text: String) -> RunFailure {
        RunFailure(
            code: .network, message: "\(node.name): \(text)",
            span: simulation.scenario.nodes[simulation.scenario.symbols.declarationOfNode[node.index]].span, time: nil)
    }

    private func listen(_ node: Node, _ live: LiveListening) throws(RunFailure) {
        guard settings.allowsNetwork || LiveNetwork.isLoopback(live.address) else {
            throw fail(node, "'\(live.address)' is no address of this machine alone; give --allow-net if others shall reach it")
        }
        let context: TLSContext?
        do { context = try live.security.serverContext() } catch { throw fail(node, error.description) }
        do {
            var connection = ConnectionSettings()
            connection.compresses = live.compresses
            let id = try loop.listen(address: live.address, port: live.port, tls: context, settings: connection)
            let host = live.address.contains(":") ? "[\(live.address)]" : live.address
            let url = "\(context == nil ? "ws" : "wss")://\(host):\(loop.port(of: id))"
            listeners.append(Listener(node: node.index, id: id, security: live.security, url: url))
        } catch {
            throw fail(node, error.text)
        }
    }

    /// Prepares the way of a charge point to its central system; names are looked up now, because that may take seconds.
    private func prepare(_ number: Int) throws(RunFailure) {
        let link = simulation.links.links[number]
        guard link.chargePoint >= 0 else { return }
        let node = simulation.nodes[link.chargePoint]
        guard let way = node.connecting else { return }
        let address: String
        if let own = way.address {
            address = own
        } else if let listener = listeners.first(where: { $0.node == link.centralSystem }) {
            address = listener.url
        } else {
            throw fail(node, "its central system listens nowhere")
        }
        let url: WebSocketURL
        do { url = try WebSocketURL(address) } catch { throw fail(node, "\(address): \(error.text)") }
        guard settings.allowsNetwork || LiveNetwork.isLoopback(url.host) else {
            throw fail(node, "'\(url.host)' is another machine; give --allow-net if the run shall reach it")
        }
        let context: TLSContext?
        do { context = try way.security.clientContext(isSecure: url.isSecure) } catch { throw fail(node, error.description) }
        do {
            clients[number] = try OCPPClient(
                url: url, identity: way.identity, profile: way.security.profile, key: way.security.key,
                keyForm: way.security.sendsHexKey ? .hexText : .bytes, tls: context)
        } catch {
            throw fail(node, "\(address): \(error.text)")
        }
    }

    /// Whether an address reaches this machine only.
    static func isLoopback(_ host: String) -> Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    private func writeReadyFile() throws(RunFailure) {
        guard let path = settings.readyFile else { return }
        let rows = listeners.map { "{\"node\":\"\(simulation.nodes[$0.node].name)\",\"url\":\"\($0.url)\",\"port\":\(loop.port(of: $0.id))}" }
        let buses = buses?.readyText ?? ""
        let text = "{\"pid\":\(getpid()),\"listening\":[\(rows.joined(separator: ","))]\(buses)}\n"
        do {
            // Whoever waits for the file must never see half of it.
            let file = try OutputFile(path: path + ".part")
            file.append(text)
            try file.finish()
        } catch {
            throw RunFailure(code: .cannotWrite, message: "\(error.path): \(error.reason)", span: nil, time: nil)
        }
        guard rename(path + ".part", path) == 0 else {
            throw RunFailure(code: .cannotWrite, message: "\(path): \(String(cString: strerror(errno)))", span: nil, time: nil)
        }
    }

    // MARK: Carrying

    func open(_ link: Int) {
        if simulation.links.links[link].imitated >= 0 { return openIntruder(link) }
        guard var client = clients[link] else { return simulation.links.isGone(link, atCentralSystem: false) }
        // A new key counts from the next connection.
        if let way = simulation.nodes[simulation.links.links[link].chargePoint].connecting { client.key = way.security.key }
        if let old = clientEnd[link] { drop(old, .normal) }
        let id = client.connect(loop)
        clientEnd[link] = id
        ends[id] = End(link: link, isCentralSystem: false)
    }

    func close(_ link: Int, by end: LinkTable.End?) {
        let isAborted = simulation.links.links[link].isBlocked
        var ids: [ConnectionID?] = []
        // What was sent before is read at the other end, which learns from its own socket that the connection is over.
        if end != .centralSystem { ids.append(clientEnd.removeValue(forKey: link)) }
        if end != .chargePoint { ids.append(serverEnd.removeValue(forKey: link)) }
        for id in ids {
            guard let id else { continue }
            if isAborted {
                ends[id] = nil
                loop.abort(id, reset: true)
            } else {
                drop(id, .normal)
            }
        }
    }

    /// Forgets a connection and closes it.
    func drop(_ id: ConnectionID, _ code: CloseCode, reason: String = "") {
        ends[id] = nil
        loop.close(id, code, reason: reason)
    }

    func send(_ message: OCPPMessage, over link: Int, up: Bool) {
        guard let id = up ? clientEnd[link] : serverEnd[link], ends[id]?.isOpen == true else { return }
        let bytes = message.bytes
        // A reader that is too slow is ended by the loop, which tells.
        bytes.withUnsafeBytes { _ = loop.send(text: $0, to: id) }
    }

    func send(_ message: OCPPMessage, over link: Int, up: Bool, bytesPerSecond: Double) {
        guard let id = up ? clientEnd[link] : serverEnd[link], ends[id]?.isOpen == true else { return }
        message.bytes.withUnsafeBytes { _ = loop.send(text: $0, bytesPerSecond: bytesPerSecond, to: id) }
    }

    func hurry(_ link: Int) { for id in [clientEnd[link], serverEnd[link]] { if let id { loop.hurry(id) } } }

    // MARK: Coming in

    func wait(until deadline: UInt64) {
        for event in early { handle(event) }
        early = []
        buses?.flush()
        var limit = min(deadline, buses?.deadline ?? .max)
        var rest = Self.most
        // What has come is handed on before more is waited for; who sends without end does not hold up the run.
        while rest > 0, let event = loop.next(until: limit) {
            simulation.kernel.advance(to: clock())
            handle(event)
            limit = 0
            rest -= 1
        }
        buses?.runDue()
    }

    func close() {
        buses?.close()
        loop.closeAll(.goingAway, reason: "the run is over")
        let deadline = WallClock.monotonic + 1_000_000_000
        while !loop.isIdle, WallClock.monotonic < deadline { _ = loop.next(until: WallClock.monotonic + 5_000_000) }
    }

    private func handle(_ event: TransportEvent) {
        switch event {
        case .text(let id, let bytes):
            guard let end = ends[id] else { return }
            simulation.links.received(bytes, over: end.link, up: end.isCentralSystem)
        case .binary(let id, _): loop.close(id, .unsupportedData, reason: "OCPP-J is text")
        case .upgrade(let id, let listener, let request): decide(id, listener, request)
        case .opened(let id, let opening): opened(id, opening)
        case .closed(let id, let closing): closed(id, closing)
        case .ready(let id, let readiness): buses?.handle(id, readiness, at: clock())
        case .pong, .congested, .relieved, .interrupted: break
        }
    }

    /// Decides who may connect (OCPP-J 1.6 section 3, security whitepaper section 3); the machine of the central system decides about identities.
    private func decide(_ id: ConnectionID, _ listener: ListenerID, _ request: UpgradeRequest) {
        guard let place = listeners.first(where: { $0.id == listener }) else { return loop.refuse(id, UpgradeError(503, "nobody answers here")) }
        let node = simulation.nodes[place.node]
        guard let identity = request.identity else {
            return loop.refuse(id, UpgradeError(404, "the path does not end with the identity of a charge point"))
        }
        if let proxy = node as? ProxyNode {
            guard simulation.links.links.count < Self.mostLinks else { return loop.refuse(id, UpgradeError(503, "too many charge points")) }
            return forward(id, proxy, request, identity: identity)
        }
        if let refusal = node.refusal(of: identity, request.credentials.map { ($0.user, $0.password) }, certificate: loop.certificateName(id)) {
            return loop.refuse(id, UpgradeError(refusal.status, refusal.text))
        }
        let subprotocol = request.protocols.first { $0 == "ocpp1.6" }
        // Names that nobody knows cost memory for the rest of the run.
        guard simulation.links.links.count < Self.mostLinks else { return loop.refuse(id, UpgradeError(503, "too many charge points")) }
        let link = link(for: identity, node)
        ends[id] = End(link: link, isCentralSystem: true)
        loop.accept(id, subprotocol: subprotocol)
    }

    /// The link of somebody who connects to a central system under a name.
    private func link(for identity: String, _ node: Node) -> Int {
        let links = simulation.links
        if let intruder = connectingIntruder(identity, node) { return intruder }
        guard let known = links.link(identity: identity, centralSystem: node.index) else {
            return links.stranger(identity: identity, centralSystem: node.index)
        }
        guard links.links[known].isRemote else {
            // Whoever has the name of a charge point of this run that is not just connecting is somebody else.
            guard let own = clientEnd[known], ends[own]?.isOpen == false else { return links.stranger(identity: identity, centralSystem: node.index) }
            if let standing = serverEnd.removeValue(forKey: known) {
                drop(standing, .policyViolation, reason: "replaced by a newer connection")
                links.endEnding(known)
            }
            return known
        }
        guard serverEnd[known] != nil else { return known }
        // It comes again before its old connection was heard to end: what takes the place takes the name too; the machine decides about the others.
        guard node.replacesConnections else { return links.connectStranger(identity: identity, centralSystem: node.index) }
        links.close(known)
        return known
    }

    private func opened(_ id: ConnectionID, _ opening: Opening) {
        guard var end = ends[id] else { return }
        if openedProxied(id, end, opening) { return }
        guard opening.subprotocol != nil else {
            let offered = opening.request.protocols.joined(separator: ", ")
            return drop(id, .protocolError, reason: end.isCentralSystem ? "no common subprotocol: offered \(offered)" : "no subprotocol was chosen")
        }
        end.isOpen = true
        ends[id] = end
        if end.isCentralSystem {
            if let old = serverEnd[end.link], ends[old] != nil { drop(old, .policyViolation, reason: "replaced by a newer connection") }
            serverEnd[end.link] = id
            if let ping = simulation.nodes[simulation.links.links[end.link].centralSystem].listening?.pingInterval { setPing(id, ping) }
        } else if simulation.links.chargePoint(of: end.link) >= 0,
            let ping = simulation.nodes[simulation.links.links[end.link].chargePoint].connecting?.pingInterval
        {
            setPing(id, ping)
        }
        simulation.links.stands(end.link, atCentralSystem: end.isCentralSystem)
    }

    /// A peer that answers no ping within the period is dead.
    private func setPing(_ id: ConnectionID, _ interval: Duration) {
        guard interval > .zero else { return }
        let nanoseconds = UInt64(interval.nanoseconds)
        loop.setPing(id, interval: nanoseconds, deadline: nanoseconds)
    }

    private func closed(_ id: ConnectionID, _ closing: Closing) {
        guard let end = ends.removeValue(forKey: id) else { return }
        if closedProxied(end, closing) { return }
        if end.isCentralSystem {
            if serverEnd[end.link] == id { serverEnd[end.link] = nil }
        } else {
            if clientEnd[end.link] == id { clientEnd[end.link] = nil }
            if !closing.wasOpen { report(end.link, closing) }
        }
        if end.isOpen || !end.isCentralSystem { simulation.links.isGone(end.link, atCentralSystem: end.isCentralSystem) }
    }

    private func report(_ link: Int, _ closing: Closing) {
        guard simulation.links.chargePoint(of: link) >= 0 else { return }
        let node = simulation.nodes[simulation.links.links[link].chargePoint]
        simulation.warn(.noConnection, "\(node.name): \(closing.detail)", span: nil)
    }
}
