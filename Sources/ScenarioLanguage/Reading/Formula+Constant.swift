import YAMLTree

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

extension YAMLNode.Scalar {
    /// The scalar of a default or a setting: an empty text is a text, not nothing.
    init(given text: String) { self.init(text: text, style: text.isEmpty ? .singleQuoted : .plain) }
}
