import JSONText
import OCPP
import Quantities
import ScenarioLanguage

/// Turns the fields of a `send` step into a message of the protocol.
enum MessageFields {
    /// A request of the central system.
    static func request(_ request: MessageRequest) -> Result<CentralSystemRequest, RequestProblems> {
        if let text = request.payload { return .success(.payload(.raw(action: request.action, text: text))) }
        guard let action = OCPPAction(name: request.action) else { return .success(.payload(.raw(action: request.action, text: "{}"))) }
        return CentralSystemMachine.request(action, with: json(request.fields, action))
    }

    /// A message of the charge point; required fields that the step leaves out have sensible values.
    static func payload(_ request: MessageRequest, isFromChargePoint: Bool, time: OCPPTimestamp) -> Result<OCPPPayload, RequestProblems> {
        if let text = request.payload { return .success(.raw(action: request.action, text: text)) }
        guard let action = OCPPAction(name: request.action) else { return .success(.raw(action: request.action, text: "{}")) }
        let members = filled(json(request.fields, action), action, time: time)
        if members.isEmpty, action == .heartbeat { return .success(.empty(.heartbeat)) }
        return OCPPPayload.checked(action, JSONValue.object(members).text())
    }

    /// Fields of a message of a charge point with the required ones that have a sensible value of their own.
    static func filled(_ fields: JSONValue, _ action: OCPPAction, time: OCPPTimestamp) -> [JSONValue.Member] {
        var members = fields.members ?? []
        func add(_ key: String, _ value: JSONValue) {
            if !members.contains(where: { $0.key == key }) { members.append(JSONValue.Member(key, value)) }
        }
        switch action {
        case .authorize: add("idTag", "EVSIM")
        case .bootNotification:
            add("chargePointVendor", "evsim")
            add("chargePointModel", "charge-point")
        case .statusNotification:
            add("connectorId", 1)
            add("errorCode", "NoError")
            add("status", "Available")
        case .startTransaction:
            add("connectorId", 1)
            add("idTag", "EVSIM")
            add("meterStart", 0)
            add("timestamp", .string(time.text))
        case .stopTransaction:
            add("meterStop", 0)
            add("timestamp", .string(time.text))
        default: break
        }
        return members
    }

    /// Fields as JSON: plain numbers and flags become such unless the catalogue wants a text there.
    static func json(_ value: FieldValue, _ action: OCPPAction) -> JSONValue {
        switch value {
        case .text(let text, let quoted):
            if quoted { return .string(text) }
            if text == "true" || text == "false" { return .bool(text == "true") }
            if let parsed = try? JSONValue(parsing: text), parsed.isNumber { return parsed }
            return .string(text)
        case .quantity(let quantity): return .number(decimalText((quantity.value * 10).rounded() / 10))
        case .formula: return .null
        case .list(let items): return .array(items.map { json($0, action) })
        case .object(let entries):
            return .object(
                entries.map { entry in
                    let isText = action.takesText(entry.name)
                    if case .text(let text, _) = entry.value, isText { return JSONValue.Member(entry.name, .string(text)) }
                    return JSONValue.Member(entry.name, json(entry.value, action))
                })
        }
    }
}

extension JSONValue {
    /// Whether it is a number.
    var isNumber: Bool { double != nil && string == nil && bool == nil }
}

extension OCPPAction {
    /// Whether a field is a text wherever it appears, so that `idTag: 1234` needs no quotes.
    func takesText(_ field: String) -> Bool {
        [
            "idTag", "parentIdTag", "vendorId", "messageId", "data", "key", "value", "info", "vendorErrorCode", "location", "chargePointSerialNumber",
            "firmwareVersion",
        ].contains(field)
    }
}

extension Result where Failure == RequestProblems {
    /// The complaints of a failure.
    fileprivate var violations: [Violation] {
        switch self {
        case .success: []
        case .failure(let problems): problems.violations
        }
    }
}

extension RequestProblems {
    /// The first complaint as a sentence.
    var text: String { violations.first?.description ?? "the message is not valid" }
}

/// The messages of the protocols as the language sees them.
enum MessageManifests {
    static let all: [MessageManifest] = OCPPAction.allCases.map { action in
        let sender: MessageManifest.Sender = action == .dataTransfer ? .either : action.isSentByChargePoint ? .chargePoint : .centralSystem
        let needed = violations(action, .object([])).filter { $0.rule == .required }.map(\.pointer)
        return MessageManifest(
            name: action.name.description, protocolName: "OCPP 1.6", sender: sender,
            fields: OCPPPayload.requestFields(action).map { field($0, action, isNeeded: needed.contains("/\($0.name)")) },
            answer: OCPPPayload.confirmationFields(action).map { field($0, action, isNeeded: false) },
            shorthands: action == .setChargingProfile
                ? [("limit", .current, "A limit; makes a TxDefaultProfile when no transaction runs and a TxProfile when one does.")] : [],
            besideShorthands: action == .setChargingProfile ? [MessageFieldManifest("connectorId", .whole), MessageFieldManifest("stackLevel", .whole)] : [],
            about: about[action.name.description] ?? "Message of OCPP 1.6.")
    }

    /// Complaints of the catalogue about the fields of a request; values that only the run knows are left out.
    static func check(_ name: String, _ fields: FieldValue) -> [(path: [String], message: String)] {
        guard let action = OCPPAction(name: name) else { return [] }
        let hasFormulas = fields.containsFormula
        return violations(action, MessageFields.json(withoutFormulas(fields), action)).filter { !(hasFormulas && $0.rule == .required) }.map { violation in
            (violation.pointer.split(separator: "/").map(String.init), violation.description)
        }
    }

