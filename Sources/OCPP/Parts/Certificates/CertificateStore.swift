import JSONText

/// The certificates of a charge point: the roots it trusts, and its own chain.
public struct CertificateStore: Sendable, Equatable {
    /// A root that was installed.
    public struct Root: Sendable, Equatable {
        public let use: CertificateUse
        public let pem: String
        /// The name by SHA-256.
        public let hash: CertificateHashData
    }

    /// In the order of their installation.
    public private(set) var roots: [Root] = []
    /// The charge point's own chain, leaf first; `nil` before the first CertificateSigned.
    public private(set) var chain: String?
    /// CertificateStoreMaxLength: the greatest number of roots.
    public var limit: Int
    /// AdditionalRootCertificateCheck: a new root of the central system must be issued by the one it replaces, which stays as a way back.
    public var checksSuccession: Bool

    public init(limit: Int = 20, checksSuccession: Bool = false) {
        self.limit = limit
        self.checksSuccession = checksSuccession
    }

    /// The PEM texts of the roots for a use.
    public func roots(_ use: CertificateUse) -> [String] { roots.filter { $0.use == use }.map(\.pem) }

    /// True if there is a root for a use.
    public func hasRoot(_ use: CertificateUse) -> Bool { roots.contains { $0.use == use } }

    /// Answers InstallCertificate: Rejected for what is no valid certificate or one too many; a certificate that is there already is Accepted.
    public mutating func install(
        pem: String, use: CertificateUse, at now: OCPPTimestamp, inspector: some CertificateInspector
    ) -> InstallCertificateStatus {
        guard pem.utf8.count <= 5500, let hash = inspector.hash(pem: pem, algorithm: .sha256), let certificate = inspector.certificate(pem: pem),
            certificate.notBefore <= now, now <= certificate.notAfter
        else { return .rejected }
        if roots.contains(where: { $0.use == use && $0.hash == hash }) { return .accepted }
        var next = roots
        if checksSuccession, use == .centralSystemRoot {
            let present = roots.filter { $0.use == use }
            if let newest = present.last {
                guard inspector.isValid(chain: pem, roots: [newest.pem], at: now) else { return .rejected }
                next.removeAll { root in root.use == use && root != newest }
            }
        }
        guard next.count < limit else { return .rejected }
        next.append(Root(use: use, pem: pem, hash: hash))
        roots = next
        return .accepted
    }

    /// Answers DeleteCertificate: NotFound for an unknown one, Failed for the one that the present connection rests on.
    public mutating func delete(
        _ name: CertificateHashData, inUse: CertificateHashData? = nil, inspector: some CertificateInspector
    ) -> DeleteCertificateStatus {
        let found = roots.filter { root in inspector.hash(pem: root.pem, algorithm: name.algorithm)?.matches(name) ?? false }
        guard !found.isEmpty else { return .notFound }
        if let inUse, found.contains(where: { inspector.hash(pem: $0.pem, algorithm: inUse.algorithm)?.matches(inUse) ?? false }) { return .failed }
        roots.removeAll { found.contains($0) }
        return .accepted
    }

    /// Answers GetInstalledCertificateIds.
    public func answer(_ use: CertificateUse, algorithm: HashAlgorithm = .sha256, inspector: some CertificateInspector) -> JSONValue {
        let names = roots.filter { $0.use == use }.compactMap { inspector.hash(pem: $0.pem, algorithm: algorithm) }
        if names.isEmpty { return ["status": "NotFound"] }
        return ["certificateHashData": .array(names.map(\.json)), "status": "Accepted"]
    }

    /// Answers CertificateSigned: true (Accepted) makes the chain the charge point's own; false also means the security event
    /// InvalidChargePointCertificate.
    ///
    /// - Parameter sizeLimit: CertificateSignedMaxChainSize.
    public mutating func accept(
        chain text: String, commonName: String? = nil, sizeLimit: Int = 10_000, at now: OCPPTimestamp, inspector: some CertificateInspector
    ) -> Bool {
        guard text.utf8.count <= sizeLimit, inspector.isValid(chain: text, roots: roots(.centralSystemRoot), at: now) else { return false }
        if let commonName, let leaf = inspector.certificate(pem: text), leaf.commonName != commonName { return false }
        chain = text
        return true
    }
}
