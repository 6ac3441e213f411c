import OCPP
import Quantities
import ScenarioLanguage
import YAMLTree

/// Sends messages that no sound peer sends and watches what becomes of them.
final class FuzzAttack: InsertingAttack, LinkInterceptor {
    /// What a peer does wrong.
    enum Trouble: String {
        case lostConnection = "the connection was lost"
        case noAnswer = "there was no answer in time"
        case accepted = "what the standard forbids was accepted"
        case internalError = "the answer was InternalError"
    }

    /// A message that went out.
    struct Sent {
        let text: [UInt8]
        let link: Int
        let up: Bool
        let instant: Instant
        let action: OCPPAction?
        let changes: [String]
        let verdict: Verdict
        var isAnswered = false
    }

    /// What the standard wants for a message.
    enum Verdict {
        /// A result, or an error that is no internal one.
        case right
        /// An error.
        case wrong
        /// Nothing.
        case free
    }

    /// Trouble after a message.
    struct Finding {
        let trouble: Trouble
        /// Number of the message among all that were sent.
        let message: Int
    }

    /// How messages are made.
    struct Settings {
        var style = MessageFuzzer.Style.grammar
        var changesRealOnes = false
        var chance = 1.0
        var actions: [OCPPAction] = []
        /// Messages that are sent in place of drawn ones.
        var given: [[UInt8]]?
        /// Directory for failing cases; that of the run when not given.
        var folder: String?
        /// Place of the step.
        var span: Span?
        /// What it is aimed at, as the file writes it.
        var target = ""
    }

    let settings: Settings
    private(set) var sent: [Sent] = []
    private(set) var findings: [Finding] = []
    private(set) var answers = 0
    private var fuzzers: [Bool: MessageFuzzer] = [:]
    private var nextGiven = 0
    private let isTrial: Bool
    /// Whether a call goes behind the messages of a trial.
    private let isProbed: Bool
    /// A call that is in order, behind the messages of a trial: whose answer comes has stood them.
    private var probe: MessageID?
    /// How long a peer has for its answer.
    private let patience: Duration
    /// The most messages that are remembered, and the most findings.
    private static let most = (messages: 200_000, findings: 100)

    init(_ aim: LinkAim, _ settings: Settings, every: Duration?, count: Int?, _ simulation: Simulation) {
        var settings = settings
        let trial = simulation.links.fuzzTrial
        isTrial = trial != nil
        isProbed = trial?.isProbed ?? false
        if let trial { settings.given = trial.path == aim.path ? trial.texts : [] }
        patience = simulation.links.carrier == nil ? .seconds(10) : .seconds(5)
        self.settings = settings
        super.init(aim, every: settings.changesRealOnes && !isTrial ? nil : every, count: settings.given?.count ?? count, simulation)
        simulation.links.fuzzers.append(self)
    }

    override func start() {
        for link in aim.links { links.intercept(link, by: self) }
        if settings.changesRealOnes, !isTrial { return }
        super.start()
    }

    override func stop() { for link in aim.links { links.leave(link, by: self) } }

    private func fuzzer(up: Bool, _ body: (inout MessageFuzzer) -> MessageFuzzer.Made) -> MessageFuzzer.Made {
        var own =
            fuzzers[up]
            ?? MessageFuzzer(settings.style, to: up ? .centralSystem : .chargePoint, actions: settings.actions) { [unowned self] in
                draw(up ? 2 : 3) { $0.next() }
            }
        defer { fuzzers[up] = own }
        return body(&own)
    }

    // MARK: Sending

    override func utter(_ link: Int) {
        guard links.isUp(link), sent.count < Self.most.messages else { return }
        let up = aim.up && aim.down ? sent.count % 2 == 0 : aim.up
        if let given = settings.given {
            guard nextGiven < given.count else { return }
            nextGiven += 1
            send(given[nextGiven - 1], [], up: up, link)
            if isProbed, nextGiven == given.count { sendProbe(up: up, link) }
            return
        }
        let id = links.tap(link).freshID().description
        let made = fuzzer(up: up) { $0.make(id: id) }
        send(made.text, made.changes, up: up, link)
    }

    private func send(_ text: [UInt8], _ changes: [String], up: Bool, _ link: Int) {
        remember(text, changes, up: up, link, isOwn: true)
        insert(.frame(text), up: up, link)
        setTimer(in: patience, UInt64(sent.count + 1))
    }

    private func sendProbe(up: Bool, _ link: Int) {
        let id = links.tap(link).freshID()
        probe = id
        insert(.call(id, .raw(action: "DataTransfer", text: "{\"vendorId\":\"evsim\"}")), up: up, link)
    }

