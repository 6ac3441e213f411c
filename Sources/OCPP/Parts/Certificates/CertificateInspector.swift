import Digests
import JSONText

/// The name of a certificate in messages (RFC 6960 section 4.1.1): hashes of its issuer's name and key, and its serial number.
public struct CertificateHashData: Hashable, Sendable {
    public let algorithm: HashAlgorithm
    /// The hash of the issuer's distinguished name in DER, as lower-case hexadecimal digits.
    public let issuerNameHash: String
    /// The hash of the issuer's public key: the bit string without tag, length and count of unused bits.
    public let issuerKeyHash: String
    /// Hexadecimal digits without leading zeros.
    public let serialNumber: String

    public init(algorithm: HashAlgorithm, issuerNameHash: String, issuerKeyHash: String, serialNumber: String) {
        self.algorithm = algorithm
        self.issuerNameHash = issuerNameHash
        self.issuerKeyHash = issuerKeyHash
        self.serialNumber = serialNumber
    }

    /// Reads certificateHashData of a message; `nil` if it is none.
    public init?(_ value: JSONValue) {
        guard let algorithm = value["hashAlgorithm"]?.string.flatMap({ HashAlgorithm(name: $0) }), let name = value["issuerNameHash"]?.string,
            let key = value["issuerKeyHash"]?.string, let serial = value["serialNumber"]?.string
        else { return nil }
        self.init(algorithm: algorithm, issuerNameHash: name, issuerKeyHash: key, serialNumber: serial)
    }

    /// The object of a message.
    public var json: JSONValue {
        [
            "hashAlgorithm": .string(algorithm.wireName), "issuerNameHash": .string(issuerNameHash), "issuerKeyHash": .string(issuerKeyHash),
            "serialNumber": .string(serialNumber),
        ]
    }

    /// True if both name the same certificate: digits of either case, leading zeros or none.
    public func matches(_ other: CertificateHashData) -> Bool {
        func serial(_ text: String) -> Substring { text.lowercased().drop { $0 == "0" } }
        return algorithm == other.algorithm && issuerNameHash.lowercased() == other.issuerNameHash.lowercased()
            && issuerKeyHash.lowercased() == other.issuerKeyHash.lowercased() && serial(serialNumber) == serial(other.serialNumber)
    }
}

/// What a charge point needs to know about certificates.
public protocol CertificateInspector: Sendable {
    /// The name of the first certificate of a PEM text. The issuer's key is that of the next certificate of the text if it issued the first, else
    /// the certificate's own if it issued itself; `nil` if the text is no certificate or the issuer is not there.
    func hash(pem: String, algorithm: HashAlgorithm) -> CertificateHashData?

    /// True if each certificate of a chain (leaf first) was issued by the next, the last by one of the roots, and all are valid at an instant.
    func isValid(chain: String, roots: [String], at now: OCPPTimestamp) -> Bool

    /// A certificate signing request (PKCS #10) as PEM, `nil` if this inspector has no key.
    func signingRequest(commonName: String, organization: String) -> String?

    /// The first certificate of a PEM text, `nil` if there is none.
    func certificate(pem: String) -> Certificate?
}

extension CertificateInspector {
    public func certificate(pem: String) -> Certificate? { PEM.blocks(pem)?.first.flatMap { Certificate(der: $0) } }
}

/// Reads and checks certificates without any library, for virtual time.
///
/// Signatures by ECDSA on P-256 and by RSA (PKCS #1 1.5) are verified; chains with other keys are not valid here. A seed gives it a key on P-256, which
/// is the same in every run.
public struct BuiltInInspector: CertificateInspector {
    private let key: P256.PrivateKey?

    /// - Parameter keySeed: a text that the private key is made of; it is no secret, so the key is for simulations only. `nil` = no key.
    public init(keySeed: String? = nil) { key = keySeed.map { P256.PrivateKey(seed: Array($0.utf8)) } }

    private func certificates(_ text: String) -> [Certificate]? {
        guard let blocks = PEM.blocks(text), !blocks.isEmpty, blocks.count <= 16 else { return nil }
        let certificates = blocks.compactMap { Certificate(der: $0) }
        return certificates.count == blocks.count ? certificates : nil
    }

    public func hash(pem: String, algorithm: HashAlgorithm) -> CertificateHashData? {
        guard let chain = certificates(pem), let first = chain.first else { return nil }
        let issuer = first.isSelfIssued ? first : chain.dropFirst().first { $0.subject == first.issuer }
        guard let issuer else { return nil }
        return CertificateHashData(
            algorithm: algorithm, issuerNameHash: hexadecimal(algorithm.digest(first.issuer)),
            issuerKeyHash: hexadecimal(algorithm.digest(issuer.publicKey)), serialNumber: first.serialNumber)
    }

    public func isValid(chain: String, roots: [String], at now: OCPPTimestamp) -> Bool {
        guard let chain = certificates(chain), let last = chain.last else { return false }
        guard chain.allSatisfy({ $0.notBefore <= now && now <= $0.notAfter }) else { return false }
        for (certificate, issuer) in zip(chain, chain.dropFirst()) where !certificate.isIssued(by: issuer) { return false }
        return roots.contains { root in
            guard let root = certificate(pem: root), root.notBefore <= now, now <= root.notAfter else { return false }
            return last == root || last.isIssued(by: root)
        }
    }

    public func signingRequest(commonName: String, organization: String) -> String? {
        key.map { CertificateRequest.text(commonName: commonName, organization: organization, key: $0) }
    }
}

extension Certificate {
    /// True if the other one is an authority that bears the issuer's name and has signed this one.
    func isIssued(by issuer: Certificate) -> Bool { self.issuer == issuer.subject && issuer.isAuthority && isSigned(by: issuer) }
}

extension HashAlgorithm {
    /// The digest of some bytes.
    public func digest(_ bytes: [UInt8]) -> [UInt8] {
        switch self {
        case .sha256: SHA256.digest(bytes)
        case .sha384: SHA384.digest(bytes)
        case .sha512: SHA512.digest(bytes)
        }
    }
}

/// The name that the built-in inspector had first.
public typealias StructuralInspector = BuiltInInspector
