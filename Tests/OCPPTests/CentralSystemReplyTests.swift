import JSONText
import Quantities
import Testing

@testable import OCPP

@Suite("Replies by script")
struct CentralSystemReplyTests {
    private let heartbeat = OCPPPayload.empty(.heartbeat)

    /// What becomes of one heartbeat after another, in one letter each.
    private func kinds(_ rules: [ReplyRule], calls: Int, identity: String = "cp1") -> String {
        var bench = CentralSystemBench(replies: rules)
        let connection = bench.point(identity)
        return (0..<calls).map { _ in
            switch bench.call(connection, heartbeat) {
            case .result?: "r"
            case .error?: "e"
            case .frame?: "f"
            default: bench.closed.isEmpty ? "-" : "x"
            }
        }.joined()
    }

    @Test("The first reply answers the first call, the second the next, the last all that follow")
    func scripts() {
        let error = ReplyRule.Form.error(CallError(.internalError))
        #expect(kinds([], calls: 3) == "rrr")
        #expect(kinds([ReplyRule(.heartbeat, .ignore)], calls: 3) == "---")
        #expect(kinds([ReplyRule(.heartbeat, .ignore, times: 2)], calls: 4) == "--rr")
        #expect(kinds([ReplyRule(.heartbeat, error), ReplyRule(.heartbeat, .ignore), ReplyRule(.heartbeat, .standard)], calls: 5) == "e-rrr")
        #expect(kinds([ReplyRule(.heartbeat, error, times: 2), ReplyRule(.heartbeat, .ignore, times: 1)], calls: 5) == "ee-rr")
        #expect(kinds([ReplyRule(.heartbeat, error, fromCall: 3)], calls: 5) == "rreee")
        #expect(kinds([ReplyRule(.heartbeat, error), ReplyRule(.heartbeat, .ignore, times: 1, fromCall: 4)], calls: 5) == "eee-r")
        #expect(kinds([ReplyRule(.heartbeat, error, peers: ["cp2"]), ReplyRule(.heartbeat, .ignore)], calls: 2) == "--")
        #expect(kinds([ReplyRule(.heartbeat, error, peers: ["cp2"]), ReplyRule(.heartbeat, .ignore)], calls: 3, identity: "cp2") == "e--")
        #expect(kinds([ReplyRule(.heartbeat, .malformed(.notJSON), times: 1)], calls: 2) == "fr")
        #expect(kinds([ReplyRule(nil, error), ReplyRule(.bootNotification, .standard)], calls: 2) == "ee")
        #expect(kinds([ReplyRule(.heartbeat, .disconnect, fromCall: 2)], calls: 2) == "rx")
        #expect(kinds([ReplyRule(.heartbeat, .ignore, times: Int.max), ReplyRule(.heartbeat, error)], calls: 3) == "---")
    }

    @Test("Chance is drawn for each call, the same in every run, and does not move with other charge points")
    func chance() {
        let rules = [ReplyRule(.heartbeat, .ignore, chance: 0.3)]
        let first = kinds(rules, calls: 2000)
        #expect(first == kinds(rules, calls: 2000))
        #expect((500...700).contains(first.count { $0 == "-" }))
        #expect(first != kinds(rules, calls: 2000, identity: "cp2"))
    }

