import Foundation
import Testing
import Transport

private func read(_ text: String) -> UpgradeRequest.Outcome { Array(text.utf8).withUnsafeBytes { UpgradeRequest.read($0) } }

private func answer(_ text: String) -> UpgradeResponse.Outcome { Array(text.utf8).withUnsafeBytes { UpgradeResponse.read($0) } }

@Suite struct HandshakeTests {
    @Test("the handshakes of the vectors end as they expect")
    func vectors() throws {
        let root = try #require(try JSONSerialization.jsonObject(with: vector("websocket.json")) as? [String: Any])
        let cases = try #require(root["handshake"] as? [[String: Any]])
        #expect(cases.count == 13)
        for one in cases {
            let name = try #require(one["id"] as? String)
            let asked = try #require(one["request"] as? [String: Any])
            let expect = try #require(one["expect"] as? [String: Any])
            let offered = asked["protocols"] as? [String] ?? []
            var request = UpgradeRequest(path: asked["path"] as? String ?? "", host: "csms", key: "dGhlIHNhbXBsZSBub25jZQ==", protocols: offered)
            if let field = asked["authorization"] as? String { request.credentials = BasicCredentials(field: field) }
            // Through the wire and back.
            guard case .whole(let parsed, _) = request.bytes.withUnsafeBytes({ UpgradeRequest.read($0) }) else {
                Issue.record("\(name): the request is not read")
                continue
            }
            #expect(parsed == request, "\(name)")
            if let answer = one["response"] as? [String: Any] {
                let response = UpgradeResponse(accepting: request, subprotocol: answer["protocol"] as? String)
                let isOffered = response.selected.map { offered.contains($0) } ?? true
                #expect(((try? response.check(against: request)) != nil) == isOffered, "\(name)")
                continue
            }
            var admission = Admission(known: (one["known"] as? [String]).map { Set($0) }, protocols: one["serverSupports"] as? [String] ?? ["ocpp1.6"])
            if let keys = one["keys"] as? [String: String] {
                admission.profile = .basic
                admission.keys = keys.mapValues { bytes(hex: $0) }
            }
            let isConnected = (one["connected"] as? [String])?.contains(parsed.identity ?? "") ?? false
            func status(_ admission: Admission) -> Int {
                if case .refuse(let error) = admission.verdict(on: parsed, isConnected: isConnected) { error.status } else { 101 }
            }
            #expect(status(admission) == expect["status"] as? Int, "\(name)")
            if case .accept(let identity, let subprotocol, let replaces) = admission.verdict(on: parsed, isConnected: isConnected) {
                if let wanted = expect["chargePointId"] as? String { #expect(identity == wanted, "\(name)") }
                if expect.keys.contains("protocol") { #expect(subprotocol == expect["protocol"] as? String, "\(name)") }
                if one["policies"] != nil { #expect(replaces, "\(name)") }
            }
            if one["policies"] != nil {
                admission.second = .refuse
                #expect(status(admission) == 409)
                admission.second = .allow
                #expect(admission.verdict(on: parsed, isConnected: true) == .accept(identity: "CP001", subprotocol: "ocpp1.6", replacesOlder: false))
            }
        }
    }

    @Test("the accept key of RFC 6455 section 1.3")
    func acceptKey() { #expect(UpgradeRequest.accept(for: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") }

    @Test("a request that comes byte by byte is read when it is whole, and what follows is left")
    func trickle() {
        let request = UpgradeRequest(
            path: "/ocpp/CP1", host: "a:1", key: "dGhlIHNhbXBsZSBub25jZQ==", extensions: ["permessage-deflate; client_max_window_bits"])
        let bytes = request.bytes
        for end in 1..<bytes.count { #expect(Array(bytes[..<end]).withUnsafeBytes { UpgradeRequest.read($0) } == .incomplete) }
        #expect((bytes + [0x81, 0x80]).withUnsafeBytes { UpgradeRequest.read($0) } == .whole(request, size: bytes.count))
    }

    @Test("random heads never crash")
    func fuzz() {
        var random = Generator(state: 6)
        let words = [
            "GET ", "/", " HTTP/1.1", "\r\n", "\r\n\r\n", "Host: x", "Upgrade: websocket", ":", ",", "%", "\u{0}", "é", "Authorization: Basic ", "=", ";",
        ]
        for _ in 0..<1000 {
            let text = (0..<Int.random(in: 0...30, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }.joined()
            _ = read(text)
            _ = answer("HTTP/1.1 101 " + text)
            _ = try? WebSocketURL(text)
            _ = try? WebSocketURL("ws://" + text)
        }
    }

    @Test("passwords are bytes behind the first colon")
    func credentials() throws {
        let credentials = BasicCredentials(user: "AL1000", password: bytes(hex: "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"))
        #expect(credentials.field == "Basic QUwxMDAwOgABAgMEBQYH////////////////")
        #expect(BasicCredentials(field: credentials.field) == credentials)
        #expect(BasicCredentials(field: "Basic " + Base64.encode(Array("a:b:c".utf8))) == BasicCredentials(user: "a", password: Array("b:c".utf8)))
        #expect(BasicCredentials(field: "Basic " + Base64.encode(Array("nocolon".utf8))) == nil)
        #expect(BasicCredentials(field: "Bearer x") == nil && BasicCredentials(field: "Basic a===") == nil && BasicCredentials(field: "Basic") == nil)
        let key: [UInt8] = [0xAB, 0xCD]
        #expect(BasicCredentials(user: "", password: Array("abCD".utf8)).matches(key: key))
        #expect(!BasicCredentials(user: "", password: Array("abCD".utf8)).matches(key: key, acceptsHexText: false))
        #expect(!BasicCredentials(user: "", password: []).matches(key: key) && !BasicCredentials(user: "", password: [0xAB]).matches(key: key))
    }

    @Test("Base64 reads what it writes and nothing that is not canonical")
    func base64() {
        for (plain, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy")] {
            #expect(Base64.encode(Array(plain.utf8)) == text)
            #expect(Base64.decode(Array(text.utf8)) == Array(plain.utf8))
        }
        for wrong in ["Zg", "Zg=", "Zh==", "Z===", "====", "Zg==Zg==", "Z g=", "Zm9vY"] { #expect(Base64.decode(Array(wrong.utf8)) == nil, "\(wrong)") }
    }

    @Test("URLs are read, and errors say what to write")
    func urls() throws {
        let url = try WebSocketURL("wss://[::1]:9443/a/b/")
        #expect(url.isSecure && url.host == "::1" && url.port == 9443 && url.path == "/a/b" && url.hostField == "[::1]:9443")
        #expect(try WebSocketURL("ws://csms").path(for: "RDAM|123") == "/RDAM%7C123")
        #expect(try WebSocketURL("WS://csms:80/x").hostField == "csms")
        #expect(try WebSocketURL("wss://csms/x").port == 443)
        for (wrong, part) in [
            ("http://x", "ws://"), ("csms:80", "ws://host"), ("ws://", "no host"), ("ws://x:0", "no port"), ("ws://x:99999", "no port"),
            ("ws://a:b@x", "do not belong"), ("ws://x/#y", "fragment"), ("ws://x y", "blank"), ("ws://x:", "no port"), ("ws://[::1", "brackets"),
            ("ws://[::1]x", "brackets"),
        ] {
            do throws(UpgradeError) {
                _ = try WebSocketURL(wrong)
                Issue.record("\(wrong) was read")
            } catch {
                #expect(error.text.contains(part), "\(wrong): \(error.text)")
            }
        }
    }

    @Test("compression is agreed as RFC 7692 says")
    func deflate() {
        #expect(
            DeflateAgreement.choose(from: ["x", "permessage-deflate; server_max_window_bits=8", "permessage-deflate"], resets: false) == DeflateAgreement())
        #expect(DeflateAgreement.choose(from: ["permessage-deflate; foo"], resets: false) == nil)
        #expect(DeflateAgreement.choose(from: ["permessage-deflate; server_max_window_bits"], resets: false) == nil)
        #expect(DeflateAgreement.choose(from: ["permessage-deflate; client_max_window_bits=\"11\""], resets: true)?.clientBits == 11)
        #expect(DeflateAgreement.confirmed("permessage-deflate; client_max_window_bits") == nil)
        #expect(DeflateAgreement.confirmed("permessage-deflate; server_no_context_takeover; client_max_window_bits=8")?.clientBits == 8)
    }
}
