/// One period of a charging schedule.
public struct ChargingSchedulePeriod: Hashable, Sendable {
    /// Seconds since the start of the schedule.
    public var startPeriod: Int
    /// The limit in tenths of the schedule's unit; the standard allows one decimal, so this is exact.
    public var limitTenths: Int
    /// The number of phases that may be used; `nil` if the message did not say.
    public var numberPhases: Int?

    public init(startPeriod: Int, limitTenths: Int, numberPhases: Int? = nil) {
        self.startPeriod = startPeriod
        self.limitTenths = limitTenths
        self.numberPhases = numberPhases
    }
}

/// A list of limits in time.
public struct ChargingSchedule: Hashable, Sendable {
    /// Seconds after which the schedule ends; `nil` = never.
    public var duration: Int?
    /// From when an absolute or recurring schedule counts.
    public var startSchedule: OCPPTimestamp?
    public var unit: ChargingRateUnit
    public var periods: [ChargingSchedulePeriod]
    /// Tenths of the unit below which charging is inefficient; not used in calculations.
    public var minChargingRateTenths: Int?

    public init(
        duration: Int? = nil, startSchedule: OCPPTimestamp? = nil, unit: ChargingRateUnit, periods: [ChargingSchedulePeriod],
        minChargingRateTenths: Int? = nil
    ) {
        self.duration = duration
        self.startSchedule = startSchedule
        self.unit = unit
        self.periods = periods
        self.minChargingRateTenths = minChargingRateTenths
    }
}

/// A charging profile as SetChargingProfile and RemoteStartTransaction carry it; immutable, so that messages and stores share one copy.
public final class ChargingProfile: Hashable, Sendable {
    public let id: Int
    public let transactionID: Int?
    public let stackLevel: Int
    public let purpose: ChargingProfilePurpose
    public let kind: ChargingProfileKind
    public let recurrency: RecurrencyKind?
    public let validFrom: OCPPTimestamp?
    public let validTo: OCPPTimestamp?
    public let schedule: ChargingSchedule

    public init(
        id: Int, transactionID: Int? = nil, stackLevel: Int = 0, purpose: ChargingProfilePurpose, kind: ChargingProfileKind,
        recurrency: RecurrencyKind? = nil, validFrom: OCPPTimestamp? = nil, validTo: OCPPTimestamp? = nil, schedule: ChargingSchedule
    ) {
        self.id = id
        self.transactionID = transactionID
        self.stackLevel = stackLevel
        self.purpose = purpose
        self.kind = kind
        self.recurrency = recurrency
        self.validFrom = validFrom
        self.validTo = validTo
        self.schedule = schedule
    }

    public static func == (a: ChargingProfile, b: ChargingProfile) -> Bool {
        a === b
            || (a.id == b.id && a.transactionID == b.transactionID && a.stackLevel == b.stackLevel && a.purpose == b.purpose && a.kind == b.kind
                && a.recurrency == b.recurrency && a.validFrom == b.validFrom && a.validTo == b.validTo && a.schedule == b.schedule)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
        hasher.combine(stackLevel)
    }
}
