/// A verb of steps with the keys that go with it: behind the schema and the reference page.
public struct StepManifest: Sendable {
    /// The verb.
    public let verb: String
    /// What the verb takes.
    public let takes: KeyType
    /// Keys besides the verb and `label`.
    public let keys: [KeyManifest]
    /// When the step is over.
    public let end: String
    /// One sentence.
    public let about: String
    /// A step in one line.
    public let example: String

    init(_ verb: String, _ takes: KeyType, _ about: String, over end: String, example: String, keys: [KeyManifest] = []) {
        self.verb = verb
        self.takes = takes
        self.keys = keys
        self.end = end
        self.about = about
        self.example = example
    }

    /// Every verb, in the order of the reference page.
    public static let all: [StepManifest] = [
        StepManifest("wait", .time, "Waits for a length of time.", over: "after that time", example: "wait: 2s"),
        StepManifest(
            "at", .time, "Waits for a moment, counted from the start of the steps.", over: "at that time, or at once when it has passed", example: "at: 18h"),
        StepManifest(
            "until", .formula, "Waits until a condition is true.",
            over: "when the formula is true; when time runs out the run ends there with E0701 and exit code 4, unless `else: go-on`",
            example: "{until: =charger.current > 15 A, timeout: 30s}",
            keys: [
                KeyManifest("timeout", .time, "Longest time to wait; the rest of the run when not given."),
                KeyManifest("else", .word(["go-on"]), "What follows when time runs out: 'go-on' goes on, without it the run fails."),
            ]),
        StepManifest(
            "send", .message, "Sends a message.", over: "when the answer has come; a message *from* a charge point at once",
            example: "{send: SetChargingProfile, to: cp1, with: {limit: 16 A}}",
            keys: [
                KeyManifest("to", .target, "Charge points that receive it; can be left out when there is only one."),
                KeyManifest("from", .reference(.node), "Node that sends it; needed for messages of charge points when there are several."),
                KeyManifest("with", .fields, default: "{}", "Fields by their official names, or shorthands."),
                KeyManifest("payload", .text, "JSON text that is sent as it stands, valid or not."),
            ]),
        StepManifest(
            "transmit", .frame, "Sends a CAN frame: a declared one, `BUS.FRAME`, or with `id` and `data` any other on a bus.", over: "at once",
            example: "{transmit: can0.limit, from: mallory, with: {limit: 80 A}}",
            keys: [
                KeyManifest("from", .reference(.node), "Node that sends it; the frame's own when not given."),
                KeyManifest(
                    "with", .arguments, default: "{}", "Fields of a declared frame; those not given come from the sender's signals of the same name, or are 0."),
                KeyManifest("id", .identifier, "Identifier of a frame that is not declared."),
                KeyManifest("data", .bytes, "Its data in hexadecimal: `D2 04`; up to 8 bytes, or 64 with `fd`."),
                KeyManifest("extended", .flag, default: "false", "Whether the identifier has 29 bits."),
                KeyManifest("remote", .flag, default: "false", "Whether it asks for data."),
                KeyManifest("fd", .flag, default: "false", "Whether it has the format of CAN FD."),
                KeyManifest("dlc", .whole(0...15), "Length code of a remote frame, or 9 to 15 of a classic frame of 8 bytes."),
            ]),
        StepManifest(
            "do", .action, "Does something to nodes that a person or the world would do: plugs in, shows a tag, switches off.", over: "at once",
            example: "{do: plug, to: cp1, with: {id_tag: A1}}",
            keys: [
                KeyManifest("to", .target, "Nodes that it is done to; can be left out when only one node takes the action."),
                KeyManifest("with", .arguments, default: "{}", "Settings of the action ('evsim describe KIND')."),
            ]),
        StepManifest("set", .settings, "Writes signals that can be set.", over: "at once", example: "set: {charger.limit: 16 A}"),
        StepManifest(
            "repeat", .repetition, "Repeats steps.", over: "when the rounds are done; a time is looked at between rounds",
            example: "{repeat: 3, steps: [wait: 2s]}", keys: [KeyManifest("steps", .steps, required: true, "The steps that are repeated.")]),
        StepManifest(
            "parallel", .tracks, "Does several lists of steps at the same time.", over: "when all tracks are over",
            example: "parallel: {driver: [at: 10s], thief: [wait: 5s]}"),
        StepManifest(
            "when", .formula, "Does steps when a condition is true.", over: "when the chosen steps are over",
            example: "{when: =cp1.charging, steps: [wait: 2s]}",
            keys: [
                KeyManifest("steps", .steps, required: true, "The steps when it is true."),
                KeyManifest("else", .steps, default: "[]", "The steps when it is not."),
            ]),
        StepManifest(
            "call", .reference(.sequence), "Does the steps of a sequence.", over: "when its steps are over", example: "{call: dip, with: {low: 0 A}}",
            keys: [KeyManifest("with", .arguments, default: "{}", "The arguments that the sequence needs.")]),
        StepManifest(
            "attack", .reference(.attack), "Does an attack: a built-in one on frames, messages or signals, or one of a plugin.",
            over: "when its work or its steps are over, or after `for`", example: "{attack: modify, against: can0.limit, for: 10s, with: {set: {limit: 80 A}}}",
            keys: [
                KeyManifest("by", .reference(.node), "Node that attacks: 'attacker' in the attack of a plugin, the sender on a bus with wires."),
                KeyManifest(
                    "against", .attacked,
                    "What is attacked: a bus, a declared frame, a charge point, messages (`cp1.ocpp.MeterValues`) or a signal; of an attack of a plugin a node, its 'target'."
                ),
                KeyManifest("for", .time, "Longest time that it goes on."),
                KeyManifest(
                    "severity", .word(ScenarioSchema.severities),
                    "How hard it is; decides what 'with' does not give. Each attack has its own when it is not given."),
                KeyManifest("with", .arguments, default: "{}", "Settings of the attack ('evsim describe ATTACK')."),
            ]),
    ]

    /// The verb of attacks.
    public static let attackVerb = "attack"

    /// The key that every step can have.
    public static let label = KeyManifest(
        "label", .section("steps[i].label", short: .name(dashes: true)), "Ground truth: the kind of the anomaly that the step makes, or a section.")
}
