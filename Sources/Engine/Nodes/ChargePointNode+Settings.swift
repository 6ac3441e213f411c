import OCPP
import Quantities

extension ChargePointNode {
    /// The name under which a charge point speaks OCPP, which its address ends with: its setting, or its own name.
    static func identity(_ context: NodeContext) -> String {
        if let own = context.text("identity"), !own.isEmpty { own } else { context.name }
    }

    /// The settings of the machine; throws when they do not fit together.
    static func settings(_ context: NodeContext) throws(RunFailure) -> ChargePointSettings {
        let onBus = context.bus("bus") != nil
        var settings = ChargePointSettings(identity: identity(context))
        settings.vendor = context.text("vendor") ?? "evsim"
        settings.model = context.text("model") ?? "charge-point"
        settings.serialNumber = context.text("serial_number")
        settings.boxSerialNumber = context.text("box_serial_number")
        settings.firmwareVersion = context.text("firmware_version")
        settings.iccid = context.text("iccid")
        settings.imsi = context.text("imsi")
        settings.meterType = context.text("meter_type")
        settings.meterSerialNumber = context.text("meter_serial_number")
        settings.connectors = context.choice("connectors") ?? 1
        settings.maxCurrent = context.number("max_current") ?? (onBus ? 500 : 32)
        settings.minCurrent = context.number("min_current") ?? (onBus ? 0 : 6)
        settings.phases = onBus ? 1 : context.choice("phases") ?? 3
        settings.voltage = context.number("voltage") ?? (onBus ? 400 : 230)
        settings.meterInterval = context.duration("meter_every") ?? .seconds(60)
        settings.metersAlways = onBus
        settings.assumesVehicle = context.flag("plugged")
        settings.hasLock = context.flag("lock")
        settings.authorizesRemote = context.flag("authorize_remote")
        let measurands =
            context.texts("measurands") ?? (onBus ? ["Current.Import"] : ["Energy.Active.Import.Register", "Current.Import", "Power.Active.Import"])
        settings.measurands = measurands.compactMap { Measurand(name: $0) }
        settings.seed = context.simulation.scenario.run.seed
        connection(&settings, context)
        transfers(&settings, context)
        try configuration(&settings, context)
        if let problem = settings.problems.first {
            throw RunFailure(code: .badNode, message: "\(context.name): \(problem)", span: nil, time: nil)
        }
        return settings
    }

    private static func connection(_ settings: inout ChargePointSettings, _ context: NodeContext) {
        settings.rebootTime = context.duration("reboot_time") ?? .seconds(10)
        settings.reconnectWait = context.duration("reconnect_after") ?? .seconds(1)
        settings.reconnectLimit = context.duration("reconnect_limit") ?? .seconds(64)
        settings.reconnectJitter = context.number("reconnect_jitter") ?? 0.5
        settings.callTimeout = context.duration("call_timeout") ?? .seconds(30)
        settings.timeoutsBeforeReconnect = context.choice("give_up_after") ?? 0
        settings.setsClock = context.flag("sets_clock")
        settings.heartbeatsAlways = context.flag("heartbeat_always")
        settings.closesWhenRejected = context.flag("close_when_rejected")
        settings.transactionQueueLimit = context.choice("queue_limit") ?? 1000
        settings.reportsSecurityEvents = context.flag("security_events")
        settings.vendors = context.texts("vendors") ?? []
        settings.refuses = (context.texts("refuses") ?? []).compactMap { OCPPAction(name: $0) }
        settings.ignores = (context.texts("ignores") ?? []).compactMap { OCPPAction(name: $0) }
        for name in context.texts("quirks") ?? [] { if let quirk = ChargePointQuirks(name: name) { settings.quirks.insert(quirk) } }
    }

    private static func transfers(_ settings: inout ChargePointSettings, _ context: NodeContext) {
        settings.transfers.downloadTime = context.duration("download_time") ?? .seconds(30)
        settings.transfers.installTime = context.duration("install_time") ?? .seconds(30)
        settings.transfers.uploadTime = context.duration("upload_time") ?? .seconds(10)
        settings.transfers.newVersion = context.text("new_firmware_version")
        plan(&settings.transfers, context.choice("firmware_result") ?? 0)
        if context.choice("upload_result") == 1 { settings.transfers.failingUploads = .max }
    }

    /// Lets firmware updates end as the words of `firmware_result` say.
    static func plan(_ plan: inout FileTransferPlan, _ result: Int) {
        plan.failingDownloads = result == 1 ? .max : 0
        plan.installation = result == 2 ? .fails : result == 3 ? .failsVerification : .succeeds
        plan.signatureIsValid = result != 4
        plan.signingCertificate = result == 5 ? .invalid : result == 6 ? .revoked : .valid
    }

    /// What firmware updates come to, in the order of the places that ``plan(_:_:)`` knows.
    static let firmwareResults = [
        "installed", "download-fails", "installation-fails", "verification-fails", "invalid-signature", "invalid-certificate", "revoked-certificate",
    ]

    private static func configuration(_ settings: inout ChargePointSettings, _ context: NodeContext) throws(RunFailure) {
        for entry in context.texts("configuration") ?? [] {
            guard let sign = entry.firstIndex(of: "=") else {
                throw RunFailure(
                    code: .badNode, message: "\(context.name): 'configuration' takes entries like \"HeartbeatInterval=60\", not \"\(entry)\"", span: nil,
                    time: nil)
            }
            settings.configuration.append((String(entry[..<sign]), String(entry[entry.index(after: sign)...])))
        }
    }
}
