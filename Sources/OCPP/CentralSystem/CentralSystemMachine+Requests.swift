import JSONText
import Quantities

extension CentralSystemMachine {
    /// Sends a request to a charge point, now or behind those that wait; `callEnded` with the token tells how it ended.
    ///
    /// A charge point whose registration was rejected is not called, unless with a payload that is sent exactly as written.
    public mutating func send(
        _ request: CentralSystemRequest, to connection: Int, token: UInt64, at now: Instant, into out: inout [CentralSystemOutput]
    ) {
        guard isConnected(connection) else { return out.append(.callEnded(connection: connection, token: token, .dropped)) }
        if connections[connection].registration == .rejected, !request.isRaw {
            return out.append(.callEnded(connection: connection, token: token, .notRegistered))
        }
        switch connections[connection].session.submit(payload(request, connection, now), token: token, at: now) {
        case .send(let message):
            out.append(.send(connection: connection, message))
            if let deadline = connections[connection].session.timerToSet() { out.append(.setTimer(connection: connection, deadline)) }
        case .queued: break
        case .refused:
            out.append(.violation(connection: connection, .queueFull, "\(settings.queueLimit) calls wait"))
            out.append(.callEnded(connection: connection, token: token, .dropped))
        }
    }

    /// The payload that a request stands for at this instant.
    private mutating func payload(_ request: CentralSystemRequest, _ connection: Int, _ now: Instant) -> OCPPPayload {
        let point = connections[connection].point
        switch request {
        case .payload(let payload): return payload
        case .remoteStop(let wanted):
            let running = memory.chargePoints[point].connectors.lazy.compactMap(\.transactionID).first
            return .remoteStopTransaction(transactionID: wanted ?? running ?? memory.chargePoints[point].lastTransactionID)
        case .limit(let amperes, let connector, let stackLevel):
            memory.lastProfileID += 1
            let running = transactionID(connection, connector: connector)
            let tenths = Int((min(max(amperes.isNaN ? 0 : amperes, -1e9), 1e9) * 10).rounded())
            let schedule = ChargingSchedule(
                startSchedule: time(now), unit: .amperes, periods: [ChargingSchedulePeriod(startPeriod: 0, limitTenths: tenths)])
            let profile = ChargingProfile(
                id: memory.lastProfileID, transactionID: running, stackLevel: stackLevel, purpose: running == nil ? .txDefaultProfile : .txProfile,
                kind: .absolute, schedule: schedule)
            return .setChargingProfile(SetChargingProfile(connectorID: connector, profile: profile))
        case .template(let action, let fields):
            let filled = fill(fields, action, connection)
            noteTrigger(action, filled, connection)
            let resolved = RelativeTime.resolved(filled, OCPPPayload.requestFields(action), at: time(now))
            let text = resolved.text()
            switch OCPPPayload.checked(action, text) {
            case .success(let payload): return payload
            case .failure: return .raw(action: action.name.description, text: text)
            }
        }
    }

    /// While a registration is pending, a charge point may send what a trigger asks for.
    private mutating func noteTrigger(_ action: OCPPAction, _ fields: JSONValue, _ connection: Int) {
        guard action == .triggerMessage || action == .extendedTriggerMessage, let name = fields["requestedMessage"]?.string else { return }
        let asked = name == "SignChargePointCertificate" ? OCPPAction.signCertificate : OCPPAction(name: name)
        if let asked { connections[connection].triggered |= 1 << UInt64(asked.rawValue) }
    }

    // MARK: Fields that are filled in

