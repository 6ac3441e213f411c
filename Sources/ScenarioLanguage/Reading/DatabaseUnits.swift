public import Quantities

/// Units as DBC files write them.
public enum DatabaseUnits {
    private static let spellings: [String: String] = [
        "degc": "°C", "deg c": "°C", "deg. c": "°C", "celsius": "°C", "°c": "°C", "c": "°C", "degree": "°C", "degrees c": "°C", "volt": "V", "volts": "V",
        "amp": "A", "amps": "A", "ampere": "A", "amperes": "A", "watt": "W", "watts": "W", "kilowatt": "kW", "percent": "%", "pct": "%", "sec": "s",
        "secs": "s", "second": "s", "seconds": "s", "msec": "ms", "minute": "min", "minutes": "min", "hour": "h", "hours": "h", "hr": "h", "ohm": "Ohm",
        "ohms": "Ohm", "kohm": "kOhm", "mohm": "mOhm", "hertz": "Hz", "bits": "bit", "kwh": "kWh", "wh": "Wh", "ah": "Ah", "joule": "J", "1/s": "/s",
        "1/min": "/min",
    ]

    /// The unit that a text means; `nil` when the language has no such unit.
    public static func unit(_ text: String) -> Unit? {
        let plain = text.trimmed
        if let exact = Unit.named(plain) { return exact }
        // M and m differ in front of a unit; whole words do not care.
        if plain == "MOhm" || plain == "MOHM" { return Unit.named("MOhm") }
        return spellings[plain.lowercased()].flatMap { Unit.named($0) }
    }
}
