import Foundation
import Glibc
import Testing
import Transport

/// A server and clients on one loop, driven until something is the case.
private final class Stage {
    let loop: EventLoop
    let server: OCPPServer
    var opened: [ConnectionID: String] = [:]
    var connected: [(ConnectionID, OCPPServer.Peer)] = []
    var closed: [(ConnectionID, Closing)] = []
    var refused: [Closing] = []
    var heard: [String] = []
    var echoes = true

    init(_ admission: Admission = Admission(), tls: TLSContext? = nil, settings: ConnectionSettings = ConnectionSettings()) throws {
        loop = try EventLoop(seed: 1)
        server = try OCPPServer(loop: loop, address: "127.0.0.1", port: 0, admission: admission, tls: tls, settings: settings)
    }

    func client(
        _ identity: String, profile: Admission.Profile = .none, key: [UInt8]? = nil, tls: TLSContext? = nil, protocols: [String] = ["ocpp1.6"],
        host: String = "127.0.0.1", settings: ConnectionSettings = ConnectionSettings()
    ) throws -> ConnectionID {
        let url = try WebSocketURL("\(profile.isTLS ? "wss" : "ws")://\(host):\(server.port)/ocpp")
        return try OCPPClient(url: url, identity: identity, protocols: protocols, profile: profile, key: key, tls: tls, settings: settings).connect(loop)
    }

    func run(seconds: Double = 5, until isReached: (Stage) -> Bool) -> Bool {
        let end = EventLoop.now() + UInt64(seconds * 1e9)
        while !isReached(self) {
            guard let event = loop.next(until: end) else { return isReached(self) }
            if let known = server.handle(event) {
                switch known {
                case .connected(let id, let peer): connected.append((id, peer))
                case .text(let id, let bytes): if echoes { loop.send(text: bytes, to: id) }
                case .closed(let id, _, let closing): closed.append((id, closing))
                case .refused(_, _, let closing): refused.append(closing)
                case .other: break
                }
                continue
            }
            switch event {
            case .opened(let id, let opening) where !opening.isServer: opened[id] = opening.subprotocol ?? ""
            case .text(_, let bytes): heard.append(String(decoding: bytes, as: UTF8.self))
            case .closed(let id, let closing): closed.append((id, closing))
            default: break
            }
        }
        return true
    }

    func ending(of id: ConnectionID) -> Closing? { closed.first { $0.0 == id }?.1 }
}

@Suite struct EventLoopTests {
    @Test("200 charge points connect, talk and part")
    func many() throws {
        let stage = try Stage()
        let ids = try (0..<200).map { try stage.client("CP\($0)") }
        #expect(stage.run { $0.opened.count == 200 && $0.connected.count == 200 })
        #expect(Set(stage.connected.map(\.1.identity)).count == 200 && stage.opened.values.allSatisfy { $0 == "ocpp1.6" })
        for (index, id) in ids.enumerated() { stage.loop.send(text: "hello \(index)", to: id) }
        #expect(stage.run { $0.heard.count == 200 })
        #expect(Set(stage.heard) == Set((0..<200).map { "hello \($0)" }))
        stage.loop.closeAll(reason: "night")
        #expect(stage.run { $0.closed.count == 400 })
        #expect(stage.closed.allSatisfy { $0.1.code == .goingAway && $0.1.wasOpen })
        #expect(stage.run { $0.loop.isIdle })
        #expect(stage.loop.send(text: "late", to: ids[0]) == false)
    }

    @Test("every ending is told once and in words")
    func endings() throws {
        let stage = try Stage(Admission(known: ["A", "B", "C", "D"]))
        let (unknown, other, a, b) = (try stage.client("X"), try stage.client("A", protocols: ["ocpp9"]), try stage.client("B"), try stage.client("C"))
        #expect(stage.run { $0.opened[a] != nil && $0.opened[b] != nil && $0.connected.count == 2 && $0.closed.count == 2 && $0.refused.count == 2 })
        #expect(stage.ending(of: unknown)?.httpStatus == 404 && stage.ending(of: unknown)?.wasOpen == false)
        #expect(stage.ending(of: other)?.reason == "no common subprotocol: offered ocpp9, here ocpp1.6")
        stage.loop.abort(a, reset: true)
        stage.loop.close(b, CloseCode(rawValue: 4001), reason: "enough")
        stage.loop.close(b)
        #expect(stage.run { $0.closed.count == 6 })
        let servers = stage.connected.map(\.0)
        #expect(stage.ending(of: a)?.detail == "cut here" && stage.ending(of: b)?.code.rawValue == 4001)
        #expect(stage.ending(of: servers[0])?.code == .abnormal && stage.ending(of: servers[1])?.reason == "enough")
        let nowhere = stage.loop.connect(to: [], request: UpgradeRequest(path: "/", host: "", key: ""))
        #expect(stage.run { $0.ending(of: nowhere) != nil })
        #expect(stage.ending(of: nowhere)?.detail == "no address to connect to")
    }

