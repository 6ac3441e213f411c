import JSONText
import YAMLTree
import Glibc

/// `evsim new`.
enum NewCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        if arguments.has(.listTemplates) { return list(arguments, console) }
        guard let name = arguments[0] else {
            console.note("error: 'evsim new' needs NAME: name of the new file; write 'evsim new my-scenario', or 'evsim new --list' to see the templates")
            return .usage
        }
        guard let template = Template.named(arguments.text(.template) ?? Template.all[0].name) else { return .usage }
        guard let target = Target(name) else {
            console.note("error: \(ArgumentMatcher.quoted(name)) names no file (argument 'NAME'); for example 'evsim new my-scenario'")
            return .usage
        }
        let paths = template.files.map { target.path(suffix: $0.suffix) }
        for path in paths where FileWriting.exists(path) {
            console.note("error: \(DisplayText.visible(path)) exists already, and 'evsim new' never overwrites; choose another name, or move the file away")
            return .runtime
        }
        for (index, file) in template.files.enumerated() {
            let text = Template.fill(file.text, slug: target.slug, file: target.fileName(suffix: ""))
            guard let problem = FileWriting.create(paths[index], with: Array(text.utf8)) else { continue }
            console.note("error: cannot write \(DisplayText.visible(paths[index])): \(problem)")
            // Half a template is of no use to anybody.
            for written in paths[..<index] { unlink(written) }
            return .runtime
        }
        if arguments.has(.json) {
            console.output.write(
                JSONValue.object([
                    JSONValue.Member("template", .string(template.name)), JSONValue.Member("name", .string(target.slug)),
                    JSONValue.Member("files", .array(paths.map { .string($0) })), JSONValue.Member("run", .string(paths[template.runs])),
                ]).text(.pretty) + "\n")
        } else {
            for path in paths { console.print(DisplayText.visible(path)) }
            console.note("next: evsim run \(shellWord(paths[template.runs]))")
        }
        return .fine
    }

    private static func list(_ arguments: Arguments, _ console: Console) -> ExitCode {
        if arguments.has(.json) {
            let items = Template.all.map { JSONValue.object([JSONValue.Member("name", .string($0.name)), JSONValue.Member("about", .string($0.about))]) }
            console.print(JSONValue.object([JSONValue.Member("templates", .array(items))]).text(.pretty))
        } else {
            console.output.write(TextLayout.definitions(Template.all.map { ($0.name, $0.about) }, indent: 0, width: max(60, min(console.output.columns, 120))))
        }
        return .fine
    }

    /// A path as it can be given to a shell.
    private static func shellWord(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
        if isPlain { return path }
        return "'" + DisplayText.visible(path).split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// Where new files go, and what is in them called.
    struct Target {
        private let directory: String
        private let base: String
        private let ending: String
        /// The name as scenarios and plugins write it.
        let slug: String

        /// The target of the path that a person gives; `nil` when it names no file.
        init?(_ path: String) {
            let slash = path.lastIndex(of: "/")
            directory = slash.map { String(path[...$0]) } ?? ""
            let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
            guard !["", ".", "..", "-", ".yaml", ".yml"].contains(name), !path.utf8.contains(0) else { return nil }
            let known = [".yaml", ".yml"].first { name.hasSuffix($0) }
            ending = known ?? ".yaml"
            base = known.map { String(name.dropLast($0.count)) } ?? name
            slug = NewCommand.slug(base)
        }

        func fileName(suffix: String) -> String { base + suffix + ending }
        func path(suffix: String) -> String { directory + fileName(suffix: suffix) }
    }

    /// A name as a slug: lower-case words of letters and digits joined by `-`, `my-scenario` when nothing is left of it.
    static func slug(_ name: String) -> String {
        var words: [String] = [""]
        for scalar in name.unicodeScalars {
            switch scalar {
            case "a"..."z", "0"..."9": words[words.count - 1].unicodeScalars.append(scalar)
            case "A"..."Z": words[words.count - 1] += String(scalar).lowercased()
            default:
                if let plain = plainLetters[scalar] {
                    words[words.count - 1] += plain
                } else if words.last != "" {
                    words.append("")
                }
            }
        }
        words.removeAll { $0.isEmpty }
        guard let first = words.first else { return "my-scenario" }
        let isLetter = first.utf8.first.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? false
        return String((isLetter ? words : ["scenario"] + words).joined(separator: "-").prefix(60)).trimmingDash
    }

    /// Letters of European languages without their marks.
    private static let plainLetters: [Unicode.Scalar: String] = {
        var table: [Unicode.Scalar: String] = [:]
        let rows = [
            ("a", "àáâãäåāăąÀÁÂÃÄÅĀĂĄ"), ("c", "çćčÇĆČ"), ("d", "ďđĎĐ"), ("e", "èéêëēęěÈÉÊËĒĘĚ"), ("g", "ğĞ"), ("i", "ìíîïīıÌÍÎÏĪİ"), ("l", "łŁ"),
            ("n", "ñńňÑŃŇ"),
            ("o", "òóôõöøőÒÓÔÕÖØŐ"), ("r", "řŘ"), ("s", "śşšŚŞŠ"), ("t", "ťţŤŢ"), ("u", "ùúûüūůűÙÚÛÜŪŮŰ"), ("y", "ýÿÝ"), ("z", "źżžŹŻŽ"), ("ss", "ß"),
            ("ae", "æÆ"), ("oe", "œŒ"),
        ]
        for (plain, letters) in rows { for scalar in letters.unicodeScalars { table[scalar] = plain } }
        return table
    }()
}

extension String {
    /// The text without dashes at its end.
    fileprivate var trimmingDash: String {
        var text = self
        while text.hasSuffix("-") { text.removeLast() }
        return text
    }
}