    /// Complaints of the catalogue about fields that take the place of some in an answer; those that are left out are the node's own.
    static func checkAnswer(_ name: String, _ fields: FieldValue) -> [(path: [String], message: String)] {
        guard let action = OCPPAction(name: name) else { return [] }
        let given = MessageFields.json(fields, action)
        let resolved = RelativeTime.resolved(given, OCPPPayload.confirmationFields(action), at: OCPPTimestamp(milliseconds: 0))
        return OCPPPayload.checked(action, resolved.text(), isRequest: false).violations.filter { $0.rule != .required }.map { violation in
            (violation.pointer.split(separator: "/").map(String.init), violation.description)
        }
    }

    /// What the catalogue says about the fields that a step gives.
    private static func violations(_ action: OCPPAction, _ value: JSONValue) -> [Violation] {
        if action.isSentByChargePoint && action != .dataTransfer {
            let members = MessageFields.filled(value, action, time: OCPPTimestamp(milliseconds: 0))
            return OCPPPayload.checked(action, JSONValue.object(members).text()).violations
        }
        return CentralSystemMachine.request(action, with: value).violations
    }

    /// A field of the catalogue as the language sees it.
    private static func field(_ field: MessageField, _ action: OCPPAction, isNeeded: Bool) -> MessageFieldManifest {
        MessageFieldManifest(field.name, form(field.form, field.name, action), required: field.isRequired, isNeeded: isNeeded)
    }

    private static func form(_ form: MessageForm, _ name: String, _ action: OCPPAction) -> MessageFieldManifest.Form {
        switch form {
        case .text(let longest): .text(longest: longest, takesNumbers: action.takesText(name))
        case .whole: .whole
        case .tenths: .tenths
        case .flag: .flag
        case .dateTime: .dateTime
        case .uri: .uri
        case .oneOf(let words): .oneOf(words)
        case .object(let fields): .object(fields.map { self.field($0, action, isNeeded: $0.isRequired) })
        case .list(let element, let least): .list(self.form(element, name, action), least: least)
        }
    }

    private static func withoutFormulas(_ value: FieldValue) -> FieldValue {
        switch value {
        case .object(let entries):
            return .object(
                entries.compactMap { entry in
                    if case .formula = entry.value { return nil }
                    return (entry.name, withoutFormulas(entry.value))
                })
        case .list(let items): return .list(items.map(withoutFormulas))
        default: return value
        }
    }

    private static let about: [String: String] = [
        "ChangeAvailability": "Puts a connector out of service, or back into it.",
        "ChangeConfiguration": "Sets a configuration key of a charge point.",
        "ClearCache": "Asks a charge point to forget the tags that it has learnt.",
        "DataTransfer": "Carries data of a vendor in either direction.",
        "GetConfiguration": "Asks for configuration keys with their values; for all when none is named.",
        "Reset": "Restarts a charge point.",
        "UnlockConnector": "Asks a charge point to release a cable.",
        "DiagnosticsStatusNotification": "A charge point reports how the upload of its diagnostics goes.",
        "FirmwareStatusNotification": "A charge point reports how the update of its firmware goes.",
        "GetDiagnostics": "Asks a charge point to upload its diagnostics.",
        "UpdateFirmware": "Asks a charge point to fetch and install firmware.",
        "GetLocalListVersion": "Asks for the version of the local list of tags.",
        "SendLocalList": "Replaces or changes the local list of tags.",
        "CancelReservation": "Ends a reservation.",
        "ReserveNow": "Keeps a connector free for a tag until a date.",
        "GetCompositeSchedule": "Asks which limits all profiles together give.",
        "TriggerMessage": "Asks a charge point to send a message now.",
        "CertificateSigned": "Brings a charge point its signed certificate.",
        "DeleteCertificate": "Removes a certificate from a charge point.",
        "ExtendedTriggerMessage": "Asks a charge point to send a message now, those of the security extension included.",
        "GetInstalledCertificateIds": "Asks which root certificates a charge point has.",
        "GetLog": "Asks a charge point to upload a log.",
        "InstallCertificate": "Gives a charge point a root certificate.",
        "LogStatusNotification": "A charge point reports how the upload of a log goes.",
        "SecurityEventNotification": "A charge point reports an event that matters for security.",
        "SignCertificate": "A charge point asks for a signature under its certificate request.",
        "SignedFirmwareStatusNotification": "A charge point reports how the update of signed firmware goes.",
        "SignedUpdateFirmware": "Asks a charge point to fetch, check and install signed firmware.",
        "Authorize": "A charge point asks whether a tag may charge.", "BootNotification": "A charge point introduces itself after switching on.",
        "ClearChargingProfile": "Removes charging profiles that match all given fields.",
        "Heartbeat": "A charge point shows that it is alive and asks for the time.",
        "MeterValues": "A charge point reports readings of its meter.", "RemoteStartTransaction": "Asks a charge point to start a transaction.",
        "RemoteStopTransaction": "Asks a charge point to stop the running transaction.",
        "SetChargingProfile": "Limits the current or power of a connector over time.",
        "StartTransaction": "A charge point reports that a transaction has begun.", "StatusNotification": "A charge point reports the status of a connector.",
        "StopTransaction": "A charge point reports that a transaction has ended.",
    ]
}
