import Quantities
import ScenarioLanguage
import YAMLTree

/// The wiring of a scenario as lines of text: trees below the central systems and meters, then a drawing of each bus.
struct WiringText {
    /// The most detectors below one node.
    private static let mostWatches = 12

    private let wiring: Wiring
    private let width: Int
    private var lines: [String] = []
    private var shown: Set<Int> = []

    /// The text in lines of at most `width` columns.
    static func text(_ wiring: Wiring, width: Int) -> String {
        var writer = WiringText(wiring.collapsed(), width)
        writer.write(WiringDiagram.summary(wiring))
        return writer.lines.map { "\($0)\n" }.joined()
    }

    private init(_ wiring: Wiring, _ width: Int) {
        self.wiring = wiring
        self.width = max(60, width)
    }

    /// A line below a node.
    private struct Branch {
        var text: String
        /// The node that has lines of its own below, if any.
        var node: Int?
    }

    private mutating func write(_ summary: String) {
        add("\(wiring.scenario): \(summary)")
        let roots = wiring.nodes.indices.filter { node in
            wiring.nodes[node].roles.contains(.centralSystem) || wiring.edges.contains { $0.from == node && $0.relation == .feeds }
        }
        for root in roots { tree(root) }
        for node in wiring.nodes.indices where !shown.contains(node) && !isOnlyFrame(node) { tree(node) }
        groups()
        for bus in wiring.buses { draw(bus) }
        detectors()
    }

    /// A composite node whose parts say all that there is to say.
    private func isOnlyFrame(_ node: Int) -> Bool {
        wiring.nodes.contains { $0.group == wiring.nodes[node].name } && !wiring.edges.contains { $0.from == node || $0.to == node }
    }

    // MARK: Trees

    private mutating func tree(_ root: Int) {
        add("")
        add(head(root))
        branches(root, margin: "")
    }

    private func head(_ node: Int) -> String { "\(wiring.nodes[node].title)  (\(wiring.nodes[node].kind))" }

    private mutating func branches(_ node: Int, margin: String) {
        shown.insert(node)
        let below = self.below(node)
        for (index, branch) in below.enumerated() {
            let isLast = index == below.count - 1
            add(margin + (isLast ? "└─ " : "├─ ") + branch.text, margin: margin + (isLast ? "   " : "│  ") + "     ")
            guard let next = branch.node, !shown.contains(next), margin.count < 30 else { continue }
            branches(next, margin: margin + (isLast ? "   " : "│  "))
        }
    }

    /// What hangs below a node: its charge points or vehicles, then what it feeds or refers to, its buses and its detectors.
    private func below(_ node: Int) -> [Branch] {
        var result: [Branch] = []
        for edge in wiring.edges where edge.to == node {
            switch edge.relation {
            case .ocpp:
                result.append(Branch(text: "OCPP ── \(head(edge.from))\(edge.link.map { ", takes \($0.text)" } ?? "")", node: edge.from))
            case .plugged: result.append(Branch(text: "plugged in ── \(head(edge.from))\(at(edge))", node: edge.from))
            case .arrivals: result.append(Branch(text: "arrivals ── \(head(edge.from))\(at(edge))", node: edge.from))
            case .feeds, .wired: break
            }
        }
        let feeds = wiring.edges.filter { $0.from == node && $0.relation == .feeds }.map(\.target)
        if !feeds.isEmpty { result.append(Branch(text: "feeds ── \(WiringDiagram.list(feeds, most: 40))", node: nil)) }
        for edge in wiring.edges where edge.from == node && edge.relation == .wired {
            result.append(Branch(text: "\(edge.setting) ── \(edge.target)", node: nil))
        }
        let buses = wiring.buses.filter { $0.members.contains(node) }.map(\.name)
        if !buses.isEmpty { result.append(Branch(text: "CAN ── \(buses.joined(separator: ", "))", node: nil)) }
        let watches = wiring.detectors.flatMap { detector in
            detector.watches.filter { $0.place == .node(node) }.map { "◇ \(detector.name) watches \($0.ownName)" }
        }
        let isMany = watches.count > WiringText.mostWatches
        result += watches.prefix(isMany ? WiringText.mostWatches - 1 : watches.count).map { Branch(text: $0, node: nil) }
        if isMany { result.append(Branch(text: "◇ and \(watches.count - WiringText.mostWatches + 1) more", node: nil)) }
        return result
    }

