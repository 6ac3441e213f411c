import Engine
import JSONText
import YAMLTree

/// What `evsim watch` says about each run.
struct WatchReport {
    private let console: Console
    private let isJSON: Bool

    /// The most lines of each table.
    private static let limit = 10

    init(_ console: Console, isJSON: Bool) {
        self.console = console
        self.isJSON = isJSON
    }

    // MARK: A run

    /// Tells of a run that has come to its end, compared with the one before.
    func finished(_ run: WatchedRun, _ outcome: RunOutcome, _ comparison: RunComparison?) {
        console.show(outcome.diagnostics.filter { isJSON ? false : $0.severity == .error })
        if isJSON {
            console.print(document(run, outcome, comparison).text(.compact))
        } else {
            console.output.write(text(run, outcome, comparison))
        }
        flush()
    }

    private func text(_ run: WatchedRun, _ outcome: RunOutcome, _ comparison: RunComparison?) -> String {
        var text = separator("run \(run.number): \(RunCommand.speed(outcome, run.seconds))")
        text += RunSummary(outcome, run.scenario, directory: run.directory, console).verdict
        let broken = outcome.expectations.filter { !$0.isFulfilled }
        guard let comparison else {
            for judged in broken.prefix(WatchReport.limit) { text += "  \(paint("✗", .bad)) \(DisplayText.visible(judged.sentence))\n" }
            return text + more(broken.count)
        }
        guard !comparison.isSame else { return text + "the same as \(comparison.a.path)\n" }
        let turned = comparison.expectations.filter { $0.a?.isFulfilled != $0.b?.isFulfilled }
        text += ComparisonText.judgements(turned, limit: WatchReport.limit, console)
        let still = broken.count - turned.count { $0.b?.isFulfilled == false }
        if still > 0 { text += "  \(paint("✗", .bad)) \(TextLayout.count(still, "expectation")) did not hold before either\n" }
        for (title, list) in [("detectors", comparison.detectors), ("labels", comparison.labels)] where !list.isEmpty {
            text += "\(title)\n"
            text += TextLayout.table(list.prefix(WatchReport.limit).map { [DisplayText.visible($0.name), $0.a ?? "–", "→", $0.b ?? "–"] }) + more(list.count)
        }
        if comparison.a.fingerprint == comparison.b.fingerprint { text += "the fingerprint is that of \(comparison.a.path)\n" }
        text += "A = \(comparison.a.path), B = \(comparison.b.path)\n"
        return text + ComparisonText(comparison, limit: WatchReport.limit, console).first
    }

    private func more(_ count: Int) -> String { count > WatchReport.limit ? "  … and \(count - WatchReport.limit) more\n" : "" }

    private func separator(_ title: String) -> String {
        let width = min(console.output.columns, 100)
        let head = "── \(title) "
        return paint(head + String(repeating: "─", count: max(0, width - DisplayText.width(head))), .quiet) + "\n"
    }

    private func paint(_ text: String, _ style: Style) -> String { console.paint(text, style, on: console.output) }

    private func document(_ run: WatchedRun, _ outcome: RunOutcome, _ comparison: RunComparison?) -> JSONValue {
        [
            "run": .integer(Int64(run.number)), "verdict": .string(outcome.verdict.rawValue), "fingerprint": .string(outcome.fingerprint),
            "simulated_s": .number(outcome.simulated.secondsText), "events": .integer(Int64(clamping: outcome.events)),
            "wall_s": .double((run.seconds * 1e6).rounded() / 1e6), "directory": .string(run.directory),
            "expect": outcome.report["expect"] ?? [], "diagnostics": WatchReport.diagnostics(outcome.diagnostics),
            "changes": comparison?.document(limit: 100) ?? .null,
        ]
    }

    // MARK: A file that is none

    /// Tells what is wrong with the file; the last run that was kept stays.
    func invalid(_ findings: [Diagnostic], _ path: String, _ kept: Int?) {
        if isJSON {
            let document: JSONValue = ["run": .null, "verdict": "invalid", "diagnostics": WatchReport.diagnostics(findings)]
            console.print(document.text(.compact))
        } else {
            console.output.write(separator("\(DisplayText.visible(path)) is not valid"))
            console.output.flush()
            console.show(findings)
            console.note("waiting for the next save\(kept.map { "; the results of run \($0) stay" } ?? "")")
        }
        flush()
    }

    private static func diagnostics(_ list: [Diagnostic]) -> JSONValue { (try? JSONValue(parsing: DiagnosticRenderer.json(list)))?["diagnostics"] ?? [] }

    private func flush() {
        console.output.flush()
        console.errors.flush()
    }
}
