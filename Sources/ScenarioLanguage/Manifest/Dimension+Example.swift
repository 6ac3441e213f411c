public import Quantities

extension Dimension {
    /// The unit that people expect.
    public var usualUnit: String { Unit.preferred(for: self)?.symbol ?? baseUnit }

    /// A quantity as files have it.
    public var example: String {
        switch self {
        case .none: "0.5"
        case .current: "16 A"
        case .voltage: "400 V"
        case .time: "2s"
        case .power: "11 kW"
        case .energy: "22 kWh"
        case .frequency: "60 /h"
        case .dataRate: "500 kbit/s"
        case .temperature: "25 °C"
        default: "2 \(usualUnit)"
        }
    }
}
