/// What a charge point gets wrong on purpose, as chargers in the field do.
public struct ChargePointQuirks: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    private init(place: Int) { rawValue = 1 << UInt32(place) }

    /// Timestamps without decimals: `2000-01-01T00:00:03Z`.
    public static let noMilliseconds = ChargePointQuirks(place: 0)
    /// Timestamps in the local time of an hour east of Greenwich: `2000-01-01T01:00:03.500+01:00`.
    public static let offsetTimestamps = ChargePointQuirks(place: 1)
    /// The unit of temperatures is spelt `Celcius`.
    public static let celcius = ChargePointQuirks(place: 2)
    /// No Heartbeat is ever sent unless a TriggerMessage asks for it.
    public static let noHeartbeat = ChargePointQuirks(place: 3)
    /// An accepted registration counts as Pending: BootNotification again and again.
    public static let stuckPending = ChargePointQuirks(place: 4)
    /// BootNotification after every new connection, not only after a reboot.
    public static let bootsOnReconnect = ChargePointQuirks(place: 5)
    /// CALLERROR with the spelling of OCPP 2.0.1: FormatViolation, OccurrenceConstraintViolation.
    public static let errorSpelling201 = ChargePointQuirks(place: 6)
    /// Every message carries a property that the standard does not know.
    public static let extraProperties = ChargePointQuirks(place: 7)
    /// The register of imported energy begins at 0 with every transaction.
    public static let resetsRegister = ChargePointQuirks(place: 8)
    /// StatusNotification comes 10 s after the change.
    public static let lateStatus = ChargePointQuirks(place: 9)
    /// HTTP Basic authentication with the hexadecimal text of the key instead of its bytes.
    public static let hexKey = ChargePointQuirks(place: 10)
    /// Every message id is used for two calls in a row.
    public static let reusesIDs = ChargePointQuirks(place: 11)
    /// Numbers of the meter are not texts but numbers, which breaks the schema.
    public static let plainNumbers = ChargePointQuirks(place: 12)

    /// Name and meaning of every quirk, in the order of their bits.
    public static let table: [(name: String, about: String)] = [
        ("no-milliseconds", "timestamps without decimals"), ("offset-timestamps", "timestamps in local time, +01:00"),
        ("celcius", "temperatures in Celcius, the misspelling of the standard"), ("no-heartbeat", "no Heartbeat"),
        ("stuck-pending", "an accepted registration counts as Pending"), ("boots-on-reconnect", "BootNotification after every new connection"),
        ("error-201-spelling", "error codes as OCPP 2.0.1 spells them"), ("extra-properties", "an unknown property in every message"),
        ("resets-register", "the energy register begins at 0 with every transaction"), ("late-status", "StatusNotification 10 s late"),
        ("sends-hex-key", "the password is the hexadecimal text of AuthorizationKey"), ("reuses-ids", "every message id is used twice"),
        ("plain-numbers", "meter values as numbers instead of texts"),
    ]

    /// The quirk with this name.
    public init?(name: String) {
        guard let place = Self.table.firstIndex(where: { $0.name == name }) else { return nil }
        self.init(place: place)
    }

    /// Those that change the text of messages.
    static let ofText: ChargePointQuirks = [.noMilliseconds, .offsetTimestamps, .celcius, .errorSpelling201, .extraProperties, .plainNumbers]
}
