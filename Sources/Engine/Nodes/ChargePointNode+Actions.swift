import OCPP
import Quantities
import ScenarioLanguage

/// What people and the world do to a charge point: the verb `do`.
extension ChargePointNode {
    /// Does what a step says.
    func act(_ action: ActionCall) {
        let connector = action.whole("connector") ?? 1
        guard !actOnSupply(action) else { return }
        switch action.name {
        case "plug", "unplug", "present", "stop", "suspend", "resume", "lock-failure", "fault", "clear-fault":
            guard action.name.hasSuffix("fault") && connector == 0 || plants.indices.contains(connector - 1) || action.name == "present" else {
                return simulation.invalidState(name, "\(action.name): there is no connector \(connector)")
            }
            performAtConnector(action, connector)
        case "emergency-stop": drive { $0.emergencyStop(at: now, meter: self, into: &$1) }
        case "power-off": if isPowered { switchOff(for: action.duration("for")) }
        case "power-on": if !isPowered { switchOn() }
        case "kill": if isPowered { kill(for: action.duration("for") ?? settings.rebootTime) }
        case "disconnect": setNetworkCable(true)
        case "reconnect": setNetworkCable(false)
        case "security-event":
            drive { $0.securityEvent(action.text("type") ?? "TamperDetectionActivated", techInfo: action.text("info"), at: now, into: &$1) }
        case "firmware-result":
            var plan = settings.transfers
            Self.plan(&plan, action.whole("result") ?? 0)
            drive { machine, _ in machine.setTransferPlan(plan) }
        default: break
        }
    }

    private func performAtConnector(_ action: ActionCall, _ connector: Int) {
        switch action.name {
        case "plug": plug(nil, target: 1, connector: connector, idTag: action.text("id_tag"))
        case "unplug": unplug(connector: connector)
        case "present":
            drive { $0.presentTag(action.text("id_tag") ?? "EVSIM", connector: action.whole("connector"), at: now, meter: self, into: &$1) }
        case "stop": drive { $0.localStop(connector: connector, at: now, meter: self, into: &$1) }
        case "suspend": setPaused(true, connector)
        case "resume": setPaused(false, connector)
        case "lock-failure": drive { $0.setLockFailure(!action.flag("repaired"), connector: connector, at: now, into: &$1) }
        case "fault":
            let code = ChargePointErrorCode(rawValue: UInt8(clamping: Self.faultCodes[action.whole("error") ?? 0])) ?? .otherError
            drive {
                $0.setFault(
                    connector: connector, code, info: action.text("info"), vendorID: action.text("vendor_id"),
                    vendorErrorCode: action.text("vendor_error_code"), isFatal: !action.flag("warning"), at: now, meter: self, into: &$1)
            }
        case "clear-fault":
            drive { $0.clearFault(connector: connector, at: now, into: &$1) }
            resetProtection(connector: connector)
        default: break
        }
    }

    /// The error codes that a fault may have: all but NoError.
    private static let faultCodes = ChargePointErrorCode.allCases.filter { $0 != .noError }.map { Int($0.rawValue) }

