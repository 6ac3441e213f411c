import JSONText

/// The fields that a central system fills into its requests when a scenario leaves them out.
///
/// Only fields that the standard requires are filled in, and of these only the ones that have a value which most tests want: the connector 1, the next
/// number of a request, the tag `EVSIM`, a time in the near future.
public struct RequestDefaults: Hashable, Sendable {
    /// The next number: of a reservation, a request, a list, a profile.
    public var number: Int
    /// The transaction that runs where the request goes.
    public var transactionID: Int?

    public init(number: Int = 0, transactionID: Int? = nil) {
        self.number = number
        self.transactionID = transactionID
    }

    /// The fields of a request with what was left out.
    public func filled(_ fields: JSONValue, _ action: OCPPAction) -> JSONValue {
        var members = fields.members ?? []
        func add(_ key: String, _ value: JSONValue) {
            if !members.contains(where: { $0.key == key }) { members.append(.init(key, value)) }
        }
        switch action {
        case .cancelReservation: add("reservationId", .integer(Int64(number)))
        case .changeAvailability, .unlockConnector: add("connectorId", 1)
        case .dataTransfer: add("vendorId", "evsim")
        case .getCompositeSchedule:
            add("connectorId", 1)
            add("duration", 3600)
        case .getDiagnostics: add("location", "ftp://files.example/diagnostics/")
        case .getInstalledCertificateIds, .installCertificate: add("certificateType", "CentralSystemRootCertificate")
        case .getLog:
            add("log", ["remoteLocation": "ftp://files.example/logs/"])
            add("logType", "DiagnosticsLog")
            add("requestId", .integer(Int64(number)))
        case .remoteStartTransaction:
            add("connectorId", 1)
            add("idTag", "EVSIM")
            profile(&members, "chargingProfile", purpose: "TxProfile")
        case .reserveNow:
            add("connectorId", 1)
            add("expiryDate", "in 15min")
            add("idTag", "EVSIM")
            add("reservationId", .integer(Int64(number)))
        case .reset: add("type", "Soft")
        case .sendLocalList:
            add("listVersion", .integer(Int64(number)))
            add("updateType", "Full")
        case .setChargingProfile:
            add("connectorId", 1)
            profile(&members, "csChargingProfiles", purpose: nil)
        case .signedUpdateFirmware: add("requestId", .integer(Int64(number)))
        case .updateFirmware:
            add("location", "ftp://files.example/firmware.bin")
            add("retrieveDate", "now")
        default: break
        }
        return .object(members)
    }

    /// Fills in number, level and kind of a charging profile that is given.
    private func profile(_ members: inout [JSONValue.Member], _ key: String, purpose: String?) {
        guard let place = members.firstIndex(where: { $0.key == key }), case .object(var fields) = members[place].value else { return }
        func add(_ key: String, _ value: JSONValue?) {
            if let value, !fields.contains(where: { $0.key == key }) { fields.append(.init(key, value)) }
        }
        add("chargingProfileId", .integer(Int64(number)))
        add("transactionId", transactionID.map { .integer(Int64($0)) })
        add("stackLevel", 0)
        add("chargingProfilePurpose", purpose.map { .string($0) })
        members[place].value = .object(fields)
    }

    /// Whether the fields that are filled in depend on the moment of sending.
    static func dependOnMoment(_ action: OCPPAction, _ fields: JSONValue) -> Bool {
        switch action {
        case .cancelReservation: fields["reservationId"] == nil
        case .getLog, .signedUpdateFirmware: fields["requestId"] == nil
        case .remoteStartTransaction: fields["chargingProfile"] != nil && fields["chargingProfile"]?["chargingProfileId"] == nil
        case .reserveNow: fields["expiryDate"] == nil || fields["reservationId"] == nil
        case .sendLocalList: fields["listVersion"] == nil
        case .setChargingProfile:
            fields["csChargingProfiles"]?["chargingProfileId"] == nil
                || fields["csChargingProfiles"]?["chargingProfilePurpose"] == "TxProfile" && fields["csChargingProfiles"]?["transactionId"] == nil
        case .triggerMessage, .extendedTriggerMessage: true
        case .updateFirmware: fields["retrieveDate"] == nil
        default: false
        }
    }
}

/// Why a request of a scenario is no valid message.
public struct RequestProblems: Error, Hashable, Sendable {
    public var violations: [Violation]

    public init(_ violations: [Violation]) { self.violations = violations }
}

extension OCPPPayload {
    /// The request that a JSON text of official field names stands for, checked against the catalogue; the text may be anything.
    public static func checked(_ action: OCPPAction, _ text: String, isRequest: Bool = true) -> Result<OCPPPayload, RequestProblems> {
        var text = text
        return text.withUTF8 { bytes -> Result<OCPPPayload, RequestProblems> in
            let source = UnsafeRawBufferPointer(bytes)
            var reader = PayloadReader(source, JSONReader(source), isStrict: true, nodes: [])
            do throws(JSONError) {
                try reader.read(action, isRequest: isRequest)
                try reader.reader.end()
            } catch {
                return .failure(RequestProblems([Violation(rule: .text, pointer: error.pointer, value: error.description, expected: "JSON")]))
            }
            guard reader.violations.isEmpty else { return .failure(RequestProblems(reader.violations)) }
            let builder = PayloadBuilder(source: source, nodes: reader.nodes)
            let typed = isRequest ? builder.request(action) : builder.confirmation(action)
            return .success(typed ?? .object(action, text: String(decoding: bytes, as: UTF8.self)))
        }
    }
}
