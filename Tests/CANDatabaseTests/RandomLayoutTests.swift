import CAN
import CANDatabase
import Testing

/// SplitMix64: the same numbers everywhere.
struct TestRandom: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

/// The bits of a field one by one, from the most significant one: slow and obvious.
private func places(_ at: Int, _ bits: Int, _ order: FieldLayout.Order) -> [Int] {
    if order == .littleEndian { return (0..<bits).map { at + bits - 1 - $0 } }
    var place = at
    return (0..<bits).map { _ in
        defer { place = place % 8 == 0 ? place + 15 : place - 1 }
        return place
    }
}

@Test("A field is read and written bit for bit wherever it lies in 64 bytes")
func fieldBitsAgreeWithSingleBits() throws {
    var random = TestRandom(state: 1)
    var tried = 0
    for _ in 0..<4000 {
        let bits = Int.random(in: 1...64, using: &random)
        let at = Int.random(in: 0..<512, using: &random)
        let order: FieldLayout.Order = Bool.random(using: &random) ? .littleEndian : .bigEndian
        let all = places(at, bits, order)
        guard let field = try? FieldBits(at: at, bits: bits, order: order) else {
            #expect(all.contains { $0 < 0 || $0 > 511 }, "\(at)|\(bits) \(order)")
            continue
        }
        #expect(all.allSatisfy { (0..<512).contains($0) })
        tried += 1
        var data = CANData()
        for index in 0..<64 { data[index] = UInt8.random(in: 0...255, using: &random) }
        let expected = all.reduce(UInt64(0)) { $0 << 1 | UInt64(data[$1 / 8] >> UInt8($1 % 8) & 1) }
        #expect(field.raw(in: data) == expected, "\(at)|\(bits) \(order)")
        if field.isInFirstEight { #expect(field.raw(in: data.firstEight) == expected) }
        let value = random.next()
        var written = data
        field.setRaw(value, in: &written)
        var byHand = data
        for (index, place) in all.enumerated() {
            let bit = UInt8(truncatingIfNeeded: value >> UInt64(bits - 1 - index) & 1)
            byHand[place / 8] = byHand[place / 8] & ~(1 << UInt8(place % 8)) | bit << UInt8(place % 8)
        }
        #expect(written == byHand, "\(at)|\(bits) \(order)")
        if field.isInFirstEight {
            var payload = data.firstEight
            field.setRaw(value, in: &payload)
            #expect(payload == byHand.firstEight)
        }
        #expect(Int(field.byteCount) == all.max().map { $0 / 8 + 1 })
    }
    #expect(tried > 3000)
}

@Test("What a signal packs it unpacks: every raw number survives, with any whole factor exactly")
func packingIsReversible() throws {
    var random = TestRandom(state: 2)
    for _ in 0..<3000 {
        let bits = Int.random(in: 1...64, using: &random)
        var signal = Signal(name: "S", start: Int.random(in: 0...(512 - bits), using: &random), bits: bits)
        signal.form = Bool.random(using: &random) ? .signed : .unsigned
        signal.factor = DatabaseNumber(Int128([1, 2, -3, 10, 4096][Int.random(in: 0..<5, using: &random)]))
        signal.offset = DatabaseNumber(Int128(Int.random(in: -1_000_000...1_000_000, using: &random)))
        let codec = try SignalCodec(signal)
        let raw = random.next() & codec.field.allOnes
        let number = codec.number(of: raw)
        #expect(codec.isWhole)
        #expect(codec.raw(of: number) == raw, "\(signal.bits) \(signal.form) \(signal.factor.text)")
    }
}

@Test("Halves between two raw numbers go to the even one, for whole numbers of any size too")
func roundsHalvesToEven() throws {
    var signal = Signal(name: "S", start: 0, bits: 63, form: .signed)
    signal.factor = DatabaseNumber(4 as Int128)
    let codec = try SignalCodec(signal)
    func raw(_ value: Int128) -> Int64? { codec.raw(of: .whole(value)).map { codec.signed($0) } }
    #expect([2, 6, 10, -2, -6, 3, 5, -3].map { raw($0) } == [0, 2, 2, 0, -2, 1, 1, -1])
    let large: Int128 = 4_611_686_018_427_387_903 * 4
    #expect(raw(large) == 4_611_686_018_427_387_903)
    #expect(raw(large + 1) == 4_611_686_018_427_387_903)
    #expect(raw(large + 3) == nil)
    signal.factor = DatabaseNumber(0.5)
    let half = try SignalCodec(signal)
    #expect([0.25, 0.75, 1.25].map { half.raw(of: .real($0)) } == [0, 2, 2])
}

@Test("A value that does not fit is refused, brought to the limit, or wrapped")
func rangePolicies() throws {
    var signal = Signal(name: "S", start: 0, bits: 8)
    signal.minimum = DatabaseNumber(10 as Int128)
    signal.maximum = DatabaseNumber(200 as Int128)
    let codec = try SignalCodec(signal)
    func raw(_ value: Double, _ policy: RangePolicy, checks: Bool = true) -> UInt64? { codec.raw(of: .real(value), range: policy, checksLimits: checks) }
    #expect([9, 10, 200, 201, 256, .nan].map { raw($0, .error) } == [nil, 10, 200, nil, nil, nil])
    #expect([9, 201, 256, -1, .infinity, .nan].map { raw($0, .saturate) } == [10, 200, 200, 10, 200, 0])
    #expect([9, 256, 257, -1, 1e30].map { raw($0, .wrap) } == [9, 0, 1, 255, UInt64(truncatingIfNeeded: Int128(1e30)) & 255])
    #expect([9, 255, 256].map { raw($0, .error, checks: false) } == [9, 255, nil])
    var float = Signal(name: "F", start: 0, bits: 32, form: .floating)
    #expect(try SignalCodec(float).raw(of: .real(1e300)) == nil)
    #expect(try SignalCodec(float).raw(of: .real(1e300), range: .saturate) == UInt64(Float.greatestFiniteMagnitude.bitPattern))
    #expect(try SignalCodec(float).raw(of: .real(.infinity)) == UInt64(Float.infinity.bitPattern))
    float.bits = 16
    #expect(throws: FieldError.width(bits: 16)) { try SignalCodec(float) }
}