    private func remember(_ text: [UInt8], _ changes: [String], up: Bool, _ link: Int, isOwn: Bool) {
        var decoder = MessageDecoder(role: up ? .centralSystem : .chargePoint)
        var verdict = Verdict.free
        var action: OCPPAction?
        switch decoder.decode(text, pending: { _ in nil }) {
        case .message(let message):
            verdict = .right
            action = message.action
        case .refused: verdict = .wrong
        default: break
        }
        sent.append(Sent(text: text, link: link, up: up, instant: now, action: action, changes: changes, verdict: isOwn ? verdict : .free))
    }

    func pass(_ unit: LinkUnit, up: Bool, link: Int, into out: inout [LinkUnit]) {
        guard settings.changesRealOnes, !isTrial, aim.meets(unit, up: up), happens(settings.chance), sent.count < Self.most.messages else {
            return out.append(unit)
        }
        let made = fuzzer(up: up) { $0.changed(unit.message.bytes) }
        guard !made.changes.isEmpty else { return out.append(unit) }
        remember(made.text, made.changes, up: up, link, isOwn: false)
        showEvidence()
        var changed = unit
        changed.message = OCPPMessage(wire: made.text)
        changed.label = aim.label
        out.append(changed)
    }

    // All is sent; the answers are still to come.
    override func finishLater() { if settings.given == nil { setTimer(in: patience, 1) } }

    // MARK: Watching

    override func answered(_ message: OCPPMessage, to id: MessageID, link: Int) {
        if id == probe { return end() }
        guard let place = sent.indices.last(where: { !sent[$0].isAnswered && sent[$0].link == link && MessageHead(.frame(sent[$0].text)).id == id }) else {
            return
        }
        sent[place].isAnswered = true
        answers += 1
        switch message.shown {
        case .result: if sent[place].verdict == .wrong { find(.accepted, place) }
        case .error(_, let error): if error.code.name == "InternalError" { find(.internalError, place) }
        default: break
        }
        if isTrial, !isProbed, sent.count == settings.given?.count, sent.allSatisfy({ $0.isAnswered }) { end() }
    }

    override func alarm(_ token: UInt64) {
        if token == 1 { return isDone?() ?? () }
        let place = Int(token) - 2
        guard sent.indices.contains(place) else { return }
        if !sent[place].isAnswered, sent[place].verdict != .free, links.isUp(sent[place].link) { find(.noAnswer, place) }
        guard place == sent.count - 1, let given = settings.given, nextGiven >= given.count else { return }
        if isTrial { end() } else { isDone?() }
    }

    func connectionEnded(link: Int) {
        guard isActive, let place = sent.indices.last(where: { sent[$0].link == link }), now - sent[place].instant <= patience else { return }
        // Who is told to restart may go.
        let ends: [OCPPAction] = [.reset, .updateFirmware, .signedUpdateFirmware]
        guard !sent.contains(where: { $0.link == link && $0.verdict == .right && $0.action.map(ends.contains) ?? false && now - $0.instant < .seconds(600) })
        else { return }
        find(.lostConnection, place)
    }

    private func find(_ trouble: Trouble, _ place: Int) {
        guard findings.count < Self.most.findings else { return }
        findings.append(Finding(trouble: trouble, message: place))
        if isTrial { end() }
    }

    /// A trial has shown what it can.
    private func end() { simulation.kernel.stop() }

    // MARK: Judging

    /// What the peer did, as an expectation of the run.
    var judged: JudgedExpectation? {
        guard !sent.isEmpty, let span = settings.span else { return nil }
        let that = "the peer stands the messages of 'fuzz' against \(settings.target)"
        let value: String
        if let first = findings.first {
            let more = findings.count > 1 ? ", and \(findings.count - 1) more times something was wrong" : ""
            let what = sent[first.message].changes.joined(separator: ", ")
            value =
                "after message \(first.message + 1) at \(simulation.time(sent[first.message].instant).secondsText) s\(what.isEmpty ? "" : " (\(what))") \(first.trouble.rawValue)\(more)"
        } else {
            value = "\(sent.count) messages, \(answers) answers"
        }
        return JudgedExpectation(
            that: that, value: value, isFulfilled: findings.isEmpty, because: nil, span: span,
            sentence: findings.isEmpty ? value : "\(value), line \(span.line)")
    }

    /// Findings that differ: the first of each sort of trouble and change.
    var distinct: [Finding] {
        var seen: Set<String> = []
        return findings.filter { finding in
            let message = sent[finding.message]
            return seen.insert("\(finding.trouble.rawValue) \(message.up) \(message.changes.last ?? "")").inserted
        }
    }
}
