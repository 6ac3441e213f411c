import YAMLTree

/// One key of a section: the table behind validation, `fmt` order, schema and the reference page.
public struct KeyManifest: Sendable {
    /// Name.
    public let name: String
    /// What it takes.
    public let takes: KeyType
    /// The default as written; `nil` when there is none.
    public let defaultText: String?
    /// Whether it must be there.
    public let required: Bool
    /// One sentence.
    public let about: String

    init(_ name: String, _ takes: KeyType, default defaultText: String? = nil, required: Bool = false, _ about: String) {
        self.name = name
        self.takes = takes
        self.defaultText = defaultText
        self.required = required
        self.about = about
    }

    /// What it takes, in words.
    public var type: String { takes.words }
}

/// One section of a scenario file.
public struct Section: Sendable {
    /// Path as pages name it: `run`, `buses.NAME.frames.NAME`.
    public let path: String
    /// One sentence.
    public let about: String
    /// Keys in canonical order.
    public let keys: [KeyManifest]
}

extension Section {
    /// A section without keys of its own: what belongs to a kind stands alone in it.
    static let none = Section(path: "with", about: "", keys: [])
}

/// The one schema of scenario files: every section and key of format 1.
public enum ScenarioSchema {
    /// The file itself.
    public static let top = Section(
        path: "", about: "A scenario file.",
        keys: [
            KeyManifest("evsim", .version, required: true, "Version of the format."),
            KeyManifest("scenario", .name(dashes: true), required: true, "Name of the scenario: lower-case words joined by '-'."),
            KeyManifest("about", .text, "What the scenario shows, in a sentence or two."),
            KeyManifest("uses", .list(.plugin), default: "[]", "Plugins: paths of files, or 'evsim/NAME' for those that come with the tool."),
            KeyManifest("params", .named(.section("params.NAME", short: .value), key: "NAME"), "Values that the person running can change with --set."),
            KeyManifest("run", .section("run"), required: true, "Length, seed and start of the run."),
            KeyManifest(
                "nodes", .named(.section("nodes.NAME"), key: "NAME"), required: true, "Central systems, charge points, charger modules, vehicles, meters."),
            KeyManifest("buses", .named(.section("buses.NAME"), key: "NAME"), "CAN buses with their frames."),
            KeyManifest("links", .named(.section("links.NAME"), key: "NAME"), "The network between two nodes."),
            KeyManifest("sequences", .named(.section("sequences.NAME"), key: "NAME", dashes: true), "Steps with a name, run by 'call'."),
            KeyManifest("steps", .steps, "What happens, in order."),
            KeyManifest("detectors", .named(.section("detectors.NAME"), key: "NAME"), "What watches signals and raises alarms."),
            KeyManifest("expect", .list(.section("expect[i]", short: .formula)), "What must hold at the end; decides the exit code."),
            KeyManifest(
                "record", .list(.word(ScenarioBuilder.recordWords)), default: "[signals, labels]",
                "What is written: frames (as candump, ASC or pcapng), messages, signals, labels, and as a packet capture for Wireshark OCPP and CAN."),
            KeyManifest("plots", .list(.section("plots[i]")), "Pictures."),
            KeyManifest(
                "intended", .list(.warning), default: "[]",
                "Warnings that the file causes on purpose ([W0601]); they are not reported. Errors cannot be intended."),
        ])
    /// `run`.
    public static let run = Section(
        path: "run", about: "Length, seed and start of the run.",
        keys: [
            KeyManifest("for", .duration(allowsZero: false), required: true, "Length of the run; it covers [0, for)."),
            KeyManifest("seed", .whole(0...UInt64.max), default: "1", "Seed of every random stream."),
            KeyManifest(
                "start", .instant, default: "2000-01-01T00:00:00Z", "Date and time in UTC at which the nodes are switched on, as protocols and logs show it."),
            KeyManifest("pace", .pace, default: "fast", "Speed of simulated time: as fast as it can go, as real time, or N times as fast: '10x'."),
            KeyManifest("ready_within", .duration(allowsZero: false), default: "30s", "How long each node may take to boot."),
        ])
    /// `params.NAME`.
    public static let param = Section(
        path: "params.NAME", about: "A value, or this section.",
        keys: [
            KeyManifest("default", .value, required: true, "The value; type and unit of the parameter come from it."),
            KeyManifest("min", .value, "Least value that --set may give."),
            KeyManifest("max", .value, "Greatest value that --set may give."),
            KeyManifest("about", .text, "What it means."),
        ])
    /// `nodes.NAME`: the keys that every kind has.
    public static let node = Section(
        path: "nodes.NAME", about: "A node; every other key is a setting of its kind.",
        keys: [
            KeyManifest("is", .reference(.kind), required: true, "Kind of the node (evsim list kinds)."),
            KeyManifest("count", .whole(1...100_000), default: "1", "Number of such nodes: cp.1, cp.2, …; cp.* means all."),
        ])
    /// `buses.NAME`.
    public static let bus = Section(
        path: "buses.NAME", about: "A CAN bus.",
        keys: [
            KeyManifest("bitrate", .quantity(.dataRate), default: "500 kbit/s", "Bits per second."),
            KeyManifest("data_bitrate", .quantity(.dataRate), "Bits per second of the data phase of CAN FD; without it FD frames have one rate."),
            KeyManifest(
                "fidelity", .word(["ideal", "wire"]), default: "ideal",
                "ideal: frames arrive at once and never collide. wire: exact bit times, arbitration, errors and bus-off."),
            KeyManifest(
                "restart_after", .duration(allowsZero: true),
                "Pause before a bus-off node begins to recover, which takes 128 times 11 recessive bits; without it the node stays off. With `fidelity: wire`."),
            KeyManifest(
                "queue", .word(["priority", "fifo"]), default: "priority",
                "Which waiting frame a node sends first: the one that would win the arbitration, or the oldest. With `fidelity: wire`."),
            KeyManifest("queue_limit", .whole(1...100_000), default: "64", "Frames that may wait at a node; more are refused. With `fidelity: wire`."),
            KeyManifest(
                "error_frames", .flag, default: "false",
                "Whether errors are recorded beside the frames, in the form of SocketCAN's error frames. With `fidelity: wire`."),
            KeyManifest(
                "addresses", .named(.whole(0...253), key: "NODE"),
                "J1939 addresses of nodes: {bms: 0xF4, charger: 0x56}; frames with 'pgn' are composed from them."),
            KeyManifest(
                "attach", .text,
                "With --realtime the real bus that this one is a part of: socketcan:vcan0, socketcand://HOST:PORT/BUS, socketcand-server://HOST:PORT/BUS or udp-multicast:GROUP:PORT."
            ),
            KeyManifest("accepts", .list(.text), "What is taken from the real bus: identifiers, or ID:MASK; everything when it is not given."),
            KeyManifest(
                "sets", .list(.section("buses.NAME.sets[i]", short: .reference(.frameSet))), default: "[]",
                "Sets of frames of plugins: a name, or {is: NAME} with its settings."),
            KeyManifest("frames", .named(.section("buses.NAME.frames.NAME"), key: "NAME"), "Frames with their fields; kinds bring those that they need."),
            KeyManifest("dbc", .text, "Path of a DBC file whose messages are frames of the bus, relative to this file."),
            KeyManifest("senders", .arguments, "With `dbc`: nodes of the DBC file and who sends their messages here: {Charger: charger}."),
        ])
    /// `buses.NAME.frames.NAME`.
    public static let frame = Section(
        path: "buses.NAME.frames.NAME", about: "A CAN frame.",
        keys: [
            KeyManifest("id", .identifier, "Identifier: 11 bits, or 29 with 'extended'. It must be given unless there is a 'pgn'."),
            KeyManifest("extended", .flag, default: "false", "Whether the identifier has 29 bits."),
            KeyManifest(
                "pgn", .whole(0...0x3FFFF), "J1939: parameter group number; the 29-bit identifier is composed of it, 'priority' and the addresses of the nodes."
            ),
            KeyManifest("priority", .whole(0...7), default: "6", "J1939: priority, 0 the highest."),
            KeyManifest("from", .reference(.node), "Node that sends it."),
            KeyManifest("to", .reference(.node), "Node that a message goes to; it answers the transport protocol. Without it a J1939 message goes to all."),
            KeyManifest("source", .whole(0...254), "J1939: address of the sender, in place of that of 'from'."),
            KeyManifest("destination", .whole(0...255), "J1939: address of the receiver, in place of that of 'to'; 255 for all."),
            KeyManifest("every", .duration(allowsZero: false), "Period; without it the frame is sent when something happens."),
            KeyManifest("phase", .duration(allowsZero: true), default: "0s", "Time of the first one, counted from the start."),
            KeyManifest(
                "length", .whole(0...4095),
                "Data bytes; those that the fields need when not given. CAN FD knows 0 to 8, 12, 16, 20, 24, 32, 48 and 64; with 'transport' up to 1785 (j1939) or 4095 (isotp)."
            ),
            KeyManifest("fill", .whole(0...255), default: "0", "Value of each byte, or part of one, that belongs to no field."),
            KeyManifest("remote", .flag, default: "false", "Whether it asks for data and carries none; `length` tells how much."),
            KeyManifest(
                "fd", .flag, default: "false", "Whether it has the format of CAN FD, with up to 64 bytes; with the bus's `data_bitrate` in the data phase."),
            KeyManifest(
                "transport", .word(["isotp", "j1939"]),
                "Protocol that carries a message longer than a frame: ISO-TP (ISO 15765-2), or BAM and RTS/CTS of J1939. The message is sent as several frames."
            ),
            KeyManifest("transport_priority", .whole(0...7), "j1939: priority of the frames of the transport; that of the message when not given."),
            KeyManifest("window", .whole(1...255), default: "255", "j1939: most packets that the receiver lets come for one CTS."),
            KeyManifest("spacing", .duration(allowsZero: true), "j1939: time between packets, up to 200 ms; 50 ms to all and none to one node when not given."),
            KeyManifest("answers", .identifier, "isotp: identifier of the receiver's flow controls."),
            KeyManifest("block_size", .whole(0...255), default: "0", "isotp: consecutive frames between two flow controls, 0 for all."),
            KeyManifest("separation", .duration(allowsZero: true), default: "0s", "isotp: least time between consecutive frames (STmin), up to 127 ms."),
            KeyManifest("padding", .whole(0...255), "isotp: value of the bytes that fill frames up to eight; without it frames are as short as they can be."),
            KeyManifest("frame_length", .whole(8...64), default: "64", "isotp with CAN FD: longest data frame (TX_DL): 8, 12, 16, 20, 24, 32, 48 or 64."),
            KeyManifest("address", .whole(0...255), "isotp: address byte at the beginning of each data frame (extended addressing)."),
            KeyManifest("answer_address", .whole(0...255), "isotp: address byte at the beginning of each flow control."),
            KeyManifest(
                "data", .named(.section("buses.NAME.frames.NAME.data.NAME", short: .layout), key: "FIELD"),
                "Fields, in the short form ('u16 A') or the long one."),
            KeyManifest(
                "match", .arguments,
                "Fields with a fixed value, {command: 0x23}: frames of one identifier are told apart by it, and it is sent with each."),
        ])
    /// A field in its long form.
    public static let field = Section(
        path: "buses.NAME.frames.NAME.data.NAME", about: "A field of a frame.",
        keys: [
            KeyManifest("at", .whole(0...32_759), required: true, "Start bit, numbered as in DBC files."),
            KeyManifest("bits", .whole(1...64), required: true, "Number of bits."),
            KeyManifest("scale", .number, default: "1", "Value of one step: value = raw x scale + offset."),
            KeyManifest("offset", .number, default: "0", "Value of raw 0."),
            KeyManifest("unit", .unit, "Unit of the value."),
            KeyManifest("signed", .flag, default: "false", "Two's complement."),
            KeyManifest("order", .word(["intel", "motorola"]), default: "intel", "Byte order."),
            KeyManifest("float", .flag, default: "false", "An IEEE 754 number of 32 or 64 bits."),
            KeyManifest(
                "range", .word(FieldDeclaration.Range.allCases.map(\.rawValue)), default: "saturate",
                "What a value that does not fit becomes: the nearest one, the one that its low bits give, or the nearest one with a warning of the run."),
            KeyManifest(
                "computed", .word(ComputedField.allCases.map(\.rawValue)),
                "What the sender works out by itself: a counter, or a checksum over all other bytes of the frame."),
            KeyManifest("mux", .arguments, "The field is there only when another field has these raw values: {page: 1} or {page: [0, 3-7]}."),
            KeyManifest("values", .arguments, "Words for raw values, {0: Idle, 1: Charging}; of up to 8 bits without scale the signal then is one of words."),
        ])
    /// `links.NAME`.
    public static let link = Section(
        path: "links.NAME", about: "The network between two nodes.",
        keys: [
            KeyManifest("between", .list(.reference(.node), count: 2...2), required: true, "The two ends."),
            KeyManifest("latency", .time, default: "0s", "Time that each message takes, each way; a formula is drawn for each message."),
            KeyManifest("jitter", .duration(allowsZero: true), default: "0s", "Greatest random addition, drawn per message; the order is kept."),
            KeyManifest("bandwidth", .quantity(.dataRate), "Bits that pass per second, each way: a slow network, or a reader that is slow to read."),
            KeyManifest("loss", .quantity(.none), default: "0%", "Share of messages that never arrive."),
            KeyManifest("duplicate", .quantity(.none), default: "0%", "Share of messages that arrive twice."),
            KeyManifest("reorder", .quantity(.none), default: "0%", "Share of messages that later ones overtake."),
            KeyManifest("disconnect", .quantity(.frequency), "How often the connection is lost on average: '2 /h'."),
            KeyManifest("for", .time, default: "10s", "How long no new connection gets through after a 'disconnect'."),
            KeyManifest("faults", .list(.section("links.NAME.faults[i]")), default: "[]", "Faults with a direction, actions and times of their own."),
        ])
    /// `links.NAME.faults[i]`.
    public static let linkFault = Section(
        path: "links.NAME.faults[i]", about: "One fault of a network: what it does, to which messages, and when.",
        keys: [
            KeyManifest("loss", .quantity(.none), "Share of messages that never arrive."),
            KeyManifest("duplicate", .quantity(.none), "Share of messages that arrive twice."),
            KeyManifest("reorder", .quantity(.none), "Share of messages that later ones overtake."),
            KeyManifest("delay", .time, "Time that messages take in addition."),
            KeyManifest("disconnect", .quantity(.frequency), "How often the connection is lost on average: '2 /h'."),
            KeyManifest("chance", .quantity(.none), default: "100%", "Share of messages that 'delay' meets."),
            KeyManifest("for", .time, default: "10s", "How long no new connection gets through after a 'disconnect'."),
            KeyManifest("silent", .flag, default: "false", "Whether both ends believe in the connection until 'for' is over: a pulled cable."),
            KeyManifest("direction", .word(["both", "to-csms", "to-charge-point"]), default: "both", "Direction of the messages."),
            KeyManifest("only", .word(["both", "calls", "answers"]), default: "both", "Whether calls or their answers are meant."),
            KeyManifest("actions", .list(.message), default: "[]", "Actions of the messages, with their answers; all when not given."),
            KeyManifest("from", .duration(allowsZero: true), default: "0s", "When it begins, counted from the start of the run."),
            KeyManifest("until", .duration(allowsZero: false), "When it ends; the end of the run when not given."),
            KeyManifest("when", .formula, "Condition that must hold; asked for each message."),
        ])
    /// `sequences.NAME`.
    public static let sequence = Section(
        path: "sequences.NAME", about: "Steps with a name.",
        keys: [
            KeyManifest("about", .text, "What it does."),
            KeyManifest("needs", .list(.name(dashes: false)), default: "[]", "Arguments that a call must give."),
            KeyManifest("settings", .named(.section("settings.NAME"), key: "NAME"), "Arguments with a type, a default and bounds."),
            KeyManifest("steps", .steps, required: true, "The steps."),
        ])
    /// A label in its long form.
    public static let label = Section(
        path: "steps[i].label", about: "Ground truth: a name, or this section.",
        keys: [
            KeyManifest("kind", .name(dashes: true), required: true, "Kind of the anomaly: POWER_ANOMALY, my-fault."),
            KeyManifest("severity", .word(ScenarioSchema.severities), default: "medium", "How bad it is."),
            KeyManifest("for", .duration(allowsZero: true), default: "0s", "Time past the end of the step."),
        ])
    /// Keys of all detectors.
    public static let detector = Section(
        path: "detectors.NAME", about: "A detector; every other key is a setting of its kind.",
        keys: [
            KeyManifest("is", .reference(.detectorKind), required: true, "Kind of the detector (evsim list detectors)."),
            KeyManifest("severity", .word(ScenarioSchema.severities), default: "medium", "Severity of its alarms."),
            KeyManifest("lasting", .duration(allowsZero: true), default: "0s", "How long the condition must hold before the alarm."),
            KeyManifest("clear", .level, "Level at which an alarm ends (hysteresis)."),
            KeyManifest("keep", .duration(allowsZero: true), default: "0s", "How long an alarm is kept after the condition ended."),
            KeyManifest("rest", .duration(allowsZero: true), default: "0s", "Least time between two alarms."),
            KeyManifest("warmup", .duration(allowsZero: true), default: "0s", "Time at the start without alarms."),
            KeyManifest("only_when", .formula, "The detector works only while this is true."),
            KeyManifest(
                "warmup_after_gap", .duration(allowsZero: true),
                "Time without alarms after a gap, which is ten times the mean time between values and 10 s at least; by default none."),
            KeyManifest(
                "breakthrough", .number, "A score above so many times the peak of the last alarm does not wait for 'rest'; by default all scores wait."),
            KeyManifest("suppress", .list(.reference(.detector)), "While an alarm of one of these detectors is on, those of this one are recorded only."),
            KeyManifest("severity_map", .section("detectors.NAME.severity_map"), "Severity by the peak score of an alarm, instead of 'severity'."),
            KeyManifest("escalate_after", .duration(allowsZero: true), "An alarm that lasts longer is one level more severe."),
            KeyManifest("corroborate", .section("detectors.NAME.corroborate"), "Alarms that others confirm are more severe."),
            KeyManifest("flap", .section("detectors.NAME.flap"), "More alarms than that are one alarm that flaps."),
            KeyManifest(
                "stale_after", .duration(allowsZero: false),
                "An alarm whose signal brings no value for so long is noted as stale; by default, for a sampled signal, three periods and 10 s at least."),
            KeyManifest("patterns", .section("detectors.NAME.patterns"), "The shapes of alarms are remembered and compared."),
        ])
    /// `severity_map` of a detector.
    public static let severityMap = Section(
        path: "detectors.NAME.severity_map", about: "The least peak score of each severity; a score below all of them is informational.",
        keys: severities.map { KeyManifest($0, .number, "From this peak score on an alarm is \($0).") })
    /// `flap` of a detector.
    public static let flap = Section(
        path: "detectors.NAME.flap", about: "When many alarms become one.",
        keys: [
            KeyManifest("count", .whole(1...10_000), default: "6", "So many alarms are told one by one."),
            KeyManifest("within", .duration(allowsZero: false), default: "600s", "The time in which they are counted."),
        ])
    /// `corroborate` of a detector.
    public static let corroborate = Section(
        path: "detectors.NAME.corroborate", about: "Which other detectors make an alarm more severe.",
        keys: [
            KeyManifest("by", .list(.reference(.detector)), required: true, "The other detectors."),
            KeyManifest("at_least", .whole(1...1000), default: "2", "So many of them raise the severity by one level."),
            KeyManifest("within", .duration(allowsZero: true), default: "5s", "How far apart in time the alarms may be."),
        ])
    /// `patterns` of a detector.
    public static let patterns = Section(
        path: "detectors.NAME.patterns", about: "How the shapes of alarms are remembered.",
        keys: [
            KeyManifest("segments", .whole(2...1024), default: "16", "Pieces of equal length whose means make the shape."),
            KeyManifest("max_distance", .number, default: "0.35", "Shapes at most this far apart are the same."),
            KeyManifest("capacity", .whole(1...65536), default: "1024", "Shapes that are kept; the one not seen for longest makes room."),
            KeyManifest("before", .duration(allowsZero: true), default: "10s", "How much of the signal before the onset belongs to the shape."),
            KeyManifest("benign", .list(.whole(1...1_000_000)), default: "[]", "Numbers of shapes that are harmless: their alarms are recorded only."),
        ])
    /// `expect[i]` in its long form.
    public static let expectation = Section(
        path: "expect[i]", about: "A formula, or this section with one of 'that', 'exchange' and 'never'.",
        keys: [
            KeyManifest("that", .formula, "What must hold at the end."),
            KeyManifest("exchange", .list(.section("expect[i].exchange[i]")), "Messages that must come in this order; others may stand between them."),
            KeyManifest("never", .section("expect[i].never"), "A message that must not come."),
            KeyManifest(
                "strictly", .flag, default: "false",
                "Whether no other message of the actions that the exchange names may come between its messages."),
            KeyManifest("because", .text, "Why; shown when it does not hold."),
        ])
    /// What a message is known by.
    private static let patternKeys = [
        KeyManifest("call", .message, "A CALL of this action."),
        KeyManifest("result", .message, "The CALLRESULT of a call of this action."),
        KeyManifest("error", .message, "The CALLERROR of a call of this action."),
        KeyManifest("from", .target, "Who sends it."),
        KeyManifest("to", .target, "Who receives it."),
        KeyManifest("with", .fields, "Fields by their official names, with a value or a condition: {meterStop: {at_least: 1}}. The message may have others."),
        KeyManifest("code", .text, "Code of the CALLERROR."),
    ]
    /// `expect[i].exchange[i]`.
    public static let exchangeElement = Section(
        path: "expect[i].exchange[i]", about: "A message of an exchange: one of 'call', 'result' and 'error', or 'never' for one that must not come here.",
        keys: patternKeys + [
            KeyManifest("times", .whole(1...1_000_000), default: "1", "How many of them in a row."),
            KeyManifest("after", .duration(allowsZero: true), "Least time since the message before, or since t = 0."),
            KeyManifest("within", .duration(allowsZero: true), "Greatest time since the message before, or since t = 0."),
            KeyManifest(
                "keep", .named(.text, key: "NAME"), "Names for values of its fields, which later messages can ask for: {tx: transactionId}, then {same: tx}."),
            KeyManifest("never", .section("expect[i].never"), "Alone: no such message between the one before and the one behind."),
        ])
    /// `expect[i].never`.
    public static let pattern = Section(
        path: "expect[i].never", about: "A message: one of 'call', 'result' and 'error' with what it is known by.", keys: patternKeys)
    /// `plots[i]`.
    public static let plot = Section(
        path: "plots[i]", about: "A picture.",
        keys: [
            KeyManifest("title", .text, required: true, "Title; also names the file."),
            KeyManifest(
                "lines", .lines,
                "Signals of different dimensions get panels of their own; a list inside the list is a panel. 'cp.*.power' draws one line a node."),
            KeyManifest(
                "latencies", .list(.reference(.messages)),
                "In place of 'lines': how long answers took, a row for each action: ocpp.Heartbeat, cp1.ocpp.Heartbeat, or ocpp.* for all that were answered."),
            KeyManifest(
                "scores", .word(PlotDeclaration.Scores.allCases.map(\.rawValue)),
                "In place of 'lines': what detectors made of the run. 'timeline' draws truth and alarms below each other, 'latency' how long detectors took."),
            KeyManifest(
                "marks", .list(.reference(.labels)), default: "[]", "'labels' and names of detectors, drawn as bands; for 'scores' the detectors shown."),
            KeyManifest("window", .duration(allowsZero: false), "Only the last part of the run."),
            KeyManifest("size", .size, default: "1200x600", "Size in pixels."),
            KeyManifest("scale", .whole(1...2), default: "1", "2 doubles the pixels, for print."),
            KeyManifest("theme", .word(["light", "dark"]), default: "light", "Colours."),
        ])

