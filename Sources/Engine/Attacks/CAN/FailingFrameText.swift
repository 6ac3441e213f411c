import CAN
import Glibc
import Quantities
import ScenarioLanguage
import SimulationKernel
import YAMLTree

/// A failing case as a file: the scenario of the run with other steps, or a log of the frames.
///
/// The file keeps its text but for a few places: its name, the seed and the parameters of the run, paths beside it, and its steps, which become a track of
/// `parallel` in which attacks only take their time. The other track sends the frames.
struct FailingFrameText {
    private let cases: FailingFrames
    private let trouble: FailingFrames.Trouble
    private let frames: [FuzzedFrame]
    private let isSmallest: Bool
    private var scenario: Scenario { cases.scenario }

    init(_ cases: FailingFrames, _ trouble: FailingFrames.Trouble, _ frames: [FuzzedFrame], isSmallest: Bool) {
        (self.cases, self.trouble, self.frames, self.isSmallest) = (cases, trouble, frames, isSmallest)
    }

    /// What stands at the beginning of the file.
    private var head: String {
        let sent = cases.fuzzed.frames.count + cases.fuzzed.lost
        var text = "# Found by 'fuzz' in \(scenario.name) with the seed \(scenario.run.seed): "
        if isSmallest {
            text += frames.count == 1 ? "one of \(sent) frames is enough.\n" : "\(frames.count) of \(sent) frames are enough.\n"
        } else {
            text += "the last \(frames.count) of \(sent) frames, as they were sent"
            text += cases.isRepeatable ? "; the run did not fail when they were sent once more.\n" : "; the run could not be repeated.\n"
        }
        return text + "# What failed: \(trouble.sentence.replacing("\n", with: " ")).\n"
    }

    /// The frames as candump writes them.
    var log: String {
        var text = head
        for one in frames {
            let raw = one.frame.frame
            let id = String(raw.id, radix: 16, uppercase: true)
            let digits = raw.isExtended ? 8 : 3
            let data = Self.hexadecimal(one.frame.data, separator: "")
            let seconds = Self.microseconds(one.instant - cases.origin)
            text += "(\(seconds)) \(scenario.buses[one.bus].name) \(String(repeating: "0", count: max(0, digits - id.count)))\(id)"
            text += raw.isFD ? "##0\(data)\n" : raw.isRemote ? "#R\(raw.lengthCode)\n" : "#\(data)\n"
        }
        return text
    }

    private static func microseconds(_ time: Duration) -> String {
        let micro = String(time.nanoseconds / 1000 % 1_000_000)
        return "\(time.nanoseconds / 1_000_000_000).\(String(repeating: "0", count: 6 - micro.count))\(micro)"
    }

