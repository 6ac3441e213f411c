import COpenSSL
import Glibc

/// An X.509 certificate.
public final class Certificate {
    let handle: OpaquePointer

    init(owning handle: OpaquePointer) { self.handle = handle }

    deinit { X509_free(handle) }

    /// All certificates of a PEM text, in their order.
    public static func all(pem: [UInt8]) throws(TLSError) -> [Certificate] {
        ERR_clear_error()
        guard let memory = PEMText.reader(pem) else { throw TLSError.fromQueue("a certificate") }
        defer { BIO_free(memory) }
        var found: [Certificate] = []
        while let handle = PEM_read_bio_X509(memory, nil, nil, nil) { found.append(Certificate(owning: handle)) }
        let code = ERR_peek_last_error()
        if code != 0, copenssl_error_reason(code) != PEM_R_NO_START_LINE || found.isEmpty { throw TLSError.fromQueue("a certificate in PEM") }
        ERR_clear_error()
        return found
    }

    /// The PEM text.
    public var pem: String { PEMText.write { PEM_write_bio_X509($0, handle) } }

    /// The subject, such as `CN = CP1, O = Operator`.
    public var subject: String { Certificate.text(X509_get_subject_name(handle)) }

    /// The issuer, such as `CN = Test CA`.
    public var issuer: String { Certificate.text(X509_get_issuer_name(handle)) }

    /// The common name of the subject; for a charge point its serial number.
    public var commonName: String? { entry(NID_commonName) }

    /// The organisation of the subject; for a charge point the name of its operator.
    public var organization: String? { entry(NID_organizationName) }

    /// The serial number as hex digits without leading zeros.
    public var serialNumber: String {
        guard let number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(handle), nil) else { return "" }
        defer { BN_free(number) }
        guard let digits = BN_bn2hex(number) else { return "" }
        defer { CRYPTO_free(digits, "", 0) }
        let text = String(cString: digits).lowercased().drop { $0 == "0" }
        return text.isEmpty ? "0" : String(text)
    }

    /// The first second in which the certificate is valid, since 1970.
    public var notBefore: Int64 { Certificate.seconds(X509_get0_notBefore(handle)) }

    /// The last second in which the certificate is valid, since 1970.
    public var notAfter: Int64 { Certificate.seconds(X509_get0_notAfter(handle)) }

    /// The DNS names that the certificate is for.
    public var names: [String] {
        guard let raw = X509_get_ext_d2i(handle, NID_subject_alt_name, nil, nil) else { return [] }
        let list = OpaquePointer(raw)
        defer { copenssl_names_free(list) }
        var names: [String] = []
        for index in 0..<copenssl_name_count(list) {
            var length: Int32 = 0
            guard let name = copenssl_name_at(list, index), let bytes = copenssl_dns_name(name, &length) else { continue }
            names.append(String(decoding: UnsafeBufferPointer(start: bytes, count: Int(length)), as: UTF8.self))
        }
        return names
    }

    private func entry(_ kind: Int32) -> String? {
        let name = X509_get_subject_name(handle)
        let index = X509_NAME_get_index_by_NID(name, kind, -1)
        guard index >= 0, let data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)) else { return nil }
        var bytes: UnsafeMutablePointer<UInt8>?
        let length = ASN1_STRING_to_UTF8(&bytes, data)
        guard length >= 0, let bytes else { return nil }
        defer { CRYPTO_free(bytes, "", 0) }
        return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(length)), as: UTF8.self)
    }

    private static func text(_ name: OpaquePointer?) -> String {
        PEMText.write { copenssl_print_name($0, name) }
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var parts = tm()
        guard ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
        return Int64(timegm(&parts))
    }
}

/// A private key.
public final class PrivateKey {
    let handle: OpaquePointer

    /// A fresh key on the curve P-256.
    public init() throws(TLSError) {
        guard let handle = copenssl_new_p256_key() else { throw TLSError.fromQueue("a new key") }
        self.handle = handle
    }

    /// Reads a PEM text; keys with a passphrase are not read.
    public init(pem: [UInt8]) throws(TLSError) {
        ERR_clear_error()
        guard let memory = PEMText.reader(pem) else { throw TLSError.fromQueue("a private key") }
        defer { BIO_free(memory) }
        guard let handle = copenssl_read_key(memory) else { throw TLSError.fromQueue("a private key in PEM") }
        self.handle = handle
    }

    deinit { EVP_PKEY_free(handle) }

    /// The PEM text, without a passphrase.
    public var pem: String { PEMText.write { PEM_write_bio_PrivateKey($0, handle, nil, nil, 0, nil, nil) } }
}

/// Text that OpenSSL reads and writes.
enum PEMText {
    /// A text to read from; it is copied.
    static func reader(_ text: [UInt8]) -> OpaquePointer? {
        guard let memory = BIO_new(BIO_s_mem()) else { return nil }
        if !text.isEmpty { BIO_write(memory, text, Int32(clamping: text.count)) }
        return memory
    }

    static func write(_ body: (OpaquePointer) -> Int32) -> String {
        guard let memory = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(memory) }
        guard body(memory) > 0 else { return "" }
        var bytes: UnsafeMutablePointer<CChar>?
        let count = copenssl_bio_contents(memory, &bytes)
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: max(0, count)), as: UTF8.self)
    }
}
