import Quantities
import YAMLTree

/// What one reading of a file gathers: diagnostics, and which names were used.
final class Reading {
    let registry: Registry
    private(set) var diagnostics: [Diagnostic] = []
    /// Parameters, sequences and the like that something mentions.
    private var used: Set<String> = []

    init(registry: Registry) { self.registry = registry }

    var hasErrors: Bool { errorCount > 0 }
    /// Findings that are errors.
    var errorCount: Int { diagnostics.lazy.filter { $0.severity == .error }.count }

    /// Takes a finding; one that stands at the same place already, because a sequence is read once a call, is dropped.
    func add(_ diagnostic: Diagnostic) {
        guard diagnostics.count < Self.mostFindings else { return }
        if let span = diagnostic.span {
            guard places.insert(Place(code: diagnostic.code, path: span.file.path, line: span.line, column: span.column)).inserted else { return }
        }
        diagnostics.append(withUses(diagnostic))
    }

    /// For each plugin file the places of `uses` that led to it, the nearest first.
    var chains: [(path: String, uses: [Span])] = []
    /// Where the definitions whose bodies are being read are used, the innermost last.
    var instances: [(span: Span, text: String)] = []

    /// A finding inside a plugin shows where the definition is used, and the chain of `uses`.
    private func withUses(_ diagnostic: Diagnostic) -> Diagnostic {
        guard let span = diagnostic.span, let chain = chains.first(where: { $0.path == span.file.path }) else { return diagnostic }
        var result = diagnostic
        var last = span
        for instance in instances.reversed() where !(instance.span.file.path == last.file.path && instance.span.line == last.line) {
            result.related.append(Diagnostic.Related(instance.span, instance.text))
            last = instance.span
        }
        for use in chain.uses { result.related.append(Diagnostic.Related(use, "the plugin is used here")) }
        return result
    }

    /// A finding by its place.
    private struct Place: Hashable {
        let code: String
        let path: String
        let line: Int
        let column: Int
    }

    private var places: Set<Place> = []
    /// Most findings of one file: nobody reads more.
    static let mostFindings = 500
    /// Whether so much is wrong that reading on would only repeat it.
    var isHopeless: Bool { diagnostics.count >= Self.mostFindings }

    func error(
        _ code: Code, _ span: Span, _ message: String, label: String? = nil, help: String? = nil, notes: [String] = [], related: [(Span, String)] = []
    ) {
        add(Diagnostic(code.rawValue, message, at: span, severity: .error, label: label, notes: notes, help: help, related: related))
    }

    func warning(
        _ code: Code, _ span: Span, _ message: String, label: String? = nil, help: String? = nil, notes: [String] = [], related: [(Span, String)] = []
    ) {
        add(Diagnostic(code.rawValue, message, at: span, severity: .warning, label: label, notes: notes, help: help, related: related))
    }

    /// Names whose declaration has an error: what mentions them is not reported once more.
    private var broken: Set<String> = []

    func markBroken(_ name: String) { broken.insert(name) }
    func clearBroken(_ name: String) { broken.remove(name) }

    /// Whether a name, or the node, bus or frame in front of its points, has an error of its own.
    func isBroken(_ name: String) -> Bool {
        guard !broken.isEmpty else { return false }
        let parts = name.split(separator: ".")
        return (1...max(parts.count, 1)).contains { broken.contains(parts.prefix($0).joined(separator: ".")) }
    }

    func markUsed(_ name: String) { used.insert(name) }
    func isUsed(_ name: String) -> Bool { used.contains(name) }

    /// `did you mean 'x'?` for the nearest of some names.
    func suggestion(_ word: String, _ names: [String]) -> String? {
        Suggestion.nearest(word, among: names).map { "did you mean '\($0)'?" }
    }

    /// The rest of a text that YAML has cut at a comma looks like a key without a value.
    func cutText(_ entry: YAMLNode.Entry) -> String? {
        guard entry.value.isNull, entry.value.text?.isEmpty == true, entry.name.utf8.contains(0x20) else { return nil }
        return "help: a text with commas must be quoted inside { }"
    }

    // MARK: Shapes

    /// The entries of a mapping, or an error.
    func mapping(_ node: YAMLNode, _ what: String, example: String? = nil) -> [YAMLNode.Entry]? {
        if let entries = node.entries { return entries }
        if node.isNull { return [] }
        error(.notAMapping, node.span, "\(what) takes keys and values, not \(node.kindName)", label: example.map { "for example '\($0)'" })
        return nil
    }

