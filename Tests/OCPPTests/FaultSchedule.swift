import Quantities

@testable import OCPP

/// One random schedule of disconnects, kills, reboots, plugs, tags and silence; what was wrong, as sentences.
///
/// With `restarts` the answers are those of a ``CentralSystemMachine`` that is killed and started again, behind a network that delays messages and may
/// be half open; the small central system, which forgets nothing, is told the same messages and must agree with every answer.
final class FaultSchedule {
    /// A message on its way.
    private struct Parcel {
        var due: Instant
        var message: OCPPMessage
        /// Whether it goes to the central system.
        var up = false
        /// The connection that carries it.
        var connection = -1
    }

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
    private var onTheWay: [Parcel] = []
    private var startsAgain: Instant?
    /// What was charged, by the contactors: one line for each time that one was closed.
    private var begun = 0

    // The central system that is killed.
    private var central: CentralSystemMachine?
    private var connection = -1
    private var centralTimer: Instant?
    private var centralStartsAgain: Instant?
    /// Both ends believe in the connection, and nothing comes through it.
    private var isHalfOpen = false
    /// When the ends of a half-open connection find out.
    private var findsOut: Instant?
    private var lastArrival = (up: Instant.zero, down: Instant.zero)
    /// How often each thing happened, so that a test can tell that it did.
    private(set) var counts = (kills: 0, centralKills: 0, halfOpen: 0, repeated: 0, transactions: 0)

    init(seed: UInt64, restarts: Bool = false) {
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
        if restarts { central = CentralSystemMachine(CentralSystemSettings(), epoch: 0) }
    }

