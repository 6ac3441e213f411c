import JSONText
import Quantities
import Testing

@testable import OCPP

/// Drives the profile store with the events of a case and compares every answer.
private func run(_ item: JSONValue, _ defaults: JSONValue) -> [String] {
    func setting(_ key: String) -> JSONValue? { item["station"]?[key] ?? defaults[key] }
    var station = ChargingStation(
        connectors: Int(setting("connectors")?.integer ?? 0), voltage: setting("voltage")?.double ?? 0,
        defaultPhases: Int(setting("defaultPhases")?.integer ?? 0), connectorLimit: setting("connectorLimitA")?.double ?? 0)
    station.maxStackLevel = Int(setting("ChargeProfileMaxStackLevel")?.integer ?? 0)
    station.maxPeriods = Int(setting("ChargingScheduleMaxPeriods")?.integer ?? 0)
    station.maxInstalled = Int(setting("MaxChargingProfilesInstalled")?.integer ?? 0)
    let units = setting("ChargingScheduleAllowedChargingRateUnit")?.string ?? ""
    station.units = (units.contains("Current") ? [.amperes] : []) + (units.contains("Power") ? [.watts] : [])
    var smart = SmartCharging(station)
    var pending: [Int: ChargingProfile] = [:]
    var running: [Int: Int] = [:]
    var problems: [String] = []
    for event in item["events"]?.list ?? [] {
        guard let now = OCPPTimestamp(rfc3339: event.text("at")) else { return ["bad time \(event.text("at"))"] }
        var answer: JSONValue?
        let name = event.text("do")
        switch name {
        case "startTransaction":
            let (connector, id) = (event.int("connectorId") ?? 0, event.int("transactionId") ?? 0)
            running[id] = connector
            smart.begin(connector: connector, transactionID: id, at: now)
            if let profile = pending.removeValue(forKey: connector), !smart.install(profile, connector: connector) { problems.append("install") }
        case "stopTransaction": smart.end(connector: running[event.int("transactionId") ?? 0] ?? 0)
        case "reboot": smart.reboot()
        case "GetCompositeSchedule": answer = composite(smart, event["request"] ?? .null, now)
        default:
            guard let action = OCPPAction(name: name), case .success(let payload) = OCPPPayload.checked(action, event["request"]?.text() ?? "")
            else { return ["\(name) was refused by the catalogue"] }
            switch payload {
            case .setChargingProfile(let request):
                answer = ["status": smart.install(request.profile, connector: request.connectorID) ? "Accepted" : "Rejected"]
            case .clearChargingProfile(let filter): answer = ["status": smart.clear(filter) ? "Accepted" : "Unknown"]
            case .remoteStartTransaction(let request):
                pending[request.connectorID ?? 0] = request.chargingProfile
                answer = ["status": "Accepted"]
            default: return ["\(name) is not handled"]
            }
        }
        guard let answer else { continue }
        var expected = event["expect"]?.members ?? []
        expected.removeAll { $0.key == "plant" }
        if answer.canonical != JSONValue.object(expected).canonical {
            problems.append("\(event.text("at")) \(name): expected \(JSONValue.object(expected).text()), got \(answer.text())")
        }
    }
    return problems
}

private func composite(_ smart: SmartCharging, _ request: JSONValue, _ now: OCPPTimestamp) -> JSONValue {
    let (connector, duration) = (request.int("connectorId") ?? 0, request.int("duration") ?? 0)
    let unit = ChargingRateUnit(name: request.text("chargingRateUnit")) ?? .amperes
    guard let periods = smart.composite(connector: connector, duration: duration, unit: unit, at: now) else { return ["status": "Rejected"] }
    let list = periods.map { period -> JSONValue in
        var members: [JSONValue.Member] = [
            .init("startPeriod", .integer(Int64(period.startPeriod))), .init("limit", .double(Double(period.limitTenths) / 10)),
        ]
        if let phases = period.numberPhases { members.append(.init("numberPhases", .integer(Int64(phases)))) }
        return .object(members)
    }
    return [
        "status": "Accepted", "connectorId": .integer(Int64(connector)), "scheduleStart": .string(now.text.replacing(".000Z", with: "Z")),
        "chargingSchedule": [
            "duration": .integer(Int64(duration)), "chargingRateUnit": .string(request.text("chargingRateUnit")),
            "chargingSchedulePeriod": .array(list),
        ],
    ]
}

@Suite("Smart charging")
struct SmartChargingTests {
    @Test("All 83 cases of the vectors give their statuses and schedules")
    func vectorCases() throws {
        let file = try vectors("smart-charging.json")
        let cases = file["cases"]?.list ?? []
        #expect(cases.count == 83)
        for item in cases {
            for problem in run(item, file["stationDefaults"] ?? .null) {
                Issue.record("\(item.text("id")) (\(item.text("confidence"))) \(item.text("title")): \(problem)")
            }
        }
    }

    @Test("The limit in force and its next change agree with the composite schedule at every second of a window")
    func limitsAgree() throws {
        var smart = SmartCharging(ChargingStation(connectors: 1, voltage: 230, defaultPhases: 3, connectorLimit: 32))
        let start = try #require(OCPPTimestamp(rfc3339: "2025-03-03T08:00:00Z"))
        smart.begin(connector: 1, transactionID: 5, at: start)
        let periods = [(0, 160), (60, 70), (200, 300)].map { ChargingSchedulePeriod(startPeriod: $0.0, limitTenths: $0.1) }
        let own = ChargingProfile(
            id: 1, stackLevel: 1, purpose: .txProfile, kind: .relative,
            schedule: ChargingSchedule(duration: 400, unit: .amperes, periods: periods))
        let fallback = ChargingProfile(
            id: 2, purpose: .txDefaultProfile, kind: .recurring, recurrency: .daily,
            schedule: ChargingSchedule(
                startSchedule: OCPPTimestamp(milliseconds: start.milliseconds - 86_400_000 + 500_000), unit: .watts,
                periods: [ChargingSchedulePeriod(startPeriod: 0, limitTenths: 69_000)]))
        let installed = [smart.install(own, connector: 1), smart.install(fallback, connector: 0)]
        #expect(installed == [true, true])
        let schedule = try #require(smart.composite(connector: 1, duration: 1000, unit: .amperes, at: start))
        var now = start
        var changes = [(0, smart.limit(connector: 1, at: start))]
        while let next = smart.nextChange(after: now), next.milliseconds < start.milliseconds + 1_000_000 {
            now = next
            let limit = smart.limit(connector: 1, at: now)
            if limit != changes.last?.1 { changes.append((Int(now.milliseconds - start.milliseconds) / 1000, limit)) }
        }
        #expect(changes.map(\.0) == schedule.map(\.startPeriod))
        #expect(changes.map(\.1) == schedule.map { Double($0.limitTenths) / 10 })
        #expect(changes.map(\.1) == [16, 7, 30, 10])
    }
}
