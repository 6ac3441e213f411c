import JSONText
import Quantities

extension ChargePointMachine {
    /// Answers a call of the central system.
    mutating func answer(
        _ id: MessageID, _ payload: OCPPPayload, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        // While Rejected the charge point is silent, and so it is before it has been registered at all.
        guard registration != .rejected else { return }
        if let action = payload.action {
            if settings.ignores.contains(action) { return }
            if settings.refuses.contains(action) { return reply(id, error: .notSupported, payload.actionName, &out) }
        }
        switch payload {
        case .setChargingProfile(let request): setProfile(id, request, now, &out)
        case .clearChargingProfile(let filter):
            let status: ClearChargingProfileStatus = smart.clear(filter) ? .accepted : .unknown
            reply(id, .clearChargingProfileResult(status), &out)
            refreshLimits(now, &out)
        case .remoteStartTransaction(let request): remoteStart(id, request, now, meter, &out)
        case .remoteStopTransaction(let transactionID): remoteStop(id, transactionID, now, meter, &out)
        case .empty(let action): answer(id, action, .object([]), now, meter, &out)
        case .object(let action, let text): answer(id, action, (try? JSONValue(parsing: text)) ?? .object([]), now, meter, &out)
        default:
            let code: OCPPErrorCode = payload.action == nil ? .notImplemented : .notSupported
            reply(id, error: code, payload.actionName, &out)
        }
    }

    /// Answers a call that has no typed form.
    private mutating func answer(
        _ id: MessageID, _ action: OCPPAction, _ fields: JSONValue, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        switch action {
        case .changeAvailability: changeAvailability(id, fields, now, &out)
        case .changeConfiguration: changeConfiguration(id, fields, now, &out)
        case .getConfiguration: getConfiguration(id, fields, &out)
        case .clearCache:
            let isEnabled = store.configuration[bool: .authorizationCacheEnabled]
            if isEnabled { store.cache.clear() }
            reply(id, action, isEnabled ? "Accepted" : "Rejected", &out)
        case .dataTransfer: dataTransfer(id, fields, &out)
        case .reset: reset(id, fields, now, meter, &out)
        case .unlockConnector: unlock(id, fields, now, meter, &out)
        case .reserveNow: reserve(id, fields, now, &out)
        case .cancelReservation: cancelReservation(id, fields, now, &out)
        case .getLocalListVersion:
            let version = store.localList.version(isEnabled: store.configuration[bool: .localAuthListEnabled])
            reply(id, .object(action, text: "{\"listVersion\":\(version)}"), &out)
        case .sendLocalList:
            let status = store.localList.apply(
                fields, isEnabled: store.configuration[bool: .localAuthListEnabled], limit: store.configuration[int: .localAuthListMaxLength],
                sendLimit: store.configuration[int: .sendLocalListMaxLength])
            reply(id, action, status.wireName, &out)
        case .getCompositeSchedule: getCompositeSchedule(id, fields, now, &out)
        case .triggerMessage, .extendedTriggerMessage: trigger(id, action, fields, now, meter, &out)
        case .getDiagnostics, .getLog, .updateFirmware, .signedUpdateFirmware: startTransfer(id, action, fields, now, meter, &out)
        case .installCertificate, .deleteCertificate, .getInstalledCertificateIds, .certificateSigned: certificate(id, action, fields, now, &out)
        default: reply(id, error: .notSupported, action.name.description, &out)
        }
    }

    // MARK: Replies

    func reply(_ id: MessageID, _ payload: OCPPPayload, _ out: inout [ChargePointOutput]) { out.append(.send(dressed(.result(id, payload)))) }

    /// A confirmation whose only field is a status.
    func reply(_ id: MessageID, _ action: OCPPAction, _ status: String, _ out: inout [ChargePointOutput]) {
        reply(id, .object(action, text: "{\"status\":\"\(status)\"}"), &out)
    }

    func reply(_ id: MessageID, error code: OCPPErrorCode, _ text: String, _ out: inout [ChargePointOutput]) {
        out.append(.send(dressed(.error(id, CallError(code, text)))))
    }

    // MARK: Remote start and stop

