import Quantities
import Testing
import YAMLTree

@testable import ScenarioLanguage

/// A registry with one kind of each role, so that reading is tested without the engine.
enum TestRegistry {
    static let registry = Registry(
        kinds: [
            KindManifest(
                name: "center", about: "A center.", roles: [.centralSystem],
                settings: [SettingManifest("every", .duration, default: "5min", min: "1s", max: "1h", about: "Period.")],
                example: ""),
            KindManifest(
                name: "station", about: "A station.", roles: [.chargePoint, .load],
                settings: [
                    SettingManifest("center", .node(roles: [.centralSystem]), required: true, about: "Its center."),
                    SettingManifest("bus", .bus, about: "Its bus."),
                    SettingManifest("limit", .quantity(.current), default: "32 A", min: "0 A", max: "100 A", about: "Limit."),
                    SettingManifest("share", .percent, default: "80%", about: "Share."),
                    SettingManifest("plugs", .count, default: "1", min: "1", max: "8", about: "Plugs."),
                    SettingManifest("open", .flag, default: "true", about: "Open."),
                    SettingManifest("mode", .oneOf(["slow", "fast"]), default: "fast", about: "Mode."),
                    SettingManifest("tag", .text, about: "Tag."), SettingManifest("ramp", .ramp, default: "20%", about: "Ramp."),
                ],
                signals: [
                    SignalManifest("current", .current, unit: "A", about: "Current."),
                    SignalManifest("limit", .current, unit: "A", settable: true, held: true, about: "Limit."),
                    SignalManifest("state", members: ["idle", "busy"], about: "State."), SignalManifest("open", isFlag: true, settable: true, about: "Open."),
                ],
                frames: [
                    FrameManifest("start", id: 0x200, use: .sends, about: "Start."),
                    FrameManifest("reading", id: 0x300, use: .reads, every: "1s", phase: "500ms", fields: [("current", "u16 A")], about: "Reading."),
                ],
                example: ""),
        ],
        detectors: [
            DetectorManifest(
                name: "high", about: "High.",
                settings: [
                    SettingManifest("watch", .signal, required: true, about: "Signal."),
                    SettingManifest("above", .level(.plain), required: true, about: "Level."),
                    SettingManifest("square", .level(.squared), about: "Square."), SettingManifest("slope", .level(.slope), about: "Slope."),
                ], source: "", example: "")
        ],
        messages: [
            MessageManifest(
                name: "Start", protocolName: "test", sender: .centralSystem, fields: [MessageFieldManifest("tag", .text(longest: nil, takesNumbers: true))],
                shorthands: [("limit", .current, "A limit.")],
                about: "Start."),
            MessageManifest(name: "Beat", protocolName: "test", sender: .chargePoint, fields: [], about: "Beat."),
        ], checkMessage: { _, _ in [] })

    /// The scenario of a text; findings that are errors end the test.
    static func read(_ text: String, overrides: [(name: String, text: String)] = [], seed: UInt64? = nil) throws -> Scenario {
        let (scenario, diagnostics) = ScenarioReader(registry: registry).read(
            SourceFile(path: "test.yaml", bytes: Array(text.utf8)), overrides: overrides, seed: seed)
        try #require(scenario != nil, "\(DiagnosticRenderer(color: false, explainHint: false).render(diagnostics))")
        return try #require(scenario)
    }

    /// Codes of all findings.
    static func codes(_ text: String) -> [String] {
        ScenarioReader(registry: registry).read(SourceFile(path: "test.yaml", bytes: Array(text.utf8))).diagnostics.map(\.code)
    }

    static let head = "evsim: 1\nscenario: test\nrun: {for: 60s}\nnodes:\n  c: {is: center}\n"
}
