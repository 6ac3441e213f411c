import Quantities

extension ChargePointMachine {
    // MARK: Power

    /// Power on: transactions that ran when the power failed are ended, then the connection is opened after the boot delay.
    ///
    /// - Parameter meter: if given, the register of an interrupted transaction is read from it; else the one that was read last counts.
    public mutating func start(at now: Instant, meter: (any MeterSource)? = nil, into out: inout [ChargePointOutput]) {
        guard !isOn else { return }
        isOn = true
        attempt = 1
        store.configuration.rebooted()
        applyConfiguration()
        noteSecurity("StartupOfTheDevice", nil, now, &out)
        endInterrupted(now, meter, &out)
        store.lastAlive = time(now)
        resumeTransfers(now, &out)
        for connector in connectors.indices { refreshStatus(connector + 1, now, &out) }
        scheduleReservations(now, &out)
        refreshLimits(now, &out)
        if settings.bootDelay > .zero { out.append(.setTimer(.connect, now + settings.bootDelay)) } else { out.append(.connect(attempt: attempt)) }
    }

    /// The power fails: nothing more happens until `start`. With a meter the registers of running transactions are read once more.
    public mutating func powerOff(at now: Instant, meter: (any MeterSource)? = nil, into out: inout [ChargePointOutput]) {
        guard isOn else { return }
        if let meter {
            for index in store.transactions.indices where !store.transactions[index].isStopped {
                let register = register(store.transactions[index].connector, meter, now)
                store.transactions[index].lastRegister = max(store.transactions[index].lastRegister, register)
            }
        }
        store.lastAlive = time(now)
        for connector in 1...connectors.count { openContactor(connector, &out) }
        forgetVolatile()
    }

    /// The state after a power failure; what the world does to the connectors stays.
    mutating func forgetVolatile() {
        let (old, fault) = (connectors, stationFault)
        self = ChargePointMachine(settings, epoch: epoch, memory: memory)
        for index in old.indices {
            connectors[index].isPlugged = old[index].isPlugged
            connectors[index].isSuspendedByVehicle = old[index].isSuspendedByVehicle
            connectors[index].isLockBroken = old[index].isLockBroken
            connectors[index].fault = old[index].fault
        }
        stationFault = fault
        for index in old.indices { connectors[index].status = wantedStatus(index + 1) }
    }

    /// What the sensors of a machine that was made from memory find at a connector, before `start`.
    public mutating func sense(connector: Int, isPlugged: Bool) {
        guard !isOn, connectors.indices.contains(connector &- 1) else { return }
        connectors[connector - 1].isPlugged = isPlugged
        connectors[connector - 1].status = wantedStatus(connector)
    }

    // MARK: Connection

    /// The connection to the central system stands.
    public mutating func connected(at now: Instant, into out: inout [ChargePointOutput]) {
        guard isOn, !isConnected else { return }
        isConnected = true
        attempt = 0
        timeoutsInARow = 0
        out.append(.cancelTimer(.connect))
        if registration == .accepted, settings.quirks.contains(.bootsOnReconnect) { registration = nil }
        guard registration == .accepted else {
            if let due = bootDue, due > now { out.append(.setTimer(.boot, due)) } else { boot(now, &out) }
            return
        }
        reportChanges(now, &out)
        reportSecurity(now, &out)
        reportTransfers(now, &out)
        requestTurn(now, &out)
    }

