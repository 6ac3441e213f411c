public import YAMLTree

/// Formats scenario and plugin files: one layout for all, without losing a comment.
///
/// It works on text alone, so that an editor can use it as well as the command `fmt`.
public enum Formatter {
    /// Why a file was not formatted.
    public enum Failure: Error, Sendable {
        /// The file has errors, or something in it cannot be laid out; it is to be left alone.
        case refused([Diagnostic])
        /// The result would not have meant the same: an error of the formatter.
        case bug(String)
    }

    /// The formatted text of a file; the same bytes as before when nothing is to be changed.
    ///
    /// The result was read again and is the same tree, but for the order of known keys and the text of quantities, with the same
    /// comments. Complexity: O(n log n) in the bytes.
    public static func format(_ file: SourceFile, registry: Registry) throws(Failure) -> [UInt8] {
        let (root, diagnostics) = YAMLTree.parse(file)
        let errors = diagnostics.filter { $0.severity == .error }
        guard let root, errors.isEmpty else { throw .refused(errors) }
        guard root.entries != nil, let version = root["evsim"] else {
            throw .refused([Diagnostic(Code.notThisFile.rawValue, "the first key of an evsim file is 'evsim: 1'", at: root.span, label: "this file has none")])
        }
        guard version.text == "1" else {
            let shown = Diagnostic.quoted(version.text ?? "?")
            throw .refused([Diagnostic(Code.wrongVersion.rawValue, "this build reads format 1, the file says \(shown)", at: version.span)])
        }
        guard let document = SyntaxDocument.read(file) else { throw .bug("the file could not be read a second time") }
        let layout: LayoutDocument
        do {
            layout = try LayoutBuilder.build(document)
        } catch {
            throw .refused([refusal(error, file)])
        }
        let schema = FormatSchema(registry: registry, root: layout.root)
        let shape = FormatSchema.file((root.entries ?? []).map(\.name))
        var ordered = layout
        ordered.root = CanonicalOrder(schema: schema, root: layout.root).apply(shape, to: layout.root)
        let mark: [UInt8] = file.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? [0xEF, 0xBB, 0xBF] : []
        let result = mark + Array(LayoutPrinter.text(ordered).utf8)
        if result == file.bytes { return result }
        guard result.count <= SourceFile.sizeLimit else {
            throw .refused([
                Diagnostic(formatCode, "the formatted file would have \(result.count) bytes; the limit is \(SourceFile.sizeLimit)", at: nil)
            ])
        }
        let written = SourceFile(path: file.path, bytes: result)
        if let difference = FormatCheck(schema: schema).difference(root, document, written, shape, layout.root) { throw .bug(difference) }
        return result
    }

    private static func refusal(_ problem: LayoutProblem, _ file: SourceFile) -> Diagnostic {
        let span = Span(file: file, line: problem.line + 1, column: problem.column + 1, length: 1)
        return Diagnostic(
            formatCode, "the formatter cannot keep \(problem.what)", at: span, label: "here", help: "write it in another way; the file was left alone")
    }

    /// The code of what only the formatter refuses.
    static let formatCode = "E0290"

    /// The page behind `evsim explain E0290`.
    public static let catalogue = [
        DiagnosticCatalogue.Entry(
            formatCode, "the file cannot be formatted",
            "The file is valid, but 'evsim fmt' knows no way to write one thing in it without the risk of changing what it means. The file is left\n"
                + "alone. Most often the place is easier to read when it is written in another way.",
            wrong: "? \"a key over\n  two lines\"\n: 1", right: "a_key_on_one_line: 1")
    ]
}
