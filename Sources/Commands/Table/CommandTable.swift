/// All commands in the order of their help.
enum CommandTable {
    static let all: [CommandSpec] = [
        run, validate, new, fmt, list, describe, explain, schema, graph, plot, compare, watch, dbc, decode, convert, doctor, bench, version, completion, man,
        help, complete,
    ]

    /// The commands that help shows.
    static var visible: [CommandSpec] { all.filter { !$0.isHidden } }

    /// The command of a name.
    static func named(_ name: String) -> CommandSpec? { all.first { $0.name == name } }

    /// One line about the program.
    static let about = "simulates EV-charging faults and attacks from a YAML file"

    /// Paragraphs about the program for its man page.
    static let text = [
        "evsim reads one YAML file that describes charge points, their central system, the CAN bus behind them and what goes wrong there; simulates it in deterministic virtual time; lets detectors look for the anomaly; scores them against the ground truth; and says whether what was expected happened.",
        "Results go to standard output, progress and diagnostics to standard error. The same file, parameters and seed give the same bytes on every machine.",
        "Options can stand anywhere on the line, '--opt VALUE' and '--opt=VALUE' mean the same, '--' ends them, and a file named '-' is the standard input.",
    ]

    private static let scenarioFile = PositionalSpec(name: "FILE", type: .scenario, about: "Scenario file; '-' is the standard input.")

    private static let run = CommandSpec(
        name: "run", about: "simulate scenarios and judge them",
        text: [
            "Simulates the scenario, runs its detectors, draws its plots and judges what it expects. The directory of the run holds report.json, report.md, labels.csv, alarms.csv, what the scenario records, and its pictures; until the run has come to its end it also holds a file INCOMPLETE.",
            "The verdict is 'pass' when everything expected holds, 'partial' when it holds but an expectation speaks of something that never happened, 'fail' when one does not hold, and 'incomplete' when the run did not come to its end. With --strict, 'partial' fails too.",
            "Several files run one after the other, each into a directory of its own: runs/NAME-SEED, or DIR/NAME-SEED. A last line counts the verdicts, the exit code is the worst one, and --json writes a list of reports.",
            "With --realtime the same file runs live: a csms listens on the address of its setting 'listen', or on a free port of this machine, and every charge point connects to it, or to the address that it has as 'csms:', over a real WebSocket; a bus with 'attach' becomes part of a real one. Only addresses of this machine are used unless --allow-net is given.",
            "With --pair the seed runs twice: once as it is, and once with attacks and labelled steps that do nothing but take their time. Random numbers are keyed by what draws them, so both runs are the same up to the first thing that an attack did; pair.md and pair.json say where they part, and which alarms come without the attacks as well and so are false by proof.",
            "Ctrl-C ends a run early and keeps what was done by then; a second Ctrl-C ends at once.",
        ],
        positionals: [PositionalSpec(name: "FILE", type: .scenario, about: "Scenario files; '-' is the standard input.", arity: .many)],
        options: [.directory, .seed, .set, .maxEvents, .noPlots, .pair, .realtime, .readyFile, .allowNet, .strict, .junit, .quiet, .json],
        examples: [
            ("evsim run scenarios/reference/repeated-current-fluctuation.yaml", "simulates it and writes runs/repeated-current-fluctuation-1"),
            ("evsim run depot.yaml --seed 7 --set arrivals=120/h -o out", "with another seed and another value of a parameter"),
            ("evsim run scenarios/faults/*.yaml --strict --junit faults.xml", "many scenarios, for a CI server"),
            ("evsim run study.yaml --pair -o out", "with and without its attacks: which alarms did they cause?"),
            ("evsim run csms.yaml --realtime --ready-file ready.json", "live: other programs can connect to its central system"),
            ("evsim run depot.yaml --json | jq .fingerprint", "the report for other programs"),
        ], exitCodes: [.fine, .expectationFailed, .usage, .invalidFile, .runtime, .bug, .interrupted, .terminated], perform: RunCommand.perform)

    private static let watch = CommandSpec(
        name: "watch", about: "run a scenario again whenever it is saved",
        text: [
            "Runs the scenario, and again each time that its file is saved, and says what changed: the verdict, expectations, alarms and scores, and the first event that differs from the run before. A save during a run ends that run and starts the next one.",
            "The directory always holds the last whole run, with its pictures at the same paths, so a viewer that follows a file shows the new one. A file that is not valid, or not there for a while, is told and waited for. Ctrl-C ends.",
        ], positionals: [PositionalSpec(name: "FILE", type: .scenario, about: "Scenario file.")],
        options: [.directory, .seed, .set, .maxEvents, .noPlots, .runs, .onceChanged, .jsonLines],
        examples: [
            ("evsim watch my.yaml -o out", "runs now and after each save"), ("evsim watch my.yaml --json --runs 5 | jq .verdict", "a line for each run"),
        ], exitCodes: [.fine, .expectationFailed, .usage, .runtime, .bug, .interrupted, .terminated], perform: WatchCommand.perform)

