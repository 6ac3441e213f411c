import Engine
import Quantities
import YAMLTree

/// What `evsim compare` tells a person.
struct ComparisonText {
    private let comparison: RunComparison
    private let limit: Int
    private let console: Console

    /// A text with at most `limit` lines in each table.
    init(_ comparison: RunComparison, limit: Int, _ console: Console) {
        self.comparison = comparison
        self.limit = limit
        self.console = console
    }

    /// The answer first, then what explains it, the first difference, and the scores.
    var text: String { verdict + conditions + first + others + scores + files }

    private var verdict: String {
        let names = "A = \(DisplayText.visible(comparison.a.path)), B = \(DisplayText.visible(comparison.b.path))"
        guard comparison.isSame else { return "\(paint("DIFFERENT", .bad))  \(names)\n" }
        let what = comparison.isIdentical ? "byte for byte" : "every event that both recorded, and every score"
        let print = comparison.a.fingerprint.isEmpty ? "" : ", fingerprint \(comparison.a.fingerprint)"
        return "\(paint("SAME", .good))  \(names): \(what)\(print)\n"
    }

    private var conditions: String { comparison.conditions.isEmpty ? "" : "started in different ways\n" + table(comparison.conditions, shortening: true) }

    // MARK: The first difference

    /// The first difference with its lines.
    var first: String {
        guard let first = comparison.first else {
            return comparison.isSame ? "" : "no recorded event differs: 'record: [signals, frames, messages]' in the scenario would show more\n"
        }
        let lines = first.a + first.b
        let width = lines.map { String($0.number).count }.max() ?? 1
        var text = paint(ComparisonText.sentence(first), .bold) + "\n"
        for field in first.fields where first.kind == .value {
            text += "  \(clipped(DisplayText.visible(field.name), from: 0)): \(value(field.a)) in A, \(value(field.b)) in B\n"
        }
        // What stands before is the same in both, unless an earlier line of labels or alarms differs as well.
        let shared = zip(first.a, first.b).prefix { $0 == $1 && !$0.isDifferent }.count
        let start = ComparisonText.commonPrefix(first)
        for line in first.a.prefix(shared) { text += row(" ", line, width, 0) }
        for (name, side) in [("A", first.a), ("B", first.b)] {
            for line in side.dropFirst(shared) { text += row(name, line, width, line.isDifferent ? start : 0) }
            if let ended = first.ended, (ended == .a) == (name == "A") {
                text += "  \(paint("\(name)  \(first.isCutOff ? "the file ends in the middle of this line" : "the file ends here")", .warning))\n"
            }
        }
        return text
    }

    /// `first difference at 61.2 s, in signals.csv, line 313: charger.current has another value`.
    static func sentence(_ difference: EventDifference) -> String {
        let time = difference.time.map { " at \($0.secondsText) s" } ?? ""
        let line = (difference.a.first { $0.isDifferent } ?? difference.b.first { $0.isDifferent }).map { ", line \($0.number)" } ?? ""
        return "first difference\(time), in \(difference.file)\(line): \(what(difference))"
    }

    /// What the difference is, in a few words.
    static func what(_ difference: EventDifference) -> String {
        let subject = difference.subject.isEmpty ? "the line" : DisplayText.visible(String(difference.subject.prefix(120)))
        let more = difference.count.map { $0 > 1 ? ", and \($0 - 1) more behind it" : "" } ?? ""
        return switch difference.kind {
        case .value: "\(subject) has another value"
        case .onlyInA: "\(subject) is only in A\(more)"
        case .onlyInB: "\(subject) is only in B\(more)"
        case .time: "\(subject) comes at \(difference.times?.a.secondsText ?? "?") s in A, at \(difference.times?.b.secondsText ?? "?") s in B"
        case .event: "another event"
        }
    }

    private func row(_ name: String, _ line: EventDifference.Line, _ width: Int, _ start: Int) -> String {
        let number = String(repeating: " ", count: max(0, width - String(line.number).count)) + String(line.number)
        let text = "  \(name)\(line.isDifferent ? ">" : " ") \(number)  \(clipped(DisplayText.visible(line.text), from: start))"
        return (line.isDifferent ? paint(text, name == "A" ? .warning : .good) : paint(text, .quiet)) + "\n"
    }

