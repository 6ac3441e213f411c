extension OptionSpec {
    static let help = OptionSpec(name: "help", short: "h", about: "Shows this page.")
    static let color = OptionSpec(
        name: "color", valueName: "WHEN", type: .words(ColorChoice.allCases.map(\.rawValue)),
        about: "Colours: always, never, or on terminals only (NO_COLOR turns them off).",
        defaultText: "auto")
    /// What every command takes.
    static let everywhere = [color, help]

    static let json = OptionSpec(name: "json", about: "Writes one JSON document to standard output.")
    static let quiet = OptionSpec(name: "quiet", short: "q", about: "Writes nothing but errors.")
    static let check = OptionSpec(name: "check", about: "Writes no file: shows what would change, and ends with exit code 1 if anything does.")
    static let directory = OptionSpec(
        name: "output", short: "o", valueName: "DIR", type: .directory, about: "Directory for the results; made when it is not there.",
        defaultText: "runs/NAME-SEED")
    static let picture = OptionSpec(
        name: "output", short: "o", valueName: "FILE", type: .file(["png"]), about: "Writes one picture to this file instead of into the directory of the run.")
    static let schemaFor = OptionSpec(
        name: "for", valueName: "KIND", type: .words(SchemaBuilder.File.allCases.map(\.rawValue)), about: "Which files the schema describes.",
        defaultText: "scenario")
    static let document = OptionSpec(
        name: "output", short: "o", valueName: "FILE", type: .file(["json"]), about: "Writes to this file instead of standard output.")
    static let tables = OptionSpec(
        name: "tables", valueName: "FILE", type: .file(["md"]), about: "Writes the tables between the markers of a Markdown page anew.", isHidden: true)
    static let diagram = OptionSpec(
        name: "output", short: "o", valueName: "FILE", type: .file(["png"]), about: "Draws a picture into this PNG file; standard output then gets its name.")
    static let pictureSize = OptionSpec(
        name: "size", valueName: "WxH", type: .size, about: "Size of the picture in pixels; what is drawn is made to fit.",
        defaultText: "what the content needs")
    static let theme = OptionSpec(name: "theme", valueName: "NAME", type: .words(["light", "dark"]), about: "Colours of the picture.", defaultText: "light")
    static let pictureScale = OptionSpec(
        name: "scale", valueName: "N", type: .number(1...2), about: "Pixels in a point: 2 for print and for dense screens.", defaultText: "1")
    static let template = OptionSpec(
        name: "from", valueName: "TEMPLATE", type: .words(Template.all.map(\.name)), about: "What the file begins with; --list shows the templates.",
        defaultText: Template.all[0].name)
    static let listTemplates = OptionSpec(name: "list", about: "Lists the templates and writes nothing.")
    static let seed = OptionSpec(
        name: "seed", valueName: "N", type: .number(0...UInt64.max), about: "Seed of every random stream; replaces the one of the file.")
    static let set = OptionSpec(
        name: "set", valueName: "NAME=VALUE", type: .assignment, about: "Value of a parameter, with its unit; once for each parameter.", repeats: true)
    static let maxEvents = OptionSpec(
        name: "max-events", valueName: "N", type: .number(1...UInt64.max), about: "The most events before the run is stopped.", defaultText: "1000000000")
    static let noPlots = OptionSpec(name: "no-plots", about: "Draws no pictures.")
    static let realtime = OptionSpec(
        name: "realtime", about: "Runs beside the clock with real WebSockets: central systems listen, charge points connect.")
    static let readyFile = OptionSpec(
        name: "ready-file", valueName: "FILE", type: .file(["json"]),
        about: "With --realtime: writes this file when every central system listens, with their addresses.")
    static let allowNet = OptionSpec(
        name: "allow-net", about: "With --realtime: lets nodes listen on and connect to addresses other than those of this machine.")
    static let strict = OptionSpec(
        name: "strict", about: "Takes nothing on trust: a run with an expectation that was never exercised ends with exit code 1, as if it had failed.")
    static let junit = OptionSpec(
        name: "junit", valueName: "FILE", type: .file(["xml"]),
        about: "Writes a JUnit report, which CI servers show: a suite for each scenario, a case for each expectation.")
    static let only = OptionSpec(name: "only", valueName: "N", type: .number(1...100_000), about: "Draws this picture only; the first one is 1.")
    static let markdown = OptionSpec(name: "markdown", about: "Writes the page as Markdown.")
    static let limit = OptionSpec(
        name: "limit", valueName: "N", type: .number(1...1_000_000), about: "The most lines of each table.", defaultText: "20")
    static let runs = OptionSpec(name: "runs", valueName: "N", type: .number(1...1_000_000_000), about: "Ends after so many whole runs.")
    static let onceChanged = OptionSpec(name: "once-changed", about: "Ends after the first run that differs from the one before.")
    static let jsonLines = OptionSpec(name: "json", about: "Writes one line of JSON for each run to standard output.")
}
