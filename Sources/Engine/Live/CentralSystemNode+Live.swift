import OCPP
import Quantities
import Transport

extension CentralSystemNode {
    /// Where it listens: `HOST:PORT`, `HOST`, `:PORT` or `PORT`; a free port of this machine when nothing is said.
    static func listening(_ context: NodeContext) throws(RunFailure) -> LiveListening {
        var live = LiveListening()
        if let text = context.text("listen") {
            let port = text.split(separator: ":", omittingEmptySubsequences: false).last.flatMap { UInt16($0) }
            var host = text
            if let port {
                live.port = port
                host = String(text.dropLast(String(port).utf8.count))
                if host.hasSuffix(":") { host.removeLast() }
            }
            if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
            if host.contains(" ") || host.contains("/") || text.hasSuffix(":") {
                throw RunFailure(code: .badNode, message: "\(context.name): 'listen' takes HOST:PORT, not '\(text)'", span: nil, time: nil)
            }
            if !host.isEmpty { live.address = host }
        }
        live.security.profile = Admission.Profile(rawValue: context.choice("security_profile") ?? 0) ?? .none
        live.security.certificate = context.text("tls_certificate")
        live.security.privateKey = context.text("tls_key")
        live.security.authorities = context.text("tls_ca")
        live.pingInterval = context.duration("ping_every")
        live.compresses = context.flag("compress")
        return live
    }

    /// Who is let in: by identity, user and password, or certificate.
    func refusalOfGuest(_ identity: String, _ credentials: (user: String, password: [UInt8])?, _ certificate: String?) -> (status: Int, text: String)? {
        let known = machine.settings.known
        if let known, !known.contains(identity) { return (404, "no charge point '\(identity)' is known here") }
        let profile = live.security.profile
        if profile == .mutualTLS, certificate == nil { return (401, "the charge point showed no certificate") }
        guard profile.needsKey || !machine.settings.passwords.isEmpty else { return nil }
        if profile == .mutualTLS { return nil }
        guard let credentials else { return (401, "user and password are missing") }
        return machine.authorize(identity: identity, user: credentials.user, password: credentials.password)
            ? nil : (401, "user or password of '\(identity)' are wrong")
    }
}
