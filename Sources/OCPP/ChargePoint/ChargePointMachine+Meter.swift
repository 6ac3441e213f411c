import Quantities

/// What MeterValues and StopTransaction carry, out of the configuration; one sampler for each list and connector, place 0 for the main meter.
struct MeterSamplers: Sendable {
    var sampled: [MeterSampler] = []
    var aligned: [MeterSampler] = []
    /// Empty unless StopTransaction shall carry samples.
    var stopSampled: [MeterSampler] = []
    var stopAligned: [MeterSampler] = []

    /// Makes the samplers whose lists have changed.
    mutating func configure(_ configuration: ConfigurationStore, _ settings: ChargePointSettings) {
        var style = MeterStyle()
        style.location = nil
        style.writesDefaults = false
        style.installedPhases = settings.phases
        if settings.quirks.contains(.celcius) { style.temperature = .celcius }
        func update(_ samplers: inout [MeterSampler], _ key: ConfigurationKey, isForStop: Bool) {
            style.isForStopTransaction = isForStop
            let specs = configuration.measurands(key)
            guard samplers.first?.specs ?? [] != specs else { return }
            samplers = specs.isEmpty ? [] : Array(repeating: MeterSampler(specs, style: style), count: settings.connectors + 1)
        }
        update(&sampled, .meterValuesSampledData, isForStop: false)
        update(&aligned, .meterValuesAlignedData, isForStop: false)
        update(&stopSampled, .stopTxnSampledData, isForStop: true)
        update(&stopAligned, .stopTxnAlignedData, isForStop: true)
    }

    /// A transaction begins: intervals count from here.
    mutating func begin(connector: Int, _ point: OperatingPoint) {
        if !sampled.isEmpty { sampled[connector].begin(point) }
        if !aligned.isEmpty { aligned[connector].begin(point) }
        if !stopSampled.isEmpty { stopSampled[connector].begin(point) }
        if !stopAligned.isEmpty { stopAligned[connector].begin(point) }
    }
}

extension ChargePointMachine {
    /// How many samples a StopTransaction carries at most.
    static var stopDataLimit: Int { 500 }

    /// Sets the timer of the sampled meter values.
    mutating func scheduleMeter(_ now: Instant, _ out: inout [ChargePointOutput]) {
        guard isOn, meterPeriod > .zero, !settings.metersOnReading else { return out.append(.cancelTimer(.meter)) }
        out.append(.setTimer(.meter, now + meterPeriod))
    }

    /// Sets the timer of the clock-aligned meter values: the next multiple of the period since midnight, by the charge point's clock.
    mutating func scheduleAligned(_ now: Instant, _ out: inout [ChargePointOutput]) {
        guard isOn, alignedPeriod > .zero else { return out.append(.cancelTimer(.aligned)) }
        let day: Int64 = 86_400_000
        let clock = time(now).milliseconds
        let midnight = (clock >= 0 ? clock : clock - day + 1) / day * day
        let period = alignedPeriod.nanoseconds / 1_000_000
        let next = min(midnight + ((clock - midnight) / period + 1) * period, midnight + day)
        guard let due = instant(OCPPTimestamp(milliseconds: next)) else { return }
        out.append(.setTimer(.aligned, max(due, now)))
    }

    mutating func meterTimer(_ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        guard meterPeriod > .zero, hasRegistered else { return }
        out.append(.setTimer(.meter, now + meterPeriod))
        for connector in 1...connectors.count {
            meterSample(connector: connector, at: now, meter: meter, into: &out)
            if connectors[connector - 1].transaction != nil { keepSample(.samplePeriodic, connector, now, meter) }
        }
    }

    mutating func alignedTimer(_ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        scheduleAligned(now, &out)
        guard hasRegistered else { return }
        if !samplers.aligned.isEmpty {
            for connector in 0...connectors.count { meterValues(aligned: true, connector, now, meter, &out) }
        }
        guard !samplers.stopAligned.isEmpty else { return }
        for connector in 1...connectors.count where connectors[connector - 1].transaction != nil { keepSample(.sampleClock, connector, now, meter) }
    }

