import Quantities
import Testing

@testable import OCPP

/// A meter whose register follows the contactor of a connector: 36 kW while it is closed, 10 Wh a second.
private final class ScheduleMeter: MeterSource {
    private var registers: [Double]
    private var since: [Instant?]

    init(connectors: Int) {
        registers = Array(repeating: 0, count: connectors + 1)
        since = Array(repeating: nil, count: connectors + 1)
    }

    func set(_ isOn: Bool, _ connector: Int, at now: Instant) {
        registers[connector] = register(connector, now)
        since[connector] = isOn ? now : nil
    }

    func register(_ connector: Int, _ now: Instant) -> Double {
        registers[connector] + (since[connector].map { (now - $0).seconds * 10 } ?? 0)
    }

    func reading(connector: Int, at now: Instant) -> MeterReading {
        let isOn = since[connector] != nil
        return MeterReading(currentA: isOn ? 90 : 0, voltageV: 400, powerW: isOn ? 36_000 : 0, energyWh: register(connector, now))
    }
}

/// A correct central system, as small as can be: it knows a StartTransaction and a StopTransaction again when they are sent twice.
private struct SmallCentralSystem {
    struct Transaction {
        var request: StartTransaction
        var stop: StopTransaction?
        var lastValue = 0
    }

    var transactions: [Transaction] = []
    var problems: [String] = []

    mutating func answer(_ payload: OCPPPayload, _ now: Instant) -> OCPPPayload? {
        switch payload {
        case .bootNotification:
            return .bootNotificationResult(BootNotificationResult(status: .accepted, currentTime: OCPPTimestamp(epoch: 0, now), interval: 300))
        case .authorize: return .authorizeResult(IdTagInfo(status: .accepted))
        case .startTransaction(let request):
            if let place = transactions.firstIndex(where: { $0.request == request }) {
                return .startTransactionResult(IdTagInfo(status: .accepted), transactionID: place + 1)
            }
            if let before = transactions.last(where: { $0.request.connectorID == request.connectorID }) {
                guard let stop = before.stop else {
                    problems.append("a start at \(request.timestamp.text) before the end of the last transaction")
                    return nil
                }
                if request.meterStart < stop.meterStop { problems.append("the register has gone back between transactions") }
                if request.timestamp < stop.timestamp { problems.append("a start before the last stop") }
            }
            transactions.append(Transaction(request: request))
            return .startTransactionResult(IdTagInfo(status: .accepted), transactionID: transactions.count)
        case .stopTransaction(let request):
            guard transactions.indices.contains(request.transactionID - 1) else {
                problems.append("a stop of transaction \(request.transactionID), which was never given")
                return nil
            }
            let place = request.transactionID - 1
            if let known = transactions[place].stop, known != request { problems.append("two different stops of one transaction") }
            if request.meterStop < transactions[place].lastValue { problems.append("meterStop below a meter value") }
            if request.meterStop < transactions[place].request.meterStart { problems.append("meterStop below meterStart") }
            if request.timestamp < transactions[place].request.timestamp { problems.append("a stop before its start") }
            transactions[place].stop = request
            return .stopTransactionResult(nil)
        case .meterValues(let message):
            if let id = message.transactionID {
                guard transactions.indices.contains(id - 1) else {
                    problems.append("meter values of transaction \(id), which was never given")
                    return nil
                }
                let value = Int(message.value[.energyActiveImportRegister]?.double ?? 0)
                if transactions[id - 1].stop == nil {
                    if value < transactions[id - 1].lastValue { problems.append("the register has gone back within a transaction") }
                    transactions[id - 1].lastValue = max(value, transactions[id - 1].lastValue)
                }
            }
            return .empty(.meterValues)
        case .empty(.heartbeat): return .heartbeatResult(currentTime: OCPPTimestamp(epoch: 0, now))
        default: return payload.action.map { .empty($0) }
        }
    }
}

/// One random schedule of disconnects, kills, reboots, plugs, tags and silence; what was wrong, as sentences.
private final class FaultSchedule {
    private var random: TestRandom
    private let settings: ChargePointSettings
    private var machine: ChargePointMachine
    private var csms = SmallCentralSystem()
    private let meter: ScheduleMeter
    private var timers: [(timer: ChargePointTimer, due: Instant)] = []
    private var now = Instant.zero
    private var isLinkUp = false
    private var isNetworkUp = true
    private var out: [ChargePointOutput] = []
    private var onTheWay: [(due: Instant, message: OCPPMessage)] = []
    private var startsAgain: Instant?
    /// What was charged, by the contactors: one line for each time that one was closed.
    private var begun = 0

