import CAN
import Electrical
import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel

/// Kind `charge-point`: speaks OCPP 1.6 with its central system; energy comes from its own supply, or from a charger module on a CAN bus.
final class ChargePointNode: Node, MeterSource, LoadNode {
    enum Signal {
        static let current = 0, power = 1, energy = 2, limit = 3, status = 4, charging = 5, soc = 6, sessionEnergy = 7, meterCurrent = 8, meterEnergy = 9
        static let online = 10, registered = 11, queue = 12, transactions = 13, transaction = 14, reserved = 15, powerOffered = 16, voltage = 17
        static let frequency = 18, temperature = 19, stationStatus = 20
    }
    /// Timers of the node itself begin here; lower numbers are the machine's.
    enum Timer {
        static let faultEnd: UInt32 = 995, protection: UInt32 = 996, chatter: UInt32 = 997
        static let reply: UInt32 = 998, start: UInt32 = 999, full: UInt32 = 1000
    }

    let settings: ChargePointSettings
    let epoch: Int64
    private(set) var machine: ChargePointMachine
    private var outputs: [ChargePointOutput] = []
    private let centralSystem: Int
    private let live: LiveConnecting
    /// Answers that differ from its own, and those that wait for their time.
    var replies: ReplyBook
    var delayed: [(number: UInt32, message: OCPPMessage)] = []
    var lastDelayed: UInt32 = 0
    private(set) var link = -1
    let bus: Int?
    private let bootAfter: Duration
    var plants: [Plant]
    /// The timers of the machine, then the one of the start, then those of full vehicles by connector.
    private var timers: TimerTable
    private let fullSlot: Int
    private var startSlot: Int { fullSlot }
    /// False while the power is off.
    private(set) var isPowered = true
    /// How many ends of connections that this node has closed itself are still to be heard of.
    private var ownEnds = 0
    /// True while the cable to the network is pulled.
    private var isCablePulled = false
    let voltage: Double
    let phases: Int
    /// What the charger module on the bus reported last.
    var moduleCurrent = 0.0
    var moduleEnergy = 0.0
    var moduleReadAt: Instant?
    var startFrame: FrameRuntime?
    var stopFrame: FrameRuntime?
    var limitFrame: FrameRuntime?
    var readingFrame: FrameRuntime?
    /// Whether a call of the central system is being answered.
    private var isAnswering = false
    /// Error of the meter: what it reports is gain times the truth plus an offset.
    var meterGain: Double
    var meterOffset: Double
    /// Energy that the meter has counted at each connector, in Wh, and the true register at that time.
    var meterBooks: [(counted: Double, register: Double)]
    /// The temperature inside and the frequency of the grid, as the meter sees them.
    var temperature: Double
    let frequency: Double?
    private let maxCurrentSetting: Int?
    private let meterGainSetting: Int?
    private let meterOffsetSetting: Int?
    private let temperatureSetting: Int?
    /// Greatest current of a connector, before the heat takes a share of it.
    private(set) var hardwareLimit: Double
    /// Electrical faults; `nil` until the first one.
    var trouble: ElectricalTrouble?
    /// What the vehicle reports in place of its state of charge: a value of its own, or one that is off.
    var reportedCharge: (fixed: Double?, offset: Double)?
    var socObservers: [(connector: Int, body: (Double) -> Void)] = []

    private init(_ context: NodeContext) throws(RunFailure) {
        bus = context.bus("bus")
        settings = try Self.settings(context)
        phases = settings.phases
        voltage = settings.voltage
        bootAfter = context.duration("boot_after") ?? .zero
        epoch = context.simulation.scenario.run.epoch
        machine = ChargePointMachine(settings, epoch: epoch)
        centralSystem = context.nodes("csms").first ?? -1
        live = Self.live(context, identity: settings.identity)
        replies = ReplyBook(context)
        fullSlot = ChargePointTimer.count(connectors: settings.connectors)
        timers = TimerTable(count: fullSlot + settings.connectors + 1)
        meterGain = context.number("meter_gain") ?? 1
        meterOffset = context.number("meter_offset") ?? 0
        meterBooks = Array(repeating: (0, 0), count: settings.connectors)
        temperature = context.number("temperature") ?? 25
        hardwareLimit = settings.maxCurrent
        frequency = bus != nil ? nil : context.number("frequency") ?? 50
        maxCurrentSetting = context.manifest.settingIndex("max_current")
        meterGainSetting = context.manifest.settingIndex("meter_gain")
        meterOffsetSetting = context.manifest.settingIndex("meter_offset")
        temperatureSetting = context.manifest.settingIndex("temperature")
        plants = (0..<settings.connectors).map { [voltage, phases, settings] _ in
            Plant(voltage: voltage, phases: phases, limit: settings.maxCurrent, assumesVehicle: settings.assumesVehicle)
        }
        super.init(in: context)
        link = context.simulation.links.connect(chargePoint: index, identity: settings.identity, centralSystem: centralSystem)
    }

