import CAN
import Electrical
import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel

/// Kind `charge-point`: speaks OCPP 1.6 with its central system; energy comes from its own supply, or from a charger module on a CAN bus.
final class ChargePointNode: Node, MeterSource, LoadNode {
    private enum Signal {
        static let current = 0, power = 1, energy = 2, limit = 3, status = 4, charging = 5, soc = 6, sessionEnergy = 7, meterCurrent = 8, meterEnergy = 9
    }
    /// Timers of the node itself begin here; lower numbers are the machine's.
    private static let fullTimer: UInt32 = 1000

    private var machine: ChargePointMachine
    private var outputs: [ChargePointOutput] = []
    private let centralSystem: Int
    private(set) var link = -1
    private let bus: Int?
    private let bootAfter: Duration
    private var plants: [Plant]
    /// The timers of the machine, then those of full vehicles by connector.
    private var timers = TimerTable(count: fullSlot + 16)
    private static let fullSlot = 96
    private let voltage: Double
    private let phases: Int
    /// What the charger module on the bus reported last.
    private var moduleCurrent = 0.0
    private var moduleEnergy = 0.0
    private var moduleReadAt: Instant?
    private var startFrame: FrameRuntime?
    private var stopFrame: FrameRuntime?
    private var limitFrame: FrameRuntime?
    private var readingFrame: FrameRuntime?
    /// Whether a call of the central system is being answered.
    private var isAnswering = false
    /// Error of the meter: what it reports is gain times the truth plus an offset.
    private var meterGain: Double
    private var meterOffset: Double
    /// Energy that the meter has counted at each connector, in Wh, and the true register at that time.
    private var meterBooks: [(counted: Double, register: Double)]
    private let maxCurrentSetting: Int?
    private let meterGainSetting: Int?
    private let meterOffsetSetting: Int?
    private var socObservers: [(connector: Int, body: (Double) -> Void)] = []

    private init(_ context: NodeContext) throws(RunFailure) {
        bus = context.bus("bus")
        let onBus = bus != nil
        var settings = ChargePointSettings(identity: context.name)
        settings.vendor = context.text("vendor") ?? "evsim"
        settings.model = context.text("model") ?? "charge-point"
        settings.serialNumber = context.text("serial_number")
        settings.firmwareVersion = context.text("firmware_version")
        settings.connectors = context.choice("connectors") ?? 1
        settings.maxCurrent = context.number("max_current") ?? (onBus ? 500 : 32)
        settings.minCurrent = context.number("min_current") ?? (onBus ? 0 : 6)
        phases = onBus ? 1 : context.choice("phases") ?? 3
        voltage = context.number("voltage") ?? (onBus ? 400 : 230)
        settings.voltage = voltage
        settings.phases = phases
        settings.meterInterval = context.duration("meter_every") ?? .seconds(60)
        settings.metersAlways = onBus
        settings.assumesVehicle = context.flag("plugged")
        settings.authorizesRemote = context.flag("authorize_remote")
        let measurands =
            context.texts("measurands") ?? (onBus ? ["Current.Import"] : ["Energy.Active.Import.Register", "Current.Import", "Power.Active.Import"])
        settings.measurands = measurands.compactMap { Measurand(name: $0) }
        if let problem = settings.problems.first {
            throw RunFailure(code: .badNode, message: "\(context.name): \(problem)", span: nil, time: nil)
        }
        bootAfter = context.duration("boot_after") ?? .zero
        machine = ChargePointMachine(settings, epoch: context.simulation.scenario.run.epoch)
        centralSystem = context.nodes("csms").first ?? -1
        let assumed = settings.assumesVehicle
        meterGain = context.number("meter_gain") ?? 1
        meterOffset = context.number("meter_offset") ?? 0
        meterBooks = Array(repeating: (0, 0), count: settings.connectors)
        maxCurrentSetting = context.manifest.settingIndex("max_current")
        meterGainSetting = context.manifest.settingIndex("meter_gain")
        meterOffsetSetting = context.manifest.settingIndex("meter_offset")
        plants = (0..<settings.connectors).map { [voltage, phases] _ in
            Plant(voltage: voltage, phases: phases, limit: settings.maxCurrent, assumesVehicle: assumed)
        }
        super.init(in: context)
        link = context.simulation.links.connect(chargePoint: index, centralSystem: centralSystem)
    }

    override var mustBoot: Bool { true }
    override var bootsAtOnce: Bool { bootAfter == .zero }

    override func powerOn() {
        publish(Signal.status, Double(ChargePointStatus.available.rawValue))
        publish(Signal.charging, 0)
        if let bus {
            startFrame = simulation.frame("start", bus: bus)
            stopFrame = simulation.frame("stop", bus: bus)
            limitFrame = simulation.frame("limit", bus: bus)
            readingFrame = subscribe(to: "current", on: bus)
        } else {
            publish(Signal.limit, machine.limit(connector: 1))
        }
        if bootAfter > .zero {
            setTimer(ChargePointNode.fullTimer - 1, at: now + bootAfter)
        } else {
            drive { $0.start(at: now, into: &$1) }
        }
    }

