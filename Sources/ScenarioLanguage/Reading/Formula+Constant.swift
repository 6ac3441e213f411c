extension Formula {
    /// The value of a formula that reads nothing and draws nothing; NaN for a text.
    var constantValue: Double {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 1) { buffer in
            guard let base = buffer.baseAddress else { return .nan }
            base.initialize(to: .nan)
            return evaluate(FormulaInputs(signals: UnsafePointer(base), aggregates: UnsafePointer(base), scores: UnsafePointer(base)))
        }
    }
}
