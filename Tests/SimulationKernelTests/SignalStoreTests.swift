import SimulationKernel
import Testing

@Test("A published value is committed only when the instant ends")
func publicationAndCommit() {
    let store = SignalStore(count: 3, initial: 7)
    store.publish(1, 42)
    #expect(store.latest(1) == 42)
    #expect(store.committed(1) == 7)
    #expect(store.hasPublications)
    var seen: [Int] = []
    store.commit { signal, value in
        seen.append(signal)
        #expect(value == 42)
    }
    #expect(seen == [1])
    #expect(store.committed(1) == 42)
    #expect(!store.hasPublications)
    store.commit { _, _ in Issue.record("nothing was published") }
}

@Test("A publication of the same value is a sample, two at one instant are one")
func samples() {
    let store = SignalStore(count: 1)
    var count = 0
    store.publish(0, 0)
    store.commit { _, _ in count += 1 }
    store.publish(0, 0)
    store.publish(0, 5)
    store.commit { _, value in
        #expect(value == 5)
        count += 1
    }
    #expect(count == 2)
    store.preset(0, 9)
    store.commit { _, _ in count += 1 }
    #expect(count == 2)
    #expect(store.committed(0) == 9)
}

@Test("Signals are visited in index order whatever the order of publication", arguments: [1, 63, 64, 65, 4096, 5000, 300_000])
func visitsInOrder(count: Int) {
    var random = TestGenerator(state: UInt64(count))
    let store = SignalStore(count: count)
    for _ in 0..<20 {
        var published: Set<Int> = [0, count - 1]
        for _ in 0..<min(count, 50) { published.insert(.random(in: 0..<count, using: &random)) }
        for signal in published { store.publish(signal, Double(signal)) }
        var seen: [Int] = []
        store.commit { signal, value in
            seen.append(signal)
            #expect(value == Double(signal))
        }
        #expect(seen == published.sorted())
    }
}

@Test("What a visitor publishes belongs to the next commit")
func publicationsOfVisitors() {
    let store = SignalStore(count: 200)
    store.publish(10, 1)
    store.publish(100, 2)
    var seen: [Int] = []
    store.commit { signal, value in
        seen.append(signal)
        #expect(value < 3)
        store.publish(100, 3)
        store.publish(5, 4)
    }
    #expect(seen == [10, 100])
    #expect(store.committed(100) == 2)
    seen = []
    store.commit { signal, _ in seen.append(signal) }
    #expect(seen == [5, 100])
    #expect(store.committed(100) == 3)
}

@Test("A store without signals commits nothing")
func emptyStore() {
    let store = SignalStore(count: 0)
    #expect(store.count == 0)
    store.commit { _, _ in Issue.record("there is nothing to visit") }
}
