import CANLogs

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
        name: "realtime", about: "Runs beside the clock with real sockets: central systems listen, charge points connect, buses are attached.")
    static let readyFile = OptionSpec(
        name: "ready-file", valueName: "FILE", type: .file(["json"]),
        about: "With --realtime: writes this file when central systems and buses listen, with their addresses.")
    static let allowNet = OptionSpec(
        name: "allow-net", about: "With --realtime: lets nodes and buses use addresses other than those of this machine, and CAN interfaces with devices.")
    static let strict = OptionSpec(
        name: "strict", about: "Takes nothing on trust: a run with an expectation that was never exercised ends with exit code 1, as if it had failed.")
    static let pair = OptionSpec(
        name: "pair",
        about: "Runs the seed twice, with its attacks into DIR/attacked and without them into DIR/benign, and says which alarms they caused.")
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

    // MARK: Logs of CAN frames

    static let logFrom = OptionSpec(
        name: "from", valueName: "FORMAT", type: .words(CANLogFormat.allCases.map(\.rawValue)), about: "Format that is read.",
        defaultText: "what the content says")
    static let logTo = OptionSpec(
        name: "to", valueName: "FORMAT", type: .words(CANLogFormat.allCases.filter(\.isWritable).map(\.rawValue)), about: "Format that is written.",
        defaultText: "what the ending of OUT says; candump to standard output")
    static let onlyFrames = OptionSpec(
        name: "only", valueName: "IDS",
        about:
            "Keeps these identifiers only: 300 (11 bits), 18FF50E5 (29 bits, as it has more than 3 digits), 300:7F0 (with a mask), error; commas between them.")
    static let exceptFrames = OptionSpec(name: "except", valueName: "IDS", about: "Leaves these identifiers out.")
    static let logChannels = OptionSpec(
        name: "channel", valueName: "NAMES", about: "Keeps these interfaces only, with commas between them; can0=vcan0 also renames one.")
    static let fromTime = OptionSpec(name: "from-time", valueName: "TIME", about: "Leaves out what comes earlier after the first frame of the log.")
    static let untilTime = OptionSpec(name: "until", valueName: "TIME", about: "Leaves out what comes later after the first frame of the log.")
    static let shiftTime = OptionSpec(name: "shift", valueName: "TIME", about: "Adds this to every time; --shift=-1h subtracts.")
    static let scaleTime = OptionSpec(
        name: "scale", valueName: "FACTOR", about: "Multiplies the time since the first frame of the log: 0.5 makes it twice as fast.")
    static let decimals = OptionSpec(
        name: "decimals", valueName: "N", type: .words(["6", "9"]), about: "Decimals of seconds in texts; many tools read 6 only.", defaultText: "6")
    static let rawDLC = OptionSpec(
        name: "raw-dlc", about: "Writes the length code 9 to 15 of classic frames into texts (1122334455667788_E), which python-can does not read.")
    static let skipBad = OptionSpec(name: "skip-bad", about: "Leaves out lines and packets that are wrong, counts them, and goes on.")
}