    private mutating func remoteStart(
        _ id: MessageID, _ request: RemoteStartTransaction, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        let wanted = request.connectorID ?? (1...connectors.count).first { canStart($0, request.idTag) } ?? 1
        guard registration == .accepted, connectors.indices.contains(wanted &- 1), canStart(wanted, request.idTag), isUsable(request.chargingProfile)
        else {
            reply(id, .remoteStartTransactionResult(.rejected), &out)
            return out.append(.violation(.invalidState, "RemoteStartTransaction: \(whyNot(wanted))"))
        }
        reply(id, .remoteStartTransactionResult(.accepted), &out)
        connectors[wanted - 1].idTag = request.idTag
        connectors[wanted - 1].parentIdTag = nil
        connectors[wanted - 1].isRemote = true
        connectors[wanted - 1].pendingProfile = request.chargingProfile
        prepare(wanted, authorizing: store.configuration[bool: .authorizeRemoteTxRequests], now, meter, &out)
    }

    private func isUsable(_ profile: ChargingProfile?) -> Bool {
        profile.map { $0.purpose == .txProfile && $0.transactionID == nil } ?? true
    }

    private mutating func remoteStop(
        _ id: MessageID, _ transactionID: Int, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        let found = connectors.indices.first { record($0 + 1)?.transactionID == transactionID }
        guard let found, registration == .accepted else {
            reply(id, .remoteStopTransactionResult(.rejected), &out)
            return out.append(.violation(.invalidState, "RemoteStopTransaction: no transaction \(transactionID) runs here"))
        }
        reply(id, .remoteStopTransactionResult(.accepted), &out)
        stop(found + 1, .remote, nil, now, meter, &out)
    }

    // MARK: Smart charging

    private mutating func setProfile(_ id: MessageID, _ request: SetChargingProfile, _ now: Instant, _ out: inout [ChargePointOutput]) {
        let isAccepted = smart.install(request.profile, connector: request.connectorID)
        reply(id, .setChargingProfileResult(isAccepted ? .accepted : .rejected), &out)
        if isAccepted {
            refreshLimits(now, &out, announcing: request.connectorID)
        } else if request.profile.purpose == .txProfile, !hasTransaction(connector: request.connectorID) {
            out.append(.violation(.invalidState, "SetChargingProfile: a TxProfile for connector \(request.connectorID), where no transaction runs"))
        }
    }

    private mutating func getCompositeSchedule(_ id: MessageID, _ fields: JSONValue, _ now: Instant, _ out: inout [ChargePointOutput]) {
        let connector = fields.whole("connectorId") ?? -1
        let unit = fields["chargingRateUnit"]?.string.flatMap { ChargingRateUnit(name: $0) } ?? (settings.rateUnits.first ?? .amperes)
        let duration = fields.whole("duration") ?? 0
        guard duration >= 0, let periods = smart.composite(connector: connector, duration: duration, unit: unit, at: time(now)) else {
            return reply(id, .getCompositeSchedule, "Rejected", &out)
        }
        var writer = ByteWriter()
        var object = ObjectWriter()
        object.add("status", "Accepted", &writer)
        object.add("connectorId", connector, &writer)
        object.add("scheduleStart", time(now), &writer)
        object.key("chargingSchedule", &writer)
        ChargingSchedule(
            duration: duration, startSchedule: time(now), unit: unit,
            periods: periods.map { ChargingSchedulePeriod(startPeriod: $0.startPeriod, limitTenths: $0.limitTenths, numberPhases: $0.numberPhases) }
        ).encode(&writer)
        object.close(&writer)
        reply(id, .object(.getCompositeSchedule, text: writer.text), &out)
    }

    // MARK: Data transfer

    private func dataTransfer(_ id: MessageID, _ fields: JSONValue, _ out: inout [ChargePointOutput]) {
        let isKnown = settings.vendors.contains(fields["vendorId"]?.string ?? "")
        reply(id, .dataTransfer, isKnown ? "Accepted" : "UnknownVendorId", &out)
    }
}

extension JSONValue {
    /// A member that is an integer.
    func whole(_ key: String) -> Int? { self[key]?.integer.map { Int($0) } }

    /// A member that is a date and time.
    func time(_ key: String) -> OCPPTimestamp? { self[key]?.string.flatMap { OCPPTimestamp(rfc3339: $0) } }
}
