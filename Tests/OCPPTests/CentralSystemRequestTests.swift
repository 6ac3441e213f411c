import JSONText
import Quantities
import Testing

@testable import OCPP

@Suite("Requests of a central system")
struct CentralSystemRequestTests {
    /// Fields that a scenario must give, where there are any.
    private static let needed: [OCPPAction: JSONValue] = [
        .changeAvailability: ["type": "Inoperative"], .changeConfiguration: ["key": "HeartbeatInterval", "value": "60"],
        .setChargingProfile: ["limit": 16], .triggerMessage: ["requestedMessage": "Heartbeat"], .extendedTriggerMessage: ["requestedMessage": "Heartbeat"],
        .certificateSigned: ["certificateChain": "-----BEGIN CERTIFICATE-----"], .installCertificate: ["certificate": "-----BEGIN CERTIFICATE-----"],
        .deleteCertificate: ["certificateHashData": ["hashAlgorithm": "SHA256", "issuerNameHash": "a", "issuerKeyHash": "b", "serialNumber": "c"]],
        .signedUpdateFirmware: [
            "firmware": ["location": "https://x.example/f", "retrieveDateTime": "in 1min", "signingCertificate": "c", "signature": "s"]
        ],
    ]

    @Test("Every message of a central system can be sent, most without a word about its fields", arguments: OCPPAction.allCases.filter(\.isSentByCentralSystem))
    func everyMessage(action: OCPPAction) throws {
        var bench = CentralSystemBench()
        let connection = bench.point("cp1")
        let payload = try bench.send(action, Self.needed[action] ?? .object([]), to: connection)
        #expect(payload != nil)
        if Self.needed[action] != nil, action != .setChargingProfile {
            guard case .failure = CentralSystemMachine.request(action, with: .object([])) else {
                Issue.record("\(action.name) needs nothing")
                return
            }
        }
    }

