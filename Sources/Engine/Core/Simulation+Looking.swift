import Quantities
import ScenarioLanguage
import SimulationKernel

/// What others ask a run.
extension Simulation {
    /// The declaration of states of a node; they stand in the order of the nodes.
    func composite(of node: Int) -> CompositeDeclaration? {
        var (low, high) = (0, scenario.composites.count)
        while low < high {
            let middle = (low + high) / 2
            if scenario.composites[middle].node < node { low = middle + 1 } else { high = middle }
        }
        return scenario.composites.indices.contains(low) && scenario.composites[low].node == node ? scenario.composites[low] : nil
    }

    /// Simulated time since t = 0.
    var simulated: Duration { hasOrigin ? max(.zero, min(kernel.now, kernel.end) - origin) : .zero }

    /// Fingerprint of everything that happened.
    var fingerprintValue: UInt64 { kernel.fingerprint.value }
    /// The same as 16 hexadecimal digits.
    var fingerprint: String { kernel.fingerprint.text }
}
