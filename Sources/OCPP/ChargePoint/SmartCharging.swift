/// What smart charging must know about a station.
public struct ChargingStation: Sendable {
    public var connectors: Int
    /// Volts between a phase and neutral, or of the direct current output.
    public var voltage: Double
    /// The number of phases of a period that does not name it; 1 for direct current.
    public var defaultPhases: Int
    /// The hardware limit of each connector in amperes.
    public var connectorLimit: Double
    /// The key ChargeProfileMaxStackLevel.
    public var maxStackLevel = 100
    /// The key ChargingScheduleMaxPeriods.
    public var maxPeriods = 24
    /// The key MaxChargingProfilesInstalled.
    public var maxInstalled = 50
    /// The key ChargingScheduleAllowedChargingRateUnit.
    public var units: [ChargingRateUnit] = [.amperes, .watts]

    public init(connectors: Int, voltage: Double, defaultPhases: Int, connectorLimit: Double) {
        self.connectors = connectors
        self.voltage = voltage
        self.defaultPhases = defaultPhases
        self.connectorLimit = connectorLimit
    }
}

/// The charging profiles of a charge point and the limits that follow from them (OCPP 1.6 section 3.13).
///
/// Rules: per purpose the highest stack level in force wins; TxProfile hides TxDefaultProfile while one is in force; TxDefaultProfile of a connector
/// hides that of connector 0; then the least of that, ChargePointMaxProfile and the hardware. Ends are exclusive. An absolute schedule without
/// startSchedule counts as relative; a relative one counts from the start of the transaction, or from the query if there is none.
public struct SmartCharging: Sendable {
    public var station: ChargingStation
    var installed: [Installed] = []
    private var transactions: [Transaction] = []

    struct Installed: Sendable {
        var connector: Int
        var profile: ChargingProfile
    }

    private struct Transaction: Sendable {
        var connector: Int
        var id: Int?
        var start: OCPPTimestamp
    }

    public init(_ station: ChargingStation) { self.station = station }

    /// The number of profiles installed.
    public var count: Int { installed.count }

    // MARK: Transactions

    /// A transaction has begun on a connector; its id may follow later.
    public mutating func begin(connector: Int, transactionID: Int?, at start: OCPPTimestamp) {
        transactions.removeAll { $0.connector == connector }
        transactions.append(Transaction(connector: connector, id: transactionID, start: start))
    }

    /// The central system has given a transaction its id.
    public mutating func setTransactionID(_ id: Int, connector: Int) {
        for index in transactions.indices where transactions[index].connector == connector { transactions[index].id = id }
    }

    /// The transaction of a connector is over; its TxProfiles go with it.
    public mutating func end(connector: Int) {
        transactions.removeAll { $0.connector == connector }
        installed.removeAll { $0.connector == connector && $0.profile.purpose == .txProfile }
    }

    /// A reboot: transactions and TxProfiles are gone, other profiles stay.
    public mutating func reboot() {
        transactions.removeAll()
        installed.removeAll { $0.profile.purpose == .txProfile }
    }

    func start(_ connector: Int) -> OCPPTimestamp? { transactions.first { $0.connector == connector }?.start }

    // MARK: Profiles

    /// Installs a profile; false = it is not valid here and must be answered with Rejected.
    ///
    /// A profile with the same id is replaced, and so is one with the same stack level and purpose on the same connector.
    public mutating func install(_ profile: ChargingProfile, connector: Int) -> Bool {
        guard isValid(profile, connector) else { return false }
        let kept = installed.filter { entry in
            entry.profile.id != profile.id
                && !(entry.connector == connector && entry.profile.stackLevel == profile.stackLevel && entry.profile.purpose == profile.purpose)
        }
        guard kept.count < station.maxInstalled else { return false }
        installed = kept + [Installed(connector: connector, profile: profile)]
        return true
    }

    private func isValid(_ profile: ChargingProfile, _ connector: Int) -> Bool {
        let schedule = profile.schedule
        guard 0...station.connectors ~= connector, 0...station.maxStackLevel ~= profile.stackLevel, station.units.contains(schedule.unit),
            !schedule.periods.isEmpty, schedule.periods.count <= station.maxPeriods, schedule.periods[0].startPeriod == 0,
            zip(schedule.periods, schedule.periods.dropFirst()).allSatisfy({ $0.startPeriod < $1.startPeriod }),
            schedule.periods.allSatisfy({ $0.limitTenths >= 0 && 1...3 ~= ($0.numberPhases ?? 3) }), (schedule.duration ?? 0) >= 0
        else { return false }
        if profile.kind == .recurring, profile.recurrency == nil || schedule.startSchedule == nil { return false }
        switch profile.purpose {
        case .chargePointMaxProfile: return connector == 0
        case .txDefaultProfile: return true
        case .txProfile:
            guard connector > 0, let running = transactions.first(where: { $0.connector == connector }) else { return false }
            return profile.transactionID == nil || profile.transactionID == running.id
        }
    }

    /// Removes the profiles that match every given field, or the one with the given id; false = there was none.
    public mutating func clear(_ filter: ClearChargingProfile) -> Bool {
        let before = installed.count
        installed.removeAll { entry in
            if let id = filter.id { return entry.profile.id == id }
            return (filter.connectorID ?? entry.connector) == entry.connector && (filter.purpose ?? entry.profile.purpose) == entry.profile.purpose
                && (filter.stackLevel ?? entry.profile.stackLevel) == entry.profile.stackLevel
        }
        return installed.count < before
    }
}
