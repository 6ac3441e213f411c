/// All commands in the order of their help.
enum CommandTable {
    static let all: [CommandSpec] = [run, watch, compare, validate, list, describe, explain, plot, doctor, bench, version, completion, man, help, complete]

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
        name: "run", about: "simulate a scenario and judge it",
        text: [
            "Simulates the scenario, runs its detectors, draws its plots and judges what it expects. The directory of the run holds report.json, report.md, labels.csv, alarms.csv, what the scenario records, and its pictures; until the run has come to its end it also holds a file INCOMPLETE.",
            "Ctrl-C ends a run early and keeps what was done by then; a second Ctrl-C ends at once.",
        ], positionals: [scenarioFile], options: [.directory, .seed, .set, .maxEvents, .noPlots, .quiet, .json],
        examples: [
            ("evsim run scenarios/reference/repeated-current-fluctuation.yaml", "simulates it and writes runs/repeated-current-fluctuation-1"),
            ("evsim run depot.yaml --seed 7 --set arrivals=120/h -o out", "with another seed and another value of a parameter"),
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
        name: "validate", about: "check scenarios without running them",
        text: [
            "Reads each file as 'run' does and shows what is wrong or doubtful: the place, the line and what would be right. Warnings do not make a file invalid."
        ],
        positionals: [PositionalSpec(name: "FILE", type: .scenario, about: "Scenario files; '-' is the standard input.", arity: .many)],
        options: [.quiet, .json],
        examples: [
            ("evsim validate scenarios/*/*.yaml", "checks many files"),
            ("evsim validate --json my.yaml", "findings in the shape of the Language Server Protocol"),
        ], exitCodes: [.fine, .usage, .invalidFile, .runtime], perform: ValidateCommand.perform)

    private static let list = CommandSpec(
        name: "list", about: "list scenarios, kinds, detectors, messages, functions, units, sections or codes",
        text: ["Without an area it lists the areas. 'evsim describe NAME' says more about what is listed, 'evsim explain CODE' about a code."],
        positionals: [
            PositionalSpec(name: "AREA", type: .words(ListArea.allCases.map(\.rawValue)), about: "What to list.", arity: .optional),
            PositionalSpec(name: "DIR", type: .directory, about: "Directory to look for scenarios in; without it, 'scenarios'.", arity: .optional),
        ], options: [.json],
        examples: [("evsim list kinds", "the node kinds"), ("evsim list scenarios examples", "the scenarios below a directory")],
        exitCodes: [.fine, .usage, .runtime], perform: ListCommand.perform)

    private static let describe = CommandSpec(
        name: "describe", about: "show a kind, detector, message, function, unit or section, or the wiring of a scenario",
        text: [
            "For a name: its settings with types, limits and defaults, its signals and frames, and an example. For a file: nodes, how they are wired, buses with their frames, signals, detectors and what is expected.",
            "A name that stands for several things shows all of them.",
        ], positionals: [PositionalSpec(name: "NAME", type: .subject, about: "A name that 'evsim list' shows, or a scenario file; '-' is the standard input.")],
        options: [.set, .json],
        examples: [("evsim describe charge-point", "settings and signals of a kind"), ("evsim describe my.yaml", "what is wired to what")],
        exitCodes: [.fine, .usage, .invalidFile, .runtime], perform: DescribeCommand.perform)

    private static let explain = CommandSpec(
        name: "explain", about: "explain the code of a diagnostic",
        text: ["Says what an error or warning means and why it is one, with a wrong and a right example."],
        positionals: [PositionalSpec(name: "CODE", type: .code, about: "Code in the brackets of a diagnostic, such as E0203.")], options: [.json],
        examples: [("evsim explain E0311", "")], perform: ExplainCommand.perform)

    private static let plot = CommandSpec(
        name: "plot", about: "draw the pictures of a run again",
        text: ["Draws the plots of a scenario from the files that its run left, without simulating anything."],
        positionals: [PositionalSpec(name: "RUN", type: .directory, about: "Directory of a run.")], options: [.picture, .only, .json],
        examples: [("evsim plot runs/depot-200-7 --only 2 -o load.png", "one picture into a file")], exitCodes: [.fine, .usage, .runtime],
        perform: PlotCommand.perform)

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
