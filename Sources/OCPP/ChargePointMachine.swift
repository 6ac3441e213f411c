import JSONText
import Quantities

/// A charge point of OCPP 1.6 as a pure state machine.
///
/// Every input carries the instant at which it happens and appends what the charge point wants done to a list of the caller; nothing is read from a
/// clock, and the meter is asked only through the source handed in. Keep one as a property of a class or in an array: it is a value and is changed in
/// place.
public struct ChargePointMachine: Sendable {
    public let settings: ChargePointSettings
    /// Unix seconds of the start of the run.
    public let epoch: Int64
    /// The state of the registration; `nil` before the first answer to BootNotification.
    public internal(set) var registration: RegistrationStatus?
    var session: FramingSession
    var decoder: MessageDecoder
    var smart: SmartCharging
    var connectors: [Connector]
    var heartbeatInterval: Duration
    var limitTimer: Instant?

    /// The state of one connector.
    struct Connector: Sendable {
        var status = ChargePointStatus.available
        var isPlugged = false
        var isSuspendedByVehicle = false
        var phase = Phase.idle
        var idTag = ""
        var isRemote = false
        var transactionID: Int?
        var meterStart = 0
        var limit = 0.0
        var pendingStop: StopTransaction?
        var pendingProfile: ChargingProfile?
    }

    /// How far a connector is with a transaction.
    enum Phase: UInt8, Sendable {
        case idle
        /// Authorize is on its way.
        case authorizing
        /// Authorised, no cable yet.
        case waitingForCable
        /// Charging; StartTransaction is not confirmed.
        case starting
        /// Charging, and the transaction has its id.
        case running
        /// Charging, but StartTransaction failed for good: there will be no id.
        case unconfirmed
        /// Stopped before StartTransaction was confirmed: StopTransaction waits for the id.
        case stopping
    }

    /// - Parameter epoch: Unix seconds of the start of the run.
    public init(_ settings: ChargePointSettings, epoch: Int64) {
        var settings = settings
        settings.connectors = min(max(settings.connectors, 1), 64)
        self.settings = settings
        self.epoch = epoch
        session = FramingSession(timeout: settings.callTimeout, queueLimit: settings.queueLimit)
        decoder = MessageDecoder(role: .chargePoint, isStrict: settings.isStrict)
        smart = SmartCharging(settings.station)
        connectors = Array(repeating: Connector(), count: settings.connectors)
        for index in connectors.indices { connectors[index].limit = settings.maxCurrent }
        heartbeatInterval = settings.heartbeatInterval
    }

    // MARK: State that others may look at

    /// The state of a connector, numbered from 1; Unavailable if there is none.
    public func status(connector: Int) -> ChargePointStatus {
        connectors.indices.contains(connector &- 1) ? connectors[connector - 1].status : .unavailable
    }

    /// The id of the transaction that runs on a connector.
    public func transactionID(connector: Int) -> Int? {
        connectors.indices.contains(connector &- 1) ? connectors[connector - 1].transactionID : nil
    }

    /// True if a connector is energised.
    public func isEnergised(connector: Int) -> Bool {
        guard connectors.indices.contains(connector &- 1) else { return false }
        return [.starting, .running, .unconfirmed].contains(connectors[connector - 1].phase)
    }

    /// The limit offered on a connector in amperes.
    public func limit(connector: Int) -> Double {
        guard connectors.indices.contains(connector &- 1) else { return 0 }
        return offered(connectors[connector - 1].limit)
    }

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

    func time(_ now: Instant) -> OCPPTimestamp { OCPPTimestamp(epoch: epoch, now) }

    /// A limit as it is offered to the vehicle: below the least current charging pauses.
    func offered(_ limit: Double) -> Double { limit < settings.minCurrent ? 0 : limit }

    // MARK: Time

    /// Power on: BootNotification after the boot delay.
    public mutating func start(at now: Instant, into out: inout [ChargePointOutput]) {
        guard settings.bootDelay > .zero else { return boot(now, &out) }
        out.append(.setTimer(.boot, now + settings.bootDelay))
    }

    private mutating func boot(_ now: Instant, _ out: inout [ChargePointOutput]) {
        let message = BootNotification(
            vendor: settings.vendor, model: settings.model, serialNumber: settings.serialNumber, firmwareVersion: settings.firmwareVersion)
        call(.bootNotification(message), .boot, now, &out)
    }

    /// A timer that was set has run out.
    public mutating func timer(_ timer: ChargePointTimer, at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]) {
        switch timer {
        case .call:
            if let overdue = session.timerFired(at: now) {
                out.append(.violation(.timeout, "\(overdue.actionName) was not answered within \(settings.callTimeout.secondsText) s"))
                fail(overdue, now, &out)
            }
            pump(now, &out)
        case .boot: if registration != .accepted, !session.holds(token: Purpose.boot.token) { boot(now, &out) }
        case .heartbeat:
            guard registration == .accepted else { return }
            out.append(.setTimer(.heartbeat, now + heartbeatInterval))
            if !session.holds(token: Purpose.heartbeat.token) { call(.empty(.heartbeat), .heartbeat, now, &out) }
        case .meter:
            guard registration == .accepted, let interval = settings.meterInterval, interval > .zero else { return }
            out.append(.setTimer(.meter, now + interval))
            for connector in 1...connectors.count { meterSample(connector: connector, at: now, meter: meter, into: &out) }
        case .limit:
            limitTimer = nil
            refreshLimits(now, &out)
        default: connectionTimedOut(Int(timer.rawValue) - 16, now, &out)
        }
    }

    /// Sends MeterValues of a connector now, unless the settings keep them to transactions and none runs.
    public mutating func meterSample(connector: Int, at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]) {
        guard registration == .accepted, connectors.indices.contains(connector &- 1) else { return }
        let phase = connectors[connector - 1].phase
        guard phase == .running || phase == .starting || settings.metersAlways else { return }
        guard let value = meterValue(meter.reading(connector: connector, at: now), now) else { return }
        call(.meterValues(MeterValues(connectorID: connector, transactionID: connectors[connector - 1].transactionID, value: value)), .meter, now, &out)
    }

    /// The measurands of the settings out of one reading; `nil` if none of them can be read.
    private func meterValue(_ reading: MeterReading, _ now: Instant) -> MeterValue? {
        var value = MeterValue(timestamp: time(now), first: nil)
        for measurand in settings.measurands {
            let sample: SampledValue
            switch measurand {
            case .currentImport: sample = SampledValue(reading.currentA, measurand: measurand, unit: .amperes)
            case .voltage: sample = SampledValue(reading.voltageV, measurand: measurand, unit: .volts)
            case .powerActiveImport: sample = SampledValue(reading.powerW, measurand: measurand, unit: .watts)
            case .energyActiveImportRegister: sample = SampledValue(reading.energyWh, measurand: measurand, unit: .wattHours)
            case .soc:
                guard let soc = reading.socPercent else { continue }
                sample = SampledValue(soc, decimals: 1, measurand: measurand, unit: .percent)
            default: continue
            }
            if value.first == nil { value.first = sample } else { value.others.append(sample) }
        }
        return value.first == nil ? nil : value
    }
}