    /// The connection is gone, or could not be opened.
    public mutating func disconnected(at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]) {
        guard isOn else { return }
        store.lastAlive = time(now)
        dropConnection(now, meter, &out)
        attempt += 1
        out.append(.setTimer(.connect, now + reconnectWait()))
    }

    /// Ends everything that lives on a connection.
    mutating func dropConnection(_ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        guard isConnected else { return }
        isConnected = false
        isDelivering = false
        isRetryWaiting = false
        var lost: [UInt64] = []
        if let pending = session.pending { lost.append(pending.token) }
        session.reset()
        lost += calls.drain()
        out.append(.cancelTimer(.retry))
        for connector in connectors.indices where connectors[connector].awaitsConfirmation {
            connectors[connector].awaitsConfirmation = false
            refreshStatus(connector + 1, now, &out)
        }
        for token in lost { lose(Purpose(token: token), now, meter, &out) }
    }

    /// The wait before the next attempt to connect: it doubles, and a share is drawn.
    private mutating func reconnectWait() -> Duration {
        connects &+= 1
        var wait = max(settings.reconnectWait.nanoseconds, 0)
        for _ in 1..<max(min(attempt, 40), 1) {
            guard wait < settings.reconnectLimit.nanoseconds else { break }
            wait = wait.multipliedReportingOverflow(by: 2).overflow ? wait : wait * 2
        }
        wait = min(wait, max(settings.reconnectLimit.nanoseconds, settings.reconnectWait.nanoseconds))
        let share = min(max(settings.reconnectJitter, 0), 1) * CounterDraw.uniform(seed: settings.seed, name: settings.identity, count: connects)
        return Duration(nanoseconds: wait + Int64(Double(wait) * share))
    }

    // MARK: Registration

    /// Introduces the charge point.
    mutating func boot(_ now: Instant, _ out: inout [ChargePointOutput]) {
        guard !holds(.boot) else { return }
        bootDue = nil
        var message = BootNotification(
            vendor: settings.vendor, model: settings.model, serialNumber: settings.serialNumber, firmwareVersion: firmwareVersion)
        message.chargeBoxSerialNumber = settings.boxSerialNumber
        message.iccid = settings.iccid
        message.imsi = settings.imsi
        message.meterType = settings.meterType
        message.meterSerialNumber = settings.meterSerialNumber
        call(.bootNotification(message), .boot, now, &out)
    }

    mutating func bootTimer(_ now: Instant, _ out: inout [ChargePointOutput]) {
        guard registration != .accepted else { return }
        if isConnected {
            boot(now, &out)
        } else if settings.closesWhenRejected, registration == .rejected {
            out.append(.connect(attempt: max(attempt, 1)))
        }
    }

    /// When BootNotification is sent again.
    mutating func bootLater(_ wait: Duration, _ now: Instant, _ out: inout [ChargePointOutput]) {
        bootDue = now + wait
        out.append(.setTimer(.boot, now + wait))
    }

    /// The answer to BootNotification.
    mutating func registered(_ result: BootNotificationResult, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        let isStuck = settings.quirks.contains(.stuckPending) && result.status == .accepted
        let wasAccepted = registration == .accepted
        registration = isStuck ? .pending : result.status
        let interval = Duration.seconds(Int64(min(max(result.interval, 0), 10_000_000)))
        guard registration == .accepted else {
            bootLater(interval > .zero ? interval : settings.bootRetry, now, &out)
            if registration == .rejected, settings.closesWhenRejected {
                dropConnection(now, meter, &out)
                out.append(.disconnect)
            }
            return
        }
        bootDue = nil
        setClock(result.currentTime, now, &out)
        out.append(.booted)
        let period = interval > .zero ? interval : settings.heartbeatInterval
        let seconds = Int(period.nanoseconds / 1_000_000_000)
        if store.configuration[int: .heartbeatInterval] != seconds { store.configuration.set(.heartbeatInterval, to: String(seconds)) }
        heartbeatPeriod = period
        if heartbeatPeriod > .zero { out.append(.setTimer(.heartbeat, now + heartbeatPeriod)) }
        if !wasAccepted {
            scheduleMeter(now, &out)
            scheduleAligned(now, &out)
        }
        reportAll(now, &out)
        reportSecurity(now, &out)
        reportTransfers(now, &out)
        requestTurn(now, &out)
    }

    // MARK: Heartbeat and clock

    mutating func heartbeatTimer(_ now: Instant, _ out: inout [ChargePointOutput]) {
        guard registration == .accepted, heartbeatPeriod > .zero else { return }
        if !settings.heartbeatsAlways, isConnected, lastSent + heartbeatPeriod > now {
            return out.append(.setTimer(.heartbeat, lastSent + heartbeatPeriod))
        }
        out.append(.setTimer(.heartbeat, now + heartbeatPeriod))
        guard isConnected, !settings.quirks.contains(.noHeartbeat) else { return }
        if !holds(.heartbeat) { call(.empty(.heartbeat), .heartbeat, now, &out) }
    }

    /// The central system has told its time.
    mutating func setClock(_ time: OCPPTimestamp, _ now: Instant, _ out: inout [ChargePointOutput]) {
        guard settings.setsClock else { return }
        let own = OCPPTimestamp(epoch: epoch, now).milliseconds
        let offset = time.milliseconds - own
        let difference = offset - store.clockOffset
        let tolerance = max(settings.clockTolerance.nanoseconds / 1_000_000, 0)
        guard difference.magnitude > UInt64(tolerance) else { return }
        // Back within the tolerance of the simulated clock the two count as one again.
        store.clockOffset = offset.magnitude <= UInt64(tolerance) ? 0 : offset
        store.lastAlive = self.time(now)
        noteSecurity("SettingSystemTime", "by \(difference) ms", now, &out)
        guard registration == .accepted || isOn else { return }
        scheduleAligned(now, &out)
        scheduleReservations(now, &out)
        limitTimer = nil
        refreshLimits(now, &out)
    }
}

/// Draws that depend on nothing but seed, name and count.
enum CounterDraw {
    /// A number from 0 up to 1.
    static func uniform(seed: UInt64, name: String, count: UInt64) -> Double {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ mix(seed)
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return Double(mix(hash &+ count &* 0x9E37_79B9_7F4A_7C15) >> 11) / 9_007_199_254_740_992
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
