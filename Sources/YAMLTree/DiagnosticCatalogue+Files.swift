extension DiagnosticCatalogue {
    /// E0101 to E0110: a file cannot be read, or does not hold plain UTF-8 text.
    static let files: [Entry] = [
        Entry(
            "E0101", "the file does not exist",
            "No file has this name, or a part of the path is no directory. Names are taken relative to the directory in which evsim runs, and\n"
                + "upper and lower case differ. '-' stands for the standard input.",
            wrong: "evsim run senario.yaml", right: "evsim run scenario.yaml"),
        Entry(
            "E0102", "the path names a directory",
            "A scenario is one file. Name the file inside the directory.",
            wrong: "evsim run scenarios/", right: "evsim run scenarios/reference.yaml"),
        Entry(
            "E0103", "no permission to read the file",
            "The operating system does not let the user who runs evsim read this file. Change the permissions of the file and of the\n"
                + "directories above it, or copy the file.",
            wrong: "chmod 000 scenario.yaml && evsim run scenario.yaml", right: "chmod 644 scenario.yaml && evsim run scenario.yaml"),
        Entry(
            "E0104", "the file is too large",
            "A file may have 1 MiB (1 048 576 bytes). The limit protects against files that were not meant to be scenarios, and keeps every check\n"
                + "fast. What several scenarios share belongs in a plugin; what is a table of numbers can usually be a formula.",
            wrong: "evsim run recording.log", right: "evsim run scenario.yaml"),
        Entry(
            "E0105", "the file cannot be read",
            "The operating system reported an error while opening or reading the file; the message repeats its words. A disk, a network share or a\n"
                + "pipe may have failed. Nothing was run."),
        Entry(
            "E0106", "the file is empty",
            "The file holds nothing, or only comments. Every file begins with the version of the format.",
            wrong: "# to be written", right: "evsim: 1\nscenario: my-first"),
        Entry(
            "E0107", "the file is not UTF-8",
            "Files are text in UTF-8. The byte at this place belongs to no character in that encoding; most often the file was saved as Latin-1 or\n"
                + "Windows-1252. Save it as UTF-8 in the editor.",
            wrong: "iconv -t latin1 text.yaml > scenario.yaml", right: "iconv -f latin1 -t utf-8 scenario.yaml > text.yaml"),
        Entry(
            "E0108", "the file is UTF-16 or UTF-32",
            "The first bytes show an encoding with two or four bytes a character, which some editors call 'Unicode'. Files are read as UTF-8 only,\n"
                + "so that they look the same to every tool.",
            wrong: "iconv -t utf-16 text.yaml > scenario.yaml", right: "iconv -f utf-16 -t utf-8 scenario.yaml > text.yaml"),
        Entry(
            "E0109", "a control character",
            "The file holds a character that is not to be seen: a control character, an escape sequence for terminals, a byte order mark inside the\n"
                + "text, or a mark that changes the direction of writing. It could make the file look different from what it says. In a text between\n"
                + "double quotes it can be written as an escape.",
            wrong: "about: a<U+202E>b", right: "about: \"a\\u202Eb\""),
        Entry(
            "E0110", "an ambiguous line break",
            "U+0085, U+2028 and U+2029 end a line in YAML 1.1, and do not in YAML 1.2 and in most editors. What looks like a comment could so be a key.\n"
                + "Only line feed and carriage return end lines here.",
            wrong: "# a comment<U+2028>run: {for: 5s}", right: "# a comment\nrun: {for: 5s}"),
    ]
}
