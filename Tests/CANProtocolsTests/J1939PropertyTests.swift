import CAN
import CANProtocols
import Quantities
import Testing

/// Random transfers over a line that is good, or loses, doubles and swaps frames.
struct J1939PropertyTests {
    struct Outcome {
        var sent: [Int] = []
        var received: [J1939Message] = []
        var errors: [TransferError] = []
        var senderErrors: [TransferError] = []
        var end = Instant.zero
        var steps = 0
    }

    static func transfer(_ messages: [J1939Message], _ nodes: [J1939Transport], _ line: inout Line) throws -> Outcome {
        var nodes = nodes
        var queues = [[J1939Transport.Output]](repeating: [], count: nodes.count)
        var outcome = Outcome()
        var now = Instant.zero
        for message in messages {
            guard let from = nodes.firstIndex(where: { $0.address == message.identifier.source }) else { continue }
            _ = try nodes[from].send(message, at: now, into: &queues[from])
        }
        while outcome.steps < 100_000 {
            outcome.steps += 1
            if let from = queues.firstIndex(where: { !$0.isEmpty }) {
                switch queues[from].removeFirst() {
                case .transmit(let frame, let token):
                    for to in nodes.indices where to != from { line.send(CANWideFrame(frame), to: to, at: now) }
                    nodes[from].transmitted(token: token, at: now, into: &queues[from])
                case .sent(let handle): outcome.sent.append(handle)
                case .received(let message): outcome.received.append(message)
                case .failed(let failure): if failure.handle > 0 { outcome.senderErrors.append(failure.error) } else { outcome.errors.append(failure.error) }
                }
            } else if let item = line.take(at: now) {
                nodes[item.to].receive(item.frame.frame, at: now, into: &queues[item.to])
            } else if let next = (nodes.map(\.deadline) + [line.next]).compactMap({ $0 }).min() {
                now = max(now, next)
                for index in nodes.indices { nodes[index].advance(to: now, into: &queues[index]) }
            } else {
                break
            }
        }
        let isAtRest = nodes.allSatisfy { $0.isIdle }
        #expect(isAtRest, "all come to rest")
        outcome.end = now
        return outcome
    }

    static func settings(_ random: inout TestRandom) -> J1939Transport.Settings {
        var settings = J1939Transport.Settings()
        settings.window = [255, 1, 2, 5, 16].randomElement(using: &random) ?? 255
        settings.packetsPerRequest = [nil, 255, 1, 3, 8].randomElement(using: &random) ?? nil
        settings.priority = random.chance(50) ? 7 : nil
        settings.holds = random.chance(10) ? 1 : 0
        return settings
    }

    static func message(_ random: inout TestRandom, from: UInt8 = 0xF4, to: UInt8 = 0x56, pgn: UInt32 = 0x0200) -> J1939Message {
        let count = random.chance(80) ? Int.random(in: 0...120, using: &random) : Int.random(in: 9...1785, using: &random)
        return J1939Message(J1939Identifier(pgn: pgn, source: from, destination: to), data: random.bytes(count))
    }

    @Test("Over a good line every message arrives exactly, whatever the length and windows")
    func goodLine() throws {
        for seed in UInt64(1)...120 {
            var random = TestRandom(seed)
            let nodes = [J1939Transport(address: 0xF4, settings: Self.settings(&random)), J1939Transport(address: 0x56, settings: Self.settings(&random))]
            let message = Self.message(&random, to: random.chance(20) ? 0xFF : 0x56)
            var line = Line(seed: seed)
            let outcome = try Self.transfer([message], nodes, &line)
            #expect(outcome.received.map(\.data) == [message.data] && outcome.sent == [1] && outcome.errors.isEmpty, "seed \(seed)")
        }
    }

    @Test("Six messages between three nodes at the same time all arrive")
    func sideBySide() throws {
        for seed in UInt64(1)...20 {
            var random = TestRandom(seed)
            let nodes = [UInt8(1), 2, 3].map { J1939Transport(address: $0) }
            var messages: [J1939Message] = []
            for (index, way) in [(1, 2), (2, 1), (1, 3), (3, 2), (1, 2), (2, 255)].enumerated() {
                messages.append(Self.message(&random, from: UInt8(way.0), to: UInt8(way.1), pgn: UInt32(0x0200 + index * 0x100)))
            }
            var line = Line(seed: seed)
            let outcome = try Self.transfer(messages, nodes, &line)
            // A single frame is a message to whoever hears it; the one to all arrives twice.
            for message in messages {
                let copies = outcome.received.filter { $0.data == message.data && $0.identifier.pgn == message.identifier.pgn }.count
                #expect(copies == (message.identifier.destination == 255 ? 2 : 1), "seed \(seed)")
            }
            #expect(outcome.errors.isEmpty && outcome.senderErrors.isEmpty, "seed \(seed)")
        }
    }

