/// Turns what libyaml says into findings in the words of people who write scenarios.
enum SyntaxErrors {
    /// The finding for a failure of the parser; `innermost` is where the collection that was being read begins.
    static func diagnostic(_ failure: EventReader.Failure, _ map: SourceMap, innermost: EventReader.Mark?) -> Diagnostic {
        let place = failure.problemMark
        let problem = failure.problem
        if failure.isOutOfMemory { return Diagnostic("E0120", "there is not enough memory to read this file", at: nil) }
        if map.byte(map.offset(place)) == 0x09, problem.contains("cannot start any token") || problem.contains("found a tab character") {
            return tab(map.span(place, length: 1))
        }
        if problem.contains("found a tab character") { return tab(map.word(place)) }
        if problem.contains("cannot start any token") { return badStart(place, map) }
        if failure.context.contains("quoted scalar") { return quoted(failure, map) }
        if failure.context.contains("flow sequence") || failure.context.contains("flow mapping") { return flow(failure, map) }
        if failure.context.contains("flow node"), map.byte(map.offset(place)) == nil, let innermost, let unclosed = unclosed(innermost, map) {
            return unclosed
        }
        if failure.context.contains("flow node") || failure.context.contains("block node") { return missingNode(failure, map) }
        if failure.context.contains("anchor") || failure.context.contains("alias") {
            return Diagnostic(
                "E0129", "a name of letters, digits, '_' and '-' must follow '&' or '*'", at: map.word(failure.contextMark),
                label: "help: put the text in quotes")
        }
        if failure.context.contains("tag") || problem.contains("tag handle") {
            return Diagnostic(
                "E0143", "tags are not supported", at: map.word(failure.contextMark), label: "help: put the text in quotes, or remove the tag")
        }
        if problem.contains("document start") {
            return Diagnostic(
                "E0145", "'---' must follow a directive", at: map.word(place), label: "help: remove the line that begins with '%'")
        }
        if failure.context.contains("directive") || problem.contains("YAML document") || problem.contains("directive") {
            return Diagnostic("E0145", "directives are not supported", at: map.word(place), label: "remove this line")
        }
        return block(failure, map)
    }

    private static func tab(_ span: Span) -> Diagnostic {
        Diagnostic("E0121", "a tab stands where YAML wants spaces", at: span, label: "help: indent with spaces")
    }

    /// A character such as `@` or `%` that cannot begin a value.
    private static func badStart(_ place: EventReader.Mark, _ map: SourceMap) -> Diagnostic {
        guard let byte = map.byte(map.offset(place)) else {
            return Diagnostic("E0120", "the text ends too early", at: map.span(place, length: 1))
        }
        return Diagnostic(
            "E0124", "a value cannot begin with '\(Character(Unicode.Scalar(byte)))'", at: map.word(place), label: "help: put the value in quotes")
    }

    /// Something wrong between quotes.
    private static func quoted(_ failure: EventReader.Failure, _ map: SourceMap) -> Diagnostic {
        let problem = failure.problem
        if problem.contains("escape") || problem.contains("hexdecimal") || problem.contains("hexadecimal") {
            let mark = failure.problemMark
            if map.byte(map.offset(mark)) == 0x5C {
                return Diagnostic(
                    "E0128", "this escape sequence does not exist", at: map.span(mark, length: 2),
                    label: "help: write '\\\\' for a backslash, or use single quotes")
            }
            // The mark of libyaml stands behind the letter.
            let backslash = EventReader.Mark(line: mark.line, column: max(0, mark.column - 2))
            return Diagnostic(
                "E0128", "this escape sequence names no character", at: map.span(backslash, length: 2),
                help: "'\\x' takes 2 hexadecimal digits, '\\u' 4 and '\\U' 8")
        }
        return Diagnostic(
            "E0122", "this quoted text is never closed", at: map.span(failure.contextMark, length: 1), label: "the quote opens here",
            help: map.byte(map.offset(failure.contextMark)) == 0x27 ? "an apostrophe inside single quotes is written twice: ''" : nil)
    }

    /// Something wrong between brackets.
    private static func flow(_ failure: EventReader.Failure, _ map: SourceMap) -> Diagnostic {
        let isList = failure.context.contains("sequence")
        let (open, close) = isList ? ("[", "]") : ("{", "}")
        if map.byte(map.offset(failure.problemMark)) == nil, let unclosed = unclosed(failure.contextMark, map) { return unclosed }
        let opening = map.span(failure.contextMark, length: 1)
        let isFarther = failure.problemMark.line != failure.contextMark.line
        return Diagnostic(
            "E0123", "',' or '\(close)' is expected here", at: map.word(failure.problemMark),
            label: isFarther ? "is the '\(open)' of line \(failure.contextMark.line + 1) closed?" : nil,
            help: "in [ ] and { }, put a value with ',', ': ', a bracket or a brace in quotes", related: [(opening, "opened here")])
    }

