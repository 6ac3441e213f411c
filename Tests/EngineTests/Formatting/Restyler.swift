import Quantities
import YAMLTree

@testable import Engine

/// Writes a tree anew in a style that nobody would choose: every spacing, order, comment and collection style that YAML allows.
struct Restyler {
    private var dice: Dice
    private var lines: [String] = []
    private var anchors: [String: String] = [:]
    /// Texts of all comments written.
    private(set) var comments: [String] = []

    init(seed: UInt64) { dice = Dice(seed: seed &+ 77) }

    /// The tree of a scenario in a random style.
    mutating func text(_ root: YAMLNode) -> String {
        if dice.chance(20) { lines.append("---") }
        mapping(root.entries ?? [], indent: 0, path: [])
        if dice.chance(30) { ownLine(dice.below(4)) }
        return lines.joined(separator: dice.chance(10) ? "\r\n" : "\n") + (dice.chance(80) ? "\n" : "")
    }

    // MARK: Comments

    private mutating func comment() -> String {
        let text = "# c\(comments.count) \(dice.one(["é", "x: {", "- [", "'", "a # b", "=f(x)"]))"
        comments.append(text)
        return text
    }

    private mutating func trailing() -> String { dice.chance(12) ? blanks(1...5) + comment() : "" }
    private mutating func blanks(_ range: ClosedRange<Int>) -> String { String(repeating: " ", count: dice.number(range)) }

    private mutating func ownLine(_ indent: Int) {
        if dice.chance(20) { lines.append(dice.chance(50) ? "" : "   ") }
        lines.append(String(repeating: " ", count: indent) + comment())
    }

    private mutating func between(_ indent: Int) {
        if dice.chance(8) { for _ in 0..<dice.number(1...3) { lines.append("") } }
        if dice.chance(10) { ownLine(dice.one([indent, indent, 0, indent + 3])) }
    }

    // MARK: Collections

    private mutating func mapping(_ given: [YAMLNode.Entry], indent: Int, path: [String], opening: String? = nil) {
        var entries = given
        if isKnown(given, path), dice.chance(60) {
            for place in entries.indices.dropFirst() { entries.swapAt(place, dice.below(place + 1)) }
        }
        for (index, entry) in entries.enumerated() {
            let start: String
            if index == 0, let opening {
                start = opening
            } else {
                between(indent)
                start = String(repeating: " ", count: indent)
            }
            value(entry.value, start + key(entry.name) + (dice.chance(5) ? " " : "") + ":", indent: indent, path: path + [entry.name], inList: false)
        }
    }

    /// Whether the order of the keys means nothing.
    private func isKnown(_ entries: [YAMLNode.Entry], _ path: [String]) -> Bool {
        if path.isEmpty || path == ["run"] || path.last == "label" { return true }
        if path.count == 2, ["nodes", "detectors", "links", "params", "sequences"].contains(path[0]) { return true }
        let verbs = ["wait", "at", "until", "send", "set", "repeat", "parallel", "when", "call"]
        return path.last == "[]" && entries.contains { verbs.contains($0.name) } || path.last == "[]" && ["expect", "plots"].contains(path[0])
    }

    private mutating func sequence(_ items: [YAMLNode], indent: Int, path: [String]) {
        for item in items {
            between(indent)
            value(item, String(repeating: " ", count: indent) + "-", indent: indent, path: path + ["[]"], inList: true)
        }
    }

    private mutating func value(_ node: YAMLNode, _ start: String, indent: Int, path: [String], inList: Bool) {
        switch node.kind {
        case .scalar(let scalar): lines.append(start + (scalar.text.isEmpty && !scalar.isQuoted ? "" : blanks(1...3)) + written(scalar, path) + trailing())
        case .sequence(let items):
            if items.isEmpty || fitsFlow(node) && dice.chance(50) { return flowValue(node, start, indent: indent, path: path) }
            let inner = inList ? indent + dice.number(1...4) : indent + dice.number(0...4)
            lines.append(start + trailing())
            sequence(items, indent: inner, path: path)
            if inner > indent, dice.chance(8) { ownLine(inner) }
        case .mapping(let entries):
            if entries.isEmpty || fitsFlow(node) && dice.chance(50) { return flowValue(node, start, indent: indent, path: path) }
            if inList, dice.chance(70) {
                let gap = blanks(1...3)
                mapping(entries, indent: indent + 1 + gap.utf8.count, path: path, opening: start + gap)
                return
            }
            lines.append(start + trailing())
            let inner = indent + dice.number(1...4)
            mapping(entries, indent: inner, path: path)
            if dice.chance(8) { ownLine(inner) }
        }
    }

    private func fitsFlow(_ node: YAMLNode) -> Bool {
        switch node.kind {
        case .scalar(let scalar): scalar.isQuoted || !scalar.text.contains { ",[]{}\n".contains($0) }
        case .sequence(let items): items.allSatisfy(fitsFlow)
        case .mapping(let entries): entries.allSatisfy { fitsFlow($0.value) }
        }
    }

    private mutating func flowValue(_ node: YAMLNode, _ start: String, indent: Int, path: [String]) {
        let text = flow(node, indent: indent + 1, breaks: dice.chance(25), path: path)
        let parts = (start + blanks(1...2) + text).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        lines += parts.dropLast()
        lines.append((parts.last ?? "") + trailing())
    }

    private mutating func flow(_ node: YAMLNode, indent: Int, breaks: Bool, path: [String]) -> String {
        let open: String
        let close: String
        var parts: [String] = []
        switch node.kind {
        case .scalar(let scalar): return written(scalar, path)
        case .sequence(let items):
            (open, close) = ("[", "]")
            for item in items { parts.append(flow(item, indent: indent + 2, breaks: breaks && dice.chance(40), path: path + ["[]"])) }
        case .mapping(let entries):
            (open, close) = ("{", "}")
            for entry in entries {
                parts.append(key(entry.name) + ": " + flow(entry.value, indent: indent + 2, breaks: breaks && dice.chance(40), path: path + [entry.name]))
            }
        }
        var result = open + (dice.chance(20) ? " " : "")
        for (index, part) in parts.enumerated() {
            if breaks, dice.chance(50) { result += (dice.chance(30) ? " " + comment() : "") + "\n" + String(repeating: " ", count: indent + dice.below(4)) }
            result += part + (index + 1 < parts.count ? "," + (dice.chance(80) ? " " : "  ") : "")
        }
        if breaks, dice.chance(30) { result += " " + comment() + "\n" + String(repeating: " ", count: indent) }
        return result + close
    }

    // MARK: Scalars

    /// A key as it is written: `>` and the like need quotes.
    private func key(_ name: String) -> String { name.first.map { "><=!&*?|%@`-".contains($0) } == true ? "\"\(name)\"" : name }

    private mutating func written(_ scalar: YAMLNode.Scalar, _ path: [String]) -> String {
        switch scalar.style {
        case .singleQuoted: return "'" + scalar.text.replacing("'", with: "''") + "'"
        case .doubleQuoted, .literal, .folded:
            return "\"" + scalar.text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
        case .plain: break
        }
        guard !scalar.text.hasPrefix("="), path.first != "evsim" else { return scalar.text }
        if let name = anchors[scalar.text], dice.chance(40) { return "*\(name) " }
        if path.count > 1, anchors[scalar.text] == nil, dice.chance(3) {
            anchors[scalar.text] = "a\(anchors.count)"
            return "&a\(anchors.count - 1) \(scalar.text)"
        }
        return respelled(scalar.text, path)
    }

    /// The same quantity in another spelling.
    private mutating func respelled(_ text: String, _ path: [String]) -> String {
        guard let quantity = try? Quantity.parse(text), dice.chance(50), path.last != "seed" else { return text }
        if quantity.dimension == .none, !text.hasSuffix("%") { return text }
        let number = String(text.prefix { "0123456789.".contains($0) })
        let unit = text.dropFirst(number.count).drop { $0 == " " }
        guard !unit.contains(where: { $0.isNumber }) else { return text }
        if unit == "s", path[0] != "params", !number.contains("."), dice.chance(40) { return number + "000" + blanks(0...1) + "ms" }
        return number + blanks(0...2) + unit
    }
}
