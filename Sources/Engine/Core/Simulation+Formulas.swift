import ScenarioLanguage

extension Simulation {
    /// A formula in service; `path` keys its random streams.
    func runner(_ formula: Formula, path: String) -> FormulaRunner {
        FormulaRunner(
            formula, aggregates: formula.aggregates.map { aggregate($0) }, signals: signals.committedValues,
            draws: formula.drawCount > 0 ? StreamDraws(seed: scenario.run.seed, path: path) : nil)
    }

    /// A setting that is drawn once, when the run is built.
    func evaluateSetting(_ formula: Formula, path: String) -> Double { runner(formula, path: path).value(at: .zero) }

    /// The declaration of states of a node; they stand in the order of the nodes.
    func composite(of node: Int) -> CompositeDeclaration? {
        var (low, high) = (0, scenario.composites.count)
        while low < high {
            let middle = (low + high) / 2
            if scenario.composites[middle].node < node { low = middle + 1 } else { high = middle }
        }
        return scenario.composites.indices.contains(low) && scenario.composites[low].node == node ? scenario.composites[low] : nil
    }
}