    /// `buses.NAME.sets[i]` in its long form.
    public static let useOfSet = Section(
        path: "buses.NAME.sets[i]", about: "A set of frames of a plugin; every other key is a setting of the set.",
        keys: [KeyManifest("is", .reference(.frameSet), required: true, "Name of the set.")])

    /// A reply in its long form.
    public static let reply = Section(
        path: "nodes.NAME.replies.MESSAGE[i]",
        about: "How calls are answered: one of answer, with, payload, error and malformed, and to which calls it applies.",
        keys: [
            KeyManifest("answer", .word(ReplyDeclaration.words), "The node's own answer, one that says yes or no, none, or the end of the connection."),
            KeyManifest("with", .fields, "Fields of the answer by their official names, in place of the node's own."),
            KeyManifest("payload", .text, "JSON text that is sent as the payload of the answer as it stands, valid or not."),
            KeyManifest(
                "error", .section("nodes.NAME.replies.MESSAGE[i].error", short: .word(ReplyDeclaration.errorCodes)),
                "Code of a CALLERROR; the call is not processed."),
            KeyManifest("malformed", .word(ReplyDeclaration.malformations), "An answer that is broken in this way."),
            KeyManifest("delay", .duration(allowsZero: true), default: "0s", "How long the answer waits."),
            KeyManifest("times", .whole(1...1_000_000_000), "How many calls it answers; one when another reply follows in the list, else all."),
            KeyManifest("from_call", .whole(1...1_000_000_000), "First call that it answers, counted for each caller from 1."),
            KeyManifest("for", .target, "Nodes whose calls it answers; all of them when not given."),
            KeyManifest("chance", .number, default: "100%", "How likely it answers a call; else the node answers by itself."),
        ])
    /// The error of a reply in its long form.
    public static let replyError = Section(
        path: "nodes.NAME.replies.MESSAGE[i].error", about: "A CALLERROR, or only its code.",
        keys: [
            KeyManifest("code", .word(ReplyDeclaration.errorCodes), required: true, "Code, in the spelling of OCPP 1.6 or of later versions."),
            KeyManifest("description", .text, "Words for a person."),
            KeyManifest("details", .fields, default: "{}", "Any object."),
        ])

