import Quantities
import SimulationKernel

/// Something that sits between a node's publication of a signal and its readers.
protocol SignalTap: AnyObject {
    /// What is published in place of a value; `nil` for nothing now.
    func take(_ signal: Int, _ value: Double) -> Double?
}

/// The taps of all signals, in the order in which their attacks began.
final class SignalTaps {
    private unowned(unsafe) let simulation: Simulation
    private var chains: [Int: [any SignalTap]] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

    /// Puts a tap behind those that a signal has.
    func add(_ tap: any SignalTap, on signal: Int) {
        chains[signal, default: []].append(tap)
        if chains.count == 1 { simulation.signals.setTap { [unowned self] in pass($0, $1) } }
    }

    /// Takes a tap out.
    func remove(_ tap: any SignalTap, on signal: Int) {
        chains[signal]?.removeAll { $0 === tap }
        if chains[signal]?.isEmpty == true { chains[signal] = nil }
        if chains.isEmpty { simulation.signals.setTap(nil) }
    }

    private func pass(_ signal: Int, _ value: Double) -> Double? {
        guard let chain = chains[signal] else { return value }
        var value = value
        for tap in chain {
            guard let next = tap.take(signal, value) else { return nil }
            value = next
        }
        return value
    }

    /// A value that a tap has kept goes on behind that tap.
    func resume(_ signal: Int, _ value: Double, behind tap: any SignalTap) {
        var value = value
        if let chain = chains[signal], let place = chain.firstIndex(where: { $0 === tap }) {
            for other in chain[(place + 1)...] {
                guard let next = other.take(signal, value) else { return }
                value = next
            }
        }
        simulation.signals.publishPast(signal, value)
    }
}
