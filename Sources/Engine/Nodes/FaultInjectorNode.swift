import CAN
import Quantities
import ScenarioLanguage

/// Kind `can-fault-injector`: a probe on the wires of a bus that disturbs them when a step says so.
final class FaultInjectorNode: Node {
    /// What ends when its time is over.
    private enum Fault: Hashable {
        case level
        case acknowledgement
        case flips
        case muted(node: Int)
        case babbling(node: Int)
        case attack(rawIdentifier: UInt32)
        case skew(node: Int)
    }

    private let wires: WireCarrier?
    private let busName: String
    /// Faults that have an end, by the number of their timer; a fault that begins anew has a new one.
    private var ends: [Fault] = []
    private var latest: [Fault: Int] = [:]

    private init(_ context: NodeContext) throws(RunFailure) {
        let bus = context.bus("bus") ?? -1
        let simulation = context.simulation
        busName = simulation.scenario.buses.indices.contains(bus) ? simulation.scenario.buses[bus].name : "?"
        wires = simulation.carriers.indices.contains(bus) ? simulation.carriers[bus] as? WireCarrier : nil
        guard wires != nil else {
            throw RunFailure(
                code: .badNode, message: "'\(context.name)' disturbs the wires of '\(busName)', which has none: add 'fidelity: wire' to the bus", span: nil,
                time: nil)
        }
        super.init(in: context)
    }

    override func perform(_ action: ActionCall) {
        guard let wires else { return }
        let time = action.duration("for")
        switch action.name {
        case "stick-dominant": begin(.level, for: time) { wires.setLevel(.dominant) }
        case "stick-recessive": begin(.level, for: time) { wires.setLevel(.recessive) }
        case "withhold-ack": begin(.acknowledgement, for: time) { wires.withholdAcknowledgement(true) }
        case "flip-bits": begin(.flips, for: time) { wires.flip(atRate: action.number("rate") ?? 0) }
        case "flip-next": wires.flip([action.whole("bit") ?? 0], ofNext: frame(action).rawIdentifier)
        case "mute":
            guard let node = action.node("node") else { return }
            begin(.muted(node: node), for: time) { wires.mute(node, true) }
        case "babble":
            guard let node = action.node("node") else { return }
            begin(.babbling(node: node), for: time) { wires.babble(frame(action), by: node) }
        case "bus-off-attack":
            let identifier = frame(action).rawIdentifier
            begin(.attack(rawIdentifier: identifier), for: time) { wires.attack(identifier, true) }
        case "restart":
            if let node = action.node("node") { wires.restart(node) }
        case "skew":
            guard let node = action.node("node") else { return }
            begin(.skew(node: node), for: time) { simulation.nodes[node].clockError = (action.number("ppm") ?? 0) / 1e6 }
        default: break
        }
    }

    /// The frame that an action names, with as many zero bytes as it says.
    private func frame(_ action: ActionCall) -> CANFrame {
        CANFrame(
            id: UInt32(min(max(action.whole("id") ?? 0, 0), 0x1FFF_FFFF)), isExtended: action.flag("extended"),
            lengthCode: UInt8(min(max(action.whole("length") ?? 0, 0), 8)), payload: 0)
    }

    private func begin(_ fault: Fault, for time: Duration?, _ body: () -> Void) {
        body()
        latest[fault] = nil
        guard let time else { return }
        latest[fault] = ends.count
        setTimer(0, at: now + time, payload: UInt32(truncatingIfNeeded: ends.count))
        ends.append(fault)
    }

    override func timer(_ id: UInt32, _ payload: UInt32) {
        let number = Int(payload)
        guard let wires, ends.indices.contains(number), latest[ends[number]] == number else { return }
        let fault = ends[number]
        latest[fault] = nil
        switch fault {
        case .level: wires.setLevel(.free)
        case .acknowledgement: wires.withholdAcknowledgement(false)
        case .flips: wires.flip(atRate: 0)
        case .muted(let node): wires.mute(node, false)
        case .babbling(let node): wires.babble(nil, by: node)
        case .attack(let rawIdentifier): wires.attack(rawIdentifier, false)
        case .skew(let node): simulation.nodes[node].clockError = 0
        }
    }

