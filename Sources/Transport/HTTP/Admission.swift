/// Who may connect to a central system, as a pure rule over a request (OCPP-J 1.6 section 3 and the security whitepaper).
public struct Admission: Sendable {
    /// Security profiles of the whitepaper.
    public enum Profile: Int, Sendable, CaseIterable {
        /// No authentication.
        case none = 0
        /// Basic authentication over an open connection.
        case basic = 1
        /// Basic authentication over TLS with a certificate of the server.
        case basicTLS = 2
        /// TLS with certificates of both ends, no Basic authentication.
        case mutualTLS = 3

        /// Whether connections are TLS.
        public var isTLS: Bool { rawValue >= 2 }
        /// Whether user and key are needed.
        public var needsKey: Bool { self == .basic || self == .basicTLS }
    }

    /// What becomes of a second connection of the same charge point.
    public enum SecondConnection: String, Sendable, CaseIterable {
        /// 409, the older one stays.
        case refuse
        /// The older one is closed.
        case replace
        /// Both stay.
        case allow
    }

    /// The answer to a request.
    public enum Verdict: Equatable, Sendable {
        /// Complete the handshake; without a subprotocol close at once.
        case accept(identity: String, subprotocol: String?, replacesOlder: Bool)
        /// Refuse with a status of HTTP.
        case refuse(UpgradeError)
    }

    /// The charge points that may connect; `nil` lets all in.
    public var known: Set<String>?
    /// The subprotocols that the central system speaks.
    public var protocols: [String]
    /// The security profile.
    public var profile: Profile
    /// The AuthorizationKey of each charge point, as bytes.
    public var keys: [String: [UInt8]]
    /// Whether a key that is sent as hex text counts.
    public var acceptsHexText: Bool
    /// What becomes of a second connection of the same charge point.
    public var second: SecondConnection
    /// The serial number that the certificate of a charge point must carry as CN, where it is known.
    public var serials: [String: String]

    /// A rule; by default everyone may connect and the newest connection wins.
    public init(
        known: Set<String>? = nil, protocols: [String] = ["ocpp1.6"], profile: Profile = .none, keys: [String: [UInt8]] = [:],
        acceptsHexText: Bool = true, second: SecondConnection = .replace, serials: [String: String] = [:]
    ) {
        (self.known, self.protocols, self.profile, self.keys) = (known, protocols, profile, keys)
        (self.acceptsHexText, self.second, self.serials) = (acceptsHexText, second, serials)
    }

    /// Decides over a request; `certificateName` is the CN of the client's certificate.
    public func verdict(on request: UpgradeRequest, isConnected: Bool, certificateName: String? = nil) -> Verdict {
        guard let identity = request.identity else { return .refuse(UpgradeError(404, "the path \(request.path) does not end with a charge point identity")) }
        if let known, !known.contains(identity) { return .refuse(UpgradeError(404, "no charge point \(identity) is known here")) }
        if profile.needsKey {
            guard let credentials = request.credentials else { return .refuse(UpgradeError(401, "user and key are missing")) }
            guard credentials.user == identity else { return .refuse(UpgradeError(401, "the user is not the identity \(identity) of the path")) }
            guard let key = keys[identity], credentials.matches(key: key, acceptsHexText: acceptsHexText) else {
                return .refuse(UpgradeError(401, "wrong key for \(identity)"))
            }
        }
        if profile == .mutualTLS {
            guard let certificateName else { return .refuse(UpgradeError(401, "the charge point showed no certificate")) }
            if let serial = serials[identity], serial != certificateName {
                return .refuse(UpgradeError(401, "the certificate is for \(certificateName), the serial number of \(identity) is \(serial)"))
            }
        }
        if isConnected, second == .refuse { return .refuse(UpgradeError(409, "\(identity) is connected already")) }
        // The order of the client is the order of preference.
        let subprotocol = request.protocols.first { protocols.contains($0) }
        return .accept(identity: identity, subprotocol: subprotocol, replacesOlder: isConnected && second == .replace)
    }
}
