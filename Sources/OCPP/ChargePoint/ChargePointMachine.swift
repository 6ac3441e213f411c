import JSONText
import Quantities

/// The state of a charge point in short.
public struct ChargePointSummary: Hashable, Sendable {
    /// Whether the connection stands.
    public var isConnected: Bool
    /// The state of the registration; `nil` before the first answer to BootNotification.
    public var registration: RegistrationStatus?
    /// Messages about transactions that are not on their way to the central system.
    public var undeliveredMessages: Int
    /// Transactions that run.
    public var runningTransactions: Int
    /// The id of the transaction that runs on connector 1.
    public var transactionID: Int?
    /// Whether a reservation keeps connector 1.
    public var isReserved: Bool
}

/// A charge point of OCPP 1.6 as a pure state machine.
///
/// Every input carries the instant at which it happens and appends what the charge point wants done to a list of the caller; nothing is read from a
/// clock, and the meter is asked only through the source handed in. Keep one as a property of a class or in an array: it is a value and is changed in
/// place.
///
/// What survives a power failure is ``memory``: throw the machine away at any moment and make a new one from it. `start` switches the machine on; it
/// asks for its connection with `.connect`, which `connected` or `disconnected` answers.
public struct ChargePointMachine: Sendable {
    public let settings: ChargePointSettings
    /// Unix seconds of the start of the run.
    public let epoch: Int64
    /// The state of the registration; `nil` before the first answer to BootNotification.
    public internal(set) var registration: RegistrationStatus?
    /// True between `start` and a reboot or `powerOff`.
    public internal(set) var isOn = false
    /// True while the connection to the central system stands.
    public internal(set) var isConnected = false
    var store: ChargePointMemory
    var session: FramingSession
    var decoder: MessageDecoder
    var smart: SmartCharging
    var connectors: [Connector]
    /// The state of the charge point as a whole, and the last that was reported.
    var stationStatus = ChargePointStatus.available
    var stationReported: ChargePointStatus?
    var stationFault: Fault?
    /// Calls that wait for the outstanding one.
    var calls = CallQueue()
    /// True while the first message of the transaction queue is on its way.
    var isDelivering = false
    /// True while the first message of the transaction queue waits for its next try.
    var isRetryWaiting = false
    var attempt = 0
    var connects: UInt64 = 0
    var timeoutsInARow = 0
    /// When the next BootNotification may go, while the registration is not accepted.
    var bootDue: Instant?
    var lastSent = Instant.zero
    var limitTimer: Instant?
    var reservationTimer: Instant?
    var transferTimer: Instant?
    /// Statuses that are reported late.
    var lateCalls: [(due: Instant, payload: OCPPPayload, connector: Int)] = []
    /// Set while a reset waits for its StopTransactions.
    var pendingReset: PendingReset?
    /// What MeterValues carry, out of the configuration.
    var samplers = MeterSamplers()
    /// The period of the sampled meter values; `.zero` = none.
    var meterPeriod = Duration.zero
    /// The period of the clock-aligned ones.
    var alignedPeriod = Duration.zero
    var heartbeatPeriod = Duration.zero
    /// ChangeAvailability of connector 0 waits for the end of the transactions.
    var isStationUnavailableLater = false
    /// The connection is to be opened anew.
    var pendingReconnect = false

    /// The state of one connector that does not survive a reboot.
    struct Connector: Sendable {
        var status = ChargePointStatus.available
        /// The state and error that the central system knows; `nil` if it knows none.
        var reported: ChargePointStatus?
        var reportedFault: Fault?
        var isPlugged = false
        var isSuspendedByVehicle = false
        /// The cable was pulled in a transaction that goes on (StopTransactionOnEVSideDisconnect = false).
        var isCablePulled = false
        /// A transaction is over and its cable still there.
        var isFinishing = false
        var phase = Phase.idle
        var idTag = ""
        var parentIdTag: String?
        var isRemote = false
        /// The charge point's own number of the transaction that runs.
        var transaction: Int?
        /// True from the start until StartTransaction was answered, if it could be sent at once.
        var awaitsConfirmation = false
        /// The tag turned out invalid, and the transaction goes on without energy.
        var isDeauthorized = false
        /// The register in Wh up to which an invalid tag may take energy.
        var energyLimit: Int?
        var isContactorClosed = false
        /// What the quirk of a register that begins at 0 takes off, in Wh.
        var registerBase = 0.0
        var limit = 0.0
        var pendingProfile: ChargingProfile?
        var fault: Fault?
        /// The lock does not move.
        var isLockBroken = false
        /// Out of service once the transaction is over.
        var isUnavailableLater = false
    }

