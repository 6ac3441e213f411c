import CAN
import Electrical
import OCPP
import Quantities
import SimulationKernel

/// Contactor, plant, meter and charger module of a charge point.
extension ChargePointNode {
    func setEnergised(_ on: Bool, _ connector: Int) {
        if bus != nil {
            guard simulation.signals.latest(firstSignal + Signal.charging) != (on ? 1 : 0) else { return }
            publish(Signal.charging, on ? 1 : 0)
            if let frame = on ? startFrame : stopFrame { simulation.send(frame, frame.frame { _ in 0 }) }
            return
        }
        guard plants.indices.contains(connector - 1) else { return }
        publishReadings()
        plants[connector - 1].setEnergised(on, at: now)
        publishChange(Signal.charging, plants.contains { $0.isEnergised } ? 1 : 0)
        plantChanged(connector)
        if trouble != nil { watchSupply(connector) }
    }

    func setLimit(_ amperes: Double, _ connector: Int) {
        if connector == 1 { publish(Signal.limit, amperes) }
        if bus != nil {
            if connector == 1, let frame = limitFrame { simulation.send(frame, frame.frame { _ in amperes }) }
            return
        }
        guard plants.indices.contains(connector - 1) else { return }
        plants[connector - 1].setLimit(amperes, at: now)
        plantChanged(connector)
        if trouble != nil { watchSupply(connector) }
    }

    /// The offer has changed: readings are published, and the instant at which the vehicle has enough is planned anew.
    func plantChanged(_ connector: Int) {
        publishReadings()
        let full = plants[connector - 1].isEnergised ? plants[connector - 1].instantFull() : nil
        planFull(connector, at: full.flatMap { $0 < simulation.kernel.end ? max($0, now) : nil })
    }

    func vehicleFull(_ connector: Int) {
        plants[connector - 1].setLimit(plants[connector - 1].limit, at: now)
        drive { $0.setSuspended(true, connector: connector, at: now, into: &$1) }
        publishReadings()
    }

    /// The vehicle pauses or goes on.
    func setPaused(_ isPaused: Bool, _ connector: Int) {
        guard plants.indices.contains(connector - 1) else { return }
        plants[connector - 1].setPaused(isPaused, at: now)
        drive { $0.setSuspended(isPaused, connector: connector, at: now, into: &$1) }
        plantChanged(connector)
    }

    func publishReadings() {
        guard bus == nil else { return }
        var current = 0.0
        var power = 0.0
        var energy = 0.0
        var offered = 0.0
        for plant in plants {
            let reading = plant.reading(at: now)
            current += reading.currentA
            power += reading.powerW
            energy += reading.energyWh
            if plant.isEnergised { offered += plant.limit }
        }
        publish(Signal.current, current)
        publish(Signal.power, power)
        publish(Signal.energy, energy * 3600)
        publish(Signal.sessionEnergy, plants[0].sessionEnergy(at: now) * 3600)
        if let soc = plants[0].reading(at: now).socPercent { publish(Signal.soc, reported(soc) / 100) }
        publish(Signal.meterCurrent, trouble == nil ? metered(current) : meterCurrent(truth: current))
        publish(Signal.meterEnergy, meterRegister(truth: energy))
        publishChange(Signal.powerOffered, offered * voltage * Double(phases))
        for observer in socObservers {
            if let soc = plants[observer.connector - 1].reading(at: now).socPercent { observer.body(soc / 100) }
        }
    }

    func power(at instant: Instant) -> Double {
        if bus != nil { return moduleCurrent * voltage }
        var sum = 0.0
        for plant in plants { sum += plant.power(at: instant) + (plant.condition?.auxiliary ?? 0) }
        return sum
    }

