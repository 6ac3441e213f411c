/// A central system's end of OCPP-J: a listener, an `Admission`, and who is connected. It decides nothing that the admission does not say.
public final class OCPPServer {
    /// A charge point that connected.
    public struct Peer: Sendable {
        /// The charge point identity.
        public var identity: String
        /// The subprotocol that was agreed, such as `ocpp1.6`.
        public var subprotocol: String
        /// User and key, when it sent any.
        public var credentials: BasicCredentials?
        /// The common name of its certificate.
        public var certificateName: String?
        /// Its address and port.
        public var address: String
        /// TLS version and suite.
        public var tls: String?
    }

    /// What a central system hears.
    public enum Event {
        /// A charge point is connected.
        case connected(ConnectionID, Peer)
        /// A message.
        case text(ConnectionID, UnsafeRawBufferPointer)
        /// A charge point that was connected is gone.
        case closed(ConnectionID, identity: String, Closing)
        /// Somebody was not let in; for a log and for security events.
        case refused(ConnectionID, identity: String?, Closing)
        /// Something else of one of its connections: a pong, a slow reader.
        case other(TransportEvent)
    }

    /// The loop that it lives on.
    public let loop: EventLoop
    /// Its listener.
    public let listener: ListenerID
    /// Who may connect; may change at any time, for connections to come.
    public var admission: Admission
    /// Pings at this interval, nanoseconds; 0 is off. For connections to come.
    public var pingInterval: UInt64 = 0
    /// The time for a pong, nanoseconds.
    public var pongDeadline: UInt64 = 10_000_000_000

    private struct Entry {
        let identity: String
        var isOpen = false
        var isRefused = false
    }

    private var entries: [ConnectionID: Entry] = [:]
    private var connected: [String: [ConnectionID]] = [:]

    /// Listens; with port 0 the system chooses one, see `port`.
    public init(
        loop: EventLoop, address: String, port: UInt16, admission: Admission = Admission(), tls: TLSContext? = nil,
        settings: ConnectionSettings = ConnectionSettings()
    ) throws(TransportError) {
        guard admission.profile.isTLS == (tls != nil) else {
            throw TransportError(
                "security profile \(admission.profile.rawValue) goes \(admission.profile.isTLS ? "over TLS: give a certificate" : "without TLS")")
        }
        if admission.profile == .mutualTLS, tls?.wantsClientCertificate != true { throw TransportError("security profile 3 needs the CA of the charge points") }
        self.loop = loop
        self.admission = admission
        listener = try loop.listen(address: address, port: port, tls: tls, settings: settings)
    }

    /// The port that it listens on.
    public var port: UInt16 { loop.port(of: listener) }

    /// The connections of a charge point, the oldest first.
    public func connections(of identity: String) -> [ConnectionID] { connected[identity] ?? [] }

    /// Takes an event of the loop; `nil` when it is not of this server's, or is settled.
    public func handle(_ event: TransportEvent) -> Event? {
        switch event {
        case .text(let id, let bytes): return entries[id] == nil ? nil : .text(id, bytes)
        case .upgrade(let id, let listener, let request):
            if listener == self.listener { decide(id, request) }
            return nil
        case .opened(let id, let opening):
            guard let entry = entries[id] else { return nil }
            guard let subprotocol = opening.subprotocol else {
                // The handshake is completed and then closed: so the client learns the reason (OCPP-J 1.6 section 3.1.2).
                entries[id]?.isRefused = true
                let offered = opening.request.protocols.isEmpty ? "none" : opening.request.protocols.joined(separator: ", ")
                loop.close(id, .protocolError, reason: "no common subprotocol: offered \(offered), here \(admission.protocols.joined(separator: ", "))")
                return nil
            }
            entries[id]?.isOpen = true
            if admission.second == .replace {
                for older in connected[entry.identity] ?? [] { loop.close(older, .policyViolation, reason: "replaced by a newer connection") }
            }
            connected[entry.identity, default: []].append(id)
            if pingInterval > 0 { loop.setPing(id, interval: pingInterval, deadline: pongDeadline) }
            return .connected(
                id,
                Peer(
                    identity: entry.identity, subprotocol: subprotocol, credentials: opening.request.credentials, certificateName: opening.certificateName,
                    address: opening.peer, tls: opening.tls))
        case .closed(let id, let closing):
            guard let entry = entries.removeValue(forKey: id) else { return nil }
            guard entry.isOpen else { return .refused(id, identity: entry.identity, closing) }
            connected[entry.identity]?.removeAll { $0 == id }
            if connected[entry.identity]?.isEmpty == true { connected[entry.identity] = nil }
            return .closed(id, identity: entry.identity, closing)
        case .binary(let id, _), .pong(let id), .congested(let id, _), .relieved(let id): return entries[id] == nil ? nil : .other(event)
        case .interrupted, .ready: return nil
        }
    }