    /// An error of a connector or of the charge point.
    struct Fault: Hashable, Sendable {
        var code: ChargePointErrorCode
        var info: String?
        var vendorID: String?
        var vendorErrorCode: String?
        /// False for a warning that leaves the connector in service.
        var isFatal = true
    }

    /// How far a connector is with a transaction.
    enum Phase: UInt8, Sendable {
        case idle
        /// Authorize is on its way.
        case authorizing
        /// Authorised, no cable yet.
        case waitingForCable
        /// A transaction runs.
        case charging
    }

    struct PendingReset: Sendable { var isHard: Bool }

    /// - Parameters:
    ///   - epoch: Unix seconds of the start of the run.
    ///   - memory: what the last machine has left behind; `nil` for a charge point that was never switched on.
    public init(_ settings: ChargePointSettings, epoch: Int64, memory: ChargePointMemory? = nil) {
        var settings = settings
        settings.connectors = min(max(settings.connectors, 1), 64)
        self.settings = settings
        self.epoch = epoch
        store = memory ?? ChargePointMemory(settings)
        session = FramingSession(timeout: settings.callTimeout, queueLimit: settings.queueLimit, lastID: store.lastMessageID)
        session.repeatsIDs = settings.quirks.contains(.reusesIDs)
        decoder = MessageDecoder(role: .chargePoint, isStrict: settings.isStrict)
        smart = SmartCharging(settings.station)
        smart.installed = store.profiles
        connectors = Array(repeating: Connector(), count: settings.connectors)
        for index in connectors.indices { connectors[index].limit = settings.maxCurrent }
        applyConfiguration()
        for index in connectors.indices { connectors[index].status = wantedStatus(index + 1) }
        stationStatus = store.isOperative[0] ? .available : .unavailable
    }

    /// What survives a power failure or a kill, consistent after every input.
    public var memory: ChargePointMemory {
        var memory = store
        memory.lastMessageID = session.lastID
        memory.profiles = smart.installed.filter { $0.profile.purpose != .txProfile }
        return memory
    }

    // MARK: State that others may look at

    /// The state of a connector, numbered from 1, or of the charge point for 0; Unavailable if there is none.
    public func status(connector: Int) -> ChargePointStatus {
        if connector == 0 { return stationStatus }
        return connectors.indices.contains(connector &- 1) ? connectors[connector - 1].status : .unavailable
    }

    /// The id of the transaction that runs on a connector; `nil` if none runs or it has none yet.
    public func transactionID(connector: Int) -> Int? {
        guard connectors.indices.contains(connector &- 1), let number = connectors[connector - 1].transaction else { return nil }
        // By index: a record that is only looked at need not be copied.
        guard let place = store.transactions.lastIndex(where: { $0.number == number }) else { return nil }
        return store.transactions[place].transactionID
    }

    /// True if a transaction runs on a connector.
    public func hasTransaction(connector: Int) -> Bool {
        connectors.indices.contains(connector &- 1) && connectors[connector - 1].transaction != nil
    }

    /// True if a connector is energised.
    public func isEnergised(connector: Int) -> Bool {
        connectors.indices.contains(connector &- 1) && connectors[connector - 1].isContactorClosed
    }

    /// The limit offered on a connector in amperes.
    public func limit(connector: Int) -> Double {
        guard connectors.indices.contains(connector &- 1) else { return 0 }
        return offered(connector)
    }

    /// How many messages about transactions wait for their answer.
    public var queuedTransactionMessages: Int { store.queue.count }

    /// How many of them are not on their way to the central system.
    public var undeliveredMessages: Int { store.queue.count - (isDelivering ? 1 : 0) }

