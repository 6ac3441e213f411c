/// How often an alarm names the right culprit: the identifier, the connection or the node that the label says.
public struct Attribution: Equatable, Sendable {
    /// Alarms that touch a label and name something.
    public private(set) var named = 0
    /// Those that name the target of such a label.
    public private(set) var right = 0

    /// Share of the names that are right; `nil` when nothing was named.
    public var share: Double? { named == 0 ? nil : Double(right) / Double(named) }

    /// Counts alarms against labels.
    ///
    /// - Parameters:
    ///   - alarms: with the name that each blames, empty for none.
    ///   - names: for a target of a label the names that mean it, for example the identifier of a frame; the target itself always does.
    public init(alarms: [(alarm: Alarm, blame: String)], labels: [GroundTruthLabel], names: (String) -> [String] = { _ in [] }) {
        // Most detectors name nothing, and labels can be many.
        guard alarms.contains(where: { !$0.blame.isEmpty }) else { return }
        let known = labels.map { Set([$0.target] + names($0.target)) }
        for (alarm, blame) in alarms where !blame.isEmpty {
            let touched = labels.indices.filter { labels[$0].start < alarm.end ?? .never && alarm.start < labels[$0].end }
            guard !touched.isEmpty else { continue }
            named += 1
            if touched.contains(where: { known[$0].contains(blame) }) { right += 1 }
        }
    }
}
