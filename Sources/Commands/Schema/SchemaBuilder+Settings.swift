import JSONText
import Quantities
import ScenarioLanguage

extension SchemaBuilder {
    /// What goes with each type of a setting that a plugin declares: the form of the default and of the bounds, and which keys make no sense.
    func typesOfSettings() -> [JSONValue] {
        PluginSchema.settingTypes.map { type in
            var allowed = ["type", "about"]
            var values: JSONValue?
            switch type {
            case "text":
                allowed += ["default", "one_of"]
                values = text
            case "flag":
                allowed += ["default"]
                values = flag(formula: false)
            case "ramp":
                allowed += ["default"]
                values = text
            case "node", "nodes", "signal": allowed += ["of"]
            case "bus": break
            case "count":
                allowed += ["default", "min", "max"]
                values = whole(least: 0, greatest: 1_000_000_000)
            case "time":
                allowed += ["default", "min", "max"]
                values = duration(allowsZero: true, formula: false)
            default:
                allowed += ["default", "min", "max"]
                values = quantity(PluginSchema.dimension(ofSetting: type), negative: true, formula: false)
            }
            var properties: [JSONValue.Member] = allowed.map { .init($0, true) }
            if let values {
                for key in ["default", "min", "max"] where allowed.contains(key) { properties.removeAll { $0.key == key } }
                for key in ["default", "min", "max"] where allowed.contains(key) { properties.append(.init(key, values)) }
            }
            if allowed.contains("of") {
                let words = type == "signal" ? PluginSchema.settingTypes.filter { PluginSchema.isMeasured($0) } : PluginSchema.roles
                properties.removeAll { $0.key == "of" }
                properties.append(.init("of", ["enum": .array(words.map { .string($0) })]))
            }
            return [
                "if": ["properties": ["type": ["const": .string(type)]], "required": ["type"]],
                "then": ["properties": .object(properties), "additionalProperties": false],
            ]
        }
    }
}
