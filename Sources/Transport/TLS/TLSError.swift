import COpenSSL
import Glibc

/// What went wrong with TLS or a certificate, in words that say what to do.
public struct TLSError: Error, Equatable, Sendable {
    /// The words.
    public let text: String

    init(_ text: String) { self.text = text }

    /// The first error in OpenSSL's queue, explained where one can; the queue is empty afterwards.
    static func fromQueue(_ doing: String) -> TLSError {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return TLSError(doing) }
        if copenssl_error_library(code) == ERR_LIB_SSL, let text = explanations[copenssl_error_reason(code)] { return TLSError("\(doing): \(text)") }
        var buffer = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &buffer, buffer.count)
        let text = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return TLSError("\(doing): \(String(decoding: text, as: UTF8.self))")
    }

    /// Reasons of libssl by their numbers; above 1000 stand the alerts of the other side.
    private static let explanations: [Int32: String] = [
        155: "the client speaks HTTP through a proxy, not TLS",
        156: "the client speaks plain HTTP: ws:// should be wss://",
        193: "no cipher suite in common",
        199: "the client showed no certificate",
        258: "the other side speaks no TLS version from 1.2 on",
        267: "the other side does not speak TLS: wss:// should be ws://",
        294: "the connection ended in the middle",
        1040: "the other side found no common parameters (handshake failure): versions, cipher suites or a missing certificate",
        1042: "the other side does not accept our certificate",
        1044: "the other side says that our certificate is revoked",
        1045: "the other side says that our certificate is out of date",
        1046: "the other side does not accept our certificate",
        1048: "the other side does not know the CA of our certificate",
        1070: "the other side wants another TLS version",
        1071: "the other side finds the cipher suites too weak",
        1112: "the other side does not know the host name",
        1116: "the other side wants a certificate of ours, and none is set",
    ]

    /// Why a certificate does not hold, by OpenSSL's number.
    static func verification(_ result: Int, whose: String, hostName: String?, certificate: Certificate?) -> TLSError {
        let subject = certificate.map { " (\($0.subject))" } ?? ""
        switch Int32(result) {
        case X509_V_ERR_CERT_HAS_EXPIRED: return TLSError("\(whose)\(subject) is out of date since \(certificate.map { utc($0.notAfter) } ?? "some time")")
        case X509_V_ERR_CERT_NOT_YET_VALID: return TLSError("\(whose)\(subject) is not valid before \(certificate.map { utc($0.notBefore) } ?? "some time")")
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return TLSError("\(whose)\(subject) is signed by itself, and is not among the trusted CAs")
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return TLSError("\(whose)\(subject) comes from a CA that is not among the trusted ones: \(certificate?.issuer ?? "unknown")")
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            let names = certificate.map { $0.names.isEmpty ? $0.subject : $0.names.joined(separator: ", ") } ?? "other names"
            return TLSError("\(whose) is for \(names), not for \(hostName ?? "this host")")
        case X509_V_ERR_INVALID_PURPOSE: return TLSError("\(whose)\(subject) may not be used for this purpose")
        default: return TLSError("\(whose)\(subject): \(String(cString: X509_verify_cert_error_string(result)))")
        }
    }

    /// `2026-01-31 12:00:00Z` of seconds since 1970.
    static func utc(_ seconds: Int64) -> String {
        var (time, parts) = (time_t(seconds), tm())
        gmtime_r(&time, &parts)
        let two: (Int32) -> String = { $0 < 10 ? "0\($0)" : "\($0)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}
