import JSONText
import Quantities
import Testing

@testable import OCPP

/// Makes messages of every typed kind with random content.
private struct MessageMaker {
    var random: TestRandom

    mutating func int(_ range: ClosedRange<Int> = -5...1_000_000) -> Int { Int.random(in: range, using: &random) }
    mutating func maybe<Value>(_ value: Value) -> Value? { Bool.random(using: &random) ? value : nil }
    mutating func one<Value: WireEnumeration>(_ type: Value.Type) -> Value { Value.allCases.randomElement(using: &random) ?? Value.allCases.first! }
    mutating func time() -> OCPPTimestamp {
        OCPPTimestamp(milliseconds: Int64.random(in: -62_167_219_200_000...253_402_300_799_999, using: &random))
    }
    mutating func text(_ length: Int = 20) -> String {
        let alphabet: [Character] = ["a", "Z", "0", "\"", "\\", "\n", "\u{1}", "é", "漢", "🚗", "/", " "]
        return String((0..<int(0...length)).map { _ in alphabet.randomElement(using: &random) ?? "a" })
    }
    mutating func info() -> IdTagInfo { IdTagInfo(status: one(AuthorizationStatus.self), expiryDate: maybe(time()), parentIdTag: maybe(text())) }
    mutating func profile() -> ChargingProfile {
        let schedule = ChargingSchedule(
            duration: maybe(int()), startSchedule: maybe(time()), unit: one(ChargingRateUnit.self),
            periods: (0..<int(0...3)).map { _ in ChargingSchedulePeriod(startPeriod: int(), limitTenths: int(), numberPhases: maybe(int(1...3))) },
            minChargingRateTenths: maybe(int()))
        return ChargingProfile(
            id: int(), transactionID: maybe(int()), stackLevel: int(), purpose: one(ChargingProfilePurpose.self), kind: one(ChargingProfileKind.self),
            recurrency: maybe(one(RecurrencyKind.self)), validFrom: maybe(time()), validTo: maybe(time()), schedule: schedule)
    }
    mutating func sample(units: Int = 18) -> SampledValue {
        var sample = SampledValue(mantissa: int(-1_000_000...1_000_000), scale: UInt8(int(0...6)))
        if int(0...4) == 0 { sample = SampledValue(mantissa: 0) }
        if int(0...4) == 0 { sample.text = SampledValue.Text(["1e3", "+1", "007", "", "signed é", "-0", "1.", ".5"].randomElement(using: &random) ?? "") }
        sample.context = maybe(one(ReadingContext.self))
        sample.format = maybe(one(ValueFormat.self))
        sample.measurand = maybe(one(Measurand.self))
        sample.phase = maybe(one(MeterPhase.self))
        sample.location = maybe(one(MeterLocation.self))
        sample.unit = maybe(MeterUnit(rawValue: UInt8(int(0...units - 1))) ?? .watts)
        if sample.text != nil { (sample.mantissa, sample.scale) = (0, 0) }
        return sample
    }
    mutating func value(units: Int = 18) -> MeterValue {
        MeterValue(timestamp: time(), first: sample(units: units), others: (0..<int(0...3)).map { _ in sample(units: units) })
    }
    mutating func id() -> MessageID { Bool.random(using: &random) ? .number(int(0...1_000_000_000)) : MessageID(text(20)) }

