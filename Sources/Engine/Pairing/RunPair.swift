public import JSONText
import Quantities
public import ScenarioLanguage
import SimulationKernel

/// The same seed twice, with and without its attacks: what the attacks caused, and what would have happened anyway.
///
/// Random numbers are keyed by what draws them, so both runs are the same up to the first thing that an attack did. An alarm of the attacked
/// run that the benign run has as well is false by proof.
public struct RunPair {
    /// An alarm of the attacked run.
    public struct PairedAlarm: Sendable {
        /// Name of the detector.
        public var detector: String
        /// When it began, since the run's t = 0.
        public var start: Duration
        /// Whether the same detector fires at that time in the benign run.
        public var isAlsoBenign: Bool
    }

    /// Alarms of one detector.
    public struct Row: Sendable {
        /// Name of the detector.
        public var detector: String
        /// Alarms of the attacked run.
        public var alarms: Int
        /// Those that the benign run has too.
        public var falseByProof: Int
        /// Alarms of the benign run.
        public var benign: Int
        /// Alarms that only the attacks can have caused.
        public var caused: Int { alarms - falseByProof }
    }

    /// The run with its attacks.
    public var attacked: RunOutcome
    /// The run without; it keeps its own expectations, which are not judged.
    public var benign: RunOutcome
    /// Alarms of the attacked run in their order.
    public var alarms: [PairedAlarm]
    /// A row for each detector.
    public var rows: [Row]
    /// Where the runs part; `nil` when a run did not leave its files.
    public var comparison: RunComparison?
    /// Directories of the two runs.
    public let directories: (attacked: String, benign: String)

    /// Runs a scenario twice, into `DIR/attacked` and `DIR/benign`, and writes `pair.json` and `pair.md` beside them.
    public init(_ scenario: Scenario, directory: String, options: RunOptions) {
        directories = ("\(directory)/attacked", "\(directory)/benign")
        var options = options
        options.directory = directories.attacked
        attacked = Runner.run(scenario, options: options)
        alarms = []
        rows = []
        guard !attacked.isInterrupted else {
            benign = attacked
            return
        }
        options.directory = directories.benign
        options.isBenign = true
        benign = Runner.run(scenario, options: options)
        let others = benign.alarms
        alarms = attacked.alarms.map { alarm in
            PairedAlarm(
                detector: alarm.detector, start: Duration(nanoseconds: alarm.start.nanoseconds),
                isAlsoBenign: others.contains { $0.detector == alarm.detector && $0.start < (alarm.end ?? .never) && alarm.start < ($0.end ?? .never) })
        }
        rows = scenario.detectors.map { detector in
            let own = alarms.filter { $0.detector == detector.name }
            return Row(
                detector: detector.name, alarms: own.count, falseByProof: own.count(where: \.isAlsoBenign),
                benign: others.count { $0.detector == detector.name })
        }
        comparison = try? RunComparison(directories.attacked, directories.benign, names: ("attacked", "benign"))
        do {
            try RunDirectory.write(document.text(.pretty) + "\n", to: "\(directory)/pair.json")
            try RunDirectory.write(markdown, to: "\(directory)/pair.md")
        } catch { attacked.couldNotWrite = true }
    }

    // MARK: Reports

    /// The pair for programs.
    public var document: JSONValue {
        func run(_ outcome: RunOutcome, _ directory: String) -> JSONValue {
            RunPair.object([
                ("directory", .string(directory)), ("verdict", .string(outcome.verdict.rawValue)), ("fingerprint", .string(outcome.fingerprint)),
                ("alarms", .integer(Int64(outcome.alarms.count))),
            ])
        }
        return RunPair.object([
            ("attacked", run(attacked, directories.attacked)), ("benign", run(benign, directories.benign)),
            ("same", .bool(comparison?.isSame ?? false)), ("first", first.map { .object($0.map { JSONValue.Member($0.0, $0.1) }) } ?? .null),
            (
                "detectors",
                .array(
                    rows.map { row in
                        RunPair.object([
                            ("name", .string(row.detector)), ("alarms", .integer(Int64(row.alarms))), ("caused", .integer(Int64(row.caused))),
                            ("false_by_proof", .integer(Int64(row.falseByProof))), ("benign_alarms", .integer(Int64(row.benign))),
                        ])
                    })
            ),
            (
                "alarms",
                .array(
                    alarms.map { alarm in
                        RunPair.object([
                            ("detector", .string(alarm.detector)), ("start_s", .number(alarm.start.secondsText)), ("false_by_proof", .bool(alarm.isAlsoBenign)),
                        ])
                    })
            ),
        ])
    }

    private static func object(_ members: [(String, JSONValue)]) -> JSONValue { .object(members.map { JSONValue.Member($0.0, $0.1) }) }

    /// The first event that differs: when, in which file, and what.
    private var first: [(String, JSONValue)]? {
        guard let first = event else { return nil }
        return [
            ("t_s", first.time.map { .number($0.secondsText) } ?? .null), ("file", .string(first.file)), ("subject", .string(first.subject)),
            ("attacked", .array(first.a.filter(\.isDifferent).prefix(3).map { .string($0.text) })),
            ("benign", .array(first.b.filter(\.isDifferent).prefix(3).map { .string($0.text) })),
        ]
    }

    /// Labels and alarms are about events, and none themselves.
    private var event: EventDifference? {
        let events = comparison?.differences.filter { $0.file != EventFile.labels.rawValue && $0.file != EventFile.alarms.rawValue } ?? []
        return events.first ?? comparison?.first
    }

    /// What both runs come to, in a sentence or two.
    public var summary: String {
        guard !attacked.isInterrupted else { return "the run was interrupted, so there is no benign one" }
        guard let comparison else { return "the two runs cannot be compared" }
        guard let event else { return comparison.isSame ? "both runs are the same: the attacks changed nothing" : "the runs have no event that differs" }
        let time = event.time.map { "at \($0.secondsText) s" } ?? "at a line without time"
        return "the runs first differ \(time): \(event.subject) (\(event.file))"
    }

    /// The page `pair.md`.
    var markdown: String {
        var text =
            "# With and without its attacks\n\nThe same seed twice. In [benign](benign/report.md) attacks and labelled steps only take their time; [attacked](attacked/report.md) is the whole run.\n\n"
        text += "\(summary.prefix(1).uppercased())\(summary.dropFirst()).\n"
        if !rows.isEmpty {
            text += "\n| detector | alarms | caused by the attacks | false by proof | alarms without the attacks |\n|---|---|---|---|---|\n"
            for row in rows { text += "| \(row.detector) | \(row.alarms) | \(row.caused) | \(row.falseByProof) | \(row.benign) |\n" }
            text += "\nAn alarm is false by proof when the same detector fires at that time in the benign run as well.\n"
        }
        return text
    }
}
