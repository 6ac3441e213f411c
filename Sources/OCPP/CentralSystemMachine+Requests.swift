import JSONText
import Quantities

extension CentralSystemMachine {
    /// Sends a request to a charge point, now or behind those that wait; `callEnded` with the token tells how it ended.
    public mutating func send(
        _ request: CentralSystemRequest, to connection: Int, token: UInt64, at now: Instant, into out: inout [CentralSystemOutput]
    ) {
        guard connections.indices.contains(connection), connections[connection].isConnected else {
            return out.append(.callEnded(connection: connection, token: token, .dropped))
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
        switch request {
        case .payload(let payload): return payload
        case .remoteStop(let wanted):
            let running = connections[connection].connectors.lazy.compactMap(\.transactionID).first
            return .remoteStopTransaction(transactionID: wanted ?? running ?? connections[connection].lastTransactionID)
        case .limit(let amperes, let connector, let stackLevel):
            lastProfileID += 1
            let running = transactionID(connection, connector: connector)
            let tenths = Int((min(max(amperes.isNaN ? 0 : amperes, -1e9), 1e9) * 10).rounded())
            let schedule = ChargingSchedule(
                startSchedule: time(now), unit: .amperes, periods: [ChargingSchedulePeriod(startPeriod: 0, limitTenths: tenths)])
            let profile = ChargingProfile(
                id: lastProfileID, transactionID: running, stackLevel: stackLevel, purpose: running == nil ? .txDefaultProfile : .txProfile,
                kind: .absolute, schedule: schedule)
            return .setChargingProfile(SetChargingProfile(connectorID: connector, profile: profile))
        }
    }

    /// Makes a request out of official field names, as a scenario gives them; what the catalogue refuses is returned instead.
    ///
    /// SetChargingProfile also takes the short form `limit` (A), with `connectorId` (1) and `stackLevel` (0). RemoteStartTransaction fills in idTag
    /// `EVSIM` and connectorId 1; RemoteStopTransaction without a transactionId stops the transaction that runs when it is sent.
    public static func request(_ action: OCPPAction, with fields: JSONValue) -> Result<CentralSystemRequest, RequestProblems> {
        var members = fields.members ?? []
        func add(_ key: String, _ value: JSONValue) { if fields[key] == nil { members.append(.init(key, value)) } }
        switch action {
        case .setChargingProfile where fields["limit"] != nil: return limit(fields)
        case .remoteStopTransaction where fields["transactionId"] == nil && members.isEmpty: return .success(.remoteStop(transactionID: nil))
        case .remoteStartTransaction:
            add("connectorId", 1)
            add("idTag", "EVSIM")
        default: break
        }
        guard action.isSentByCentralSystem else {
            return .failure(
                RequestProblems([
                    Violation(rule: .enumeration, pointer: "", value: action.name.description, expected: "of an action that a central system sends")
                ]))
        }
        return OCPPPayload.checked(action, JSONValue.object(members).text()).map { .payload($0) }
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
