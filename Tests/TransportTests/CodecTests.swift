import Foundation
import Testing
import Transport

@Suite struct CodecTests {
    @Test("frames survive any cutting into pieces")
    func pieces() {
        for seed in UInt64(1)...12 {
            var random = Generator(state: seed)
            var client = WebSocketCodec(role: .client, keys: MaskKeys(seed: seed))
            var (stream, sent): ([UInt8], [Said]) = ([], [])
            for _ in 0..<30 {
                let size = [0, 1, 5, 125, 126, 127, 300, 65535, 65536].randomElement(using: &random) ?? 0
                let text = [UInt8](repeating: UInt8.random(in: 32...126, using: &random), count: size)
                let ping = (0..<Int.random(in: 0...125, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                var queue = ByteQueue()
                switch Int.random(in: 0...2, using: &random) {
                case 0:
                    text.withUnsafeBytes { client.encode(text: $0, into: &queue) }
                    sent.append(.text(text))
                case 1:
                    ping.withUnsafeBytes { client.encode(ping: $0, into: &queue) }
                    sent.append(.ping(ping))
                default:
                    let short = Array(text.prefix(500))
                    short.withUnsafeBytes { client.encode(text: $0, fragments: Int.random(in: 1...200, using: &random), into: &queue) }
                    sent.append(.text(short))
                }
                stream += queue.bytes
            }
            var server = WebSocketCodec(role: .server)
            #expect(feed(&server, stream, next: { Int.random(in: 1...3000, using: &random) }) == sent, "seed \(seed)")
            let isBetween = server.isBetweenMessages
            #expect(isBetween)
        }
    }

    @Test("one byte at a time gives the same as all at once")
    func trickle() {
        let stream =
            frame(0x01, Array("Hé".utf8)) + frame(0x89, [1, 2, 3]) + frame(0x00, []) + frame(0x80, Array("llo".utf8))
            + frame(0x88, [3, 0xE8] + Array("bye".utf8))
        let expected: [Said] = [.ping([1, 2, 3]), .text(Array("Héllo".utf8)), .close(1000, Array("bye".utf8))]
        var whole = WebSocketCodec(role: .server)
        var single = WebSocketCodec(role: .server)
        #expect(feed(&whole, stream) == expected)
        #expect(feed(&single, stream, next: { 1 }) == expected)
    }

    @Test(
        "a breach ends with the code of RFC 6455",
        arguments: [
            (frame(0xC1, [65]), 1002), (frame(0xA1, [65]), 1002), (frame(0x91, [65]), 1002), (frame(0x83, []), 1002), (frame(0x8B, []), 1002),
            (frame(0x81, [65], masked: false), 1002), (frame(0x80, [65]), 1002), (frame(0x01, [65]) + frame(0x81, [65]), 1002), (frame(0x09, []), 1002),
            (frame(0x89, [UInt8](repeating: 1, count: 126)), 1002), (frame(0x88, [3]), 1002), (frame(0x88, [3, 0xED]), 1002), (frame(0x88, [3, 0xEE]), 1002),
            (frame(0x88, [0, 0]), 1002), (frame(0x88, [0x13, 0x88]), 1002), (frame(0x88, [3, 0xE8, 0xFF]), 1007), (frame(0x82, [65]), 1003),
            (frame(0x81, [0xC0, 0xAF]), 1007), (frame(0x81, [0xE2, 0x82]), 1007), (frame(0x01, [0xFF]), 1007),
            (frame(0x81, [UInt8](repeating: 65, count: 1001)), 1009),
            ([0x81, 0xFE, 0, 125, 0, 0, 0, 0], 1002), ([0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0], 1002),
            ([0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1002),
        ] as [([UInt8], Int)])
    func breaches(stream: [UInt8], code: Int) {
        for size in [Int.max, 1] {
            var server = WebSocketCodec(role: .server, limits: .init(messageBytes: 1000))
            #expect(feed(&server, stream + frame(0x81, [66]), next: { size }).last == .failed(UInt16(code)))
        }
    }

    @Test("a server's mask is refused, and wrong text fails before its frame is whole")
    func early() {
        var client = WebSocketCodec(role: .client)
        #expect(feed(&client, frame(0x81, [65])) == [.failed(1002)])
        var server = WebSocketCodec(role: .server)
        #expect(feed(&server, Array(frame(0x81, [0xED, 0xA0] + [UInt8](repeating: 65, count: 500)).prefix(12))) == [.failed(1007)])
        var growing = WebSocketCodec(role: .server, limits: .init(messageBytes: 10))
        #expect(feed(&growing, frame(0x01, [65, 65, 65, 65, 65, 65]) + frame(0x00, [65, 65, 65, 65, 65])) == [.failed(1009)])
    }

    @Test("UTF-8 is judged as the standard library judges it, whole and in pieces")
    func utf8() {
        var random = Generator(state: 8)
        let alphabet: [UInt8] = [0x41, 0x7F, 0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0x9F, 0xA0, 0xED, 0xEF, 0xF0, 0x8F, 0x90, 0xF4, 0xF5, 0xFF]
        for _ in 0..<3_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { index in
                index < 20 && Bool.random(using: &random) ? 0x61 : alphabet.randomElement(using: &random) ?? 0
            }
            let expected = String(validating: bytes, as: UTF8.self) != nil
            #expect(bytes.withUnsafeBytes { UTF8Validator.isValid($0) } == expected, "\(bytes)")
            var validator = UTF8Validator()
            let cut = Int.random(in: 0...bytes.count, using: &random)
            let holds = Array(bytes[..<cut]).withUnsafeBytes { validator.accepts($0) } && Array(bytes[cut...]).withUnsafeBytes { validator.accepts($0) }
            #expect((holds && validator.isComplete) == expected, "\(bytes) at \(cut)")
        }
    }

    @Test("random bytes and twisted frames never crash, and nothing comes after an end")
    func fuzz() {
        #if DEBUG
            let rounds: UInt64 = 4_000
        #else
            let rounds: UInt64 = 200_000
        #endif
        var random = Generator(state: 2026)
        for round in 0..<rounds {
            var stream: [UInt8] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let payload = (0..<Int.random(in: 0...20, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                let first =
                    Bool.random(using: &random)
                    ? [0x81, 0x01, 0x80, 0x89, 0x88, 0xC1].randomElement(using: &random) ?? 0 : UInt8.random(in: 0...255, using: &random)
                stream += frame(first, payload, masked: Int.random(in: 0...9, using: &random) > 0)
                if Int.random(in: 0...3, using: &random) == 0 {
                    stream[Int.random(in: 0..<stream.count, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
                }
            }
            var codec = WebSocketCodec(
                role: .server, limits: .init(messageBytes: 64, acceptsBinary: round % 2 == 0), deflate: round % 3 == 0 ? DeflateAgreement() : nil)
            let said = feed(&codec, stream, next: { Int.random(in: 1...30, using: &random) })
            for event in said.dropLast() {
                switch event {
                case .failed, .close: Issue.record("something after the end in round \(round)")
                default: break
                }
            }
        }
    }

    @Test("what may not be sent is not sent")
    func sending() {
        var client = WebSocketCodec(role: .client, keys: MaskKeys(seed: 1))
        var queue = ByteQueue()
        client.encode(close: .none, into: &queue)
        var server = WebSocketCodec(role: .server)
        #expect(feed(&server, [UInt8](queue.bytes)) == [.close(1005, [])])
        let (late, hasSentClose) = (encoded(&client, [65]), client.hasSentClose)
        #expect(late.isEmpty && hasSentClose)
        var other = WebSocketCodec(role: .server)
        queue.release()
        other.encode(close: .internalError, reason: String(repeating: "€", count: 100), into: &queue)
        let size = queue.count
        #expect(size == 2 + 2 + 41 * 3)
        #expect(!CloseCode.abnormal.isLegalOnTheWire && !CloseCode.tlsFailure.isLegalOnTheWire && CloseCode(rawValue: 4999).isLegalOnTheWire)
    }

    @Test("compression takes messages through small windows, with and without memory", arguments: [9, 12, 15], [false, true])
    func deflate(bits: Int, resets: Bool) {
        var agreement = DeflateAgreement()
        (agreement.clientBits, agreement.serverBits, agreement.clientResets, agreement.serverResets) = (bits, bits, resets, resets)
        var random = Generator(state: UInt64(bits))
        var client = WebSocketCodec(role: .client, deflate: agreement)
        var server = WebSocketCodec(role: .server, deflate: agreement)
        for _ in 0..<15 {
            let text = (0..<Int.random(in: 0...5000, using: &random)).map { _ in UInt8.random(in: 97...100, using: &random) }
            let there = encoded(&client, text)
            #expect(there.count < max(100, text.count))
            #expect(feed(&server, there, next: { Int.random(in: 1...999, using: &random) }) == [.text(text)])
            #expect(feed(&client, encoded(&server, text)) == [.text(text)])
        }
    }

    @Test("a decompression bomb ends with 1009 and takes no more memory than the limit")
    func bomb() {
        var server = WebSocketCodec(role: .server, limits: .init(messageBytes: 20_000_000), deflate: DeflateAgreement())
        let big = encoded(&server, [UInt8](repeating: 48, count: 8_000_000))
        #expect(big.count < 100_000)
        var client = WebSocketCodec(role: .client, limits: .init(messageBytes: 1_000_000), deflate: DeflateAgreement())
        #expect(feed(&client, big) == [.failed(1009)])
    }

    @Test("the frames of the vectors get the ends that they expect")
    func vectors() throws {
        let root = try #require(try JSONSerialization.jsonObject(with: vector("websocket.json")) as? [String: Any])
        let cases = try #require(root["frames"] as? [[String: Any]])
        #expect(cases.count == 13)
        for one in cases {
            let name = try #require(one["id"] as? String)
            let expect = try #require(one["expect"] as? [String: Any])
            let limit = (one["context"] as? [String: Any])?["maxMessageBytes"] as? Int ?? 1 << 20
            var codec = WebSocketCodec(role: one["receiver"] as? String == "CP" ? .client : .server, limits: .init(messageBytes: limit))
            var stream: [UInt8] = []
            for part in one["inFrames"] as? [[String: Any]] ?? [] {
                let payload = (part["text"] as? String).map { Array($0.utf8) } ?? bytes(hex: part["hex"] as? String ?? "")
                let first = (part["fin"] as? Bool == true ? 0x80 : 0) | UInt8(part["opcode"] as? Int ?? 0)
                stream += frame(first, payload, masked: part["masked"] as? Bool ?? true)
            }
            if let generated = one["inGenerated"] as? [String: Any] {
                let text = (generated["template"] as? String ?? "").replacingOccurrences(
                    of: "@", with: String(repeating: generated["repeat"] as? String ?? "", count: generated["count"] as? Int ?? 0))
                stream += frame(0x81, Array(text.utf8))
            }
            let said = feed(&codec, stream)
            switch expect["kind"] as? String {
            case "close": #expect((expect["codes"] as? [Int] ?? []).contains { .failed(UInt16($0)) == said.last }, "\(name): \(said)")
            case "pong": #expect(said == [.ping(bytes(hex: expect["hex"] as? String ?? ""))], "\(name)")
            default:
                let id = try #require(expect["id"] as? String)
                let texts = said.compactMap { if case .text(let bytes) = $0 { String(decoding: bytes, as: UTF8.self) } else { nil } }
                #expect(texts.first?.contains("\"\(id)\"") == true, "\(name): \(said)")
                for other in one["alsoSent"] as? [[String: Any]] ?? [] { #expect(said.contains(.ping(bytes(hex: other["hex"] as? String ?? ""))), "\(name)") }
            }
        }
    }
}
