public import Quantities

/// The one schema of plugin files: every section and key of format 1.
public enum PluginSchema {
    /// The file itself.
    public static let top = Section(
        path: "plugin", about: "A plugin file: kinds, attacks, detectors, sequences, frames and messages for other files.",
        keys: [
            KeyManifest("evsim", .version, required: true, "Version of the format."),
            KeyManifest("plugin", .name(dashes: true), required: true, "Name of the plugin: lower-case words joined by '-'."),
            KeyManifest("about", .text, "What the plugin is for, in a sentence or two."),
            KeyManifest("uses", .list(.plugin), default: "[]", "Plugins that this one needs: paths, or 'evsim/NAME' for those that come with the tool."),
            KeyManifest("kinds", .named(.section("kinds.NAME"), key: "NAME", dashes: true), "Kinds of nodes made of other nodes."),
            KeyManifest("attacks", .named(.section("attacks.NAME"), key: "NAME", dashes: true), "Steps with a label, run by 'attack'."),
            KeyManifest("detectors", .named(.section("plugin.detectors.NAME"), key: "NAME", dashes: true), "Kinds of detectors."),
            KeyManifest("sequences", .named(.section("sequences.NAME"), key: "NAME", dashes: true), "Steps with a name, run by 'call'."),
            KeyManifest("frames", .named(.section("frames.NAME"), key: "NAME", dashes: true), "Sets of CAN frames, put on a bus by 'sets'."),
            KeyManifest("messages", .named(.section("messages.NAME"), key: "NAME", dashes: true), "Messages with their fields filled in, sent by 'send'."),
        ])
    /// `kinds.NAME`.
    public static let kind = Section(
        path: "kinds.NAME", about: "A kind of node made of other nodes.",
        keys: [
            KeyManifest("about", .text, "What it is."),
            KeyManifest("settings", .named(.section("settings.NAME"), key: "NAME"), "What a node of this kind takes; numbers are signals of the node too."),
            KeyManifest("buses", .named(.section("buses.NAME"), key: "NAME"), "CAN buses inside each node: NODE.BUS."),
            KeyManifest("parts", .named(.section("nodes.NAME"), key: "NAME"), "Nodes inside each node: NODE.PART."),
            KeyManifest(
                "sets", .list(.section("kinds.NAME.sets[i]", short: .reference(.frameSet))), default: "[]",
                "Sets of frames that the node brings to its bus; nodes that bring the same set share it."),
            KeyManifest("signals", .named(.section("kinds.NAME.signals.NAME", short: .formula), key: "NAME"), "Values that the node publishes: NODE.SIGNAL."),
            KeyManifest(
                "keeps", .named(.section("kinds.NAME.keeps.NAME", short: .anything), key: "NAME"),
                "Values that the node keeps until a rule sets them, with the value at the start; signals like the others."),
            KeyManifest(
                "always", .list(.section("kinds.NAME.states.STATE[i]")), default: "[]", "Rules of every state, looked at before those of the state."),
            KeyManifest("starts_in", .reference(.state), "State at the start; needed with 'states'."),
            KeyManifest(
                "states", .named(.list(.section("kinds.NAME.states.STATE[i]")), key: "STATE", dashes: true),
                "States with the rules that leave them; NODE.state is a signal."),
            KeyManifest("sends", .named(.section("kinds.NAME.sends.NAME"), key: "NAME"), "Frames that the node sends, when, and what they say."),
            KeyManifest(
                "reacts_in", .duration(allowsZero: false), default: "100ms", "Time after which a part's setting follows the signals that its formula reads."),
        ])
    /// `settings.NAME` of a kind, an attack, a detector, a sequence, a set of frames or a message.
    public static let setting = Section(
        path: "settings.NAME", about: "A setting; without a default it must be given.",
        keys: [
            KeyManifest("type", .word(settingTypes), required: true, "What it takes."),
            KeyManifest("default", .anything, "The value when none is given."),
            KeyManifest("min", .value, "Least value."),
            KeyManifest("max", .value, "Greatest value."),
            KeyManifest("one_of", .list(.text), "The texts that are allowed, for the type text."),
            KeyManifest("of", .reference(.typeOrRole), "Type of a signal ('current'), or role of a node ('charge-point', 'central-system', 'load')."),
            KeyManifest("about", .text, "What it means."),
        ])
    /// `kinds.NAME.signals.NAME` in its long form.
    public static let signal = Section(
        path: "kinds.NAME.signals.NAME", about: "A formula, or this section.",
        keys: [
            KeyManifest("value", .formula, required: true, "The value, of settings and signals of the parts."),
            KeyManifest("unit", .unit, "Unit in which files and pictures show it."),
            KeyManifest("about", .text, "What it means."),
        ])
    /// `attacks.NAME`.
    public static let attack = Section(
        path: "attacks.NAME", about: "An attack; 'target' is the node of 'against', 'attacker' the one of 'by'.",
        keys: [
            KeyManifest("about", .text, "What it does."),
            KeyManifest("settings", .named(.section("settings.NAME"), key: "NAME"), "What the step 'attack' gives in 'with'."),
            KeyManifest("label", .section("steps[i].label", short: .name(dashes: true)), "Ground truth of each use: a name, or a section."),
            KeyManifest("steps", .steps, required: true, "The steps."),
        ])
    /// `detectors.NAME`: the keys besides the settings of the kind that `is` names.
    public static let detector = Section(
        path: "plugin.detectors.NAME", about: "A kind of detector: 'when', or 'is' with settings of that kind.",
        keys: [
            KeyManifest("about", .text, "What it finds."),
            KeyManifest("settings", .named(.section("settings.NAME"), key: "NAME"), "What a detector of this kind takes."),
            KeyManifest("when", .formula, "The condition that raises the alarm."),
            KeyManifest("is", .reference(.detectorKind), "Kind of detector that it is made of; every other key is a setting of that kind."),
            KeyManifest("parts", .named(.section("detectors.NAME"), key: "NAME"), "Detectors that all-of, any-of and in-order join."),
        ] + ScenarioSchema.detector.keys.filter { $0.name != "is" })
    /// `sequences.NAME`.
    public static let sequence = Section(path: "plugin.sequences.NAME", about: "Steps with a name.", keys: ScenarioSchema.sequence.keys)
    /// `frames.NAME`.
    public static let frameSet = Section(
        path: "frames.NAME", about: "A set of CAN frames.",
        keys: [
            KeyManifest("about", .text, "What they are."),
            KeyManifest("settings", .named(.section("settings.NAME"), key: "NAME"), "What a bus may give in 'sets'."),
            KeyManifest("frames", .named(.section("buses.NAME.frames.NAME"), key: "NAME"), required: true, "The frames, as a bus has them."),
        ])
    /// `messages.NAME`.
    public static let message = Section(
        path: "messages.NAME", about: "A message with its fields filled in.",
        keys: [
            KeyManifest("about", .text, "What it asks for."),
            KeyManifest("send", .message, required: true, "Official name of the message."),
            KeyManifest("settings", .named(.section("settings.NAME"), key: "NAME"), "What the step 'send' may give in 'with'."),
            KeyManifest("with", .fields, default: "{}", "Fields by their official names."),
        ])

    /// Every section, in the order of the reference page.
    public static let all = [top, kind, setting, useOfSet, signal, kept, rule, send, attack, detector, sequence, frameSet, message]

    /// Types of settings, as `type` has them.
    public static let settingTypes = [
        "current", "voltage", "power", "energy", "charge", "time", "frequency", "percent", "number", "count", "temperature", "resistance", "data_rate", "text",
        "flag", "node", "nodes", "bus", "signal", "ramp",
    ]
    /// Dimension of a setting of a type; plain numbers and shares have none.
    public static func dimension(ofSetting type: String) -> Dimension { PluginLoader.types.first { $0.name == type }?.type.dimension ?? .none }

    /// Whether settings of a type are numbers that a signal can measure.
    public static func isMeasured(_ type: String) -> Bool { PluginLoader.types.contains { $0.name == type && $0.type.isSignal && $0.type != .flag } }

    /// Roles of nodes, as `of` has them.
    public static let roles = ["charge-point", "central-system", "load"]
}
