extension EventLoop {
    /// A client's request.
    func sendRequest(_ connection: Connection) {
        if connection.settings.compresses, connection.request?.extensions.isEmpty == true {
            connection.request?.extensions = [DeflateAgreement.offer(resets: connection.settings.resetsCompression)]
        }
        raw(connection, connection.request?.bytes ?? [])
    }

    /// Looks whether the head of a request or an answer is whole.
    func readHandshake(_ connection: Connection) {
        guard connection.state == .handshake else { return }
        if connection.isServer { readRequest(connection) } else { readAnswer(connection) }
    }

    private func readRequest(_ connection: Connection) {
        switch UpgradeRequest.read(connection.input.bytes) {
        case .incomplete: break
        case .whole(let request, let size):
            guard let listener = connection.listener else { return }
            connection.input.consume(size)
            connection.request = request
            connection.state = .deciding
            watch(connection)
            tell(.upgrade(connection.id, listener, request))
        case .wrong(let error):
            refuse(connection, error)
        }
    }

    private func readAnswer(_ connection: Connection) {
        guard let request = connection.request else { return }
        switch UpgradeResponse.read(connection.input.bytes) {
        case .incomplete: break
        case .whole(let response, let size):
            connection.input.consume(size)
            do throws(UpgradeError) {
                try response.check(against: request)
                var agreement: DeflateAgreement?
                if let answer = response.extensions.first {
                    agreement = DeflateAgreement.confirmed(answer)
                    guard agreement != nil, response.extensions.count == 1 else {
                        throw UpgradeError(101, "the server chose an extension that was not offered so: \(answer)")
                    }
                }
                open(connection, request, response.selected, agreement)
            } catch {
                end(connection, .abnormal, status: error.status, detail: error.text, lingers: true)
            }
        case .wrong(let error): end(connection, .abnormal, status: error.status == 0 ? nil : error.status, detail: error.text, lingers: true)
        }
    }

    // MARK: - The owner's answer

    /// Completes the handshake of an `.upgrade`; `.opened` follows.
    public func accept(_ id: ConnectionID, subprotocol: String?) {
        guard let connection = living(id), connection.state == .deciding, let request = connection.request else { return }
        var agreement: DeflateAgreement?
        var extensions: [String] = []
        if connection.settings.compresses {
            agreement = DeflateAgreement.choose(from: request.extensions, resets: connection.settings.resetsCompression)
            if let agreement { extensions = [agreement.answer(clientBitsOffered: true)] }
        }
        raw(connection, UpgradeResponse(accepting: request, subprotocol: subprotocol, extensions: extensions).bytes)
        open(connection, request, subprotocol, agreement)
    }

    /// Refuses an `.upgrade` with a status of HTTP, such as 404; `.closed` follows.
    public func refuse(_ id: ConnectionID, _ error: UpgradeError) {
        guard let connection = living(id), connection.state == .deciding else { return }
        refuse(connection, error)
    }

    private func refuse(_ connection: Connection, _ error: UpgradeError) {
        raw(connection, UpgradeResponse(refusing: error.status, error.text).bytes)
        end(connection, .abnormal, status: error.status, detail: "refused with \(error.status): \(error.text)", lingers: true)
    }

    private func open(_ connection: Connection, _ request: UpgradeRequest, _ subprotocol: String?, _ agreement: DeflateAgreement?) {
        if let agreement {
            let seed = UInt64(keys.next()) << 32 | UInt64(keys.next())
            connection.codec = WebSocketCodec(
                role: connection.isServer ? .server : .client, limits: connection.settings.limits, keys: MaskKeys(seed: seed), deflate: agreement)
        }
        connection.state = .open
        connection.stateDeadline = .max
        connection.request = nil
        watch(connection)
        let opening = Opening(
            request: request, subprotocol: subprotocol, isServer: connection.isServer, peer: connection.peer, tls: connection.tls?.description,
            certificateName: connection.tls?.peerCertificate?.commonName, isCompressed: agreement != nil)
        tell(.opened(connection.id, opening))
        if !connection.input.isEmpty { withLeftover.append(connection) }
    }

    /// The common name of the certificate that the peer showed; for an `.upgrade` that is to be decided.
    public func certificateName(_ id: ConnectionID) -> String? { living(id)?.tls?.peerCertificate?.commonName }

    /// The address and port of the peer.
    public func peer(_ id: ConnectionID) -> String? { living(id)?.peer }
}