    /// The finding for a bracket that is still open at the end of the file; nil when there is none at the mark.
    private static func unclosed(_ mark: EventReader.Mark, _ map: SourceMap) -> Diagnostic? {
        let pair: (open: String, close: String)
        switch map.byte(map.offset(mark)) {
        case 0x5B: pair = ("[", "]")
        case 0x7B: pair = ("{", "}")
        default: return nil
        }
        return Diagnostic("E0123", "'\(pair.open)' is never closed", at: map.span(mark, length: 1), label: "add '\(pair.close)'")
    }

    /// Nothing, or an indicator, where a value should be.
    private static func missingNode(_ failure: EventReader.Failure, _ map: SourceMap) -> Diagnostic {
        Diagnostic("E0126", "a value is expected here", at: map.word(failure.problemMark), label: "help: put the value in quotes")
    }

    /// Something wrong with lines, dashes and indentation.
    private static func block(_ failure: EventReader.Failure, _ map: SourceMap) -> Diagnostic {
        let problem = failure.problem
        let here = map.word(failure.problemMark)
        if problem.contains("mapping values are not allowed") {
            guard map.hasColonBefore(failure.problemMark) else {
                return Diagnostic(
                    "E0127", "a key cannot stand here", at: map.word(map.firstOnLine(failure.problemMark)), label: "help: check the indentation",
                    notes: ["the line above has no ':' after its key, or already has a value, or this line is indented too far"])
            }
            return Diagnostic(
                "E0125", "a second ':' on this line", at: here, label: "help: put the value in quotes, or begin a new line")
        }
        if problem.contains("could not find expected ':'") {
            return Diagnostic("E0126", "':' is missing after this key", at: map.word(failure.contextMark), label: "help: write 'key: value'")
        }
        if problem.contains("found unexpected ':'") {
            return Diagnostic(
                "E0126", "a value is missing after ':'", at: map.span(failure.problemMark, length: 1),
                label: "help: write 'key: value', or put the text in quotes")
        }
        if problem.contains("not allowed in this context") {
            return Diagnostic("E0127", "a list item or key cannot begin here", at: here, label: "help: begin a new line")
        }
        if problem.contains("expected key") || problem.contains("'-' indicator") { return outOfPlace(failure, map) }
        if failure.context.contains("block scalar") {
            return Diagnostic(
                "E0133", "'|' or '>' must be followed by the end of the line", at: here,
                help: "after '|' or '>' only '+', '-', a digit from 1 to 9 and a comment may stand")
        }
        return Diagnostic(
            "E0120", "this is not valid YAML", at: here,
            notes: ["\(problem)\(failure.context.isEmpty ? "" : " (\(failure.context))")"])
    }
}

extension SyntaxErrors {
    /// Something that stands where the next key or list item of a block should.
    private static func outOfPlace(_ failure: EventReader.Failure, _ map: SourceMap) -> Diagnostic {
        let mark = failure.problemMark
        let here = map.word(mark)
        let block = (map.span(failure.contextMark, length: 1), "this block begins here")
        if !map.isFirstOnLine(mark) {
            let isApostrophe = map.byteBefore(mark) == 0x27
            return Diagnostic(
                "E0134", "nothing may follow a complete value", at: here, label: "help: put the whole value in quotes, or begin a new line",
                notes: isApostrophe ? ["an apostrophe inside single quotes is written twice: ''"] : [])
        }
        if map.byte(map.offset(mark)) == 0x3A {
            return Diagnostic("E0146", "a key is missing before ':'", at: here, label: "write a key")
        }
        let what = failure.problem.contains("expected key") ? "a key" : "'-'"
        return Diagnostic("E0127", "\(what) is expected here", at: here, label: "help: check the indentation", related: [block])
    }
}

extension SourceMap {
    /// The finding for a file without any content.
    func emptyFile() -> Diagnostic {
        Diagnostic("E0106", "\(Diagnostic.quoted(path, limit: 200)) is empty", at: nil, help: "'evsim new my-first' writes a first scenario")
    }

    /// The finding for something after the end of the document.
    func strayText(_ mark: EventReader.Mark) -> Diagnostic {
        let offset = offset(mark)
        if mark.column == 0, byte(offset) == 0x2D, byte(offset + 1) == 0x2D, byte(offset + 2) == 0x2D {
            return Diagnostic(
                "E0144", "a second document begins here", at: span(mark, length: 3), label: "help: put it in a file of its own")
        }
        return Diagnostic("E0147", "nothing may follow the end of the document", at: word(mark), label: "remove this")
    }
}
