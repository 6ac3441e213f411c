/// The attacks that are built in: the only source of their checks, pages, schema and completion.
public enum BuiltInAttacks {
    /// Every built-in attack, in the order of its page.
    public static let all: [AttackManifest] = [
        inject, fuzz, delay, duplicate, modify, spoof, replay, flood, jitter, confuse, overdraw, drop, reorder,
    ]

    /// Their names.
    public static let names = all.map(\.name)

    /// The place of an attack.
    public static func index(_ name: String) -> Int? { all.firstIndex { $0.name == name } }

    // MARK: Settings that several have

    private static func chance(
        _ defaults: [String] = ["10%", "25%", "50%", "100%"], links: AttackLinks = [.can, .ocpp, .signal], about: String = "Share of the units that it meets."
    )
        -> AttackSetting
    {
        AttackSetting("chance", .plain(.percent), links, defaults, least: "0%", greatest: "100%", about: about)
    }

    private static func every(_ defaults: [String], messages: [String]? = nil, links: AttackLinks = [.can, .ocpp]) -> AttackSetting {
        AttackSetting(
            "every", .plain(.duration), links, defaults, messages: messages, least: "1us", excludes: ["rate"], about: "Time from one unit to the next.")
    }

    private static func rate(_ links: AttackLinks = [.can, .ocpp]) -> AttackSetting {
        AttackSetting(
            "rate", .plain(.quantity(.frequency)), links, least: "1e-6 Hz", greatest: "1000000 Hz", excludes: ["every"],
            about: "Units per time, in place of 'every'.")
    }

    private static func count(_ links: AttackLinks = [.can, .ocpp]) -> AttackSetting {
        AttackSetting("count", .plain(.count), links, least: "1", about: "The attack is over after so many units.")
    }

    private static let only = AttackSetting(
        "only", .only, [.can, .ocpp], about: "Identifiers of frames, names of declared frames, or actions that it is confined to.")
    private static let direction = AttackSetting(
        "direction", .plain(.oneOf(["up", "down", "both"])), .ocpp, ["both"], about: "up: to the central system. down: to the charge point.")
    private static let sentTo = AttackSetting(
        "direction", .plain(.oneOf(["up", "down"])), .ocpp,
        about: "up: to the central system. down: to the charge point. The sender of the message when not given.")
    private static let set = AttackSetting(
        "set", .changes(asNumbers: false), [.can, .ocpp, .signal], about: "Values that take the place of the real ones; on a signal one value.")
    private static let id = AttackSetting("id", .identifier, .can, about: "Identifier of its frames, on a bus.")
    private static let extended = AttackSetting("extended", .plain(.flag), .can, ["false"], about: "Whether the identifier has 29 bits.")
    private static let fd = AttackSetting("fd", .plain(.flag), .can, ["false"], about: "Whether its frames have the format of CAN FD.")
    private static let data = AttackSetting("data", .bytes, .can, about: "Data of its frames in hexadecimal: `D2 04`.")
    private static let legal = AttackSetting(
        "legal", .plain(.flag), .can, ["true"], about: "Whether changed fields keep to the limits that the file or the database gives.")
    private static let repair = AttackSetting(
        "repair", .plain(.flag), .can, ["false"],
        about: "Whether fields that the frame declares as `computed` are right again: checksums, and counters of frames that it makes itself.")
    private static let message = AttackSetting(
        "message", .message, .ocpp, about: "The message that is sent: `{action: StopTransaction, with: {transactionId: 1}}`.")

    // MARK: Attacks

    private static let inject = AttackManifest(
        name: "inject", kind: "CAN_INJECTION", severity: .high, links: [.can, .ocpp],
        settings: [
            every(["1s", "100ms", "10ms", "2ms"], messages: ["10s", "1s", "100ms", "20ms"]), rate(), count(),
            AttackSetting("set", .changes(asNumbers: false), .can, about: "Fields of the declared frame; those not given are as last seen on the bus."), repair,
            id,
            extended, fd, data,
            message, AttackSetting("payload", .plain(.text), .ocpp, about: "Text that is sent as it stands, valid or not."), sentTo,
        ],
        needs: [(.ocpp, ["message", "payload"])],
        about: "Sends units of its own beside the real ones.",
        examples: [
            "{attack: inject, against: can0.limit, by: intruder, for: 10s, with: {every: 10ms, set: {limit: 80 A}}}",
            "{attack: inject, against: can0, for: 10s, with: {id: 0x7FF, data: DE AD, rate: 20 Hz}}",
            "{attack: inject, against: cp1, with: {count: 1, message: {action: Reset, with: {type: Hard}}}}",
        ])