    /// How many characters the first differing lines have in common.
    private static func commonPrefix(_ difference: EventDifference) -> Int {
        guard difference.kind == .value, let one = difference.a.first(where: \.isDifferent), let two = difference.b.first(where: \.isDifferent) else {
            return 0
        }
        return zip(DisplayText.visible(one.text), DisplayText.visible(two.text)).prefix { $0 == $1 }.count
    }

    /// A long line cut to the terminal, so that what differs is seen.
    private func clipped(_ text: String, from start: Int) -> String {
        let width = max(60, (console.output.isTerminal ? console.output.columns : 120) - 12)
        guard text.count > width else { return text }
        let begin = min(max(0, start - width / 3), max(0, text.count - width + 1))
        let part = text.dropFirst(begin).prefix(width - (begin > 0 ? 2 : 1))
        return (begin > 0 ? "…" : "") + part + (begin + part.count < text.count ? "…" : "")
    }

    private func value(_ text: String?) -> String { text.map { $0.isEmpty ? "nothing" : clipped(DisplayText.visible($0), from: 0) } ?? "not there" }

    /// Where the other files part.
    private var others: String {
        guard comparison.differences.count > 1 else { return "" }
        return "then in\n"
            + TextLayout.table(
                comparison.differences.dropFirst().map { difference in
                    [difference.file, difference.time.map { "\($0.secondsText) s" } ?? "", ComparisonText.what(difference)]
                })
    }

    // MARK: Scores

    private var scores: String {
        var text = ""
        if !comparison.expectations.isEmpty { text += "expectations\n" + ComparisonText.judgements(comparison.expectations, limit: limit, console) }
        for (title, list) in [
            ("result", comparison.results), ("detectors", comparison.detectors), ("labels", comparison.labels), ("counts", comparison.counts),
        ] where !list.isEmpty { text += "\(title)\n" + table(list) }
        return text
    }

    /// Expectations that are judged in another way.
    static func judgements(_ list: [RunComparison.JudgementChange], limit: Int, _ console: Console) -> String {
        var text = ""
        for change in list.prefix(limit) {
            func mark(_ judgement: RunComparison.JudgementChange.Judgement?) -> String {
                guard let judgement else { return "–" }
                return console.paint(judgement.isFulfilled ? "✓" : "✗", judgement.isFulfilled ? .good : .bad, on: console.output)
            }
            let found = [change.a?.value, change.b?.value].map { $0.map { DisplayText.visible(ComparisonText.found($0, change.that)) } ?? "not expected" }
            let same = found[0] == found[1]
            text += "  \(mark(change.a)) → \(mark(change.b)) \(DisplayText.visible(change.that)): \(same ? found[0] : "\(found[0]) → \(found[1])")\n"
        }
        return text + rest(list.count - min(list.count, limit))
    }

    /// What was found, without repeating the formula.
    private static func found(_ value: String, _ formula: String) -> String {
        guard let was = value.range(of: " was "), formula.hasPrefix(value[..<was.lowerBound]), value.range(of: " was ", after: was) == nil else { return value }
        return String(value[was.upperBound...])
    }

    private func table(_ list: [RunComparison.Change], shortening: Bool = false) -> String {
        let rows = list.prefix(limit).map { change -> [String] in
            let values = [change.a, change.b].map { value in
                value.map { DisplayText.visible(shortening && change.name.hasPrefix("sha256") ? String($0.prefix(16)) + "…" : $0) } ?? "–"
            }
            return [DisplayText.visible(change.name), values[0], "→", values[1]]
        }
        return TextLayout.table(Array(rows)) + ComparisonText.rest(list.count - rows.count)
    }

    private static func rest(_ count: Int) -> String { count > 0 ? "  … and \(count) more\n" : "" }

    /// Files that could not be compared.
    private var files: String {
        var text = ""
        for file in comparison.files {
            switch file.state {
            case .only(let side): text += "\(DisplayText.visible(file.name)) is only in \(side == .a ? "A" : "B")\n"
            case .skipped(let why): text += "\(DisplayText.visible(file.name)) was not compared: \(why)\n"
            default: break
            }
        }
        return text
    }

    private func paint(_ text: String, _ style: Style) -> String { console.paint(text, style, on: console.output) }
}

extension String {
    /// The first place of a text, at or behind another place.
    fileprivate func range(of text: String, after place: Range<String.Index>? = nil) -> Range<String.Index>? {
        var start = place?.upperBound ?? startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