    private static func hexadecimal(_ data: [UInt8], separator: String) -> String {
        data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: separator)
    }

    // MARK: The scenario

    private typealias Edit = (range: Range<Int>, text: String)

    /// The scenario; `nil` when an attack stands in another file, or in a place that cannot be changed.
    var scenarioText: String? {
        guard let document = SyntaxDocument.read(scenario.file), let steps = document.root.value("steps", document),
            cases.fuzzed.steps.allSatisfy({ $0.span.file === scenario.file })
        else { return nil }
        var edits: [Edit] = []
        if let name = document.root.value("scenario", document) { edits.append((name.range, "\(scenario.name)-failing")) }
        seed(document, &edits)
        parameters(document, &edits)
        paths(document, &edits)
        if let sweep = document.root.entry("sweep", document) { edits.append((sweep.key.start..<sweep.value.range.upperBound, "")) }
        var quiet: [Edit] = []
        for step in cases.fuzzed.steps {
            guard let edit = quietStep(step, document) else { return nil }
            quiet.append(edit)
        }
        let inside = quiet.filter { steps.range.contains($0.range.lowerBound) }
        edits += quiet.filter { !steps.range.contains($0.range.lowerBound) }
        var start = steps.range.lowerBound
        if !steps.isFlow { while start > 0, document.bytes[start - 1] != 0x0A { start -= 1 } }
        let old = Self.applied(inside, to: document.bytes, start..<steps.range.upperBound)
        var text = steps.isFlow ? "\n  - parallel:\n      steps: \(old)" : "  - parallel:\n      steps:\n\(Self.indented(old))"
        text += "\n      frames:\n"
        for moment in FailingFrames.moments(frames) { text += self.text(of: moment) }
        if text.hasSuffix("\n") { text.removeLast() }
        edits.append((start..<steps.range.upperBound, text))
        return head + Self.applied(edits, to: document.bytes, 0..<document.bytes.count)
    }

    private func text(of moment: FailingFrames.Moment) -> String {
        let bus = scenario.buses[moment.bus].name
        var text = "        - at: \((moment.begin - cases.origin).secondsText)s\n"
        if !moment.replaced.isEmpty {
            let identifiers = moment.replaced.map { "0x\(String($0 & 0x1FFF_FFFF, radix: 16, uppercase: true))" }.joined(separator: ", ")
            text +=
                "        - {attack: drop, against: \(bus), for: \(FailingFrames.window.nanoseconds)ns, with: {only: [\(identifiers)], chance: 100%}}\n"
        }
        for one in moment.frames {
            let raw = one.frame.frame
            text += "        - {transmit: \(bus), id: 0x\(String(raw.id, radix: 16, uppercase: true))"
            if one.node >= 0 { text += ", from: \(scenario.symbols.nodes[one.node])" }
            text += raw.isExtended ? ", extended: true" : ""
            text += raw.isFD ? ", fd: true" : ""
            text += raw.isRemote ? ", remote: true, dlc: \(raw.lengthCode)" : one.frame.data.isEmpty ? "" : ", data: \(Self.quotedBytes(one.frame.data))"
            text += "}\n"
        }
        return text
    }

    private static func quotedBytes(_ data: [UInt8]) -> String { "'\(hexadecimal(data, separator: " "))'" }

    /// A wait in the place of an attack, with its label.
    private func quietStep(_ step: InterceptStep, _ document: SyntaxDocument) -> Edit? {
        guard let mapping = document.root.step(at: step.span.line, document) else { return nil }
        var time = FailingFrames.work(step, scenario.run.length).secondsText + "s"
        if let given = mapping.value("for", document) { time = document.text(given.range) }
        var label = "{kind: \(step.manifest.kind), severity: \(step.severity.word)}"
        if let given = mapping.value("label", document) {
            guard given.isFlow || given.isScalar else { return nil }
            label = document.text(given.range)
        }
        return (mapping.range, "{wait: \(time), label: \(label)}")
    }

    /// The seed of the run, where it is another one than that of the file.
    private func seed(_ document: SyntaxDocument, _ edits: inout [Edit]) {
        guard let run = document.root.value("run", document), case .mapping(let entries) = run.content else { return }
        if let given = run.value("seed", document) { return edits.append((given.range, "\(scenario.run.seed)")) }
        guard let first = entries.first else { return }
        let place = first.key.start..<first.key.start
        edits.append((place, run.isFlow ? "seed: \(scenario.run.seed), " : "seed: \(scenario.run.seed)\n\(document.indentation(of: first.key.start))"))
    }

    /// Values of parameters that are others than those of the file.
    private func parameters(_ document: SyntaxDocument, _ edits: inout [Edit]) {
        guard let section = document.root.value("params", document), case .mapping(let entries) = section.content else { return }
        for (key, value) in entries {
            guard let parameter = scenario.parameters.first(where: { $0.name == document.text(key.range) }) else { continue }
            guard let given = value.isScalar ? value : value.value("default", document), let unit = Unit.named(parameter.unit),
                let written = try? Quantity.parse(document.text(given.range)), written.value != parameter.value.value
            else { continue }
            edits.append((given.range, parameter.value.text(in: unit)))
        }
    }

    /// Files that the scenario names lie beside it, and not beside the new one.
    private func paths(_ document: SyntaxDocument, _ edits: inout [Edit]) {
        var found: [SyntaxNode] = []
        if let uses = document.root.value("uses", document) { found += uses.scalars }
        for (section, key) in [("buses", "dbc"), ("nodes", "file")] {
            guard let section = document.root.value(section, document), case .mapping(let entries) = section.content else { continue }
            for (_, value) in entries { if let path = value.value(key, document) { found += path.scalars } }
        }
        let path = scenario.file.path
        guard !found.isEmpty, let whole = realpath(path, nil) else { return }
        defer { free(whole) }
        let folder = String(cString: whole).split(separator: "/").dropLast().map { "/\($0)" }.joined()
        for node in found {
            let text = document.text(node.range).split(separator: "\"", omittingEmptySubsequences: false).joined().split(separator: "'").joined()
            guard !text.hasPrefix("/"), !text.hasPrefix("pack:"), !text.isEmpty, !text.hasPrefix("=") else { continue }
            edits.append((node.range, "'\(folder)/\(text)'"))
        }
    }

    // MARK: Editing

    private static func applied(_ edits: [Edit], to bytes: [UInt8], _ range: Range<Int>) -> String {
        var result: [UInt8] = []
        var place = range.lowerBound
        for edit in edits.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) where edit.range.lowerBound >= place {
            result += bytes[place..<edit.range.lowerBound]
            result += Array(edit.text.utf8)
            place = edit.range.upperBound
        }
        return String(decoding: result + bytes[place..<range.upperBound], as: UTF8.self)
    }

    /// Lines further to the right, where the list of a track begins.
    private static func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "        \($0)" }.joined(separator: "\n")
    }
}

extension SyntaxNode {
    /// Whether it is one text.
    fileprivate var isScalar: Bool { if case .scalar = content { true } else { false } }

    /// The texts of a list, or the one that it is.
    fileprivate var scalars: [SyntaxNode] {
        if case .sequence(let items) = content { return items.filter(\.isScalar) }
        return isScalar ? [self] : []
    }

    /// A key of a mapping with its value.
    fileprivate func entry(_ key: String, _ document: SyntaxDocument) -> (key: SyntaxNode, value: SyntaxNode)? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { document.text($0.key.range) == key }
    }

    fileprivate func value(_ key: String, _ document: SyntaxDocument) -> SyntaxNode? { entry(key, document)?.value }

    /// The step that has `attack: fuzz` on a line, counted from 1.
    fileprivate func step(at line: Int, _ document: SyntaxDocument) -> SyntaxNode? {
        switch content {
        case .sequence(let items): return items.lazy.compactMap { $0.step(at: line, document) }.first
        case .mapping(let entries):
            if let attack = value("attack", document), document.line(of: attack.range.lowerBound) + 1 == line, document.text(attack.range) == "fuzz" {
                return self
            }
            return entries.lazy.compactMap { $0.value.step(at: line, document) }.first
        default: return nil
        }
    }
}

extension SyntaxDocument {
    /// The blanks in front of what stands at an offset.
    fileprivate func indentation(of offset: Int) -> String {
        var start = offset
        while start > 0, bytes[start - 1] != 0x0A { start -= 1 }
        return String(repeating: " ", count: offset - start)
    }
}
