import COpenSSL
import Glibc

/// What charge point and central system do with certificates (OCPP 1.6 security whitepaper).
public enum CertificateTools {
    /// The digests that OCPP names.
    public enum Digest: String, Sendable, CaseIterable {
        case sha256 = "SHA256"
        case sha384 = "SHA384"
        case sha512 = "SHA512"

        var function: OpaquePointer? {
            switch self {
            case .sha256: EVP_sha256()
            case .sha384: EVP_sha384()
            case .sha512: EVP_sha512()
            }
        }
    }

    /// How OCPP names a certificate: CertificateHashDataType, digests as hex digits.
    public struct HashData: Equatable, Sendable {
        /// The digest that was used.
        public var algorithm: Digest
        /// The digest of the issuer's distinguished name in DER.
        public var issuerNameHash: String
        /// The digest of the issuer's public key, without tag, length and unused bits.
        public var issuerKeyHash: String
        /// Hex digits without leading zeros.
        public var serialNumber: String
    }

    /// A request for a certificate and the key that it is for.
    public struct SigningRequest {
        /// The request as PEM, for SignCertificate.
        public let pem: String
        /// The key, which stays in the charge point.
        public let key: PrivateKey
    }

    /// A request for a certificate of a charge point: CN is its serial number, O the name of its operator, the key is on P-256 and new unless given.
    public static func signingRequest(commonName: String, organization: String, key: PrivateKey? = nil) throws(TLSError) -> SigningRequest {
        let own: PrivateKey
        if let key { own = key } else { own = try PrivateKey() }
        guard let request = X509_REQ_new() else { throw TLSError.fromQueue("a certificate signing request") }
        defer { X509_REQ_free(request) }
        let name = X509_REQ_get_subject_name(request)
        guard X509_REQ_set_version(request, 0) == 1, add("CN", commonName, to: name), add("O", organization, to: name),
            X509_REQ_set_pubkey(request, own.handle) == 1, X509_REQ_sign(request, own.handle, EVP_sha256()) > 0
        else { throw TLSError.fromQueue("a certificate signing request for \(commonName)") }
        return SigningRequest(pem: PEMText.write { PEM_write_bio_X509_REQ($0, request) }, key: own)
    }

    static func add(_ field: String, _ value: String, to name: OpaquePointer?) -> Bool {
        if value.isEmpty { return true }
        let bytes = Array(value.utf8)
        return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes, Int32(bytes.count), -1, 0) == 1
    }

    /// How OCPP names a certificate; `issuer` is the certificate of its CA, itself for a root.
    public static func hashData(of certificate: Certificate, issuer: Certificate, algorithm: Digest = .sha256) throws(TLSError) -> HashData {
        var digest = [UInt8](repeating: 0, count: 64)
        var length: UInt32 = 0
        guard X509_NAME_digest(X509_get_issuer_name(certificate.handle), algorithm.function, &digest, &length) == 1 else {
            throw TLSError.fromQueue("the digest of the issuer's name")
        }
        let nameHash = hex(digest.prefix(Int(length)))
        guard X509_pubkey_digest(issuer.handle, algorithm.function, &digest, &length) == 1 else { throw TLSError.fromQueue("the digest of the issuer's key") }
        return HashData(
            algorithm: algorithm, issuerNameHash: nameHash, issuerKeyHash: hex(digest.prefix(Int(length))), serialNumber: certificate.serialNumber)
    }

    /// Throws, with words, when the chain (the certificate first, then its issuers) does not lead to one of the roots or is out of date at `time`, seconds since 1970.
    public static func verify(chain: [Certificate], roots: [Certificate], at time: Int64, hostName: String? = nil) throws(TLSError) {
        guard let leaf = chain.first else { throw TLSError("no certificate to verify") }
        guard let store = X509_STORE_new(), let context = X509_STORE_CTX_new(), let others = copenssl_stack_new() else {
            throw TLSError.fromQueue("verification")
        }
        defer {
            X509_STORE_CTX_free(context)
            X509_STORE_free(store)
            copenssl_stack_free(others)
        }
        for root in roots { X509_STORE_add_cert(store, root.handle) }
        for other in chain.dropFirst() { _ = copenssl_stack_push(others, other.handle) }
        guard X509_STORE_CTX_init(context, store, leaf.handle, others) == 1 else { throw TLSError.fromQueue("verification") }
        let rules = X509_STORE_CTX_get0_param(context)
        X509_VERIFY_PARAM_set_time(rules, time_t(time))
        if let hostName { X509_VERIFY_PARAM_set1_host(rules, hostName, 0) }
        guard X509_verify_cert(context) != 1 else { return }
        let failing = X509_STORE_CTX_get_current_cert(context).map { handle in
            X509_up_ref(handle)
            return Certificate(owning: handle)
        }
        ERR_clear_error()
        throw TLSError.verification(Int(X509_STORE_CTX_get_error(context)), whose: "the certificate", hostName: hostName, certificate: failing ?? leaf)
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