    /// The fields with those that only the moment of sending knows.
    private mutating func fill(_ fields: JSONValue, _ action: OCPPAction, _ connection: Int) -> JSONValue {
        let record = memory.chargePoints[connections[connection].point]
        func lacks(_ key: String) -> Bool { fields[key] == nil }
        var known = RequestDefaults()
        switch action {
        case .reserveNow where lacks("reservationId"):
            memory.lastReservationID += 1
            known.number = memory.lastReservationID
        case .cancelReservation: known.number = record.reservations.last?.id ?? memory.lastReservationID
        case .getLog, .signedUpdateFirmware:
            if lacks("requestId") { memory.lastRequestID += 1 }
            known.number = memory.lastRequestID
        case .sendLocalList: known.number = (record.localListVersion ?? 0) + 1
        case .setChargingProfile where fields["csChargingProfiles"]?["chargingProfileId"] == nil:
            memory.lastProfileID += 1
            known.number = memory.lastProfileID
        case .remoteStartTransaction where fields["chargingProfile"] != nil && fields["chargingProfile"]?["chargingProfileId"] == nil:
            memory.lastProfileID += 1
            known.number = memory.lastProfileID
        default: break
        }
        if action == .setChargingProfile, fields["csChargingProfiles"]?["chargingProfilePurpose"]?.string == "TxProfile" {
            let connector = fields["connectorId"]?.integer.flatMap { Int(exactly: $0) } ?? 1
            known.transactionID = transactionID(connection, connector: connector)
        }
        return known.filled(fields, action)
    }

    /// Makes a request out of official field names, as a scenario gives them; what the catalogue refuses is returned instead.
    ///
    /// Required fields that have a sensible value of their own may be left out: see ``RequestDefaults``. SetChargingProfile also takes the short form
    /// `limit` (A), with `connectorId` (1) and `stackLevel` (0). RemoteStopTransaction without a transactionId stops the transaction that runs when it
    /// is sent. Fields that hold a date and time take ``RelativeTime`` too.
    public static func request(_ action: OCPPAction, with fields: JSONValue) -> Result<CentralSystemRequest, RequestProblems> {
        let fields = fields.members == nil ? JSONValue.object([]) : fields
        switch action {
        case .setChargingProfile where fields["limit"] != nil: return limit(fields)
        case .remoteStopTransaction where (fields.members ?? []).isEmpty: return .success(.remoteStop(transactionID: nil))
        default: break
        }
        guard action.isSentByCentralSystem else {
            return .failure(
                RequestProblems([
                    Violation(rule: .enumeration, pointer: "", value: action.name.description, expected: "of an action that a central system sends")
                ]))
        }
        let filled = RequestDefaults(number: 1).filled(fields, action)
        let resolved = RelativeTime.resolved(filled, OCPPPayload.requestFields(action), at: OCPPTimestamp(milliseconds: 0))
        return OCPPPayload.checked(action, resolved.text()).map { payload in
            // What is filled in at the moment of sending, or means another time then, stays as it was given.
            RequestDefaults.dependOnMoment(action, fields) || RelativeTime.occurs(in: fields) ? .template(action, fields) : .payload(payload)
        }
    }

    /// The short form of SetChargingProfile.
    private static func limit(_ fields: JSONValue) -> Result<CentralSystemRequest, RequestProblems> {
        var violations: [Violation] = []
        func integer(_ key: String, _ otherwise: Int) -> Int {
            guard let value = fields[key] else { return otherwise }
            if let number = value.integer { return Int(number) }
            violations.append(Violation(rule: .type, pointer: "/" + key, value: value.text(), expected: "an integer"))
            return otherwise
        }
        for member in fields.members ?? [] where !["limit", "connectorId", "stackLevel"].contains(member.key) {
            violations.append(Violation(rule: .unknownField, pointer: "/" + member.key, value: member.value.text(), expected: ""))
        }
        let (connector, stackLevel) = (integer("connectorId", 1), integer("stackLevel", 0))
        let limit = fields["limit"]?.double
        if limit == nil {
            violations.append(Violation(rule: .type, pointer: "/limit", value: fields["limit"]?.text() ?? "", expected: "a number of amperes"))
        }
        guard violations.isEmpty, let limit else { return .failure(RequestProblems(violations)) }
        return .success(.limit(amperes: limit, connector: connector, stackLevel: stackLevel))
    }
}

extension CentralSystemRequest {
    /// Whether it is sent exactly as written.
    fileprivate var isRaw: Bool { if case .payload(.raw) = self { true } else { false } }
}
