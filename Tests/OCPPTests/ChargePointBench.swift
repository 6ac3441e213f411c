import JSONText
import Quantities
import Testing

@testable import OCPP

/// A charge point on a bench: the test is its central system and its world. Every message that it sends must pass the catalogue.
final class Bench {
    var machine: ChargePointMachine
    let meter = TestMeter()
    var now = Instant.zero
    var log: [String] = []
    var timers: [(timer: ChargePointTimer, due: Instant)] = []
    /// What the central system answers; `nil` = the usual answer.
    var answers: (OCPPPayload) -> String? = { _ in nil }
    /// True to leave calls without answer.
    var isSilent = false
    var isNetworkUp = true
    var transactions = 0
    var restartsAt: Instant?
    var connectDelays: [Double] = []
    /// False while messages break the schema on purpose.
    var isChecked = true { didSet { decoder.isStrict = isChecked } }
    private var out: [ChargePointOutput] = []
    private var arriving: [OCPPMessage] = []
    private var decoder = MessageDecoder(role: .centralSystem)
    private var lastCall = 0
    private var called: [String: String] = [:]

    init(_ change: (inout ChargePointSettings) -> Void = { _ in }, boot: Bool = true) {
        var settings = ChargePointSettings(identity: "cp1")
        settings.assumesVehicle = false
        settings.meterInterval = .seconds(60)
        settings.metersAlways = false
        change(&settings)
        machine = ChargePointMachine(settings, epoch: 946_684_800)
        if boot { input { $0.start(at: now, meter: meter, into: &$1) } }
        log = []
    }

    func input(_ body: (inout ChargePointMachine, inout [ChargePointOutput]) -> Void) {
        body(&machine, &out)
        settle()
    }

    private func settle() {
        while !out.isEmpty || !arriving.isEmpty {
            if !out.isEmpty {
                perform(out.removeFirst())
            } else {
                let message = arriving.removeFirst()
                machine.receive(bytes: message.bytes, at: now, meter: meter, into: &out)
            }
        }
    }

    private func perform(_ output: ChargePointOutput) {
        switch output {
        case .send(let message): take(message)
        case .setTimer(let timer, let due):
            timers.removeAll { $0.timer == timer }
            timers.append((timer, due))
            if timer == .connect { connectDelays.append((due - now).seconds) }
        case .cancelTimer(let timer): timers.removeAll { $0.timer == timer }
        case .connect:
            log.append("connect")
            if isNetworkUp { machine.connected(at: now, into: &out) } else { machine.disconnected(at: now, meter: meter, into: &out) }
        case .disconnect: log.append("disconnect")
        case .energise(let connector): log.append("on \(connector)")
        case .deenergise(let connector): log.append("off \(connector)")
        case .reboot(let wait):
            log.append("reboot")
            timers = []
            restartsAt = now + wait
        case .unlocked(let connector): log.append("unlocked \(connector)")
        case .violation(_, let text): log.append("! \(text)")
        case .limit, .status, .transactionStarted, .transactionEnded, .booted, .securityEvent: break
        }
    }

    /// Notes a message of the charge point, and answers a call.
    private func take(_ message: OCPPMessage) {
        let bytes = message.bytes
        guard let frame = try? JSONValue(parsing: bytes) else {
            Issue.record("no JSON: \(message.string)")
            return
        }
        if frame[0]?.integer == 2 {
            guard let payload = frame[3], let name = frame[2]?.string else { return }
            log.append(Self.short(name, payload))
            var typed: OCPPPayload?
            if case .message(.call(_, let read)) = decoder.decode(bytes, pending: { _ in nil }) { typed = read }
            if typed == nil, isChecked { Issue.record("the catalogue refuses \(message.string)") }
            guard !isSilent, let id = message.id else { return }
            if let text = answers(typed ?? .raw(action: name, text: "")) {
                arriving.append(.frame([UInt8](text.replacingOccurrences("ID", with: id.description).utf8)))
            } else if let typed, let answer = usual(typed) {
                arriving.append(.result(id, answer))
            }
        } else {
            let name = called[frame[1]?.string ?? ""] ?? ""
            if frame[0]?.integer == 3, let action = OCPPAction(name: name), isChecked {
                let known = PendingAction.known(action)
                if case .message = decoder.decode(bytes, pending: { _ in known }) {
                } else {
                    Issue.record("the catalogue refuses \(message.string) for \(name)")
                }
            }
            log.append("= \(frame[0]?.integer == 4 ? frame[2]?.string ?? "" : (frame[2]?["status"]?.string ?? frame[2]?.text() ?? ""))")
        }
    }

