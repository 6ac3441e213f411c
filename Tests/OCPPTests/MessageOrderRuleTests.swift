import JSONText
import Quantities
import Testing

@testable import OCPP

/// A session that is written down message by message, with what the checker finds.
private struct Session {
    var order: MessageOrder
    var findings: [MessageOrderFinding] = []
    var last = 0
    var now = Instant.zero

    init(_ settings: MessageOrderSettings = .init(), boots: Bool = true) {
        order = MessageOrder(settings)
        if boots { exchange("BootNotification", #"{"chargePointVendor":"v","chargePointModel":"m"}"#, Self.accepted) }
    }

    static let accepted = #"{"status":"Accepted","currentTime":"1970-01-01T00:00:00Z","interval":300}"#

    /// The rules that were broken, and those since the last question.
    mutating func broken() -> [MessageOrderFinding.Rule] {
        defer { findings = [] }
        return findings.map(\.rule)
    }

    @discardableResult
    mutating func call(_ name: String, _ text: String = "{}", by role: OCPPRole = .chargePoint) -> MessageID {
        last += 1
        send("[2,\"\(last)\",\"\(name)\",\(text)]", by: role)
        return .number(last)
    }

    mutating func answer(_ id: MessageID, _ text: String = "{}", by role: OCPPRole = .centralSystem) { send("[3,\"\(id)\",\(text)]", by: role) }

    mutating func send(_ text: String, by role: OCPPRole) { order.observe(.frame(Array(text.utf8)), from: role, at: now, into: &findings) }

    mutating func exchange(_ name: String, _ request: String = "{}", _ result: String = "{}", by role: OCPPRole = .chargePoint) {
        let id = call(name, request, by: role)
        answer(id, result, by: role == .chargePoint ? .centralSystem : .chargePoint)
    }

    mutating func event(_ event: ConnectionEvent) { order.observe(event, at: now, into: &findings) }

    mutating func status(_ connector: Int, _ status: String) {
        exchange("StatusNotification", #"{"connectorId":\#(connector),"errorCode":"NoError","status":"\#(status)"}"#)
    }

    mutating func start(_ connector: Int, tag: String = "A", meter: Int = 0, as id: Int, more: String = "", info: String = "Accepted") {
        let request = #"{"connectorId":\#(connector),"idTag":"\#(tag)","meterStart":\#(meter),"timestamp":"\#(time)"\#(more)}"#
        exchange("StartTransaction", request, #"{"transactionId":\#(id),"idTagInfo":{"status":"\#(info)"}}"#)
    }

    mutating func stop(_ id: Int, meter: Int = 0) {
        exchange("StopTransaction", #"{"transactionId":\#(id),"meterStop":\#(meter),"timestamp":"\#(time)"}"#)
    }

    var time: String { OCPPTimestamp(epoch: 0, now).text }

    mutating func profile(_ purpose: String, connector: Int, transaction: Int? = nil) {
        let tx = transaction.map { ",\"transactionId\":\($0)" } ?? ""
        let request =
            #"{"connectorId":\#(connector),"csChargingProfiles":{"chargingProfileId":1\#(tx),"stackLevel":0,"chargingProfilePurpose":"\#(purpose)","#
            + #""chargingProfileKind":"Relative","chargingSchedule":{"chargingRateUnit":"A","chargingSchedulePeriod":[]}}}"#
        exchange("SetChargingProfile", request, #"{"status":"Accepted"}"#, by: .centralSystem)
    }
}

@Suite("Rules of message order")
struct MessageOrderRuleTests {
    @Test("Answers: none without a call, none twice; one that comes after the time-out is dropped")
    func answers() {
        var session = Session()
        session.answer(.text("nobody"))
        #expect(session.broken() == [.framing])
        let id = session.call("Heartbeat")
        session.answer(id, #"{"currentTime":"1970-01-01T00:00:00Z"}"#)
        session.answer(id, #"{"currentTime":"1970-01-01T00:00:00Z"}"#)
        #expect(session.broken() == [.framing])
        let late = session.call("Heartbeat")
        session.now = seconds(30)
        session.exchange("Heartbeat", "{}", #"{"currentTime":"1970-01-01T00:00:00Z"}"#)
        session.answer(late, #"{"currentTime":"1970-01-01T00:00:00Z"}"#)
        #expect(session.broken().isEmpty)
    }

    @Test("Texts that are no messages, calls of the wrong side, and calls that are refused as wrong")
    func texts() {
        var session = Session()
        session.send("hello", by: .chargePoint)
        session.send("[9]", by: .centralSystem)
        #expect(session.broken() == [.framing, .framing])
        let id = session.call("Reset", #"{"type":"Soft"}"#)
        #expect(session.broken() == [.framing])
        session.send("[4,\"\(id)\",\"NotSupported\",\"\",{}]", by: .centralSystem)
        let wrong = session.call("StartTransaction", #"{"connectorId":"one"}"#)
        session.send("[4,\"\(wrong)\",\"TypeConstraintViolation\",\"\",{}]", by: .centralSystem)
        #expect(session.broken().isEmpty)
    }

    @Test("A charge point that is silent for more than two heartbeat intervals; the key HeartbeatInterval counts")
    func heartbeat() {
        var session = Session()
        session.now = seconds(600)
        session.status(1, "Available")
        #expect(session.broken().isEmpty)
        session.now = seconds(1201)
        session.status(1, "Available")
        #expect(session.broken() == [.heartbeat])
        session.exchange("ChangeConfiguration", #"{"key":"HeartbeatInterval","value":"10"}"#, #"{"status":"Accepted"}"#, by: .centralSystem)
        session.now = seconds(1222)
        session.status(1, "Available")
        #expect(session.broken() == [.heartbeat])
        session.event(.lost)
        session.now = seconds(9000)
        session.event(.restored)
        session.status(1, "Available")
        #expect(session.broken().isEmpty)
    }

    @Test("A reboot that nobody reports follows from an accepted Reset; without one BootNotification is wrong")
    func silentReboot() {
        var session = Session()
        session.exchange("BootNotification", #"{"chargePointVendor":"v","chargePointModel":"m"}"#, Session.accepted)
        #expect(session.broken() == [.registration])
        session.start(1, as: 7)
        session.exchange("Reset", #"{"type":"Hard"}"#, #"{"status":"Accepted"}"#, by: .centralSystem)
        session.exchange("BootNotification", #"{"chargePointVendor":"v","chargePointModel":"m"}"#, Session.accepted)
        session.stop(7)
        #expect(session.broken().isEmpty)
    }

    @Test("Pending lets only what was triggered through, each action that was asked for; Rejected lets nothing")
    func pending() {
        var session = Session(boots: false)
        let request = #"{"chargePointVendor":"v","chargePointModel":"m"}"#
        session.exchange("BootNotification", request, #"{"status":"Pending","currentTime":"1970-01-01T00:00:00Z","interval":60}"#)
        session.exchange("TriggerMessage", #"{"requestedMessage":"Heartbeat"}"#, #"{"status":"Rejected"}"#, by: .centralSystem)
        session.exchange("Heartbeat", "{}", #"{"currentTime":"1970-01-01T00:00:00Z"}"#)
        #expect(session.broken() == [.registration])
        session.exchange("RemoteStopTransaction", #"{"transactionId":1}"#, #"{"status":"Rejected"}"#, by: .centralSystem)
        #expect(session.broken() == [.registration])
        session.now = seconds(60)
        session.exchange("BootNotification", request, #"{"status":"Rejected","currentTime":"1970-01-01T00:00:00Z","interval":60}"#)
        session.status(0, "Available")
        session.status(1, "Available")
        #expect(session.broken() == [.registration])
    }

    @Test("Transactions: an id given twice, meter values of none, an end before the beginning, other units of the register")
    func transactions() {
        var session = Session()
        session.now = seconds(100)
        session.start(1, meter: 1000, as: 7)
        session.start(2, meter: 1000, as: 7)
        #expect(session.broken() == [.transaction])
        func meter(_ id: Int, _ sample: String) {
            session.exchange(
                "MeterValues", #"{"connectorId":2,"transactionId":\#(id),"meterValue":[{"timestamp":"\#(session.time)","sampledValue":[\#(sample)]}]}"#)
        }
        meter(7, #"{"value":"1.5","unit":"kWh"}"#)
        meter(7, #"{"value":"3","measurand":"Current.Import"},{"value":"1600"}"#)
        meter(7, #"{"value":"500","phase":"L1"}"#)
        #expect(session.broken().isEmpty)
        meter(7, #"{"value":"1.5","unit":"kWh"}"#)
        meter(8, #"{"value":"1"}"#)
        #expect(session.broken() == [.transaction, .transaction])
        session.exchange("StopTransaction", #"{"transactionId":7,"meterStop":1700,"timestamp":"1970-01-01T00:01:00Z"}"#)
        #expect(session.broken() == [.transaction])
        session.start(1, as: 7)
        #expect(session.broken() == [.transaction])
    }

    @Test("An error frees the connector for another start; attempts and waits are counted when the keys are known")
    func retries() {
        var settings = MessageOrderSettings()
        settings.set(key: "TransactionMessageAttempts", to: "2")
        settings.set(key: "TransactionMessageRetryInterval", to: "10")
        var session = Session(settings)
        let request = #"{"connectorId":1,"idTag":"A","meterStart":5,"timestamp":"1970-01-01T00:00:00Z"}"#
        for (wait, expected) in [(0.0, []), (10, []), (19, [.offline])] as [(Double, [MessageOrderFinding.Rule])] {
            session.now = session.now + (seconds(wait) - .zero)
            let id = session.call("StartTransaction", request)
            session.send("[4,\"\(id)\",\"InternalError\",\"\",{}]", by: .centralSystem)
            #expect(session.broken() == expected, "after \(wait) s")
        }
        session.start(1, meter: 6, as: 1)
        #expect(session.broken().isEmpty)
    }

    @Test("Profiles: the limit of the charge point only on connector 0, profiles of transactions only of the one that runs")
    func profiles() {
        var session = Session()
        session.profile("ChargePointMaxProfile", connector: 0)
        session.profile("TxDefaultProfile", connector: 1)
        session.start(1, as: 7)
        session.profile("TxProfile", connector: 1)
        session.profile("TxProfile", connector: 1, transaction: 7)
        #expect(session.broken().isEmpty)
        session.profile("ChargePointMaxProfile", connector: 1)
        session.profile("TxProfile", connector: 1, transaction: 8)
        session.profile("TxProfile", connector: 0, transaction: 7)
        session.profile("TxProfile", connector: 2)
        #expect(session.broken() == [.smartCharging, .smartCharging, .smartCharging, .smartCharging])
    }

    @Test("Reservations: for the tag or its group, until they end; what names one must name one that there is")
    func reservations() {
        var session = Session()
        func reserve(_ id: Int, _ more: String = "", until expiry: String = "1970-01-01T01:00:00Z") {
            session.exchange(
                "ReserveNow", #"{"connectorId":1,"idTag":"a","reservationId":\#(id),"expiryDate":"\#(expiry)"\#(more)}"#, #"{"status":"Accepted"}"#,
                by: .centralSystem)
        }
        func cancel(_ id: Int) {
            session.exchange("CancelReservation", #"{"reservationId":\#(id)}"#, #"{"status":"Accepted"}"#, by: .centralSystem)
        }
        reserve(1)
        session.start(1, tag: "A", as: 1, more: #","reservationId":1"#)
        session.stop(1)
        reserve(2)
        cancel(2)
        session.start(1, tag: "B", as: 2)
        session.stop(2)
        // A tag of the same group, and one of which the group is not known.
        reserve(3, #","parentIdTag":"P""#)
        session.exchange("Authorize", #"{"idTag":"C"}"#, #"{"idTagInfo":{"status":"Accepted","parentIdTag":"p"}}"#)
        session.start(1, tag: "C", as: 3)
        session.stop(3)
        reserve(4, until: "1970-01-01T00:00:10Z")
        session.now = seconds(11)
        session.start(1, tag: "D", as: 4)
        session.stop(4)
        #expect(session.broken().isEmpty)
        cancel(4)
        session.start(1, tag: "D", as: 5, more: #","reservationId":77"#)
        session.stop(5)
        reserve(6, #","parentIdTag":"P""#)
        session.exchange("Authorize", #"{"idTag":"E"}"#, #"{"idTagInfo":{"status":"Accepted","parentIdTag":"Q"}}"#)
        session.start(1, tag: "E", as: 6)
        #expect(session.broken() == [.reservation, .reservation, .reservation])
    }

    @Test("Updates and uploads: in order, triggered repetitions are fine, gaps after an outage too")
    func files() {
        var session = Session()
        func signed(_ state: String) { session.exchange("SignedFirmwareStatusNotification", #"{"status":"\#(state)","requestId":1}"#) }
        func log(_ state: String) { session.exchange("LogStatusNotification", #"{"status":"\#(state)"}"#) }
        let firmware = #"{"location":"ftp://h/f","retrieveDateTime":"1970-01-01T00:00:00Z","signingCertificate":"c","signature":"s"}"#
        session.exchange("SignedUpdateFirmware", #"{"requestId":1,"firmware":\#(firmware)}"#, #"{"status":"Accepted"}"#, by: .centralSystem)
        for state in ["Downloading", "Downloaded", "Downloaded", "Idle", "SignatureVerified", "Installing", "InstallRebooting", "Installed"] { signed(state) }
        session.exchange(
            "GetLog", #"{"log":{"remoteLocation":"ftp://h"},"logType":"SecurityLog","requestId":1}"#, #"{"status":"Accepted"}"#, by: .centralSystem)
        for state in ["Uploading", "Uploaded", "Idle"] { log(state) }
        #expect(session.broken().isEmpty)
        log("Uploading")
        #expect(session.broken() == [.diagnostics])
        session.exchange("SignedUpdateFirmware", #"{"requestId":2,"firmware":\#(firmware)}"#, #"{"status":"Accepted"}"#, by: .centralSystem)
        signed("Downloading")
        session.event(.lost)
        session.event(.restored)
        signed("Installing")
        #expect(session.broken().isEmpty)
        signed("SignatureVerified")
        session.exchange("FirmwareStatusNotification", #"{"status":"Downloading"}"#)
        session.exchange("DiagnosticsStatusNotification", #"{"status":"Uploaded"}"#)
        #expect(session.broken() == [.firmware, .firmware, .diagnostics])
    }

    @Test("Triggers: the message of another connector, and a trigger that was refused or timed out, are not meant")
    func triggers() {
        var session = Session()
        let request = #"{"requestedMessage":"StatusNotification","connectorId":1}"#
        let trigger = session.call("TriggerMessage", request, by: .centralSystem)
        session.status(2, "Available")
        #expect(session.broken().isEmpty)
        session.status(1, "Available")
        #expect(session.broken() == [.trigger])
        session.send("[4,\"\(trigger)\",\"NotSupported\",\"\",{}]", by: .chargePoint)
        session.status(1, "Available")
        let other = session.call("TriggerMessage", request, by: .centralSystem)
        session.event(.callTimedOut(.centralSystem, other))
        session.status(1, "Available")
        #expect(session.broken().isEmpty)
    }

    @Test("Remote starts: a tag of the local list or one that was accepted before needs no Authorize")
    func knownTags() {
        var settings = MessageOrderSettings()
        settings.set(key: "AuthorizeRemoteTxRequests", to: "true")
        var session = Session(settings)
        func remote(_ tag: String) {
            session.exchange("RemoteStartTransaction", #"{"idTag":"\#(tag)","connectorId":1}"#, #"{"status":"Accepted"}"#, by: .centralSystem)
        }
        session.exchange(
            "SendLocalList", #"{"listVersion":1,"updateType":"Full","localAuthorizationList":[{"idTag":"L","idTagInfo":{"status":"Accepted"}}]}"#,
            #"{"status":"Accepted"}"#, by: .centralSystem)
        remote("L")
        session.start(1, tag: "l", as: 1)
        session.stop(1)
        #expect(session.broken().isEmpty)
        remote("X")
        session.start(1, tag: "X", as: 2)
        #expect(session.broken() == [.remote])
        session.stop(2)
        remote("X")
        session.start(1, tag: "X", as: 3)
        #expect(session.broken().isEmpty)
    }

    @Test("Meter values of a transaction wait as long as its start and stop when they were refused")
    func meterRetry() {
        var settings = MessageOrderSettings()
        settings.set(key: "TransactionMessageRetryInterval", to: "10")
        var session = Session(settings)
        session.start(1, as: 1)
        let request = #"{"connectorId":1,"transactionId":1,"meterValue":[{"timestamp":"1970-01-01T00:00:00Z","sampledValue":[{"value":"1"}]}]}"#
        for (wait, expected) in [(0.0, []), (10, []), (19, [.offline]), (20, [])] as [(Double, [MessageOrderFinding.Rule])] {
            session.now = session.now + (seconds(wait) - .zero)
            let id = session.call("MeterValues", request)
            session.send("[4,\"\(id)\",\"InternalError\",\"\",{}]", by: .centralSystem)
            if wait == 19 { session.order.failed?.failures = 2 }
            #expect(session.broken() == expected, "after \(wait) s")
        }
    }

    @Test("A checker that joins later does not judge what was before")
    func joinsLater() {
        var session = Session(MessageOrderSettings(knowsHistory: false), boots: false)
        session.status(1, "Finishing")
        session.stop(3)
        session.exchange("FirmwareStatusNotification", #"{"status":"Installed"}"#)
        session.exchange("RemoteStopTransaction", #"{"transactionId":5}"#, #"{"status":"Accepted"}"#, by: .centralSystem)
        #expect(session.broken().isEmpty)
        session.status(1, "Charging")
        #expect(session.broken() == [.statusTransition])
    }

    @Test("Whatever comes, the checker keeps little and does not stop")
    func bounded() {
        for seed in UInt64(1)...8 {
            var generator = TestRandom(seed: seed)
            var order = MessageOrder()
            var found: [MessageOrderFinding] = []
            for step in 0..<3000 {
                let now = Instant(nanoseconds: Int64(step) * 1_000_000)
                let number = Int.random(in: Int.min...Int.max, using: &generator) >> Int.random(in: 0..<64, using: &generator)
                let tag = "T\(number & 0xFFF)"
                let time = OCPPTimestamp(milliseconds: Int64(number))
                let payloads: [OCPPPayload] = [
                    .startTransaction(StartTransaction(connectorID: number, idTag: tag, meterStart: number, timestamp: time)),
                    .startTransactionResult(IdTagInfo(status: .accepted, parentIdTag: tag), transactionID: number),
                    .stopTransaction(StopTransaction(meterStop: number, timestamp: time, transactionID: number)),
                    .statusNotification(StatusNotification(connectorID: number, status: .charging, timestamp: time)), .authorize(idTag: tag),
                    .authorizeResult(IdTagInfo(status: .blocked)), .remoteStartTransaction(RemoteStartTransaction(idTag: tag)),
                    .remoteStartTransactionResult(.accepted),
                    .object(.reserveNow, text: "{\"reservationId\":\(number),\"connectorId\":1,\"idTag\":\"\(tag)\"}"),
                    .object(.reserveNow, text: "{\"status\":\"Accepted\"}"), .raw(action: tag, text: "{"), .object(.getConfiguration, text: "[]"),
                    .bootNotificationResult(BootNotificationResult(status: .accepted, currentTime: time, interval: number)),
                ]
                let payload = payloads.randomElement(using: &generator) ?? .empty(.heartbeat)
                let id = MessageID.number(Int.random(in: 0..<20, using: &generator))
                let message: OCPPMessage = Bool.random(using: &generator) ? .call(id, payload) : .result(id, payload)
                order.observe(message, from: Bool.random(using: &generator) ? .chargePoint : .centralSystem, at: now, into: &found)
                let events: [ConnectionEvent] = [.lost, .restored, .reboot, .transactionStartedOffline, .callTimedOut(.chargePoint, id)]
                if step % 50 == 0, let event = events.randomElement(using: &generator) { order.observe(event, at: now, into: &found) }
            }
            #expect(order.open.allSatisfy { $0.count <= 8 } && order.transactions.count <= 256 && order.connectors.count <= 1024)
            #expect(order.reservations.count <= 64 && order.knownTags.count <= 64 && order.refusedTags.count <= 16 && order.parents.count <= 64)
            #expect(!found.isEmpty && order.count > 3000)
        }
    }
}
