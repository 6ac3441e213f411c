import JSONText
import Testing

@testable import OCPP

/// The names of an enumeration of the catalogue that a field of a message uses.
private func names(_ object: Int, _ field: String) -> [String]? {
    let catalogue = MessageCatalogue.ocpp16
    for rule in catalogue.objects[object].fields.map({ catalogue.fields[Int($0)] }) where catalogue.name(rule.name) == field {
        return catalogue.enumerations[Int(rule.reference)].map(catalogue.name)
    }
    return nil
}

@Suite("The message catalogue")
struct CatalogueTests {
    @Test("The catalogue is read without a mistake and holds 39 messages with request and confirmation")
    func complete() {
        let catalogue = MessageCatalogue.ocpp16
        #expect(catalogue.mistakes.isEmpty, "\(catalogue.mistakes)")
        #expect(OCPPAction.allCases.count == 39 && OCPPAction.names.count == 39)
        #expect(Set(catalogue.requests).count == 39 && Set(catalogue.confirmations).count == 39)
        #expect(OCPPAction.allCases.count { $0.isSentByChargePoint } == 14)
        #expect(OCPPAction.allCases.count { $0.isSentByCentralSystem } == 26)
    }

    @Test("Typed enumerations have the names of the catalogue in its order")
    func enumerations() {
        let catalogue = MessageCatalogue.ocpp16
        func request(_ action: OCPPAction) -> Int { catalogue.rule(action, isRequest: true) }
        func confirmation(_ action: OCPPAction) -> Int { catalogue.rule(action, isRequest: false) }
        func check<Value: WireEnumeration>(_ type: Value.Type, _ object: Int, _ field: String, line: Int = #line) {
            #expect(names(object, field) == Value.names.map(\.description), "\(type)")
            #expect(Value.allCases.count == Value.names.count, "\(type)")
        }
        check(RegistrationStatus.self, confirmation(.bootNotification), "status")
        check(RemoteStatus.self, confirmation(.remoteStartTransaction), "status")
        check(RemoteStatus.self, confirmation(.remoteStopTransaction), "status")
        check(ChargingProfileStatus.self, confirmation(.setChargingProfile), "status")
        check(ClearChargingProfileStatus.self, confirmation(.clearChargingProfile), "status")
        check(ChargePointErrorCode.self, request(.statusNotification), "errorCode")
        check(ChargePointStatus.self, request(.statusNotification), "status")
        check(StopReason.self, request(.stopTransaction), "reason")
        check(ChargingRateUnit.self, request(.getCompositeSchedule), "chargingRateUnit")
        check(ChargingProfilePurpose.self, request(.clearChargingProfile), "chargingProfilePurpose")
        for object in catalogue.objects.indices {
            if names(object, "chargingProfileKind") != nil {
                check(ChargingProfileKind.self, object, "chargingProfileKind")
                check(RecurrencyKind.self, object, "recurrencyKind")
            }
            if names(object, "measurand") != nil {
                check(Measurand.self, object, "measurand")
                check(ReadingContext.self, object, "context")
                check(MeterPhase.self, object, "phase")
                check(MeterLocation.self, object, "location")
                check(ValueFormat.self, object, "format")
                let units = names(object, "unit") ?? []
                #expect(MeterUnit.names.map(\.description).starts(with: units) && units.count >= 17)
            }
        }
    }

    @Test("A violation names its place, rule, value and error code")
    func violations() {
        func first(_ action: OCPPAction, _ text: String) -> Violation? {
            guard case .failure(let problems) = OCPPPayload.checked(action, text) else { return nil }
            return problems.violations.first
        }
        let meter = #"{"connectorId":1,"meterValue":[{"timestamp":"2025-01-01T00:00:00Z","sampledValue":[{"value":"1"},{"value":16}]}]}"#
        let type = first(.meterValues, meter)
        #expect(type == Violation(rule: .type, pointer: "/meterValue/0/sampledValue/1/value", value: "16", expected: "a string"))
        #expect(type?.code == .typeConstraintViolation)
        #expect(type?.description == "/meterValue/0/sampledValue/1/value must be a string: 16")
        #expect(first(.authorize, "{}")?.description == "/idTag is missing")
        #expect(first(.authorize, #"{"idTag":"a","idTag":"b"}"#)?.description == "/idTag stands twice")
        #expect(first(.authorize, #"{"idTag":"a","x/y":"b"}"#)?.description == "/x~1y is not a field of this message")
        #expect(first(.statusNotification, #"{"connectorId":1,"errorCode":"NoError","status":"Idle"}"#)?.code == .propertyConstraintViolation)
        #expect(first(.remoteStopTransaction, #"{"transactionId":1e400}"#)?.code == .typeConstraintViolation)
        #expect(first(.authorize, "[]")?.description == "the payload must be an object: []")
        #expect(first(.authorize, #"{"idTag":"a""#)?.rule == .text)
    }
}
