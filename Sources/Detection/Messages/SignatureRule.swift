/// Known-bad fields: selections joined by a condition, as in Sigma.
final class SignatureRule: MessageRule {
    private let selections: [Selection]
    private let condition: SelectionCondition?
    private let score: Double
    private(set) var reason = ""

    /// One selection and at most one filter.
    init(selection: Selection, filter: Selection?, score: Double = 1) {
        self.score = score
        selections = [selection] + (filter.map { [$0] } ?? [])
        condition = nil
    }

    /// Named selections and a condition over them.
    init(selections: [Selection], condition: SelectionCondition, score: Double = 1) {
        self.score = score
        self.selections = selections
        self.condition = condition
    }

    var interest: MessageInterest { condition == nil ? selections[0].interest : .all }

    func judge(_ view: MessageView) -> Double? {
        let isHit: Bool
        if let condition {
            isHit = condition.holds(selections, view)
        } else {
            isHit = selections[0].holds(view) && (selections.count == 1 || !selections[1].holds(view))
        }
        guard isHit else { return 0 }
        reason = view.violation.isEmpty ? view.identity : "\(view.identity): \(view.violation)"
        return score
    }

    func save(_ writer: inout StateWriter) { writer.put(reason) }
    func restore(_ reader: inout StateReader) throws(DetectionError) { reason = try reader.text() }
}