    mutating func request() -> OCPPPayload {
        switch int(0...10) {
        case 0: return .authorize(idTag: text())
        case 1:
            var boot = BootNotification(vendor: text(), model: text(), serialNumber: maybe(text()), firmwareVersion: maybe(text(40)))
            boot.iccid = maybe(text())
            boot.imsi = maybe(text())
            boot.chargeBoxSerialNumber = maybe(text())
            boot.meterType = maybe(text())
            boot.meterSerialNumber = maybe(text())
            return .bootNotification(boot)
        case 2:
            return .clearChargingProfile(
                ClearChargingProfile(
                    id: maybe(int()), connectorID: maybe(int()), purpose: maybe(one(ChargingProfilePurpose.self)), stackLevel: maybe(int())))
        case 3: return .empty(.heartbeat)
        case 4:
            return .meterValues(
                MeterValues(connectorID: int(), transactionID: maybe(int()), value: value(), further: (0..<int(0...2)).map { _ in value() }))
        case 5: return .remoteStartTransaction(RemoteStartTransaction(connectorID: maybe(int()), idTag: text(), chargingProfile: maybe(profile())))
        case 6: return .remoteStopTransaction(transactionID: int())
        case 7: return .setChargingProfile(SetChargingProfile(connectorID: int(), profile: profile()))
        case 8:
            return .startTransaction(
                StartTransaction(connectorID: int(), idTag: text(), meterStart: int(), reservationID: maybe(int()), timestamp: time()))
        case 9:
            let details = maybe(StatusNotification.Details(info: text(50), vendorID: maybe(text()), vendorErrorCode: maybe(text())))
            return .statusNotification(
                StatusNotification(
                    connectorID: int(), errorCode: one(ChargePointErrorCode.self), status: one(ChargePointStatus.self), timestamp: maybe(time()),
                    details: details))
        default:
            return .stopTransaction(
                StopTransaction(
                    idTag: maybe(text()), meterStop: int(), timestamp: time(), transactionID: int(), reason: maybe(one(StopReason.self)),
                    transactionData: maybe((0..<int(0...2)).map { _ in value(units: 17) })))
        }
    }

    mutating func confirmation() -> OCPPPayload {
        switch int(0...10) {
        case 0: .authorizeResult(info())
        case 1: .bootNotificationResult(BootNotificationResult(status: one(RegistrationStatus.self), currentTime: time(), interval: int()))
        case 2: .clearChargingProfileResult(one(ClearChargingProfileStatus.self))
        case 3: .heartbeatResult(currentTime: time())
        case 4: .empty(.meterValues)
        case 5: .remoteStartTransactionResult(one(RemoteStatus.self))
        case 6: .remoteStopTransactionResult(one(RemoteStatus.self))
        case 7: .setChargingProfileResult(one(ChargingProfileStatus.self))
        case 8: .startTransactionResult(info(), transactionID: int())
        case 9: .empty(.statusNotification)
        default: .stopTransactionResult(maybe(info()))
        }
    }
}

