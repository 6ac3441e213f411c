import Testing

@testable import Detection

struct RecencyMapTests {
    @Test("it agrees with a plain list of keys in the order of use", arguments: 0..<4 as Range<UInt64>)
    func model(_ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let capacity = Int.random(in: 1...40, using: &random)
        var map = RecencyMap<Int>(capacity: capacity)
        var order: [(key: UInt64, value: Int)] = []
        for step in 0..<5000 {
            let key = UInt64.random(in: 0..<60, using: &random) << (seed % 2 == 0 ? 0 : 33)
            if let slot = map.find(key) {
                let place = try #require(order.firstIndex { $0.key == key }, "seed \(seed)")
                #expect(map[slot] == order[place].value)
                map.touch(slot)
                order.append(order.remove(at: place))
            } else {
                #expect(!order.contains { $0.key == key })
                let evicted = map.insert(key, step).evicted
                if order.count == capacity { #expect(evicted == order.removeFirst().value) } else { #expect(evicted == nil) }
                order.append((key, step))
            }
        }
        var keys: [UInt64] = []
        var next = map.oldestSlot
        while let slot = next {
            keys.append(map.key(of: slot))
            next = map.slot(after: slot)
        }
        #expect(keys == order.map(\.key))
        var writer = StateWriter()
        map.save(&writer) { $0.put($1) }
        var other = RecencyMap<Int>(capacity: capacity)
        var reader = StateReader(writer.bytes)
        try other.restore(&reader) { reader throws(DetectionError) in Int(try reader.integer()) }
        var again = StateWriter()
        other.save(&again) { $0.put($1) }
        #expect(again.bytes == writer.bytes && reader.isAtEnd)
    }
}