    /// Which instance of a counted node is meant: ` at cp.3`.
    private func at(_ edge: Wiring.Edge) -> String {
        let node = wiring.nodes[edge.to]
        return edge.target == node.name || edge.target == "\(node.name).*" ? "" : " at \(edge.target)"
    }

    private mutating func groups() {
        var names: [String] = []
        for node in wiring.nodes { if let group = node.group, !names.contains(group) { names.append(group) } }
        guard !names.isEmpty else { return }
        add("")
        for name in names {
            let kind = wiring.nodes.first { $0.name == name }.map { "  (\($0.kind))" } ?? ""
            let parts = wiring.nodes.filter { $0.group == name }.map(\.ownTitle) + wiring.buses.filter { $0.group == name }.map(\.name)
            add("\(name)\(kind) consists of \(parts.joined(separator: ", "))", margin: "  ")
        }
    }

    // MARK: Buses

    private mutating func draw(_ bus: Wiring.Bus) {
        add("")
        var rest = bus.members.map { wiring.nodes[$0].title }[...]
        var isFirst = true
        repeat {
            // As many nodes as fit beside each other, each above its tap.
            var names = "  ", taps = "  ", line = "══"
            while let name = rest.first {
                let size = DisplayText.width(name)
                guard names.count == 2 || DisplayText.width(names) + size + 4 <= width - 30 else { break }
                let before = (size - 1) / 2
                names += name + "   "
                taps += String(repeating: " ", count: before) + "│" + String(repeating: " ", count: size - before - 1) + "   "
                line += String(repeating: "═", count: before) + "╧" + String(repeating: "═", count: size - before - 1) + "═══"
                rest = rest.dropFirst()
            }
            if names.count > 2 {
                add(trimmed(names))
                add(trimmed(taps))
            }
            add(line + (isFirst ? "  \(bus.name), CAN, \(Quantity(bus.bitrate, .dataRate).text)" : "  \(bus.name)"))
            isFirst = false
        } while !rest.isEmpty
        let watching = wiring.detectors.filter {
            $0.watches.contains { if case .bus(let place) = $0.place { wiring.buses[place].name == bus.name } else { false } }
        }
        if !watching.isEmpty { add("  ◇ \(WiringDiagram.list(watching.map(\.name), most: 6)) watch\(watching.count == 1 ? "es" : "") all frames") }
        let rows = bus.frames.enumerated().map { number, frame -> [String] in
            let readers = WiringDiagram.list(frame.readers.map { wiring.nodes[$0].name }, most: 4)
            let watching = wiring.detectors.filter { detector in
                detector.watches.contains { watch in
                    if case .frame(let place, number) = watch.place { wiring.buses[place].name == bus.name } else { false }
                }
            }
            let marks = watching.map { "◇ \($0.name)" }.joined(separator: " ")
            return [
                frame.declaration.name, frame.declaration.identifier, frame.declaration.period,
                "\(frame.from.isEmpty ? "nobody" : frame.from) → \(readers.isEmpty ? "nobody" : readers)", marks,
            ]
        }
        for line in TextLayout.table(rows).split(separator: "\n") { add(String(line), margin: "      ") }
    }

    private mutating func detectors() {
        let others = wiring.detectors.filter { $0.watches.isEmpty }
        guard !others.isEmpty else { return }
        add("")
        for detector in others {
            let parts = detector.parts.map { wiring.detectors[$0].name }.joined(separator: ", ")
            add("◇ \(detector.name)  (\(detector.kind)) \(parts.isEmpty ? "watches no signal" : "joins \(parts)")", margin: "    ")
        }
    }

    // MARK: Lines

    private func trimmed(_ text: String) -> String {
        var text = text
        while text.hasSuffix(" ") { text.removeLast() }
        return text
    }

    /// Adds a line; what does not fit goes on behind the margin on the next one.
    private mutating func add(_ text: String, margin: String = "    ") {
        let text = DisplayText.visible(text)
        guard DisplayText.width(text) > width else {
            lines.append(text)
            return
        }
        let lead = text.prefix { " │├└─".contains($0) }
        var line = String(lead)
        var isEmpty = true
        for word in text.dropFirst(lead.count).split(separator: " ", omittingEmptySubsequences: false) {
            if !isEmpty, DisplayText.width(line) + 1 + DisplayText.width(String(word)) > width {
                lines.append(trimmed(line))
                line = margin
                isEmpty = true
            }
            line += isEmpty ? String(word) : " \(word)"
            isEmpty = false
        }
        lines.append(trimmed(line))
    }
}
