extension DiagnosticCatalogue {
    /// E0120 to E0154: the text is no YAML, or uses YAML that the scenario language leaves out.
    static let syntax: [Entry] = text + anchors + structure + limits

    /// E0120 to E0134 without anchors: the text is no YAML.
    private static let text: [Entry] = [
        Entry(
            "E0120", "not valid YAML",
            "The YAML parser cannot read the text from this place on. Its own words are in the note. After such an error nothing more is reported,\n"
                + "because everything behind it would be guesswork."),
        Entry(
            "E0121", "a tab instead of spaces",
            "YAML shows what belongs together by indentation, and only spaces count, since a tab is as wide as each editor likes. Set the editor to\n"
                + "insert spaces.",
            wrong: "run:\n<tab>for: 5s", right: "run:\n  for: 5s"),
        Entry(
            "E0122", "an unclosed quote",
            "A text in quotes goes on over the ends of lines until the same quote comes again; here it never comes. Inside single quotes an\n"
                + "apostrophe is written twice.",
            wrong: "about: \"limits up and down", right: "about: \"limits up and down\""),
        Entry(
            "E0123", "an unclosed or broken list or mapping",
            "Between '[' and ']' stand values with ',' between them, between '{' and '}' pairs 'key: value' with ',' between them. A comma or the\n"
                + "closing bracket is missing, or a value holds a character that ends it and needs quotes.",
            wrong: "record: [frames, messages\nexpect: ['a' 'b']", right: "record: [frames, messages]\nexpect: ['a', 'b']"),
        Entry(
            "E0124", "a character that cannot begin a value",
            "The characters '@', '`' and '%' are reserved at the beginning of a value. In quotes they are text like any other.",
            wrong: "about: @home", right: "about: '@home'"),
        Entry(
            "E0125", "a second colon on the line",
            "': ' separates a key from its value, and comes once on a line. A text that holds it needs quotes.",
            wrong: "about: limit: 100 A", right: "about: 'limit: 100 A'"),
        Entry(
            "E0126", "a missing colon or value",
            "In a mapping each line has the form 'key: value', with a blank after the colon; in a list each place between commas has a value.",
            wrong: "evsim: 1\nscenario\nrun: {for: 5s}", right: "evsim: 1\nscenario: x\nrun: {for: 5s}"),
        Entry(
            "E0127", "wrong indentation",
            "Keys of one mapping begin in the same column, and so do the dashes of one list. This line begins in a column that fits no line above it,\n"
                + "or stands under a line that already has a value.",
            wrong: "run:\n    for: 5s\n  seed: 1", right: "run:\n  for: 5s\n  seed: 1"),
        Entry(
            "E0128", "an unknown escape sequence",
            "Between double quotes a backslash begins an escape such as \\n or \\u00e9. Between single quotes and without quotes it is a character like\n"
                + "any other.",
            wrong: "about: \"C:\\drive\"", right: "about: 'C:\\drive'"),
        Entry(
            "E0133", "text after '|' or '>'",
            "A block of text begins with '|' (line ends are kept) or '>' (lines are joined); the text itself begins on the next line, indented. Only\n"
                + "'+', '-' and a digit from 1 to 9 may follow on the same line.",
            wrong: "about: |my text", right: "about: |\n  my text"),
        Entry(
            "E0134", "text after a complete value",
            "The value on this line is complete, since its quote or bracket is closed, and yet something follows. Often a quote or an apostrophe inside\n"
                + "the text has ended it early.",
            wrong: "about: 'it's open'", right: "about: 'it''s open'"),
    ]

    /// E0129 to E0132: names for parts of the file.
    private static let anchors: [Entry] = [
        Entry(
            "E0129", "a broken anchor or alias",
            "'&name' gives a value a name and '*name' repeats it; the name has letters, digits, '_' and '-'. A text that begins with '&' or '*', such\n"
                + "as a pattern, needs quotes.",
            wrong: "watch: *.current", right: "watch: '*.current'"),
        Entry(
            "E0130", "an alias without anchor",
            "'*name' repeats the value that is marked '&name' further up. There is no such mark before this place.",
            wrong: "a: &limit 5 A\nb: *limt", right: "a: &limit 5 A\nb: *limit"),
        Entry(
            "E0131", "an anchor is defined twice",
            "Two values have the same name after '&', so that what '*name' means would depend on where it stands.",
            wrong: "a: &x 1\nb: &x 2", right: "a: &x 1\nb: &y 2"),
        Entry(
            "E0132", "an alias inside its own anchor",
            "The value would contain itself, without end.",
            wrong: "a: &x [1, *x]", right: "a: &x [1]\nb: [2, *x]"),
    ]