    @Test("broken frames on purpose, half-closed streams and silence reach the other side")
    func faults() throws {
        let stage = try Stage()
        stage.server.pingInterval = 30_000_000
        stage.server.pongDeadline = 60_000_000
        let (broken, half, silent) = (try stage.client("A"), try stage.client("B"), try stage.client("C"))
        #expect(stage.run { $0.opened.count == 3 })
        [UInt8](arrayLiteral: 0x83, 0x00).withUnsafeBytes { stage.loop.sendRaw($0, to: broken) }
        stage.loop.shutdownWrite(half)
        stage.loop.pauseReading(silent)
        #expect(stage.run { $0.closed.count == 5 })
        #expect(stage.ending(of: broken)?.code == .protocolError)
        let details = stage.closed.map(\.1.detail)
        #expect(details.contains("the peer sent a reserved opcode") && details.contains("no pong within 60 ms: the peer is gone"))
        #expect(details.contains("the peer ended the connection without a close frame"))
    }

    @Test("a slow reader is told, and closed with 1008")
    func slow() throws {
        var settings = ConnectionSettings()
        settings.outputLimit = 100_000
        let stage = try Stage(settings: settings)
        let id = try stage.client("A")
        #expect(stage.run { $0.connected.count == 1 })
        stage.loop.pauseReading(id)
        let big = String(repeating: "x", count: 50_000)
        var sent = 0
        while sent < 1000, stage.loop.send(text: big, to: stage.connected[0].0) { sent += 1 }
        #expect(stage.run { $0.closed.contains { $0.1.code == .policyViolation } })
        #expect(sent < 1000)
    }

    @Test("deadlines are kept, and a passed one looks once")
    func deadlines() throws {
        let loop = try EventLoop()
        let begin = EventLoop.now()
        #expect(loop.next(until: begin + 30_000_000) == nil)
        let passed = EventLoop.now() - begin
        #expect(passed >= 30_000_000 && passed < 1_000_000_000)
        #expect(loop.next(until: 0) == nil)
        loop.waker.wake()
        guard case .interrupted = loop.next(until: 0) else {
            Issue.record("the waker is not heard")
            return
        }
    }

    @Test("security profiles 2 and 3 with certificates made here")
    func tls() throws {
        let now = Int64(time(nil))
        let authority = try CertificateAuthority(commonName: "Root", notBefore: now - 100, notAfter: now + 10_000)
        let (serverKey, chargerKey) = (try PrivateKey(), try PrivateKey())
        let central = try authority.issue(
            commonName: "central", key: serverKey, names: ["localhost", "IP:127.0.0.1"], usage: .server, notBefore: now - 100, notAfter: now + 1000)
        let charger = try authority.issue(commonName: "SERIAL1", key: chargerKey, usage: .client, notBefore: now - 100, notAfter: now + 1000)
        let (root, key) = (Array(authority.certificate.pem.utf8), [UInt8](repeating: 7, count: 20))
        let serverContext = try TLSContext.server(certificates: Array(central.pem.utf8), key: Array(serverKey.pem.utf8))
        let basic = try Stage(Admission(profile: .basicTLS, keys: ["A": key]), tls: serverContext)
        for host in ["127.0.0.1", "localhost"] {
            let id = try basic.client("A", profile: .basicTLS, key: key, tls: .client(authorities: root), host: host)
            #expect(basic.run { $0.opened[id] != nil })
            for size in [1, 16_384, 100_000, 900_000] {
                basic.heard = []
                basic.loop.send(text: String(repeating: "t", count: size), to: id)
                #expect(basic.run { !$0.heard.isEmpty })
                #expect(basic.heard.first?.utf8.count == size)
            }
        }
        let mutual = try Stage(
            Admission(profile: .mutualTLS, serials: ["A": "SERIAL1", "B": "SERIAL2"]),
            tls: .server(certificates: Array(central.pem.utf8), key: Array(serverKey.pem.utf8), clientAuthorities: root))
        let own = try TLSContext.client(authorities: root, certificates: Array(charger.pem.utf8), key: Array(chargerKey.pem.utf8))
        let (right, wrong) = (try mutual.client("A", profile: .mutualTLS, tls: own), try mutual.client("B", profile: .mutualTLS, tls: own))
        #expect(mutual.run { $0.opened[right] != nil && $0.ending(of: wrong) != nil && $0.connected.count == 1 })
        #expect(mutual.connected[0].1.certificateName == "SERIAL1" && mutual.connected[0].1.tls?.hasPrefix("TLSv1.3 ") == true)
        #expect(mutual.ending(of: wrong)?.httpStatus == 401)
        #expect(throws: TransportError.self) { try Stage(Admission(profile: .mutualTLS), tls: serverContext) }
        #expect(throws: TransportError.self) { try basic.client("A", profile: .basicTLS, tls: own) }
    }

    @Test("a port that is in use is named with its owner")
    func ports() throws {
        let stage = try Stage()
        #expect(PortProbe.obstacle(port: stage.server.port)?.contains("the port is in use by ") == true)
        #expect(throws: TransportError.self) { try stage.loop.listen(address: "127.0.0.1", port: stage.server.port) }
        stage.loop.stopListening(stage.server.listener)
        #expect(PortProbe.obstacle(port: stage.server.port) == nil)
    }
}
