import COpenSSL
import Glibc

/// A small CA for tests and for central systems that answer SignCertificate: its key lives in memory.
public final class CertificateAuthority {
    /// The certificate of the CA.
    public let certificate: Certificate
    /// Its key.
    public let key: PrivateKey
    private var serial: Int

    /// What a certificate may be used for.
    public enum Usage: Sendable {
        case server, client

        fileprivate var text: String { self == .server ? "serverAuth" : "clientAuth" }
    }

    /// A CA that signs itself; times are seconds since 1970.
    public init(commonName: String, organization: String = "", notBefore: Int64, notAfter: Int64, firstSerial: Int = 1) throws(TLSError) {
        key = try PrivateKey()
        serial = firstSerial
        certificate = try CertificateAuthority.make(
            serial: serial, subject: { CertificateTools.add("CN", commonName, to: $0) && CertificateTools.add("O", organization, to: $0) }, issuer: nil,
            publicKey: key.handle, signer: key, validity: (notBefore, notAfter),
            extensions: [(NID_basic_constraints, "critical,CA:TRUE"), (NID_key_usage, "critical,keyCertSign,cRLSign"), (NID_subject_key_identifier, "hash")])
        serial += 1
    }

    /// Goes on with a CA whose certificate and key are at hand.
    public init(certificate: Certificate, key: PrivateKey, nextSerial: Int) {
        (self.certificate, self.key, serial) = (certificate, key, nextSerial)
    }

    /// A certificate for a key; `names` are DNS names or, as `IP:127.0.0.1`, addresses.
    public func issue(
        commonName: String, organization: String = "", key: PrivateKey, names: [String] = [], usage: Usage, notBefore: Int64, notAfter: Int64
    ) throws(TLSError) -> Certificate {
        try sign(
            { CertificateTools.add("CN", commonName, to: $0) && CertificateTools.add("O", organization, to: $0) }, publicKey: key.handle, names: names,
            usage: usage, validity: (notBefore, notAfter))
    }

    /// The certificate that a signing request asks for, when its signature holds.
    public func sign(requestPEM: [UInt8], usage: Usage = .client, notBefore: Int64, notAfter: Int64) throws(TLSError) -> Certificate {
        ERR_clear_error()
        guard let memory = PEMText.reader(requestPEM) else { throw TLSError.fromQueue("a request") }
        defer { BIO_free(memory) }
        guard let request = PEM_read_bio_X509_REQ(memory, nil, nil, nil) else {
            throw TLSError.fromQueue("a certificate signing request in PEM")
        }
        defer { X509_REQ_free(request) }
        guard let publicKey = X509_REQ_get0_pubkey(request), X509_REQ_verify(request, publicKey) == 1 else {
            throw TLSError.fromQueue("the signature of the certificate signing request does not hold")
        }
        let name = X509_REQ_get_subject_name(request)
        return try sign({ X509_NAME_copy(name, into: $0) }, publicKey: publicKey, names: [], usage: usage, validity: (notBefore, notAfter))
    }

    private func sign(
        _ subject: (OpaquePointer?) -> Bool, publicKey: OpaquePointer, names: [String], usage: Usage, validity: (Int64, Int64)
    ) throws(TLSError) -> Certificate {
        var extensions = [
            (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"), (NID_ext_key_usage, usage.text),
            (NID_subject_key_identifier, "hash"),
        ]
        if !names.isEmpty { extensions.append((NID_subject_alt_name, names.map { $0.hasPrefix("IP:") ? $0 : "DNS:" + $0 }.joined(separator: ","))) }
        let made = try CertificateAuthority.make(
            serial: serial, subject: subject, issuer: certificate, publicKey: publicKey, signer: key, validity: validity, extensions: extensions)
        serial += 1
        return made
    }

    private static func make(
        serial: Int, subject: (OpaquePointer?) -> Bool, issuer: Certificate?, publicKey: OpaquePointer, signer: PrivateKey, validity: (Int64, Int64),
        extensions: [(Int32, String)]
    ) throws(TLSError) -> Certificate {
        guard let handle = X509_new() else { throw TLSError.fromQueue("a certificate") }
        let made = Certificate(owning: handle)
        guard X509_set_version(handle, 2) == 1, ASN1_INTEGER_set(X509_get_serialNumber(handle), serial) == 1, subject(X509_get_subject_name(handle)),
            X509_set_issuer_name(handle, X509_get_subject_name(issuer?.handle ?? handle)) == 1, X509_set_pubkey(handle, publicKey) == 1,
            ASN1_TIME_set(X509_getm_notBefore(handle), time_t(validity.0)) != nil, ASN1_TIME_set(X509_getm_notAfter(handle), time_t(validity.1)) != nil
        else { throw TLSError.fromQueue("a certificate") }
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer?.handle ?? handle, handle, nil, nil, 0)
        for (kind, text) in extensions {
            guard let entry = X509V3_EXT_conf_nid(nil, &context, kind, text) else { throw TLSError.fromQueue("the extension \(text)") }
            defer { X509_EXTENSION_free(entry) }
            guard X509_add_ext(handle, entry, -1) == 1 else { throw TLSError.fromQueue("the extension \(text)") }
        }
        guard X509_sign(handle, signer.handle, EVP_sha256()) > 0 else { throw TLSError.fromQueue("the signature of a certificate") }
        return made
    }
}

/// Copies the entries of a name.
private func X509_NAME_copy(_ source: OpaquePointer?, into target: OpaquePointer?) -> Bool {
    for index in 0..<X509_NAME_entry_count(source) {
        guard X509_NAME_add_entry(target, X509_NAME_get_entry(source, index), -1, 0) == 1 else { return false }
    }
    return true
}
