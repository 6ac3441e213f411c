import Engine
import JSONText
import ScenarioLanguage
import YAMLTree

/// What runs found as JUnit XML, which CI servers show: a suite for each scenario, a case for each expectation.
///
/// The file depends on the runs only: times are simulated seconds, the date is the one at which the scenario begins.
struct JUnitReport {
    private let entries: [RunBatch.Entry]
    private let isStrict: Bool

    init(_ entries: [RunBatch.Entry], isStrict: Bool) {
        self.entries = entries
        self.isStrict = isStrict
    }

    /// What became of one case.
    private enum Result {
        case passed
        case failed(type: String, message: String, text: String)
        case error(type: String, message: String, text: String)
        case skipped(String)
    }

    private struct Case {
        let name: String
        let result: Result
        /// What a person may want to know besides.
        var output = ""
    }

    private struct Suite {
        let name: String
        let file: String
        var time = "0"
        var timestamp: String?
        var properties: [(name: String, value: String)] = []
        var cases: [Case] = []
        var output = ""

        var failures: Int { cases.count { if case .failed = $0.result { true } else { false } } }
        var errors: Int { cases.count { if case .error = $0.result { true } else { false } } }
        var skipped: Int { cases.count { if case .skipped = $0.result { true } else { false } } }
    }

    /// The document.
    var text: String {
        let suites = entries.map(suite)
        func total(_ value: (Suite) -> Int) -> String { String(suites.reduce(0) { $0 + value($1) }) }
        var xml = XMLText()
        xml.open(
            "testsuites",
            [("name", "evsim"), ("tests", total(\.cases.count)), ("failures", total(\.failures)), ("errors", total(\.errors))])
        for suite in suites { write(suite, &xml) }
        xml.close("testsuites")
        return xml.text
    }

    // MARK: What runs mean

    private func suite(_ entry: RunBatch.Entry) -> Suite {
        guard let outcome = entry.outcome, let scenario = entry.scenario else {
            let first = entry.findings.first { $0.severity == .error }
            var suite = Suite(name: entry.path, file: entry.path)
            suite.cases = [
                Case(
                    name: "the file is valid",
                    result: .error(type: first?.code ?? "invalid", message: first?.message ?? "the file is not valid", text: rendered(entry.findings)))
            ]
            return suite
        }
        var suite = Suite(name: scenario.name, file: entry.path)
        suite.time = milliseconds(outcome.simulated.nanoseconds)
        suite.timestamp = outcome.report["start"]?.string.map { String($0.prefix(19)) }
        suite.properties = [
            ("evsim", evsimVersion), ("verdict", outcome.verdict.rawValue), ("seed", String(scenario.run.seed)), ("fingerprint", outcome.fingerprint),
        ]
        suite.properties += scenario.parameters.map { ("param.\($0.name)", $0.value.text) }
        suite.cases = [end(outcome)] + expectations(outcome, entry.path)
        suite.output = rendered((entry.findings + outcome.diagnostics).filter { $0.severity != .error })
        return suite
    }

    /// The case that every run has: that it came to its end.
    private func end(_ outcome: RunOutcome) -> Case {
        guard outcome.verdict == .incomplete else { return Case(name: "the run comes to its end", result: .passed) }
        let errors = outcome.diagnostics.filter { $0.severity == .error }
        let message = outcome.isInterrupted ? "interrupted" : errors.first?.message ?? "the run did not come to its end"
        return Case(
            name: "the run comes to its end", result: .error(type: errors.first?.code ?? "incomplete", message: message, text: rendered(errors)))
    }

    private func expectations(_ outcome: RunOutcome, _ path: String) -> [Case] {
        var seen: [String: Int] = [:]
        return outcome.expectations.map { judged in
            seen[judged.that, default: 0] += 1
            let number = seen[judged.that] ?? 1
            let place = "\(judged.span.file.path == path ? path : judged.span.file.path):\(judged.span.line)"
            let because = judged.because.map { "\nbecause: \($0)" } ?? ""
            let result: Result
            if outcome.verdict == .incomplete {
                result = .skipped("the run did not come to its end; \(judged.sentence)")
            } else if !judged.isFulfilled {
                result = .failed(type: "expectation", message: judged.sentence, text: "\(place): \(judged.that)\n\(judged.sentence)\(because)")
            } else if judged.isExercised {
                result = .passed
            } else if isStrict {
                result = .failed(type: "never exercised", message: "what it looks at never happened", text: "\(place): \(judged.that)\(because)")
            } else {
                result = .skipped("it holds, but what it looks at never happened")
            }
            return Case(name: number == 1 ? judged.that : "\(judged.that) (\(number))", result: result, output: "\(place)\n\(judged.value)")
        }
    }

