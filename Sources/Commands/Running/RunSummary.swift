import Engine
import JSONText
import Quantities
import ScenarioLanguage
import YAMLTree

/// What `evsim run` tells a person about a run.
struct RunSummary {
    private let outcome: RunOutcome
    private let scenario: Scenario
    private let directory: String
    private let console: Console

    /// The most expectations that held and are shown.
    private static let mostShown = 40

    init(_ outcome: RunOutcome, _ scenario: Scenario, directory: String, _ console: Console) {
        self.outcome = outcome
        self.scenario = scenario
        self.directory = directory
        self.console = console
    }

    /// Verdict first, then expectations, alarms and files.
    var text: String { verdict + expectations + alarms + files }

    /// `PASS  name  64 s simulated, …`.
    var verdict: String {
        let (word, style): (String, Style) =
            switch outcome.verdict {
            case .pass: ("PASS", .good)
            case .partial: ("PARTIAL", .warning)
            case .fail: ("FAIL", .bad)
            case .incomplete: ("INCOMPLETE", .bad)
            }
        var facts = ["\(outcome.simulated.secondsText) s simulated"]
        let expected = scenario.expectations.count + scenario.exchanges.count
        if expected > 0 { facts.append(TextLayout.count(expected, "expectation")) }
        if !outcome.fingerprint.isEmpty { facts.append("fingerprint \(outcome.fingerprint)") }
        return "\(paint(word, style))  \(paint(scenario.name, .bold))  \(facts.joined(separator: ", "))\n"
    }

    private var expectations: String {
        var text = ""
        var hidden = 0
        for (index, judged) in outcome.expectations.enumerated() {
            if judged.isFulfilled, judged.isExercised, index >= RunSummary.mostShown {
                hidden += 1
                continue
            }
            let mark = !judged.isFulfilled ? paint("✗", .bad) : judged.isExercised ? paint("✓", .good) : paint("–", .warning)
            text += "  \(mark) \(DisplayText.visible(judged.sentence))\(judged.isExercised ? "" : " (never exercised)")\n"
            if !judged.isFulfilled, let because = judged.because { text += "      because: \(DisplayText.visible(because))\n" }
        }
        if hidden > 0 { text += "  … and \(hidden) more that hold\n" }
        return text
    }

    private var alarms: String {
        let detectors = outcome.report["detectors"]?.array ?? []
        guard !detectors.isEmpty else { return "" }
        let rows = detectors.prefix(RunSummary.mostShown).map { detector -> [String] in
            let count = Int(detector["alarms"]?.integer ?? 0)
            let first = RunSummary.number(detector["first_s"]).map { ", the first at \($0) s" } ?? ""
            return [detector["name"]?.string ?? "", "\(count == 0 ? "no alarm" : TextLayout.count(count, "alarm"))\(first)\(scores(detector))"]
        }
        let rest = detectors.count - rows.count
        return "detectors\n" + TextLayout.table(rows) + (rest > 0 ? "  … and \(rest) more\n" : "")
    }

    /// Precision and recall, where the run has ground truth.
    private func scores(_ detector: JSONValue) -> String {
        guard outcome.report["labels"]?.array?.isEmpty == false else { return "" }
        var parts: [String] = []
        for name in ["precision", "recall"] {
            if let value = detector[name]?.double { parts.append("\(name) \(decimalText((value * 1000).rounded() / 10)) %") }
        }
        return parts.isEmpty ? "" : "; " + parts.joined(separator: ", ")
    }

    private var files: String {
        guard !outcome.files.isEmpty else { return "" }
        let lines = TextLayout.wrap(outcome.files.joined(separator: " "), width: max(40, min(console.output.columns, 100) - 2))
        return "files in \(DisplayText.visible(directory))\n" + lines.map { "  \($0)\n" }.joined()
    }

    private static func number(_ value: JSONValue?) -> String? {
        if case .number(let text)? = value { return text }
        return value?.integer.map { String($0) }
    }

    private func paint(_ text: String, _ style: Style) -> String { console.paint(text, style, on: console.output) }
}