    /// The items of a list, or an error.
    func list(_ node: YAMLNode, _ what: String) -> [YAMLNode]? {
        if let items = node.items { return items }
        if node.isNull { return [] }
        var help = "begin each item with '- '"
        if let text = node.text { help = text.utf8.contains(0x2C) ? "write it on a line of its own, behind '- '" : "write '[\(text)]'" }
        error(.notAList, node.span, "\(what) takes a list, not \(node.kindName)", label: "help: \(help)")
        return nil
    }

    /// The text of a scalar, or an error.
    func text(_ node: YAMLNode, _ what: String) -> String? {
        if let scalar = node.scalar, !(node.isNull && !scalar.isQuoted) { return scalar.text }
        error(.notAText, node.span, "\(what) takes a single value, not \(node.kindName)")
        return nil
    }

    /// A name that formulas can use: letters, digits, `_` and `-`, starting with a letter.
    func checkName(_ node: YAMLNode, _ what: String, dashes: Bool = false) -> String? {
        guard let name = text(node, "the \(what)") else { return nil }
        let bytes = Array(name.utf8)
        let good =
            !bytes.isEmpty && bytes.count <= 64 && isLetter(bytes[0])
            && bytes.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x5F || (dashes && $0 == 0x2D) }
        if !good {
            error(
                .badName, node.span, "the \(what) \(Diagnostic.quoted(name)) is not a name",
                label: mended(name, dashes: dashes).map { "help: write '\($0)'" } ?? "letters, digits and '\(dashes ? "-" : "_")', starting with a letter")
            return nil
        }
        if ScenarioSchema.reservedNames.contains(name.lowercased()) {
            error(.reservedName, node.span, "'\(name)' cannot be a name", label: "the word means something else")
            return nil
        }
        return name
    }

    /// The name with every other character replaced, when that makes a good one.
    private func mended(_ name: String, dashes: Bool) -> String? {
        guard let first = name.utf8.first, isLetter(first), name.utf8.count <= 64, name.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        let joint: UInt8 = dashes ? 0x2D : 0x5F
        let bytes = name.utf8.map { isLetter($0) || (0x30...0x39).contains($0) ? (dashes ? $0 | 0x20 : $0) : joint }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }

    // MARK: Scalars

    /// A quantity of a dimension in base units, with the exact nanoseconds of times.
    func quantity(_ node: YAMLNode, _ dimension: Dimension, _ what: String) -> Quantity? {
        guard let text = text(node, what) else { return nil }
        if text.hasPrefix("=") {
            error(.formulaNotAllowed, node.span, "\(what) must be known when the file is read", label: "no formula here")
            return nil
        }
        do {
            let quantity = try Quantity.parse(text)
            if quantity.dimension == dimension { return quantity }
            if quantity.dimension == .none, !text.hasSuffix("%") {
                let unit = usualUnit(dimension)
                let number = text.trimmed
                error(.needsUnit, node.span, "\(what) needs a unit", label: "help: write '\(number)\(dimension == .time ? "" : " ")\(unit)'")
            } else {
                error(
                    .wrongDimension, node.span,
                    "\(what) takes \(article(dimension.name)), not \(article(text.hasSuffix("%") ? "percentage" : quantity.dimension.name))",
                    label: dimension == .none ? "a number without unit" : "for example '\(example(dimension))'")
            }
        } catch {
            report(error, node, text, dimension, what)
        }
        return nil
    }

    private func report(_ problem: QuantityError, _ node: YAMLNode, _ text: String, _ dimension: Dimension, _ what: String) {
        switch problem {
        case .notANumber(let offset):
            error(
                .notAQuantity, node.span(offset: offset, length: max(1, text.utf8.count - offset)),
                "\(what) takes \(article(dimension.name)), not \(Diagnostic.quoted(text))", label: "for example '\(example(dimension))'")
        case .unknownUnit(let unit, _) where unit.hasPrefix(",") && unit.dropFirst().first?.isNumber == true:
            let pointed = String(text.map { $0 == "," ? "." : $0 })
            error(.notAQuantity, node.span, "decimals are written with a point, not with a comma", label: "help: write \(Diagnostic.quoted(pointed))")
        case .unknownUnit(let unit, let offset):
            let known = Unit.all.map(\.symbol)
            let nearest = Suggestion.nearest(unit, among: known) ?? known.first { $0.lowercased() == unit.lowercased() }
            error(
                .unknownUnit, node.span(offset: offset, length: unit.utf8.count), "unknown unit \(Diagnostic.quoted(unit))",
                label: nearest.map { "did you mean '\($0)'?" } ?? otherSpelling(text) ?? "units of \(dimension.name): \(units(of: dimension))")
        case .badCompound(let offset):
            error(
                .badCompound, node.span(offset: offset, length: max(1, text.utf8.count - offset)), "the parts of a time go from great to small",
                label: "for example '1min30s'")
        case .outOfRange:
            error(.outOfRange, node.span, "\(what) is too great or too fine to be held", label: dimension == .time ? "whole nanoseconds up to 292 years" : nil)
        }
    }

    /// What formulas propose for a unit that people spell in another way: `2 sec`.
    private func otherSpelling(_ text: String) -> String? {
        do {
            _ = try Formula.compile(text, scope: NoNames(), context: .setting, expecting: nil)
            return nil
        } catch {
            guard error.kind == .unknownUnit, let help = error.help, help.hasPrefix("write ") else { return nil }
            return "help: write '\(help.dropFirst(6))'"
        }
    }

    func usualUnit(_ dimension: Dimension) -> String { dimension.usualUnit }

    func example(_ dimension: Dimension) -> String { dimension.example }

    private func units(of dimension: Dimension) -> String {
        Unit.all.filter { $0.dimension == dimension }.map(\.symbol).joined(separator: " ")
    }

    func article(_ noun: String) -> String {
        if noun == "data rate" { return "a data rate" }
        guard let first = noun.utf8.first else { return noun }
        if noun.contains("/") || noun.contains("^") { return noun }
        return "aeiou".utf8.contains(first) ? "an \(noun)" : "a \(noun)"
    }

    /// A time that is not negative, in exact nanoseconds.
    func duration(_ node: YAMLNode, _ what: String, allowsZero: Bool = true) -> Duration? {
        guard let quantity = quantity(node, .time, what), let nanoseconds = quantity.exactNanoseconds else { return nil }
        guard nanoseconds > 0 || (allowsZero && nanoseconds == 0) else {
            error(.outOfRange, node.span, "\(what) must be \(allowsZero ? "0 s or more" : "more than 0 s")")
            return nil
        }
        guard nanoseconds <= Reading.longest else {
            error(.outOfRange, node.span, "\(what) is longer than 100 years")
            return nil
        }
        return Duration(nanoseconds: nanoseconds)
    }

    /// One hundred years: sums of a few such times cannot overflow.
    static let longest: Int64 = 36_525 * 86_400 * 1_000_000_000

    /// A whole number within a range.
    func whole(_ node: YAMLNode, _ what: String, in range: ClosedRange<Int64>) -> Int64? {
        guard let text = text(node, what) else { return nil }
        if text.hasPrefix("=") {
            error(.formulaNotAllowed, node.span, "\(what) must be known when the file is read", label: "no formula here")
            return nil
        }
        guard let value = Int64(text.filter { $0 != "_" }) ?? hexadecimal(text) else {
            error(.notAWholeNumber, node.span, "\(what) takes a whole number, not \(Diagnostic.quoted(text))")
            return nil
        }
        guard range.contains(value) else {
            error(.outOfRange, node.span, "\(what) must be between \(range.lowerBound) and \(range.upperBound)")
            return nil
        }
        return value
    }

    func hexadecimal(_ text: String) -> Int64? {
        guard text.hasPrefix("0x") || text.hasPrefix("0X") else { return nil }
        return Int64(text.dropFirst(2), radix: 16)
    }

    /// `true` or `false`.
    func flag(_ node: YAMLNode, _ what: String) -> Bool? {
        guard let text = text(node, what) else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default:
            let meant = ["yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"][text.lowercased()]
            error(.notAFlag, node.span, "\(what) takes true or false, not \(Diagnostic.quoted(text))", label: "help: write '\(meant ?? "true' or 'false")'")
            return nil
        }
    }

    /// One of some words.
    func word(_ node: YAMLNode, _ what: String, among words: [String]) -> Int? {
        guard let text = text(node, what) else { return nil }
        if let index = words.firstIndex(of: text) { return index }
        error(
            .notOneOf, node.span, "\(what) cannot be \(Diagnostic.quoted(text))",
            label: suggestion(text, words) ?? (words.count == 1 ? "help: write '\(words[0])'" : "one of: \(words.joined(separator: ", "))"))
        return nil
    }
}

/// A scope without any name.
struct NoNames: FormulaScope {
    func symbol(named name: String) -> FormulaSymbol? { nil }
    var knownNames: [String] { [] }
    func missingReason(for name: String) -> String? { nil }
}

extension String {
    /// Without spaces at both ends.
    var trimmed: String {
        var view = Substring(self)
        while view.first == " " { view.removeFirst() }
        while view.last == " " { view.removeLast() }
        return String(view)
    }
}
