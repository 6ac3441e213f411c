import JSONText
import Quantities
import Testing

@testable import OCPP

/// A step of the vectors as what a checker takes.
private enum Step {
    case message(OCPPMessage, OCPPRole)
    case event(ConnectionEvent)
}

/// The fields of a step that belong into a payload, under their official names, with what the short forms leave out.
private func payloadText(_ step: JSONValue, _ action: String, isRequest: Bool) -> String {
    let time = OCPPTimestamp(epoch: 0, seconds((step["timestamp"] ?? step["t"] ?? 0).double ?? 0)).text
    var members: [JSONValue.Member] = []
    func add(_ key: String, _ value: JSONValue?) {
        if let value, !members.contains(where: { $0.key == key }) { members.append(.init(key, value)) }
    }
    for member in step.members ?? [] {
        switch member.key {
        case "t", "from", "call", "result", "error", "id", "timestamp", "energyWh", "purpose": break
        case "fileStatus": add("status", member.value)
        case "retrieveDate": add("retrieveDate", .string(time))
        default: add(member.key, member.value)
        }
    }
    switch (action, isRequest) {
    case ("BootNotification", true):
        add("chargePointVendor", "v")
        add("chargePointModel", "m")
    case ("BootNotification", false), ("Heartbeat", false): add("currentTime", .string(time))
    case ("StatusNotification", true): add("timestamp", .string(time))
    case ("StartTransaction", true), ("StopTransaction", true): add("timestamp", .string(time))
    case ("MeterValues", true):
        let sample: JSONValue = .object([.init("value", .string("\(step.int("energyWh") ?? 0)"))])
        add("meterValue", .array([.object([.init("timestamp", .string(time)), .init("sampledValue", .array([sample]))])]))
    case ("SetChargingProfile", true):
        add(
            "csChargingProfiles",
            .object([
                .init("chargingProfileId", 1), .init("stackLevel", 0), .init("chargingProfilePurpose", step["purpose"] ?? ""),
                .init("chargingProfileKind", "Relative"),
                .init("chargingSchedule", .object([.init("chargingRateUnit", "A"), .init("chargingSchedulePeriod", .array([]))])),
            ]))
    case ("ReserveNow", true): add("expiryDate", "2030-01-01T00:00:00Z")
    default: break
    }
    return JSONValue.object(members).text()
}

private func steps(_ item: JSONValue) throws -> [(Instant, Step)] {
    var actions: [String: OCPPAction] = [:]
    return try (item["steps"]?.list ?? []).map { step in
        let now = seconds(step["t"]?.double ?? 0)
        let from: OCPPRole = step.text("from") == "CP" ? .chargePoint : .centralSystem
        let asker: OCPPRole = from == .chargePoint ? .centralSystem : .chargePoint
        let id = MessageID(step.text("id"))
        if let name = step["call"]?.string {
            let action = try #require(OCPPAction(name: name))
            actions["\(from)\(id)"] = action
            return (now, .message(.call(id, try OCPPPayload.checked(action, payloadText(step, name, isRequest: true)).get()), from))
        }
        if let name = step["result"]?.string {
            let action = try #require(actions["\(asker)\(id)"])
            let text = payloadText(step, name, isRequest: false)
            return (now, .message(.result(id, try OCPPPayload.checked(action, text, isRequest: false).get()), from))
        }
        if let code = step["error"]?.string { return (now, .message(.error(id, CallError(OCPPErrorCode(name: code))), from)) }
        switch step.text("event") {
        case "connection lost": return (now, .event(.lost))
        case "connection restored": return (now, .event(.restored))
        case "reboot": return (now, .event(.reboot))
        case "transaction started offline": return (now, .event(.transactionStartedOffline))
        default: return (now, .event(.callTimedOut(.chargePoint, id)))
        }
    }
}

private func findings(_ item: JSONValue, asText: Bool = false) throws -> [MessageOrderFinding] {
    var settings = MessageOrderSettings()
    for member in item["configuration"]?.members ?? [] { settings.set(key: member.key, to: member.value.string ?? "\(member.value.integer ?? 0)") }
    var order = MessageOrder(settings)
    var found: [MessageOrderFinding] = []
    for (now, step) in try steps(item) {
        switch step {
        case .message(let message, let from): order.observe(asText ? .frame(message.bytes) : message, from: from, at: now, into: &found)
        case .event(let event): order.observe(event, at: now, into: &found)
        }
    }
    return found
}

@Suite("Message order checker")
struct MessageOrderCheckerTests {
    /// Where the checker fires otherwise than a vector marked `check`.
    ///
    /// m-53: a single state from before the reconnection is what OCPP 1.6 section 4.9 asks for, since a connector may have changed long before; only the
    /// second one for the same connector shows that states are replayed.
    private static let otherOffender = ["m-53": 10]

    @Test("The checker is silent on the legal orders of the vectors and fires at the offender of the illegal ones", arguments: [false, true])
    func vectorOrders(asText: Bool) throws {
        let cases = try vectors("message-order.json")["cases"]?.list ?? []
        #expect(cases.count == 71)
        for item in cases {
            let found = try findings(item, asText: asText)
            let title = "\(item.text("id")) \(item.text("title")): \(found)"
            guard item.text("verdict") == "illegal" else {
                #expect(found.isEmpty, "\(title)")
                continue
            }
            let offender = Self.otherOffender[item.text("id")] ?? item.int("offender")
            #expect(found.first?.index == offender, "\(title), expected \(offender ?? -1)")
            #expect(found.contains { $0.index == offender && $0.rule.rawValue == item.text("rule") }, "\(title), expected \(item.text("rule"))")
        }
    }

    @Test("The transitions that the checker takes are those of the vectors")
    func transitions() throws {
        let table = try vectors("message-order.json")["transitions"]?["connector"]
        for from in ChargePointStatus.allCases {
            let allowed = (table?[from.name.description]?.list ?? []).map { $0.string ?? "" }
            for next in ChargePointStatus.allCases {
                #expect(from.canBecome(next) == (from == next || allowed.contains(next.name.description)), "\(from) to \(next)")
            }
        }
    }
}
