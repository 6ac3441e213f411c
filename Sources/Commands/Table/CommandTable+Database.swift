extension CommandTable {
    static let dbc = CommandSpec(
        name: "dbc", about: "check, import and export DBC files",
        text: [
            "lint checks DBC files: what cannot be read, signals that overlap or leave their message, multiplexing that leads nowhere, identifiers and names that are there twice, limits and texts beyond the bits, and more, each with a code, line and column. The exit code is 3 when a file has errors.",
            "import writes the messages of a DBC file as a set of frames in a plugin file, or with --bus as the section 'buses' of a scenario. A scenario can also name the DBC file itself: 'buses: {can0: {dbc: charger.dbc}}'.",
            "export writes the frames of a bus of a scenario, with those that kinds and plugins bring, as a DBC file for other tools.",
        ],
        positionals: [
            PositionalSpec(name: "ACTION", type: .words(["lint", "import", "export"]), about: "What to do."),
            PositionalSpec(name: "FILE", type: .file(["dbc", "yaml"]), about: "DBC files; for 'export' a scenario.", arity: .many),
        ], options: [.databaseOutput, .busName, .set, .json],
        examples: [
            ("evsim dbc lint scenarios/can/*.dbc", "checks files"),
            ("evsim dbc lint charger.dbc --json", "findings in the shape of the Language Server Protocol"),
            ("evsim dbc import charger.dbc -o charger.yaml", "frames for 'uses: [charger.yaml]'"),
            ("evsim dbc export depot.yaml --bus can0 -o depot.dbc", "a database of the bus for other tools"),
        ], exitCodes: [.fine, .usage, .invalidFile, .runtime], perform: DbcCommand.perform)

    static let decode = CommandSpec(
        name: "decode", about: "show the signals in a CAN log",
        text: [
            "Reads a log of candump, ASC, pcap, pcapng or BLF form frame by frame and shows the signals that a DBC file knows: a line for each frame, with --csv a line for each signal, with --json one document. Values of signals that are not in the frame, because a multiplexer says so or because the frame is too short, are left out.",
            "Frames that no database knows are counted on standard error, and so are lines of the log that cannot be read; these make the exit code 3.",
        ],
        positionals: [PositionalSpec(name: "LOG", type: .file(["log", "asc", "pcap", "pcapng", "blf"]), about: "Log; '-' is the standard input.")],
        options: [.database, .onlyMessages, .csv, .json],
        examples: [
            ("evsim decode frames.log --dbc charger.dbc", "a line for each frame"),
            ("candump -L can0 | evsim decode - --dbc charger.dbc", "what is on a bus now"),
            ("evsim decode capture.asc --dbc charger.dbc --only Status.Voltage --csv > voltage.csv", "one signal as a table"),
        ], exitCodes: [.fine, .usage, .invalidFile, .runtime], perform: DecodeCommand.perform)
}
