import JSONText
import Quantities
import Testing

@testable import OCPP

@Suite("What a charge point can do")
struct ChargePointFeatureTests {
    @Test("A connection that is lost costs no boot: only connectors that have changed are reported, then the queue goes out in order")
    func reconnect() {
        let bench = Bench { $0.configuration = [("AllowOfflineTxForUnknownId", "true")] }
        bench.cut()
        _ = bench.taken()
        bench.plug(1, "A")
        bench.meter.value.energyWh = 1500
        bench.pass(61)
        bench.present("A", 1)
        #expect(bench.taken().filter { $0 != "connect" } == ["on 1", "off 1"])
        #expect(bench.machine.queuedTransactionMessages == 3)
        bench.isNetworkUp = true
        bench.pass(70)
        #expect(
            bench.taken() == [
                "connect", "StatusNotification 1 Finishing", "StartTransaction 1", "MeterValues 1 #1", "StopTransaction Local #1",
            ])
    }

    @Test("The waits between attempts to connect double, with a share that is drawn, up to the limit")
    func backOff() {
        let bench = Bench()
        bench.cut()
        bench.pass(1000)
        for (place, delay) in bench.connectDelays.prefix(10).enumerated() {
            let least = min(Double(1 << place), 64)
            #expect(least...least * 1.5 ~= delay, "\(place): \(delay)")
        }
        let other = Bench()
        other.cut()
        other.pass(1000)
        #expect(other.connectDelays == bench.connectDelays)
    }

    @Test("Power that fails in a transaction gives a StopTransaction with PowerLoss and the last register after the reboot")
    func powerLoss() {
        let bench = Bench()
        bench.plug(1, "A")
        bench.meter.value.energyWh = 1800
        bench.pass(100)
        _ = bench.taken()
        bench.meter.value.energyWh = 1900
        bench.kill()
        bench.machine.sense(connector: 1, isPlugged: true)
        bench.now = bench.now + .seconds(50)
        bench.input { $0.start(at: bench.now, into: &$1) }
        let log = bench.taken()
        #expect(log.first == "connect" && log.dropFirst().first == "BootNotification")
        #expect(log.suffix(2) == ["StatusNotification 1 Finishing", "StopTransaction PowerLoss #1"])
        #expect(bench.machine.memory.transactions.isEmpty && bench.machine.queuedTransactionMessages == 0)
    }

    @Test("A transaction that the central system fails to process is tried as often as the key says, with longer waits, and then given up with its messages")
    func attempts() {
        let bench = Bench { $0.transactionRetry = .seconds(10) }
        bench.answers = { if case .startTransaction = $0 { #"[4,"ID","InternalError","",{}]"# } else { nil } }
        bench.plug(1, "A")
        bench.pass(100)
        #expect(bench.taken().filter { $0 == "StartTransaction 1" }.count == 3)
        bench.present("A", 1)
        bench.pass(100)
        #expect(bench.machine.queuedTransactionMessages == 0 && bench.machine.memory.transactions.isEmpty)
        #expect(!bench.taken().contains { $0.hasPrefix("StopTransaction") })
    }

    @Test("A reservation keeps a connector for its tag, ends by its use, by cancellation and by time")
    func reservations() {
        let bench = Bench { $0.connectors = 2 }
        let expiry = #""expiryDate":"2000-01-01T00:10:00Z""#
        #expect(bench.call("ReserveNow", #"{"connectorId":1,\#(expiry),"idTag":"A","reservationId":5}"#) == "Accepted")
        #expect(bench.taken().last == "StatusNotification 1 Reserved")
        #expect(bench.call("RemoteStartTransaction", #"{"connectorId":1,"idTag":"B"}"#) == "Rejected")
        #expect(bench.call("ReserveNow", #"{"connectorId":1,\#(expiry),"idTag":"B","reservationId":6}"#) == "Occupied")
        bench.plug(1, "a")
        #expect(bench.machine.status(connector: 1) == .charging)
        #expect(bench.call("CancelReservation", #"{"reservationId":5}"#) == "Rejected")
        #expect(bench.call("ReserveNow", #"{"connectorId":2,\#(expiry),"idTag":"B","reservationId":7}"#) == "Accepted")
        bench.pass(601)
        #expect(bench.machine.status(connector: 2) == .available)
    }

    @Test("Availability is scheduled while a transaction runs, acts after it, and survives a reboot")
    func availability() {
        let bench = Bench()
        bench.plug(1, "A")
        #expect(bench.call("ChangeAvailability", #"{"connectorId":1,"type":"Inoperative"}"#) == "Scheduled")
        _ = bench.taken()
        bench.present("A", 1)
        #expect(bench.taken().suffix(2) == ["StopTransaction Local #1", "StatusNotification 1 Unavailable"])
        #expect(bench.call("Reset", #"{"type":"Hard"}"#) == "Accepted")
        bench.pass(11)
        #expect(bench.taken().last == "StatusNotification 1 Unavailable")
        #expect(bench.call("ChangeAvailability", #"{"connectorId":0,"type":"Operative"}"#) == "Accepted")
        #expect(bench.machine.status(connector: 1) == .preparing)
        #expect(bench.call("ChangeAvailability", #"{"connectorId":9,"type":"Operative"}"#) == "Rejected")
    }

    @Test("A soft reset waits for its StopTransaction, a hard one does not; both boot again")
    func resets() {
        let bench = Bench()
        bench.plug(1, "A")
        _ = bench.taken()
        bench.call("Reset", #"{"type":"Soft"}"#)
        #expect(bench.taken() == ["= Accepted", "off 1", "StopTransaction SoftReset #1", "StatusNotification 1 Finishing", "disconnect", "reboot"])
        bench.pass(10)
        #expect(
            bench.taken() == ["connect", "BootNotification", "StatusNotification 0 Available", "StatusNotification 1 Preparing"])
        bench.present("A", 1)
        _ = bench.taken()
        bench.isSilent = true
        bench.call("Reset", #"{"type":"Hard"}"#)
        #expect(bench.taken().suffix(2) == ["disconnect", "reboot"])
        bench.isSilent = false
        bench.pass(10)
        #expect(bench.taken().last == "StopTransaction HardReset #2")
    }

    @Test("Unlocking stops the transaction; a jammed lock and a charge point without lock say so")
    func unlock() {
        let bench = Bench()
        bench.plug(1, "A")
        #expect(bench.call("UnlockConnector", #"{"connectorId":1}"#) == "Unlocked")
        #expect(bench.taken().contains("StopTransaction UnlockCommand #1"))
        bench.input { $0.setLockFailure(true, connector: 1, at: bench.now, into: &$1) }
        #expect(bench.call("UnlockConnector", #"{"connectorId":1}"#) == "UnlockFailed")
        #expect(bench.taken().last == "StatusNotification 1 Finishing ConnectorLockFailure")
        #expect(bench.call("UnlockConnector", #"{"connectorId":3}"#) == "NotSupported")
    }

    @Test("A fault stops the transaction, keeps new ones from starting and goes away")
    func faults() {
        let bench = Bench()
        bench.plug(1, "A")
        _ = bench.taken()
        bench.input { $0.setFault(connector: 1, .groundFailure, info: "30 mA", at: bench.now, meter: bench.meter, into: &$1) }
        #expect(bench.taken() == ["off 1", "StopTransaction Other #1", "StatusNotification 1 Faulted GroundFailure"])
        #expect(bench.call("RemoteStartTransaction", #"{"connectorId":1,"idTag":"A"}"#) == "Rejected")
        _ = bench.taken()
        bench.input { $0.clearFault(connector: 1, at: bench.now, into: &$1) }
        #expect(bench.taken() == ["StatusNotification 1 Finishing"])
    }

    @Test("Changed keys act: heartbeats, sampled and clock-aligned values, samples in StopTransaction")
    func configuration() {
        let bench = Bench()
        #expect(bench.call("ChangeConfiguration", #"{"key":"HeartbeatInterval","value":"10"}"#) == "Accepted")
        bench.pass(25)
        #expect(bench.taken().filter { $0 == "Heartbeat" }.count == 2)
        #expect(bench.call("ChangeConfiguration", #"{"key":"HeartbeatInterval","value":"0"}"#) == "Accepted")
        #expect(bench.call("ChangeConfiguration", #"{"key":"HeartbeatInterval","value":"x"}"#) == "Rejected")
        #expect(bench.call("ChangeConfiguration", #"{"key":"Nonsense","value":"x"}"#) == "NotSupported")
        #expect(bench.call("ChangeConfiguration", #"{"key":"NumberOfConnectors","value":"3"}"#) == "Rejected")
        for (key, value) in [
            ("MeterValueSampleInterval", "20"), ("ClockAlignedDataInterval", "900"), ("StopTxnSampledData", "Energy.Active.Import.Register"),
            ("MeterValuesSampledData", "Voltage,SoC,Power.Factor,Frequency,Temperature,Current.Offered"),
        ] {
            #expect(bench.call("ChangeConfiguration", #"{"key":"\#(key)","value":"\#(value)"}"#) == "Accepted", "\(key)")
        }
        bench.pass(5)
        bench.plug(1, "A")
        _ = bench.taken()
        bench.pass(58)
        #expect(bench.taken() == ["MeterValues 1 #1", "MeterValues 1 #1", "MeterValues 1 #1"])
        // The next quarter of an hour since midnight: connectors 0 and 1.
        bench.pass(900 - bench.now.seconds - 1)
        _ = bench.taken()
        bench.pass(1.5)
        #expect(bench.taken().filter { $0.hasPrefix("MeterValues") }.contains("MeterValues 0"))
        var data = 0
        bench.answers = {
            if case .stopTransaction(let request) = $0 { data = request.transactionData?.count ?? 0 }
            return nil
        }
        bench.present("A", 1)
        #expect(data >= 4)
        #expect(bench.call("GetConfiguration", #"{"key":["HeartbeatInterval","Nonsense"]}"#).contains(#""unknownKey":["Nonsense"]"#))
    }

    @Test("Offline the local list beats the cache, and an unknown tag is refused unless the key says otherwise")
    func offlineAuthorisation() {
        let bench = Bench { $0.connectors = 3 }
        let list = #"[{"idTag":"GOOD","idTagInfo":{"status":"Accepted"}},{"idTag":"BAD","idTagInfo":{"status":"Blocked"}}]"#
        #expect(bench.call("SendLocalList", #"{"listVersion":1,"updateType":"Full","localAuthorizationList":\#(list)}"#) == "Accepted")
        #expect(bench.call("GetLocalListVersion") == #"{"listVersion":1}"#)
        bench.present("BAD", 3)
        bench.pass(61)
        bench.cut()
        bench.plug(1, "BAD")
        #expect(!bench.machine.hasTransaction(connector: 1))
        bench.present("UNKNOWN", 1)
        #expect(!bench.machine.hasTransaction(connector: 1))
        bench.present("good", 1)
        #expect(bench.machine.hasTransaction(connector: 1))
    }

    @Test("Another tag of the same group stops a transaction, one of another group does not")
    func groups() {
        let bench = Bench()
        bench.answers = {
            guard case .authorize(let idTag) = $0 else { return nil }
            return #"[3,"ID",{"idTagInfo":{"status":"Accepted","parentIdTag":"\#(idTag == "C" ? "OTHER" : "GROUP")"}}]"#
        }
        bench.plug(1, "A")
        bench.present("C", 1)
        #expect(bench.machine.hasTransaction(connector: 1))
        bench.present("B", 1)
        #expect(!bench.machine.hasTransaction(connector: 1))
        #expect(bench.taken().contains("StopTransaction Local #1"))
    }

    @Test("An invalid tag stops the transaction, or takes the energy that MaxEnergyOnInvalidId allows")
    func invalidTag() {
        let bench = Bench { $0.configuration = [("StopTransactionOnInvalidId", "false"), ("MaxEnergyOnInvalidId", "500")] }
        bench.answers = {
            if case .startTransaction = $0 { #"[3,"ID",{"idTagInfo":{"status":"Invalid"},"transactionId":7}]"# } else { nil }
        }
        bench.meter.value.powerW = 36_000
        bench.plug(1, "A")
        #expect(bench.machine.status(connector: 1) == .suspendedEVSE || bench.machine.isEnergised(connector: 1))
        bench.meter.value.energyWh = 1500
        bench.pass(51)
        #expect(!bench.machine.isEnergised(connector: 1) && bench.machine.hasTransaction(connector: 1))
        #expect(bench.machine.status(connector: 1) == .suspendedEVSE)
    }

    @Test("Triggers are answered first, then the message comes; Pending lets only those through")
    func triggers() {
        let bench = Bench(boot: false)
        let pending = #"[3,"ID",{"status":"Pending","currentTime":"2000-01-01T00:00:00Z","interval":600}]"#
        bench.answers = { if case .bootNotification = $0 { pending } else { nil } }
        bench.input { $0.start(at: bench.now, into: &$1) }
        _ = bench.taken()
        bench.call("TriggerMessage", #"{"requestedMessage":"StatusNotification","connectorId":1}"#)
        #expect(bench.taken() == ["= Accepted", "StatusNotification 1 Available"])
        #expect(bench.call("RemoteStartTransaction", #"{"idTag":"A"}"#) == "Rejected")
        bench.plug(1)
        #expect(!bench.taken().contains { $0.hasPrefix("StatusNotification") })
        bench.answers = { _ in nil }
        bench.call("TriggerMessage", #"{"requestedMessage":"BootNotification"}"#)
        #expect(bench.taken().prefix(2) == ["= Accepted", "BootNotification"])
        #expect(bench.machine.registration == .accepted)
        bench.call("TriggerMessage", #"{"requestedMessage":"MeterValues","connectorId":1}"#)
        bench.call("TriggerMessage", #"{"requestedMessage":"FirmwareStatusNotification"}"#)
        bench.call("ExtendedTriggerMessage", #"{"requestedMessage":"LogStatusNotification"}"#)
        #expect(
            bench.taken().suffix(6) == [
                "= Accepted", "MeterValues 1", "= Accepted", "FirmwareStatusNotification Idle", "= Accepted", "LogStatusNotification Idle",
            ])
        #expect(bench.call("TriggerMessage", #"{"requestedMessage":"StatusNotification","connectorId":4}"#) == "Rejected")
    }

    @Test("Firmware, diagnostics and logs go through their states; the new version boots")
    func transfers() {
        let bench = Bench { $0.transfers.newVersion = "2.0" }
        #expect(bench.call("GetDiagnostics", #"{"location":"ftp://x/"}"#).contains("fileName"))
        bench.pass(11)
        #expect(bench.taken().suffix(2) == ["DiagnosticsStatusNotification Uploading", "DiagnosticsStatusNotification Uploaded"])
        #expect(bench.call("UpdateFirmware", #"{"location":"ftp://x/y","retrieveDate":"2000-01-01T00:00:00Z"}"#) == "{}")
        bench.pass(100)
        let log = bench.taken().filter { $0.hasPrefix("Firmware") || $0 == "reboot" || $0 == "BootNotification" || $0.hasPrefix("StatusNotification 1") }
        #expect(
            log == [
                "FirmwareStatusNotification Downloading", "FirmwareStatusNotification Downloaded", "StatusNotification 1 Unavailable",
                "FirmwareStatusNotification Installing", "reboot", "BootNotification", "StatusNotification 1 Available",
                "FirmwareStatusNotification Installed",
            ])
        #expect(bench.machine.firmwareVersion == "2.0")
        #expect(
            bench.call("GetLog", #"{"log":{"remoteLocation":"ftp://x"},"logType":"DiagnosticsLog","requestId":3}"#) == "Accepted")
        bench.pass(11)
        #expect(bench.taken().suffix(2) == ["LogStatusNotification Uploading", "LogStatusNotification Uploaded"])
    }

    @Test("The clock follows the central system, and a jump is a security event")
    func clock() {
        let bench = Bench { $0.reportsSecurityEvents = true }
        _ = bench.taken()
        bench.answers = { if case .empty(.heartbeat) = $0 { #"[3,"ID",{"currentTime":"2000-01-01T02:05:00Z"}]"# } else { nil } }
        bench.pass(300)
        #expect(bench.taken() == ["Heartbeat", "SecurityEventNotification SettingSystemTime"])
        #expect(bench.machine.time(bench.now).text == "2000-01-01T02:05:00.000Z")
        // A kill does not lose it.
        bench.kill()
        #expect(bench.machine.time(bench.now).text == "2000-01-01T02:05:00.000Z")
    }

    @Test("Security events wait for the connection, and are off by default")
    func securityEvents() {
        let bench = Bench({ $0.reportsSecurityEvents = true }, boot: false)
        bench.input { $0.start(at: bench.now, into: &$1) }
        #expect(bench.taken().last == "SecurityEventNotification StartupOfTheDevice")
        bench.cut()
        bench.input { $0.securityEvent("TamperDetectionActivated", at: bench.now, into: &$1) }
        bench.isNetworkUp = true
        bench.pass(10)
        #expect(bench.taken().last == "SecurityEventNotification TamperDetectionActivated")
    }

    @Test("A key of security acts by a new connection")
    func securityKeys() {
        let bench = Bench()
        #expect(bench.call("ChangeConfiguration", #"{"key":"AuthorizationKey","value":"000102030405060708090A0B0C0D0E0F"}"#) == "Accepted")
        bench.pass(2)
        #expect(bench.taken().suffix(2) == ["disconnect", "connect"])
        #expect(bench.machine.isConnected)
    }

    @Test("Each quirk shows in the messages", arguments: ChargePointQuirks.table.map(\.name))
    func quirks(name: String) {
        guard let quirk = ChargePointQuirks(name: name) else {
            Issue.record("no quirk \(name)")
            return
        }
        let bench = Bench(
            {
                $0.quirks = quirk
                $0.configuration = [("MeterValuesSampledData", "Temperature,Energy.Active.Import.Register")]
            }, boot: false)
        bench.isChecked = quirk.isDisjoint(with: [.extraProperties, .plainNumbers])
        var sent: [String] = []
        bench.input { $0.start(at: bench.now, into: &$1) }
        bench.plug(1, "A")
        var out: [ChargePointOutput] = []
        if !quirk.isDisjoint(with: .ofText) {
            let notification = StatusNotification(connectorID: 1, status: .charging, timestamp: bench.machine.time(bench.now))
            bench.machine.send(.statusNotification(notification), at: bench.now, into: &out)
        }
        for case .send(let message) in out { sent.append(message.string) }
        switch quirk {
        case .noMilliseconds: #expect(sent.first?.contains(#""timestamp":"2000-01-01T00:00:00Z""#) == true)
        case .offsetTimestamps: #expect(sent.first?.contains(#""timestamp":"2000-01-01T01:00:00.000+01:00""#) == true)
        case .extraProperties: #expect(sent.first?.contains("vendorExtension") == true)
        case .stuckPending: #expect(bench.machine.registration == .pending)
        case .errorSpelling201: #expect(bench.call("Reset", #"{"type":"Soft","extra":1}"#) == "FormatViolation")
        case .lateStatus:
            #expect(!bench.log.contains { $0.hasPrefix("StatusNotification") })
            bench.pass(10)
            #expect(bench.log.contains("StatusNotification 1 Preparing"))
        case .noHeartbeat:
            bench.pass(1000)
            #expect(!bench.log.contains("Heartbeat"))
        case .bootsOnReconnect:
            bench.cut()
            bench.isNetworkUp = true
            bench.pass(5)
            #expect(bench.log.filter { $0 == "BootNotification" }.count == 2)
        default: break
        }
    }
}