    @Test("Numbers of reservations, requests, lists and profiles go up, and what was accepted is known")
    func numbers() throws {
        var bench = CentralSystemBench()
        let connection = bench.point("cp1")
        var reserve = try bench.send(.reserveNow, to: connection, at: 60)
        #expect(reserve?.text() == #"{"connectorId":1,"expiryDate":"2000-01-01T00:16:00.000Z","idTag":"EVSIM","reservationId":1}"#)
        bench.answer(connection, #"{"status":"Occupied"}"#)
        #expect(bench.outcomes.map(\.isAccepted) == [false] && bench.outcomes.first?.refusal == "Occupied")
        reserve = try bench.send(.reserveNow, ["connectorId": 2], to: connection)
        bench.answer(connection, #"{"status":"Accepted"}"#)
        #expect(bench.machine.record(connection)?.reservations == [ReservationNote(id: 2, connectorID: 2)])
        #expect(try bench.send(.cancelReservation, to: connection)?.text() == #"{"reservationId":2}"#)
        bench.answer(connection, #"{"status":"Accepted"}"#)
        #expect(bench.machine.record(connection)?.reservations == [])

        #expect(try bench.send(.sendLocalList, to: connection)?.int("listVersion") == 1)
        bench.answer(connection, #"{"status":"Accepted"}"#)
        #expect(try bench.send(.sendLocalList, ["updateType": "Differential"], to: connection)?.int("listVersion") == 2)
        bench.answer(connection, #"{"status":"VersionMismatch"}"#)
        #expect(bench.machine.record(connection)?.localListVersion == 1)
        _ = try bench.send(.getLocalListVersion, to: connection)
        bench.answer(connection, #"{"listVersion":41}"#)
        #expect(try bench.send(.sendLocalList, to: connection)?.int("listVersion") == 42)
        bench.answer(connection, #"{"status":"Failed"}"#)

        #expect(try bench.send(.getLog, to: connection)?.int("requestId") == 1)
        bench.answer(connection, #"{"status":"AcceptedCanceled"}"#)
        #expect(bench.outcomes.map(\.isAccepted) == [true])
        #expect(try bench.send(.getLog, ["logType": "SecurityLog"], to: connection)?.int("requestId") == 2)
        bench.answer(connection, #"{"status":"Accepted"}"#)
    }

    @Test("The answer to GetConfiguration is known, and an accepted change with it")
    func configuration() throws {
        var bench = CentralSystemBench()
        let connection = bench.point("cp1")
        _ = try bench.send(.getConfiguration, to: connection)
        bench.answer(connection, #"{"configurationKey":[{"key":"HeartbeatInterval","readonly":false,"value":"300"},{"key":"Secret","readonly":true}]}"#)
        _ = try bench.send(.changeConfiguration, ["key": "heartbeatinterval", "value": "60"], to: connection)
        bench.answer(connection, #"{"status":"RebootRequired"}"#)
        #expect(bench.outcomes.map(\.isAccepted) == [true])
        #expect(bench.machine.record(connection)?.configuration.map(\.value) == ["60", nil])
    }

    @Test("A profile for a transaction gets the id of the one that runs; what is given stays")
    func profiles() throws {
        var bench = CentralSystemBench()
        let connection = bench.point("cp1")
        let schedule: JSONValue = ["chargingRateUnit": "A", "chargingSchedulePeriod": [["startPeriod": 0, "limit": 10]]]
        let fields: JSONValue = [
            "csChargingProfiles": ["chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative", "chargingSchedule": schedule]
        ]
        let before = try bench.send(.setChargingProfile, fields, to: connection)
        #expect(before?["csChargingProfiles"]?["transactionId"] == nil)
        bench.answer(connection, #"{"status":"Rejected"}"#)
        let running = try bench.started(connection)
        let during = try bench.send(.setChargingProfile, fields, to: connection)
        #expect(during?["csChargingProfiles"]?.int("transactionId") == running.id && during?["csChargingProfiles"]?.int("chargingProfileId") == 2)
    }

    @Test("Times counted from the moment of sending stand in fields for dates, nested ones too, and nowhere else")
    func relativeTimes() throws {
        var bench = CentralSystemBench()
        let connection = bench.point("cp1")
        let update = try bench.send(
            .signedUpdateFirmware,
            ["firmware": ["location": "now", "retrieveDateTime": "in 1min30s", "installDateTime": "in 1h", "signingCertificate": "in 1min", "signature": "s"]],
            to: connection, at: 30)
        #expect(update?["firmware"]?.text("retrieveDateTime") == "2000-01-01T00:02:00.000Z")
        #expect(update?["firmware"]?.text("installDateTime") == "2000-01-01T01:00:30.000Z")
        #expect(update?["firmware"]?.text("location") == "now" && update?["firmware"]?.text("signingCertificate") == "in 1min")
        bench.answer(connection, #"{"status":"Accepted"}"#)
        let past = try bench.send(.getDiagnostics, ["startTime": "10s ago", "stopTime": "now"], to: connection, at: 30)
        #expect(past?.text("startTime") == "2000-01-01T00:00:20.000Z" && past?.text("stopTime") == "2000-01-01T00:00:30.000Z")
        guard case .failure(let problems) = CentralSystemMachine.request(.reserveNow, with: ["expiryDate": "in 5 parsecs"]) else {
            Issue.record("'in 5 parsecs' is a time")
            return
        }
        #expect(problems.violations.map(\.pointer) == ["/expiryDate"])
    }

    @Test(
        "Results that refuse are told from those that do not",
        arguments: [
            (OCPPAction.unlockConnector, "Unlocked", true), (.unlockConnector, "UnlockFailed", false), (.changeAvailability, "Scheduled", true),
            (.sendLocalList, "VersionMismatch", false), (.getInstalledCertificateIds, "NotFound", true), (.deleteCertificate, "NotFound", false),
            (.triggerMessage, "NotImplemented", false), (.dataTransfer, "UnknownVendorId", false),
        ])
    func refusals(action: OCPPAction, status: String, isAccepted: Bool) {
        #expect(CallOutcome.result(.object(action, text: #"{"status":"\#(status)"}"#)).isAccepted == isAccepted)
    }
}
