/// A frame of a synthetic car.
struct CarFrame {
    var time: Int64
    var identifier: UInt32
    var data: UInt64
    var length: UInt8
    var isAttack = false
}

/// The random source of the generator: SplitMix64.
struct CarRandom {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(max(count, 1))) }
    mutating func chance(_ p: Double) -> Bool { unit() < p }
    /// Near a normal distribution of deviation 1: the sum of twelve uniforms.
    mutating func normal() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + unit() } }
    mutating func exponential() -> Double {
        // -ln(u) by the series of the logarithm of the mantissa would do; a sum of geometric bits is as good here.
        var sum = 0.0
        var scale = 1.0
        for _ in 0..<20 {
            let p = 1 / (1 + expOf(scale))
            if chance(p) { sum += scale }
            scale /= 2
        }
        while chance(0.1353) { sum += 2 }
        return sum
    }
    private func expOf(_ x: Double) -> Double { 1 + x + x * x / 2 + x * x * x / 6 + x * x * x * x / 24 }
}

/// How a byte of a synthetic message behaves.
enum CarByte {
    case constant(UInt8)
    /// A counter in the low half, constant in the high one; the modulus is 4, 15 or 16.
    case counter(modulus: Int, high: UInt8)
    case wideCounter
    /// The high and low byte of a value that wanders.
    case wanderHigh, wanderLow
    case noise(width: Int)
    /// Bits that change now and then.
    case flags
    case checksum
    case multiplexor(count: Int)
}

/// How the frames of a synthetic message are sent.
enum CarSending {
    case periodic(jitter: Double)
    /// The next frame counts its period from the last one.
    case relative(jitter: Double)
    /// Every period, and at once when a flag changes.
    case mixed
    case event(meanGap: Double)
    /// Two or three frames in a row every period.
    case burst(count: Int)
}

/// One message of a synthetic car with its state.
struct CarMessage {
    var identifier: UInt32
    var period: Double
    var sending: CarSending
    var bytes: [CarByte]
    var next: Double
    var scheduled: Double
    var count = 0
    var wander = 0.5
    var speed = 0.0
    var flags: UInt8 = 0
    var left = 0

    mutating func payload(_ random: inout CarRandom) -> UInt64 {
        count += 1
        speed = max(-1, min(1, speed * 0.98 + 0.02 * random.normal()))
        wander += speed * period * 0.05
        if wander < 0.05 || wander > 0.95 {
            speed = -speed
            wander = max(0.05, min(0.95, wander))
        }
        var data: UInt64 = 0
        var check: UInt8 = 0x5A
        for (place, byte) in bytes.enumerated() {
            let value: UInt8 =
                switch byte {
                case .constant(let value): value
                case .counter(let modulus, let high): high | UInt8(count % modulus)
                case .wideCounter: UInt8(truncatingIfNeeded: count)
                case .wanderHigh: UInt8(truncatingIfNeeded: Int(wander * 65535) >> 8)
                case .wanderLow: UInt8(truncatingIfNeeded: Int(wander * 65535))
                case .noise(let width): UInt8(truncatingIfNeeded: 100 + random.below(width))
                case .flags: flags
                case .checksum: check
                case .multiplexor(let count): UInt8(self.count % count)
                }
            check = (check << 1 | check >> 7) ^ value
            data |= UInt64(value) << UInt64(place * 8)
        }
        return data
    }
}

/// The traffic of a car made from a seed: periodic and event-driven messages with counters, checksums, wandering values and flags, on a bus with
/// arbitration at 500 kbit/s, and attacks with the truth of each frame.
struct SyntheticCar {
    enum Attack: String, CaseIterable {
        case identifierFuzzing, lowestIdentifier, sequenceReplay, orderedReplay, singleReplay, payloadFuzzing, fuzzingInPlace, floodOfOne, suspension,
            masquerade
    }

    var messages: [CarMessage]
    var random: CarRandom
    private let load: Double

    init(seed: UInt64) {
        random = CarRandom(state: seed &* 0xD134_2543_DE82_EF95 &+ 1)
        let count = 12 + random.below(60)
        var used: Set<UInt32> = []
        messages = []
        let isExtended = random.chance(0.15)
        let precision = [0.002, 0.01, 0.03, 0.08][random.below(4)]
        load = 0
        let periods = [0.01, 0.01, 0.02, 0.02, 0.05, 0.1, 0.1, 0.2, 0.5, 1]
        for _ in 0..<count {
            var identifier = UInt32(0x40 + random.below(0x700))
            if isExtended { identifier = 0x8CF0_0000 | UInt32(random.below(0x10000)) << 8 | UInt32(random.below(40)) }
            guard used.insert(identifier).inserted else { continue }
            var period = periods[random.below(periods.count)] * (random.chance(0.2) ? 1.25 : 1)
            var sending: CarSending
            switch random.below(20) {
            case 0, 1: sending = .mixed
            case 2, 3: sending = .event(meanGap: 0.5 + 20 * random.unit())
            case 4:
                sending = .burst(count: 2 + random.below(2))
                period = max(period, 0.1)
            case 5, 6, 7: sending = .relative(jitter: precision * (0.5 + random.unit()))
            default: sending = .periodic(jitter: precision * (0.5 + random.unit()))
            }
            messages.append(
                CarMessage(
                    identifier: identifier, period: period, sending: sending, bytes: SyntheticCar.bytes(&random), next: random.unit() * period,
                    scheduled: 0))
            messages[messages.count - 1].scheduled = messages[messages.count - 1].next
        }
        if case .event = messages[0].sending { messages[0].sending = .periodic(jitter: precision) }
    }