    init(seed: UInt64) {
        random = TestRandom(seed: seed)
        var settings = ChargePointSettings(identity: "cp")
        settings.assumesVehicle = false
        settings.connectors = Int.random(in: 1...2, using: &random)
        settings.meterInterval = .seconds(7)
        settings.metersAlways = false
        settings.measurands = [.energyActiveImportRegister]
        settings.configuration = [("AllowOfflineTxForUnknownId", "true"), ("TransactionMessageRetryInterval", "2")]
        settings.authorizesLocal = Bool.random(using: &random)
        settings.seed = seed
        settings.callTimeout = .seconds(5)
        settings.rebootTime = .seconds(3)
        settings.timeoutsBeforeReconnect = Int.random(in: 0...3, using: &random)
        settings.transactionAttempts = 1000
        self.settings = settings
        meter = ScheduleMeter(connectors: settings.connectors)
        machine = ChargePointMachine(settings, epoch: 0)
    }

    /// Runs until everything is delivered; the problems that were found.
    func run(steps: Int) -> [String] {
        input { $0.start(at: now, meter: meter, into: &out) }
        for _ in 0..<steps {
            advance(to: now + .milliseconds(Int64.random(in: 1...9000, using: &random)))
            act()
        }
        // Peace at last: everything must arrive.
        isNetworkUp = true
        if startsAgain == nil, !machine.isOn { start() }
        advance(to: now + .seconds(20))
        for connector in 1...settings.connectors { input { $0.unplug(connector: connector, at: now, meter: meter, into: &out) } }
        advance(to: now + .seconds(4000))
        return problems()
    }

