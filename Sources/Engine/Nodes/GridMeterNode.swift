import Quantities
import ScenarioLanguage

/// Kind `grid-meter`: measures what a group of loads draws together.
final class GridMeterNode: Node {
    private enum Signal {
        static let power = 0, current = 1, energy = 2, limit = 3, headroom = 4
    }

    private let feeds: [Int]
    private let period: Duration
    private let phase: Duration
    private var base: Double
    private let voltage: Double
    private let phases: Double
    private var limit: Double?
    private var energy = 0.0
    private var last: (instant: Instant, power: Double)?
    private var loads: [any LoadNode] = []
    /// Loads that nobody knows of, by the number of their action, and what the meter reports of the truth.
    private var bypasses: [(number: UInt32, watts: Double)] = []
    private var gain: (number: UInt32, value: Double) = (0, 1)
    private var actions: UInt32 = 0

    private init(_ context: NodeContext) {
        feeds = context.nodes("feeds")
        period = context.duration("every") ?? .seconds(10)
        phase = context.duration("phase") ?? .zero
        base = context.number("base") ?? 0
        voltage = context.number("voltage") ?? 400
        phases = Double(context.choice("phases") ?? 3)
        limit = context.number("limit")
        super.init(in: context)
    }

    override func ready() {
        loads = feeds.compactMap { simulation.nodes[$0] as? any LoadNode }
        if let limit { publish(Signal.limit, limit) }
        setSample(0, at: now + phase)
    }

    override func sample(_ id: UInt32) {
        var power = base
        for load in loads { power += load.power(at: now) }
        for bypass in bypasses { power += bypass.watts }
        if gain.value != 1 { power *= gain.value }
        if let last { energy += last.power * (now - last.instant).seconds }
        last = (now, power)
        publish(Signal.power, power)
        publish(Signal.current, phases == 3 ? power / (voltage * 3.0.squareRoot()) : power / voltage)
        publish(Signal.energy, energy)
        if let limit { publish(Signal.headroom, limit - power) }
        setSample(0, at: now + period)
    }

    override func perform(_ action: ActionCall) {
        actions += 1
        switch action.name {
        case "bypass-load": bypasses.append((actions, max(0, action.number("power") ?? 0)))
        case "meter-fault": gain = (actions, max(0, action.number("gain") ?? 1))
        default:
            bypasses.removeAll()
            gain = (actions, 1)
        }
        if let time = action.duration("for") { setTimer(0, at: now + time, payload: actions) }
    }

    override func timer(_ id: UInt32, _ payload: UInt32) {
        bypasses.removeAll { $0.number == payload }
        if gain.number == payload { gain.value = 1 }
    }

    override func wasSet(_ signal: Int, _ value: Double) {
        if signal == Signal.limit { limit = value }
    }

    override func settingChanged(_ setting: Int, _ value: Double) {
        switch GridMeterNode.kind.manifest.settings[setting].name {
        case "limit":
            limit = value
            publishChange(Signal.limit, value)
        case "base": base = value
        default: break
        }
    }

    static let kind = NodeKind(
        manifest: KindManifest(
            name: "grid-meter", about: "The meter at the grid connection: sums the power of what it feeds.",
            settings: [
                SettingManifest("feeds", .nodes(roles: [.load]), required: true, about: "Nodes behind the meter: 'cp.*', or a list."),
                SettingManifest("limit", .quantity(.power), min: "0 W", follows: true, about: "Power that the connection allows."),
                SettingManifest(
                    "base", .quantity(.power), default: "0 W", follows: true, about: "Load besides the nodes; negative for a source such as solar panels."),
                SettingManifest("voltage", .quantity(.voltage), default: "400 V", min: "1 V", about: "Voltage between the phases, for the current."),
                SettingManifest("phases", .count, default: "3", min: "1", max: "3", about: "Phases of the connection."),
                SettingManifest("every", .duration, default: "10s", min: "1ms", about: "Period of the reading."),
                SettingManifest("phase", .duration, default: "0s", about: "First reading, counted from the start."),
            ],
            signals: [
                SignalManifest("power", .power, unit: "kW", periodSetting: "every", about: "Power of all loads and the base load."),
                SignalManifest("current", .current, unit: "A", periodSetting: "every", about: "Current per phase, loads evenly spread."),
                SignalManifest("energy", .energy, unit: "kWh", periodSetting: "every", about: "Energy since the start, by the readings."),
                SignalManifest("limit", .power, unit: "kW", settable: true, held: true, needs: .setting("limit"), about: "Power that the connection allows."),
                SignalManifest(
                    "headroom", .power, unit: "kW", periodSetting: "every", needs: .setting("limit"), about: "Limit minus power; negative when overloaded."),
            ],
            actions: [
                ActionManifest(
                    "bypass-load",
                    settings: [
                        SettingManifest("power", .quantity(.power), default: "3 kW", min: "0 W", about: "What it draws."),
                        SettingManifest("for", .duration, about: "How long; to the end of the run when not given."),
                    ], about: "Somebody taps the line behind this meter, past every other one."),
                ActionManifest(
                    "meter-fault",
                    settings: [
                        SettingManifest("gain", .percent, default: "90%", min: "0%", max: "1000%", about: "What it reports, as a share of the truth."),
                        SettingManifest("for", .duration, about: "How long; to the end of the run when not given."),
                    ], about: "This meter reports too little or too much."),
                ActionManifest("repair", about: "Ends every fault of the meter, and every tap."),
            ],
            example: """
                evsim: 1
                scenario: grid-meter-example
                run: {for: 10min}
                nodes:
                  csms: {is: csms}
                  cp: {is: charge-point, count: 2, csms: csms, max_current: 16 A}
                  site: {is: grid-meter, feeds: cp.*, limit: 25 kW}
                steps:
                  - {send: RemoteStartTransaction, to: cp.*}
                expect:
                  - =max(site.power) > 20 kW
                """)
    ) { context in GridMeterNode(context) }
}

/// A node whose power a meter can sum at any instant.
protocol LoadNode: AnyObject {
    /// Power drawn now, in W.
    func power(at instant: Instant) -> Double
}

extension ChargerModuleNode: LoadNode {
    func power(at instant: Instant) -> Double { simulation.signals.latest(firstSignal + 4) }
}