    private func usual(_ payload: OCPPPayload) -> OCPPPayload? {
        switch payload {
        case .bootNotification:
            return .bootNotificationResult(BootNotificationResult(status: .accepted, currentTime: OCPPTimestamp(epoch: 946_684_800, now), interval: 300))
        case .authorize: return .authorizeResult(IdTagInfo(status: .accepted))
        case .startTransaction:
            transactions += 1
            return .startTransactionResult(IdTagInfo(status: .accepted), transactionID: transactions)
        case .stopTransaction: return .stopTransactionResult(nil)
        case .empty(.heartbeat): return .heartbeatResult(currentTime: OCPPTimestamp(epoch: 946_684_800, now))
        case .object(.dataTransfer, _), .object(.signCertificate, _): return .object(payload.action ?? .dataTransfer, text: #"{"status":"Accepted"}"#)
        default: return payload.action.map { .empty($0) }
        }
    }

    /// A call in short: action, connector, status or reason.
    private static func short(_ name: String, _ payload: JSONValue) -> String {
        var words = [name]
        if let connector = payload.int("connectorId") { words.append("\(connector)") }
        for key in ["status", "reason", "type"] { if let word = payload[key]?.string { words.append(word) } }
        if let code = payload["errorCode"]?.string, code != "NoError" { words.append(code) }
        if let id = payload.int("transactionId") { words.append("#\(id)") }
        return words.joined(separator: " ")
    }

    // MARK: What a test does

    /// The central system calls; the answer is in the log.
    @discardableResult
    func call(_ action: String, _ payload: String = "{}") -> String {
        lastCall += 1
        called["c\(lastCall)"] = action
        arriving.append(.frame([UInt8](#"[2,"c\#(lastCall)","\#(action)",\#(payload)]"#.utf8)))
        let before = log.count
        settle()
        return log[before...].first { $0.hasPrefix("= ") }.map { String($0.dropFirst(2)) } ?? "no answer"
    }

    /// Lets time pass; timers fire.
    func pass(_ duration: Double) {
        let end = now + (Duration(seconds: duration) ?? .zero)
        while true {
            let place = timers.indices.min { timers[$0].due < timers[$1].due }
            let next = min(place.map { timers[$0].due } ?? .never, restartsAt ?? .never)
            guard next <= end else { break }
            now = max(now, next)
            if let due = restartsAt, due <= next {
                restartsAt = nil
                input { $0.start(at: now, meter: meter, into: &$1) }
            } else if let place {
                let timer = timers.remove(at: place).timer
                input { $0.timer(timer, at: now, meter: meter, into: &$1) }
            }
        }
        now = end
    }

    func plug(_ connector: Int = 1, _ idTag: String? = nil) { input { $0.plug(connector: connector, idTag: idTag, at: now, meter: meter, into: &$1) } }
    func unplug(_ connector: Int = 1) { input { $0.unplug(connector: connector, at: now, meter: meter, into: &$1) } }
    func present(_ idTag: String, _ connector: Int? = nil) { input { $0.presentTag(idTag, connector: connector, at: now, meter: meter, into: &$1) } }

    func cut() {
        isNetworkUp = false
        input { $0.disconnected(at: now, meter: meter, into: &$1) }
    }

    func kill() {
        let memory = machine.memory
        machine = ChargePointMachine(machine.settings, epoch: machine.epoch, memory: memory)
        timers = []
    }

    /// The log since the last call.
    func taken() -> [String] {
        defer { log = [] }
        return log
    }
}

extension String {
    /// Plain replacement without Foundation.
    fileprivate func replacingOccurrences(_ part: String, with other: String) -> String {
        split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
    }
}
