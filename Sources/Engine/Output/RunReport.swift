import Digests
import Detection
import JSONText
import OCPP
import Quantities
import ScenarioLanguage

/// `report.json` and `report.md` of a run.
struct RunReport {
    private let simulation: Simulation
    private let judge: RunJudge
    private var scenario: Scenario { simulation.scenario }

    init(_ simulation: Simulation, _ judge: RunJudge) {
        self.simulation = simulation
        self.judge = judge
    }

    // MARK: JSON

    func document(files: [String]) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("evsim", .string(evsimVersion)), ("format", 1), ("scenario", .string(scenario.name)), ("about", .string(scenario.about)),
            ("sources", .array(scenario.sources.map { object([("file", .string(baseName($0.path))), ("sha256", .string(SHA256.hex($0.bytes)))]) })),
            ("seed", .string(String(scenario.run.seed))),
            ("params", .object(scenario.parameters.map { JSONValue.Member($0.name, .string($0.value.text)) })),
            ("start", .string(OCPPTimestamp(epoch: scenario.run.epoch, .zero).text)), ("fingerprint", .string(simulation.fingerprint)),
            ("simulated_s", seconds(simulation.simulated)),
            ("events", .integer(Int64(simulation.kernel.events))), ("verdict", .string(judge.verdict.rawValue)),
        ]
        if let failure = simulation.failure {
            members.append(
                (
                    "failure",
                    object([
                        ("code", .string(failure.code.rawValue)), ("message", .string(failure.message)),
                        ("line", failure.span.map { .integer(Int64($0.line)) } ?? .null),
                    ])
                ))
        }
        members += [
            ("expect", .array(judge.expectations.map(expectation))), ("detectors", .array(scenario.detectors.indices.map(detector))),
            ("labels", .array(judge.labels.map(label))),
            ("buses", .array(scenario.buses.indices.map(bus))),
            ("messages", .array(simulation.links.calls.all.map(calls))),
            ("warnings", .array(judge.warnings.map(warning))), ("plots", .array(scenario.plots.map(plot))), ("files", .array(files.map { .string($0) })),
        ]
        return object(members)
    }

    private func object(_ members: [(String, JSONValue)]) -> JSONValue { .object(members.map { JSONValue.Member($0.0, $0.1) }) }

    private func seconds(_ duration: Duration) -> JSONValue { .number(duration.secondsText) }

    private func ratio(_ value: Double?) -> JSONValue { value.map { .double(rounded($0)) } ?? .null }

    /// Six decimals: more would only show rounding.
    private func rounded(_ value: Double) -> Double { (value * 1e6).rounded() / 1e6 }

    private func expectation(_ judged: JudgedExpectation) -> JSONValue {
        object([
            ("that", .string(judged.that)), ("value", .string(judged.value)), ("ok", .bool(judged.isFulfilled)),
            ("exercised", .bool(judged.isExercised)),
            ("because", judged.because.map { .string($0) } ?? .null),
            ("line", .integer(Int64(judged.span.line))),
        ])
    }

    private func detector(_ index: Int) -> JSONValue {
        let verdict = judge.detectors[index]
        let scores = verdict.events
        let alarms = judge.alarms.filter { $0.detector == index }.map(\.alarm)
        let suppressed = simulation.detectors.entries[index].monitor.suppressed.count
        return object(
            [
                ("name", .string(scenario.detectors[index].name)), ("kind", .string(DetectorKinds.all[scenario.detectors[index].kind].name)),
                ("severity", .string(scenario.detectors[index].lifecycle.severity)), ("alarms", .integer(Int64(scores.alarms))),
                ("first_s", alarms.first.map { .number(Duration(nanoseconds: $0.start.nanoseconds).secondsText) } ?? .null),
                ("precision", ratio(scores.precision)),
                ("recall", ratio(scores.recall)), ("f1", ratio(scores.f1)), ("latency_s", ScoreDocument.latency(scores)),
                ("missed", .integer(Int64(scores.missed))), ("false_alarms", .integer(Int64(scores.falseAlarms))),
                ("false_alarms_per_hour", ratio(scores.falseAlarmsPerHour)), ("alarm_time_fraction", ratio(scores.alarmTimeFraction)),
                ("attribution", ScoreDocument.attribution(verdict.attribution)), ("rows", ScoreDocument.rows(verdict.rows)),
                (
                    "kinds",
                    .array(
                        verdict.kinds.map { kind in
                            object([("kind", .string(kind.kind))] + ScoreDocument.events(kind.events) + [("rows", ScoreDocument.rows(kind.rows))])
                        })
                ),
            ] + (suppressed > 0 ? [("suppressed", .integer(Int64(suppressed)))] : []) + health(index))
    }

    /// Input that a detector could not use and what it has relearned; nothing when there is neither.
    private func health(_ index: Int) -> [(String, JSONValue)] {
        let health = simulation.detectors.entries[index].monitor.health
        guard health != DetectorHealth() else { return [] }
        let counters = [("invalid", health.invalid), ("late", health.late), ("overflow", health.overflow), ("relearned", health.relearned)]
        return [("health", object(counters.map { ($0.0, .integer(Int64($0.1))) }))]
    }

    private func label(_ label: GroundTruthLabel) -> JSONValue {
        object([
            ("start_s", .number(Duration(nanoseconds: label.start.nanoseconds).secondsText)),
            ("end_s", .number(Duration(nanoseconds: label.end.nanoseconds).secondsText)),
            ("kind", .string(label.kind)), ("severity", .string(label.severity.name)), ("name", .string(label.name)), ("target", .string(label.target)),
            ("evidence_s", label.evidence.map { .number(Duration(nanoseconds: $0.nanoseconds).secondsText) } ?? .null), ("link", .string(label.link)),
        ])
    }

    private func bus(_ index: Int) -> JSONValue {
        let statistics = simulation.buses[index]
        var members: [(String, JSONValue)] = [
            ("name", .string(scenario.buses[index].name)), ("frames", .integer(Int64(statistics.frames))), ("bytes", .integer(Int64(statistics.bytes))),
        ]
        members += (simulation.carriers[index] as? WireCarrier)?.reportMembers ?? []
        if let report = simulation.busReports[index] { members.append(("live", live(report))) }
        return object(members)
    }

    /// A real bus.
    private func live(_ report: BusReport) -> JSONValue {
        func count(_ value: UInt64) -> JSONValue { .integer(Int64(clamping: value)) }
        let counters = report.counters
        return object([
            ("address", .string(report.address)), ("up", .bool(report.isUp)), ("connections", count(counters.connections)), ("sent", count(counters.sent)),
            ("received", count(counters.received)), ("unsent", count(counters.unsent)), ("unsendable", count(counters.unsendable)),
            ("malformed", count(counters.malformed)), ("lost", count(counters.lost)), ("early", count(report.early)), ("slowest_s", seconds(report.slowest)),
        ])
    }

    /// What became of the calls of one action in one direction.
    private func calls(_ row: CallMeter.Row) -> JSONValue {
        func time(_ time: Duration?) -> JSONValue { time.map { seconds($0) } ?? .null }
        let latency = row.latency
        return object([
            ("action", .string(row.action.name.description)), ("direction", .string(row.direction)), ("calls", .integer(Int64(row.calls))),
            ("answers", .integer(Int64(row.results))), ("errors", .integer(Int64(row.errors))), ("unanswered", .integer(Int64(row.unanswered))),
            (
                "latency_s",
                object([
                    ("p50", time(latency.quantile(0.5))), ("p90", time(latency.quantile(0.9))), ("p99", time(latency.quantile(0.99))),
                    ("max", time(latency.count > 0 ? latency.greatest : nil)),
                ])
            ),
        ])
    }

    private func warning(_ warning: RunWarning) -> JSONValue {
        object([
            ("code", .string(warning.code.rawValue)), ("message", .string(warning.message)), ("line", warning.span.map { .integer(Int64($0.line)) } ?? .null),
        ])
    }

    /// What `evsim plot` needs to draw a picture again from the files of the run.
    private func plot(_ plot: PlotDeclaration) -> JSONValue {
        if !plot.latencies.isEmpty { return object([("title", .string(plot.title)), ("latencies", latencies(plot))] + look(of: plot)) }
        if let scores = plot.scores {
            let shown = plot.detectors.isEmpty ? Array(scenario.detectors.indices) : plot.detectors
            return object(
                [
                    ("title", .string(plot.title)), ("scores", .string(scores.rawValue)),
                    ("detectors", .array(shown.map { .string(scenario.detectors[$0].name) })), ("window_s", plot.window.map { seconds($0) } ?? .null),
                    ("latencies_s", .array(shown.map { .array(judge.detectors[$0].events.detectedLatencies.map { .double(rounded($0)) }) })),
                ] + look(of: plot))
        }
        return object(
            [
                ("title", .string(plot.title)),
                (
                    "panels",
                    .array(
                        plot.panels.map { panel in
                            .array(
                                panel.map { signal in
                                    let symbol = scenario.symbols.signals[signal]
                                    return object(
                                        [
                                            ("signal", .string(symbol.name)), ("unit", .string(symbol.unit)),
                                            ("style", .string(PictureStyle.of(symbol).rawValue)),
                                        ]
                                            + (symbol.valueNames.isEmpty ? [] : [("names", .array(symbol.valueNames.map { .string($0) }))]))
                                })
                        })
                ),
                ("labels", .bool(plot.showsLabels)), ("detectors", .array(plot.detectors.map { .string(scenario.detectors[$0].name) })),
                ("window_s", plot.window.map { seconds($0) } ?? .null),
            ] + look(of: plot))
    }

    private func look(of plot: PlotDeclaration) -> [(String, JSONValue)] {
        [
            ("width", .integer(Int64(plot.width))), ("height", .integer(Int64(plot.height))), ("scale", .integer(Int64(plot.scale))),
            ("theme", .string(plot.theme.rawValue)),
        ]
    }

    /// The rows of a picture of answer times.
    private func latencies(_ plot: PlotDeclaration) -> JSONValue {
        .array(
            LatencyPicture.rows(plot, simulation).map { row in
                object([
                    ("name", .string(row.name)), ("note", .string(row.note)), ("values_s", .array(row.values.map { .double($0) })),
                    ("bins_s", .array(row.bins.map { .array([.double($0.from), .double($0.to), .integer(Int64($0.count))]) })),
                ])
            })
    }

    // MARK: Markdown

    func markdown(files: [String]) -> String {
        var text = "# \(verdictText): \(scenario.name)\n\n"
        if !scenario.about.isEmpty { text += "\(scenario.about)\n\n" }
        text +=
            "\(simulation.simulated.secondsText) s simulated in \(simulation.kernel.events) events, seed \(scenario.run.seed), fingerprint `\(simulation.fingerprint)`.\n"
        if let failure = simulation.failure { text += "\n**The run did not come to its end:** \(failure.message).\n" }
        for picture in files where picture.hasSuffix(".png") { text += "\n![\(picture)](\(picture))\n" }
        if !judge.expectations.isEmpty {
            text += "\n## What was expected\n\n| | expectation | found | why |\n|---|---|---|---|\n"
            for judged in judge.expectations {
                text +=
                    "| \(judged.isFulfilled ? judged.isExercised ? "yes" : "not tried" : "**no**") | `\(escaped(judged.that))` | \(escaped(judged.value)) | \(escaped(judged.because ?? "")) |\n"
            }
        }
        if !judge.labels.isEmpty {
            text += "\n## What happened\n\n| from | to | kind | severity |\n|---|---|---|---|\n"
            for label in judge.labels.prefix(50) {
                text +=
                    "| \(Duration(nanoseconds: label.start.nanoseconds).secondsText) s | \(Duration(nanoseconds: label.end.nanoseconds).secondsText) s | \(label.kind) | \(label.severity.name) |\n"
            }
            if judge.labels.count > 50 { text += "\n… and \(judge.labels.count - 50) more in labels.csv.\n" }
        }
        if !scenario.detectors.isEmpty {
            text +=
                "\n## What the detectors made of it\n\n| detector | alarms | first | precision | recall | F1 | median latency | false alarms |\n|---|---|---|---|---|---|---|---|\n"
            for (index, detector) in scenario.detectors.enumerated() {
                let scores = judge.detectors[index].events
                let first = judge.alarms.first { $0.detector == index }?.alarm.start
                text += "| \(detector.name) | \(scores.alarms) | \(first.map { "\(Duration(nanoseconds: $0.nanoseconds).secondsText) s" } ?? "–") "
                text +=
                    "| \(percent(scores.precision)) | \(percent(scores.recall)) | \(percent(scores.f1)) | \(scores.medianLatency.map { Quantity($0, .time).text } ?? "–") | \(scores.falseAlarms) |\n"
            }
        }
        text += RunScoreTables.markdown(judge.detectors)
        if !simulation.busReports.isEmpty { text += realBusTable }
        if !simulation.links.calls.all.isEmpty { text += messageTable }
        for carrier in simulation.carriers { text += (carrier as? WireCarrier)?.markdown ?? "" }
        if !judge.warnings.isEmpty {
            text += "\n## Warnings\n\n"
            for warning in judge.warnings { text += "- \(warning.code.rawValue): \(warning.message)\(warning.span.map { " (line \($0.line))" } ?? "")\n" }
        }
        text += "\n## Files\n\n"
        for file in files { text += "- [\(file)](\(file))\n" }
        return text
    }

    private var verdictText: String {
        switch judge.verdict {
        case .pass: "Passed"
        case .partial: "Passed in part"
        case .fail: "Failed"
        case .incomplete: "Incomplete"
        }
    }

    /// What went over real buses.
    private var realBusTable: String {
        var text = "\n## Real buses\n\n| bus | address | sent | received | not sent | malformed | lost by the kernel |\n|---|---|---|---|---|---|---|\n"
        for (index, bus) in scenario.buses.enumerated() {
            guard let report = simulation.busReports[index] else { continue }
            let counters = report.counters
            text += "| \(bus.name) | `\(escaped(report.address))`\(report.isUp ? "" : ", gone") | \(counters.sent) | \(counters.received) "
            text += "| \(counters.unsent + counters.unsendable) | \(counters.malformed) | \(counters.lost) |\n"
        }
        return text
    }

    /// Calls and answers by action.
    private var messageTable: String {
        var text = "\n## Messages\n\n| action | direction | calls | answers | errors | unanswered | median time | 90 % | 99 % | longest |\n"
        text += "|---|---|---|---|---|---|---|---|---|---|\n"
        func time(_ time: Duration?) -> String { time.map { Quantity(threeDigits($0.seconds), .time).text } ?? "–" }
        for row in simulation.links.calls.all {
            let latency = row.latency
            text += "| \(row.action.name) | \(row.direction) | \(row.calls) | \(row.results) | \(row.errors) | \(row.unanswered) "
            text += "| \(time(latency.quantile(0.5))) | \(time(latency.quantile(0.9))) | \(time(latency.quantile(0.99))) "
            text += "| \(time(latency.count > 0 ? latency.greatest : nil)) |\n"
        }
        return text
    }

    /// Three significant digits: more than the buckets of answer times tell, and less to read.
    private func threeDigits(_ value: Double) -> Double {
        guard value > 0 else { return value }
        var step = 1e-9
        while value / step >= 1000 { step *= 10 }
        return (value / step).rounded() * step
    }

    private func percent(_ value: Double?) -> String { value.map { "\(decimalText(($0 * 1000).rounded() / 10)) %" } ?? "–" }

    private func escaped(_ text: String) -> String { String(text.map { $0 == "|" ? "/" : $0 }) }

    // MARK: CSV

    func labelRows() -> String {
        var text = "start_s,end_s,kind,severity,name,target,evidence_s,link\n"
        for label in judge.labels {
            let evidence = label.evidence.map { Duration(nanoseconds: $0.nanoseconds).secondsText } ?? ""
            text +=
                "\(Duration(nanoseconds: label.start.nanoseconds).secondsText),\(Duration(nanoseconds: label.end.nanoseconds).secondsText),\(label.kind),\(label.severity.name),\(label.name),\(label.target),"
            text += "\(evidence),\(label.link)\n"
        }
        return text
    }

    func alarmRows() -> String {
        var text = "start_s,end_s,detector,severity,score,evidence_s,blame,note\n"
        for (_, alarm) in judge.alarms {
            let end = alarm.end.map { Duration(nanoseconds: $0.nanoseconds).secondsText } ?? ""
            text +=
                "\(Duration(nanoseconds: alarm.start.nanoseconds).secondsText),\(end),\(alarm.detector),\(alarm.severity.name),\(decimalText(rounded(alarm.score))),"
            text +=
                "\(Duration(nanoseconds: alarm.evidence.nanoseconds).secondsText),\(cell(alarm.blame)),\(cell(alarm.note))\n"
        }
        return text
    }

    private func cell(_ text: String) -> String {
        text.contains { ",\"\n\r".contains($0) } ? "\"\(text.replacing("\"", with: "'"))\"" : text
    }

    private func baseName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
