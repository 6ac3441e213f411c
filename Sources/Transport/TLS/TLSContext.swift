import COpenSSL

/// Certificates and rules of TLS 1.2 and 1.3 that many connections share.
public final class TLSContext {
    let context: OpaquePointer
    let isServer: Bool
    /// Whether clients must show a certificate (security profile 3).
    let wantsClientCertificate: Bool

    /// The suites of the OCPP security whitepaper for TLS 1.2, and their RSA cousins with forward secrecy. TLS 1.3 has its own.
    public static let suites = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384",
        "AES128-GCM-SHA256", "AES256-GCM-SHA384",
    ].joined(separator: ":")

    /// The versions that a context speaks.
    public enum Version: Sendable {
        case from12, only12, only13
    }

    private init(isServer: Bool, wantsClientCertificate: Bool, version: Version, suites: String) throws(TLSError) {
        guard let context = SSL_CTX_new(copenssl_method()) else { throw TLSError.fromQueue("TLS") }
        self.context = context
        self.isServer = isServer
        self.wantsClientCertificate = wantsClientCertificate
        _ = copenssl_set_min_version(context, version == .only13 ? TLS1_3_VERSION : TLS1_2_VERSION)
        if version == .only12 { _ = copenssl_set_max_version(context, TLS1_2_VERSION) }
        guard SSL_CTX_set_cipher_list(context, suites) == 1 else { throw TLSError.fromQueue("cipher suites \(suites)") }
        // Idle connections give their record buffers back; a fleet of thousands has no use for session tickets.
        _ = copenssl_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS))
        SSL_CTX_set_options(context, SSL_OP_BIT.noTicket | SSL_OP_BIT.noRenegotiation | SSL_OP_BIT.noCompression)
        SSL_CTX_set_num_tickets(context, 0)
    }

    deinit { SSL_CTX_free(context) }

    /// For a server: its certificate chain and key as PEM; with `clientAuthorities`, clients must show a certificate from one of them.
    public static func server(
        certificates: [UInt8], key: [UInt8], clientAuthorities: [UInt8]? = nil, version: Version = .from12, suites: String = TLSContext.suites
    ) throws(TLSError) -> TLSContext {
        let made = try TLSContext(isServer: true, wantsClientCertificate: clientAuthorities != nil, version: version, suites: suites)
        try made.use(certificates: certificates, key: key)
        if let clientAuthorities {
            try made.trust(clientAuthorities)
            copenssl_set_verify(made.context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
        }
        return made
    }

    /// For a client: the CAs that it trusts as PEM, `nil` for those of the system, and its own certificate and key for security profile 3.
    public static func client(
        authorities: [UInt8]?, certificates: [UInt8]? = nil, key: [UInt8]? = nil, version: Version = .from12, suites: String = TLSContext.suites
    ) throws(TLSError) -> TLSContext {
        let made = try TLSContext(isServer: false, wantsClientCertificate: false, version: version, suites: suites)
        if let authorities {
            try made.trust(authorities)
        } else if SSL_CTX_set_default_verify_paths(made.context) != 1 {
            throw TLSError.fromQueue("the CAs of the system")
        }
        if let certificates, let key { try made.use(certificates: certificates, key: key) }
        copenssl_set_verify(made.context, SSL_VERIFY_PEER)
        return made
    }

    private func use(certificates: [UInt8], key: [UInt8]) throws(TLSError) {
        let chain = try Certificate.all(pem: certificates)
        guard let leaf = chain.first else { throw TLSError("no certificate in the PEM text") }
        guard SSL_CTX_use_certificate(context, leaf.handle) == 1 else { throw TLSError.fromQueue("the certificate") }
        for certificate in chain.dropFirst() where copenssl_add_chain_certificate(context, certificate.handle) != 1 {
            throw TLSError.fromQueue("the certificate chain")
        }
        let own = try PrivateKey(pem: key)
        guard SSL_CTX_use_PrivateKey(context, own.handle) == 1, SSL_CTX_check_private_key(context) == 1 else {
            throw TLSError.fromQueue("the private key does not belong to the certificate")
        }
    }

    private func trust(_ pem: [UInt8]) throws(TLSError) {
        let authorities = try Certificate.all(pem: pem)
        guard !authorities.isEmpty else { throw TLSError("no CA certificate in the PEM text") }
        let store = SSL_CTX_get_cert_store(context)
        for authority in authorities {
            guard X509_STORE_add_cert(store, authority.handle) == 1 else { throw TLSError.fromQueue("the CA certificate") }
            if isServer { SSL_CTX_add_client_CA(context, authority.handle) }
        }
    }
}

/// Options of libssl whose macros shift and are not imported.
private enum SSL_OP_BIT {
    static let noTicket: UInt64 = 1 << 14
    static let noCompression: UInt64 = 1 << 17
    static let noRenegotiation: UInt64 = 1 << 30
}
