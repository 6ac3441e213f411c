extension Formula {
    /// What a condition looked at, in words: `first(repeated) was 16.5 s`; at most three comparisons.
    public func found(_ inputs: FormulaInputs) -> String {
        guard let rootClause, drawCount == 0 else { return evaluateFlag(inputs) ? "it is true" : "it is false" }
        var parts: [String] = []
        var waiting = [rootClause]
        while let index = waiting.popLast(), parts.count < 3 {
            let clause = clauses[index]
            switch clause.kind {
            case .and(let left, let right), .or(let left, let right): waiting += [right, left]
            case .not(let inner): waiting.append(inner)
            case .flag: parts.append("\(text(clause.span)) was asked")
            case .compare(let comparison): parts.append(explain(comparison, clause.ready, inputs).found)
            }
        }
        return parts.joined(separator: "; ")
    }
}
