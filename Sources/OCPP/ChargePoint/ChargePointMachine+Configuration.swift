import JSONText
import Quantities

extension ChargePointMemory {
    /// The memory of a charge point that was never switched on.
    public init(_ settings: ChargePointSettings) {
        let connectors = min(max(settings.connectors, 1), 64)
        configuration = settings.initialConfiguration.store
        localList = LocalList()
        cache = AuthorizationCache()
        reservations = ReservationBook()
        queue = TransactionQueue(limit: settings.transactionQueueLimit)
        certificates = CertificateStore(
            limit: configuration[int: .certificateStoreMaxLength], checksSuccession: configuration[bool: .additionalRootCertificateCheck])
        upload = UploadJob(plan: settings.transfers)
        firmware = FirmwareJob(plan: settings.transfers)
        isOperative = Array(repeating: true, count: connectors + 1)
    }
}

extension ChargePointSettings {
    /// The configuration keys that follow from the settings, and what is wrong with them.
    var initialConfiguration: (store: ConfigurationStore, problems: [String]) {
        func seconds(_ duration: Duration) -> String { String(max(duration.nanoseconds, 0) / 1_000_000_000) }
        var overrides: [(key: String, value: String)] = [
            ("ConnectionTimeOut", seconds(connectionTimeout)), ("AuthorizeRemoteTxRequests", authorizesRemote ? "true" : "false"),
            ("TransactionMessageAttempts", String(max(transactionAttempts, 0))), ("TransactionMessageRetryInterval", seconds(transactionRetry)),
            ("HeartbeatInterval", seconds(heartbeatInterval)), ("MeterValueSampleInterval", seconds(meterInterval ?? .zero)),
            ("MinimumStatusDuration", "0"), ("MaxEnergyOnInvalidId", "0"), ("ChargeProfileMaxStackLevel", String(maxStackLevel)),
            ("ChargingScheduleMaxPeriods", String(max(maxSchedulePeriods, 1))), ("MaxChargingProfilesInstalled", String(maxProfiles)),
            ("ChargingScheduleAllowedChargingRateUnit", rateUnits.map { $0 == .amperes ? "Current" : "Power" }.joined(separator: ",")),
            ("MeterValuesSampledData", measurands.map(\.name.description).joined(separator: ",")),
        ]
        overrides += configuration
        do {
            return (try ConfigurationStore(profiles: features, connectors: connectors, overrides: overrides), [])
        } catch {
            return (ConfigurationStore.standard, error.problems)
        }
    }
}

extension ChargePointMachine {
    /// Takes over what the configuration says.
    mutating func applyConfiguration() {
        let configuration = store.configuration
        samplers.configure(configuration, settings)
        // The setting may be finer than the whole seconds of the key.
        let initial = settings.meterInterval ?? .zero
        let seconds = configuration[int: .meterValueSampleInterval]
        meterPeriod = seconds == Int(initial.nanoseconds / 1_000_000_000) ? initial : .seconds(Int64(min(seconds, 10_000_000)))
        alignedPeriod = .seconds(Int64(min(configuration[int: .clockAlignedDataInterval], 86_400)))
        heartbeatPeriod = .seconds(Int64(min(configuration[int: .heartbeatInterval], 10_000_000)))
        smart.station.maxStackLevel = configuration[int: .chargeProfileMaxStackLevel]
        smart.station.maxPeriods = configuration[int: .chargingScheduleMaxPeriods]
        smart.station.maxInstalled = configuration[int: .maxChargingProfilesInstalled]
        let units = configuration[list: .chargingScheduleAllowedChargingRateUnit]
        smart.station.units = (units.contains("Current") ? [.amperes] : []) + (units.contains("Power") ? [.watts] : [])
    }

    mutating func changeConfiguration(_ id: MessageID, _ fields: JSONValue, _ now: Instant, _ out: inout [ChargePointOutput]) {
        let key = fields["key"]?.string ?? ""
        let before = (meterPeriod, alignedPeriod, heartbeatPeriod)
        let status = store.configuration.change(key: key, value: fields["value"]?.string ?? "")
        reply(id, .changeConfiguration, status.wireName, &out)
        guard status == .accepted else { return }
        applyConfiguration()
        if before.0 != meterPeriod, hasRegistered { scheduleMeter(now, &out) }
        if before.1 != alignedPeriod, hasRegistered { scheduleAligned(now, &out) }
        if before.2 != heartbeatPeriod, hasRegistered {
            out.append(heartbeatPeriod > .zero ? .setTimer(.heartbeat, now + heartbeatPeriod) : .cancelTimer(.heartbeat))
        }
        switch ConfigurationKey(name: key) {
        case .authorizationKey, .securityProfile:
            noteSecurity("ReconfigurationOfSecurityParameters", key, now, &out)
            reconnectSoon(now, &out)
        default: break
        }
    }

    /// The connection is opened anew once the confirmation is out, so that new security parameters act.
    private mutating func reconnectSoon(_ now: Instant, _ out: inout [ChargePointOutput]) {
        pendingReconnect = true
        out.append(.setTimer(.connect, now + .seconds(1)))
    }

    /// Closes the connection and opens another one.
    mutating func connectTimer(_ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        if pendingReconnect, isConnected {
            dropConnection(now, meter, &out)
            out.append(.disconnect)
            attempt = 1
        }
        pendingReconnect = false
        if !isConnected { out.append(.connect(attempt: max(attempt, 1))) }
    }

    func getConfiguration(_ id: MessageID, _ fields: JSONValue, _ out: inout [ChargePointOutput]) {
        let names = fields["key"]?.array.map { $0.compactMap(\.string) }
        if let names, store.configuration.isTooMany(names) {
            let most = store.configuration[int: .getConfigurationMaxKeys]
            return reply(id, error: .occurenceConstraintViolation, "at most \(most) keys may be asked for", &out)
        }
        reply(id, .object(.getConfiguration, text: store.configuration.answer(matching: names).text()), &out)
    }
}

extension ConfigurationStore {
    /// The usual values of a charge point with one connector.
    fileprivate static let standard: ConfigurationStore = {
        guard let store = try? ConfigurationStore() else { preconditionFailure("the usual values fit their keys") }
        return store
    }()
}
