import Quantities

/// What a meter shows at an instant.
public struct MeterReading: Hashable, Sendable {
    /// Amperes drawn by the vehicle.
    public var currentA: Double
    public var voltageV: Double
    public var powerW: Double
    /// The register of imported energy in Wh; it never goes back.
    public var energyWh: Double
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

/// Where a charge point gets its meter readings from.
public protocol MeterSource: AnyObject {
    /// The reading of a connector (1, 2, …; 0 = the main meter) at an instant.
    func reading(connector: Int, at instant: Instant) -> MeterReading
}

/// The settings of a charge point.
public struct ChargePointSettings: Sendable {
    /// The last part of the URL, and the name in every record.
    public var identity: String
    public var vendor = "evsim"
    public var model = "charge-point"
    public var serialNumber: String?
    public var firmwareVersion: String?
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
    /// The period of MeterValues; `nil` = no timer.
    public var meterInterval: Duration?
    /// True if MeterValues are sent when a reading arrives (`meterSample`) instead of by timer.
    public var metersOnReading = false
    /// True if MeterValues are also sent outside of transactions.
    public var metersAlways = true
    public var measurands: [Measurand] = [.energyActiveImportRegister, .currentImport, .powerActiveImport]
    /// Wait between `start` and the first BootNotification.
    public var bootDelay = Duration.zero
    /// The wait before another BootNotification if the central system names none, or does not answer.
    public var bootRetry = Duration.seconds(60)
    /// The heartbeat period if the central system leaves it to the charge point.
    public var heartbeatInterval = Duration.seconds(300)
    /// True if RemoteStartTransaction asks Authorize first (key AuthorizeRemoteTxRequests).
    public var authorizesRemote = false
    /// True if a local start asks Authorize first.
    public var authorizesLocal = true
    /// True if a vehicle is taken to be there whenever a transaction shall start; false if `plug` and `unplug` say so.
    public var assumesVehicle = true
    /// How long an authorised start waits for a cable.
    public var connectionTimeout = Duration.seconds(60)
    public var callTimeout = Duration.seconds(30)
    /// How often StartTransaction and StopTransaction are tried (key TransactionMessageAttempts).
    public var transactionAttempts = 3
    /// How many calls may wait; more are lost, with a violation recorded.
    public var queueLimit = 200
    /// True if messages with unknown fields are refused.
    public var isStrict = true
    /// The keys of smart charging.
    public var maxStackLevel = 100
    public var maxSchedulePeriods = 24
    public var maxProfiles = 50
    public var rateUnits: [ChargingRateUnit] = [.amperes, .watts]

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
        check("firmware version", firmwareVersion, 50)
        if !(1...64 ~= connectors) { found.append("a charge point has 1 to 64 connectors") }
        if measurands.isEmpty { found.append("there is no measurand") }
        return found
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

/// The timers of a charge point; one of each runs at most, and setting it again replaces it.
public struct ChargePointTimer: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The outstanding call may be overdue.
    public static let call = ChargePointTimer(rawValue: 0)
    /// It is time for a BootNotification.
    public static let boot = ChargePointTimer(rawValue: 1)
    public static let heartbeat = ChargePointTimer(rawValue: 2)
    public static let meter = ChargePointTimer(rawValue: 3)
    /// A charging schedule changes.
    public static let limit = ChargePointTimer(rawValue: 4)
    /// Nobody has plugged in at this connector.
    static func connection(_ connector: Int) -> ChargePointTimer { ChargePointTimer(rawValue: 16 + UInt32(connector)) }
}

/// What kind of rule an event broke.
public enum OCPPViolationKind: UInt8, Hashable, Sendable {
    /// A command or message that makes no sense in the present state.
    case invalidState
    /// A message that the catalogue refuses.
    case badMessage
    /// A call that nobody answered in time.
    case timeout
    /// A call that was lost because too many wait.
    case queueFull
    /// More messages than the receiver lets through.
    case flood
}

/// What a charge point wants done, in order.
public enum ChargePointOutput: Sendable {
    /// Send this message to the central system.
    case send(OCPPMessage)
    case setTimer(ChargePointTimer, Instant)
    case cancelTimer(ChargePointTimer)
    /// Close the contactor of a connector; on CAN: start charging.
    case energise(connector: Int)
    /// Open the contactor of a connector; on CAN: stop charging.
    case deenergise(connector: Int)
    /// The limit offered on a connector in amperes: after every accepted SetChargingProfile, and whenever it changes.
    case limit(connector: Int, amperes: Double)
    /// The state of a connector has changed.
    case status(connector: Int, ChargePointStatus)
    /// The central system has confirmed a transaction.
    case transactionStarted(connector: Int, transactionID: Int)
    /// A transaction is over; `nil` if it never got an id.
    case transactionEnded(connector: Int, transactionID: Int?, StopReason)
    /// The registration was accepted.
    case booted
    case violation(OCPPViolationKind, String)
}
