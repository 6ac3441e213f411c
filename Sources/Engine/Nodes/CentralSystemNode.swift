import JSONText
import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel

/// Kind `csms`: a central system of OCPP 1.6 that answers charge points and sends what the steps say.
final class CentralSystemNode: Node {
    private enum Signal {
        static let transactions = 0, connected = 1
    }

    private var machine: CentralSystemMachine
    private var outputs: [CentralSystemOutput] = []
    /// Link and charge point of each connection.
    private var connections: [(link: Int, chargePoint: Int)] = []
    /// One timer a connection.
    private var timers = TimerTable(count: 0)
    private var running = 0
    private var accepted = 0
    /// Steps that wait for answers, by the token of the call.
    private var waiting: [UInt64: (request: MessageRequest, sentAt: Instant)] = [:]
    private var lastToken: UInt64 = 0
    /// Requests of steps whose fields never change, by the number of the step.
    private var requests: [Int: CentralSystemRequest] = [:]
    /// Label of the message that is being sent for a step.
    private var presentLabel = -1

    private init(_ context: NodeContext) {
        var settings = CentralSystemSettings()
        settings.interval = Int((context.duration("heartbeat_every") ?? .seconds(300)).seconds)
        if let tags = context.text("id_tags") { settings.idTags = tags.split(separator: " ").map(String.init) }
        if let status = context.choice("boot_status") { settings.bootStatus = [.accepted, .pending, .rejected][min(status, 2)] }
        machine = CentralSystemMachine(settings, epoch: context.simulation.scenario.run.epoch)
        super.init(in: context)
    }

    override func powerOn() {
        prepare()
        publish(Signal.transactions, 0)
        publish(Signal.connected, 0)
    }

    /// Takes on all charge points that name this central system.
    private func prepare() {
        guard connections.isEmpty else { return }
        for (link, chargePoint) in simulation.links.links(of: index) {
            let connection = machine.connect(identity: simulation.scenario.symbols.nodes[chargePoint])
            simulation.links.setConnection(connection, of: link)
            connections.append((link, chargePoint))
        }
        timers = TimerTable(count: connections.count)
    }

    private func drive(_ body: (inout CentralSystemMachine, inout [CentralSystemOutput]) -> Void) {
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
        case .send(let connection, let message): simulation.links.sendDown(connections[connection].link, message, label: message.isCall ? presentLabel : -1)
        case .setTimer(let connection, let instant):
            setTimer(UInt32(connection), at: instant, payload: timers.arm(connection))
        case .callEnded(let connection, let token, let outcome): ended(connection, token, outcome)
        case .registered(_, let status):
            if status == .accepted {
                accepted += 1
                publish(Signal.connected, Double(accepted))
            }
        case .transactionStarted:
            running += 1
            publish(Signal.transactions, Double(running))
        case .transactionEnded:
            running -= 1
            publish(Signal.transactions, Double(running))
        case .status, .meterValues: break
        case .violation(let connection, _, let text):
            simulation.invalidState("\(name) about \(simulation.scenario.symbols.nodes[connections[connection].chargePoint])", text)
        }
    }

    override func receive(_ message: OCPPMessage, link: Int) {
        prepare()
        let connection = simulation.links.connection(of: link)
        drive { $0.receive(message, from: connection, at: now, into: &$1) }
    }

    override func timer(_ id: UInt32, _ payload: UInt32) {
        guard timers.expire(Int(id), generation: payload) else { return }
        drive { $0.timer(connection: Int(id), at: now, into: &$1) }
    }

    // MARK: Steps

    func send(_ request: MessageRequest, link: Int) {
        let connection = simulation.links.connection(of: link)
        guard connection >= 0 else { return simulation.stepRunner.callEnded(request.strand) }
        switch resolved(request) {
        case .failure(let problems):
            simulation.fail(.badNode, "\(request.action): \(problems.text)", span: request.step.span)
        case .success(let wanted):
            lastToken += 1
            let token = lastToken
            waiting[token] = (request, now)
            presentLabel = request.label ?? -1
            drive { $0.send(wanted, to: connection, token: token, at: now, into: &$1) }
            presentLabel = -1
        }
    }

    /// The request of a step; the fields of a step without formulas are read once.
    private func resolved(_ request: MessageRequest) -> Result<CentralSystemRequest, RequestProblems> {
        if let known = requests[request.step.number] { return .success(known) }
        let result = MessageFields.request(request)
        if request.isConstant, case .success(let wanted) = result { requests[request.step.number] = wanted }
        return result
    }

    private func ended(_ connection: Int, _ token: UInt64, _ outcome: CallOutcome) {
        guard let (request, _) = waiting.removeValue(forKey: token) else { return }
        let reason = connections.indices.contains(connection) ? simulation.links.takeReason(connections[connection].link) : nil
        if !outcome.isAccepted {
            let target = simulation.scenario.symbols.nodes[request.chargePoint]
            simulation.warn(.notAnswered, "\(request.action) to \(target): \(outcome.text)\(reason.map { ", because \($0)" } ?? "")", span: request.step.span)
        }
        simulation.stepRunner.callEnded(request.strand)
    }

    static let kind = NodeKind(
        manifest: KindManifest(
            name: "csms", about: "A central system (CSMS) of OCPP 1.6: accepts charge points, answers them, counts transactions and sends what the steps say.",
            roles: [.centralSystem],
            settings: [
                SettingManifest(
                    "heartbeat_every", .duration, default: "5min", min: "1s", max: "7d", about: "Interval of BootNotification.conf: the period of Heartbeat."),
                SettingManifest("boot_status", .oneOf(["accepted", "pending", "rejected"]), default: "accepted", about: "Answer to BootNotification."),
                SettingManifest("id_tags", .text, about: "Tags that are accepted, with spaces between; every tag when not given."),
            ],
            signals: [
                SignalManifest("transactions", held: true, about: "Transactions that run now."),
                SignalManifest("connected", held: true, about: "Accepted BootNotifications."),
            ],
            example: """
                evsim: 1
                scenario: csms-example
                run: {for: 1min}
                nodes:
                  csms: {is: csms, heartbeat_every: 10s}
                  cp1: {is: charge-point, csms: csms}
                expect:
                  - =count(ocpp.Heartbeat) == 5
                """)
    ) { context in CentralSystemNode(context) }
}

extension CallOutcome {
    /// What came back, in words.
    fileprivate var text: String {
        switch self {
        case .result: "refused"
        case .error(let error, _): "answered with \(error.code.name)\(error.description.isEmpty ? "" : ", \(error.description)")"
        case .timedOut: "not answered in time"
        case .dropped: "not sent"
        }
    }
}
