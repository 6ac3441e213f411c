import JSONText
import Quantities
import Testing

@testable import OCPP

@Suite("A central system")
struct CentralSystemTests {
    @Test("Every call of a charge point has an answer that the catalogue allows, and every other call an error")
    func everyCall() throws {
        let payloads: [(OCPPAction, String)] = [
            (.authorize, #"{"idTag":"A"}"#), (.bootNotification, #"{"chargePointVendor":"v","chargePointModel":"m"}"#),
            (.dataTransfer, #"{"vendorId":"x"}"#), (.heartbeat, "{}"),
            (.meterValues, #"{"connectorId":1,"meterValue":[{"timestamp":"2000-01-01T00:00:00Z","sampledValue":[{"value":"1"}]}]}"#),
            (.startTransaction, #"{"connectorId":1,"idTag":"A","meterStart":0,"timestamp":"2000-01-01T00:00:00Z"}"#),
            (.statusNotification, #"{"connectorId":1,"errorCode":"NoError","status":"Available"}"#),
            (.stopTransaction, #"{"meterStop":5,"timestamp":"2000-01-01T00:00:00Z","transactionId":1}"#),
            (.diagnosticsStatusNotification, #"{"status":"Uploaded"}"#), (.firmwareStatusNotification, #"{"status":"Installed"}"#),
            (.logStatusNotification, #"{"status":"Uploading","requestId":4}"#),
            (.securityEventNotification, #"{"type":"InvalidMessages","timestamp":"2000-01-01T00:00:00Z"}"#), (.signCertificate, #"{"csr":"-----BEGIN"}"#),
            (.signedFirmwareStatusNotification, #"{"status":"SignatureVerified","requestId":9}"#),
        ]
        #expect(
            payloads.map(\.0)
                == OCPPAction.allCases.filter(\.isSentByChargePoint).sorted { a, b in
                    (payloads.firstIndex { $0.0 == a } ?? 99) < (payloads.firstIndex { $0.0 == b } ?? 99)
                })
        var bench = CentralSystemBench()
        let connection = bench.point("cp1")
        for (action, text) in payloads {
            guard case .result(_, let payload)? = bench.call(connection, action.name.description, text) else {
                Issue.record("\(action.name) was not answered")
                continue
            }
            #expect(bench.violations == [], "\(action.name)")
            if case .failure(let problems) = OCPPPayload.checked(action, payload.text, isRequest: false) {
                Issue.record("\(action.name): \(payload.text) \(problems.violations)")
            }
        }
        for action in OCPPAction.allCases where !action.isSentByChargePoint {
            guard case .error(_, let error)? = bench.call(connection, action.name.description, "{}") else {
                Issue.record("\(action.name) was answered")
                continue
            }
            #expect(error.code == .notSupported)
        }
        let record = try #require(bench.machine.record(of: "cp1"))
        #expect(record.progress.map(\.status) == ["Uploaded", "Installed", "Uploading", "SignatureVerified"])
        #expect(record.progress.map(\.requestID) == [nil, nil, 4, 9])
        #expect(record.securityEvents == 1 && record.lastSecurityEvent == "InvalidMessages" && record.signingRequest == "-----BEGIN")
    }

    @Test("Tags are accepted, blocked, expired by list or date, unknown, and belong to groups, whatever their case")
    func tags() throws {
        var settings = CentralSystemSettings()
        settings.idTags = [
            "ALICE", IdTagEntry("Bob", .blocked), IdTagEntry("Old", .expired),
            IdTagEntry("Guest", parentIdTag: "FAMILY", expiryDate: OCPPTimestamp(epoch: CentralSystemBench.epoch, seconds(60))),
        ]
        var bench = CentralSystemBench(settings)
        let connection = bench.point("cp1")
        for (tag, now, expected) in [
            ("alice", 0.0, #"{"status":"Accepted"}"#), ("BOB", 0, #"{"status":"Blocked"}"#), ("old", 0, #"{"status":"Expired"}"#),
            ("mallory", 0, #"{"status":"Invalid"}"#),
            ("GUEST", 59, #"{"expiryDate":"2000-01-01T00:01:00.000Z","parentIdTag":"FAMILY","status":"Accepted"}"#),
            ("GUEST", 60, #"{"expiryDate":"2000-01-01T00:01:00.000Z","parentIdTag":"FAMILY","status":"Expired"}"#),
        ] {
            #expect(bench.result(connection, .authorize(idTag: tag), at: now)?["idTagInfo"]?.text() == expected, "\(tag)")
        }
        settings.acceptsOtherTags = true
        bench = CentralSystemBench(settings)
        let other = bench.point("cp1")
        #expect(bench.result(other, .authorize(idTag: "mallory"))?["idTagInfo"]?.text("status") == "Accepted")
    }

    @Test("Where a tag may have one transaction only, the second gets ConcurrentTx and the next after the stop is accepted")
    func concurrent() throws {
        var settings = CentralSystemSettings()
        settings.oneTransactionPerTag = true
        var bench = CentralSystemBench(settings)
        let (first, second) = (bench.point("cp1"), bench.point("cp2"))
        let running = try bench.started(first)
        #expect(running.status == .accepted)
        let refused = try bench.started(second, tag: "a1")
        #expect(refused.status == .concurrentTx && refused.id != running.id)
        _ = bench.stop(second, refused.id)
        _ = bench.stop(first, running.id)
        #expect(bench.start(second, at: 5)?.status == .accepted)
        #expect(bench.machine.runningCount == 1)
    }

    @Test("A start or stop that comes again is answered as the first time and counts once")
    func repeats() throws {
        var bench = CentralSystemBench()
        let connection = bench.point("cp1")
        let first = try bench.started(connection, meter: 10, at: 1)
        let again = try bench.started(connection, meter: 10, at: 1)
        #expect(again.id == first.id && bench.repeated == 1 && bench.violations == [] && bench.machine.runningCount == 1)
        _ = bench.stop(connection, first.id, at: 9)
        #expect(bench.ended == [first.id])
        _ = bench.stop(connection, first.id, at: 9)
        #expect(bench.ended == [] && bench.repeated == 1 && bench.violations == [])
        // A stop with other values is no repetition, and ends nothing either.
        _ = bench.stop(connection, first.id, meter: 999, at: 10)
        #expect(bench.ended == [] && bench.violations == ["StopTransaction: transaction 1 has ended before"])
        // A start that is replayed after the end starts nothing.
        #expect(bench.start(connection, meter: 10, at: 1)?.id == first.id)
        #expect(bench.machine.runningCount == 0)
        // The same values at another charge point are another transaction.
        let other = bench.point("cp2")
        #expect(bench.start(other, meter: 10, at: 1)?.id == 2)
    }

    @Test("A charge point cannot stop the transaction of another one")
    func foreignStop() throws {
        var bench = CentralSystemBench()
        let (first, second) = (bench.point("cp1"), bench.point("cp2"))
        let running = try bench.started(first)
        _ = bench.stop(second, running.id)
        #expect(bench.violations == ["StopTransaction: transaction 1 is one of cp1"] && bench.ended == [] && bench.machine.runningCount == 1)
        _ = bench.stop(second, 77)
        #expect(bench.violations == ["StopTransaction: there is no transaction 77"])
    }

    @Test("Random transaction ids differ, look like nothing, and are the same for the same seed")
    func randomIDs() throws {
        func ids(_ seed: UInt64) throws -> [Int] {
            var settings = CentralSystemSettings()
            settings.transactionIDs = .random
            settings.seed = seed
            var bench = CentralSystemBench(settings)
            let connection = bench.point("cp1")
            return try (0..<1000).map { try bench.started(connection, meter: $0).id }
        }
        let first = try ids(1)
        #expect(Set(first).count == 1000 && first.allSatisfy { 1...0x7FFF_FFFF ~= $0 })
        #expect(try ids(1) == first)
        #expect(Set(try ids(2)).isDisjoint(with: first))
        // Differences of neighbours repeat themselves when ids can be guessed.
        #expect(Set(zip(first, first.dropFirst()).map { $1 - $0 }).count == 999)
    }

    @Test("What is not plausible is recorded: registers, times, connectors and tags of other groups")
    func plausibility() throws {
        var settings = CentralSystemSettings()
        settings.idTags = ["A1", IdTagEntry("B1", parentIdTag: "G"), IdTagEntry("B2", parentIdTag: "g"), "C1"]
        var bench = CentralSystemBench(settings)
        let connection = bench.point("cp1")
        func reading(_ wattHours: Int, transaction: Int? = nil, unit: MeterUnit? = nil) -> OCPPPayload {
            let value = MeterValue(timestamp: OCPPTimestamp(milliseconds: 0), first: SampledValue(mantissa: wattHours, unit: unit))
            return .meterValues(MeterValues(connectorID: 1, transactionID: transaction, value: value))
        }
        _ = bench.call(connection, reading(1000))
        _ = bench.call(connection, reading(2, unit: .kilowattHours))
        #expect(bench.violations == [])
        _ = bench.call(connection, reading(1999))
        #expect(bench.violations == ["MeterValues: the register of connector 1 has gone back"])
        _ = bench.call(connection, reading(3000, transaction: 5))
        #expect(bench.violations == ["MeterValues: there is no transaction 5 at connector 1"])
        let own = try bench.started(connection, tag: "B1", meter: 50, at: 10)
        _ = bench.call(connection, reading(3001, transaction: own.id))
        #expect(bench.violations == [])
        _ = bench.stop(connection, own.id, tag: "B2", meter: 40, at: 5)
        #expect(bench.violations == ["StopTransaction: the meter has gone back", "StopTransaction: it ends before it began"])
        let next = try bench.started(connection, tag: "A1", at: 20)
        _ = bench.stop(connection, next.id, tag: "C1", at: 21)
        #expect(bench.violations == ["StopTransaction: the tag C1 is not of the group of A1"])
        let late = StartTransaction(connectorID: 1, idTag: "A1", meterStart: 0, timestamp: OCPPTimestamp(epoch: CentralSystemBench.epoch, seconds(1000)))
        _ = bench.call(connection, .startTransaction(late))
        #expect(bench.violations == ["StartTransaction: its time 2000-01-01T00:16:40.000Z is yet to come"])
        _ = bench.call(connection, .statusNotification(StatusNotification(connectorID: 0, status: .charging)))
        #expect(bench.violations == ["connector 0 cannot be Charging"])
    }

    @Test("Floods of transactions and connectors cost bounded memory")
    func bounded() throws {
        var settings = CentralSystemSettings()
        settings.transactionLimit = 10
        settings.identityLimit = 3
        var bench = CentralSystemBench(settings)
        let connection = bench.point("cp1")
        for number in 0..<100 { _ = bench.start(connection, number, meter: number) }
        #expect(bench.machine.memory.chargePoints[0].transactions.count == 10)
        #expect(bench.machine.ownerOf.count == 10)
        #expect(bench.machine.memory.chargePoints[0].connectors.count <= 65)
        #expect((0..<10).map { bench.machine.connect(identity: "x\($0)") }.count { $0 >= 0 } == 2)
    }

    @Test("What was stored goes on after a kill: transactions, registrations, ids, repetitions")
    func memory() throws {
        var bench = CentralSystemBench()
        let connection = bench.point("cp1")
        let first = try bench.started(connection, meter: 10, at: 1)
        var revived = CentralSystemBench(memory: bench.machine.memory)
        #expect(revived.machine.runningCount == 1 && revived.machine.registeredCount == 1)
        let again = revived.machine.connect(identity: "cp1")
        // No BootNotification is due after a mere reconnect.
        _ = revived.call(again, .empty(.heartbeat))
        #expect(revived.violations == [])
        #expect(revived.start(again, meter: 10, at: 1)?.id == first.id)
        #expect(revived.start(again, 2, meter: 11, at: 2)?.id == first.id + 1)
        _ = revived.stop(again, first.id, at: 3)
        #expect(revived.ended == [first.id] && revived.machine.runningCount == 1)
    }
}
