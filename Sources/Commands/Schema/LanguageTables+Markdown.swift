import ScenarioLanguage

extension LanguageTables {
    static func rows(_ heads: [String], _ rows: [[String]]) -> [String] {
        ["| \(heads.joined(separator: " | ")) |", "|\(heads.map { _ in "---|" }.joined())"] + rows.map { "| \($0.joined(separator: " | ")) |" }
    }

    static func code(_ text: String) -> String { "`\(text)`" }

    /// A key with a star or its default: `for` *, `seed` = 1.
    static func head(_ name: String, required: Bool, _ defaultText: String?) -> String {
        required ? "`\(name)` \\*" : defaultText.map { "`\(name)` = \("[{".contains($0.first ?? " ") ? code($0) : prose($0))" } ?? code(name)
    }

    /// What a key takes; words that are written as they stand are code.
    static func words(_ type: KeyType) -> String {
        switch type {
        case .word(let words): words.map(code).joined(separator: ", ")
        case .list(.word(let words), _): "list of \(words.map(code).joined(separator: ", "))"
        case .version, .identifier, .size: code(type.words)
        default: prose(type.words)
        }
    }

    /// A text of the tables in Markdown: words in single quotes become code, characters of markup are escaped.
    static func prose(_ text: String) -> String {
        var result = ""
        var rest = Substring(text)
        var before: Character = " "
        while let character = rest.first {
            rest.removeFirst()
            if character == "'", " ([,".contains(before), let close = rest.firstIndex(of: "'"), close != rest.startIndex {
                result += code(String(rest[..<close]))
                rest = rest[rest.index(after: close)...]
                before = "'"
                continue
            }
            if character == "|" { result += "/" } else { result += "*<>`[]".contains(character) ? "\\\(character)" : String(character) }
            before = character
        }
        return result
    }

    /// The unit of a signal, or what its values are.
    static func unit(_ signal: SignalManifest) -> String {
        if signal.isFlag { return "true or false" }
        if signal.members != nil { return "a state" }
        return signal.unit.isEmpty ? signal.dimension == .none ? "a count" : signal.dimension.name : signal.unit
    }
}