@Suite("Encoding and decoding")
struct CodecTests {
    @Test("Decoding what was encoded gives the same message, for 3000 random messages of every kind", arguments: [1, 2, 3] as [UInt64])
    func identity(seed: UInt64) {
        var maker = MessageMaker(random: TestRandom(seed: seed))
        var decoders = [MessageDecoder(role: .chargePoint), MessageDecoder(role: .centralSystem)]
        for round in 0..<1000 {
            let payload = round % 2 == 0 ? maker.request() : maker.confirmation()
            let id = maker.id()
            let message: OCPPMessage = round % 2 == 0 ? .call(id, payload) : .result(id, payload)
            let role = payload.action?.isSentByCentralSystem == true ? 0 : 1
            let found = decoders[role].decode(message.bytes) { _ in payload.action.map { .known($0) } }
            guard found == .message(message) else {
                Issue.record("seed \(seed), round \(round): \(message.string) became \(found)")
                return
            }
        }
        let error = OCPPMessage.error(.text("x\"y"), CallError(.other("Odd"), "a\nb", details: #"{"a":[1,2]}"#))
        let found = decoders[0].decode(error.bytes) { _ in .known(.heartbeat) }
        #expect(found == .message(error))
    }

    @Test("Random bytes and broken messages never crash a decoder or a machine", arguments: [11, 12] as [UInt64])
    func noCrash(seed: UInt64) {
        var maker = MessageMaker(random: TestRandom(seed: seed))
        var machine = ChargePointMachine(referenceSettings(), epoch: 0)
        var csms = CentralSystemMachine(.init(), epoch: 0)
        let connection = csms.connect(identity: "cp")
        let meter = TestMeter()
        for round in 0..<2000 {
            var bytes = (round % 2 == 0 ? OCPPMessage.call(maker.id(), maker.request()) : .result(.number(1), maker.confirmation())).bytes
            for _ in 0..<maker.int(1...4) where !bytes.isEmpty {
                let place = maker.int(0...bytes.count - 1)
                switch maker.int(0...3) {
                case 0: bytes[place] = UInt8(maker.int(0...255))
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: Array("{}[]\",:\\u-1e9".utf8).shuffled(using: &maker.random).prefix(3), at: place)
                default: bytes.removeSubrange(place...)
                }
            }
            var out: [ChargePointOutput] = []
            var other: [CentralSystemOutput] = []
            machine.receive(.frame(bytes), at: .zero, meter: meter, into: &out)
            csms.receive(.frame(bytes), from: connection, at: .zero, into: &other)
        }
    }

    @Test("Timestamps are written with milliseconds and Z, and read with any offset and number of decimals")
    func timestamps() {
        #expect(OCPPTimestamp(epoch: 946_684_800, Instant(nanoseconds: 3_500_999_999)).text == "2000-01-01T00:00:03.500Z")
        #expect(OCPPTimestamp(epoch: 0, Instant(nanoseconds: -1)).text == "1969-12-31T23:59:59.999Z")
        #expect(OCPPTimestamp(epoch: .max, .zero).text == "9999-12-31T23:59:59.999Z")
        #expect(OCPPTimestamp(epoch: .min, .zero).text == "0000-01-01T00:00:00.000Z")
        #expect(OCPPTimestamp(rfc3339: "2024-02-29T23:59:60Z")?.text == "2024-03-01T00:00:00.000Z")
        #expect(OCPPTimestamp(rfc3339: "2025-01-01T01:00:00.1239+01:00")?.text == "2025-01-01T00:00:00.123Z")
        #expect(OCPPTimestamp(rfc3339: "2025-01-01t01:00:00z") != nil)
        for wrong in [
            "", "2025-01-01", "2025-01-01T00:00:00", "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-01-01T24:00:00Z", "2025-01-01T00:60:00Z",
            "2025-01-01T00:00:00.Z", "2025-01-01 00:00:00Z", "2025-01-01T00:00:00+1:00", "2025-01-01T00:00:00ZZ", "222222017-10-27T19:10:11Z", "1000000",
        ] {
            #expect(OCPPTimestamp(rfc3339: wrong) == nil, "\(wrong)")
        }
        var random = TestRandom(seed: 9)
        for _ in 0..<2000 {
            let days = Int.random(in: -800_000...3_000_000, using: &random)
            let date = OCPPTimestamp.date(days: days)
            let back = OCPPTimestamp.days(year: date.year, month: date.month, day: date.day)
            #expect(back == days)
        }
        let instant = Instant(nanoseconds: 86_400_000_000_000)
        #expect(OCPPTimestamp(epoch: 1_700_000_000, instant).instant(epoch: 1_700_000_000) == instant)
    }

    @Test("Requests are made from official field names, with defaults and the short form of a limit")
    func requests() throws {
        #expect(try CentralSystemMachine.request(.setChargingProfile, with: ["limit": 100]).get() == .limit(amperes: 100, connector: 1, stackLevel: 0))
        #expect(
            try CentralSystemMachine.request(.remoteStopTransaction, with: ["transactionId": 7]).get() == .payload(.remoteStopTransaction(transactionID: 7)))
        #expect(
            try CentralSystemMachine.request(.remoteStartTransaction, with: ["idTag": "X"]).get()
                == .payload(.remoteStartTransaction(RemoteStartTransaction(connectorID: 1, idTag: "X"))))
        #expect(try CentralSystemMachine.request(.reset, with: ["type": "Soft"]).get() == .payload(.object(.reset, text: #"{"type":"Soft"}"#)))
        func problems(_ action: OCPPAction, _ fields: JSONValue) -> [String] {
            if case .failure(let problems) = CentralSystemMachine.request(action, with: fields) { problems.violations.map(\.description) } else { [] }
        }
        #expect(
            problems(.setChargingProfile, ["limit": "much", "connector": 1]) == [
                "/connector is not a field of this message", "/limit must be a number of amperes: \"much\"",
            ])
        #expect(problems(.reset, ["type": "Firm"]) == ["/type must be one of Hard, Soft: \"Firm\""])
        #expect(problems(.heartbeat, .object([])) == ["the payload must be of an action that a central system sends: Heartbeat"])
    }
}
