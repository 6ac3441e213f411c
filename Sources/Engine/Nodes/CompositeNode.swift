import Quantities
import ScenarioLanguage

/// A node made of parts: it publishes its settings, and has no behaviour of its own besides signals and states.
final class CompositeNode: Node, LoadNode {
    /// Place of a numeric setting among the signals of the node.
    private let signalOfSetting: [Int?]
    /// Signal that tells the power, when the kind declares one.
    private var power: Int?
    private var loads: [any LoadNode] = []
    private var stateSignal: (place: Int, first: Int)?
    /// What it keeps, as places among its signals.
    private var kept: [Int] = []

    init(_ context: NodeContext) {
        var next = 0
        signalOfSetting = context.manifest.settings.map { setting in
            guard context.manifest.signals.contains(where: { $0.name == setting.name }) else { return nil }
            defer { next += 1 }
            return next
        }
        super.init(in: context)
        // Parts read the settings when they are built, which is later than this node.
        for (setting, place) in zip(context.manifest.settings, signalOfSetting) {
            guard let place, let value = context.number(setting.name) else { continue }
            simulation.signals.preset(firstSignal + place, value)
        }
        if let states = simulation.composite(of: index) {
            if let signal = states.stateSignal {
                stateSignal = (signal - firstSignal, states.startsIn)
                simulation.signals.preset(signal, Double(states.startsIn))
            }
            for keep in states.keeps {
                let path = simulation.scenario.symbols.signals[keep.signal].name
                simulation.signals.preset(keep.signal, simulation.evaluateSetting(keep.start, path: path))
                kept.append(keep.signal - firstSignal)
            }
        }
    }

    override func powerOn() {
        for case let place? in signalOfSetting { publish(place, simulation.signals.latest(firstSignal + place)) }
        if let stateSignal { publish(stateSignal.place, Double(stateSignal.first)) }
        for place in kept { publish(place, simulation.signals.latest(firstSignal + place)) }
        power = simulation.scenario.symbols.signal("\(name).power")
        if power == nil {
            loads = simulation.parts(of: index).compactMap { simulation.nodes[$0] as? any LoadNode }
        }
    }

    override func settingChanged(_ setting: Int, _ value: Double) {
        guard let place = signalOfSetting[setting] else { return }
        publishChange(place, value)
    }

    /// The declared signal, or what the parts draw together.
    func power(at instant: Instant) -> Double {
        if let power { return simulation.signals.latest(power) }
        var sum = 0.0
        for load in loads { sum += load.power(at: instant) }
        return sum
    }
}
