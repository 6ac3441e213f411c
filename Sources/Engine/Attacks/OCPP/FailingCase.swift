import OCPP
import ScenarioLanguage
import SimulationKernel
import YAMLTree

/// Makes the findings of fuzz attacks as small as they can be and writes each as a scenario that shows it again.
struct FailingCases {
    /// The scenario of the run, before anything of it was changed.
    let scenario: Scenario
    /// How the run reaches the outside; `nil` in virtual time.
    let live: LiveSettings?
    /// Raised by whoever wants the run to end early.
    let interrupt: InterruptFlag
    /// Runs that one case may take.
    private var budget: Int { live == nil ? 400 : 60 }
    /// When making cases smaller ends in a live run, by the monotonic clock: each run takes its time there.
    private let deadline: UInt64

    init(scenario: Scenario, live: LiveSettings?, interrupt: InterruptFlag) {
        (self.scenario, self.live, self.interrupt) = (scenario, live, interrupt)
        deadline = live == nil ? .max : WallClock.monotonic &+ 30_000_000_000
    }

    /// The most cases that are written.
    private static let most = 8

    /// Writes what the fuzz attacks of a run have found; the names of the files.
    func write(_ fuzzers: [FuzzAttack], to directory: String) throws(OutputError) -> [String] {
        var files: [String] = []
        for fuzzer in fuzzers {
            for finding in fuzzer.distinct where files.count < Self.most {
                let name = "failing-\(files.count + 1).yaml"
                let folder = fuzzer.settings.folder ?? directory
                if fuzzer.settings.folder != nil { try RunDirectory.makeDirectories(folder) }
                try RunDirectory.write(text(fuzzer, finding), to: "\(folder)/\(name)")
                if fuzzer.settings.folder == nil { files.append(name) }
            }
        }
        return files
    }

    // MARK: Making it smaller

    /// Whether some messages in place of drawn ones show the same trouble.
    ///
    /// - Parameter isProbed: whether a call behind them tells at once that the peer has stood them; it is a message more.
    private func shows(_ trouble: FuzzAttack.Trouble, _ fuzzer: FuzzAttack, _ texts: [[UInt8]], isProbed: Bool) -> Bool {
        guard !interrupt.isRaised, live == nil || WallClock.monotonic < deadline, let recorder = try? Recorder(scenario, directory: nil),
            let trial = try? Simulation(scenario, kinds: NodeKind.all, recorder: recorder, limits: KernelLimits(), interrupt: interrupt)
        else { return false }
        var quiet = live
        quiet?.told = nil
        quiet?.readyFile = nil
        guard (try? Runner.attach(quiet, to: trial)) != nil else { return false }
        trial.links.fuzzTrial = (fuzzer.aim.path, texts, trouble, isProbed)
        _ = trial.run()
        return trial.links.fuzzers.contains { $0.aim.path == fuzzer.aim.path && $0.findings.contains { $0.trouble == trouble } }
    }

    /// The fewest and plainest messages that show a finding again; `nil` when it does not come again.
    private func smallest(_ fuzzer: FuzzAttack, _ finding: FuzzAttack.Finding) -> [[UInt8]]? {
        // In virtual time waiting costs nothing.
        if live != nil, finding.trouble != .noAnswer, let texts = smallest(fuzzer, finding, isProbed: true),
            shows(finding.trouble, fuzzer, texts, isProbed: false)
        {
            return texts
        }
        return smallest(fuzzer, finding, isProbed: false)
    }

    private func smallest(_ fuzzer: FuzzAttack, _ finding: FuzzAttack.Finding, isProbed: Bool) -> [[UInt8]]? {
        let last = fuzzer.sent[finding.message]
        let before = fuzzer.sent[..<(finding.message + 1)].filter { $0.up == last.up && $0.link == last.link }.map(\.text)
        var shrinker = TextShrinker(budget: budget)
        let fails: ([[UInt8]]) -> Bool = { shows(finding.trouble, fuzzer, $0, isProbed: isProbed) }
        var texts = [last.text]
        if !fails(texts) {
            guard fails(before) else { return nil }
            texts = shrinker.list(before, fails: fails)
        }
        for index in texts.indices.reversed() {
            texts[index] = shrinker.text(texts[index]) { text in
                var trial = texts
                trial[index] = text
                return fails(trial)
            }
        }
        return texts
    }

    // MARK: Writing it

    private func text(_ fuzzer: FuzzAttack, _ finding: FuzzAttack.Finding) -> String {
        let found = fuzzer.sent[finding.message]
        let smallest = smallest(fuzzer, finding)
        let texts = smallest ?? fuzzer.sent[..<(finding.message + 1)].filter { $0.up == found.up && $0.link == found.link }.map(\.text)
        let changes = found.changes.isEmpty ? "" : " (changed: \(found.changes.joined(separator: ", ")))"
        var text = "# Found by 'fuzz' in \(scenario.name) with the seed \(scenario.run.seed), message \(finding.message + 1)\(changes).\n"
        text += smallest == nil ? "# It did not come again when the messages were sent once more; these are all of them.\n" : ""
        text += "# The run fails as long as the peer does it: \(finding.trouble.rawValue).\n"
        var blocks = Self.blocks(scenario.file)
        blocks.removeAll { ["steps", "expect", "detectors", "plots", "record", "intended", "about", "scenario", "evsim"].contains($0.key) }
        text += "evsim: 1\nscenario: \(scenario.name)-failing\nabout: A message that the peer does not stand.\n"
        for block in blocks { text += block.text }
        let node = fuzzer.links.chargePoint(of: found.link)
        text += "steps:\n  - attack: fuzz\n    against: \(node < 0 ? fuzzer.settings.target : scenario.symbols.nodes[node])\n"
        text += "    with:\n      direction: \(found.up ? "up" : "down")\n      every: \((fuzzer.every ?? .seconds(1)).secondsText)s\n      payload:\n"
        for payload in texts { text += "        - \(Self.quoted(String(decoding: payload, as: UTF8.self)))\n" }
        return text + "record: [messages]\nintended: [W0608, W0725]\n"
    }

    /// A text as a value of YAML.
    static func quoted(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) {
            return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
        }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case _ where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) || (0x2000..<0x2070).contains(scalar.value) || scalar.value == 0xFEFF:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// The sections of a file at the beginning of a line, each with its lines.
    private static func blocks(_ file: SourceFile) -> [(key: String, text: String)] {
        var blocks: [(key: String, text: String)] = []
        for line in String(decoding: file.bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            if let first = line.first, first.isLetter, let colon = line.firstIndex(of: ":") { blocks.append((String(line[..<colon]), "")) }
            guard !blocks.isEmpty, !line.isEmpty, !line.hasPrefix("#") else { continue }
            blocks[blocks.count - 1].text += line + "\n"
        }
        return blocks
    }
}
