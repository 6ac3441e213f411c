import OCPP
import ScenarioLanguage
import SimulationKernel

extension Simulation {
    /// A vehicle wants to a charge point that is not in this run.
    func notHere(_ station: Int, for visitor: Node) {
        guard nodes[station] is RemoteChargePointNode else { return }
        fail(.badNode, "\(visitor.name): \(nodes[station].name) is another program, and no vehicle of this run can be plugged in there", span: nil)
    }
}

/// Kind `remote-charge-point`: stands for a charge point that is another program and connects to a central system of a live run.
///
/// It runs no machine. Steps, links, expectations and streams name it as they name a charge point; what it knows is what its central system learns.
final class RemoteChargePointNode: Node {
    private enum Signal {
        static let online = 0, registered = 1, status = 2, stationStatus = 3, transactions = 4, transaction = 5
    }

    private let ownIdentity: String
    /// Whether the run's t = 0 waits for it.
    let isAwaited: Bool
    private let link: Int
    private var running: [(connector: Int, id: Int)] = []

    private init(_ context: NodeContext) {
        ownIdentity = context.text("identity") ?? context.name
        isAwaited = context.flag("awaited")
        link = context.simulation.links.connect(
            chargePoint: context.index, identity: ownIdentity, centralSystem: context.nodes("csms").first ?? -1, isRemote: true)
        super.init(in: context)
    }

    override var identity: String { ownIdentity }
    override var mustBoot: Bool { isAwaited }

    override func powerOn() {
        for signal in [Signal.online, Signal.registered, Signal.transactions, Signal.transaction] { publish(signal, 0) }
    }

    override func linkUp(_ link: Int) { publishChange(Signal.online, 1) }
    override func linkDown(_ link: Int) { publishChange(Signal.online, 0) }

    /// Its central system has learnt something of it.
    override func learnt(_ news: CentralSystemOutput) {
        switch news {
        case .registered(_, let status):
            publishChange(Signal.registered, status == .accepted ? 1 : 0)
            if status == .accepted, isAwaited { simulation.nodeBooted(self) }
        case .status(_, let connector, let status):
            if connector <= 1 { publishChange(connector == 0 ? Signal.stationStatus : Signal.status, Double(status.rawValue)) }
        case .transactionStarted(_, let connector, let id, _, _):
            running.append((connector, id))
            publishTransactions()
        case .transactionEnded(_, _, let id, _, _, _):
            running.removeAll { $0.id == id }
            publishTransactions()
        default: break
        }
    }

    private func publishTransactions() {
        publishChange(Signal.transactions, Double(running.count))
        publishChange(Signal.transaction, Double(running.last { $0.connector == 1 }?.id ?? 0))
    }

    static let kind = NodeKind(
        manifest: KindManifest(
            name: "remote-charge-point",
            about: "A charge point that is another program and connects to a csms of a live run: steps, links and expectations name it like one of their own.",
            roles: [.chargePoint],
            settings: [
                SettingManifest("csms", .node(roles: [.centralSystem]), required: true, about: "The central system that it connects to."),
                SettingManifest("identity", .text, about: "Name under which it connects; that of the node when not given."),
                SettingManifest(
                    "awaited", .flag, default: "true",
                    about: "Whether the run's t = 0 waits, 'run.ready_within' at most, until its registration is accepted."),
            ],
            signals: [
                SignalManifest("online", isFlag: true, about: "Whether its connection stands."),
                SignalManifest("registered", isFlag: true, about: "Whether its last BootNotification was accepted."),
                SignalManifest("status", members: ChargePointStatus.names.map(\.description), about: "Status of connector 1, as it reports it."),
                SignalManifest("station_status", members: ChargePointStatus.names.map(\.description), about: "Status of connector 0, as it reports it."),
                SignalManifest("transactions", held: true, about: "Transactions that it has started and not ended."),
                SignalManifest("transaction", held: true, about: "Id of the transaction at connector 1; 0 without one."),
            ],
            example: """
                evsim: 1
                scenario: remote-charge-point-example
                run: {for: 10s}
                nodes:
                  csms: {is: csms, listen: "127.0.0.1:0"}
                  box:  {is: remote-charge-point, csms: csms, identity: CP-7, awaited: false}
                steps:
                  - {send: GetConfiguration, to: box}
                expect:
                  - =csms.connected == 0
                """)
    ) { RemoteChargePointNode($0) }
}
