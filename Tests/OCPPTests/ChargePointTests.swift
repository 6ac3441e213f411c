import JSONText
import Quantities
import Testing

@testable import OCPP

/// What goes from the charge point to the central system, in short: action with connector and status or reason.
private func short(_ log: [String]) -> [String] {
    log.compactMap { line -> String? in
        guard line.hasPrefix("> [2"), let frame = try? JSONValue(parsing: String(line.dropFirst(2))), let fields = frame[3] else { return nil }
        let connector = fields.int("connectorId").map { " \($0)" } ?? ""
        let word = fields["status"]?.string ?? fields["reason"]?.string ?? ""
        return (frame[2]?.string ?? "") + connector + (word.isEmpty ? "" : " " + word)
    }
}

private func settings(_ change: (inout ChargePointSettings) -> Void = { _ in }) -> ChargePointSettings {
    var settings = ChargePointSettings(identity: "cp1")
    settings.assumesVehicle = false
    change(&settings)
    return settings
}

private let remoteStart = CentralSystemRequest.payload(.remoteStartTransaction(RemoteStartTransaction(connectorID: 1, idTag: "TAG1")))

@Suite("A charge point")
struct ChargePointTests {
    @Test("After the boot it reports connector 0 and each connector, then sends heartbeats by the interval of the central system")
    func boot() {
        var csms = CentralSystemSettings()
        csms.interval = 60
        let pair = Pair(settings { $0.connectors = 2 }, csms: csms)
        pair.point(.zero) { point, out in point.start(at: .zero, into: &out) }
        #expect(
            short(pair.taken()) == [
                "BootNotification", "StatusNotification 0 Available", "StatusNotification 1 Available", "StatusNotification 2 Available",
            ])
        for minute in 1...3 {
            let now = seconds(Double(minute) * 60)
            #expect(pair.timers[.heartbeat] == now)
            pair.point(now) { point, out in point.timer(.heartbeat, at: now, meter: pair.meter, into: &out) }
            #expect(short(pair.taken()) == ["Heartbeat"])
        }
    }

    @Test(
        "Until the registration is accepted it sends nothing but BootNotification, again after the interval",
        arguments: [RegistrationStatus.pending, .rejected])
    func notAccepted(status: RegistrationStatus) {
        var csms = CentralSystemSettings()
        csms.bootStatus = status
        csms.interval = 120
        let pair = Pair(settings(), csms: csms)
        pair.point(.zero) { point, out in
            point.start(at: .zero, into: &out)
        }
        pair.point(seconds(1)) { point, out in
            point.plug(connector: 1, at: seconds(1), meter: pair.meter, into: &out)
            point.localStart(connector: 1, idTag: "A", at: seconds(1), meter: pair.meter, into: &out)
            point.meterSample(connector: 1, at: seconds(1), meter: pair.meter, into: &out)
        }
        #expect(short(pair.log) == ["BootNotification"])
        #expect(pair.taken().last == "violation invalidState: a local start: the charge point is not registered")
        #expect(pair.timers[.boot] == seconds(120))
        pair.send(remoteStart, token: 1, at: seconds(2))
        // Pending: answered with Rejected; Rejected: no answer at all.
        #expect(pair.outcomes[1] == (status == .pending ? .result(.remoteStartTransactionResult(.rejected)) : .notRegistered))
        pair.log = []
        pair.point(seconds(120)) { point, out in point.timer(.boot, at: seconds(120), meter: pair.meter, into: &out) }
        #expect(short(pair.taken()) == ["BootNotification"])
    }

    @Test("A local session runs in the textbook order")
    func localSession() {
        let pair = Pair(settings { $0.meterInterval = .seconds(60) })
        pair.point(.zero) { point, out in point.start(at: .zero, into: &out) }
        pair.log = []
        pair.point(seconds(10)) { point, out in point.plug(connector: 1, idTag: "TAG1", at: seconds(10), meter: pair.meter, into: &out) }
        #expect(short(pair.taken()) == ["StatusNotification 1 Preparing", "Authorize", "StartTransaction 1", "StatusNotification 1 Charging"])
        pair.point(seconds(60)) { point, out in point.timer(.meter, at: seconds(60), meter: pair.meter, into: &out) }
        #expect(pair.log[0].contains(#""meterValue":[{"timestamp":"2000-01-01T00:01:00.000Z","sampledValue":[{"value":"1000","measurand":"Energy."#))
        #expect(short(pair.taken()) == ["MeterValues 1"])
        pair.meter.value.energyWh = 2500.4
        pair.point(seconds(130)) { point, out in point.localStop(connector: 1, at: seconds(130), meter: pair.meter, into: &out) }
        #expect(pair.log[1].contains(#"{"idTag":"TAG1","meterStop":2500,"#))
        #expect(short(pair.taken()) == ["StopTransaction Local", "StatusNotification 1 Finishing"])
        pair.point(seconds(135)) { point, out in point.unplug(connector: 1, at: seconds(135), meter: pair.meter, into: &out) }
        #expect(short(pair.taken()) == ["StatusNotification 1 Available"])
    }

    @Test("An id tag that is refused starts nothing")
    func refusedTag() {
        var csms = CentralSystemSettings()
        csms.idTags = ["good"]
        let pair = Pair(settings(), csms: csms)
        pair.point(.zero) { point, out in point.start(at: .zero, into: &out) }
        pair.log = []
        pair.point(seconds(1)) { point, out in point.plug(connector: 1, idTag: "EVIL", at: seconds(1), meter: pair.meter, into: &out) }
        #expect(short(pair.taken()) == ["StatusNotification 1 Preparing", "Authorize"])
        #expect(!pair.point.isEnergised(connector: 1))
        pair.point(seconds(2)) { point, out in point.localStart(connector: 1, idTag: "GOOD", at: seconds(2), meter: pair.meter, into: &out) }
        #expect(pair.point.isEnergised(connector: 1) && pair.point.status(connector: 1) == .charging)
        // A remote start skips Authorize; the answer to StartTransaction then ends the session.
        pair.point(seconds(3)) { point, out in
            point.localStop(connector: 1, at: seconds(3), meter: pair.meter, into: &out)
        }
        pair.log = []
        pair.send(remoteStart, token: 1, at: seconds(4))
        #expect(
            short(pair.taken()) == ["StatusNotification 1 Preparing", "StartTransaction 1", "StopTransaction DeAuthorized", "StatusNotification 1 Finishing"])
    }

    @Test("A remote start without a cable waits for it, and gives up after the connection time-out")
    func waitsForCable() {
        let pair = Pair(settings())
        pair.point(.zero) { point, out in point.start(at: .zero, into: &out) }
        pair.log = []
        pair.send(remoteStart, token: 1, at: seconds(1))
        #expect(short(pair.taken()) == ["StatusNotification 1 Preparing"])
        let timer = ChargePointTimer.connection(1)
        #expect(pair.timers[timer] == seconds(61))
        pair.point(seconds(61)) { point, out in point.timer(timer, at: seconds(61), meter: pair.meter, into: &out) }
        #expect(short(pair.taken()) == ["StatusNotification 1 Available"])
        pair.send(remoteStart, token: 2, at: seconds(70))
        pair.point(seconds(80)) { point, out in point.plug(connector: 1, at: seconds(80), meter: pair.meter, into: &out) }
        #expect(pair.timers[timer] == nil)
        #expect(short(pair.taken()) == ["StatusNotification 1 Preparing", "StartTransaction 1", "StatusNotification 1 Charging"])
        pair.point(seconds(90)) { point, out in point.setSuspended(true, connector: 1, at: seconds(90), into: &out) }
        pair.send(.limit(amperes: 4, connector: 1, stackLevel: 0), token: 3, at: seconds(91))
        // Below 6 A charging pauses, and 0 A are offered.
        #expect(pair.log.contains("0x210 1 0.0"))
        pair.point(seconds(92)) { point, out in point.setSuspended(false, connector: 1, at: seconds(92), into: &out) }
        pair.send(.limit(amperes: 10, connector: 1, stackLevel: 0), token: 4, at: seconds(93))
        pair.point(seconds(94)) { point, out in point.unplug(connector: 1, at: seconds(94), meter: pair.meter, into: &out) }
        #expect(
            short(pair.taken()) == [
                "StatusNotification 1 SuspendedEV", "StatusNotification 1 SuspendedEVSE", "StatusNotification 1 Charging", "StopTransaction EVDisconnected",
                "StatusNotification 1 Available",
            ])
    }

    @Test("A schedule in a profile changes the limit by timer, and its end gives the hardware limit back")
    func scheduledLimit() throws {
        let pair = Pair(settings { $0.maxCurrent = 40 })
        pair.point(.zero) { point, out in point.start(at: .zero, into: &out) }
        let profile = ChargingProfile(
            id: 7, purpose: .chargePointMaxProfile, kind: .absolute,
            schedule: ChargingSchedule(
                duration: 30, startSchedule: OCPPTimestamp(epoch: 946_684_800, seconds(10)), unit: .watts,
                periods: [ChargingSchedulePeriod(startPeriod: 0, limitTenths: 69_000), ChargingSchedulePeriod(startPeriod: 20, limitTenths: 138_000)]))
        pair.log = []
        pair.send(.payload(.setChargingProfile(SetChargingProfile(connectorID: 0, profile: profile))), token: 1, at: .zero)
        #expect(pair.taken().last == "0x210 1 40.0")
        for (instant, limit) in [(10.0, "10.0"), (30, "20.0"), (40, "40.0")] {
            #expect(pair.timers[.limit] == seconds(instant))
            pair.point(seconds(instant)) { point, out in point.timer(.limit, at: seconds(instant), meter: pair.meter, into: &out) }
            #expect(pair.taken() == ["0x210 1 \(limit)"])
        }
        pair.send(.payload(.clearChargingProfile(ClearChargingProfile(id: 7))), token: 2, at: seconds(41))
        pair.send(.payload(.clearChargingProfile(ClearChargingProfile(id: 7))), token: 3, at: seconds(42))
        #expect(pair.outcomes[2]?.isAccepted == true && pair.outcomes[3]?.isAccepted == false)
    }

    @Test("A stop before StartTransaction is confirmed waits for the transaction id")
    func earlyStop() {
        var machine = ChargePointMachine(referenceSettings(), epoch: 0)
        let meter = TestMeter()
        var out: [ChargePointOutput] = []
        var sent: [OCPPMessage] = []
        func answer(_ payload: OCPPPayload) {
            guard case .call(let id, _)? = sent.last else { return }
            machine.receive(.result(id, payload), at: seconds(1), meter: meter, into: &out)
            collect()
        }
        func collect() {
            for case .send(let message) in out { sent.append(message) }
            out = []
        }
        machine.start(at: .zero, into: &out)
        machine.connected(at: .zero, into: &out)
        collect()
        answer(.bootNotificationResult(BootNotificationResult(status: .accepted, currentTime: OCPPTimestamp(milliseconds: 0), interval: 300)))
        answer(.empty(.statusNotification))
        answer(.empty(.statusNotification))
        machine.receive(
            .call(.number(1), .remoteStartTransaction(RemoteStartTransaction(connectorID: 1, idTag: "A"))), at: seconds(2), meter: meter, into: &out)
        collect()
        #expect(machine.isEnergised(connector: 1))
        // The id is not known yet: a remote stop of any id is rejected, a local stop opens the contactor at once.
        machine.receive(.call(.number(2), .remoteStopTransaction(transactionID: 9)), at: seconds(3), meter: meter, into: &out)
        #expect(out.contains { if case .send(.result(.number(2), .remoteStopTransactionResult(.rejected))) = $0 { true } else { false } })
        out = []
        machine.localStop(connector: 1, at: seconds(4), meter: meter, into: &out)
        #expect(out.contains { if case .deenergise(connector: 1) = $0 { true } else { false } })
        out = []
        answer(.empty(.statusNotification))
        #expect(sent.last?.action == .startTransaction)
        answer(.startTransactionResult(IdTagInfo(status: .accepted), transactionID: 9))
        answer(.empty(.statusNotification))
        guard case .call(_, .stopTransaction(let stop))? = sent.dropLast().last else {
            Issue.record("no StopTransaction: \(sent.map(\.string))")
            return
        }
        #expect(stop.transactionID == 9 && stop.timestamp == OCPPTimestamp(epoch: 0, seconds(4)))
    }

    @Test("A central system that never answers costs bounded memory, and StartTransaction is tried again and again, since silence is no refusal")
    func silence() {
        let pair = Pair(
            settings {
                $0.queueLimit = 20
                $0.transactionQueueLimit = 20
            })
        pair.point(.zero) { point, out in point.start(at: .zero, into: &out) }
        let meter = TestMeter()
        var point = pair.point
        var out: [ChargePointOutput] = []
        point.plug(connector: 1, at: seconds(1), meter: meter, into: &out)
        point.receive(.call(.number(1), .remoteStartTransaction(RemoteStartTransaction(connectorID: 1, idTag: "A"))), at: seconds(1), meter: meter, into: &out)
        var lost = 0
        var starts = 0
        var deadline = pair.timers[.call] ?? seconds(30)
        var retry = Instant.never
        for second in 2...400 {
            if seconds(Double(second)) >= deadline { point.timer(.call, at: seconds(Double(second)), meter: meter, into: &out) }
            if seconds(Double(second)) >= retry {
                retry = .never
                point.timer(.retry, at: seconds(Double(second)), meter: meter, into: &out)
            }
            point.meterSample(connector: 1, at: seconds(Double(second)), meter: meter, into: &out)
            for output in out {
                switch output {
                case .setTimer(.call, let at): deadline = at
                case .setTimer(.retry, let at): retry = at
                case .violation(.queueFull, _): lost += 1
                case .send(let message): if message.action == .startTransaction { starts += 1 }
                default: break
                }
            }
            out = []
            #expect(point.calls.count <= 21)
        }
        #expect(lost > 300)
        // Tries at 1 s, after 30 + 60 s, after 30 + 120 s, after 30 + 180 s.
        #expect(starts == 3)
        #expect(point.queuedTransactionMessages <= 21 && point.memory.transactions.count == 1)
    }

    @Test("Messages that are refused and unknown actions are answered with the right error code")
    func unsupported() {
        var settings = referenceSettings()
        settings.refuses = [.reset]
        let pair = Pair(settings)
        pair.point(.zero) { point, out in point.start(at: .zero, into: &out) }
        pair.send(.payload(.object(.reset, text: #"{"type":"Soft"}"#)), token: 1, at: .zero)
        pair.send(.payload(.raw(action: "Frobnicate", text: "{}")), token: 2, at: .zero)
        pair.send(.payload(.raw(action: "RemoteStopTransaction", text: #"{"transactionId":"x"}"#)), token: 3, at: .zero)
        pair.send(.payload(.raw(action: "RemoteStopTransaction", text: "{{{")), token: 4, at: .zero)
        func code(_ token: UInt64) -> OCPPErrorCode? { if case .error(let error, _)? = pair.outcomes[token] { error.code } else { nil } }
        #expect(code(1) == .notSupported)
        #expect(code(2) == .notImplemented)
        #expect(code(3) == .typeConstraintViolation)
        // What is not JSON gets no answer: the call runs into its time-out.
        #expect(pair.outcomes[4] == nil)
        pair.drive(seconds(30)) { pair in
            var out: [CentralSystemOutput] = []
            pair.csms.timer(connection: 0, at: seconds(30), into: &out)
            guard case .callEnded(connection: 0, token: 4, .timedOut)? = out.dropFirst().first else {
                Issue.record("\(out)")
                return
            }
        }
    }

    @Test("Numbers at the ends of 64 bits in commands are rejected and trap nowhere", arguments: [Int.min, Int.max, -1, 0, 65])
    func extremeNumbers(number: Int) {
        let pair = Pair(referenceSettings(), asText: true)
        pair.point(.zero) { point, out in point.start(at: .zero, into: &out) }
        pair.send(.payload(.remoteStartTransaction(RemoteStartTransaction(connectorID: number, idTag: "A"))), token: 1, at: .zero)
        #expect(pair.outcomes[1] == .result(.remoteStartTransactionResult(.rejected)))
        pair.send(.payload(.remoteStopTransaction(transactionID: number)), token: 2, at: .zero)
        #expect(pair.outcomes[2] == .result(.remoteStopTransactionResult(.rejected)))
        let extreme = ChargingProfile(
            id: number, transactionID: number, stackLevel: 0, purpose: .txDefaultProfile, kind: .recurring, recurrency: .weekly,
            validFrom: OCPPTimestamp(milliseconds: -62_167_219_200_000), validTo: OCPPTimestamp(milliseconds: 253_402_300_799_999),
            schedule: ChargingSchedule(
                duration: max(0, number), startSchedule: OCPPTimestamp(milliseconds: -62_167_219_200_000), unit: .watts,
                periods: [
                    ChargingSchedulePeriod(startPeriod: 0, limitTenths: max(0, number)),
                    ChargingSchedulePeriod(startPeriod: Int.max, limitTenths: 0, numberPhases: 1),
                ]))
        for connector in [1, number] {
            pair.send(.payload(.setChargingProfile(SetChargingProfile(connectorID: connector, profile: extreme))), token: 3, at: .zero)
            guard case .result(.setChargingProfileResult(let status))? = pair.outcomes[3] else {
                Issue.record("\(pair.outcomes)")
                return
            }
            #expect(status == (connector == 1 || connector == 0 ? .accepted : .rejected))
        }
        let schedule = pair.point.compositeSchedule(connector: 1, duration: number, unit: .amperes, at: .zero)
        #expect(schedule?.isEmpty == false)
        for payload in [
            OCPPPayload.statusNotification(StatusNotification(connectorID: number, status: .available)),
            .startTransaction(StartTransaction(connectorID: number, idTag: "", meterStart: number, timestamp: OCPPTimestamp(milliseconds: 0))),
            .stopTransaction(StopTransaction(meterStop: number, timestamp: OCPPTimestamp(milliseconds: 0), transactionID: number)),
        ] {
            var out: [CentralSystemOutput] = []
            pair.csms.receive(.call(.number(number), payload), from: 0, at: .zero, into: &out)
            #expect(!out.isEmpty)
        }
    }

    @Test("Every state change of the vectors' table is judged as they say")
    func transitions() throws {
        let table = try vectors("message-order.json")["transitions"]?["connector"]
        for from in ChargePointStatus.allCases {
            let legal = (table?[from.name.description]?.list ?? []).compactMap(\.string)
            for to in ChargePointStatus.allCases where to != from {
                #expect(from.canBecome(to) == legal.contains(to.name.description), "\(from) to \(to)")
            }
        }
    }
}
