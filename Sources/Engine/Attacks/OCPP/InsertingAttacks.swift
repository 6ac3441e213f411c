import JSONText
import OCPP
import Quantities
import ScenarioLanguage

/// An attack that sends messages of its own, at the beginning and then each time that its period is over.
class InsertingAttack: LinkAttack, TimedLinkAttack, LinkInserter {
    /// Time from one message to the next; `nil` sends one only.
    let every: Duration?
    /// It is done after so many messages.
    let count: Int?
    private(set) var spoken = 0
    private var timer = -1
    /// Tells its timers from those of others.
    private var round: UInt64 = 0

    init(_ aim: LinkAim, every: Duration?, count: Int?, _ simulation: Simulation) {
        (self.every, self.count) = (every.map { max($0, Duration(nanoseconds: 1000)) }, count)
        super.init(aim, simulation)
    }

    var passesAnswers: Bool { false }
    func answered(_ message: OCPPMessage, to id: MessageID, link: Int) {}

    override func start() {
        round = links.attackTimers.serial()
        spoken = 0
        speak()
    }

    override func end(at now: Instant) {
        super.end(at: now)
        if timer >= 0 { links.attackTimers.remove(timer) }
        timer = -1
    }

    /// Sets a timer of the attack; what it was set with comes back with `alarm`.
    final func setTimer(in time: Duration, _ token: UInt64 = 0) {
        if timer < 0 { timer = links.attackTimers.add(self) }
        links.attackTimers.set(timer, at: now + time, round << 32 | token)
    }

    final func due(_ token: UInt64) {
        guard isActive, token >> 32 == round else { return }
        if token & 0xFFFF_FFFF == 0 { speak() } else { alarm(token & 0xFFFF_FFFF) }
    }

    /// A timer of the kind of attack has come.
    func alarm(_ token: UInt64) {}

    private func speak() {
        for link in aim.links where count.map({ spoken < $0 }) ?? true {
            utter(link)
            spoken += 1
        }
        if let count, spoken >= count { return finishLater() }
        if let every { setTimer(in: every) } else { finishLater() }
    }

    /// Sends the next message over a link.
    func utter(_ link: Int) {}

    /// All is sent.
    func finishLater() { isDone?() }

    /// Sends a call in the name of an end; its id is one that nobody else uses unless one is given.
    @discardableResult
    final func call(_ action: String, _ payload: String, up: Bool, _ link: Int, id: MessageID? = nil) -> MessageID {
        let id = id ?? links.tap(link).freshID()
        insert(.call(id, .raw(action: action, text: payload)), up: up, link)
        return id
    }

    /// Sends anything in the name of an end.
    final func insert(_ message: OCPPMessage, up: Bool, _ link: Int) {
        guard links.isUp(link) else { return }
        showEvidence()
        links.insert(message, up: up, link, label: aim.label, by: self)
    }
}

/// Sends messages of its own beside the real ones.
final class InjectAttack: InsertingAttack {
    /// What it sends.
    enum Content {
        /// A call, with fields as the charge point or the central system would fill them up.
        case call(action: String, fields: JSONValue)
        /// A text as it stands: a whole message when it begins with a bracket, else the payload of an action.
        case text(String)
    }

    private let content: Content
    private let up: Bool

    init(_ aim: LinkAim, _ content: Content, up: Bool, every: Duration?, count: Int?, _ simulation: Simulation) {
        (self.content, self.up) = (content, up)
        super.init(aim, every: every, count: count, simulation)
    }

    override func utter(_ link: Int) {
        switch content {
        case .text(let text): insert(OCPPMessage(wire: Array(text.utf8)), up: up, link)
        case .call(let action, let fields):
            let time = OCPPTimestamp(epoch: simulation.scenario.run.epoch, now)
            call(action, PayloadText.make(action, fields, at: time, transaction: runningTransaction(link)), up: up, link)
        }
    }
}

