/// A first file that `evsim new` writes, ready to run and to be changed.
struct Template: Sendable {
    /// A file that a template makes.
    struct File: Sendable {
        /// What is added to the name that the person gives: `-example`.
        var suffix = ""
        /// Its text; `${slug}` stands for the name as scenarios write it, `${file}` for the name of the first file.
        let text: String
    }

    /// Name behind `--from`.
    let name: String
    /// One line.
    let about: String
    /// The files, the one that carries the name first.
    let files: [File]
    /// Which of the files `evsim run` takes.
    var runs = 0

    /// All templates in the order of their list; the first one is used when none is named.
    static let all = [scenario, attackStudy, fleet, plugin]

    /// The template of a name.
    static func named(_ name: String) -> Template? { all.first { $0.name == name } }

    /// The text of a file for a name.
    static func fill(_ text: String, slug: String, file: String) -> String {
        var result = ""
        var rest = text[...]
        while let sign = rest.firstIndex(of: "$") {
            result += rest[..<sign]
            rest = rest[sign...]
            if rest.hasPrefix("${slug}") {
                result += slug
                rest = rest.dropFirst(7)
            } else if rest.hasPrefix("${file}") {
                result += quoted(file)
                rest = rest.dropFirst(7)
            } else {
                result += "$"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }

    /// A name as YAML text, in quotes where it could be read as something else.
    private static func quoted(_ name: String) -> String {
        let plain = name.unicodeScalars.allSatisfy { scalar in
            scalar == "-" || scalar == "." || scalar == "_" || scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
        }
        if plain, let first = name.unicodeScalars.first, first.properties.isAlphabetic { return name }
        var text = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\" + String(scalar)
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            default:
                let value = scalar.value
                guard value < 0x20 || (0x7F...0x9F).contains(value) || value == 0xFEFF || value == 0x2028 || value == 0x2029 else {
                    text.unicodeScalars.append(scalar)
                    continue
                }
                let digits = String(value, radix: 16)
                text += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            }
        }
        return "\"\(text)\""
    }
}