    // MARK: Driving the machine

    /// Hands the machine an input and does what it wants done.
    private func drive(_ body: (inout ChargePointMachine, inout [ChargePointOutput]) -> Void) {
        var list = outputs
        outputs = []
        body(&machine, &list)
        // Taken from the end of the reversed list, each output is moved and not copied, and the list keeps its memory.
        if list.count > 1 { list.reverse() }
        while let output = list.popLast() { perform(output) }
        outputs = list
    }

    private func perform(_ output: ChargePointOutput) {
        switch output {
        case .send(let message): simulation.links.sendUp(link, message)
        case .setTimer(let timer, let instant):
            setTimer(timer.rawValue, at: instant, payload: timers.arm(Int(timer.rawValue)))
        case .cancelTimer(let timer): timers.cancel(Int(timer.rawValue))
        case .energise(let connector): setEnergised(true, connector)
        case .deenergise(let connector): setEnergised(false, connector)
        case .limit(let connector, let amperes): setLimit(amperes, connector)
        case .status(let connector, let status):
            if connector == 1 { publish(Signal.status, Double(status.rawValue)) }
        case .connect: drive { $0.connected(at: now, into: &$1) }
        case .disconnect, .unlocked, .securityEvent, .transactionStarted, .transactionEnded: break
        case .reboot(let after): setTimer(ChargePointNode.fullTimer - 1, at: now + after)
        case .booted: simulation.nodeBooted(self)
        case .violation(_, let text):
            // The sender of the message that is being answered is told why; what has no sender is a warning of its own.
            if isAnswering { simulation.links.noteReason(link, text) } else { simulation.invalidState(name, text) }
        }
    }

    override func timer(_ id: UInt32, _ payload: UInt32) {
        if id == ChargePointNode.fullTimer - 1 { return drive { $0.start(at: now, into: &$1) } }
        if id >= ChargePointNode.fullTimer {
            let connector = Int(id - ChargePointNode.fullTimer)
            guard timers.expire(ChargePointNode.fullSlot + connector, generation: payload) else { return }
            return vehicleFull(connector)
        }
        guard timers.expire(Int(id), generation: payload) else { return }
        if id == ChargePointTimer.meter.rawValue { publishReadings() }
        drive { $0.timer(ChargePointTimer(rawValue: id), at: now, meter: self, into: &$1) }
    }

    override func receive(_ message: OCPPMessage, link: Int) {
        isAnswering = message.isCall
        defer { isAnswering = false }
        drive { $0.receive(message, at: now, meter: self, into: &$1) }
    }

    // MARK: Energy

    private func setEnergised(_ on: Bool, _ connector: Int) {
        publishChange(Signal.charging, on ? 1 : 0)
        if bus != nil {
            if let frame = on ? startFrame : stopFrame { simulation.send(frame, frame.frame { _ in 0 }) }
            return
        }
        guard plants.indices.contains(connector - 1) else { return }
        publishReadings()
        plants[connector - 1].setEnergised(on, at: now)
        plantChanged(connector)
    }

    private func setLimit(_ amperes: Double, _ connector: Int) {
        if connector == 1 { publish(Signal.limit, amperes) }
        if bus != nil {
            if connector == 1, let frame = limitFrame { simulation.send(frame, frame.frame { _ in amperes }) }
            return
        }
        guard plants.indices.contains(connector - 1) else { return }
        plants[connector - 1].setLimit(amperes, at: now)
        plantChanged(connector)
    }

    /// The offer has changed: readings are published, and the instant at which the vehicle has enough is planned anew.
    private func plantChanged(_ connector: Int) {
        publishReadings()
        let slot = ChargePointNode.fullSlot + connector
        timers.cancel(slot)
        guard plants[connector - 1].isEnergised, let full = plants[connector - 1].instantFull(), full < simulation.kernel.end else { return }
        setTimer(ChargePointNode.fullTimer + UInt32(connector), at: max(full, now), payload: timers.arm(slot))
    }

    private func vehicleFull(_ connector: Int) {
        plants[connector - 1].setLimit(plants[connector - 1].limit, at: now)
        drive { $0.setSuspended(true, connector: connector, at: now, into: &$1) }
        publishReadings()
    }

    private func publishReadings() {
        guard bus == nil else { return }
        var current = 0.0
        var power = 0.0
        var energy = 0.0
        for plant in plants {
            let reading = plant.reading(at: now)
            current += reading.currentA
            power += reading.powerW
            energy += reading.energyWh
        }
        publish(Signal.current, current)
        publish(Signal.power, power)
        publish(Signal.energy, energy * 3600)
        publish(Signal.sessionEnergy, plants[0].sessionEnergy(at: now) * 3600)
        if let soc = plants[0].reading(at: now).socPercent { publish(Signal.soc, soc / 100) }
        publish(Signal.meterCurrent, metered(current))
        publish(Signal.meterEnergy, meterRegister(truth: energy))
        for observer in socObservers {
            if let soc = plants[observer.connector - 1].reading(at: now).socPercent { observer.body(soc / 100) }
        }
    }