    private static let compare = CommandSpec(
        name: "compare", about: "say whether two runs are the same, or where they first part",
        text: [
            "Compares report, labels, alarms, signals, frames and messages of two runs, those that both have, and shows the first event that differs by simulated time, with the lines around it in both. Before it stands what differs in how they were started; behind it which expectations, scores and counts differ.",
            "A scenario file in the place of a directory is run first, with everything recorded, and leaves nothing behind. A run that did not come to its end is compared as far as it goes.",
        ],
        positionals: [
            PositionalSpec(name: "A", type: .scenario, about: "Directory of a run, or a scenario file."),
            PositionalSpec(name: "B", type: .scenario, about: "The other one."),
        ], options: [.seed, .set, .limit, .json],
        examples: [
            ("evsim compare runs/detectors-5 runs/detectors-6", "two seeds"), ("evsim compare before.yaml after.yaml", "two files"),
            ("evsim compare runs/a runs/b --json | jq .first.t_s", "when they part, for other programs"),
        ], exitCodes: [.fine, .expectationFailed, .usage, .invalidFile, .runtime, .interrupted, .terminated], perform: CompareCommand.perform)

    private static let validate = CommandSpec(
        name: "validate", about: "check scenarios and plugins without running them",
        text: [
            "Reads each file as 'run' does and shows what is wrong or doubtful: the place, the line and what would be right. Warnings do not make a file invalid.",
            "Of a plugin file everything that it defines is tried in a scenario made for the purpose.",
        ],
        positionals: [PositionalSpec(name: "FILE", type: .scenario, about: "Scenario and plugin files; '-' is the standard input.", arity: .many)],
        options: [.quiet, .json],
        examples: [
            ("evsim validate scenarios/*/*.yaml", "checks many files"),
            ("evsim validate --json my.yaml", "findings in the shape of the Language Server Protocol"),
        ], exitCodes: [.fine, .usage, .invalidFile, .runtime], perform: ValidateCommand.perform)

    private static let fmt = CommandSpec(
        name: "fmt", about: "format scenario and plugin files",
        text: [
            "Gives each file the one layout of the language: keys of known sections in the order of their reference, two spaces a level, quantities as 2s and 100 A. Names, lists and the parts of messages keep their order; comments, quotes, formulas and single blank lines stay. A mapping between braces stays on its line while it fits into 120 columns, and neighbours of that kind stand below each other.",
            "A file is replaced in one step, and only when something changes; before that the result is read again and compared. A file with errors in its YAML is left alone.",
        ],
        positionals: [PositionalSpec(name: "FILE", type: .scenario, about: "Files; '-' formats the standard input to the standard output.", arity: .many)],
        options: [.check, .quiet, .json],
        examples: [
            ("evsim fmt scenarios/*/*.yaml", "formats many files"), ("evsim fmt --check my.yaml", "shows what would change; exit code 1 if anything does"),
            ("evsim fmt - < my.yaml", "formats text from an editor"),
        ], exitCodes: [.fine, .expectationFailed, .usage, .invalidFile, .runtime, .bug], perform: FmtCommand.perform)

    private static let new = CommandSpec(
        name: "new", about: "write a first scenario, study, fleet or plugin that runs",
        text: [
            "Writes NAME.yaml from a template, with comments that explain it; 'plugin' also writes NAME-example.yaml, which uses it. The scenario gets the name of the file. The result runs and passes as it is.",
            "It asks nothing and never overwrites: when a file of that name is there, it writes nothing and exits with 4.",
        ],
        positionals: [PositionalSpec(name: "NAME", type: .newFile, about: "Name or path of the new file, with or without '.yaml'.", arity: .optional)],
        options: [.template, .listTemplates, .json],
        examples: [
            ("evsim new my-first && evsim run my-first.yaml", "a scenario, and its first run"),
            ("evsim new study --from attack-study", "from another template"),
            ("evsim new --list", "the templates"),
        ], exitCodes: [.fine, .usage, .runtime], perform: NewCommand.perform)