    private static let fuzz = AttackManifest(
        name: "fuzz", kind: "CAN_FUZZING", severity: .high, links: [.can, .ocpp],
        settings: [
            AttackSetting(
                "what", .plain(.oneOf(["id", "payload", "both", "fields", "grammar", "raw"])), [.can, .ocpp], ["fields"], messages: ["grammar"],
                about:
                    "CAN: random identifiers, data, both, or values of declared fields within and beyond their range. OCPP: messages by their grammar, or raw text."
            ),
            every(["100ms", "10ms", "1ms", "500us"], messages: ["10s", "1s", "100ms", "20ms"]), rate(), count(),
            AttackSetting("in_place", .plain(.flag), [.can, .ocpp], ["false"], about: "Whether it changes real units and adds none."),
            chance(links: [.can, .ocpp], about: "Share of the real units that it changes with 'in_place'."), repair, only, direction,
            AttackSetting("payload", .plain(.texts(allowed: [])), .ocpp, about: "Messages that are sent as they stand, in place of drawn ones."),
            AttackSetting(
                "save_failing", .plain(.text), [.can, .ocpp],
                about:
                    "Directory for scenarios with the units that make the run fail, made as small as they can be; that of the run when not given."),
        ],
        needs: [], about: "Sends random units: drawn from the seed, and by the declared fields or the grammar of messages.",
        examples: [
            "{attack: fuzz, against: can0, for: 5s, with: {what: both, every: 1ms}}",
            "{attack: fuzz, against: can0.limit, for: 5s, with: {what: fields, in_place: true, chance: 20%}}",
            "{attack: fuzz, against: cp1, for: 1min, with: {what: grammar, every: 500ms}}",
        ])

    private static let delay = AttackManifest(
        name: "delay", kind: "MESSAGE_DELAY", severity: .low, links: [.can, .ocpp, .signal],
        settings: [
            AttackSetting(
                "delay", .plain(.duration), [.can, .ocpp, .signal], ["50ms", "200ms", "500ms", "2s"], messages: ["200ms", "1s", "2s", "5s"],
                about: "Time that units are held."),
            AttackSetting(
                "jitter", .plain(.duration), [.can, .ocpp, .signal], ["0s"], about: "Greatest random addition, drawn for each unit; the order is kept."),
            chance(["100%"]),
            only, direction,
        ],
        needs: [], about: "Holds units and lets them go later, in their order.",
        examples: [
            "{attack: delay, against: can0.current, for: 10s, with: {delay: 500ms}}",
            "{attack: delay, against: ocpp.MeterValues, for: 5min, with: {delay: 3s}}",
        ])

    private static let duplicate = AttackManifest(
        name: "duplicate", kind: "MESSAGE_DUPLICATION", severity: .medium, links: [.can, .ocpp],
        settings: [
            AttackSetting("copies", .plain(.count), [.can, .ocpp], ["1", "1", "2", "5"], least: "1", greatest: "1000", about: "Copies of a unit."),
            AttackSetting("after", .plain(.duration), [.can, .ocpp], ["10ms"], about: "Time from a unit, or from its last copy, to the next copy."),
            chance(links: [.can, .ocpp]), only,
            direction,
        ],
        needs: [], about: "Sends units again.",
        examples: [
            "{attack: duplicate, against: can0.current, for: 10s, with: {copies: 2, after: 5ms}}",
            "{attack: duplicate, against: cp1.ocpp.MeterValues, for: 5min}",
        ])

