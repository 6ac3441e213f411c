import SimulationKernel
import Testing

// Computed by a second implementation in another language.
@Test("Fingerprints are those written down when the format was fixed")
func goldenFingerprints() {
    #expect(Fingerprint().text == "30c859e369474ce3")
    var one = Fingerprint()
    one.mix(1)
    #expect(one.text == "4a96e0e8fa195ba1")
    var event = Fingerprint()
    event.mix(1_000_000_000, 0x300, 0x1400)
    #expect(event.text == "1719aba510c5d87b")
    var text = Fingerprint()
    text.mix("repeated-current-fluctuation")
    #expect(text.text == "7c19bf357ae3dcc5")
}

@Test("A fingerprint has 16 digits")
func fingerprintDigits() {
    for seed in 0..<300 as Range<UInt64> {
        var fingerprint = Fingerprint()
        fingerprint.mix(seed)
        #expect(fingerprint.text.count == 16)
        #expect(UInt64(fingerprint.text, radix: 16) == fingerprint.value)
    }
}

@Test("One changed bit of time, identity or payload changes about half of the bits")
func avalanche() {
    var random = TestGenerator(state: 99)
    for field in 0..<3 {
        var changed = 0
        for bit in 0..<64 {
            for _ in 0..<8 {
                var words = [random.next(), random.next(), random.next()]
                var before = Fingerprint()
                before.mix(words[0], words[1], words[2])
                words[field] ^= 1 << UInt64(bit)
                var after = Fingerprint()
                after.mix(words[0], words[1], words[2])
                let distance = (before.value ^ after.value).nonzeroBitCount
                #expect(distance > 8)
                changed += distance
            }
        }
        let mean = Double(changed) / 512
        #expect(abs(mean - 32) < 1)
    }
}

@Test("The order of steps and the length of bytes count")
func orderAndLength() {
    func of(_ bytes: [UInt8]) -> UInt64 {
        var fingerprint = Fingerprint()
        bytes.withUnsafeBytes { fingerprint.mix(bytes: $0) }
        return fingerprint.value
    }
    var values: Set<UInt64> = []
    for count in 0..<40 { values.insert(of([UInt8](repeating: 0, count: count))) }
    #expect(values.count == 40)
    #expect(of([1, 2]) != of([2, 1]))
    var ab = Fingerprint()
    ab.mix(1)
    ab.mix(2)
    var ba = Fingerprint()
    ba.mix(2)
    ba.mix(1)
    #expect(ab != ba)
}

@Test("Fifty thousand events that differ little have fifty thousand fingerprints")
func noCollisionsAmongNeighbours() {
    var values: Set<UInt64> = []
    for time in 0..<50 as Range<UInt64> {
        for identity in 0..<40 as Range<UInt64> {
            for payload in 0..<25 as Range<UInt64> {
                var fingerprint = Fingerprint()
                fingerprint.mix(time * 1_000_000, identity, payload)
                values.insert(fingerprint.value)
            }
        }
    }
    #expect(values.count == 50_000)
}