    static let actions: [ActionManifest] = {
        let connector = SettingManifest("connector", .count, default: "1", min: "1", max: "8", about: "Number of the connector.")
        let station = SettingManifest("connector", .count, default: "1", min: "0", max: "8", about: "Number of the connector; 0 is the charge point itself.")
        return [
            ActionManifest(
                "plug",
                settings: [connector, SettingManifest("id_tag", .text, about: "Tag that the driver shows at once.")],
                about: "A vehicle that takes all current is plugged in (with 'plugged: false')."),
            ActionManifest("unplug", settings: [connector], about: "The cable is pulled out of the vehicle."),
            ActionManifest(
                "present",
                settings: [
                    SettingManifest("id_tag", .text, default: "EVSIM", about: "The tag."),
                    SettingManifest("connector", .count, min: "1", max: "8", about: "Number of the connector; the charge point chooses when not given."),
                ], about: "A driver shows a tag: it starts a transaction, or stops its own."),
            ActionManifest("stop", settings: [connector], about: "The driver stops the transaction at the charge point."),
            ActionManifest("emergency-stop", about: "The emergency button is pressed: every transaction stops."),
            ActionManifest("suspend", settings: [connector], about: "The vehicle pauses: SuspendedEV."),
            ActionManifest("resume", settings: [connector], about: "The vehicle goes on charging."),
            ActionManifest(
                "fault",
                settings: [
                    station,
                    SettingManifest(
                        "error", .oneOf(ChargePointErrorCode.allCases.filter { $0 != .noError }.map(\.name.description)), default: "OtherError",
                        about: "errorCode of StatusNotification."),
                    SettingManifest("info", .text, about: "info of StatusNotification."),
                    SettingManifest("vendor_id", .text, about: "vendorId of StatusNotification."),
                    SettingManifest("vendor_error_code", .text, about: "vendorErrorCode of StatusNotification."),
                    SettingManifest("warning", .flag, default: "false", about: "Whether the connector stays in service."),
                ], about: "Something fails: transactions there stop, and none starts until it is cleared."),
            ActionManifest("clear-fault", settings: [station], about: "The fault is gone."),
            ActionManifest(
                "lock-failure",
                settings: [connector, SettingManifest("repaired", .flag, default: "false", about: "Whether it moves again.")],
                about: "The lock of the cable jams: UnlockConnector fails."),
            ActionManifest(
                "power-off", settings: [SettingManifest("for", .duration, about: "When the power comes back; not by itself when not given.")],
                about: "The power fails; registers are saved."),
            ActionManifest("power-on", about: "The power comes back."),
            ActionManifest(
                "kill", settings: [SettingManifest("for", .duration, about: "When it starts again; after 'reboot_time' when not given.")],
                about: "The program is killed; only what is stored for good is left."),
            ActionManifest("disconnect", about: "The network cable is pulled."),
            ActionManifest("reconnect", about: "The network cable is plugged in again; the charge point connects at its next attempt."),
            ActionManifest(
                "security-event",
                settings: [
                    SettingManifest("type", .text, default: "TamperDetectionActivated", about: "type of SecurityEventNotification."),
                    SettingManifest("info", .text, about: "techInfo of SecurityEventNotification."),
                ], about: "Something that matters for security; sent with 'security_events: true'."),
            ActionManifest(
                "firmware-result",
                settings: [SettingManifest("result", .oneOf(firmwareResults), default: "installed", about: "What they come to.")],
                about: "Firmware updates from now on end in this way."),
        ] + SupplyFaultActions.alternating + meterActions
    }()

    private static let meterActions: [ActionManifest] = {
        let connector = SettingManifest("connector", .count, default: "1", min: "1", max: "8", about: "Number of the connector.")
        let time = SupplyFaultActions.time
        return [
            ActionManifest(
                "meter-fault",
                settings: [
                    connector,
                    SettingManifest("gain", .percent, default: "70%", min: "0%", max: "1000%", about: "What the meters report, as a share of the truth."),
                    SettingManifest(
                        "offset", .quantity(.current), default: "0 A", min: "-1000 A", max: "1000 A", about: "Current that they add while current flows."),
                    time,
                ], about: "The meters of the charge point report too little or too much from now on."),
            ActionManifest("meter-stuck", settings: [connector, time], about: "The meter shows what it shows now, and counts nothing."),
            ActionManifest(
                "meter-rollback",
                settings: [connector, SettingManifest("energy", .quantity(.energy), default: "5 kWh", min: "0 Wh", about: "How far it goes back.")],
                about: "The register of the meter is turned back."),
            ActionManifest(
                "meter-replacement",
                settings: [connector, SettingManifest("register", .quantity(.energy), default: "0 Wh", min: "0 Wh", about: "What the new one begins with.")],
                about: "A new meter is built in, as is right when nobody charges."),
            ActionManifest(
                "repair", settings: [connector], about: "Ends every fault of the supply and of the meter; 'clear-fault' lets a tripped connector go on."),
        ]
    }()
}