    /// What the meter of a connector shows; 0 is the main meter.
    func reading(connector: Int, at instant: Instant) -> MeterReading {
        if connector == 0 { return mainReading(at: instant) }
        guard plants.indices.contains(connector - 1) else { return MeterReading() }
        if let stuck = trouble?.stuckMeters[connector - 1] { return stuck }
        let isModule = bus != nil
        var reading = metered(
            isModule
                ? MeterReading(currentA: moduleCurrent, voltageV: voltage, powerW: moduleCurrent * voltage, energyWh: moduleEnergy)
                : plants[connector - 1].reading(at: instant), connector: connector)
        reading.phases = isModule ? 1 : phases
        reading.frequencyHz = frequency
        reading.temperatureC = temperature
        if let soc = reading.socPercent { reading.socPercent = reported(soc) }
        return reading
    }

    private func mainReading(at instant: Instant) -> MeterReading {
        var sum = reading(connector: 1, at: instant)
        guard plants.count > 1 else { return sum }
        sum.socPercent = nil
        for connector in 2...plants.count {
            let next = reading(connector: connector, at: instant)
            sum.currentA += next.currentA
            sum.powerW += next.powerW
            sum.energyWh += next.energyWh
        }
        return sum
    }

    /// The reading of the charger module.
    func take(_ frame: CANFrame) {
        guard let reading = readingFrame, let field = reading.fields.first, frame.count >= field.layout.byteCount else {
            simulation.invalidState(name, "a reading of \(frame.count) bytes was ignored")
            return
        }
        if let last = moduleReadAt { moduleEnergy += moduleCurrent * voltage * (now - last).seconds / 3600 }
        moduleReadAt = now
        moduleCurrent = field.layout.value(in: frame.payload)
        publish(Signal.current, moduleCurrent)
        publish(Signal.power, moduleCurrent * voltage)
        publish(Signal.energy, moduleEnergy * 3600)
        publish(Signal.meterCurrent, metered(moduleCurrent))
        publish(Signal.meterEnergy, meterRegister(truth: moduleEnergy))
    }

    /// A step writes the limit.
    func writeLimit(_ value: Double) {
        guard value >= 0 else { return }
        if bus != nil {
            if let frame = limitFrame { simulation.send(frame, frame.frame { _ in value }) }
            return
        }
        plants[0].setLimit(value, at: now)
        plantChanged(1)
    }

    // MARK: The meter

    /// A current as the meter reports it; the offset shows only while current flows.
    private func metered(_ current: Double) -> Double { current > 0 ? max(0, current * meterGain + meterOffset) : current }

    /// What the meters report while some of them may be stuck.
    private func meterCurrent(truth: Double) -> Double {
        guard trouble?.stuckMeters.contains(where: { $0 != nil }) == true else { return metered(truth) }
        var sum = 0.0
        for connector in 1...plants.count { sum += reading(connector: connector, at: now).currentA }
        return sum
    }

    /// The state of charge in percent that the vehicle reports when it has this one.
    private func reported(_ soc: Double) -> Double {
        guard let reportedCharge else { return soc }
        return min(max(reportedCharge.fixed ?? soc + reportedCharge.offset, 0), 100)
    }

    /// A reading with the error of the meter in it.
    private func metered(_ reading: MeterReading, connector: Int) -> MeterReading {
        guard meterGain != 1 || meterOffset != 0 || meterBooks[connector - 1].register > 0 else { return reading }
        var result = reading
        result.currentA = metered(reading.currentA)
        if reading.currentA > 0 { result.powerW = reading.powerW * result.currentA / reading.currentA }
        book(connector, register: reading.energyWh, share: reading.currentA > 0 ? result.currentA / reading.currentA : meterGain)
        result.energyWh = meterBooks[connector - 1].counted
        return result
    }

    /// What the meters of all connectors have counted, in J; `truth` is the true register in Wh.
    private func meterRegister(truth: Double) -> Double {
        guard meterGain != 1 || meterOffset != 0 || meterBooks.contains(where: { $0.register > 0 }) || trouble != nil else { return truth * 3600 }
        var sum = 0.0
        for connector in 1...plants.count { sum += reading(connector: connector, at: now).energyWh }
        return sum * 3600
    }

    /// Counts the energy since the last look; a register of a meter never runs back.
    private func book(_ connector: Int, register: Double, share: Double) {
        let place = connector - 1
        meterBooks[place].counted += max(0, register - meterBooks[place].register) * share
        meterBooks[place].register = register
    }
}