    // MARK: Manifest

    private static let time = SettingManifest("for", .duration, about: "How long; to the end of the run when not given.")
    private static let identifier = [
        SettingManifest("id", .count, required: true, min: "0", max: "536870911", about: "Identifier of the frame."),
        SettingManifest("extended", .flag, default: "false", about: "Whether the identifier has 29 bits."),
    ]

    private static func node(_ about: String) -> SettingManifest { SettingManifest("node", .node(roles: []), required: true, about: about) }

    static let kind = NodeKind(
        manifest: KindManifest(
            name: "can-fault-injector", about: "Disturbs the wires of a CAN bus with exact bit times: shorts, lost acknowledgements, flipped bits, attacks.",
            settings: [SettingManifest("bus", .bus, required: true, about: "The bus, which needs `fidelity: wire`.")],
            actions: [
                ActionManifest("stick-dominant", settings: [time], about: "Every bit reads dominant: a short, or a station that never lets go."),
                ActionManifest(
                    "stick-recessive", settings: [time], about: "Every bit reads recessive: a cut or shorted pair; senders hear not even themselves."),
                ActionManifest("withhold-ack", settings: [time], about: "No receiver acknowledges, so that senders repeat their frames."),
                ActionManifest(
                    "flip-bits",
                    settings: [
                        SettingManifest("rate", .number, required: true, min: "0", max: "1", about: "Probability that a bit reaches the receivers inverted."),
                        time,
                    ], about: "Bits reach the receivers inverted at random; stuffing, CRC and form show it, and the frame is sent again."),
                ActionManifest(
                    "flip-next",
                    settings: identifier + [
                        SettingManifest("bit", .count, required: true, min: "0", max: "1023", about: "The bit as it is sent, stuff bits counted, SOF = 0.")
                    ], about: "One bit of the next frame of an identifier reaches the receivers inverted."),
                ActionManifest("mute", settings: [node("The node."), time], about: "Cuts the transmit path of a node: it neither sends nor acknowledges."),
                ActionManifest(
                    "babble",
                    settings: [node("The node that sends.")] + identifier + [
                        SettingManifest("length", .count, default: "0", min: "0", max: "8", about: "Zero bytes in the frame."), time,
                    ], about: "A node sends one frame again and again, as soon as the bus lets it: a babbling idiot, or a flood."),
                ActionManifest(
                    "bus-off-attack", settings: identifier + [time],
                    about: "Destroys each frame of an identifier by a dominant bit, so that its sender is bus-off after 32 hits."),
                ActionManifest(
                    "skew",
                    settings: [
                        node("The node."),
                        SettingManifest(
                            "ppm", .number, required: true, min: "-500000", max: "500000",
                            about: "Millionths by which its periods are longer; negative for a fast clock."
                        ), time,
                    ], about: "The clock of a node runs slow or fast: its timers and periodic frames drift."),
                ActionManifest("restart", settings: [node("The node.")], about: "Lets a bus-off node recover now."),
            ],
            isProbe: true,
            example: """
                evsim: 1
                scenario: can-fault-injector-example
                run: {for: 10s}
                nodes:
                  csms: {is: csms}
                  cp1: {is: charge-point, csms: csms, bus: can0}
                  charger: {is: charger-module, bus: can0}
                  injector: {is: can-fault-injector, bus: can0}
                buses:
                  can0: {fidelity: wire, restart_after: 100ms}
                steps:
                  - wait: 2s
                  - {do: bus-off-attack, to: injector, with: {id: 0x300, for: 4s}}
                expect:
                  - =max(can0.charger.tec) >= 248
                  - =can0.charger.tec == 0
                """)
    ) { context throws(RunFailure) in try FaultInjectorNode(context) }
}
