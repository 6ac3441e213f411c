import COpenSSL

/// Memory through which all TLS sessions of a loop pass their bytes: each is empty again when a call returns, so one pair serves all.
final class TLSBuffers {
    let incoming: OpaquePointer
    let outgoing: OpaquePointer

    init() throws(TLSError) {
        guard let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem()) else { throw TLSError.fromQueue("TLS") }
        (self.incoming, self.outgoing) = (incoming, outgoing)
    }

    deinit {
        BIO_free(incoming)
        BIO_free(outgoing)
    }
}

/// TLS of one connection without input and output: ciphertext in, plaintext and ciphertext out.
final class TLSSession {
    enum Step {
        /// Go on; more ciphertext may be needed.
        case going
        /// The other side ended the stream in order.
        case ended
        case failed(TLSError)
    }

    private let ssl: OpaquePointer
    private let buffers: TLSBuffers
    private let hostName: String?
    private let isServer: Bool
    private(set) var isEstablished = false

    init(_ context: TLSContext, buffers: TLSBuffers, hostName: String?) throws(TLSError) {
        guard let ssl = SSL_new(context.context) else { throw TLSError.fromQueue("TLS") }
        (self.ssl, self.buffers, self.hostName, isServer) = (ssl, buffers, hostName, context.isServer)
        BIO_up_ref(buffers.incoming)
        BIO_up_ref(buffers.outgoing)
        SSL_set_bio(ssl, buffers.incoming, buffers.outgoing)
        if context.isServer {
            SSL_set_accept_state(ssl)
        } else {
            SSL_set_connect_state(ssl)
            if let hostName {
                // An address is looked up among the addresses of the certificate, a name also goes to the server.
                if X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), hostName) != 1 {
                    ERR_clear_error()
                    _ = copenssl_set_host_name(ssl, hostName)
                    SSL_set1_host(ssl, hostName)
                }
            }
        }
    }

    deinit {
        if let failed = copenssl_take_failed(ssl) { X509_free(failed) }
        SSL_free(ssl)
    }

    /// Begins or goes on with the handshake.
    func shakeHands(_ output: inout ByteQueue) -> Step {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result == 1 { isEstablished = true }
        let step: Step = result == 1 ? .going : outcome(result, "TLS handshake")
        drain(&output)
        return step
    }

    /// Takes ciphertext; plaintext goes to `plain`, which must have room for what came and one record more, and its size to `count`.
    func receive(_ cipher: UnsafeRawBufferPointer, plain: UnsafeMutableRawBufferPointer, count: inout Int, output: inout ByteQueue) -> Step {
        ERR_clear_error()
        BIO_write(buffers.incoming, cipher.baseAddress, Int32(cipher.count))
        defer { _ = copenssl_bio_reset(buffers.incoming) }
        if !isEstablished {
            let step = shakeHands(&output)
            guard case .going = step, isEstablished else { return step }
        }
        while count < plain.count, let base = plain.baseAddress {
            let got = SSL_read(ssl, base + count, Int32(plain.count - count))
            if got <= 0 {
                let step = outcome(got, "TLS")
                drain(&output)
                return step
            }
            count += Int(got)
        }
        drain(&output)
        return .failed(TLSError("TLS: more plaintext than ciphertext"))
    }

    /// Encrypts.
    func send(_ plain: UnsafeRawBufferPointer, output: inout ByteQueue) {
        guard plain.count > 0 else { return }
        ERR_clear_error()
        SSL_write(ssl, plain.baseAddress, Int32(plain.count))
        drain(&output)
    }

    /// Says that no more will be sent.
    func end(output: inout ByteQueue) {
        guard isEstablished else { return }
        ERR_clear_error()
        SSL_shutdown(ssl)
        ERR_clear_error()
        drain(&output)
    }

    /// The certificate that the other side showed.
    var peerCertificate: Certificate? { copenssl_peer_certificate(ssl).map { Certificate(owning: $0) } }

    /// Such as `TLSv1.3 TLS_AES_256_GCM_SHA384`.
    var description: String {
        let cipher = SSL_get_current_cipher(ssl).map { String(cString: SSL_CIPHER_get_name($0)) } ?? ""
        return String(cString: SSL_get_version(ssl)) + " " + cipher
    }

    private func outcome(_ result: Int32, _ doing: String) -> Step {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE, SSL_ERROR_NONE: return .going
        case SSL_ERROR_ZERO_RETURN: return .ended
        default:
            let verified = SSL_get_verify_result(ssl)
            if !isEstablished, verified != Int(X509_V_OK) {
                ERR_clear_error()
                let whose = isServer ? "the certificate of the client" : "the certificate of the server"
                let failed = copenssl_take_failed(ssl).map { Certificate(owning: $0) }
                return .failed(TLSError.verification(verified, whose: whose, hostName: hostName, certificate: failed))
            }
            return .failed(TLSError.fromQueue(doing))
        }
    }

    private func drain(_ output: inout ByteQueue) {
        var bytes: UnsafeMutablePointer<CChar>?
        let count = copenssl_bio_contents(buffers.outgoing, &bytes)
        guard count > 0 else { return }
        output.append(UnsafeRawBufferPointer(start: bytes, count: count))
        _ = copenssl_bio_reset(buffers.outgoing)
    }
}
