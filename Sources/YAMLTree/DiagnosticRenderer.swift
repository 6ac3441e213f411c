/// Writes findings for people: the place, the line itself and carets under the span.
///
/// ```
/// error[E0203]: unknown key 'detctors'
///   --> scenarios/fluct.yaml:31:1
/// 31 | detctors:
///    | ^^^^^^^^ did you mean 'detectors'?          (evsim explain E0203)
/// ```
/// Nothing of the input reaches the output without ``DisplayText/visible(_:)``; lines over 160 columns are shown as a window
/// around the span.
public struct DiagnosticRenderer: Sendable {
    /// Whether ANSI colours are written.
    public let color: Bool
    /// Whether the first finding of each code that carries no help of its own names `evsim explain CODE`.
    public let explainHint: Bool

    /// The greatest width of a shown source line, in columns.
    static let lineWidth = 160
    /// The column at which the hint ends where the label leaves room.
    private static let hintEnd = 70

    /// Makes a renderer.
    public init(color: Bool, explainHint: Bool) {
        self.color = color
        self.explainHint = explainHint
    }

    /// One finding, ending with a line feed.
    public func render(_ diagnostic: Diagnostic) -> String {
        render(diagnostic, hint: explainHint)
    }

    /// All findings in the given order, `limit` of them shown and the rest counted; ends with a line feed unless empty.
    public func render(_ diagnostics: [Diagnostic], limit: Int = 20) -> String {
        var seen: Set<String> = []
        var text = ""
        for diagnostic in diagnostics.prefix(limit) {
            text += render(diagnostic, hint: seen.insert(diagnostic.code).inserted && explainHint)
        }
        let rest = diagnostics.dropFirst(limit)
        guard !rest.isEmpty else { return text }
        let counts = Diagnostic.Severity.allCases.map { severity in (rest.count { $0.severity == severity }, severity.rawValue) }
            .filter { $0.0 > 0 }.map { "\($0.0) more \($0.1)\($0.0 == 1 ? "" : "s")" }
        return text + "… and \(counts.joined(separator: " and "))\n"
    }

    // MARK: Parts

    private func render(_ diagnostic: Diagnostic, hint: Bool) -> String {
        let related = diagnostic.related
        let lastLine = ([diagnostic.span?.line] + related.map(\.span.line)).compactMap { $0 }.max()
        let gutter = Gutter(width: lastLine.map { String($0).count } ?? 1)
        let hasHelp = diagnostic.help != nil || diagnostic.label?.hasPrefix("help:") == true
        let hintText = hint && !hasHelp ? "(evsim explain \(diagnostic.code))" : nil

        let head = "\(diagnostic.severity.rawValue)[\(diagnostic.code)]"
        let message = ": " + DisplayText.visible(diagnostic.message)
        var text = paint(head, severityStyle(diagnostic.severity)) + paint(message, "1")
        if let span = diagnostic.span {
            text += "\n"
            text += snippet(span, arrow: "--> ", caret: "^", style: severityStyle(diagnostic.severity), label: diagnostic.label, hint: hintText, gutter)
        } else {
            text += padded(hintText, after: head.count + DisplayText.width(message)) + "\n"
            if let label = diagnostic.label { text += note(gutter, nil, label) }
        }
        for place in related {
            text += snippet(place.span, arrow: "::: ", caret: "-", style: blue, label: place.message, hint: nil, gutter)
        }
        for line in diagnostic.notes { text += note(gutter, "note", line) }
        if let help = diagnostic.help { text += note(gutter, "help", help) }
        return text
    }

    /// The columns for line numbers.
    private struct Gutter {
        let width: Int
        var blank: String { String(repeating: " ", count: width) }
        func number(_ line: Int) -> String {
            let digits = String(line)
            return String(repeating: " ", count: max(0, width - digits.count)) + digits
        }
    }

