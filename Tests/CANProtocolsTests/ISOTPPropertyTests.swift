import CAN
import CANProtocols
import Quantities
import Testing

/// Random transfers over a line that is good, or loses, doubles and swaps frames.
struct ISOTPPropertyTests {
    struct Outcome {
        var sent = false
        var received: [[UInt8]] = []
        var errors: [TransferError] = []
        var senderErrors: [TransferError] = []
        var end = Instant.zero
        var steps = 0
    }

    static func formats(_ random: inout TestRandom) -> ISOTPFormat {
        let padding: UInt8? = random.chance(50) ? UInt8.random(in: 0...255, using: &random) : nil
        let length = [8, 12, 16, 20, 24, 32, 48, 64].randomElement(using: &random) ?? 8
        return random.chance(50) ? ISOTPFormat(padding: padding) : ISOTPFormat(fd: length, bitRateSwitch: random.chance(50), padding: padding) ?? .classic
    }

    static func transfer(_ message: [UInt8], _ sending: ISOTPSender.Settings, _ receiving: ISOTPReceiver.Settings, _ line: inout Line) throws -> Outcome {
        var sender = ISOTPSender(sending)
        var receiver = ISOTPReceiver(receiving)
        var outcome = Outcome()
        var now = Instant.zero
        var out: [ISOTPSender.Output] = []
        var back: [ISOTPReceiver.Output] = []
        try sender.send(message, at: now, into: &out)
        while outcome.steps < 200_000 {
            outcome.steps += 1
            if !out.isEmpty {
                switch out.removeFirst() {
                case .transmit(let frame):
                    line.send(frame, to: 1, at: now)
                    sender.transmitted(at: now, into: &out)
                case .sent: outcome.sent = true
                case .failed(let error): outcome.senderErrors.append(error)
                }
            } else if !back.isEmpty {
                switch back.removeFirst() {
                case .transmit(let frame):
                    line.send(frame, to: 0, at: now)
                    receiver.transmitted(at: now, into: &back)
                case .received(let message): outcome.received.append(message)
                case .failed(let error): outcome.errors.append(error)
                }
            } else if let item = line.take(at: now) {
                if item.to == 0 { sender.receive(item.frame, at: now, into: &out) } else { receiver.receive(item.frame, at: now, into: &back) }
            } else if let next = [sender.deadline, receiver.deadline, line.next].compactMap({ $0 }).min() {
                now = max(now, next)
                sender.advance(to: now, into: &out)
                receiver.advance(to: now, into: &back)
            } else {
                break
            }
        }
        #expect(sender.isIdle && receiver.isIdle, "both sides come to rest")
        outcome.end = now
        return outcome
    }

    static func settings(_ random: inout TestRandom) -> (ISOTPSender.Settings, ISOTPReceiver.Settings) {
        let isAddressed = random.chance(30)
        let isExtended = random.chance(30)
        let data = ISOTPEndpoint(id: 0x123, isExtended: isExtended, address: isAddressed ? 0xAA : nil)
        let flow = ISOTPEndpoint(id: 0x321, isExtended: isExtended, address: isAddressed ? 0xBB : nil)
        let format = formats(&random)
        var receiving = ISOTPReceiver.Settings(data: data, flow: flow, format: format)
        receiving.blockSize = [0, 0, 1, 2, 3, 8, 15, 16, 17, 255].randomElement(using: &random) ?? 0
        receiving.separation = [0, 0, 1, 0xF3, 10, 0x80].randomElement(using: &random) ?? 0
        receiving.waits = random.chance(20) ? 2 : 0
        return (ISOTPSender.Settings(data: data, flow: flow, format: format), receiving)
    }

    static func length(_ random: inout TestRandom) -> Int {
        random.chance(90) ? Int.random(in: 1...200, using: &random) : Int.random(in: 1...5000, using: &random)
    }

    @Test("Over a good line every message arrives exactly, whatever the length, block size, form and addressing")
    func goodLine() throws {
        for seed in UInt64(1)...120 {
            var random = TestRandom(seed)
            let (sending, receiving) = Self.settings(&random)
            let message = random.bytes(Self.length(&random))
            var line = Line(seed: seed)
            let outcome = try Self.transfer(message, sending, receiving, &line)
            #expect(outcome.received == [message] && outcome.sent && outcome.errors.isEmpty && outcome.senderErrors.isEmpty, "seed \(seed)")
        }
    }

    @Test("Over a bad line a message arrives exactly or not at all, somebody says so, and both sides come to rest in bounded time")
    func badLine() throws {
        var failures = 0
        for seed in UInt64(1)...210 {
            var random = TestRandom(seed)
            let (sending, receiving) = Self.settings(&random)
            let message = random.bytes(Self.length(&random))
            var line = Line(seed: seed)
            line.loss = seed % 3 == 0 ? 3 : 0
            line.double = seed % 3 == 1 ? 3 : 0
            line.swap = seed % 3 == 2 ? 5 : 0
            let outcome = try Self.transfer(message, sending, receiving, &line)
            let isSingle = message.count <= sending.format.singleFrameCapacity(addressed: sending.data.address != nil)
            // A single frame that comes twice is two messages: ISO-TP numbers frames, not messages.
            #expect(outcome.received.allSatisfy { $0 == message } && outcome.received.count <= (isSingle ? 2 : 1), "seed \(seed)")
            if outcome.received.isEmpty {
                failures += 1
                // Nobody can know of a single frame that was lost.
                #expect(!outcome.errors.isEmpty || !outcome.senderErrors.isEmpty || isSingle, "seed \(seed)")
            }
            #expect(outcome.end.seconds < 2 + Double(outcome.steps) * 0.13, "seed \(seed)")
        }
        #expect(failures > 15, "the line was bad: \(failures)")
    }

    @Test("Random frames never crash either side, and what they keep is bounded")
    func fuzz() {
        var random = TestRandom(7)
        var settings = ISOTPReceiver.Settings(data: ISOTPEndpoint(id: 1), flow: ISOTPEndpoint(id: 2))
        settings.limit = 300
        var receiver = ISOTPReceiver(settings)
        var sender = ISOTPSender(.init(data: ISOTPEndpoint(id: 2), flow: ISOTPEndpoint(id: 1)))
        var now = Instant.zero
        var longest = 0
        for _ in 0..<15_000 {
            var data = random.bytes(Int.random(in: 0...8, using: &random))
            if !data.isEmpty, random.chance(70) { data[0] = UInt8.random(in: 0...3, using: &random) << 4 | UInt8.random(in: 0...3, using: &random) }
            let frame = CANWideFrame(CANFrame(id: 1, data: data))
            var back: [ISOTPReceiver.Output] = []
            var out: [ISOTPSender.Output] = []
            receiver.receive(frame, at: now, into: &back)
            sender.receive(frame, at: now, into: &out)
            if sender.isIdle { try? sender.send(random.bytes(40), at: now, into: &out) }
            if random.chance(80) {
                receiver.transmitted(at: now, into: &back)
                sender.transmitted(at: now, into: &out)
            }
            now += Duration.milliseconds(Int64.random(in: 0...60, using: &random))
            receiver.advance(to: now, into: &back)
            sender.advance(to: now, into: &out)
            for case .received(let message) in back { longest = max(longest, message.count) }
        }
        #expect(longest > 7 && longest <= 300)
    }
}
