import Quantities
import ScenarioLanguage

/// Something that a step does to a node, with the values of its settings at that moment.
struct ActionCall {
    /// Place of the action in the manifest of the node's kind.
    let action: Int
    /// Name of the action.
    let name: String
    /// The label that the action belongs to, or -1.
    let label: Int
    private let manifest: ActionManifest
    private let values: [SettingValue]

    init(action: Int, manifest: ActionManifest, values: [SettingValue], label: Int) {
        self.action = action
        self.manifest = manifest
        self.values = values
        self.label = label
        name = manifest.name
    }

    /// The value of a setting; a misspelt name is a bug of the kind and reads as absent.
    private func value(_ name: String) -> SettingValue {
        guard let place = manifest.settingIndex(name), values.indices.contains(place) else { return .absent }
        return values[place]
    }

    /// A number in base units; the place of a word; 1 for a true flag.
    func number(_ name: String) -> Double? {
        switch value(name) {
        case .number(let value): value.isFinite ? value : nil
        case .duration(let time): time.seconds
        default: nil
        }
    }

    /// A time; negative results of formulas count as none.
    func duration(_ name: String) -> Duration? {
        if case .duration(let time) = value(name) { return time }
        return number(name).flatMap { Duration(seconds: max($0, 0)) }
    }

    /// A whole number or the place of a word.
    func whole(_ name: String) -> Int? { number(name).map { Int(min(max($0.rounded(), -1e15), 1e15)) } }

    func text(_ name: String) -> String? { if case .text(let text) = value(name) { text } else { nil } }

    func texts(_ name: String) -> [String]? { if case .texts(let texts) = value(name) { texts } else { nil } }

    func flag(_ name: String) -> Bool { number(name) == 1 }

    /// The first node that a setting names.
    func node(_ name: String) -> Int? { if case .nodes(let nodes) = value(name) { nodes.first } else { nil } }

    /// All nodes that a setting names.
    func nodes(_ name: String) -> [Int] { if case .nodes(let nodes) = value(name) { nodes } else { [] } }
}

extension StepRunner {
    /// Does something to one node, with every formula evaluated now.
    func act(_ act: ActStep, on node: Int, _ step: Step, _ strand: Strand) {
        let scenario = simulation.scenario
        // Nodes that a formula picked may be of another kind, which does not know the action.
        guard scenario.nodes[scenario.symbols.declarationOfNode[node]].kind == act.kind else { return }
        let manifest = scenario.kinds[act.kind].actions[act.action]
        let values = zip(act.values, manifest.settings).map { value, setting in
            guard case .formula(let formula) = value else { return value }
            return .number(setting.bounded(runner(formula, step, strand).value(at: simulation.kernel.now)))
        }
        simulation.nodes[node].perform(ActionCall(action: act.action, manifest: manifest, values: values, label: strand.labels.last ?? -1))
    }
}
