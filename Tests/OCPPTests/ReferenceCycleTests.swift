import JSONText
import Quantities
import Testing

@testable import OCPP

/// A central system and a charge point wired over a link without latency, with a log of everything that happens.
final class Pair {
    var csms: CentralSystemMachine
    var point: ChargePointMachine
    let meter = TestMeter()
    let connection: Int
    var log: [String] = []
    var outcomes: [UInt64: CallOutcome] = [:]
    var timers: [ChargePointTimer: Instant] = [:]
    /// True to hand over every message as text instead of as a value.
    let asText: Bool
    private var fromPoint: [ChargePointOutput] = []
    private var fromCSMS: [CentralSystemOutput] = []

    init(_ settings: ChargePointSettings, asText: Bool = false, csms: CentralSystemSettings = .init()) {
        self.csms = CentralSystemMachine(csms, epoch: 946_684_800)
        point = ChargePointMachine(settings, epoch: 946_684_800)
        connection = self.csms.connect(identity: settings.identity)
        self.asText = asText
    }

    func drive(_ now: Instant, _ body: (Pair) -> Void) {
        body(self)
        settle(now)
    }

    func point(_ now: Instant, _ body: (inout ChargePointMachine, inout [ChargePointOutput]) -> Void) {
        body(&point, &fromPoint)
        settle(now)
    }

    func send(_ request: CentralSystemRequest, token: UInt64, at now: Instant) {
        csms.send(request, to: connection, token: token, at: now, into: &fromCSMS)
        settle(now)
    }

    /// Hands over messages until nothing is left to do.
    func settle(_ now: Instant) {
        while !fromPoint.isEmpty || !fromCSMS.isEmpty {
            let (a, b) = (fromPoint, fromCSMS)
            fromPoint = []
            fromCSMS = []
            for output in a { take(output, now) }
            for output in b { take(output, now) }
        }
    }

