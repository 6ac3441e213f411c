/// The first phase: each argument by its form alone.
enum ArgumentLexer {
    /// One argument.
    struct Token: Sendable, Equatable {
        /// Its form.
        enum Form: Sendable, Equatable {
            /// Without dashes, or `-`, or behind `--`.
            case word(String)
            /// `--name` or `--name=value`.
            case long(String, value: String?)
            /// `-x` or `-xREST`.
            case short(Character, rest: String)
        }

        let form: Form
        /// Number of the argument, from 1.
        let position: Int
        /// The argument as it was given.
        let text: String
    }

    /// The tokens of the arguments; `--` itself is none.
    static func tokens(_ arguments: [String]) -> [Token] {
        var tokens: [Token] = []
        var optionsEnded = false
        for (index, text) in arguments.enumerated() {
            if !optionsEnded, text == "--" {
                optionsEnded = true
                continue
            }
            tokens.append(Token(form: optionsEnded ? .word(text) : form(text), position: index + 1, text: text))
        }
        return tokens
    }

    private static func form(_ text: String) -> Token.Form {
        guard text.utf8.first == 0x2D, text.utf8.count > 1 else { return .word(text) }
        if text.hasPrefix("--") {
            let body = text.dropFirst(2)
            guard let sign = body.firstIndex(of: "=") else { return .long(String(body), value: nil) }
            return .long(String(body[..<sign]), value: String(body[body.index(after: sign)...]))
        }
        let body = text.dropFirst()
        guard let letter = body.first else { return .word(text) }
        return .short(letter, rest: String(body.dropFirst()))
    }
}
