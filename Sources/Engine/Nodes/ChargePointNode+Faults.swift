import Electrical
import OCPP
import Quantities

/// Electrical faults at the connectors of a charge point: what begins, what the protection does about it, what ends.
///
/// A charge point has none of this until a fault begins.
final class ElectricalTrouble {
    /// What ends when its time is over.
    enum End {
        case supply(connector: Int, number: Int)
        case chatter(connector: Int, number: Int)
        case stuckMeter(connector: Int, number: Int)
        case meterError(gain: Double, offset: Double, number: Int)
    }

    /// What the protection is about to act on, with the number of its timer.
    struct Pending {
        let trip: SupplyTrip
        let number: UInt32
    }

    /// A contactor that opens and closes.
    struct Chatter {
        let number: Int
        let every: Duration
        let open: Duration
        var isOpen = false
    }

    var faults: [ActiveFaults]
    var pending: [Pending?]
    /// What the protection has switched off for.
    var tripped: [SupplyTrip?]
    var chatters: [Chatter?]
    /// What meters that are stuck show.
    var stuckMeters: [MeterReading?]
    var stuckNumbers: [Int]
    /// Gain and offset of the meters before the first fault.
    let ownMeter: (gain: Double, offset: Double)
    var meterErrors = 0
    var ends: [End] = []
    var lastPending: UInt32 = 0
    /// Share of the hardware limit that the heat leaves.
    var derating = 1.0

    init(connectors: Int, meter: (gain: Double, offset: Double)) {
        ownMeter = meter
        faults = Array(repeating: ActiveFaults(), count: connectors)
        pending = Array(repeating: nil, count: connectors)
        tripped = Array(repeating: nil, count: connectors)
        chatters = Array(repeating: nil, count: connectors)
        stuckMeters = Array(repeating: nil, count: connectors)
        stuckNumbers = Array(repeating: 0, count: connectors)
    }
}

extension ChargePointNode {
    /// What can go wrong with the supply, made when it does for the first time.
    private var someTrouble: ElectricalTrouble {
        if let trouble { return trouble }
        let made = ElectricalTrouble(connectors: plants.count, meter: (meterGain, meterOffset))
        trouble = made
        return made
    }

    /// Does what a step says about the supply or the meter; `false` for other actions.
    func actOnSupply(_ action: ActionCall) -> Bool {
        let connector = action.whole("connector") ?? 1
        let fault = SupplyFaultActions.fault(action)
        guard fault != nil || Self.supplyActions.contains(action.name) else { return false }
        guard bus == nil, plants.indices.contains(connector - 1) else {
            simulation.invalidState(
                name, bus == nil ? "\(action.name): there is no connector \(connector)" : "\(action.name): its supply is the charger module on its bus")
            return true
        }
        let time = action.duration("for")
        if let fault {
            let number = someTrouble.faults[connector - 1].begin(fault, isNoticed: SupplyFaultActions.isNoticed(action))
            supplyChanged(connector)
            end(.supply(connector: connector, number: number), after: time)
            return true
        }
        switch action.name {
        case "contactor-chatter":
            let number = someTrouble.ends.count
            someTrouble.chatters[connector - 1] = ElectricalTrouble.Chatter(
                number: number, every: action.duration("every") ?? .seconds(10), open: action.duration("open") ?? .seconds(2))
            chatter(connector, number)
            end(.chatter(connector: connector, number: number), after: time)
        case "meter-fault":
            let before = (meterGain, meterOffset)
            setMeterError(gain: action.number("gain") ?? 0.7, offset: action.number("offset") ?? 0)
            someTrouble.meterErrors += 1
            end(.meterError(gain: before.0, offset: before.1, number: someTrouble.meterErrors), after: time)
        case "meter-stuck":
            let trouble = someTrouble
            trouble.stuckMeters[connector - 1] = reading(connector: connector, at: now)
            trouble.stuckNumbers[connector - 1] += 1
            end(.stuckMeter(connector: connector, number: trouble.stuckNumbers[connector - 1]), after: time)
        case "meter-rollback": turnMeter(connector) { max(0, $0 - (action.number("energy") ?? 0) / 3600) }
        case "meter-replacement": turnMeter(connector) { _ in (action.number("register") ?? 0) / 3600 }
        case "repair": repair(connector)
        default: break
        }
        return true
    }

