import Quantities
import ScenarioLanguage

extension SettingManifest {
    /// Least and greatest value in base units.
    var bounds: (low: Double, high: Double) { (SettingManifest.number(min) ?? -.infinity, SettingManifest.number(max) ?? .infinity) }

    /// A value within the bounds of the setting.
    func bounded(_ value: Double) -> Double { Swift.min(Swift.max(value, bounds.low), bounds.high) }

    /// The default of a number, in base units.
    var defaultValue: Double? { SettingManifest.number(defaultText) }

    private static func number(_ text: String?) -> Double? { text.flatMap { try? Quantity.parse($0) }?.value }
}
