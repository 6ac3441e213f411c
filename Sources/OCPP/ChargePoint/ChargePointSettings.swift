import Quantities

/// What a meter shows at an instant.
public struct MeterReading: Hashable, Sendable {
    /// Amperes drawn by the vehicle, per phase; negative while it feeds back.
    public var currentA: Double
    public var voltageV: Double
    public var powerW: Double
    /// The register of imported energy in Wh; it never goes back.
    public var energyWh: Double
    /// The register of exported energy in Wh.
    public var energyExportWh = 0.0
    /// The phases of the installation; 0 for direct current.
    public var phases = 3
    /// Hertz; `nil` for direct current.
    public var frequencyHz: Double?
    /// Degrees Celsius inside the charge point.
    public var temperatureC: Double?
    /// Revolutions of the fan a minute.
    public var rpm: Double?
    /// State of charge of the vehicle in percent, `nil` if the charge point cannot know it.
    public var socPercent: Double?

    public init(currentA: Double = 0, voltageV: Double = 0, powerW: Double = 0, energyWh: Double = 0, socPercent: Double? = nil) {
        self.currentA = currentA
        self.voltageV = voltageV
        self.powerW = powerW
        self.energyWh = energyWh
        self.socPercent = socPercent
    }
}

extension MeterReading {
    /// The operating point that every measurand follows from: as many phases as the power needs, and the power factor that makes it exact.
    var point: OperatingPoint {
        let apparent = (voltageV * currentA).magnitude
        var point = OperatingPoint(
            voltage: voltageV, current: currentA, phases: max(phases, 1), frequency: frequencyHz, temperature: temperatureC, socPercent: socPercent,
            offeredCurrent: 0, energyImportWh: energyWh, energyExportWh: energyExportWh, rpm: rpm)
        guard apparent > 0, powerW.isFinite else { return point }
        let ratio = powerW.magnitude / apparent
        point.phases = min(max(Int((ratio - 1e-6).rounded(.up)), 1), max(phases, 1))
        point.powerFactor = min(ratio / Double(point.phases), 1)
        return point
    }
}

/// Where a charge point gets its meter readings from.
public protocol MeterSource: AnyObject {
    /// The reading of a connector (1, 2, …; 0 = the main meter) at an instant.
    func reading(connector: Int, at instant: Instant) -> MeterReading
}

/// The settings of a charge point.
public struct ChargePointSettings: Sendable {
    // MARK: Identity

    /// The last part of the URL, and the name in every record.
    public var identity: String
    public var vendor = "evsim"
    public var model = "charge-point"
    public var serialNumber: String?
    public var boxSerialNumber: String?
    public var firmwareVersion: String?
    public var iccid: String?
    public var imsi: String?
    public var meterType: String?
    public var meterSerialNumber: String?

    // MARK: Electrical

    /// The number of connectors, 1 to 64.
    public var connectors = 1
    /// The hardware limit of each connector in amperes, the limit while no profile is in force.
    public var maxCurrent = 32.0
    /// The current in amperes below which charging pauses: 6 for alternating current (IEC 61851), 0 for direct current pauses at 0 A only.
    public var minCurrent = 6.0
    /// Volts between phase and neutral, or of the direct current output.
    public var voltage = 230.0
    /// The number of phases; 1 for direct current.
    public var phases = 3
    /// True if a vehicle is taken to be there whenever a transaction shall start; false if `plug` and `unplug` say so.
    public var assumesVehicle = true
    /// True if a lock holds the cable; without it UnlockConnector is answered with NotSupported.
    public var hasLock = true

    // MARK: Meter

    /// The period of MeterValues; `nil` = no timer. The initial value of MeterValueSampleInterval, which reports whole seconds.
    public var meterInterval: Duration?
    /// True if MeterValues are sent when a reading arrives (`meterSample`) instead of by timer.
    public var metersOnReading = false
    /// True if MeterValues are also sent outside of transactions.
    public var metersAlways = true
    /// The initial value of MeterValuesSampledData; empty means that of `configuration`.
    public var measurands: [Measurand] = [.energyActiveImportRegister, .currentImport, .powerActiveImport]

    // MARK: Connection