    func power(at instant: Instant) -> Double {
        if bus != nil { return moduleCurrent * voltage }
        var sum = 0.0
        for plant in plants { sum += plant.power(at: instant) }
        return sum
    }

    func reading(connector: Int, at instant: Instant) -> MeterReading {
        guard plants.indices.contains(connector - 1) else { return MeterReading() }
        let isModule = bus != nil
        return metered(
            isModule
                ? MeterReading(currentA: moduleCurrent, voltageV: voltage, powerW: moduleCurrent * voltage, energyWh: moduleEnergy)
                : plants[connector - 1].reading(at: instant), connector: connector)
    }

    /// The reading of the charger module.
    override func receive(_ frame: CANFrame, at instant: Instant) {
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

    // MARK: The meter

    /// A current as the meter reports it; the offset shows only while current flows.
    private func metered(_ current: Double) -> Double { current > 0 ? max(0, current * meterGain + meterOffset) : current }

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
        guard meterGain != 1 || meterOffset != 0 || meterBooks.contains(where: { $0.register > 0 }) else { return truth * 3600 }
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

    override func settingChanged(_ setting: Int, _ value: Double) {
        switch setting {
        case maxCurrentSetting: drive { $0.setHardwareLimit(max(0, value), at: now, into: &$1) }
        case meterGainSetting, meterOffsetSetting:
            // What was counted so far stays as it is.
            for connector in meterBooks.indices { _ = reading(connector: connector + 1, at: now) }
            if setting == meterGainSetting { meterGain = max(0, value) } else { meterOffset = value }
        default: break
        }
    }

    override func wasSet(_ signal: Int, _ value: Double) {
        guard signal == Signal.limit, value >= 0 else { return }
        if bus != nil {
            if let frame = limitFrame { simulation.send(frame, frame.frame { _ in value }) }
            return
        }
        plants[0].setLimit(value, at: now)
        plantChanged(1)
    }

    // MARK: Steps

    /// A step lets the charge point send a message of its own; it does not wait for the answer.
    func send(_ request: MessageRequest) {
        let payload = MessageFields.payload(request, isFromChargePoint: true, time: OCPPTimestamp(epoch: machine.epoch, now))
        switch payload {
        case .success(let payload): drive { $0.send(payload, at: now, into: &$1) }
        case .failure(let problems): simulation.warn(.notAnswered, "\(request.action): \(problems.text)", span: request.step.span)
        }
        simulation.stepRunner.callEnded(request.strand)
    }

    // MARK: What other nodes do with it

    /// Number of connectors.
    var connectorCount: Int { plants.count }

    /// A connector, from 1, that a vehicle can use now.
    func freeConnector() -> Int? {
        guard machine.registration == .accepted, bus == nil else { return nil }
        return plants.indices.first { isFree($0 + 1) }.map { $0 + 1 }
    }

    /// Whether a vehicle can use a connector now.
    func isFree(_ connector: Int) -> Bool {
        machine.registration == .accepted && bus == nil && plants.indices.contains(connector - 1) && !plants[connector - 1].isPlugged
            && machine.status(connector: connector) == .available
    }

    /// Tells a vehicle its state of charge whenever readings are published.
    func observe(_ connector: Int, _ body: @escaping (Double) -> Void) { socObservers.append((connector, body)) }

    /// Makes a charge point; throws when its settings do not fit together.
    static func make(_ context: NodeContext) throws(RunFailure) -> Node { try ChargePointNode(context) }

    /// A vehicle is plugged in and its driver shows a tag.
    func plug(_ vehicle: ElectricVehicle, target: Double, connector: Int, idTag: String?) {
        guard plants.indices.contains(connector - 1) else { return }
        plants[connector - 1].plug(vehicle, target: target, at: now)
        drive { $0.plug(connector: connector, idTag: idTag, at: now, meter: self, into: &$1) }
        plantChanged(connector)
    }

    func unplug(connector: Int) {
        guard plants.indices.contains(connector - 1) else { return }
        drive { $0.unplug(connector: connector, at: now, meter: self, into: &$1) }
        plants[connector - 1].unplug(at: now)
        plantChanged(connector)
    }

    func stopSession(connector: Int) {
        guard machine.isEnergised(connector: connector) else { return }
        drive { $0.localStop(connector: connector, reason: .local, at: now, meter: self, into: &$1) }
    }

    /// State of the supply for others: voltage and phases.
    var supply: (voltage: Double, phases: Int) { (voltage, phases) }

    override func finish() { publishReadings() }
}