    @Test("Fields of a reply take the place of the node's own, inside objects too, with times counted from now")
    func patches() throws {
        var bench = CentralSystemBench(replies: [
            ReplyRule(.authorize, .with(["idTagInfo": ["status": "Blocked"]]), times: 1),
            ReplyRule(.authorize, .with(["idTagInfo": ["expiryDate": "in 1min", "parentIdTag": "G"]])), ReplyRule(.heartbeat, .with(["currentTime": "1h ago"])),
            ReplyRule(.dataTransfer, .accept), ReplyRule(.startTransaction, .reject), ReplyRule(.statusNotification, .payload(#"{"oops":1}"#)),
        ])
        let connection = bench.point("cp1")
        #expect(bench.result(connection, .authorize(idTag: "A"))?.text() == #"{"idTagInfo":{"status":"Blocked"}}"#)
        #expect(
            bench.result(connection, .authorize(idTag: "A"), at: 60)?.text()
                == #"{"idTagInfo":{"expiryDate":"2000-01-01T00:02:00.000Z","parentIdTag":"G","status":"Accepted"}}"#)
        #expect(bench.result(connection, heartbeat, at: 0)?.text() == #"{"currentTime":"1999-12-31T23:00:00.000Z"}"#)
        #expect(bench.result(connection, .object(.dataTransfer, text: #"{"vendorId":"x"}"#))?.text("status") == "Accepted")
        let start = try bench.started(connection)
        #expect(start.status == .invalid && start.id == 1)
        #expect(
            bench.call(connection, .statusNotification(StatusNotification(connectorID: 1, status: .available)))?.string
                == "[3,\"\(bench.lastID)\",{\"oops\":1}]")
    }

    @Test("A registration counts as the charge point was told, and a call that ends in an error was not processed")
    func effects() throws {
        var bench = CentralSystemBench(replies: [
            ReplyRule(.bootNotification, .with(["status": "Pending", "interval": 7]), times: 1), ReplyRule(.bootNotification, .ignore, times: 1),
            ReplyRule(.startTransaction, .error(CallError(.internalError, "no", details: #"{"a":1}"#)), times: 1),
            ReplyRule(.startTransaction, .ignore, times: 1), ReplyRule(.startTransaction, .with(["transactionId": 4711])),
        ])
        let connection = bench.machine.connect(identity: "cp1")
        let boot = OCPPPayload.bootNotification(BootNotification(vendor: "v", model: "m"))
        #expect(bench.result(connection, boot)?.text() == #"{"status":"Pending","currentTime":"2000-01-01T00:00:00.000Z","interval":7}"#)
        #expect(bench.machine.registration(connection) == .pending)
        #expect(bench.call(connection, boot) == nil && bench.machine.registration(connection) == .pending)
        #expect(bench.result(connection, boot)?.text("status") == "Accepted" && bench.machine.registeredCount == 1)

        #expect(bench.start(connection) == nil)
        #expect(bench.sent.map(\.string) == [#"[4,"4","InternalError","no",{"a":1}]"#] && bench.machine.runningCount == 0)
        // The answer that is lost has started the transaction; the charge point sends the call again and gets its id.
        #expect(bench.start(connection, meter: 5) == nil && bench.machine.runningCount == 1)
        #expect(bench.start(connection, meter: 5)?.id == 4711)
        #expect(bench.machine.runningCount == 1 && bench.machine.transactionID(connection, connector: 1) == 4711)
        _ = bench.stop(connection, 4711)
        #expect(bench.ended == [4711] && bench.violations == [])
    }

    @Test("A delayed answer waits, and is gone with its connection")
    func delays() {
        var bench = CentralSystemBench(replies: [ReplyRule(.heartbeat, .standard, delay: .seconds(2))])
        let connection = bench.point("cp1")
        #expect(bench.call(connection, heartbeat, at: 1) == nil)
        guard case .setReplyTimer(let number, let instant)? = bench.out.first else {
            Issue.record("no timer")
            return
        }
        #expect(instant == seconds(3))
        bench.out = []
        bench.machine.replyDue(number, into: &bench.out)
        #expect(bench.sent.count == 1)
        bench.out = []
        bench.machine.replyDue(number, into: &bench.out)
        #expect(bench.sent.isEmpty)
        _ = bench.call(connection, heartbeat, at: 4)
        bench.machine.disconnect(connection, into: &bench.out)
        #expect(bench.machine.connect(identity: "cp1") == connection)
        bench.out = []
        bench.machine.replyDue(number + 1, into: &bench.out)
        #expect(bench.sent.isEmpty)
    }

    @Test("Every broken answer is broken for a charge point that reads it", arguments: ReplyRule.Malformation.allCases)
    func malformed(way: ReplyRule.Malformation) throws {
        let rule = ReplyRule(.heartbeat, .malformed(way))
        let standard = OCPPMessage.result(.number(5), .heartbeatResult(currentTime: OCPPTimestamp(milliseconds: 0)))
        guard case .send(.frame(let bytes), _) = rule.outcome(.heartbeat, standard, at: OCPPTimestamp(milliseconds: 0)) else {
            Issue.record("no bytes")
            return
        }
        var decoder = MessageDecoder(role: .chargePoint)
        let decoded = decoder.decode(bytes) { $0 == .number(5) ? .known(.heartbeat) : nil }
        if case .message = decoded { Issue.record("\(String(decoding: bytes, as: UTF8.self)) is a message") }
        #expect(ReplyRule.Malformation(name: way.name) == way)
    }

    @Test("Every answer with a status can be made to say yes and no")
    func statuses() {
        for action in OCPPAction.allCases {
            let hasStatus = OCPPPayload.confirmationFields(action).contains { $0.name == "status" || $0.name == "idTagInfo" }
            for accepts in [true, false] {
                let patch = ReplyRule.status(of: action, accepts: accepts)
                #expect((patch != nil) == hasStatus, "\(action.name)")
                guard let patch else { continue }
                let violations =
                    if case .failure(let problems) = OCPPPayload.checked(action, patch.text(), isRequest: false) { problems.violations } else { [Violation]() }
                #expect(violations.allSatisfy { $0.rule == .required }, "\(action.name) \(patch.text())")
            }
        }
    }
}