    private static let list = CommandSpec(
        name: "list", about: "list scenarios, plugins, kinds, detectors, attacks, messages, functions, units, sections or codes",
        text: ["Without an area it lists the areas. 'evsim describe NAME' says more about what is listed, 'evsim explain CODE' about a code."],
        positionals: [
            PositionalSpec(name: "AREA", type: .words(ListArea.allCases.map(\.rawValue)), about: "What to list.", arity: .optional),
            PositionalSpec(name: "DIR", type: .directory, about: "Directory to look for scenarios in; without it, 'scenarios'.", arity: .optional),
        ], options: [.json],
        examples: [("evsim list kinds", "the node kinds"), ("evsim list scenarios examples", "the scenarios below a directory")],
        exitCodes: [.fine, .usage, .runtime], perform: ListCommand.perform)

    private static let describe = CommandSpec(
        name: "describe", about: "show a kind, detector, message, function, unit, section or plugin, or the wiring of a scenario",
        text: [
            "For a name: its settings with types, limits and defaults, its signals and frames, and an example. For a file: nodes, how they are wired, buses with their frames, signals, detectors and what is expected.",
            "A name that stands for several things shows all of them.",
        ], positionals: [PositionalSpec(name: "NAME", type: .subject, about: "A name that 'evsim list' shows, or a scenario file; '-' is the standard input.")],
        options: [.set, .markdown, .json],
        examples: [
            ("evsim describe charge-point", "settings and signals of a kind"), ("evsim describe my.yaml", "what is wired to what"),
            ("evsim describe evsim/dual-gun-cabinet", "what a plugin offers"),
        ],
        exitCodes: [.fine, .usage, .invalidFile, .runtime], perform: DescribeCommand.perform)

    private static let explain = CommandSpec(
        name: "explain", about: "explain the code of a diagnostic",
        text: ["Says what an error or warning means and why it is one, with a wrong and a right example."],
        positionals: [PositionalSpec(name: "CODE", type: .code, about: "Code in the brackets of a diagnostic, such as E0203.")], options: [.json],
        examples: [("evsim explain E0311", "")], perform: ExplainCommand.perform)

    private static let schema = CommandSpec(
        name: "schema", about: "write the JSON Schema of scenario or plugin files",
        text: [
            "Writes a JSON Schema (draft 2020-12, in the words that draft-07 has too) of all sections, keys, kinds, detectors, verbs, messages and units, for editors and other programs. With it an editor completes keys, shows what they mean and marks mistakes while you type.",
            "What needs the whole file, such as whether a signal exists, is checked by 'evsim validate' only.",
        ], options: [.schemaFor, .document, .tables],
        examples: [
            ("evsim schema -o evsim.schema.json", "for scenario files"), ("evsim schema --for plugin", "for plugin files, on standard output"),
        ], exitCodes: [.fine, .usage, .runtime], perform: SchemaCommand.perform)

    private static let graph = CommandSpec(
        name: "graph", about: "show how a scenario is wired, as text or as a picture",
        text: [
            "Shows nodes, the OCPP connections between them with their latency, CAN buses with their frames, vehicles, meters, and detectors at the signals that they watch. Parts of a composite node stand together; of many nodes that are wired alike one stands for all.",
            "Without -o it draws with characters, on standard output. With -o it draws a PNG picture and writes only the name of the file; --json writes nodes, edges and buses for other programs, with or without -o.",
        ], positionals: [scenarioFile], options: [.diagram, .pictureSize, .theme, .pictureScale, .set, .json],
        examples: [
            ("evsim graph my.yaml", "as text"), ("evsim graph my.yaml -o wiring.png --theme dark --scale 2", "as a picture"),
            ("evsim graph my.yaml --json | jq '.edges[]'", "for other programs"),
        ], exitCodes: [.fine, .usage, .invalidFile, .runtime], perform: GraphCommand.perform)

    private static let plot = CommandSpec(
        name: "plot", about: "draw the pictures of a run again",
        text: ["Draws the plots of a scenario from the files that its run left, without simulating anything."],
        positionals: [PositionalSpec(name: "RUN", type: .run, about: "Directory of a run.")], options: [.picture, .only, .json],
        examples: [("evsim plot runs/depot-200-7 --only 2 -o load.png", "one picture into a file")], exitCodes: [.fine, .usage, .runtime],
        perform: PlotCommand.perform)

