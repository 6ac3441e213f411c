extension PluginSchema {
    /// `kinds.NAME.sets[i]` in its long form.
    public static let useOfSet = Section(
        path: "kinds.NAME.sets[i]", about: "A set of frames of a plugin; every other key is a setting of the set.",
        keys: [
            KeyManifest("is", .reference(.frameSet), required: true, "Name of the set."),
            KeyManifest("on", .text, "Bus that gets them: '=SETTING' or a bus of the kind; its only bus when not given."),
            KeyManifest("as", .text, "Name in front of those of the frames, BUS.AS.FRAME, so that a bus can have the set more than once."),
        ])
    /// `kinds.NAME.keeps.NAME` in its long form.
    public static let kept = Section(
        path: "kinds.NAME.keeps.NAME", about: "A value at the start, or this section.",
        keys: [
            KeyManifest("start", .anything, required: true, "The value at the start; a formula over settings will do."),
            KeyManifest("unit", .unit, "Unit in which files and pictures show it, and what it measures when 'start' is a formula."),
            KeyManifest("about", .text, "What it means."),
        ])
    /// `kinds.NAME.states.STATE[i]`.
    public static let rule = Section(
        path: "kinds.NAME.states.STATE[i]", about: "When to leave a state, or what to keep; 'on', 'after' and 'when' must come together.",
        keys: [
            KeyManifest("on", .text, "Frame that arrives: BUS.FRAME, or FRAME."),
            KeyManifest("after", .time, "Time that the node has been in the state."),
            KeyManifest("when", .formula, "The condition."),
            KeyManifest("lasting", .time, default: "0s", "How long the condition must hold."),
            KeyManifest("set", .arguments, "What the node keeps from now on: {NAME: value or formula}."),
            KeyManifest("go", .reference(.state), "The state that follows; a rule with 'on' and 'set' can do without."),
        ])
    /// `kinds.NAME.sends.NAME`.
    public static let send = Section(
        path: "kinds.NAME.sends.NAME", about: "A frame that the node sends: one of 'every', 'on' and 'entering' tells when.",
        keys: [
            KeyManifest("frame", .text, "The frame, FRAME or BUS.FRAME, when the entry has another name."),
            KeyManifest("every", .time, "Period; that of the frame when nothing tells when."),
            KeyManifest("phase", .duration(allowsZero: true), "Time of the first one, counted from the start; that of the frame when not given."),
            KeyManifest("on", .text, "Frame whose arrival it answers: BUS.FRAME, or FRAME."),
            KeyManifest("entering", .states, "States whose beginning it tells."),
            KeyManifest("after", .time, default: "1ms", "How long the answer takes, at least 1 µs; goes with 'on' and 'entering'."),
            KeyManifest("when", .formula, "What must hold at the instant of sending."),
            KeyManifest("data", .arguments, "Fields with a value or a formula; others hold the node's signal of the same name, or 0."),
        ])
}
