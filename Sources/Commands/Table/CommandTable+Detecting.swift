extension CommandTable {
    static let detect = CommandSpec(
        name: "detect", about: "run detectors on tables, CAN logs and OCPP logs from outside",
        text: [
            "Plays DATA through the same engine as a scenario, with its times, and lets detectors look at it: a CSV table (each column is a signal, such as data.voltage; a table with the columns id and data, or id and data bytes, is a bus can0), a CAN log (candump, ASC, BLF, pcap, pcapng: the bus can0) or a log of OCPP messages (messages.jsonl of a run, or lines 'TIME up|down [2,\"id\",…]'). Rows are read while the run goes on, so a file can be of any length.",
            "--with names a file with the section 'detectors' of a scenario, or one kind of detector by name, which then watches all of the data: --with can-ids. Times are counted from the first row.",
            "--labels gives the ground truth: a table with the columns start, end and kind, or with a column 'label' that flags each row, or combined_windows.json of NAB; without it, a column 'label' of the data itself is taken. Then each detector is scored as in a run. Labels are on the clock of the data.",
            "--train plays another file first, which detectors learn and which is not scored; --learn-until does so with the beginning of the data. Settings 'learn_for' that the detectors do not give are set to that time.",
            "The directory holds report.json, report.md, alarms.csv and labels.csv, and with --scores a row for each sample of each detector.",
        ],
        positionals: [
            PositionalSpec(
                name: "DATA", type: .file(["csv", "tsv", "log", "asc", "blf", "pcap", "pcapng", "jsonl"]), about: "Files to look at, one after the other.",
                arity: .many)
        ],
        options: [
            .withDetectors, .labelFile, .trainFile, .splitAt, .learnUntil, .columnUnit, .timeColumn, .timeFormat, .rowPeriod, .labelColumn, .detectExpect,
            .scoresFile,
            .flowsFile, .database, .directory, .set, .quiet, .json,
        ],
        examples: [
            ("evsim detect charging.csv --with detectors.yaml --labels labels.csv", "a table, scored"),
            ("evsim detect attack.log --train normal.log --with can-ids", "a CAN log, after learning another one"),
            ("evsim detect messages.jsonl --with ocpp-ids --expect '=count(ocpp_ids) == 0'", "exit code 1 when there is an alarm"),
            ("evsim detect nyc_taxi.csv --with d.yaml --labels combined_windows.json --scores out.csv", "a file of NAB"),
        ], exitCodes: [.fine, .expectationFailed, .usage, .invalidFile, .runtime, .interrupted, .terminated], perform: DetectCommand.perform)

    static let score = CommandSpec(
        name: "score", about: "score alarms or scores that were made elsewhere against labels",
        text: [
            "--alarms is a table with the columns start and end (an empty end: until the end), and detector if there are several. --labels is a table with start, end and kind. Both are on the same clock; --end says how long it was looked, else the last time in the tables counts.",
            "--rows is a table with a column 'score', one row for each sample, with 'label' or with a time and --labels, and 'detector' if there are several. A row is predicted when its score is at least the --threshold, or when its column 'alarm' says so.",
            "--nab takes result files of the Numenta Anomaly Benchmark (timestamp, value, anomaly_score, label) as one corpus, and gives the score of the three profiles with the one threshold that is best for all files. Windows come from the column 'label', or from --labels combined_windows.json.",
        ],
        positionals: [],
        options: [
            .alarmFile, .labelFile, .rowsFile, .nabFiles, .threshold, .buffer, .endTime, .json,
        ],
        examples: [
            ("evsim score --alarms runs/detectors-5/alarms.csv --labels runs/detectors-5/labels.csv --end 20min", "a run, once more"),
            ("evsim score --rows scores.csv --threshold 0.8 --json", "by rows, for other programs"),
            ("evsim score --nab results/taxi.csv --nab results/cpu.csv --labels combined_windows.json", "two files of NAB"),
        ], exitCodes: [.fine, .usage, .invalidFile, .runtime], perform: ScoreCommand.perform)

    static let bench = CommandSpec(
        name: "bench", about: "measure this machine, or score detectors over many scenarios",
        text: [
            "Alone it simulates the reference cycle in memory and measures simulated seconds, and events, per second of processor time; the best of three runs counts.",
            "'bench detectors' runs scenarios with several seeds and prints, for each detector and kind of label, recall, precision and F1 by events, VUS-PR by rows, the latency, and the false alarms an hour. Without scenarios it takes those below scenarios/attacks, scenarios/faults and scenarios/benign. Figures of several runs are those of all their labels and alarms together; VUS-PR is the mean of the runs that have the label.",
        ],
        positionals: [
            PositionalSpec(name: "WHAT", type: .words(["detectors"]), about: "What to score; without it, the machine is measured.", arity: .optional),
            PositionalSpec(name: "SCENARIO", type: .scenario, about: "Scenario files, and directories with such.", arity: .any),
        ], options: [.seedCount, .jobs, .matrixFile, .theme, .pictureScale, .byScenario, .json],
        examples: [
            ("evsim bench", "how fast this machine is"),
            ("evsim bench detectors --seeds 3 -j 4 --plot matrix.png", "the shipped attacks, faults and benign scenarios"),
            ("evsim bench detectors my.yaml --seeds 20 --json", "one scenario, for other programs"),
        ], exitCodes: [.fine, .usage, .invalidFile, .runtime, .interrupted, .terminated], perform: BenchCommand.perform)
}