    private static let convert = CommandSpec(
        name: "convert", about: "convert logs of CAN frames: candump, ASC, pcap, pcapng; BLF is read",
        text: [
            "Reads the log IN, whose format its content tells, and writes the log OUT, whose format its ending tells. Nothing is held in memory, so a log can be of any length, and a pipe. Frames are classic and FD, remote and error frames.",
            "What a format has no room for is counted on standard error, with what would keep it: ASC has no class of errors, pcap neither interfaces nor directions. pcapng keeps everything. Entries that are no CAN frames, such as LIN events, are counted too.",
            "The first bad line or packet ends the conversion with its place and exit code 3; what comes before it is written. With --skip-bad it is left out instead. Times of ASC and BLF name no time zone: they are read and written as UTC.",
        ],
        positionals: [
            PositionalSpec(name: "IN", type: .file(["log", "asc", "blf", "pcap", "pcapng"]), about: "Log to read; '-' is the standard input."),
            PositionalSpec(name: "OUT", type: .newFile, about: "Log to write; '-' is the standard output."),
        ],
        options: [
            .logFrom, .logTo, .onlyFrames, .exceptFrames, .logChannels, .fromTime, .untilTime, .shiftTime, .scaleTime, .decimals, .rawDLC, .skipBad, .quiet,
            .json,
        ],
        examples: [
            ("evsim convert capture.blf capture.log", "for canplayer and other tools of Linux"),
            ("evsim convert capture.asc - --only 100,18FF50E5 --until 10s", "some frames of the first ten seconds"),
            ("candump -L can0 | evsim convert - live.pcapng", "for Wireshark, from a pipe"),
            ("evsim convert capture.log twice.log --scale 0.5 --channel can0=vcan0", "twice as fast, on another interface"),
        ], exitCodes: [.fine, .usage, .invalidFile, .runtime, .interrupted, .terminated], perform: ConvertCommand.perform)

    private static let doctor = CommandSpec(
        name: "doctor", about: "check this machine",
        text: [
            "Checks libraries, directories, disk, terminal and locale, looks for SocketCAN, and ends with a run of the reference scenario in memory, whose result must be exact."
        ],
        options: [.json], exitCodes: [.fine, .usage, .runtime], perform: DoctorCommand.perform)

    private static let bench = CommandSpec(
        name: "bench", about: "measure this machine",
        text: [
            "Simulates the reference cycle in memory and measures simulated seconds, and events, per second of processor time; the best of three runs counts."
        ],
        options: [.json], perform: BenchCommand.perform)

    private static let version = CommandSpec(
        name: "version", about: "show the version",
        text: ["Shows the version of evsim; with --json also the format of scenarios that it reads, its platform and its libraries."], options: [.json],
        perform: VersionCommand.perform)

    private static let completion = CommandSpec(
        name: "completion", about: "write a completion script for a shell",
        text: [
            "The script asks evsim itself, so that it knows commands, options, files, kinds, detectors, codes and the parameters of the scenario on the line."
        ],
        positionals: [PositionalSpec(name: "SHELL", type: .words(CompletionShell.allCases.map(\.rawValue)), about: "Shell.")],
        examples: [
            ("evsim completion bash > ~/.local/share/bash-completion/completions/evsim", "for bash"),
            ("evsim completion zsh > ~/.zfunc/_evsim", "for zsh, with ~/.zfunc in fpath"),
            ("evsim completion fish > ~/.config/fish/completions/evsim.fish", "for fish"),
        ], perform: CompletionScript.perform)

    private static let man = CommandSpec(
        name: "man", about: "write a manual page",
        text: ["Writes the manual page of evsim, or of one command, in roff to standard output."],
        positionals: [PositionalSpec(name: "COMMAND", type: .command, about: "Command; without it, evsim(1).", arity: .optional)],
        examples: [("evsim man | man -l -", "shows it"), ("evsim man > /usr/local/share/man/man1/evsim.1", "installs it")], perform: ManPage.perform)

    private static let help = CommandSpec(
        name: "help", about: "show help",
        text: ["Shows all commands, or one. '-h' and '--help' do the same anywhere on the line."],
        positionals: [PositionalSpec(name: "COMMAND", type: .command, about: "Command.", arity: .optional)], options: [.markdown], perform: HelpPage.perform)

    private static let complete = CommandSpec(
        name: "__complete", about: "answer a completion script",
        text: [
            "Writes the candidates for the last of the words behind '--', one a line with an explanation behind a tab, then a line that says which files also fit."
        ],
        positionals: [PositionalSpec(name: "WORD", type: .text, about: "Words of the line behind 'evsim', up to the cursor.", arity: .many)], isHidden: true,
        perform: CompletionAnswer.perform)
}
