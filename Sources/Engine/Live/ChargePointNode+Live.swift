import OCPP
import Quantities
import Transport

extension ChargePointNode {
    /// How it connects now: key, profile and ping interval are those of its configuration keys.
    func way(_ live: LiveConnecting) -> LiveConnecting {
        var way = live
        let configuration = machine.memory.configuration
        way.security.profile = Admission.Profile(rawValue: configuration.has(.securityProfile) ? configuration[int: .securityProfile] : 0) ?? .none
        way.security.key = configuration.password
        way.security.sendsHexKey = settings.quirks.contains(.hexKey)
        let ping = configuration.has(.webSocketPingInterval) ? configuration[int: .webSocketPingInterval] : 0
        way.pingInterval = ping > 0 ? .seconds(Int64(ping)) : nil
        return way
    }

    /// The settings of a kind that are about live runs.
    static func live(_ context: NodeContext, identity: String) -> LiveConnecting {
        var live = LiveConnecting(address: context.text("csms"), identity: identity)
        live.security.certificate = context.text("tls_certificate")
        live.security.privateKey = context.text("tls_key")
        live.security.authorities = context.text("tls_ca")
        return live
    }
}