/// Payloads of calls that attacks make up.
enum PayloadText {
    /// The payload of a call with the fields that are given, and sensible values for those that must be there.
    static func make(_ name: String, _ fields: JSONValue, at time: OCPPTimestamp, transaction: Int? = nil) -> String {
        guard let action = OCPPAction(name: name) else { return fields.members == nil ? "{}" : fields.text() }
        if action.isSentByChargePoint {
            var members = MessageFields.filled(fields, action, time: time)
            if action == .stopTransaction, fields["transactionId"] == nil { members.append(.init("transactionId", .integer(Int64(transaction ?? 0)))) }
            return JSONValue.object(members).text()
        }
        // What the catalogue refuses is sent as it was given.
        guard case .success(let request) = CentralSystemMachine.request(action, with: fields) else { return fields.text() }
        switch request {
        case .payload(let payload):
            let bytes = OCPPMessage.call(.number(0), payload).bytes
            return MessageHead(.frame(bytes)).payload.map { String(decoding: bytes[$0], as: UTF8.self) } ?? fields.text()
        case .limit(let amperes, let connector, let level): return limit(amperes, connector, level, time, transaction)
        case .remoteStop(let wanted): return "{\"transactionId\":\(wanted ?? transaction ?? 0)}"
        case .template(_, let given): return RelativeTime.resolved(given, OCPPPayload.requestFields(action), at: time).text()
        }
    }

    /// The profile that the shorthand `limit` stands for.
    private static func limit(_ amperes: Double, _ connector: Int, _ level: Int, _ time: OCPPTimestamp, _ transaction: Int?) -> String {
        let tenths = Int((min(max(amperes.isNaN ? 0 : amperes, -1e9), 1e9) * 10).rounded())
        let schedule = ChargingSchedule(startSchedule: time, unit: .amperes, periods: [ChargingSchedulePeriod(startPeriod: 0, limitTenths: tenths)])
        let profile = ChargingProfile(
            id: 1_000_000, transactionID: transaction, stackLevel: level, purpose: transaction == nil ? .txDefaultProfile : .txProfile, kind: .absolute,
            schedule: schedule)
        let bytes = OCPPMessage.call(.number(0), .setChargingProfile(SetChargingProfile(connectorID: connector, profile: profile))).bytes
        return MessageHead(.frame(bytes)).payload.map { String(decoding: bytes[$0], as: UTF8.self) } ?? "{}"
    }
}

/// Sends so many messages that the receiver has nothing left for others, or opens so many connections.
final class FloodAttack: InsertingAttack, LinkIntruder {
    private let action: String
    private let up: Bool
    /// How many connections it opens in place of messages.
    private let connections: Int?
    private var opened: [Int] = []

    init(_ aim: LinkAim, action: String, up: Bool, connections: Int?, every: Duration?, count: Int?, _ simulation: Simulation) {
        (self.action, self.up, self.connections) = (action, up, connections)
        super.init(aim, every: every, count: connections ?? count, simulation)
    }

    override func utter(_ link: Int) {
        guard connections != nil else {
            call(action, PayloadText.make(action, .object([]), at: OCPPTimestamp(epoch: simulation.scenario.run.epoch, now)), up: up, link)
            return
        }
        let added = links.addIntruder(self, likeLink: link)
        opened.append(added)
        links.openAsIntruder(added)
        showEvidence()
    }

    // Connections stand as long as the attack does.
    override func finishLater() { if connections == nil { super.finishLater() } }

    override func stop() {
        for link in opened { links.close(link, by: .chargePoint) }
        opened = []
    }

    func opened(link: Int) {}
    func closed(link: Int) {}
    func receive(_ message: OCPPMessage, link: Int) {}
}

/// Records what passes and sends it again.
final class ReplayAttack: InsertingAttack, LinkInterceptor {
    private let record: Duration
    private let age: Duration
    private let times: Int
    private let speed: Double
    private var memory: [(message: OCPPMessage, up: Bool, link: Int, at: Duration)] = []
    private var isRecording = false
    private var next = 0
    private var round = 0
    private var begun = Instant.zero
    /// The most messages that it remembers.
    private static let most = 100_000

    init(_ aim: LinkAim, record: Duration, age: Duration, times: Int, speed: Double, _ simulation: Simulation) {
        (self.record, self.age, self.times, self.speed) = (record, age, max(1, times), max(speed, 1e-3))
        super.init(aim, every: nil, count: nil, simulation)
    }

    override func start() {
        (isRecording, next, round, begun, memory) = (true, 0, 0, now, [])
        for link in aim.links { links.intercept(link, by: self) }
        super.start()
    }

