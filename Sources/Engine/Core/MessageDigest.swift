import OCPP

extension OCPPMessage {
    /// A number that tells messages of one kind apart, for the fingerprint.
    var digest: UInt64 {
        switch self {
        case .call(let id, let payload): id.digest &* 3 &+ payload.digest
        case .result(let id, let payload): id.digest &* 5 &+ payload.digest
        case .error(let id, let error): id.digest &* 7 &+ UInt64(error.code.name.utf8.reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) })
        case .frame(let bytes): bytes.reduce(UInt64(1)) { $0 &* 31 &+ UInt64($1) }
        }
    }
}

extension MessageID {
    fileprivate var digest: UInt64 {
        switch self {
        case .number(let number): UInt64(bitPattern: Int64(number))
        case .text(let text): text.utf8.reduce(UInt64(1)) { $0 &* 31 &+ UInt64($1) }
        }
    }
}

extension OCPPPayload {
    /// The values that matter for what happens next.
    fileprivate var digest: UInt64 {
        switch self {
        case .startTransaction(let start): UInt64(bitPattern: Int64(start.meterStart))
        case .stopTransaction(let stop): UInt64(bitPattern: Int64(stop.meterStop)) &* 31 &+ UInt64(bitPattern: Int64(stop.transactionID))
        case .startTransactionResult(_, let id): UInt64(bitPattern: Int64(id))
        case .statusNotification(let status): UInt64(status.status.rawValue) << 8 | UInt64(bitPattern: Int64(status.connectorID)) & 0xFF
        case .remoteStopTransaction(let id): UInt64(bitPattern: Int64(id))
        case .setChargingProfile(let set): set.profile.schedule.periods.reduce(UInt64(17)) { $0 &* 31 &+ UInt64(bitPattern: Int64($1.limitTenths)) }
        case .meterValues(let values): values.digest
        default: 0
        }
    }
}

extension MeterValues {
    fileprivate var digest: UInt64 { UInt64(bitPattern: Int64(connectorID)) &* 31 &+ UInt64(bitPattern: Int64(value.first?.mantissa ?? 0)) }
}