    /// Runs until everything is delivered; the problems that were found.
    func run(steps: Int) -> [String] {
        input { $0.start(at: now, meter: meter, into: &out) }
        for _ in 0..<steps {
            advance(to: now + .milliseconds(Int64.random(in: 1...9000, using: &random)))
            if central != nil, Int.random(in: 0..<6, using: &random) == 0 { actOnCentral() } else { act() }
        }
        // Peace at last: everything must arrive.
        isNetworkUp = true
        if centralStartsAgain != nil { centralStartsAgain = now }
        if isHalfOpen { findsOut = now }
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
        case 3: ask(.object(.reset, text: Bool.random(using: &random) ? #"{"type":"Soft"}"# : #"{"type":"Hard"}"#), "r")
        case 4, 5, 6, 7: input { $0.plug(connector: connector, idTag: "A", at: now, meter: meter, into: &out) }
        case 8, 9, 10: input { $0.unplug(connector: connector, at: now, meter: meter, into: &out) }
        case 11, 12, 13, 14, 15: input { $0.presentTag("A", connector: connector, at: now, meter: meter, into: &out) }
        case 16, 17, 18: ask(.remoteStartTransaction(RemoteStartTransaction(connectorID: connector, idTag: "A")), "s")
        case 19: isNetworkUp = true
        default: if isLinkUp { onTheWay.removeAll() }
        }
    }

    /// The central system is killed, or the network goes silently away.
    private func actOnCentral() {
        if Bool.random(using: &random) {
            killCentral()
        } else if isLinkUp, !isHalfOpen {
            counts.halfOpen += 1
            isHalfOpen = true
            onTheWay.removeAll()
            findsOut = now + .milliseconds(Int64.random(in: 1...60_000, using: &random))
        }
    }

    // MARK: Driving the charge point

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
        case .send(let message): send(message)
        case .setTimer(let timer, let due):
            timers.removeAll { $0.timer == timer }
            timers.append((timer, due))
        case .cancelTimer(let timer): timers.removeAll { $0.timer == timer }
        case .connect: connect()
        case .disconnect: hangUp()
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

    private func send(_ message: OCPPMessage) {
        guard isLinkUp, !isHalfOpen else { return }
        // A message may be lost: then it has arrived or not, and its answer is lost.
        if case .call = message, Int.random(in: 0..<12, using: &random) == 0 { return }
        if central != nil { return put(message, up: true) }
        guard case .call(let id, let payload) = message else { return }
        if Int.random(in: 0..<12, using: &random) == 0 { return put(.error(id, CallError(.internalError)), up: false) }
        guard let answer = csms.answer(payload, now) else { return }
        if Int.random(in: 0..<12, using: &random) == 0 { return }
        put(.result(id, answer), up: false)
    }

    /// Puts a message on its way; none overtakes another.
    private func put(_ message: OCPPMessage, up: Bool) {
        let arrival = max(now + .milliseconds(Int64.random(in: 1...60, using: &random)), up ? lastArrival.up : lastArrival.down)
        if up { lastArrival.up = arrival } else { lastArrival.down = arrival }
        onTheWay.append(Parcel(due: arrival, message: message, up: up, connection: connection))
    }

    private func deliver(_ message: OCPPMessage) {
        if isLinkUp, !isHalfOpen { input { $0.receive(message, at: now, meter: meter, into: &out) } }
    }

    // MARK: The connection

    private func connect() {
        endHalfOpen()
        isLinkUp = isNetworkUp && centralStartsAgain == nil
        let isUp = isLinkUp
        if isUp, central != nil {
            var decision = ConnectionDecision.refused(.unknownIdentity)
            input { decision = $0.connect(identity: "cp", at: now, into: &$1) }
            guard case .accepted(let number, _) = decision else { return csms.problems.append("the central system refuses the connection") }
            connection = number
        }
        input { isUp ? $0.connected(at: now, into: &out) : $0.disconnected(at: now, meter: meter, into: &out) }
    }

    /// The charge point closes its connection in good order: what it has sent before arrives, or all is lost with a network that is gone.
    private func hangUp() {
        isLinkUp = false
        let sent = onTheWay.filter(\.up)
        onTheWay.removeAll()
        guard central != nil, !isHalfOpen else { return endHalfOpen() }
        for parcel in sent { arrive(parcel.message) }
        input { $0.disconnect(connection, into: &$1) }
        connection = -1
    }

    /// The connection breaks; the central system does not always hear of it.
    private func dropLink() {
        guard isLinkUp else { return }
        isLinkUp = false
        onTheWay.removeAll()
        forgetConnection()
        input { $0.disconnected(at: now, meter: meter, into: &out) }
    }

    private func forgetConnection() {
        guard central != nil else { return }
        endHalfOpen()
        if Bool.random(using: &random) { input { $0.disconnect(connection, into: &$1) } }
        connection = -1
    }

    private func endHalfOpen() {
        isHalfOpen = false
        findsOut = nil
    }

    // MARK: Kills

    private func kill() {
        counts.kills += 1
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
        forgetConnection()
        startsAgain = now + .milliseconds(Int64.random(in: 1...20_000, using: &random))
    }

    private func start() {
        startsAgain = nil
        input { $0.start(at: now, meter: meter, into: &out) }
    }

    /// Kill -9 of the central system: what it has stored is all that is left; its charge point hears of it, or finds out later.
    private func killCentral() {
        guard let old = central, centralStartsAgain == nil else { return }
        counts.centralKills += 1
        central = old.restarted()
        centralTimer = nil
        connection = -1
        onTheWay.removeAll()
        centralStartsAgain = now + .milliseconds(Int64.random(in: 0...20_000, using: &random))
        guard isLinkUp else { return }
        if Int.random(in: 0..<3, using: &random) == 0 {
            isHalfOpen = true
            findsOut = now + .milliseconds(Int64.random(in: 1...60_000, using: &random))
        } else {
            dropLink()
        }
    }

    // MARK: Driving the central system

    private func input(_ body: (inout CentralSystemMachine, inout [CentralSystemOutput]) -> Void) {
        var list: [CentralSystemOutput] = []
        guard central != nil else { return }
        body(&central!, &list)
        for output in list {
            switch output {
            case .send(let number, let message): if number == connection, isLinkUp, !isHalfOpen { put(message, up: false) }
            case .setTimer(let number, let due): if number == connection { centralTimer = due }
            case .repeated: counts.repeated += 1
            case .violation(_, .invalidState, let text): csms.problems.append(text)
            case .violation(_, .badMessage, let text): csms.problems.append(text)
            default: break
            }
        }
    }

    /// A message has come to the central system, and to the small one that must agree with what it answers.
    private func arrive(_ message: OCPPMessage) {
        guard let number = central.map({ _ in connection }), number >= 0, centralStartsAgain == nil else { return }
        guard case .call(let id, let payload) = message else { return input { $0.receive(message, from: number, at: now, into: &$1) } }
        if Int.random(in: 0..<12, using: &random) == 0 { return put(.error(id, CallError(.internalError)), up: false) }
        let wanted = csms.answer(payload, now)
        var list: [CentralSystemOutput] = []
        input {
            $0.receive(message, from: number, at: now, into: &$1)
            list = $1
        }
        guard case .startTransactionResult(_, let transaction)? = wanted else { return }
        for case .send(_, .result(id, .startTransactionResult(_, let given))) in list where given != transaction {
            csms.problems.append("transaction \(transaction) has the id \(given)")
        }
    }

    /// The central system calls the charge point.
    private func ask(_ payload: OCPPPayload, _ id: String) {
        guard central != nil else { return deliver(.call(.text(id), payload)) }
        guard connection >= 0, centralStartsAgain == nil else { return }
        input { $0.send(.payload(payload), to: connection, token: 1, at: now, into: &$1) }
    }

    // MARK: Time

    /// Lets everything happen that is due until an instant.
    private func advance(to end: Instant) {
        while true {
            let timer = timers.indices.min { timers[$0].due < timers[$1].due }
            let message = onTheWay.indices.min { onTheWay[$0].due < onTheWay[$1].due }
            let next =
                [
                    timer.map { timers[$0].due }, message.map { onTheWay[$0].due }, startsAgain, centralStartsAgain, centralTimer, findsOut,
                ].compactMap { $0 }.min() ?? .never
            guard next <= end else { break }
            now = max(now, next)
            if let due = startsAgain, due <= next {
                start()
            } else if let due = centralStartsAgain, due <= next {
                centralStartsAgain = nil
            } else if let due = findsOut, due <= next {
                dropLink()
                endHalfOpen()
            } else if let due = centralTimer, due <= next {
                centralTimer = nil
                input { $0.timer(connection: connection, at: now, into: &$1) }
            } else if let message, onTheWay[message].due <= next {
                let parcel = onTheWay.remove(at: message)
                guard parcel.connection == connection else { continue }
                if parcel.up { arrive(parcel.message) } else { deliver(parcel.message) }
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
        counts.transactions = csms.transactions.count
        if machine.queuedTransactionMessages > 0 { found.append("\(machine.queuedTransactionMessages) messages were never delivered") }
        if !machine.memory.transactions.isEmpty { found.append("\(machine.memory.transactions.count) transactions are still remembered") }
        if csms.transactions.count != begun { found.append("\(begun) transactions were begun, and \(csms.transactions.count) arrived") }
        for transaction in csms.transactions where transaction.stop == nil { found.append("transaction at \(transaction.request.timestamp.text) never ended") }
        for connector in 1...settings.connectors {
            let billed = csms.transactions.filter { $0.request.connectorID == connector }.reduce(0) { $0 + ($1.stop?.meterStop ?? 0) - $1.request.meterStart }
            let delivered = meter.register(connector, now)
            if (Double(billed) - delivered).magnitude > 2 + Double(csms.transactions.count) {
                found.append("connector \(connector): \(billed) Wh billed, \(delivered) Wh delivered")
            }
        }
        return found + disagreements()
    }

    /// Where the central system that was killed knows something else than the one that was not.
    private func disagreements() -> [String] {
        guard let kept = central.map({ $0.record(of: "cp")?.transactions ?? [] }) else { return [] }
        guard kept.count == csms.transactions.count else { return ["\(kept.count) transactions are stored, and \(csms.transactions.count) arrived"] }
        var found: [String] = []
        for (place, transaction) in kept.enumerated() {
            let known = csms.transactions[place]
            if transaction.id != place + 1 || transaction.meterStart != known.request.meterStart { found.append("transaction \(place + 1) is another one") }
            if transaction.end?.meterStop != known.stop?.meterStop { found.append("transaction \(place + 1) has another end") }
        }
        return found
    }
}
