/// A measurand with the phase it is wanted for, as in `Current.Import.L1`; without phase: the total.
public struct MeasurandSpec: Hashable, Sendable {
    public var measurand: Measurand
    public var phase: MeterPhase?

    public init(_ measurand: Measurand, _ phase: MeterPhase? = nil) {
        self.measurand = measurand
        self.phase = phase
    }

    /// Reads `Voltage.L1-N` and the like, upper and lower case alike; `nil` if there is no such measurand or phase.
    public init?(_ text: some StringProtocol) {
        if let measurand = Measurand.folding(text) {
            self.init(measurand)
            return
        }
        guard let dot = text.lastIndex(of: "."), let measurand = Measurand.folding(text[..<dot]),
            let phase = MeterPhase.folding(text[text.index(after: dot)...])
        else { return nil }
        self.init(measurand, phase)
    }

    /// The text of the configuration keys.
    public var text: String { phase.map { "\(measurand.name).\($0.name)" } ?? measurand.name.description }

    /// Reads a list with commas between, each spec once; `nil` if one of them is wrong. An empty text is an empty list.
    public static func list(_ text: String) -> [MeasurandSpec]? {
        var specs: [MeasurandSpec] = []
        for item in ConfigurationStore.items(text) {
            guard let spec = MeasurandSpec(item) else { return nil }
            if !specs.contains(spec) { specs.append(spec) }
        }
        return specs
    }

    /// The list as the configuration keys carry it.
    public static func text(_ specs: [MeasurandSpec]) -> String { specs.map(\.text).joined(separator: ",") }
}
