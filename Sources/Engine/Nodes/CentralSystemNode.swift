import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel

/// Kind `csms`: a central system of OCPP 1.6 that answers charge points and sends what the steps say.
final class CentralSystemNode: Node {
    enum Signal {
        static let transactions = 0, connected = 1, registered = 2, energy = 3, messages = 4, rejected = 5, violations = 6
    }
    private enum Timer {
        /// Above this the timers are those of connections.
        static let reply: UInt32 = .max, start: UInt32 = .max - 1
    }

    var machine: CentralSystemMachine
    let live: LiveListening
    private var outputs: [CentralSystemOutput] = []
    /// The link of each connection, and how often its timer was set.
    private var connections: [(link: Int, timer: UInt32)] = []
    private var connected = 0
    private var energy = 0
    private var rejected = 0
    private var violations = 0
    private var messages = 0
    private var messagesShownAt = Instant.zero
    /// Whether the process does not run.
    private var isDown = false
    private var starts: UInt32 = 0
    /// Whether it neither reads nor sends, with its connections open.
    private var isMute = false
    /// Steps that wait for answers, by the token of the call.
    var waiting: [UInt64: (request: MessageRequest, sentAt: Instant)] = [:]
    var lastToken: UInt64 = 0
    /// Requests of steps whose fields never change, by the number of the step.
    var requests: [Int: CentralSystemRequest] = [:]
    /// Label of the message that is being sent for a step.
    var presentLabel = -1

    init(_ context: NodeContext) throws(RunFailure) {
        machine = CentralSystemMachine(try Self.machineSettings(context), epoch: context.simulation.scenario.run.epoch)
        machine.replies = ReplyBook(context)
        live = try Self.listening(context)
        super.init(in: context)
    }

    override func powerOn() {
        for signal in [Signal.transactions, Signal.connected, Signal.registered, Signal.energy, Signal.messages, Signal.rejected, Signal.violations] {
            publish(signal, 0)
        }
    }

    func drive(_ body: (inout CentralSystemMachine, inout [CentralSystemOutput]) -> Void) {
        var list = outputs
        outputs = []
        body(&machine, &list)
        // Taken from the end of the reversed list, each output is moved and not copied, and the list keeps its memory.
        if list.count > 1 { list.reverse() }
        while let output = list.popLast() { perform(output) }
        outputs = list
    }

    private func perform(_ output: CentralSystemOutput) {
        switch output {
        case .send(let connection, let message):
            if case .error = message {
                rejected += 1
                publish(Signal.rejected, Double(rejected))
            }
            guard !isMute, !isDown else { return }
            simulation.links.sendDown(connections[connection].link, message, label: message.isCall ? presentLabel : -1)
        case .setTimer(let connection, let instant):
            connections[connection].timer &+= 1
            setTimer(UInt32(connection), at: instant, payload: connections[connection].timer)
        case .setReplyTimer(let number, let instant): setTimer(Timer.reply, at: instant, payload: number)
        case .close(let connection, _): simulation.links.close(connections[connection].link, by: .centralSystem)
        case .callEnded(let connection, let token, let outcome): ended(connection, token, outcome)
        case .registered(let connection, _):
            publishChange(Signal.registered, Double(machine.registeredCount))
            tell(connection, output)
        case .transactionStarted(let connection, _, _, _, _), .transactionEnded(let connection, _, _, _, _, _):
            publishTransactions(output)
            tell(connection, output)
        case .status(let connection, _, _): tell(connection, output)
        case .meterValues, .repeated, .learned: break
        case .violation(let connection, _, let text):
            violations += 1
            publish(Signal.violations, Double(violations))
            simulation.invalidState("\(name) about \(machine.identity(connection))", text)
        }
    }

    /// Another program's charge point has no machine here: what it does is what its central system learns.
    private func tell(_ connection: Int, _ output: CentralSystemOutput) {
        guard simulation.links.hasRemotes, connections.indices.contains(connection), connections[connection].link >= 0 else { return }
        let link = simulation.links.links[connections[connection].link]
        if link.isRemote { simulation.nodes[link.chargePoint].learnt(output) }
    }

