import CAN
import CANProtocols
import Foundation
import Quantities

/// Bytes in hexadecimal and back.
func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16) ?? 0 }
}

func hex(_ bytes: some Sequence<UInt8>) -> String { bytes.map { String(format: "%02X", $0) }.joined() }

func ms(_ count: Int64) -> Instant { .zero + .milliseconds(count) }

/// SplitMix64: the same numbers everywhere.
struct TestRandom: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// A line that carries frames with a delay, and loses, doubles and swaps them at given rates in per cent.
struct Line {
    struct Item {
        var at: Instant
        var order: Int
        var to: Int
        var frame: CANWideFrame
    }

    var random: TestRandom
    var loss = 0
    var double = 0
    var swap = 0
    var items: [Item] = []
    var count = 0

    init(seed: UInt64) { random = TestRandom(seed) }

    mutating func send(_ frame: CANWideFrame, to: Int, at now: Instant) {
        if random.chance(loss) { return }
        for _ in 0..<(random.chance(double) ? 2 : 1) {
            let delay = random.chance(swap) ? Duration.milliseconds(Int64.random(in: 0...5, using: &random)) : .milliseconds(1)
            items.append(Item(at: now + delay, order: count, to: to, frame: frame))
            count += 1
        }
    }

    var next: Instant? { items.map(\.at).min() }

    mutating func take(at now: Instant) -> Item? {
        guard let index = items.indices.filter({ items[$0].at <= now }).min(by: { (items[$0].at, items[$0].order) < (items[$1].at, items[$1].order) })
        else { return nil }
        return items.remove(at: index)
    }
}
