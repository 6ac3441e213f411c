import Quantities
import ScenarioLanguage
import SimulationKernel

/// What a machine of an attack knows and can ask for: its settings with every formula evaluated, its random streams, its label and its clock.
final class AttackContext {
    /// A target with the nodes that it names now.
    enum Target {
        case bus(Int)
        case frame(Int)
        /// Charge points, and official names of the actions that are meant; all of them when there are none.
        case messages(chargePoints: [Int], actions: [String])
        case signal(Int)
    }

    unowned(unsafe) let simulation: Simulation
    /// Place in the bank.
    let place: Int
    let generation: UInt32
    let step: InterceptStep
    let targets: [Target]
    /// Number of the label in the truth; `nil` for an attack without.
    let label: Int?
    /// What keys the random streams: the attack, its targets, and which of several such it is.
    let path: String
    /// Strand of steps that waits for the attack.
    let strand: Int
    private let resolve: (Formula) -> FieldValue

    init(
        _ simulation: Simulation, place: Int, generation: UInt32, _ step: InterceptStep, targets: [Target], label: Int?, path: String, strand: Int,
        resolve: @escaping (Formula) -> FieldValue
    ) {
        self.simulation = simulation
        self.place = place
        self.generation = generation
        self.step = step
        self.targets = targets
        self.label = label
        self.path = path
        self.strand = strand
        self.resolve = resolve
    }

    /// Name of the attack: `modify`.
    var name: String { step.manifest.name }
    /// The moment.
    var now: Instant { simulation.kernel.now }
    /// What units of the attack carry: the number of its label from 1, 0 for none.
    var mark: UInt16 { TruthKeeper.mark(label) }

    // MARK: Settings

    private func plain(_ name: String) -> SettingValue {
        guard case .plain(let value) = step.value(name) else { return .absent }
        guard case .formula(let formula) = value else { return value }
        switch resolve(formula) {
        case .quantity(let quantity): return .number(quantity.value)
        case .text(let text, _): return text == "true" ? .number(1) : text == "false" ? .number(0) : .text(text)
        default: return .absent
        }
    }

    /// A number in base units, a share, or a flag as 0 or 1.
    func number(_ name: String) -> Double? {
        switch plain(name) {
        case .number(let value): value
        case .duration(let duration): duration.seconds
        default: nil
        }
    }

    /// A time; what formulas give is brought to 0 s and more.
    func duration(_ name: String) -> Duration? {
        switch plain(name) {
        case .duration(let duration): duration
        case .number(let seconds): max(.zero, Duration(seconds: seconds) ?? .zero)
        default: nil
        }
    }

    /// A whole number.
    func count(_ name: String) -> Int? { number(name).map { $0 >= 1 ? Int(min($0.rounded(), 1e12)) : 0 } }

    /// Whether a flag is set.
    func flag(_ name: String) -> Bool { number(name) == 1 }

    /// A word or a text.
    func text(_ name: String) -> String? { if case .text(let text) = plain(name) { text } else { nil } }

    /// The fields that are changed, with every formula evaluated.
    func changes(_ name: String) -> [FieldChange] {
        guard case .changes(let changes) = step.value(name) else { return [] }
        return changes.map { FieldChange(path: $0.path, value: evaluated($0.value)) }
    }

    /// Names of fields.
    func fields(_ name: String) -> [String] { if case .fields(let names) = step.value(name) { names } else { [] } }

    /// Numbers of bits.
    func bits(_ name: String) -> [Int] { if case .bits(let bits) = step.value(name) { bits } else { [] } }

    /// Bytes.
    func bytes(_ name: String) -> [UInt8]? { if case .bytes(let bytes) = step.value(name) { bytes } else { nil } }

    /// An identifier without flags.
    func identifier(_ name: String) -> UInt32? { if case .identifier(let id) = step.value(name) { id } else { nil } }

    /// What the attack is confined to; both empty when it is not.
    var only: (identifiers: [UInt32], actions: [String]) {
        guard case .only(let identifiers, let actions) = step.value("only") else { return ([], []) }
        return (identifiers, actions)
    }

    /// The message of a setting, with every formula evaluated.
    func message(_ name: String) -> (action: String, fields: FieldValue)? {
        guard case .message(let action, let fields) = step.value(name) else { return nil }
        return (action, evaluated(fields))
    }

    /// Time from one unit to the next: `every`, or what `rate` makes of it; a microsecond at least.
    var interval: Duration? {
        if let rate = number("rate"), rate > 0 { return max(Duration(nanoseconds: 1000), Duration(seconds: 1 / rate) ?? .seconds(1)) }
        return duration("every").map { max(Duration(nanoseconds: 1000), $0) }
    }

    private func evaluated(_ value: FieldValue) -> FieldValue {
        switch value {
        case .formula(let formula): resolve(formula)
        case .list(let items): .list(items.map(evaluated))
        case .object(let entries): .object(entries.map { ($0.name, evaluated($0.value)) })
        case .text, .quantity: value
        }
    }

    // MARK: What machines do

    /// A random stream of the attack; the same seed, attack and site give the same numbers whatever else happens in the run.
    func stream(_ site: UInt64 = 0) -> RandomStream { RandomStream(seed: simulation.scenario.run.seed, run: 0, path: path, site: site) }

    /// A unit that the attack changed or made, or that it kept from coming, is there to be seen.
    func evidence() { if let label { simulation.truth.evidence(label, at: now) } }

    /// Asks to be woken with a token.
    func wake(at instant: Instant, _ token: UInt32 = 0) {
        simulation.kernel.schedule(
            at: instant, phase: .timer, node: 0, kind: EventKind.attack, target: UInt32(place), payload: UInt64(generation) << 32 | UInt64(token))
    }

    /// The attack's own work is done: it ends now.
    func finish() { simulation.stepRunner.attackFinished(strand, place: place, generation: generation) }
}
