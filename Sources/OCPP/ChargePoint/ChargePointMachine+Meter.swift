import Quantities

/// What MeterValues and StopTransaction carry, out of the configuration.
struct MeterSamplers: Sendable {
    var sampled: [MeasurandSpec] = []
    var aligned: [MeasurandSpec] = []
    var stopSampled: [MeasurandSpec] = []
    var stopAligned: [MeasurandSpec] = []

    func begin(connector: Int) {}
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
            for connector in 0...connectors.count { meterValues(samplers.aligned, .sampleClock, connector, now, meter, &out) }
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
        meterValues(samplers.sampled, nil, connector, now, meter, &out)
    }

    /// Queues or sends MeterValues with these measurands.
    private mutating func meterValues(
        _ specs: [MeasurandSpec], _ context: ReadingContext?, _ connector: Int, _ now: Instant, _ meter: any MeterSource,
        _ out: inout [ChargePointOutput]
    ) {
        let transaction = connector > 0 ? connectors[connector - 1].transaction : nil
        guard transaction != nil || isConnected else { return }
        guard let value = meterValue(specs, context, connector, now, meter) else { return }
        guard let transaction else {
            call(.meterValues(MeterValues(connectorID: connector, value: value)), .meter, now, &out)
            return
        }
        if let place = store.transactions.lastIndex(where: { $0.number == transaction }) {
            store.transactions[place].lastRegister = max(store.transactions[place].lastRegister, register(connector, meter, now))
        }
        enqueue(.meterValues(MeterValues(connectorID: connector, transactionID: nil, value: value)), transaction, now, &out)
    }

    /// Sends MeterValues that a TriggerMessage has asked for.
    mutating func triggeredMeterValues(_ connector: Int, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        guard let value = meterValue(samplers.sampled, .trigger, connector, now, meter) else { return }
        call(.meterValues(MeterValues(connectorID: connector, transactionID: record(connector)?.transactionID, value: value)), .triggered, now, &out)
    }

    /// Keeps a sample for the StopTransaction of the transaction that runs.
    mutating func keepSample(_ context: ReadingContext, _ connector: Int, _ now: Instant, _ meter: any MeterSource) {
        let specs = context == .sampleClock ? samplers.stopAligned : samplers.stopSampled
        guard !specs.isEmpty, let number = connectors[connector - 1].transaction, let place = store.transactions.lastIndex(where: { $0.number == number }),
            var value = meterValue(specs, context, connector, now, meter)
        else { return }
        // The schema of StopTransaction does not know the unit Hertz.
        if value.first?.unit == .hertz { value.first?.unit = nil }
        for index in value.others.indices where value.others[index].unit == .hertz { value.others[index].unit = nil }
        if store.transactions[place].data.count >= Self.stopDataLimit { store.transactions[place].data.remove(at: 1) }
        store.transactions[place].data.append(value)
    }

    /// The samples of one reading; `nil` if none of the measurands can be read.
    private mutating func meterValue(
        _ specs: [MeasurandSpec], _ context: ReadingContext?, _ connector: Int, _ now: Instant, _ meter: any MeterSource
    ) -> MeterValue? {
        guard !specs.isEmpty else { return nil }
        var reading = meter.reading(connector: connector, at: now)
        if connector > 0 { reading.energyWh -= connectors[connector - 1].registerBase }
        var value = MeterValue(timestamp: time(now), first: nil)
        for spec in specs {
            var sample: SampledValue
            switch spec.measurand {
            case .currentImport: sample = SampledValue(reading.currentA, measurand: spec.measurand, unit: .amperes)
            case .voltage: sample = SampledValue(reading.voltageV, measurand: spec.measurand, unit: .volts)
            case .powerActiveImport: sample = SampledValue(reading.powerW, measurand: spec.measurand, unit: .watts)
            case .energyActiveImportRegister: sample = SampledValue(reading.energyWh, measurand: spec.measurand, unit: .wattHours)
            case .soc:
                guard let soc = reading.socPercent else { continue }
                sample = SampledValue(soc, decimals: 1, measurand: spec.measurand, unit: .percent)
            default: continue
            }
            sample.context = context
            if value.first == nil { value.first = sample } else { value.others.append(sample) }
        }
        return value.first == nil ? nil : value
    }
}