    /// Makes a charge point; throws when its settings do not fit together.
    static func make(_ context: NodeContext) throws(RunFailure) -> Node { try ChargePointNode(context) }

    override var identity: String { settings.identity }
    override var connecting: LiveConnecting? { way(live) }
    override var mustBoot: Bool { true }
    override var bootsAtOnce: Bool { bootAfter == .zero }

    override func powerOn() {
        publish(Signal.status, Double(ChargePointStatus.available.rawValue))
        publish(Signal.stationStatus, Double(ChargePointStatus.available.rawValue))
        publish(Signal.charging, 0)
        if let bus {
            startFrame = simulation.frame("start", bus: bus)
            stopFrame = simulation.frame("stop", bus: bus)
            limitFrame = simulation.frame("limit", bus: bus)
            readingFrame = subscribe(to: "current", on: bus)
        } else {
            publish(Signal.limit, machine.limit(connector: 1))
        }
        for signal in [Signal.online, Signal.registered, Signal.queue, Signal.transactions, Signal.transaction, Signal.reserved] { publish(signal, 0) }
        publish(Signal.voltage, voltage)
        if let frequency { publish(Signal.frequency, frequency) }
        publish(Signal.temperature, temperature)
        if bootAfter > .zero {
            setTimer(Timer.start, at: now + bootAfter, payload: timers.arm(startSlot))
        } else {
            drive { $0.start(at: now, into: &$1) }
        }
    }

    // MARK: Driving the machine

    /// Hands the machine an input and does what it wants done.
    func drive(_ body: (inout ChargePointMachine, inout [ChargePointOutput]) -> Void) {
        var list = outputs
        outputs = []
        body(&machine, &list)
        // Taken from the end of the reversed list, each output is moved and not copied, and the list keeps its memory.
        if list.count > 1 { list.reverse() }
        while let output = list.popLast() { perform(output) }
        outputs = list
        publishState()
    }

    private func perform(_ output: ChargePointOutput) {
        switch output {
        case .send(let message): send(message)
        case .setTimer(let timer, let instant):
            setTimer(timer.rawValue, at: instant, payload: timers.arm(Int(timer.rawValue)))
        case .cancelTimer(let timer): timers.cancel(Int(timer.rawValue))
        case .connect: if isCablePulled { drive { $0.disconnected(at: now, meter: self, into: &$1) } } else { simulation.links.open(link) }
        case .disconnect: closeLink(by: .chargePoint)
        case .energise(let connector): setEnergised(true, connector)
        case .deenergise(let connector): setEnergised(false, connector)
        case .limit(let connector, let amperes): setLimit(amperes, connector)
        case .status(let connector, let status):
            if connector <= 1 { publish(connector == 0 ? Signal.stationStatus : Signal.status, Double(status.rawValue)) }
        case .transactionStarted, .transactionEnded, .unlocked, .securityEvent: break
        case .booted: simulation.nodeBooted(self)
        case .reboot(let wait):
            stopTimers()
            setTimer(Timer.start, at: now + wait, payload: timers.arm(startSlot))
        case .violation(_, let text):
            // The sender of the message that is being answered is told why; what has no sender is a warning of its own.
            if isAnswering { simulation.links.noteReason(link, text) } else { simulation.invalidState(name, text) }
        }
    }

    /// Publishes what has changed of the state of the machine.
    private func publishState() {
        let state = look { $0.summary }
        publishChange(Signal.online, state.isConnected ? 1 : 0)
        publishChange(Signal.registered, state.registration == .accepted ? 1 : 0)
        publishChange(Signal.queue, Double(state.undeliveredMessages))
        publishChange(Signal.transactions, Double(state.runningTransactions))
        publishChange(Signal.transaction, Double(state.transactionID ?? 0))
        publishChange(Signal.reserved, state.isReserved ? 1 : 0)
    }

    /// Looks at the machine where it lies; its methods would otherwise be called on a copy, since the node is a class.
    @inline(__always)
    private func look<Value>(_ body: (inout ChargePointMachine) -> Value) -> Value { body(&machine) }