    private static let modify = AttackManifest(
        name: "modify", kind: "MESSAGE_MODIFICATION", severity: .medium, links: [.can, .ocpp, .signal],
        settings: [
            chance(["25%", "50%", "100%", "100%"]), set,
            AttackSetting("add", .changes(asNumbers: false), [.can, .ocpp, .signal], about: "What is added to the real values."),
            AttackSetting("scale", .changes(asNumbers: true), [.can, .ocpp, .signal], about: "What the real values are multiplied by."),
            AttackSetting("freeze", .fields, [.can, .ocpp, .signal], about: "Fields that keep the value that they had when the attack began."),
            AttackSetting("flip", .bits, .can, about: "Bits of the data that are inverted."),
            AttackSetting(
                "bits", .plain(.count), [.can, .ocpp], least: "1", greatest: "512", about: "How many random bits of the data, or of the text, are inverted."),
            AttackSetting("data", .bytes, .can, about: "Bytes that take the place of the first ones of the data."), legal, repair,
            AttackSetting("noise", .size(perTime: false), .signal, about: "Standard deviation of what is added to each value."),
            AttackSetting("drift", .size(perTime: true), .signal, about: "What is added more and more: `1 A/min`."),
            AttackSetting("dropout", .plain(.flag), .signal, ["false"], about: "Whether the value is missing (NaN)."), only, direction,
        ],
        needs: [
            (.can, ["set", "add", "scale", "freeze", "flip", "bits", "data"]), (.ocpp, ["set", "add", "scale", "freeze", "bits"]),
            (.signal, ["set", "add", "scale", "freeze", "noise", "drift", "dropout"]),
        ],
        about: "Changes units on their way; their number and their times stay.",
        examples: [
            "{attack: modify, against: can0.current, for: 10s, with: {scale: {current: 1.5}, chance: 100%}}",
            "{attack: modify, against: cp1.ocpp.MeterValues, for: 5min, with: {scale: {value: 0.8}}}",
            "{attack: modify, against: charger.current, for: 10s, with: {drift: 5 A/min, chance: 100%}}",
        ])

    private static let spoof = AttackManifest(
        name: "spoof", kind: "SPOOFING", severity: .high, links: [.can, .ocpp],
        settings: [
            AttackSetting("every", .plain(.duration), .can, least: "1us", about: "Period of its frames; that of the real ones when not given."),
            AttackSetting("phase", .plain(.duration), .can, ["0s"], about: "How much later than the real ones its frames come."),
            AttackSetting(
                "skew", .plain(.number), .can, ["30", "100", "200", "400"], least: "-100000", greatest: "100000",
                about: "By how much its clock is slower than the real one, in parts per million."),
            AttackSetting("set", .changes(asNumbers: false), .can, about: "Fields of its frames; those not given are as last sent by the real sender."), legal,
            repair,
            AttackSetting("after", .plain(.duration), .ocpp, ["0s"], about: "When the second connection is opened, counted from the start of the attack."),
            AttackSetting("close_old", .plain(.flag), .ocpp, ["false", "false", "false", "true"], about: "Whether the first connection is closed."), message,
        ],
        needs: [], about: "Takes the place of a sender: its own frames in place of the real ones, or a second connection under the same identity.",
        examples: [
            "{attack: spoof, against: can0.current, by: intruder, for: 20s, with: {skew: 200, set: {current: 5 A}}}",
            "{attack: spoof, against: cp1, for: 1min, with: {close_old: true}}",
        ])

    private static let replay = AttackManifest(
        name: "replay", kind: "REPLAY_ATTACK", severity: .medium, links: [.can, .ocpp, .signal],
        settings: [
            AttackSetting("record", .plain(.duration), [.can, .ocpp, .signal], ["5s"], messages: ["1min"], least: "1ms", about: "How long it listens first."),
            AttackSetting("age", .plain(.duration), [.can, .ocpp, .signal], ["1s"], about: "Time from the end of the recording to its first replay."),
            AttackSetting(
                "times", .plain(.count), [.can, .ocpp, .signal], ["1", "1", "3", "10"], least: "1", greatest: "1000000",
                about: "How often the recording is sent."),
            AttackSetting(
                "speed", .plain(.number), [.can, .ocpp, .signal], ["1"], least: "0.001", greatest: "1000", about: "How much faster than it was recorded."),
            only, direction,
        ],
        needs: [], about: "Records units and sends them again; a signal shows its recorded values in place of the real ones.",
        examples: [
            "{attack: replay, against: can0.limit, with: {record: 10s, age: 5s}}",
            "{attack: replay, against: cp1, for: 10min, with: {record: 2min, only: [StartTransaction, StopTransaction]}}",
        ])

    private static let flood = AttackManifest(
        name: "flood", kind: "DOS_ATTACK", severity: .high, links: [.can, .ocpp],
        settings: [
            every(["10ms", "2ms", "500us", "250us"], messages: ["1s", "100ms", "20ms", "5ms"]), rate(), count(),
            AttackSetting("id", .identifier, .can, ["0x0"], about: "Identifier of its frames; the lowest wins every arbitration."), extended, fd,
            AttackSetting("data", .bytes, .can, ["00 00 00 00 00 00 00 00"], about: "Data of its frames in hexadecimal."),
            AttackSetting("action", .plain(.text), .ocpp, ["Heartbeat"], about: "Action of its messages."), sentTo,
            AttackSetting("connections", .plain(.count), .ocpp, least: "1", greatest: "100000", about: "How many connections it opens, in place of messages."),
        ],
        needs: [], about: "Sends so much that nobody else gets through.",
        examples: ["{attack: flood, against: can0, by: intruder, for: 5s}", "{attack: flood, against: cp1, for: 10s, with: {action: Heartbeat, rate: 50 Hz}}"])