    private func decide(_ id: ConnectionID, _ request: UpgradeRequest) {
        let identity = request.identity ?? ""
        entries[id] = Entry(identity: identity)
        let isConnected = connected[identity] != nil
        switch admission.verdict(on: request, isConnected: isConnected, certificateName: loop.certificateName(id)) {
        case .accept(_, let subprotocol, _): loop.accept(id, subprotocol: subprotocol)
        case .refuse(let error): loop.refuse(id, error)
        }
    }
}

/// A charge point's way to its central system: URL, identity, subprotocols and security, from which each attempt to connect is made.
public struct OCPPClient {
    /// How the key goes into the Authorization field.
    public enum KeyForm: Sendable {
        /// As the bytes that the hex digits stand for, as the whitepaper says.
        case bytes
        /// As hex digits, as many charge points do.
        case hexText
    }

    /// The central system.
    public var url: WebSocketURL
    /// The charge point identity.
    public var identity: String
    /// The subprotocols to offer, the preferred one first.
    public var protocols: [String]
    /// The security profile.
    public var profile: Admission.Profile
    /// The AuthorizationKey as bytes, for profiles 1 and 2.
    public var key: [UInt8]?
    /// How the key goes into the Authorization field.
    public var keyForm: KeyForm
    /// CAs and, for profile 3, the charge point's own certificate.
    public var tls: TLSContext?
    /// Limits, times and compression.
    public var settings: ConnectionSettings
    /// The addresses of the URL's host.
    public let addresses: [SocketAddress]

    /// A way to a central system; looks up the host name, which may take seconds. Errors say what does not fit together.
    public init(
        url: WebSocketURL, identity: String, protocols: [String] = ["ocpp1.6"], profile: Admission.Profile = .none, key: [UInt8]? = nil,
        keyForm: KeyForm = .bytes, tls: TLSContext? = nil, settings: ConnectionSettings = ConnectionSettings()
    ) throws(TransportError) {
        guard url.isSecure == profile.isTLS else {
            throw TransportError("security profile \(profile.rawValue) goes over \(profile.isTLS ? "wss://" : "ws://")")
        }
        guard url.isSecure == (tls != nil) else { throw TransportError(url.isSecure ? "wss:// needs the CAs to trust" : "ws:// goes without TLS") }
        if profile.needsKey {
            guard key != nil else { throw TransportError("security profile \(profile.rawValue) needs an authorization key") }
            guard !identity.contains(":") else { throw TransportError("an identity with a colon cannot be a user name: \(identity)") }
        }
        guard !identity.isEmpty else { throw TransportError("an empty charge point identity") }
        (self.url, self.identity, self.protocols, self.profile) = (url, identity, protocols, profile)
        (self.key, self.keyForm, self.tls, self.settings) = (key, keyForm, tls, settings)
        addresses = try SocketAddress.resolve(host: url.host, port: url.port)
    }

    /// One attempt; the loop answers with `.opened` or `.closed`. A central system that chose no subprotocol is for the owner to close.
    public func connect(_ loop: EventLoop) -> ConnectionID {
        var request = UpgradeRequest(path: url.path(for: identity), host: url.hostField, key: loop.handshakeKey(), protocols: protocols)
        if profile.needsKey, let key {
            let password = keyForm == .bytes ? key : Array(CertificateTools.hex(key).uppercased().utf8)
            request.credentials = BasicCredentials(user: identity, password: password)
        }
        return loop.connect(to: addresses, request: request, tls: tls, hostName: url.isSecure ? url.host : nil, settings: settings)
    }
}