    /// Wait between `start` and the connection with the first BootNotification.
    public var bootDelay = Duration.zero
    /// How long a reboot takes.
    public var rebootTime = Duration.seconds(10)
    /// The wait before another BootNotification if the central system names none, or does not answer.
    public var bootRetry = Duration.seconds(60)
    /// The wait before the first attempt to connect again; it doubles with each further attempt.
    public var reconnectWait = Duration.seconds(1)
    /// The longest wait before an attempt to connect.
    public var reconnectLimit = Duration.seconds(64)
    /// The share of a wait that is drawn: 0.5 waits between once and one and a half times as long.
    public var reconnectJitter = 0.5
    /// Seed of the draws; together with the identity it decides them all.
    public var seed: UInt64 = 0
    /// After so many calls in a row without answer the connection counts as dead and is opened anew; 0 = never.
    public var timeoutsBeforeReconnect = 0
    public var callTimeout = Duration.seconds(30)
    /// How many calls may wait; more are lost, with a violation recorded.
    public var queueLimit = 200
    /// How many messages about transactions may wait before MeterValues are given up.
    public var transactionQueueLimit = 1000
    /// True if messages with unknown fields are refused.
    public var isStrict = true
    /// True if the connection is closed while the registration is Rejected.
    public var closesWhenRejected = false
    /// The heartbeat period if the central system leaves it to the charge point.
    public var heartbeatInterval = Duration.seconds(300)
    /// False if any other message stands in for a heartbeat.
    public var heartbeatsAlways = true
    /// True if the time of BootNotification.conf and Heartbeat.conf sets the clock.
    public var setsClock = true
    /// The clock is left alone while it differs by less.
    public var clockTolerance = Duration.seconds(1)

    // MARK: Transactions

    /// True if RemoteStartTransaction asks Authorize first (key AuthorizeRemoteTxRequests).
    public var authorizesRemote = false
    /// True if a local start asks Authorize first.
    public var authorizesLocal = true
    /// How long an authorised start waits for a cable (key ConnectionTimeOut).
    public var connectionTimeout = Duration.seconds(60)
    /// How often StartTransaction and StopTransaction are tried (key TransactionMessageAttempts).
    public var transactionAttempts = 3
    /// The wait before the second try (key TransactionMessageRetryInterval).
    public var transactionRetry = Duration.seconds(60)
    /// How long a soft reset waits for the confirmations of its StopTransactions.
    public var resetWait = Duration.seconds(30)

    // MARK: Features

    /// Configuration keys with their values, over the defaults and over what other settings say.
    public var configuration: [(key: String, value: String)] = []
    /// The keys of smart charging.
    public var maxStackLevel = 100
    public var maxSchedulePeriods = 24
    public var maxProfiles = 50
    public var rateUnits: [ChargingRateUnit] = [.amperes, .watts]
    /// The vendors whose DataTransfer is accepted.
    public var vendors: [String] = []
    /// True if security events are reported (SecurityEventNotification).
    public var reportsSecurityEvents = false
    /// How long uploads, downloads and installations take, and how they end.
    public var transfers = FileTransferPlan()
    /// What looks into certificates.
    public var inspector: any CertificateInspector = StructuralInspector()
    /// The feature profiles that are supported.
    public var features = FeatureProfile.allCases
    /// What is wrong with the charge point, on purpose.
    public var quirks: ChargePointQuirks = []
    /// Calls that are answered with NotSupported.
    public var refuses: [OCPPAction] = []
    /// Calls that are never answered.
    public var ignores: [OCPPAction] = []

    public init(identity: String) { self.identity = identity }

    /// What the catalogue would refuse in messages made of these settings, as sentences; empty if nothing.
    public var problems: [String] {
        var found: [String] = []
        func check(_ name: String, _ text: String?, _ length: Int) {
            if let text, text.unicodeScalars.count > length { found.append("\(name) has more than \(length) characters") }
        }
        check("vendor", vendor, 20)
        check("model", model, 20)
        check("serial number", serialNumber, 25)
        check("charge box serial number", boxSerialNumber, 25)
        check("firmware version", firmwareVersion, 50)
        check("iccid", iccid, 20)
        check("imsi", imsi, 20)
        check("meter type", meterType, 25)
        check("meter serial number", meterSerialNumber, 25)
        if !(1...64 ~= connectors) { found.append("a charge point has 1 to 64 connectors") }
        return found + initialConfiguration.problems
    }

    var station: ChargingStation {
        var station = ChargingStation(connectors: connectors, voltage: voltage, defaultPhases: phases, connectorLimit: maxCurrent)
        station.maxStackLevel = maxStackLevel
        station.maxPeriods = maxSchedulePeriods
        station.maxInstalled = maxProfiles
        station.units = rateUnits
        return station
    }
}
