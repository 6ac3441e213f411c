import YAMLTree

extension LanguageCatalogue {
    static let attacks: [DiagnosticCatalogue.Entry] = [
        entry(
            .noAttackTarget, "nothing to attack",
            "'against' of a built-in attack names a bus (can0), a declared frame (can0.limit), a charge point (cp1), messages of one (cp1.ocpp, cp1.ocpp.MeterValues) or of all (ocpp.Heartbeat), or a signal of a node (charger.voltage). A value on a bus is changed through its frame.",
            wrong: "- {attack: drop, against: can0.limitt}", right: "- {attack: drop, against: can0.limit}"),
        entry(
            .attackOfOtherLink, "an attack that cannot act there",
            "Each attack acts on frames, messages or signals, or on several of these: 'evsim list attacks' says on which. A signal cannot be flooded, for example.",
            wrong: "- {attack: flood, against: charger.current}", right: "- {attack: flood, against: can0}"),
        entry(
            .mixedTargets, "targets of different sorts",
            "One attack acts on frames, on messages or on signals. Two attacks can act at once as tracks of 'parallel'.",
            wrong: "- {attack: drop, against: [can0, cp1], for: 5s}",
            right: "- parallel: {bus: [{attack: drop, against: can0, for: 5s}], link: [{attack: drop, against: cp1, for: 5s}]}"),
        entry(
            .settingOfOtherLink, "a setting that means nothing there",
            "Some settings of an attack are for frames, for messages or for signals alone; 'evsim describe ATTACK' has the table.",
            wrong: "- {attack: drop, against: can0, with: {direction: up}}", right: "- {attack: drop, against: cp1, with: {direction: up}}"),
        entry(
            .settingsClash, "two settings for one thing", "'every' and 'rate' both say how often; only one of them can be given.",
            wrong: "- {attack: flood, against: can0, with: {every: 1ms, rate: 100 Hz}}", right: "- {attack: flood, against: can0, with: {rate: 100 Hz}}"),
        entry(
            .attackNeeds, "an attack that is not told what to do",
            "Most settings of attacks have defaults, but 'modify' must know what it changes, and 'inject' what it sends.",
            wrong: "- {attack: modify, against: can0.limit}",
            right: "- {attack: modify, against: can0.limit, with: {set: {limit: 80 A}}}"),
        entry(
            .noAttackedField, "a field that no attacked frame has",
            "'set', 'add', 'scale' and 'freeze' name fields of the declared frames that the attack acts on.",
            wrong: "- {attack: modify, against: can0.limit, with: {set: {limmit: 80 A}}}",
            right: "- {attack: modify, against: can0.limit, with: {set: {limit: 80 A}}}"),
    ]
}