    private func snippet(_ span: Span, arrow: String, caret: String, style: String, label: String?, hint: String?, _ gutter: Gutter) -> String {
        let excerpt = SourceExcerpt(span, width: Self.lineWidth)
        var text = gutter.blank + paint(arrow, blue) + "\(DisplayText.visible(span.file.path)):\(span.line):\(span.column)\n"
        text += paint("\(gutter.number(span.line)) |", blue) + (excerpt.text.isEmpty ? "" : " \(excerpt.text)") + "\n"
        var marks = String(repeating: caret, count: excerpt.caretCount)
        if let label { marks += " " + DisplayText.visible(label) }
        let used = gutter.width + 3 + excerpt.caretColumn + DisplayText.width(marks)
        text += paint("\(gutter.blank) |", blue) + " " + String(repeating: " ", count: excerpt.caretColumn)
        return text + paint(marks, style) + padded(hint, after: used) + "\n"
    }

    private func note(_ gutter: Gutter, _ kind: String?, _ line: String) -> String {
        let kind = kind.map { paint("\($0):", "1") + " " } ?? ""
        return "\(gutter.blank) " + paint("=", blue) + " \(kind)\(DisplayText.visible(line))\n"
    }

    /// The hint, moved right so that it ends at a fixed column where there is room; at least two blanks before it.
    private func padded(_ hint: String?, after used: Int) -> String {
        guard let hint else { return "" }
        return String(repeating: " ", count: max(2, Self.hintEnd - hint.count - used)) + hint
    }

    // MARK: Colour

    private var blue: String { "1;34" }

    private func severityStyle(_ severity: Diagnostic.Severity) -> String {
        switch severity {
        case .error: "1;31"
        case .warning: "33"
        case .note: "36"
        }
    }

    private func paint(_ text: String, _ style: String) -> String { color ? "\u{1B}[\(style)m\(text)\u{1B}[0m" : text }
}

/// A source line as it is shown, and where the carets go under it.
struct SourceExcerpt {
    /// The visible text, a window of the line when that is too wide.
    private(set) var text = ""
    /// The column, from 0, of the first caret under `text`.
    private(set) var caretColumn = 0
    /// How many carets, at least 1.
    private(set) var caretCount = 1

    /// Cuts the line of a span to `width` columns.
    init(_ span: Span, width: Int) {
        // No more code points than this are looked at, however many of them take no column.
        let (scalars, firstColumn, isWhole) = span.file.excerpt(line: span.line, column: span.column, reach: 2 * width)
        // columns[i] is where the code point i begins; the last element is where the excerpt ends.
        var columns = [0]
        columns.reserveCapacity(scalars.count + 1)
        for scalar in scalars { columns.append(columns[columns.count - 1] + DisplayText.width(scalar)) }

        let first = min(span.column - firstColumn, scalars.count)
        let last = min(first + span.length, scalars.count)
        var from = 0
        var to = scalars.count
        if columns[scalars.count] > width || firstColumn > 1 || !isWhole {
            (from, to) = Self.window(columns, first, last, width: width - 2)
        }
        let isCutLeft = from > 0 || firstColumn > 1
        if isCutLeft { text += "…" }
        for scalar in scalars[from..<to] {
            if let picture = DisplayText.picture(scalar) { text += picture } else { text.unicodeScalars.append(scalar) }
        }
        if to < scalars.count || !isWhole { text += "…" }
        caretColumn = columns[first] - columns[from] + (isCutLeft ? 1 : 0)
        caretCount = max(1, columns[max(first, min(last, to))] - columns[first])
    }

    /// The code points from and to which a long line is shown: the span with what is around it.
    private static func window(_ columns: [Int], _ first: Int, _ last: Int, width: Int) -> (Int, Int) {
        let count = columns.count - 1
        let spanWidth = min(columns[last] - columns[first], width / 2)
        let before = (width - spanWidth) / 2
        var start = max(0, columns[first] - before)
        start = max(0, min(start, columns[count] - width))
        var from = first
        while from > 0, columns[from - 1] >= start { from -= 1 }
        var to = first
        while to < count, columns[to + 1] - columns[from] <= width { to += 1 }
        return (from, to)
    }
}