    /// True once the central system has accepted the charge point since the last reboot.
    var hasRegistered: Bool { registration == .accepted }

    /// Sends MeterValues of a connector now, unless the settings keep them to transactions and none runs.
    public mutating func meterSample(connector: Int, at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]) {
        guard isOn, hasRegistered, connectors.indices.contains(connector &- 1) else { return }
        guard connectors[connector - 1].transaction != nil || settings.metersAlways else { return }
        meterValues(aligned: false, connector, now, meter, &out)
    }

    /// The operating point that the meter of a connector sees.
    func point(_ connector: Int, _ meter: any MeterSource, _ now: Instant) -> OperatingPoint {
        var point = meter.reading(connector: connector, at: now).point
        if connector > 0 { point.energyImportWh -= connectors[connector - 1].registerBase }
        point.offeredCurrent = 0
        for place in connectors.indices where (connector == 0 || place == connector - 1) && isEnergised(connector: place + 1) {
            point.offeredCurrent += limit(connector: place + 1)
        }
        return point
    }

    /// Queues or sends MeterValues of one of the two lists.
    private mutating func meterValues(
        aligned: Bool, _ connector: Int, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        let transaction = connector > 0 ? connectors[connector - 1].transaction : nil
        guard transaction != nil || isConnected else { return }
        let point = point(connector, meter, now)
        let time = time(now)
        let value: MeterValue?
        if aligned {
            value = samplers.aligned.isEmpty ? nil : samplers.aligned[connector].sample(point, at: time, context: .sampleClock)
        } else {
            value = samplers.sampled.isEmpty ? nil : samplers.sampled[connector].sample(point, at: time)
        }
        guard let value else { return }
        guard let transaction else {
            call(.meterValues(MeterValues(connectorID: connector, value: value)), .meter, now, &out)
            return
        }
        if let place = store.transactions.lastIndex(where: { $0.number == transaction }) {
            store.transactions[place].lastRegister = max(store.transactions[place].lastRegister, Self.whole(point.energyImportWh))
        }
        enqueue(.meterValues(MeterValues(connectorID: connector, transactionID: nil, value: value)), transaction, now, &out)
    }

    /// Sends MeterValues that a TriggerMessage has asked for.
    mutating func triggeredMeterValues(_ connector: Int, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        guard !samplers.sampled.isEmpty, let value = samplers.sampled[connector].sample(point(connector, meter, now), at: time(now), context: .trigger)
        else { return }
        call(.meterValues(MeterValues(connectorID: connector, transactionID: transactionID(connector: connector), value: value)), .triggered, now, &out)
    }

    /// Keeps a sample for the StopTransaction of the transaction that runs.
    mutating func keepSample(_ context: ReadingContext, _ connector: Int, _ now: Instant, _ meter: any MeterSource) {
        guard !(context == .sampleClock ? samplers.stopAligned : samplers.stopSampled).isEmpty, let number = connectors[connector - 1].transaction,
            let place = store.transactions.lastIndex(where: { $0.number == number })
        else { return }
        let (point, time) = (point(connector, meter, now), time(now))
        let value =
            context == .sampleClock
            ? samplers.stopAligned[connector].sample(point, at: time, context: context)
            : samplers.stopSampled[connector].sample(point, at: time, context: context)
        guard let value else { return }
        if store.transactions[place].data.count >= Self.stopDataLimit { store.transactions[place].data.remove(at: 1) }
        store.transactions[place].data.append(value)
    }

    /// The register of a meter as the whole Wh that messages carry.
    func register(_ connector: Int, _ meter: any MeterSource, _ now: Instant) -> Int { Self.whole(point(connector, meter, now).energyImportWh) }

    /// A register in whole Wh.
    static func whole(_ energy: Double) -> Int { energy.isFinite ? Int(min(max(energy.rounded(), 0), 2_147_483_647)) : 0 }
}