    override func stop() { for link in aim.links { links.leave(link, by: self) } }

    override func finishLater() {
        // The first speaking of the attack begins its recording.
        if isRecording { setTimer(in: record, 1) } else { super.finishLater() }
    }

    func pass(_ unit: LinkUnit, up: Bool, link: Int, into out: inout [LinkUnit]) {
        out.append(unit)
        // Answers without their calls say nothing.
        guard isRecording, unit.isCall, aim.meets(unit, up: up), memory.count < Self.most else { return }
        memory.append((unit.message, up, link, now - begun))
    }

    override func alarm(_ token: UInt64) {
        if isRecording {
            isRecording = false
            guard !memory.isEmpty else { return finishLater() }
            return setTimer(in: age + scaled(memory[0].at - memory[0].at), 2)
        }
        let one = memory[next]
        insert(one.message, up: one.up, one.link)
        next += 1
        if next == memory.count {
            next = 0
            round += 1
            guard round < times else { return finishLater() }
            return setTimer(in: age, 2)
        }
        setTimer(in: scaled(memory[next].at - one.at), 2)
    }

    private func scaled(_ time: Duration) -> Duration { Duration(seconds: time.seconds / speed) ?? .zero }
}

/// Connects a second time under the name of a charge point.
final class SpoofAttack: InsertingAttack, LinkIntruder {
    private let after: Duration
    private let closesOld: Bool
    private let action: String
    private let fields: JSONValue?
    private var opened: [Int] = []
    private var lastID = 0

    init(_ aim: LinkAim, after: Duration, closesOld: Bool, message: (action: String, fields: JSONValue)?, _ simulation: Simulation) {
        (self.after, self.closesOld) = (after, closesOld)
        (action, fields) = (message?.action ?? "", message?.fields)
        super.init(aim, every: nil, count: nil, simulation)
    }

    override func start() {
        super.start()
        setTimer(in: after, 1)
    }

    // Its connections stand until the attack ends.
    override func finishLater() {}

    override func alarm(_ token: UInt64) {
        for link in aim.links {
            if closesOld { links.close(link) }
            let added = links.addIntruder(self, likeLink: link)
            opened.append(added)
            showEvidence()
            links.openAsIntruder(added)
        }
    }

    override func stop() {
        for link in opened { links.close(link, by: .chargePoint) }
        opened = []
    }

    func opened(link: Int) {
        guard let fields else { return }
        lastID += 1
        let text = PayloadText.make(action, fields, at: OCPPTimestamp(epoch: simulation.scenario.run.epoch, now))
        links.sendUp(link, .call(.number(lastID), .raw(action: action, text: text)), label: aim.label)
    }

    func closed(link: Int) {}

    /// Calls of the central system come to the wrong one, which says yes to what it can.
    func receive(_ message: OCPPMessage, link: Int) {
        guard case .call(let id, let payload) = message.shown else { return }
        links.sendUp(link, IntruderAnswers.answer(id, payload), label: aim.label)
    }
}

/// Answers of somebody who plays a charge point.
enum IntruderAnswers {
    /// The answer that says yes.
    static func answer(_ id: MessageID, _ payload: OCPPPayload) -> OCPPMessage {
        guard let action = payload.action, action.isSentByCentralSystem else { return .error(id, CallError(.notImplemented)) }
        let text = JSONValue.object(
            OCPPPayload.confirmationFields(action).compactMap { field in
                field.isRequired ? JSONValue.Member(field.name, yes(field.form)) : nil
            }
        ).text()
        return .result(id, .raw(action: action.name.description, text: text))
    }

    private static func yes(_ form: MessageForm) -> JSONValue {
        switch form {
        case .oneOf(let words): .string(words.contains("Accepted") ? "Accepted" : words.first ?? "")
        case .whole, .tenths: 0
        case .flag: true
        case .dateTime: "2000-01-01T00:00:00.000Z"
        case .text, .uri: ""
        case .list(let element, let least): .array(Array(repeating: yes(element), count: least))
        case .object(let fields): .object(fields.filter(\.isRequired).map { JSONValue.Member($0.name, yes($0.form)) })
        }
    }
}