    static let supplyActions = ["contactor-chatter", "meter-fault", "meter-stuck", "meter-rollback", "meter-replacement", "repair"]

    private func end(_ end: ElectricalTrouble.End, after time: Duration?) {
        someTrouble.ends.append(end)
        if let time { setTimer(Timer.faultEnd, at: now + time, payload: UInt32(truncatingIfNeeded: someTrouble.ends.count - 1)) }
    }

    /// A timer of a fault; `false` for other timers.
    func faultTimer(_ id: UInt32, _ payload: UInt32) -> Bool {
        guard let trouble, id == Timer.faultEnd || id == Timer.protection || id == Timer.chatter else { return false }
        switch id {
        case Timer.faultEnd: if trouble.ends.indices.contains(Int(payload)) { finish(trouble.ends[Int(payload)], trouble) }
        case Timer.protection: protectionDue(payload, trouble)
        default: if let place = trouble.chatters.firstIndex(where: { $0?.number == Int(payload) }) { chatter(place + 1, Int(payload)) }
        }
        return true
    }

    private func finish(_ end: ElectricalTrouble.End, _ trouble: ElectricalTrouble) {
        switch end {
        case .supply(let connector, let number): if trouble.faults[connector - 1].end(number) { supplyChanged(connector) }
        case .chatter(let connector, let number):
            guard let chatter = trouble.chatters[connector - 1], chatter.number == number else { return }
            trouble.chatters[connector - 1] = nil
            if chatter.isOpen { setPaused(false, connector) }
        case .stuckMeter(let connector, let number): if trouble.stuckNumbers[connector - 1] == number { freeMeter(connector) }
        case .meterError(let gain, let offset, let number): if trouble.meterErrors == number { setMeterError(gain: gain, offset: offset) }
        }
    }

    private func repair(_ connector: Int) {
        guard let trouble else { return }
        trouble.faults[connector - 1].endAll()
        if let chatter = trouble.chatters[connector - 1] { finish(.chatter(connector: connector, number: chatter.number), trouble) }
        freeMeter(connector)
        if trouble.meterErrors > 0 { setMeterError(gain: trouble.ownMeter.gain, offset: trouble.ownMeter.offset) }
        supplyChanged(connector)
    }

    private func chatter(_ connector: Int, _ number: Int) {
        guard let trouble, var chatter = trouble.chatters[connector - 1] else { return }
        chatter.isOpen.toggle()
        trouble.chatters[connector - 1] = chatter
        setPaused(chatter.isOpen, connector)
        let wait = chatter.isOpen ? chatter.open : max(chatter.every - chatter.open, .milliseconds(10))
        setTimer(Timer.chatter, at: now + wait, payload: UInt32(truncatingIfNeeded: number))
    }

    // MARK: Protection

    private func supplyChanged(_ connector: Int) {
        guard let trouble else { return }
        plants[connector - 1].setCondition(trouble.faults[connector - 1].condition, at: now)
        publishChange(Signal.voltage, plants[0].supplyVoltage)
        plantChanged(connector)
        watchSupply(connector)
    }

    /// Looks whether the protection has something to act on, now that a fault, the contactor or the limit has changed.
    func watchSupply(_ connector: Int) {
        guard let trouble else { return }
        let wanted = dangerous(connector, trouble)
        if let tripped = trouble.tripped[connector - 1], tripped.clearsItself, tripped != .temperature, wanted != tripped { clearTrip(connector, trouble) }
        guard wanted != trouble.pending[connector - 1]?.trip else { return }
        guard let wanted, trouble.tripped[connector - 1] == nil else {
            trouble.pending[connector - 1] = nil
            return
        }
        trouble.lastPending += 1
        trouble.pending[connector - 1] = ElectricalTrouble.Pending(trip: wanted, number: trouble.lastPending)
        setTimer(Timer.protection, at: now + wanted.delay, payload: trouble.lastPending)
    }