    /// E0140 to E0147: YAML that the language leaves out.
    private static let structure: [Entry] = [
        Entry(
            "E0140", "a duplicate key",
            "A mapping holds each key once. Many YAML readers take the last value without a word, so that one of the two lines does nothing; here\n"
                + "both places are shown.",
            wrong: "run:\n  for: 5s\n  for: 6s", right: "run:\n  for: 6s"),
        Entry(
            "E0141", "a merge key",
            "'<<' copies the keys of another mapping in YAML 1.1 and no longer exists in YAML 1.2. What several places of a scenario share are steps:\n"
                + "name them under 'sequences:' and call them.",
            wrong: "steps:\n  - {<<: *start, to: cp1}",
            right: "sequences:\n  begin: {needs: [who], steps: [{send: RemoteStartTransaction, to: =who}]}\nsteps:\n  - {call: begin, with: {who: cp1}}"),
        Entry(
            "E0142", "a key that is no plain text",
            "A key is a text that is written where it stands: no list, no mapping, no alias. There are no templates either: '{{ name }}' is a mapping\n"
                + "inside a mapping for YAML. A value that starts with '=' is a formula.",
            wrong: "limit: {{ forged_limit }}", right: "limit: =forged_limit"),
        Entry(
            "E0143", "a tag",
            "A tag such as '!!int' or '!color' tells a YAML reader the type of a value. Here the type follows from the key, so that nobody has to\n"
                + "write it and no file can ask for another. In quotes every value is text.",
            wrong: "seed: !!int '5'", right: "seed: 5"),
        Entry(
            "E0144", "several documents",
            "'---' begins another document. A file holds one scenario, plugin, pack description or lock.",
            wrong: "evsim: 1\n---\nevsim: 1", right: "evsim: 1"),
        Entry(
            "E0145", "a directive",
            "A line that begins with '%' is a directive for the YAML parser. Only '%YAML 1.1' and '%YAML 1.2' before '---' are accepted, and they\n"
                + "change nothing.",
            wrong: "%TAG ! tag:example.org,2000:\n---\nevsim: 1", right: "evsim: 1"),
        Entry(
            "E0146", "a missing key",
            "Before ':' there is no key, or an empty one.",
            wrong: "run:\n  : 5s", right: "run:\n  for: 5s"),
        Entry(
            "E0147", "text after the end",
            "The document is complete, because its outermost bracket or quote is closed or '...' has ended it, and yet something follows.",
            wrong: "{evsim: 1}\nscenario: x", right: "evsim: 1\nscenario: x"),
    ]

    /// E0150 to E0154: limits that keep reading fast whatever the file says.
    private static let limits: [Entry] = [
        Entry(
            "E0150", "nested too deeply",
            "Lists and mappings may be nested 64 deep, an alias counted with what it stands for. Scenarios need fewer than 20 levels; more is a\n"
                + "mistake or an attack on the reader."),
        Entry(
            "E0151", "too many values",
            "A file may hold 200 000 values (keys, texts, lists and mappings). Many equal nodes are written with 'count:', many equal steps with\n"
                + "'repeat:'.",
            wrong: "nodes: {cp1: {is: charge-point}, cp2: {is: charge-point}}", right: "nodes: {cp: {is: charge-point, count: 2}}"),
        Entry(
            "E0152", "aliases make the file too large",
            "An alias repeats a value, and aliases of aliases multiply: ten lines can stand for a billion values. With all aliases written out a file\n"
                + "may have 10 times the values that it has, and 200 000.",
            wrong: "a: &a [x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c]",
            right: "a: &a [x, x, x, x, x, x]\nb: [*a, *a]"),
        Entry("E0153", "a text is too long", "One value may have 65 536 bytes. Longer data belongs in a file of its own."),
        Entry("E0154", "a key is too long", "One key may have 256 bytes. Probably a quote or a colon is at the wrong place."),
    ]
}