    /// How many transactions run.
    public var runningTransactions: Int { connectors.count { $0.transaction != nil } }

    /// What is looked at after every input, in one value; for connector 1 where it is about one connector.
    public var summary: ChargePointSummary {
        ChargePointSummary(
            isConnected: isConnected, registration: registration, undeliveredMessages: undeliveredMessages, runningTransactions: runningTransactions,
            transactionID: transactionID(connector: 1), isReserved: isReserved(connector: 1))
    }

    /// True if a reservation keeps a connector, or the charge point for 0.
    public func isReserved(connector: Int) -> Bool { store.reservations.all.contains { $0.connector == connector } }

    /// The states of the charge point and of its connectors.
    var statuses: [ChargePointStatus] { [stationStatus] + connectors.map(\.status) }

    /// The firmware that runs.
    public var firmwareVersion: String? { store.firmwareVersion ?? settings.firmwareVersion }

    /// The schedule that GetCompositeSchedule would report; `nil` = Rejected.
    public func compositeSchedule(connector: Int, duration: Int, unit: ChargingRateUnit, at now: Instant) -> [CompositePeriod]? {
        smart.composite(connector: connector, duration: duration, unit: unit, at: time(now))
    }

    /// The hardware allows another current from now on; limits in force follow.
    public mutating func setHardwareLimit(_ amperes: Double, at now: Instant, into out: inout [ChargePointOutput]) {
        guard amperes >= 0, amperes.isFinite, amperes != smart.station.connectorLimit else { return }
        smart.station.connectorLimit = amperes
        refreshLimits(now, &out)
    }

    /// The record of the transaction that runs on a connector.
    func record(_ connector: Int) -> TransactionRecord? {
        guard connectors.indices.contains(connector &- 1), let number = connectors[connector - 1].transaction else { return nil }
        return store.transactions.last { $0.number == number }
    }

    /// The time by the charge point's clock.
    func time(_ now: Instant) -> OCPPTimestamp {
        var time = OCPPTimestamp(epoch: epoch, now)
        if store.clockOffset != 0 {
            time.milliseconds = min(max(time.milliseconds + store.clockOffset, OCPPTimestamp.first), OCPPTimestamp.last)
        }
        return time
    }

    /// When the charge point's clock shows a time; `nil` if simulated time does not reach it.
    func instant(_ time: OCPPTimestamp) -> Instant? {
        let (milliseconds, isOver) = time.milliseconds.subtractingReportingOverflow(store.clockOffset)
        return isOver ? nil : OCPPTimestamp(milliseconds: milliseconds).instant(epoch: epoch)
    }

    /// The limit of a connector as it is offered to the vehicle: below the least current charging pauses.
    func offered(_ connector: Int) -> Double {
        let limit = connectors[connector - 1].limit
        return limit < settings.minCurrent ? 0 : limit
    }

    // MARK: Time

    /// A timer that was set has run out.
    public mutating func timer(_ timer: ChargePointTimer, at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]) {
        guard isOn else { return }
        store.lastAlive = time(now)
        switch timer {
        case .call: callOverdue(now, meter, &out)
        case .boot: bootTimer(now, &out)
        case .heartbeat: heartbeatTimer(now, &out)
        case .meter: meterTimer(now, meter, &out)
        case .aligned: alignedTimer(now, meter, &out)
        case .limit:
            limitTimer = nil
            refreshLimits(now, &out)
        case .connect: connectTimer(now, meter, &out)
        case .retry:
            isRetryWaiting = false
            requestTurn(now, &out)
        case .reservation:
            reservationTimer = nil
            expireReservations(now, &out)
        case .transfer:
            transferTimer = nil
            stepTransfers(now, meter, &out)
        case .reset: finishReset(now, &out)
        case .late: reportLate(now, &out)
        default:
            guard timer.rawValue >= 16 else { return }
            let connector = Int(timer.rawValue - 16) / 4
            switch timer.rawValue % 4 {
            case 0: connectionTimedOut(connector, now, &out)
            case 1: reportHeld(connector, now, &out)
            case 2: checkEnergyLimit(connector, now, meter, &out)
            default: break
            }
        }
    }
}
