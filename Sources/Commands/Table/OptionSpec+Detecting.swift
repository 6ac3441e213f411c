import Engine

extension OptionSpec {
    static let withDetectors = OptionSpec(
        name: "with", valueName: "FILE", type: .file(["yaml"]),
        about: "File with detectors, or the name of a kind of detector that watches all of the data; once for each.", repeats: true)
    static let labelFile = OptionSpec(
        name: "labels", valueName: "FILE", type: .file(["csv", "json"]), about: "Ground truth: start, end, kind; or a flag for each row; or windows of NAB.")
    static let trainFile = OptionSpec(
        name: "train", valueName: "FILE", type: .file(["csv", "log", "asc", "blf", "pcap", "pcapng", "jsonl"]),
        about: "Plays this file first, to be learnt; its alarms do not count. Once for each.", repeats: true)
    static let splitAt = OptionSpec(
        name: "split", valueName: "TIME|SHARE|ROWS",
        about:
            "Learns the data up to there and judges the rest: 60s, 30%, 5000. With --train it learns that file up to there, and judges the data from there on.",
        defaultText: "what the names of files of UCR and TSB-AD say; 'none' for nothing")
    static let learnUntil = OptionSpec(
        name: "learn-until", valueName: "TIME", about: "Time from the first row that is learnt and not scored, such as 60s.")
    static let columnUnit = OptionSpec(
        name: "unit", valueName: "COLUMN=UNIT", type: .assignment,
        about: "Unit of a column, such as current=A; without it the name may end in one: current_A, current [A].", repeats: true)
    static let timeColumn = OptionSpec(
        name: "time", valueName: "COLUMN", about: "Column of the time.", defaultText: "time, timestamp, date, t, …, else rows are --every apart")
    static let timeFormat = OptionSpec(
        name: "time-format", valueName: "FORMAT", type: .words(TableTime.allCases.map(\.rawValue)), about: "How times are written.",
        defaultText: "what the name and the first value say")
    static let rowPeriod = OptionSpec(name: "every", valueName: "TIME", about: "Time between rows of a table without times.", defaultText: "1s")
    static let labelColumn = OptionSpec(
        name: "label-column", valueName: "COLUMN", about: "Column of the data that flags rows; 'none' takes none.", defaultText: "label, is_anomaly, …")
    static let detectExpect = OptionSpec(
        name: "expect", valueName: "FORMULA", about: "Expectation as in a scenario, such as '=recall(spikes) >= 0.9'; exit code 1 when it does not hold.",
        repeats: true)
    static let scoresFile = OptionSpec(
        name: "scores", valueName: "FILE", type: .file(["csv"]),
        about: "Writes a row for each sample of each detector: time, detector, score, alarm, label, number of the row, identifier.")
    static let flowsFile = OptionSpec(
        name: "flows", valueName: "FILE", type: .file(["csv"]),
        about: "Writes features of the flows in a log of OCPP messages, with the columns of the public data set of OCPP 1.6 attacks.")
    static let alarmFile = OptionSpec(
        name: "alarms", valueName: "FILE", type: .file(["csv"]), about: "Alarms: start, end, and detector if there are several.")
    static let rowsFile = OptionSpec(
        name: "rows", valueName: "FILE", type: .file(["csv"]), about: "Scores by rows: score, and label or a time, and detector if there are several.")
    static let nabFiles = OptionSpec(
        name: "nab", valueName: "FILE", type: .file(["csv"]), about: "Result file of NAB; once for each file of the corpus.", repeats: true)
    static let threshold = OptionSpec(
        name: "threshold", valueName: "X", about: "The least score that is anomalous.", defaultText: "1; with --nab the best one")
    static let buffer = OptionSpec(
        name: "buffer", valueName: "ROWS", type: .number(0...100_000), about: "Greatest buffer around windows for VUS.",
        defaultText: "the median length of the windows, at most a hundredth of the rows")
    static let endTime = OptionSpec(
        name: "end", valueName: "TIME", about: "How long it was looked, on the clock of the tables.", defaultText: "the last time in the tables")
    static let seedCount = OptionSpec(
        name: "seeds", valueName: "N", type: .number(1...10_000), about: "Seeds of each scenario: its own and those behind it.", defaultText: "1")
    static let jobs = OptionSpec(
        name: "jobs", short: "j", valueName: "N", type: .number(1...256), about: "Runs at a time.", defaultText: "the processors of this machine")
    static let matrixFile = OptionSpec(
        name: "plot", valueName: "FILE", type: .file(["png"]), about: "Draws the table as a picture.")
    static let byScenario = OptionSpec(name: "by-scenario", about: "Also shows each scenario by itself.")
}