    private static func bytes(_ random: inout CarRandom) -> [CarByte] {
        let length = random.chance(0.75) ? 8 : 1 + random.below(8)
        var bytes: [CarByte] = []
        if random.chance(0.1) { return (0..<length).map { _ in .constant(UInt8(truncatingIfNeeded: random.next())) } }
        if length > 3, random.chance(0.1) { bytes.append(.multiplexor(count: 2 + random.below(4))) }
        while bytes.count < length {
            switch random.below(12) {
            case 0, 1, 2: bytes.append(.constant(random.chance(0.6) ? 0 : UInt8(truncatingIfNeeded: random.next())))
            case 3, 4, 5, 6: bytes += [.wanderHigh, .wanderLow]
            case 7: bytes.append(.noise(width: 2 << random.below(7)))
            case 8, 9: bytes.append(.flags)
            case 10: bytes.append(.counter(modulus: [4, 15, 16, 16][random.below(4)], high: UInt8(random.below(8)) << 5))
            default: bytes.append(.wideCounter)
            }
        }
        bytes = Array(bytes.prefix(length))
        if length >= 4, random.chance(0.45) {
            bytes[length - 2] = .counter(modulus: random.chance(0.3) ? 15 : 16, high: 0)
            bytes[length - 1] = .checksum
        }
        return bytes
    }

    /// The traffic of a time on the bus; the first `learn` seconds are clean, and `attack` acts in bursts after them.
    mutating func traffic(seconds: Double, learn: Double, attack: Attack?, intensity: Double = 1) -> [CarFrame] {
        var queue: [CarFrame] = []
        var released: [(time: Double, frame: Int)] = []
        // Releases of all messages in the order of time, then arbitration.
        for index in messages.indices { release(index, seconds, &queue, &released) }
        var attacker = CarRandom(state: random.next())
        let legitimate = queue.sorted { $0.time < $1.time }
        var frames = legitimate
        if let attack { frames = SyntheticCar.attacked(legitimate, self, attack, learn, seconds, intensity, &attacker) }
        return SyntheticCar.arbitrated(frames)
    }

    private mutating func release(_ index: Int, _ seconds: Double, _ queue: inout [CarFrame], _ released: inout [(time: Double, frame: Int)]) {
        var message = messages[index]
        var flagAt = 3 + 30 * random.unit()
        while message.next < seconds {
            if message.next >= flagAt {
                message.flags ^= 1 << UInt8(random.below(8))
                if random.chance(0.2) { message.flags = UInt8(truncatingIfNeeded: random.next()) }
                flagAt += 3 + 40 * random.unit()
            }
            let time = message.next
            queue.append(
                CarFrame(
                    time: Int64(time * 1e9), identifier: message.identifier, data: message.payload(&random), length: UInt8(message.bytes.count)))
            switch message.sending {
            case .periodic(let jitter):
                message.scheduled += message.period
                message.next = max(time + 1e-4, message.scheduled + message.period * jitter * random.normal())
            case .relative(let jitter): message.next = time + max(1e-4, message.period * (1 + jitter * random.normal()))
            case .mixed:
                if time < flagAt, time + message.period > flagAt {
                    message.next = flagAt
                } else {
                    message.next = time + message.period * (1 + 0.01 * random.normal())
                }
            case .event(let gap): message.next = time + (random.chance(0.2) ? 0.02 : gap * random.exponential())
            case .burst(let count):
                message.left += 1
                if message.left % count != 0 {
                    message.next = time + 0.001
                } else {
                    message.scheduled += message.period
                    message.next = message.scheduled + message.period * 0.01 * random.unit()
                }
            }
        }
        messages[index] = message
    }

    /// Plays the frames through arbitration: a frame waits for the bus, the lowest identifier first, 125 bits at 500 kbit/s.
    private static func arbitrated(_ frames: [CarFrame]) -> [CarFrame] {
        var sent: [CarFrame] = []
        sent.reserveCapacity(frames.count)
        var waiting: [CarFrame] = []
        var next = 0
        var free: Int64 = 0
        while next < frames.count || !waiting.isEmpty {
            if waiting.isEmpty { free = max(free, frames[next].time) }
            while next < frames.count, frames[next].time <= free {
                // A mailbox holds one frame: a newer one of the same sender takes its place.
                if let old = waiting.firstIndex(where: { $0.identifier == frames[next].identifier && $0.isAttack == frames[next].isAttack && !$0.isAttack }) {
                    waiting[old] = frames[next]
                } else {
                    waiting.append(frames[next])
                }
                next += 1
            }
            guard let winner = waiting.indices.min(by: { waiting[$0].identifier & 0x1FFF_FFFF < waiting[$1].identifier & 0x1FFF_FFFF }) else { continue }
            var frame = waiting.remove(at: winner)
            free += Int64(47 + 8 * Int(frame.length) + Int(frame.length)) * 2000
            frame.time = free
            sent.append(frame)
        }
        return sent
    }
}
