extension DiagnosticRenderer {
    /// One JSON document with all findings, in the shape of the Language Server Protocol.
    ///
    /// `{"diagnostics": [{"file", "range": {"start": {"line", "character"}, "end"}, "severity", "code", "source": "evsim",
    /// "message", "relatedInformation": [{"location": {"uri", "range"}, "message"}], "data": {"label", "notes", "help"}}]}`.
    /// Lines and characters count from 0, characters in UTF-16 units; severity is 1 error, 2 warning, 3 information. Without
    /// a place `file` and `range` are null. All findings are written; the text ends with a line feed.
    public static func json(_ diagnostics: [Diagnostic]) -> String {
        let items = diagnostics.map(object)
        return #"{"diagnostics":[\#(items.joined(separator: ","))]}"# + "\n"
    }

    private static func object(_ diagnostic: Diagnostic) -> String {
        var members = [
            ("file", diagnostic.span.map { string($0.file.path) } ?? "null"), ("range", diagnostic.span.map(range) ?? "null"),
            ("severity", severity(diagnostic.severity)), ("code", string(diagnostic.code)), ("source", string("evsim")),
            ("message", string(diagnostic.message)),
        ]
        let related = diagnostic.related.map { place in
            let location = object([("uri", string(place.span.file.path)), ("range", range(place.span))])
            return object([("location", location), ("message", string(place.message))])
        }
        members.append(("relatedInformation", "[\(related.joined(separator: ","))]"))
        let data = [
            ("label", diagnostic.label.map(string) ?? "null"), ("notes", "[\(diagnostic.notes.map(string).joined(separator: ","))]"),
            ("help", diagnostic.help.map(string) ?? "null"),
        ]
        members.append(("data", object(data)))
        return object(members)
    }

    private static func object(_ members: [(String, String)]) -> String {
        "{" + members.map { "\(string($0.0)):\($0.1)" }.joined(separator: ",") + "}"
    }

    private static func severity(_ severity: Diagnostic.Severity) -> String {
        switch severity {
        case .error: "1"
        case .warning: "2"
        case .note: "3"
        }
    }

    private static func range(_ span: Span) -> String {
        var before = 0
        var inside = 0
        var column = 1
        for scalar in span.file.line(span.line).unicodeScalars {
            if column >= span.column + span.length { break }
            if column < span.column { before += units(scalar) } else { inside += units(scalar) }
            column += 1
        }
        let line = "\(span.line - 1)"
        let start = object([("line", line), ("character", "\(before)")])
        let end = object([("line", line), ("character", "\(before + inside)")])
        return object([("start", start), ("end", end)])
    }

    private static func units(_ scalar: Unicode.Scalar) -> Int { scalar.value > 0xFFFF ? 2 : 1 }

    /// A JSON string; control characters and DEL are escaped, so that the text is safe on a terminal too.
    private static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default:
                if scalar.value < 0x20 || scalar.value > 0x7E && scalar.value <= 0xFFFF && DisplayText.picture(scalar) != nil {
                    let hex = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}