    private func dangerous(_ connector: Int, _ trouble: ElectricalTrouble) -> SupplyTrip? {
        let plant = plants[connector - 1]
        return trouble.faults[connector - 1].noticed?.trip(
            voltage: voltage, current: plant.reading(at: now).currentA, limit: plant.limit, isEnergised: plant.isEnergised)
    }

    private func protectionDue(_ number: UInt32, _ trouble: ElectricalTrouble) {
        guard let place = trouble.pending.firstIndex(where: { $0?.number == number }), let pending = trouble.pending[place] else { return }
        trouble.pending[place] = nil
        trip(pending.trip, connector: place + 1)
    }

    /// The protection switches a connector off, and the charge point reports why.
    func trip(_ trip: SupplyTrip, connector: Int) {
        guard bus == nil, plants.indices.contains(connector - 1), someTrouble.tripped[connector - 1] == nil else { return }
        someTrouble.tripped[connector - 1] = trip
        if trip == .pilot { setPaused(true, connector) }
        drive { $0.setFault(connector: connector, trip.errorCode, info: trip.rawValue, isFatal: trip != .pilot, at: now, meter: self, into: &$1) }
    }

    /// The heat is gone.
    func coolEnough(connector: Int) {
        guard let trouble, plants.indices.contains(connector - 1), trouble.tripped[connector - 1] == .temperature else { return }
        clearTrip(connector, trouble)
    }

    private func clearTrip(_ connector: Int, _ trouble: ElectricalTrouble) {
        if trouble.tripped[connector - 1] == .pilot { setPaused(false, connector) }
        trouble.tripped[connector - 1] = nil
        drive { $0.clearFault(connector: connector, at: now, into: &$1) }
    }

    /// A person clears what the protection has switched off for; it acts again when the cause is still there.
    func resetProtection(connector: Int) {
        guard let trouble, plants.indices.contains(connector - 1), trouble.tripped[connector - 1] != nil else { return }
        trouble.tripped[connector - 1] = nil
        trouble.pending[connector - 1] = nil
        watchSupply(connector)
    }

    /// The program has died, and with it what it had switched off for; what is still wrong trips again.
    func forgetTrips() {
        guard let trouble else { return }
        for place in trouble.tripped.indices {
            trouble.tripped[place] = nil
            trouble.pending[place] = nil
        }
    }

    /// The heat leaves a share of the greatest current.
    func derate(to share: Double) {
        guard bus == nil, (trouble?.derating ?? 1) != share else { return }
        someTrouble.derating = share
        drive { $0.setHardwareLimit(hardwareLimit * share, at: now, into: &$1) }
    }

    // MARK: The meter

    private func setMeterError(gain: Double, offset: Double) {
        bookMeters()
        meterGain = max(0, gain)
        meterOffset = offset
        publishReadings()
    }

    /// What was counted so far stays as it is.
    func bookMeters() {
        for place in meterBooks.indices {
            if meterGain != 1 || meterOffset != 0 || meterBooks[place].register > 0 {
                _ = reading(connector: place + 1, at: now)
            } else {
                let truth = bus != nil ? moduleEnergy : plants[place].energy(at: now)
                meterBooks[place] = (truth, max(truth, .leastNonzeroMagnitude))
            }
        }
    }

    private func turnMeter(_ connector: Int, _ change: (Double) -> Double) {
        let truth = plants[connector - 1].energy(at: now)
        let counted = reading(connector: connector, at: now).energyWh
        // A register of exactly nothing would mean that the meter never differed from the truth.
        meterBooks[connector - 1] = (change(counted), max(truth, .leastNonzeroMagnitude))
        publishReadings()
    }

    private func freeMeter(_ connector: Int) {
        guard let trouble, let stuck = trouble.stuckMeters[connector - 1] else { return }
        trouble.stuckMeters[connector - 1] = nil
        meterBooks[connector - 1] = (stuck.energyWh, max(plants[connector - 1].energy(at: now), .leastNonzeroMagnitude))
        publishReadings()
    }
}