    private static let jitter = AttackManifest(
        name: "jitter", kind: "TIMING_ATTACK", severity: .low, links: [.can, .ocpp, .signal],
        settings: [
            AttackSetting(
                "jitter", .plain(.duration), [.can, .ocpp, .signal], ["5ms", "20ms", "50ms", "200ms"], messages: ["50ms", "200ms", "500ms", "2s"],
                about: "Greatest random delay of a unit; the order is kept."),
            AttackSetting(
                "skew", .plain(.number), [.can, .signal], ["0"], least: "0", greatest: "100000",
                about: "A delay that grows: parts per million of the time since the start."),
            AttackSetting("drip", .plain(.number), .ocpp, least: "0.001", greatest: "1000000", about: "Bytes per second at which a live connection is fed."),
            chance(["100%"]), only,
            direction,
        ],
        needs: [], about: "Makes the times of units uneven, or lets them drift.",
        examples: ["{attack: jitter, against: can0.current, for: 20s, with: {jitter: 40ms}}", "{attack: jitter, against: cp1, for: 5min, with: {jitter: 2s}}"])

    private static let confuse = AttackManifest(
        name: "confuse", kind: "INVALID_STATE", severity: .medium, links: [.can, .ocpp],
        settings: [
            AttackSetting("what", .plain(.oneOf(violations)), [.can, .ocpp], about: "Which order is broken; drawn when not given. CAN knows start-stop."),
            every(["10s", "5s", "2s", "1s"], messages: ["1min", "20s", "5s", "1s"]), rate(), count(),
        ],
        needs: [], about: "Sends units that contradict the state: on CAN start and stop at once, on OCPP messages out of order.",
        examples: [
            "{attack: confuse, against: can0, for: 10s, with: {every: 1s}}", "{attack: confuse, against: cp1, with: {what: stop-without-start, count: 1}}",
        ])

    /// Words of `what` of `confuse`.
    static let violations = [
        "start-stop", "stop-without-start", "start-twice", "status-jump", "wrong-transaction", "meter-without-transaction", "boot-again", "unknown-answer",
    ]

    private static let overdraw = AttackManifest(
        name: "overdraw", kind: "POWER_ANOMALY", severity: .high, links: [.can, .ocpp, .signal],
        settings: [
            AttackSetting(
                "add", .changes(asNumbers: false), [.can, .ocpp, .signal], excludes: ["scale"], about: "What is added to limits: `20 A`, or `{limit: 20 A}`."),
            AttackSetting(
                "scale", .changes(asNumbers: true), [.can, .ocpp, .signal], ["1.1", "1.25", "1.5", "3"], excludes: ["add"],
                about: "What limits are multiplied by: `1.5`, or `{limit: 1.5}`."),
            chance(["100%"]), legal, repair,
        ],
        needs: [], about: "Raises limits on their way: charging profiles, frames with limits, and limits that can be set.",
        examples: [
            "{attack: overdraw, against: can0.limit, for: 20s, with: {add: {limit: 20 A}}}",
            "{attack: overdraw, against: charger.limit, for: 20s, with: {scale: 1.5}}",
        ])

    private static let drop = AttackManifest(
        name: "drop", kind: "DOS_ATTACK", severity: .medium, links: [.can, .ocpp, .signal],
        settings: [chance(), only, direction], needs: [], about: "Units never arrive.",
        examples: ["{attack: drop, against: can0.current, for: 5s, with: {chance: 100%}}", "{attack: drop, against: ocpp.Heartbeat, for: 10min}"])

    private static let reorder = AttackManifest(
        name: "reorder", kind: "TIMING_ATTACK", severity: .low, links: [.can, .ocpp],
        settings: [
            AttackSetting(
                "depth", .plain(.count), [.can, .ocpp], ["1", "2", "3", "8"], least: "1", greatest: "1000",
                about: "How many later units overtake one that it meets."),
            chance(links: [.can, .ocpp]), only, direction,
        ],
        needs: [], about: "Lets later units overtake earlier ones.",
        examples: ["{attack: reorder, against: can0, for: 10s, with: {depth: 3}}", "{attack: reorder, against: cp1, for: 5min}"])
}
