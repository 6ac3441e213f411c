import JSONText
import Quantities
import Testing

@testable import OCPP

/// The bytes of a case: one text, or text frames that a transport would have joined; `nil` if the case is about the transport itself.
private func input(_ item: JSONValue) -> [UInt8]? {
    if let text = item["in"]?.string { return Array(text.utf8) }
    if let generated = item["inGenerated"] {
        let (unit, count) = (generated.text("repeat"), generated.int("count") ?? 0)
        let body: String
        if generated["nest"]?.bool == true {
            body = String(repeating: "[", count: count) + String(repeating: "]", count: count)
        } else {
            body = String(repeating: unit, count: count)
        }
        return Array(generated.text("template").replacing("@", with: body).utf8)
    }
    return nil
}

/// What a decoder, and the machine behind it, does with the bytes, in the words of the vectors.
private func outcome(_ item: JSONValue, _ bytes: [UInt8]) -> [JSONValue] {
    var pending: [String: OCPPAction] = [:]
    for call in item["context"]?["pending"]?.list ?? [] { pending[call.text("id")] = OCPPAction(name: call.text("action")) }
    let role: OCPPRole = item.text("receiver") == "CP" ? .chargePoint : .centralSystem
    var decoder = MessageDecoder(role: role, greatestLength: item["context"]?.int("maxMessageBytes") ?? 1 << 20)
    switch decoder.decode(bytes, pending: { id in pending[id.description].map { .known($0) } }) {
    case .ignored(.tooLong): return [["kind": "close", "codes": [1009]], ["kind": "ignore"]]
    case .ignored: return [["kind": "ignore"]]
    case .failed(let id, let error, _): return [["kind": "failed", "id": .string(id.description), "codes": [.string(error.code.name)]]]
    case .message(.error(let id, let error)): return [["kind": "failed", "id": .string(id.description), "codes": [.string(error.code.name)]]]
    case .message(.result(let id, let payload)):
        let text = String(decoding: OCPPMessage.result(id, payload).bytes, as: UTF8.self)
        let object = (try? JSONValue(parsing: text))?[2] ?? .null
        return [["kind": "delivered", "id": .string(id.description), "payload": object]]
    case .refused(let answer, let violations):
        #expect(answer.bytes.count < 600, "a CALLERROR does not repeat a long text: \(violations)")
        return [described(answer)]
    case .message(.call(let id, let payload)): return [answer(.call(id, payload), role)]
    case .message(.frame): return []
    }
}

private func described(_ message: OCPPMessage) -> JSONValue {
    switch message {
    case .error(let id, let error): ["kind": "error", "id": .string(id.description), "codes": [.string(error.code.name)]]
    case .result(let id, _): ["kind": "result", "id": .string(id.description), "payload": (try? JSONValue(parsing: message.string))?[2] ?? .null]
    default: .null
    }
}

/// What the machine of a role sends back to a call in order.
private func answer(_ call: OCPPMessage, _ role: OCPPRole) -> JSONValue {
    if role == .centralSystem {
        var machine = CentralSystemMachine(.init(), epoch: 1_735_689_600)
        var out: [CentralSystemOutput] = []
        let connection = machine.connect(identity: "cp")
        machine.receive(call, from: connection, at: .zero, into: &out)
        for case .send(_, let message) in out { return described(message) }
    } else {
        var machine = ChargePointMachine(ChargePointSettings(identity: "cp"), epoch: 1_735_689_600)
        var out: [ChargePointOutput] = []
        machine.start(at: .zero, into: &out)
        let boot = BootNotificationResult(status: .accepted, currentTime: OCPPTimestamp(milliseconds: 0), interval: 300)
        let meter = TestMeter()
        machine.receive(.result(.number(1), .bootNotificationResult(boot)), at: .zero, meter: meter, into: &out)
        out = []
        machine.receive(call, at: .zero, meter: meter, into: &out)
        for case .send(let message) in out { return described(message) }
    }
    return .null
}

/// True if what happened is what a vector expects.
private func fits(_ found: JSONValue, _ expected: JSONValue) -> Bool {
    guard found.text("kind") == expected.text("kind") else { return false }
    if let id = expected["id"]?.string, found["id"]?.string != id { return false }
    if let codes = expected["codes"]?.list, !(found["codes"]?.list ?? []).contains(where: { codes.contains($0) }) { return false }
    if let payload = expected["payload"], found["payload"]?.canonical != payload.canonical { return false }
    for key in expected["payloadHas"]?.list ?? [] where found["payload"]?[key.string ?? ""] == nil { return false }
    return true
}

