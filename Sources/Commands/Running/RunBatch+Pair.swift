import Engine
import ScenarioLanguage
import YAMLTree

extension RunBatch {
    /// What a pair of runs comes to, for people.
    func text(of pair: RunPair) -> String {
        var text = "pair  \(DisplayText.visible(pair.summary))\n"
        guard !pair.rows.isEmpty else { return text }
        let rows = pair.rows.map { [DisplayText.visible($0.detector), "\($0.alarms)", "\($0.caused)", "\($0.falseByProof)", "\($0.benign)"] }
        text += TextLayout.table([["detector", "alarms", "caused", "false by proof", "without attacks"]] + rows)
        return text
    }
}