    private func rendered(_ findings: [Diagnostic]) -> String {
        findings.map { finding in
            let place = finding.span.map { "\($0.file.path):\($0.line): " } ?? ""
            let kind = finding.severity == .error ? "error" : "warning"
            return "\(place)\(kind)[\(finding.code)]: \(finding.message)\n"
        }.joined()
    }

    /// Seconds with three decimals, as the schemas of this format have them.
    private func milliseconds(_ nanoseconds: Int64) -> String {
        let value = (max(0, nanoseconds) + 500_000) / 1_000_000
        let fraction = String(value % 1000)
        return "\(value / 1000).\(String(repeating: "0", count: 3 - fraction.utf8.count))\(fraction)"
    }

    // MARK: XML

    private func write(_ suite: Suite, _ xml: inout XMLText) {
        var attributes = [
            ("name", suite.name), ("tests", String(suite.cases.count)), ("failures", String(suite.failures)), ("errors", String(suite.errors)),
            ("skipped", String(suite.skipped)), ("time", suite.time),
        ]
        if let timestamp = suite.timestamp { attributes.append(("timestamp", timestamp)) }
        attributes.append(("file", suite.file))
        xml.open("testsuite", attributes)
        if !suite.properties.isEmpty {
            xml.open("properties")
            for (name, value) in suite.properties { xml.empty("property", [("name", name), ("value", value)]) }
            xml.close("properties")
        }
        for one in suite.cases { write(one, of: suite, &xml) }
        if !suite.output.isEmpty { xml.element("system-out", [], suite.output) }
        xml.close("testsuite")
    }

    private func write(_ one: Case, of suite: Suite, _ xml: inout XMLText) {
        let attributes = [("name", one.name), ("classname", suite.name), ("time", "0")]
        if case .passed = one.result, one.output.isEmpty { return xml.empty("testcase", attributes) }
        xml.open("testcase", attributes)
        switch one.result {
        case .passed: break
        case .failed(let type, let message, let text): xml.element("failure", [("type", type), ("message", message)], text)
        case .error(let type, let message, let text): xml.element("error", [("type", type), ("message", message)], text)
        case .skipped(let message): xml.empty("skipped", [("message", message)])
        }
        if !one.output.isEmpty { xml.element("system-out", [], one.output) }
        xml.close("testcase")
    }
}

/// Writes XML 1.0: any text is escaped, and characters that XML cannot have become U+FFFD.
struct XMLText {
    private(set) var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    private var depth = 0

    init() {}

    mutating func open(_ name: String, _ attributes: [(String, String)] = []) {
        text += "\(indent)<\(name)\(XMLText.written(attributes))>\n"
        depth += 1
    }

    mutating func close(_ name: String) {
        depth -= 1
        text += "\(indent)</\(name)>\n"
    }

    mutating func empty(_ name: String, _ attributes: [(String, String)]) { text += "\(indent)<\(name)\(XMLText.written(attributes))/>\n" }

    mutating func element(_ name: String, _ attributes: [(String, String)], _ content: String) {
        text += "\(indent)<\(name)\(XMLText.written(attributes))>\(XMLText.escaped(content, inAttribute: false))</\(name)>\n"
    }

    private var indent: String { String(repeating: "  ", count: depth) }

    private static func written(_ attributes: [(String, String)]) -> String {
        attributes.map { " \($0)=\"\(escaped($1, inAttribute: true))\"" }.joined()
    }

    /// A text as it can stand between tags or in an attribute.
    static func escaped(_ text: String, inAttribute: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"" where inAttribute: result += "&quot;"
            case "\t", "\n": result += inAttribute ? "&#\(scalar.value);" : String(scalar)
            case "\r": result += "&#13;"
            default:
                let isAllowed = scalar.value >= 0x20 && scalar.value != 0xFFFE && scalar.value != 0xFFFF
                result.unicodeScalars.append(isAllowed ? scalar : "\u{FFFD}")
            }
        }
        return result
    }
}
