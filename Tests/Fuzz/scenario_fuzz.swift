// The entry point of libFuzzer for formulas and scenarios; scenario.sh compiles it together with the language's modules.
import Quantities
import ScenarioLanguage
import YAMLTree

/// Some names of every kind.
struct FuzzScope: FormulaScope {
    static let table: [(String, FormulaSymbol)] = [
        ("charger.current", .signal(index: 0, .current)), ("cp1.status", .signal(index: 1, .none, members: ["Available", "Charging"])),
        ("cp1.charging", .signal(index: 2, .none, isFlag: true)), ("cp.*.power", .signals([0, 3], .power)), ("cp.*", .nodes([0, 1, 2])), ("cp1", .nodes([3])),
        ("ocpp.Heartbeat", .stream(0)), ("repeated", .detector(0)), ("CAN_INJECTION", .labelKind(0)), ("budget", .number(125, .current)),
        ("gap", .number(0.02, .time)),
    ]
    func symbol(named name: String) -> FormulaSymbol? { Self.table.first { $0.0 == name }?.1 }
    var knownNames: [String] { Self.table.map(\.0) }
}

/// Draws without randomness.
final class FuzzDraws: DrawSource {
    func draw(_ function: DrawFunction, site: Int, _ a: Double, _ b: Double) -> Double { a }
    func sample(count: Int, of total: Int, site: Int) -> [Int] { Array(0..<max(0, min(count, total))) }
}

/// A registry with one node kind of each sort of setting, one detector and one message.
let registry = Registry(
    kinds: [
        KindManifest(
            name: "csms", about: "", roles: [.centralSystem], settings: [SettingManifest("heartbeat_every", .duration, default: "5min", about: "")], example: ""
        ),
        KindManifest(
            name: "charge-point", about: "", roles: [.chargePoint, .load],
            settings: [
                SettingManifest("csms", .node(roles: [.centralSystem]), required: true, about: ""), SettingManifest("bus", .bus, about: ""),
                SettingManifest("max_current", .quantity(.current), min: "0 A", max: "500 A", follows: true, about: ""),
                SettingManifest("meter_every", .duration, default: "60s", about: ""),
                SettingManifest("plugged", .flag, default: "true", about: ""),
            ],
            signals: [
                SignalManifest("current", .current, unit: "A", about: ""), SignalManifest("limit", .current, unit: "A", settable: true, about: ""),
                SignalManifest("power", .power, unit: "W", about: ""),
                SignalManifest("status", members: ["Available", "Charging"], about: ""),
            ],
            frames: [FrameManifest("limit", id: 0x210, use: .sends, fields: [("limit", "u16 A")], about: "")], example: ""),
        KindManifest(
            name: "charger-module", about: "",
            settings: [
                SettingManifest("bus", .bus, about: ""), SettingManifest("ramp", .ramp, default: "20%", about: ""),
                SettingManifest("limit", .quantity(.current), default: "32 A", about: ""), SettingManifest("follow_limit", .flag, default: "false", about: ""),
            ], signals: [SignalManifest("current", .current, unit: "A", about: "")],
            frames: [FrameManifest("current", id: 0x300, use: .sends, every: "1s", phase: "500ms", fields: [("current", "u16 A")], about: "")],
            rampSettings: KindManifest.RampSettings(ramp: "ramp", limit: "limit", followsLimit: "follow_limit", frame: "current"), example: ""),
        KindManifest(
            name: "grid-meter", about: "",
            settings: [
                SettingManifest("feeds", .nodes(roles: [.load]), required: true, about: ""),
                SettingManifest("limit", .quantity(.power), min: "0 W", follows: true, about: ""),
            ], signals: [SignalManifest("power", .power, unit: "kW", about: ""), SignalManifest("limit", .power, unit: "kW", settable: true, about: "")],
            example: ""),
    ],
    detectors: [
        DetectorManifest(
            name: "moving-range", about: "",
            settings: [
                SettingManifest("watch", .signal, required: true, about: ""), SettingManifest("window", .duration, default: "10s", about: ""),
                SettingManifest("above", .level(.plain), required: true, about: ""),
            ],
            source: "", example: ""),
        DetectorManifest(
            name: "threshold", about: "",
            settings: [SettingManifest("watch", .signal, required: true, about: ""), SettingManifest("above", .level(.plain), required: true, about: "")],
            source: "", example: ""),
        DetectorManifest(name: "rule", about: "", settings: [SettingManifest("when", .condition, required: true, about: "")], source: "", example: ""),
        DetectorManifest(name: "all-of", about: "", settings: [SettingManifest("parts", .detectors, required: true, about: "")], source: "", example: ""),
    ],
    messages: [
        MessageManifest(
            name: "SetChargingProfile", protocolName: "OCPP 1.6", sender: .centralSystem, fields: [MessageFieldManifest("connectorId", .whole, required: true)],
            shorthands: [("limit", .current, "")], about: ""),
        MessageManifest(
            name: "RemoteStartTransaction", protocolName: "OCPP 1.6", sender: .centralSystem,
            fields: [MessageFieldManifest("idTag", .text(longest: 20, takesNumbers: true), required: true)], about: ""),
        MessageManifest(name: "RemoteStopTransaction", protocolName: "OCPP 1.6", sender: .centralSystem, fields: [], about: ""),
        MessageManifest(name: "Heartbeat", protocolName: "OCPP 1.6", sender: .chargePoint, fields: [], about: ""),
    ],
    checkMessage: { _, _ in [] })

