extension OptionSpec {
    static let databaseOutput = OptionSpec(
        name: "output", short: "o", valueName: "FILE", type: .file(["dbc", "yaml"]), about: "Writes to this file instead of standard output.")
    static let busName = OptionSpec(
        name: "bus", valueName: "NAME", about: "Export: the bus to write. Import: writes a section 'buses' with a bus of this name instead of a plugin.")
    static let database = OptionSpec(
        name: "dbc", valueName: "FILE", type: .file(["dbc"]), about: "Database with the messages; once for each file, the first one that knows a frame counts.",
        repeats: true)
    static let csv = OptionSpec(name: "csv", about: "Writes CSV: a line for each signal of each frame.")
    static let onlyMessages = OptionSpec(
        name: "only", valueName: "NAME", about: "Shows this message only, or this signal: Status, Status.Voltage; once for each.", repeats: true)
}