    private func publishTransactions(_ output: CentralSystemOutput) {
        publish(Signal.transactions, Double(machine.runningCount))
        guard case .transactionEnded(_, _, _, _, _, let wattHours?) = output, wattHours > 0 else { return }
        energy &+= wattHours
        publish(Signal.energy, Double(energy) * 3600)
    }

    override var listening: LiveListening? { live }
    override var replacesConnections: Bool { machine.settings.secondConnection == .replace }

    override func refusal(of identity: String, _ credentials: (user: String, password: [UInt8])?, certificate: String?) -> (status: Int, text: String)? {
        isDown ? (503, "the central system is down") : refusalOfGuest(identity, credentials, certificate)
    }

    // MARK: Connections

    override func linkUp(_ link: Int) {
        guard !isDown, !isMute else { return simulation.links.close(link) }
        take(link)
    }

    /// Takes on the charge point of a link, or closes it.
    private func take(_ link: Int) {
        let identity = simulation.links.identity(of: link)
        var decision = ConnectionDecision.refused(.unknownIdentity)
        drive { decision = $0.connect(identity: identity, at: now, into: &$1) }
        switch decision {
        case .refused:
            simulation.links.setConnection(-1, of: link)
            simulation.links.close(link)
        case .accepted(let connection, let closing):
            for old in closing { simulation.links.close(connections[old].link, by: .centralSystem) }
            while connections.count <= connection { connections.append((-1, 0)) }
            connections[connection].link = link
            simulation.links.setConnection(connection, of: link)
        }
        countConnections()
    }

    override func linkDown(_ link: Int) {
        let connection = simulation.links.connection(of: link)
        simulation.links.setConnection(-1, of: link)
        // The number may belong to another link by now.
        guard connections.indices.contains(connection), connections[connection].link == link else { return }
        drive { $0.disconnect(connection, into: &$1) }
        countConnections()
    }

    private func countConnections() {
        connected = machine.connectedCount
        publishChange(Signal.connected, Double(connected))
    }

    override func receive(_ message: OCPPMessage, link: Int) {
        guard !isDown, !isMute else { return }
        // A charge point that opens no connections has one as soon as it speaks.
        if simulation.links.connection(of: link) < 0, !simulation.links.isUp(link) { take(link) }
        let connection = simulation.links.connection(of: link)
        messages &+= 1
        if now - messagesShownAt >= .seconds(1) {
            messagesShownAt = now
            publish(Signal.messages, Double(messages))
        }
        drive { $0.receive(message, from: connection, at: now, into: &$1) }
    }

    override func finish() { publishChange(Signal.messages, Double(messages)) }

    override func timer(_ id: UInt32, _ payload: UInt32) {
        switch id {
        case Timer.reply: drive { $0.replyDue(payload, into: &$1) }
        case Timer.start: if payload == starts { isDown = false }
        default:
            guard connections.indices.contains(Int(id)), connections[Int(id)].timer == payload else { return }
            drive { $0.timer(connection: Int(id), at: now, into: &$1) }
        }
    }

    // MARK: What is done to it

    override func perform(_ action: ActionCall) {
        switch action.name {
        case "disconnect":
            let wanted = action.nodes("charge_point").map { simulation.scenario.symbols.nodes[$0] }
            for connection in connections.indices where machine.isConnected(connection) && (wanted.isEmpty || wanted.contains(machine.identity(connection))) {
                simulation.links.close(connections[connection].link, by: .centralSystem)
            }
        case "restart", "kill": stop(for: action.duration("for"))
        case "start":
            starts &+= 1
            isDown = false
        case "stop-answering": isMute = true
        case "answer-again": isMute = false
        default: break
        }
    }

    /// The process ends: connections are closed, calls and answers that wait are gone, what was stored stays.
    private func stop(for time: Duration?) {
        isDown = true
        isMute = false
        for connection in connections.indices where machine.isConnected(connection) {
            drive { $0.disconnect(connection, into: &$1) }
            let link = connections[connection].link
            simulation.links.setConnection(-1, of: link)
            simulation.links.close(link)
        }
        machine = machine.restarted()
        connections = connections.map { (-1, $0.timer) }
        countConnections()
        starts &+= 1
        if let time { setTimer(Timer.start, at: now + time, payload: starts) }
    }
}
