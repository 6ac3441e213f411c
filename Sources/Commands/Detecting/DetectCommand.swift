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
        let (plan, learning) = try plan(arguments)
        var built = DetectScenario(plan)
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

    // MARK: The data

    /// What is played, and how long detectors learn when they do not say it.
    private static func plan(_ arguments: Arguments) throws(DetectScenario.Problem) -> (plan: OutsidePlan, learning: Duration?) {
        var settings = OutsideSettings()
        settings.timeColumn = arguments.text(.timeColumn)
        settings.timeFormat = arguments.text(.timeFormat).flatMap { TableTime(rawValue: $0) }
        settings.units = arguments.assignments(.columnUnit).map { ($0.name, $0.text) }
        if let column = arguments.text(.labelColumn) { settings.labelColumn = column == "none" ? "" : column }
        if let text = arguments.text(.rowPeriod) { settings.period = try duration(text, "--every") }
        var plan = OutsidePlan(files: [])
        var learning: Duration?
        if let path = arguments.text(.trainFile) {
            let file = try open(path, settings)
            do throws(TableError) {
                if let extent = try file.extent() { learning = Duration(nanoseconds: max(extent.last - extent.first, 0) + 1) }
            } catch {
                throw DetectScenario.Problem(text: error.text(path), code: error.isUnreadable ? .runtime : .invalidFile)
            }
            plan.files.append(file)
            plan.trained = 1
        }
        plan.flows = arguments.text(.flowsFile)
        for path in arguments.positionals.map(\.text) { plan.files.append(try open(path, settings)) }
        if let text = arguments.text(.learnUntil) {
            plan.learnUntil = try duration(text, "--learn-until")
            learning = max(learning ?? .zero, plan.learnUntil)
        }
        if let path = arguments.text(.labelFile) {
            do {
                plan.labels = try ScoreCommand.labels(path, data: arguments.positionals.first?.text ?? "")
            } catch {
                throw DetectScenario.Problem(text: error.text, code: error.code)
            }
        }
        return (plan, learning)
    }

    private static func open(_ path: String, _ settings: OutsideSettings) throws(DetectScenario.Problem) -> OutsideFile {
        do {
            return try OutsideFile(path: path, settings: settings)
        } catch {
            throw DetectScenario.Problem(text: error.text(path), code: error.isUnreadable ? .runtime : .invalidFile)
        }
    }

    private static func duration(_ text: String, _ what: String) throws(DetectScenario.Problem) -> Duration {
        guard let quantity = try? Quantity.parse(text), quantity.dimension == .time, let nanoseconds = quantity.exactNanoseconds, nanoseconds > 0 else {
            throw DetectScenario.Problem(text: "\(what) takes a time such as 60s, not '\(text)'", code: .usage)
        }
        return Duration(nanoseconds: nanoseconds)
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