    @Test("Over a bad line a message arrives exactly or both sides say that it did not, in bounded time")
    func badLine() throws {
        var failures = 0
        var repaired = 0
        for seed in UInt64(1)...210 {
            var random = TestRandom(seed)
            let nodes = [J1939Transport(address: 0xF4, settings: Self.settings(&random)), J1939Transport(address: 0x56, settings: Self.settings(&random))]
            var message = Self.message(&random)
            if message.data.count < 9 { message.data = random.bytes(9) }
            var line = Line(seed: seed)
            line.loss = seed % 3 == 0 ? 3 : 0
            line.double = seed % 3 == 1 ? 3 : 0
            line.swap = seed % 3 == 2 ? 5 : 0
            let outcome = try Self.transfer([message], nodes, &line)
            #expect(outcome.received.allSatisfy { $0.data == message.data }, "seed \(seed)")
            if outcome.received.isEmpty {
                failures += 1
                // The one that sends always learns; the other does if it heard the RTS at all.
                #expect(!outcome.senderErrors.isEmpty && outcome.sent.isEmpty, "seed \(seed)")
            } else if line.loss > 0, outcome.end > ms(700) {
                repaired += 1
            }
            #expect(outcome.end.seconds < 400, "seed \(seed)")
        }
        #expect(failures > 7 && repaired > 2, "\(failures) failed, \(repaired) were repaired")
    }

    @Test("Random frames never crash a node, and its sessions stay bounded")
    func fuzz() {
        var random = TestRandom(11)
        var settings = J1939Transport.Settings()
        settings.sessions = 8
        var node = J1939Transport(address: 0x56, settings: settings)
        var claim = J1939AddressClaim(name: J1939Name(rawValue: 1 << 63 | 5))
        var now = Instant.zero
        var received = 0
        for _ in 0..<15_000 {
            let group = [0xEC00, 0xEB00, 0xEA00, 0xEE00, 0x0200].randomElement(using: &random) ?? 0
            let source = UInt8.random(in: 0...3, using: &random) == 0 ? 255 : UInt8.random(in: 0...6, using: &random)
            let identifier = J1939Identifier(pgn: UInt32(group), source: source, destination: random.chance(50) ? 0x56 : 0xFF)
            var data = random.bytes(random.chance(90) ? 8 : Int.random(in: 0...8, using: &random))
            if data.count == 8 {
                if group == 0xEB00 { data[0] = UInt8.random(in: 0...4, using: &random) }
                if group == 0xEC00 {
                    data[0] = [0x10, 0x11, 0x13, 0x20, 0xFF].randomElement(using: &random) ?? 0
                    if random.chance(80) { data.replaceSubrange(1..<8, with: [UInt8.random(in: 9...14, using: &random), 0, 2, 255, 0, 2, 0]) }
                    if data[0] == 0x11, random.chance(70) { data.replaceSubrange(1..<3, with: [2, 1]) }
                }
            }
            var outputs: [J1939Transport.Output] = []
            var claims: [J1939AddressClaim.Output] = []
            node.receive(identifier.frame(data), at: now, into: &outputs)
            if random.chance(5) { claim.start(source, at: now, into: &claims) }
            claim.receive(identifier.frame(data), at: now, into: &claims)
            if random.chance(5) { _ = try? node.send(Self.message(&random, to: source), at: now, into: &outputs) }
            now += Duration.milliseconds(Int64.random(in: 0...40, using: &random))
            node.advance(to: now, into: &outputs)
            claim.advance(to: now, into: &claims)
            var index = 0
            while index < outputs.count, index < 600 {
                if case .transmit(_, let token) = outputs[index], token > 0 { node.transmitted(token: token, at: now, into: &outputs) }
                if case .received(let message) = outputs[index], message.data.count > 8 { received += 1 }
                index += 1
            }
            #expect(index < 600)
        }
        #expect(received > 3, "\(received) messages came of it")
    }
}
