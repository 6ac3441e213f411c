import JSONText
import OCPP
import Quantities

/// Messages that make no sense at their moment: legal by themselves, out of order for the state of the charge point.
final class ConfuseAttack: InsertingAttack, LinkInterceptor {
    /// A violation of the order of messages.
    enum Violation: String, CaseIterable {
        case stopWithoutStart = "stop-without-start"
        case startTwice = "start-twice"
        case statusJump = "status-jump"
        case wrongTransaction = "wrong-transaction"
        case meterWithoutTransaction = "meter-without-transaction"
        case bootAgain = "boot-again"
        case unknownAnswer = "unknown-answer"
    }

    /// What has passed over a link so far.
    private struct Seen {
        var transaction: Int?
        var idTag = "EVSIM"
        var meter = 0
        var status = ""
        var starts: [MessageID: String] = [:]
    }

    private let what: Violation?
    private var seen: [Int: Seen] = [:]

    init(_ aim: LinkAim, what: Violation?, every: Duration?, count: Int?, _ simulation: Simulation) {
        self.what = what
        super.init(aim, every: every, count: count, simulation)
    }

    override func start() {
        for link in aim.links {
            seen[link] = Seen(transaction: runningTransaction(link))
            links.intercept(link, by: self)
        }
        super.start()
    }

    override func stop() { for link in aim.links { links.leave(link, by: self) } }

    /// Listens, so that what it makes up fits the state.
    func pass(_ unit: LinkUnit, up: Bool, link: Int, into out: inout [LinkUnit]) {
        out.append(unit)
        guard let action = unit.action >= 0 ? OCPPAction(rawValue: UInt8(unit.action)) : nil,
            [.startTransaction, .stopTransaction, .statusNotification].contains(action)
        else { return }
        let bytes = unit.message.bytes
        let head = MessageHead(.frame(bytes))
        guard let id = head.id, let range = head.payload, let payload = try? JSONValue(parsing: String(decoding: bytes[range], as: UTF8.self)) else { return }
        var state = seen[link] ?? Seen()
        switch (action, head.type) {
        case (.startTransaction, 2):
            state.idTag = payload["idTag"]?.string ?? state.idTag
            state.meter = payload["meterStart"]?.integer.map { Int($0) } ?? 0
            if state.starts.count < 64 { state.starts[id] = state.idTag }
        case (.startTransaction, 3):
            if state.starts.removeValue(forKey: id) != nil { state.transaction = payload["transactionId"]?.integer.map { Int($0) } }
        case (.stopTransaction, 2): state.transaction = nil
        case (.statusNotification, 2): if payload["connectorId"]?.integer == 1 { state.status = payload["status"]?.string ?? "" }
        default: break
        }
        seen[link] = state
    }

    override func utter(_ link: Int) {
        let state = seen[link] ?? Seen()
        let time = JSONValue.string(OCPPTimestamp(epoch: simulation.scenario.run.epoch, now).text)
        let wrong = Violation.allCases[draw(1) { $0.choice(Violation.allCases.count) }]
        switch what ?? wrong {
        case .stopWithoutStart:
            // A number that no central system of this run has given.
            send(.stopTransaction, ["transactionId": .integer(Int64(900_000 + draw(2) { $0.choice(90_000) })), "meterStop": 0, "timestamp": time], link)
        case .wrongTransaction:
            let number = (state.transaction ?? 0) + 1 + draw(2) { $0.choice(8) }
            send(.stopTransaction, ["transactionId": .integer(Int64(number)), "meterStop": .integer(Int64(state.meter)), "timestamp": time], link)
        case .startTwice:
            let start: JSONValue = ["connectorId": 1, "idTag": .string(state.idTag), "meterStart": .integer(Int64(state.meter)), "timestamp": time]
            if state.transaction == nil { send(.startTransaction, start, link) }
            send(.startTransaction, start, link)
        case .statusJump:
            let status = state.transaction != nil || state.status == "Charging" ? "Available" : "Charging"
            send(.statusNotification, ["connectorId": 1, "errorCode": "NoError", "status": .string(status), "timestamp": time], link)
        case .meterWithoutTransaction:
            let sample: JSONValue = ["value": "1000", "measurand": "Energy.Active.Import.Register"]
            send(
                .meterValues,
                [
                    "connectorId": 1, "transactionId": .integer(Int64((state.transaction ?? 0) + 1000)),
                    "meterValue": [["timestamp": time, "sampledValue": [sample]]],
                ],
                link)
        case .bootAgain: send(.bootNotification, ["chargePointVendor": "evsim", "chargePointModel": "charge-point"], link)
        case .unknownAnswer:
            insert(.result(links.tap(link).freshID(), .raw(action: "", text: "{\"status\":\"Accepted\"}")), up: true, link)
        }
    }

    private func send(_ action: OCPPAction, _ fields: JSONValue, _ link: Int) { call(action.name.description, fields.text(), up: true, link) }
}