    override func timer(_ id: UInt32, _ payload: UInt32) {
        if id == Timer.reply { return replyDue(payload) }
        if trouble != nil, faultTimer(id, payload) { return }
        if id == Timer.start {
            guard timers.expire(startSlot, generation: payload) else { return }
            return switchOn()
        }
        if id >= Timer.full {
            let connector = Int(id - Timer.full)
            guard timers.expire(fullSlot + connector, generation: payload) else { return }
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

    /// Sets the timer of a vehicle that will have enough, or only cancels the one that runs.
    func planFull(_ connector: Int, at instant: Instant?) {
        let slot = fullSlot + connector
        timers.cancel(slot)
        if let instant { setTimer(Timer.full + UInt32(connector), at: instant, payload: timers.arm(slot)) }
    }

    private func stopTimers() { for slot in 0...fullSlot { timers.cancel(slot) } }

    // MARK: Connection and power

    override func linkUp(_ link: Int) {
        guard !isCablePulled else { return closeLink() }
        drive { $0.connected(at: now, into: &$1) }
    }

    override func linkDown(_ link: Int) {
        if ownEnds > 0 {
            ownEnds -= 1
        } else {
            drive { $0.disconnected(at: now, meter: self, into: &$1) }
        }
    }

    /// Ends the connection, in good order or, without `closer`, by the loss of its network.
    private func closeLink(by closer: LinkTable.End? = nil) {
        guard simulation.links.isUp(link) else { return }
        ownEnds += 1
        simulation.links.close(link, by: closer)
    }

    /// It closes the connection by itself, as a broken program would, and connects anew.
    func dropConnection() {
        guard simulation.links.isUp(link) else { return }
        closeLink()
        drive { $0.disconnected(at: now, meter: self, into: &$1) }
    }

    /// The network cable is pulled, or plugged in again.
    func setNetworkCable(_ isPulled: Bool) {
        isCablePulled = isPulled
        guard isPulled, simulation.links.isUp(link) else { return }
        closeLink()
        drive { $0.disconnected(at: now, meter: self, into: &$1) }
    }

    /// Switches the machine on, if it is off.
    func switchOn() {
        isPowered = true
        drive { $0.start(at: now, meter: self, into: &$1) }
    }

    /// The power fails; with a time it comes back by itself.
    func switchOff(for time: Duration?) {
        drive { $0.powerOff(at: now, meter: self, into: &$1) }
        goDark(for: time)
    }

    /// The program of the charge point is killed: only its memory is left.
    func kill(for time: Duration?) {
        let memory = machine.memory
        machine = ChargePointMachine(settings, epoch: epoch, memory: memory)
        forgetTrips()
        for connector in 1...plants.count {
            machine.sense(connector: connector, isPlugged: plants[connector - 1].isPlugged && !settings.assumesVehicle)
            setEnergised(false, connector)
        }
        goDark(for: time)
    }

    private func goDark(for time: Duration?) {
        isPowered = false
        stopTimers()
        closeLink()
        if let time { setTimer(Timer.start, at: now + time, payload: timers.arm(startSlot)) }
        publishState()
    }

    // MARK: Steps

    override func settingChanged(_ setting: Int, _ value: Double) {
        switch setting {
        case maxCurrentSetting:
            hardwareLimit = max(0, value)
            drive { $0.setHardwareLimit(hardwareLimit * (trouble?.derating ?? 1), at: now, into: &$1) }
        case meterGainSetting, meterOffsetSetting:
            bookMeters()
            if setting == meterGainSetting { meterGain = max(0, value) } else { meterOffset = value }
        case temperatureSetting:
            temperature = value
            publishChange(Signal.temperature, value)
        default: break
        }
    }

    override func perform(_ action: ActionCall) { act(action) }
    override func receive(_ frame: CANFrame, at instant: Instant) { take(frame) }
    override func wasSet(_ signal: Int, _ value: Double) { if signal == Signal.limit { writeLimit(value) } }

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
            && look { $0.status(connector: connector) } == .available
    }

    /// Tells a vehicle its state of charge whenever readings are published.
    func observe(_ connector: Int, _ body: @escaping (Double) -> Void) { socObservers.append((connector, body)) }

    /// A vehicle is plugged in and its driver shows a tag; without vehicle it is one that draws whatever is offered.
    func plug(_ vehicle: ElectricVehicle?, target: Double, connector: Int, idTag: String?) {
        guard plants.indices.contains(connector - 1) else { return }
        if let vehicle { plants[connector - 1].plug(vehicle, target: target, at: now) } else { plants[connector - 1].plugIdeal(at: now) }
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
        guard look({ $0.hasTransaction(connector: connector) }) else { return }
        drive { $0.localStop(connector: connector, reason: .local, at: now, meter: self, into: &$1) }
    }

    /// State of the supply for others: voltage and phases.
    var supply: (voltage: Double, phases: Int) { (voltage, phases) }

    override func finish() { publishReadings() }
}
