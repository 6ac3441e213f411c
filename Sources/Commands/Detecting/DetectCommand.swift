import Engine
import Glibc
import JSONText
import Quantities
import ScenarioLanguage
import SimulationKernel
import YAMLTree

/// `evsim detect`.
enum DetectCommand {
    /// Rows of scores that each detector keeps for its scores by rows.
    private static let scoreRows = 1 << 20

    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        guard arguments.has(.withDetectors) else {
            console.note("error: detectors are needed: --with FILE, or --with KIND")
            return .usage
        }
        do {
            return try detect(arguments, console)
        } catch {
            console.note("error: \(DisplayText.visible(error.text))")
            return error.code
        }
    }

    private static func detect(_ arguments: Arguments, _ console: Console) throws(DetectScenario.Problem) -> ExitCode {
        let given = try DetectPlan(arguments)
        let (plan, learning) = (given.plan, given.learning)
        if let remark = given.remark, !arguments.has(.quiet) { console.note("note: \(remark)") }
        var built = DetectScenario(plan)
        if arguments.texts(.withDetectors).contains(where: { $0 == "series" || $0 == "rows" }) { built.trainRows = try given.trainRows() }
        for source in arguments.texts(.withDetectors) { try built.add(source, console) }
        let data = arguments.positionals.first?.text ?? "data"
        let (scenario, findings) = built.read(
            name: name(data), databases: arguments.texts(.database).map(absolute), expectations: arguments.texts(.detectExpect), learning: learning,
            arguments: arguments)
        guard let scenario else {
            console.show(findings.filter { $0.severity == .error })
            return .invalidFile
        }
        guard !scenario.detectors.isEmpty else { throw DetectScenario.Problem(text: "there are no detectors in what --with names", code: .invalidFile) }
        let interrupt = InterruptFlag()
        let signals = console.takesSignals ? SignalWatcher(interrupt) : nil
        let directory = arguments.text(.directory) ?? "\(console.runs)/\(scenario.name)"
        var options = RunOptions(directory: directory)
        options.outside = plan
        options.interrupt = interrupt
        options.maximumEvents = .max
        options.scoreRows = scoreRows
        options.scoreFile = arguments.text(.scoresFile)
        let watch = Stopwatch.wall()
        let outcome = Runner.run(scenario, options: options)
        let code = RunCommand.code(outcome, signal: signals?.received ?? 0)
        console.show(arguments.has(.quiet) ? outcome.diagnostics.filter { $0.severity == .error } : outcome.diagnostics)
        if arguments.has(.json) {
            console.output.write(outcome.report.text(.pretty) + "\n")
        } else if !arguments.has(.quiet) {
            tell(outcome, directory, console)
            let rate = watch.seconds > 0 ? Double(outcome.outsideRows) / watch.seconds : 0
            console.note("\(TextLayout.grouped(UInt64(outcome.outsideRows))) rows in \(Stopwatch.text(watch.seconds)), \(Stopwatch.rate(rate)) rows a second")
        }
        return code
    }

    private static func tell(_ outcome: RunOutcome, _ directory: String, _ console: Console) {
        for judged in outcome.expectations {
            console.print(
                "\(judged.isFulfilled ? console.paint("✓", .good, on: console.output) : console.paint("✗", .bad, on: console.output)) \(DisplayText.visible(judged.sentence))"
            )
        }
        let isLabelled = outcome.detectors.contains { !$0.kinds.isEmpty }
        if isLabelled {
            let rows = outcome.detectors.flatMap { verdict in
                verdict.kinds.map { ScoreTable.Row(detector: verdict.detector, kind: $0.kind, events: $0.events, rows: $0.rows) }
            }
            console.output.write(ScoreTable.text(rows))
            console.output.write(ScoreCommand.rowTable(outcome.detectors))
        } else {
            let counts = outcome.report["detectors"]?.array ?? []
            console.output.write(
                TextLayout.table(
                    counts.map { detector in
                        let count = Int(detector["alarms"]?.integer ?? 0)
                        let first = detector["first_s"]?.double.map { ", the first at \(decimalText($0)) s" } ?? ""
                        return [detector["name"]?.string ?? "", (count == 0 ? "no alarm" : TextLayout.count(count, "alarm")) + first]
                    }))
        }
        console.print("files in \(DisplayText.visible(directory)): \(outcome.files.joined(separator: " "))")
    }

    private static func absolute(_ path: String) -> String {
        guard let full = realpath(path, nil) else { return path }
        defer { free(full) }
        return String(cString: full)
    }

    /// A name of a scenario for a file: letters, digits and dashes.
    private static func name(_ path: String) -> String {
        let base = path.split(separator: "/").last.map(String.init) ?? "data"
        var name = "detect"
        for byte in base.split(separator: ".").first?.utf8.prefix(40) ?? "data".utf8.prefix(4) {
            switch byte {
            case 0x41...0x5A, 0x61...0x7A, 0x30...0x39:
                if name == "detect" { name += "-" }
                name.append(Character(Unicode.Scalar(byte)))
            default: if !name.hasSuffix("-") { name += "-" }
            }
        }
        while name.hasSuffix("-") { name.removeLast() }
        return name
    }
}
