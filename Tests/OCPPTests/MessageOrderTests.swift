import JSONText
import Quantities
import Testing

@testable import OCPP

/// The payload of a charge point's call in a step of the vectors; `nil` if it is none of the messages that have a typed form.
private func payload(_ step: JSONValue, _ transactions: [Int: Int]) -> OCPPPayload? {
    let time = OCPPTimestamp(epoch: 0, Instant(nanoseconds: Int64((step["timestamp"] ?? step["t"] ?? 0).double ?? 0) * 1_000_000_000))
    let connector = step.int("connectorId") ?? 1
    let transaction = step.int("transactionId").map { transactions[$0] ?? $0 }
    switch step.text("call") {
    case "BootNotification": return .bootNotification(BootNotification(vendor: "v", model: "m"))
    case "Heartbeat": return .empty(.heartbeat)
    case "Authorize": return .authorize(idTag: step["idTag"]?.string ?? "TAG1")
    case "StatusNotification":
        return .statusNotification(
            StatusNotification(
                connectorID: connector, errorCode: ChargePointErrorCode(name: step.text("errorCode")) ?? .noError,
                status: ChargePointStatus(name: step.text("status")) ?? .faulted, timestamp: time))
    case "StartTransaction":
        return .startTransaction(
            StartTransaction(connectorID: connector, idTag: "TAG1", meterStart: step.int("meterStart") ?? 0, timestamp: time))
    case "StopTransaction":
        return .stopTransaction(
            StopTransaction(
                meterStop: step.int("meterStop") ?? 0, timestamp: time, transactionID: transaction ?? 0, reason: StopReason(name: step.text("reason"))))
    case "MeterValues":
        let sample = SampledValue(mantissa: step.int("energyWh") ?? 0, measurand: .energyActiveImportRegister, unit: .wattHours)
        return .meterValues(
            MeterValues(connectorID: connector, transactionID: transaction, value: MeterValue(timestamp: time, first: sample)))
    default: return nil
    }
}

@Suite("Message order")
struct MessageOrderTests {
    @Test("A central system answers every call of the legal orders, each with the right confirmation, and finds nothing wrong with them")
    func legalOrders() throws {
        var driven = 0
        for item in try vectors("message-order.json")["cases"]?.list ?? [] where item.text("verdict") == "legal" {
            let steps = item["steps"]?.list ?? []
            let boots = steps.filter { $0.text("result") == "BootNotification" }
            // Orders in which the central system defers a registration or answers with a CALLERROR are not this machine's.
            guard boots.allSatisfy({ $0.text("status") == "Accepted" }), !steps.contains(where: { $0["error"] != nil }) else { continue }
            driven += 1
            drive(steps, "\(item.text("id")) \(item.text("title"))")
        }
        #expect(driven >= 20)
    }

    private func drive(_ steps: [JSONValue], _ title: String) {
        var machine = CentralSystemMachine(.init(), epoch: 0)
        let connection = machine.connect(identity: "cp")
        var transactions: [Int: Int] = [:]
        var answers: [String: OCPPMessage] = [:]
        for step in steps {
            if step.text("result") == "StartTransaction", step.text("from") == "CSMS", let id = step.int("transactionId") {
                if case .result(_, .startTransactionResult(_, let own))? = answers[step.text("id")] { transactions[id] = own }
            }
            guard step.text("from") == "CP", step["call"] != nil, let payload = payload(step, transactions) else { continue }
            let id = MessageID(step.text("id"))
            var out: [CentralSystemOutput] = []
            machine.receive(.call(id, payload), from: connection, at: seconds(step["t"]?.double ?? 0), into: &out)
            var answered = false
            for output in out {
                switch output {
                case .send(_, let message):
                    answered = message.id == id && message.action == payload.action
                    answers[step.text("id")] = message
                case .violation(_, let kind, let text): Issue.record("\(title): \(kind) \(text)")
                default: break
                }
            }
            #expect(answered, "\(title): \(step.text("call")) \(id)")
        }
    }

    @Test("A stop of an unknown transaction, a second start and a meter that goes back are answered and recorded")
    func illegal() {
        var machine = CentralSystemMachine(.init(), epoch: 0)
        let connection = machine.connect(identity: "cp")
        var found: [String] = []
        var last = 0
        func receive(_ payload: OCPPPayload) {
            var out: [CentralSystemOutput] = []
            last += 1
            machine.receive(.call(.number(last), payload), from: connection, at: .zero, into: &out)
            for case .violation(_, _, let text) in out { found.append(text) }
            #expect(out.contains { if case .send(_, .result) = $0 { true } else { false } })
        }
        let time = OCPPTimestamp(milliseconds: 0)
        receive(.empty(.heartbeat))
        receive(.bootNotification(BootNotification(vendor: "v", model: "m")))
        receive(.stopTransaction(StopTransaction(meterStop: 0, timestamp: time, transactionID: 4)))
        receive(.startTransaction(StartTransaction(connectorID: 1, idTag: "A", meterStart: 10, timestamp: time)))
        receive(.startTransaction(StartTransaction(connectorID: 1, idTag: "A", meterStart: 11, timestamp: time)))
        receive(.stopTransaction(StopTransaction(meterStop: 9, timestamp: time, transactionID: 2)))
        #expect(
            found == [
                "Heartbeat before the registration was accepted", "StopTransaction: there is no transaction 4",
                "StartTransaction for connector 1, where transaction 1 runs", "StopTransaction: the meter has gone back",
            ])
    }
}
