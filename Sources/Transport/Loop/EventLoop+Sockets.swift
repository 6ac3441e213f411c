import CLinux
import Glibc

/// A listening socket.
struct Listener {
    var descriptor: Int32
    let port: UInt16
    let tls: TLSContext?
    let settings: ConnectionSettings
    /// It rests because no descriptors were left.
    var isSleeping = false
}

extension EventLoop {
    // MARK: - Servers

    /// Listens on an address and a port; port 0 lets the system choose, `port(of:)` says which.
    public func listen(
        address: String, port: UInt16, tls: TLSContext? = nil, settings: ConnectionSettings = ConnectionSettings()
    ) throws(TransportError) -> ListenerID {
        guard let bound = try SocketAddress.resolve(host: address, port: port, isListening: true).first else { throw TransportError("no address \(address)") }
        let descriptor = clinux_socket(bound.family)
        guard descriptor >= 0 else { throw TransportError("a socket for \(bound): \(words(of: -descriptor))") }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard bound.withPointer({ bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 4096) == 0 else {
            let error = errno
            Glibc.close(descriptor)
            let owner = error == EADDRINUSE ? PortProbe.owner(of: port).map { " by \($0)" } ?? "" : ""
            throw TransportError("cannot listen on \(bound): \(words(of: error))\(owner)")
        }
        let id = ListenerID(index: listeners.count)
        let result = clinux_epoll_add(epoll, descriptor, UInt32(clinux_readable), EventLoop.listenerTokens | UInt64(id.index))
        guard result == 0 else {
            Glibc.close(descriptor)
            throw TransportError("epoll: \(words(of: -result))")
        }
        listeners.append(Listener(descriptor: descriptor, port: SocketAddress(of: descriptor)?.port ?? port, tls: tls, settings: settings))
        return id
    }

    /// The port that a listener has.
    public func port(of listener: ListenerID) -> UInt16 { listeners[listener.index].port }

    /// Takes no more connections; those that stand stay.
    public func stopListening(_ listener: ListenerID) {
        guard listeners[listener.index].descriptor >= 0 else { return }
        Glibc.close(listeners[listener.index].descriptor)
        listeners[listener.index].descriptor = -1
    }

    func acceptAll(_ id: ListenerID) {
        let listener = listeners[id.index]
        // A flood of connections leaves time for those that stand.
        for _ in 0..<64 where listener.descriptor >= 0 {
            var storage = sockaddr_storage()
            var length: socklen_t = 0
            let descriptor = clinux_accept(listener.descriptor, &storage, &length)
            if descriptor < 0 {
                if descriptor == -EMFILE || descriptor == -ENFILE || descriptor == -ENOBUFS || descriptor == -ENOMEM { sleep(id) }
                return
            }
            _ = clinux_set_no_delay(descriptor)
            let connection = add(descriptor, listener: id, settings: listener.settings, state: .handshake, role: .server)
            connection.peer = SocketAddress(storage: storage, length: length).description
            connection.stateDeadline = time &+ listener.settings.handshakeTimeout
            if let context = listener.tls {
                connection.state = .tls
                do throws(TLSError) {
                    connection.tls = try TLSSession(context, buffers: try sharedBuffers(), hostName: nil)
                } catch {
                    end(connection, .tlsFailure, detail: error.text)
                    continue
                }
            }
            watch(connection, UInt32(clinux_readable))
            schedule(connection)
        }
    }

    /// No descriptors are left: the listener rests for a moment instead of waking the loop again and again.
    private func sleep(_ id: ListenerID) {
        _ = clinux_epoll_remove(epoll, listeners[id.index].descriptor)
        listeners[id.index].isSleeping = true
        sleepingListeners = true
    }

    func wakeListeners() {
        sleepingListeners = false
        for index in listeners.indices where listeners[index].isSleeping {
            listeners[index].isSleeping = false
            guard listeners[index].descriptor >= 0 else { continue }
            _ = clinux_epoll_add(epoll, listeners[index].descriptor, UInt32(clinux_readable), EventLoop.listenerTokens | UInt64(index))
        }
    }

    // MARK: - Clients

    /// Opens a connection: TCP to the first address that answers, then TLS, then the request. Answers later with `.opened` or `.closed`.
    ///
    /// - Parameter hostName: The name or address that the certificate of the server must carry.
    public func connect(
        to addresses: [SocketAddress], request: UpgradeRequest, tls: TLSContext? = nil, hostName: String? = nil,
        settings: ConnectionSettings = ConnectionSettings()
    ) -> ConnectionID {
        let connection = add(-1, listener: nil, settings: settings, state: .connecting, role: .client)
        connection.request = request
        connection.context = tls
        connection.hostName = hostName
        connection.addresses = addresses[...]
        connection.stateDeadline = clinux_now() &+ settings.handshakeTimeout
        schedule(connection)
        tryNextAddress(connection, failure: "no address to connect to")
        return connection.id
    }

    /// A key for a request.
    public func handshakeKey() -> String { UpgradeRequest.key(from: &keys) }

    private func tryNextAddress(_ connection: Connection, failure: String) {
        var failure = failure
        while let address = connection.addresses.popFirst() {
            connection.peer = address.description
            let descriptor = clinux_socket(address.family)
            guard descriptor >= 0 else {
                failure = "a socket for \(address): \(words(of: -descriptor))"
                continue
            }
            _ = clinux_set_no_delay(descriptor)
            let result = address.withPointer { Glibc.connect(descriptor, $0, $1) }
            if result != 0, errno != EINPROGRESS {
                failure = "the connection to \(address): \(words(of: errno))"
                Glibc.close(descriptor)
                continue
            }
            connection.descriptor = descriptor
            watch(connection, UInt32(clinux_writable))
            return
        }
        end(connection, .abnormal, detail: failure)
    }

    /// TCP is open, or the address does not answer.
    func connected(_ connection: Connection) {
        let error = clinux_socket_error(connection.descriptor)
        guard error == 0 else {
            Glibc.close(connection.descriptor)
            connection.descriptor = -1
            connection.interest = 0
            tryNextAddress(connection, failure: "the connection to \(connection.peer): \(words(of: error))")
            return
        }
        watch(connection, UInt32(clinux_readable))
        guard let context = connection.context else {
            connection.state = .handshake
            sendRequest(connection)
            return
        }
        connection.context = nil
        connection.state = .tls
        do throws(TLSError) {
            let session = try TLSSession(context, buffers: try sharedBuffers(), hostName: connection.hostName)
            connection.tls = session
            if case .failed(let error) = session.shakeHands(&connection.output) {
                end(connection, .tlsFailure, detail: error.text)
                return
            }
            markDirty(connection)
        } catch {
            end(connection, .tlsFailure, detail: error.text)
        }
    }

    // MARK: - Both

    private func sharedBuffers() throws(TLSError) -> TLSBuffers {
        if let tlsBuffers { return tlsBuffers }
        let made = try TLSBuffers()
        tlsBuffers = made
        return made
    }

    private func add(
        _ descriptor: Int32, listener: ListenerID?, settings: ConnectionSettings, state: Connection.State, role: WebSocketCodec.Role
    ) -> Connection {
        lastSerial &+= 1
        let slot = freeSlots.popLast() ?? UInt32(connections.count)
        let seed = UInt64(keys.next()) << 32 | UInt64(keys.next())
        let connection = Connection(
            id: ConnectionID(slot: slot, serial: lastSerial), listener: listener, settings: settings, descriptor: descriptor, state: state,
            codec: WebSocketCodec(role: role, limits: settings.limits, keys: MaskKeys(seed: seed)))
        if slot == connections.count { connections.append(connection) } else { connections[Int(slot)] = connection }
        connectionCount += 1
        return connection
    }

    /// Tells epoll what to watch for, when that changes.
    func watch(_ connection: Connection, _ interest: UInt32) {
        guard connection.descriptor >= 0 else { return }
        // A fresh descriptor has not been added; the highest bit remembers that it has.
        let added: UInt32 = 1 << 31
        if connection.interest == 0 {
            _ = clinux_epoll_add(epoll, connection.descriptor, interest, token(connection.id))
        } else if connection.interest != interest | added {
            _ = clinux_epoll_change(epoll, connection.descriptor, interest, token(connection.id))
        }
        connection.interest = interest | added
    }

    /// What a connection is to be watched for in its state.
    func watch(_ connection: Connection) {
        var interest: UInt32 = 0
        if !connection.output.isEmpty, connection.trickled.isEmpty || connection.nextByte == .max || connection.nextByte <= time {
            interest |= UInt32(clinux_writable)
        }
        if connection.state != .deciding, !connection.isReadingPaused, !(connection.isCongested && connection.settings.overflow == .pause) {
            interest |= UInt32(clinux_readable)
        }
        watch(connection, interest)
    }

    /// Forgets a connection for good.
    func remove(_ connection: Connection) {
        guard let held = connections[Int(connection.id.slot)], held === connection else { return }
        if connection.descriptor >= 0 { Glibc.close(connection.descriptor) }
        connection.descriptor = -1
        connections[Int(connection.id.slot)] = nil
        freeSlots.append(connection.id.slot)
        connectionCount -= 1
        if current === connection { current = nil }
    }
}
