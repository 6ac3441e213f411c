import OCPP
import Quantities
import Transport

/// How a charge point behind a proxy, or somebody in its name, reaches the central system.
struct ProxiedWay {
    let url: WebSocketURL
    let addresses: [SocketAddress]
    let tls: TLSContext?
    /// The path below that of the URL, the subprotocols and the credentials of the charge point.
    var identity = ""
    var protocols: [String] = ["ocpp1.6"]
    var credentials: BasicCredentials?

    /// Asks for a connection.
    func connect(_ loop: EventLoop) -> ConnectionID {
        let request = UpgradeRequest(
            path: url.path(for: identity), host: url.hostField, key: loop.handshakeKey(), protocols: protocols, credentials: credentials)
        return loop.connect(to: addresses, request: request, tls: tls, hostName: url.isSecure ? url.host : nil)
    }
}

/// Charge points and a central system that are other programs, with this run between them.
extension LiveNetwork {
    /// Prepares the way of a proxy to its central system; names are looked up now, because that may take seconds.
    func prepare(_ proxy: ProxyNode) throws(RunFailure) {
        var address = proxy.centralSystem
        if !address.contains("://") {
            guard let own = listeners.first(where: { simulation.nodes[$0.node].name == address && simulation.nodes[$0.node] is CentralSystemNode }) else {
                throw fail(proxy, "'csms' takes an address such as ws://127.0.0.1:9000/ocpp, or the name of a csms of this run, not '\(address)'")
            }
            address = own.url
        }
        let url: WebSocketURL
        do { url = try WebSocketURL(address) } catch { throw fail(proxy, "\(address): \(error.text)") }
        guard settings.allowsNetwork || LiveNetwork.isLoopback(url.host) else {
            throw fail(proxy, "'\(url.host)' is another machine; give --allow-net if the run shall reach it")
        }
        let context: TLSContext?
        do { context = try proxy.upstream.clientContext(isSecure: url.isSecure) } catch { throw fail(proxy, error.description) }
        do {
            proxyWays[proxy.index] = ProxiedWay(url: url, addresses: try SocketAddress.resolve(host: url.host, port: url.port), tls: context)
        } catch {
            throw fail(proxy, "\(address): \(error.text)")
        }
    }

    /// A charge point wants to connect through a proxy: it is let in when the central system lets it in.
    func forward(_ id: ConnectionID, _ proxy: ProxyNode, _ request: UpgradeRequest, identity: String) {
        guard var way = proxyWays[proxy.index] else { return loop.refuse(id, UpgradeError(502, "nobody is behind this proxy")) }
        (way.identity, way.protocols, way.credentials) = (identity, request.protocols, request.credentials)
        let link = simulation.links.proxied(identity: identity, proxy: proxy.index) { [serverEnd, clientEnd] in serverEnd[$0] == nil && clientEnd[$0] == nil }
        proxied[link] = way
        let upstream = way.connect(loop)
        ends[upstream] = End(link: link, isCentralSystem: false)
        ends[id] = End(link: link, isCentralSystem: true)
        clientEnd[link] = upstream
        serverEnd[link] = id
    }

    /// An end of a proxy's connection stands; `true` when it was one.
    func openedProxied(_ id: ConnectionID, _ end: End, _ opening: Opening) -> Bool {
        guard simulation.links.links[end.link].isProxy else { return false }
        ends[id]?.isOpen = true
        if end.isCentralSystem {
            (simulation.nodes[simulation.links.links[end.link].chargePoint] as? ProxyNode)?.count(1)
            simulation.links.proxyStands(end.link)
        } else if let downstream = serverEnd[end.link] {
            loop.accept(downstream, subprotocol: opening.subprotocol)
        } else {
            drop(id, .goingAway)
        }
        return true
    }

    /// An end of a proxy's connection is gone: the other one goes the same way; `true` when it was one.
    func closedProxied(_ end: End, _ closing: Closing) -> Bool {
        guard simulation.links.links[end.link].isProxy else { return false }
        let other = end.isCentralSystem ? clientEnd.removeValue(forKey: end.link) : serverEnd.removeValue(forKey: end.link)
        if end.isCentralSystem { serverEnd[end.link] = nil } else { clientEnd[end.link] = nil }
        let wasUp = simulation.links.isUp(end.link)
        if let other {
            if !end.isCentralSystem, !closing.wasOpen {
                ends[other] = nil
                loop.refuse(other, UpgradeError(closing.httpStatus ?? 502, "the central system: \(closing.detail)"))
            } else {
                let code = closing.code.isLegalOnTheWire ? closing.code : .goingAway
                drop(other, code, reason: closing.reason)
            }
        }
        if wasUp {
            (simulation.nodes[simulation.links.links[end.link].chargePoint] as? ProxyNode)?.count(-1)
            simulation.links.close(end.link)
        }
        return true
    }

    // MARK: Somebody in the name of a charge point

    /// Opens a connection for somebody who plays a charge point.
    func openIntruder(_ number: Int) {
        let link = simulation.links.links[number]
        let id: ConnectionID
        if let client = clients[link.imitated] {
            id = client.connect(loop)
        } else if let way = proxied[link.imitated] {
            id = way.connect(loop)
        } else if let listener = listeners.first(where: { $0.node == link.centralSystem }), let url = try? WebSocketURL(listener.url),
            let addresses = try? SocketAddress.resolve(host: url.host, port: url.port), !url.isSecure
        {
            id = ProxiedWay(url: url, addresses: addresses, tls: nil, identity: link.identity).connect(loop)
        } else {
            return
        }
        clientEnd[number] = id
        ends[id] = End(link: number, isCentralSystem: false)
    }

    /// The link of somebody of this run who is just connecting under a name that is not its own.
    func connectingIntruder(_ identity: String, _ node: Node) -> Int? {
        simulation.links.links.indices.first { number in
            let link = simulation.links.links[number]
            guard link.imitated >= 0, link.identity == identity, link.centralSystem == node.index, let own = clientEnd[number] else { return false }
            return ends[own]?.isOpen == false && serverEnd[number] == nil
        }
    }
}
