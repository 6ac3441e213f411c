import YAMLTree

extension LanguageCatalogue {
    static let plugins: [DiagnosticCatalogue.Entry] = [
        entry(
            .noPlugin, "a plugin that cannot be had",
            "'uses' names plugin files by a path relative to the file that has it, or plugins that come with evsim as 'evsim/NAME'. A plugin is data that travels with its scenario: nothing outside the folder of the file that is run, and the folder of shipped plugins, is ever read.",
            wrong: "uses: [/home/me/cabinet.yaml]", right: "uses: [plugins/cabinet.yaml, evsim/dual-gun-cabinet]"),
        entry(
            .pluginClash, "a name that is taken",
            "A plugin cannot give a new meaning to the name of a built-in kind, detector, message or attack, and two plugins of a file cannot have the same name.",
            wrong: "kinds: {charge-point: {parts: {}}}", right: "kinds: {fast-charge-point: {parts: {cp: {is: charge-point, csms: =csms}}}}"),
        entry(
            .ambiguousName, "a name that two plugins define",
            "When two plugins that a file uses define the same name, the name of the plugin in front says which is meant.", wrong: "cab: {is: cabinet}",
            right: "cab: {is: acme-cabinets/cabinet}"),
        entry(
            .unknownState, "unknown state", "'starts_in' and 'go' name states of the same kind.", wrong: "states: {idle: [{when: =power > 1 kW, go: bussy}]}",
            right: "states: {idle: [{when: =power > 1 kW, go: busy}], busy: [{when: =power < 1 kW, go: idle}]}"),
        entry(
            .circularSignals, "a signal that is computed from itself",
            "Signals of a kind are formulas and belong to the instant of what they read, so none may read itself, directly or through others. A setting of a part may read the signals of other parts: it follows them some time later (reacts_in).",
            wrong: "signals: {a: =b + 1 A, b: =a - 1 A}", right: "signals: {a: =left.current, b: =a - 1 A}"),
        entry(
            .settingIsFixed, "a setting that cannot follow signals",
            "Most settings are decided when the run is built; their formulas can use numbers, parameters, draws and the settings of the kind around them. 'evsim describe KIND' says which settings follow signals.",
            wrong: "cp: {is: charge-point, csms: csms, voltage: =meter.voltage}",
            right: "cp: {is: charge-point, csms: csms, max_current: =meter.headroom / 690 V}"),
        entry(
            .unknownAttack, "unknown attack", "The step 'attack' names an attack of a plugin that the file uses.", wrong: "- {attack: crep, against: cp1}",
            right: "- {attack: creep, against: cp1}"),
        entry(
            .unknownFrameSet, "unknown set of frames", "'sets' of a bus names sets of frames of plugins that the file uses.",
            wrong: "can0: {sets: [batery-status]}", right: "can0: {sets: [battery-status]}"),
    ]
}