@Suite("Framing")
struct FramingTests {
    /// Cases about messages or machinery outside of this module: other feature profiles, WebSocket, registration of a live connection.
    private static let elsewhere: Set<String> = ["f-42", "f-95", "f-96", "f-97"]

    @Test("Every text of the vectors is answered, delivered or ignored as they say")
    func vectorCases() throws {
        var count = 0
        for item in try vectors("framing.json")["cases"]?.list ?? [] where !Self.elsewhere.contains(item.text("id")) {
            guard let bytes = input(item) else { continue }
            count += 1
            let expected = [item["expect"] ?? .null] + (item["alsoOk"]?.list ?? [])
            let found = outcome(item, bytes)
            let isRight = found.contains { one in expected.contains { fits(one, $0) } }
            if !isRight {
                Issue.record(
                    "\(item.text("id")) \(item.text("title")): got \(found.map { $0.text() }), expected \(expected.map { $0.text() })"
                )
            }
        }
        #expect(count == 95)
    }

    @Test("Calls go out one at a time, in order, under new ids; a late answer ends nothing")
    func session() throws {
        var session = FramingSession(timeout: .seconds(30), queueLimit: 2)
        func sent(_ submission: FramingSession.Submission) -> OCPPMessage? { if case .send(let message) = submission { message } else { nil } }
        let first = sent(session.submit(.empty(.heartbeat), token: 1, at: .zero))
        #expect(first == .call(.number(1), .empty(.heartbeat)))
        let timer = session.timerToSet()
        #expect(timer == seconds(30))
        let second = session.submit(.authorize(idTag: "A"), token: 2, at: seconds(1))
        let third = session.submit(.authorize(idTag: "B"), token: 3, at: seconds(1))
        let fourth = session.submit(.authorize(idTag: "C"), token: 4, at: seconds(1))
        guard case .queued = second, case .queued = third, case .refused = fourth else {
            Issue.record("the queue holds two")
            return
        }
        #expect(session.next(at: seconds(2)) == nil)
        let early = session.timerFired(at: seconds(29))
        #expect(early == nil)
        let overdue = session.timerFired(at: seconds(30))
        #expect(overdue?.token == 1)
        #expect(session.next(at: seconds(30)) == .call(.number(2), .authorize(idTag: "A")))
        let late = session.end(.number(1))
        #expect(late == nil)
        let ended = session.end(.number(2))
        #expect(ended?.token == 2 && ended?.action == .authorize)
        #expect(session.next(at: seconds(31)) == .call(.number(3), .authorize(idTag: "B")))
        let foreign = session.end(.text("3x"))
        #expect(foreign == nil)
    }

    @Test("A call time-out frees the slot, and the next call of the charge point goes out with a new id")
    func timeout() {
        var machine = ChargePointMachine(referenceSettings(), epoch: 0)
        var out: [ChargePointOutput] = []
        let meter = TestMeter()
        machine.start(at: .zero, into: &out)
        out = []
        machine.connected(at: .zero, into: &out)
        out.removeAll { if case .cancelTimer = $0 { true } else { false } }
        guard case .send(.call(.number(1), _))? = out.first, case .setTimer(.call, let deadline)? = out.dropFirst().first else {
            Issue.record("no boot: \(out)")
            return
        }
        out = []
        machine.timer(.call, at: deadline, meter: meter, into: &out)
        guard case .violation(.timeout, _)? = out.first, case .setTimer(.boot, let retry)? = out.dropFirst().first else {
            Issue.record("no retry: \(out)")
            return
        }
        #expect(retry == seconds(90))
        out = []
        machine.timer(.boot, at: retry, meter: meter, into: &out)
        guard case .send(.call(.number(2), .bootNotification))? = out.first else {
            Issue.record("no second boot: \(out)")
            return
        }
        out = []
        // The late answer to the first call changes nothing.
        let late = BootNotificationResult(status: .accepted, currentTime: OCPPTimestamp(milliseconds: 0), interval: 300)
        machine.receive(.result(.number(1), .bootNotificationResult(late)), at: retry, meter: meter, into: &out)
        #expect(machine.registration == nil)
    }
}
