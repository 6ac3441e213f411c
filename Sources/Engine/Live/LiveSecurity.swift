import Quantities
import Transport
import YAMLTree

/// How an end of a live connection proves who it is (OCPP security whitepaper edition 2, section 3).
struct LiveSecurity {
    /// Security profile 0 to 3.
    var profile = Admission.Profile.none
    /// AuthorizationKey as bytes.
    var key: [UInt8]?
    /// Whether the key is sent as its hexadecimal text.
    var sendsHexKey = false
    /// Paths of PEM files: the own certificate and its key, and the authorities that are trusted.
    var certificate: String?
    var privateKey: String?
    var authorities: String?

    private func read(_ path: String) throws(TransportFailure) -> [UInt8] {
        do {
            return try SourceFile.read(path: path).bytes
        } catch {
            throw TransportFailure(error.diagnostic.message)
        }
    }

    /// TLS of a server; `nil` without.
    func serverContext() throws(TransportFailure) -> TLSContext? {
        guard profile.isTLS else { return nil }
        guard let certificate, let privateKey else {
            throw TransportFailure("security profile \(profile.rawValue) needs 'tls_certificate' and 'tls_key'")
        }
        let trusted = try authorities.map { path throws(TransportFailure) in try read(path) }
        if profile == .mutualTLS, trusted == nil { throw TransportFailure("security profile 3 needs 'tls_ca', the authority of the charge points") }
        let (chain, key) = (try read(certificate), try read(privateKey))
        do {
            return try TLSContext.server(certificates: chain, key: key, clientAuthorities: profile == .mutualTLS ? trusted : nil)
        } catch {
            throw TransportFailure(error.text)
        }
    }

    /// TLS of a client; `nil` for addresses without.
    func clientContext(isSecure: Bool) throws(TransportFailure) -> TLSContext? {
        guard isSecure else { return nil }
        let trusted = try authorities.map { path throws(TransportFailure) in try read(path) }
        let chain = try certificate.map { path throws(TransportFailure) in try read(path) }
        let key = try privateKey.map { path throws(TransportFailure) in try read(path) }
        do {
            return try TLSContext.client(authorities: trusted, certificates: chain, key: key)
        } catch {
            throw TransportFailure(error.text)
        }
    }
}

/// Why security cannot be set up, in words.
struct TransportFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Where a central system of a live run listens, and whom it lets in.
struct LiveListening {
    var address = "127.0.0.1"
    var port: UInt16 = 0
    var security = LiveSecurity()
    var pingInterval: Duration?
    var compresses = false
}

/// How a charge point of a live run reaches its central system.
struct LiveConnecting {
    /// Address of a central system that is none of this run.
    var address: String?
    var identity: String
    var security = LiveSecurity()
    var pingInterval: Duration?
}