    private func act() {
        let connector = Int.random(in: 1...settings.connectors, using: &random)
        switch Int.random(in: 0..<22, using: &random) {
        case 0: dropLink()
        case 1:
            isNetworkUp = !isNetworkUp || Bool.random(using: &random)
            if !isNetworkUp { dropLink() }
        case 2: if Bool.random(using: &random) { kill() } else { powerOff() }
        case 3: if Bool.random(using: &random) { deliver(.call(.text("r"), .object(.reset, text: Bool.random(using: &random) ? #"{"type":"Soft"}"# : #"{"type":"Hard"}"#))) }
        case 4, 5, 6, 7: input { $0.plug(connector: connector, idTag: "A", at: now, meter: meter, into: &out) }
        case 8, 9, 10: input { $0.unplug(connector: connector, at: now, meter: meter, into: &out) }
        case 11, 12, 13, 14, 15: input { $0.presentTag("A", connector: connector, at: now, meter: meter, into: &out) }
        case 16, 17, 18: deliver(.call(.text("s"), .remoteStartTransaction(RemoteStartTransaction(connectorID: connector, idTag: "A"))))
        case 19: isNetworkUp = true
        default: if isLinkUp { onTheWay.removeAll() }
        }
    }

    // MARK: Driving

    private func input(_ body: (inout ChargePointMachine) -> Void) {
        body(&machine)
        while !out.isEmpty {
            let list = out
            out = []
            for output in list { perform(output) }
        }
    }

    private func perform(_ output: ChargePointOutput) {
        switch output {
        case .send(let message):
            guard isLinkUp, case .call(let id, let payload) = message else { return }
            // A message may be lost with its connection: then it has arrived or not, and its answer is lost.
            if Int.random(in: 0..<12, using: &random) == 0 { return }
            if Int.random(in: 0..<12, using: &random) == 0 {
                return onTheWay.append((now + .milliseconds(20), .error(id, CallError(.internalError))))
            }
            guard let answer = csms.answer(payload, now) else { return }
            if Int.random(in: 0..<12, using: &random) == 0 { return }
            onTheWay.append((now + .milliseconds(Int64.random(in: 1...60, using: &random)), .result(id, answer)))
        case .setTimer(let timer, let due):
            timers.removeAll { $0.timer == timer }
            timers.append((timer, due))
        case .cancelTimer(let timer): timers.removeAll { $0.timer == timer }
        case .connect:
            isLinkUp = isNetworkUp
            let isUp = isLinkUp
            input { isUp ? $0.connected(at: now, into: &out) : $0.disconnected(at: now, meter: meter, into: &out) }
        case .disconnect:
            isLinkUp = false
            onTheWay.removeAll()
        case .energise(let connector):
            begun += 1
            meter.set(true, connector, at: now)
        case .deenergise(let connector): meter.set(false, connector, at: now)
        case .reboot(let wait):
            timers.removeAll()
            startsAgain = now + wait
        default: break
        }
    }

    private func deliver(_ message: OCPPMessage) {
        if isLinkUp { input { $0.receive(message, at: now, meter: meter, into: &out) } }
    }

    private func dropLink() {
        guard isLinkUp else { return }
        isLinkUp = false
        onTheWay.removeAll()
        input { $0.disconnected(at: now, meter: meter, into: &out) }
    }

    private func kill() {
        let memory = machine.memory
        machine = ChargePointMachine(settings, epoch: 0, memory: memory)
        for connector in 1...settings.connectors { meter.set(false, connector, at: now) }
        darken()
    }

    private func powerOff() {
        guard machine.isOn else { return }
        input { $0.powerOff(at: now, meter: meter, into: &out) }
        darken()
    }

    private func darken() {
        isLinkUp = false
        onTheWay.removeAll()
        timers.removeAll()
        startsAgain = now + .milliseconds(Int64.random(in: 1...20_000, using: &random))
    }

    private func start() {
        startsAgain = nil
        input { $0.start(at: now, meter: meter, into: &out) }
    }

    /// Lets everything happen that is due until an instant.
    private func advance(to end: Instant) {
        while true {
            let timer = timers.indices.min { timers[$0].due < timers[$1].due }
            let message = onTheWay.indices.min { onTheWay[$0].due < onTheWay[$1].due }
            let next = min(timer.map { timers[$0].due } ?? .never, message.map { onTheWay[$0].due } ?? .never, startsAgain ?? .never)
            guard next <= end else { break }
            now = max(now, next)
            if let due = startsAgain, due <= next {
                start()
            } else if let message, onTheWay[message].due <= next {
                let parcel = onTheWay.remove(at: message)
                deliver(parcel.message)
            } else if let timer {
                let entry = timers.remove(at: timer)
                input { $0.timer(entry.timer, at: now, meter: meter, into: &out) }
            }
        }
        now = end
    }

    // MARK: Judgement

    private func problems() -> [String] {
        var found = csms.problems
        if machine.queuedTransactionMessages > 0 { found.append("\(machine.queuedTransactionMessages) messages were never delivered") }
        if !machine.memory.transactions.isEmpty { found.append("\(machine.memory.transactions.count) transactions are still remembered") }
        if csms.transactions.count != begun { found.append("\(begun) transactions were begun, and \(csms.transactions.count) arrived") }
        for transaction in csms.transactions where transaction.stop == nil { found.append("transaction at \(transaction.request.timestamp.text) never ended") }
        for connector in 1...settings.connectors {
            let billed = csms.transactions.filter { $0.request.connectorID == connector }.reduce(0) { $0 + ($1.stop?.meterStop ?? 0) - $1.request.meterStart }
            let true_ = meter.register(connector, now)
            if (Double(billed) - true_).magnitude > 2 + Double(csms.transactions.count) {
                found.append("connector \(connector): \(billed) Wh billed, \(true_) Wh delivered")
            }
        }
        return found
    }
}

/// Runs schedules from a seed on; the first failures with their seeds.
func faultSchedules(from seed: UInt64, count: Int, steps: Int = 30) -> [String] {
    var failures: [String] = []
    for offset in 0..<UInt64(count) {
        let problems = FaultSchedule(seed: seed + offset).run(steps: steps)
        if let first = problems.first { failures.append("seed \(seed + offset): \(first)") }
        if failures.count >= 10 { break }
    }
    return failures
}

@Suite("Random faults")
struct FaultScheduleTests {
    @Test("No transaction is lost or doubled and the energy adds up, whatever is cut, killed and restarted")
    func schedules() {
        #expect(faultSchedules(from: 1, count: 300) == [])
    }
}
