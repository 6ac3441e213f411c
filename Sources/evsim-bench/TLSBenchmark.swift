import Glibc
import Transport

/// TLS 1.3 with both ends on one loop: processor time of a handshake and of a round trip, memory of an idle connection.
enum TLSBenchmark {
    static func run() throws -> [Measurement] {
        let now = Int64(time(nil))
        let authority = try CertificateAuthority(commonName: "Root", notBefore: now - 60, notAfter: now + 86_400)
        let key = try PrivateKey()
        let certificate = try authority.issue(
            commonName: "central", key: key, names: ["IP:127.0.0.1"], usage: .server, notBefore: now - 60, notAfter: now + 86_400)
        let secret = [UInt8](repeating: 7, count: 20)
        let loop = try EventLoop(seed: 3)
        let server = try OCPPServer(
            loop: loop, address: "127.0.0.1", port: 0, admission: Admission(profile: .basicTLS, keys: ["CP": secret], second: .allow),
            tls: .server(certificates: Array(certificate.pem.utf8), key: Array(key.pem.utf8)))
        let client = try OCPPClient(
            url: try WebSocketURL("wss://127.0.0.1:\(server.port)/ocpp"), identity: "CP", profile: .basicTLS, key: secret,
            tls: .client(authorities: Array(authority.certificate.pem.utf8)))
        let count = 1000
        let (memory, begin) = (WebSocketBenchmark.residentBytes("self"), processorTime())
        var ids: [ConnectionID] = []
        var (opened, connected) = (0, 0)
        let end = EventLoop.now() + 60_000_000_000
        while connected < count || opened < count {
            while ids.count < count, ids.count - opened < 200 { ids.append(client.connect(loop)) }
            guard let event = loop.next(until: end) else { return [Measurement(name: "tls.handshakes", value: 0, unit: "finished", bar: 1)] }
            if let heard = server.handle(event) {
                if case .connected = heard { connected += 1 }
            } else if case .opened = event {
                opened += 1
            } else if case .closed = event {
                return [Measurement(name: "tls.handshakes", value: 0, unit: "finished", bar: 1)]
            }
        }
        let handshake = (processorTime() - begin) / Double(count) * 1e6
        let kilobytes = Double(WebSocketBenchmark.residentBytes("self") - memory) / Double(2 * count) / 1000
        let text = "[2,\"1234567\",\"Heartbeat\",{}]"
        let (start, stop) = (processorTime(), EventLoop.now() + 1_000_000_000)
        for id in ids.prefix(100) { loop.send(text: text, to: id) }
        var trips = 0
        while let event = loop.next(until: stop) {
            if case .text(let id, let bytes)? = server.handle(event) {
                loop.send(text: bytes, to: id)
            } else if case .text(let id, let bytes) = event {
                trips += 1
                loop.send(text: bytes, to: id)
                if EventLoop.now() >= stop { break }
            }
        }
        return [
            Measurement(name: "tls.handshake.cpu", value: handshake, unit: "µs, both sides"),
            Measurement(name: "tls.idle", value: kilobytes, unit: "kB/connection and side"),
            Measurement(name: "tls.echo-100.cpu", value: (processorTime() - start) / Double(max(1, trips)) * 1e6, unit: "µs/rt, both sides"),
        ]
    }
}
