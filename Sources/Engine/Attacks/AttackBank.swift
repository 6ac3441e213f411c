import Quantities
import ScenarioLanguage
import SimulationKernel

/// The built-in attacks of a run: begins them, wakes them and ends them.
final class AttackBank {
    private unowned(unsafe) let simulation: Simulation
    private var machines: [(any AttackMachine)?] = []
    private var contexts: [AttackContext?] = []
    private var generations: [UInt32] = []
    private var free: [Int] = []
    /// How many attacks of each sort and target there were.
    private var occurrences: [String: Int] = [:]
    /// The taps on the buses.
    private(set) lazy var frames = CANTaps(simulation)
    /// The taps on signals.
    private(set) lazy var signals = SignalTaps(simulation)

    /// What fuzz attacks did on buses.
    let fuzzed = FuzzedFrames()

    init(_ simulation: Simulation) { self.simulation = simulation }

    /// Begins an attack; the place that ends it, or `nil` when it cannot act.
    func begin(
        _ step: InterceptStep, targets: [AttackContext.Target], label: Int?, strand: Int, resolve: @escaping (Formula) -> FieldValue, onStart: (Int) -> Void
    ) -> Int? {
        let name = "\(step.manifest.name) \(step.targetText)"
        let number = occurrences[name, default: 0]
        occurrences[name] = number + 1
        let place = free.popLast() ?? machines.count
        if place == machines.count {
            machines.append(nil)
            contexts.append(nil)
            generations.append(0)
        }
        let context = AttackContext(
            simulation, place: place, generation: generations[place], step, targets: targets, label: label, path: "attacks.\(name)#\(number)", strand: strand,
            resolve: resolve)
        if let label { simulation.truth.carried(label, by: step.link.text) }
        guard let machine = machine(context) else {
            free.append(place)
            return nil
        }
        machines[place] = machine
        contexts[place] = context
        onStart(place)
        machine.begin(at: simulation.kernel.now)
        return place
    }

    private func machine(_ context: AttackContext) -> (any AttackMachine)? {
        switch context.step.link {
        case .can: CANAttackMachines.make(context)
        case .ocpp: OCPPAttackMachines.make(context)
        default: SignalAttackMachines.make(context)
        }
    }

    /// Ends an attack.
    func end(_ place: Int) {
        guard machines.indices.contains(place), let machine = machines[place] else { return }
        machines[place] = nil
        contexts[place] = nil
        generations[place] &+= 1
        machine.end(at: simulation.kernel.now)
        free.append(place)
    }

    /// A moment that a machine asked for.
    func wake(_ place: Int, _ payload: UInt64) {
        guard machines.indices.contains(place), generations[place] == UInt32(truncatingIfNeeded: payload >> 32) else { return }
        machines[place]?.wake(UInt32(truncatingIfNeeded: payload), at: simulation.kernel.now)
    }
}