    /// Words for how bad an anomaly or an alarm is.
    public static let severities = ["low", "medium", "high", "critical"]

    /// Words that mean something else and cannot be names, in any case.
    public static let reservedNames = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "and", "or", "not", "ocpp", "if"]

    /// Every section, in the order of the reference page.
    public static let all = [
        top, param, run, node, bus, useOfSet, frame, field, link, linkFault, sequence, label, detector, severityMap, flap, corroborate, patterns,
        expectation, exchangeElement, pattern, plot, reply,
        replyError,
    ]
}

/// A mapping read against its section: unknown keys are reported, values are fetched by name.
struct SectionReader {
    let node: YAMLNode
    private let entries: [YAMLNode.Entry]

    /// `nil` when the node is no mapping; keys outside the section are errors. `example` shows what the mapping would be.
    /// `allowsOthers` lets keys pass that somebody else reads.
    init?(_ reading: Reading, _ node: YAMLNode, _ section: Section, _ what: String, example: String? = nil, allowsOthers: Bool = false) {
        guard let entries = reading.mapping(node, what, example: example) else { return nil }
        self.node = node
        self.entries = entries
        let known = section.keys.map(\.name)
        let hasCut = entries.contains { SectionReader.isCut($0.value) }
        for entry in entries where !allowsOthers && !hasCut {
            if let later = ScenarioSchema.laterKeys.first(where: { $0.path == section.path })?.keys, later.contains(entry.name) {
                reading.error(.laterFormat, entry.key.span, "this build does not know '\(entry.name)' yet", label: "the key belongs to a later version")
                continue
            }
            if known.contains(entry.name) || section.path.isEmpty && ScenarioSchema.later.contains(where: { $0.key == entry.name }) { continue }
            reading.error(
                .unknownKey, entry.key.span, "unknown key \(Diagnostic.quoted(entry.name))",
                label: reading.cutText(entry) ?? reading.suggestion(entry.name, known)
                    ?? (known.count <= 14 ? "known here: \(known.joined(separator: ", "))" : nil))
        }
        for key in section.keys where key.required && !entries.contains(where: { $0.name == key.name }) {
            reading.error(.missingKey, node.span, "\(what) needs the key '\(key.name)'", label: key.about)
        }
    }

    subscript(_ key: String) -> YAMLNode? { entries.first { $0.name == key }?.value }
    func key(_ key: String) -> YAMLNode? { entries.first { $0.name == key }?.key }
}

extension ScenarioSchema {
    /// Keys inside sections that this build does not run yet.
    static let laterKeys: [(path: String, keys: [String])] = [
        ("plots[i]", ["grid", "by", "bands"]),
        ("detectors.NAME", ["learn"]),
    ]
    /// Keys of the language that this build does not run yet.
    static let later: [(key: String, what: String)] = [
        ("sweep", "sweeps"), ("pack", "packs"), ("lock", "lock files"),
    ]
}