/// Plugins behind the scenario in one input; whatever name `uses` has, one of them is meant.
struct FuzzPlugins: PluginSource {
    /// The line between a scenario and its plugins.
    static let separator = Array("\n=====\n".utf8)
    let texts: [[UInt8]]

    func plugin(_ address: String, usedBy file: SourceFile) throws(PluginRefusal) -> SourceFile {
        guard !texts.isEmpty else { throw PluginRefusal("there is no plugin") }
        let place = address.utf8.reduce(0) { $0 &+ Int($1) } % texts.count
        return SourceFile(path: "plugin-\(place).yaml", bytes: texts[place])
    }
    var shipped: [String] { [] }

    /// The parts of an input between the separators.
    static func split(_ bytes: [UInt8]) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var start = 0
        var place = 0
        while place + separator.count <= bytes.count {
            if bytes[place] == 0x0A, bytes[place..<(place + separator.count)].elementsEqual(separator) {
                parts.append(Array(bytes[start..<(place + 1)]))
                place += separator.count
                start = place
            } else {
                place += 1
            }
        }
        parts.append(Array(bytes[start...]))
        return parts
    }
}

/// The first byte decides: a formula in some context, or a scenario with the plugins behind it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzScenario(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: data == nil ? 0 : count))
    guard let first = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    if first == 0x73 { readScenario(rest) } else { compileFormula(String(decoding: rest, as: UTF8.self), FormulaContext.allCases[Int(first) % 3]) }
    return 0
}

func readScenario(_ bytes: [UInt8]) {
    let parts = FuzzPlugins.split(bytes)
    let reader = ScenarioReader(registry: registry, plugins: FuzzPlugins(texts: Array(parts.dropFirst())))
    let (scenario, diagnostics) = reader.read(SourceFile(path: "fuzz.yaml", bytes: parts[0]))
    precondition(scenario != nil || diagnostics.contains { $0.severity == .error }, "refused without a reason")
    _ = DiagnosticRenderer(color: false, explainHint: true).render(diagnostics)
    _ = DiagnosticRenderer.json(diagnostics)
}

func compileFormula(_ text: String, _ context: FormulaContext) {
    do {
        let formula = try Formula.compile(text, scope: FuzzScope(), context: context, expecting: nil)
        let signals: [Double] = [42, 1, 1, 7000]
        let aggregates = [Double](repeating: 3, count: formula.aggregates.count + 1)
        let scores = [Double](repeating: .nan, count: formula.scores.count + 1)
        signals.withUnsafeBufferPointer { s in
            aggregates.withUnsafeBufferPointer { a in
                scores.withUnsafeBufferPointer { c in
                    guard let s = s.baseAddress, let a = a.baseAddress, let c = c.baseAddress else { return }
                    let inputs = FormulaInputs(signals: s, aggregates: a, scores: c, draws: FuzzDraws())
                    _ = formula.evaluate(inputs)
                    _ = formula.evaluateText(inputs)
                    _ = formula.evaluateNodes(inputs)
                    _ = formula.explain(inputs)
                    _ = formula.found(inputs)
                }
            }
        }
        if let canonical = Formula.canonical(text) { _ = try Formula.compile(canonical, scope: FuzzScope(), context: context, expecting: nil) }
    } catch {
        precondition(error.offset >= 0 && error.offset + error.length <= max(text.utf8.count, 0) + 1, "a place outside the text")
    }
}