    private func take(_ output: ChargePointOutput, _ now: Instant) {
        switch output {
        case .send(let message):
            log.append("> " + message.string)
            if asText {
                csms.receive(bytes: message.bytes, from: connection, at: now, into: &fromCSMS)
            } else {
                csms.receive(message, from: connection, at: now, into: &fromCSMS)
            }
        case .setTimer(let timer, let at): timers[timer] = at
        case .cancelTimer(let timer): timers[timer] = nil
        case .energise(let connector): log.append("0x200 \(connector)")
        case .deenergise(let connector): log.append("0x201 \(connector)")
        case .limit(let connector, let amperes): log.append("0x210 \(connector) \(amperes)")
        case .violation(let kind, let text): log.append("violation \(kind): \(text)")
        case .connect:
            if !csms.isConnected(connection) { #expect(csms.connect(identity: point.settings.identity) == connection) }
            point.connected(at: now, into: &fromPoint)
        case .status, .transactionStarted, .transactionEnded, .booted, .disconnect, .unlocked, .securityEvent, .reboot: break
        }
    }

    private func take(_ output: CentralSystemOutput, _ now: Instant) {
        switch output {
        case .send(_, let message):
            log.append("< " + message.string)
            if asText {
                point.receive(bytes: message.bytes, at: now, meter: meter, into: &fromPoint)
            } else {
                point.receive(message, at: now, meter: meter, into: &fromPoint)
            }
        case .callEnded(_, let token, let outcome): outcomes[token] = outcome
        case .violation(_, let kind, let text): log.append("csms \(kind): \(text)")
        default: break
        }
    }

    /// The log since the last call.
    func taken() -> [String] {
        defer { log = [] }
        return log
    }
}

func referenceSettings() -> ChargePointSettings {
    var settings = ChargePointSettings(identity: "cp1")
    settings.maxCurrent = 500
    settings.voltage = 400
    settings.phases = 1
    settings.minCurrent = 0
    settings.measurands = [.currentImport]
    settings.metersOnReading = true
    return settings
}

@Suite("The reference scenario over OCPP")
struct ReferenceCycleTests {
    @Test("Boot, limit 0 A, limit 100 A, start and stop give exactly these messages and CAN commands, as values and as text", arguments: [false, true])
    func cycle(asText: Bool) throws {
        let pair = Pair(referenceSettings(), asText: asText)
        pair.point(.zero) { point, out in point.start(at: .zero, into: &out) }
        #expect(
            pair.taken() == [
                #"> [2,"1","BootNotification",{"chargePointVendor":"evsim","chargePointModel":"charge-point"}]"#,
                #"< [3,"1",{"status":"Accepted","currentTime":"2000-01-01T00:00:00.000Z","interval":300}]"#,
                #"> [2,"2","StatusNotification",{"connectorId":0,"errorCode":"NoError","status":"Available","timestamp":"2000-01-01T00:00:00.000Z"}]"#,
                #"< [3,"2",{}]"#,
                #"> [2,"3","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available","timestamp":"2000-01-01T00:00:00.000Z"}]"#,
                #"< [3,"3",{}]"#,
            ])
        pair.send(.limit(amperes: 0, connector: 1, stackLevel: 0), token: 1, at: .zero)
        #expect(
            pair.taken() == [
                #"< [2,"1","SetChargingProfile",{"connectorId":1,"csChargingProfiles":{"chargingProfileId":1,"stackLevel":0,"#
                    + #""chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Absolute","chargingSchedule":{"#
                    + #""startSchedule":"2000-01-01T00:00:00.000Z","chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":0}]}}}]"#,
                #"> [3,"1",{"status":"Accepted"}]"#, "0x210 1 0.0",
            ])
        #expect(pair.outcomes[1]?.isAccepted == true)
        pair.send(.limit(amperes: 100, connector: 1, stackLevel: 0), token: 2, at: seconds(2))
        #expect(pair.taken().suffix(2) == [#"> [3,"2",{"status":"Accepted"}]"#, "0x210 1 100.0"])
        try start(pair, at: seconds(3), transaction: 1)
        pair.meter.value.currentA = 20
        pair.point(seconds(3.5)) { point, out in point.meterSample(connector: 1, at: seconds(3.5), meter: pair.meter, into: &out) }
        #expect(
            pair.taken() == [
                #"> [2,"7","MeterValues",{"connectorId":1,"transactionId":1,"meterValue":[{"timestamp":"2000-01-01T00:00:03.500Z","#
                    + #""sampledValue":[{"value":"20","measurand":"Current.Import","unit":"A"}]}]}]"#, #"< [3,"7",{}]"#,
            ])
        try stop(pair, at: seconds(5))
        // The cable stays in: six seconds later the same connector starts again.
        pair.send(.limit(amperes: 0, connector: 1, stackLevel: 0), token: 5, at: seconds(8))
        #expect(pair.taken().last == "0x210 1 0.0")
        pair.send(.limit(amperes: 100, connector: 1, stackLevel: 0), token: 6, at: seconds(10))
        #expect(pair.taken().last == "0x210 1 100.0")
        try start(pair, at: seconds(11), transaction: 2)
    }

    private func start(_ pair: Pair, at now: Instant, transaction: Int) throws {
        let request = try CentralSystemMachine.request(.remoteStartTransaction, with: .object([])).get()
        pair.send(request, token: 100, at: now)
        let log = pair.taken().map { $0.replacing(#/"\d+",/#, with: "") }
        let time = OCPPTimestamp(epoch: 946_684_800, now).text
        #expect(
            log == [
                #"< [2,"RemoteStartTransaction",{"connectorId":1,"idTag":"EVSIM"}]"#, #"> [3,{"status":"Accepted"}]"#, "0x200 1",
                #"> [2,"StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Preparing","timestamp":"\#(time)"}]"#, "< [3,{}]",
                #"> [2,"StartTransaction",{"connectorId":1,"idTag":"EVSIM","meterStart":1000,"timestamp":"\#(time)"}]"#,
                #"< [3,{"idTagInfo":{"status":"Accepted"},"transactionId":\#(transaction)}]"#,
                #"> [2,"StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Charging","timestamp":"\#(time)"}]"#, "< [3,{}]",
            ])
        #expect(pair.outcomes[100]?.isAccepted == true)
        #expect(pair.csms.transactionID(0, connector: 1) == transaction)
        #expect(pair.csms.status(0, connector: 1) == .charging)
    }

    private func stop(_ pair: Pair, at now: Instant) throws {
        let request = try CentralSystemMachine.request(.remoteStopTransaction, with: .object([])).get()
        pair.send(request, token: 101, at: now)
        let log = pair.taken().map { $0.replacing(#/"\d+",/#, with: "") }
        #expect(
            log == [
                #"< [2,"RemoteStopTransaction",{"transactionId":1}]"#, #"> [3,{"status":"Accepted"}]"#, "0x201 1",
                #"> [2,"StopTransaction",{"meterStop":1000,"timestamp":"2000-01-01T00:00:05.000Z","transactionId":1,"reason":"Remote"}]"#, "< [3,{}]",
                #"> [2,"StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Finishing","timestamp":"2000-01-01T00:00:05.000Z"}]"#,
                "< [3,{}]",
            ])
        #expect(pair.outcomes[101]?.isAccepted == true)
        #expect(pair.csms.transactionID(0, connector: 1) == nil)
    }

    @Test("A TxProfile before any transaction, a second start and a stop of nothing are rejected and recorded")
    func illegalCommands() throws {
        let pair = Pair(referenceSettings())
        pair.point(.zero) { point, out in point.start(at: .zero, into: &out) }
        let profile = ChargingProfile(
            id: 1, purpose: .txProfile, kind: .relative,
            schedule: ChargingSchedule(unit: .amperes, periods: [ChargingSchedulePeriod(startPeriod: 0, limitTenths: 100)]))
        pair.log = []
        pair.send(.payload(.setChargingProfile(SetChargingProfile(connectorID: 1, profile: profile))), token: 1, at: .zero)
        #expect(pair.outcomes[1] == .result(.setChargingProfileResult(.rejected)))
        #expect(pair.taken().last == "violation invalidState: SetChargingProfile: a TxProfile for connector 1, where no transaction runs")
        pair.send(.remoteStop(transactionID: nil), token: 2, at: .zero)
        #expect(pair.outcomes[2] == .result(.remoteStopTransactionResult(.rejected)))
        #expect(pair.taken().last == "violation invalidState: RemoteStopTransaction: no transaction 0 runs here")
        let start = CentralSystemRequest.payload(.remoteStartTransaction(RemoteStartTransaction(connectorID: 1, idTag: "A")))
        pair.send(start, token: 3, at: .zero)
        pair.send(start, token: 4, at: .zero)
        #expect(pair.outcomes[3]?.isAccepted == true)
        #expect(pair.outcomes[4] == .result(.remoteStartTransactionResult(.rejected)))
        #expect(pair.taken().last == "violation invalidState: RemoteStartTransaction: a transaction runs on connector 1")
        // While a transaction runs the short form makes a TxProfile of that transaction.
        pair.send(.limit(amperes: 16, connector: 1, stackLevel: 0), token: 5, at: .zero)
        #expect(pair.outcomes[5]?.isAccepted == true)
        #expect(pair.taken()[0].contains(#""transactionId":1,"stackLevel":0,"chargingProfilePurpose":"TxProfile""#))
        #expect(pair.point.limit(connector: 1) == 16)
        // It ends with the transaction.
        pair.send(.remoteStop(transactionID: nil), token: 6, at: .zero)
        #expect(pair.point.limit(connector: 1) == 500)
    }
}
