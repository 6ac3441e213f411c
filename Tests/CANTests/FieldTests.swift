import CAN
import Testing

@Test("Halves round away from zero unless the field says otherwise")
func rounding() throws {
    let away = try FieldLayout(at: 0, bits: 8, form: .signed)
    let even = try FieldLayout(at: 0, bits: 8, form: .signed, rounding: .halfToEven)
    for (value, first, second) in [(2.5, 3, 2), (-2.5, -3, -2), (3.5, 4, 4), (0.5, 1, 0), (0.49, 0, 0)] as [(Double, Int64, Int64)] {
        var payload: UInt64 = 0
        away.setValue(value, in: &payload)
        #expect(away.signedRaw(in: payload) == first)
        even.setValue(value, in: &payload)
        #expect(even.signedRaw(in: payload) == second)
    }
}

@Test("Values out of range become the nearest limit and say so")
func saturation() throws {
    let unsigned = try FieldLayout(at: 4, bits: 12, scale: 0.1)
    let signed = try FieldLayout(at: 4, bits: 12, form: .signed)
    let largest = try FieldLayout(at: 0, bits: 64)
    let float = try FieldLayout(at: 0, bits: 32, form: .floating)
    var payload: UInt64 = 0xFFFF_FFFF_FFFF_FFFF
    for (value, raw, fits) in [(409.5, 4095, true), (409.6, 4095, false), (-1, 0, false), (-0.04, 0, true), (1e300, 4095, false), (.infinity, 4095, false)]
        as [(Double, UInt64, Bool)]
    {
        #expect(unsigned.setValue(value, in: &payload) == fits)
        #expect(unsigned.raw(in: payload) == raw)
        #expect(payload | 0xFFF0 == .max)
    }
    for (value, raw, fits) in [(2047, 2047, true), (2048, 2047, false), (-2048, -2048, true), (-2049, -2048, false), (-.infinity, -2048, false)]
        as [(Double, Int64, Bool)]
    {
        #expect(signed.setValue(value, in: &payload) == fits)
        #expect(signed.signedRaw(in: payload) == raw)
    }
    #expect(!unsigned.setValue(.nan, in: &payload))
    #expect(unsigned.raw(in: payload) == 0)
    #expect(!signed.setValue(.nan, in: &payload))
    #expect(!largest.setValue(0x1p64, in: &payload))
    #expect(payload == .max)
    #expect(largest.setValue(0x1p63, in: &payload))
    #expect(payload == 1 << 63)
    #expect(!float.setValue(1e300, in: &payload))
    #expect(float.setValue(.infinity, in: &payload))
    #expect(unsigned.range.lowerBound == 0 && abs(unsigned.range.upperBound - 409.5) < 1e-9)
    #expect(signed.range == -2048...2047)
}

@Test("Any field gives back its raw bits and leaves all others alone")
func packingIsReversible() throws {
    let seed: UInt64 = 0x5EED
    var state = seed
    func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) ^ (state << 31)
    }
    for _ in 0..<5000 {
        let order: FieldLayout.Order = next() & 64 == 0 ? .littleEndian : .bigEndian
        let at = Int(next() % 64)
        let room = order == .littleEndian ? 64 - at : 64 - (at / 8 * 8 + 7 - at % 8)
        let bits = Int(next() % UInt64(room)) + 1
        let field = try FieldLayout(at: at, bits: bits, order: order, form: .signed)
        let before = next()
        let raw = next()
        var payload = before
        field.setRaw(raw, in: &payload)
        let mask: UInt64 = bits == 64 ? .max : 1 << UInt64(bits) - 1
        #expect(field.raw(in: payload) == raw & mask, "seed \(seed)")
        #expect((payload ^ before) & ~field.coverage == 0, "seed \(seed)")
        #expect(field.coverage.nonzeroBitCount == bits, "seed \(seed)")
        #expect((field.coverage >> UInt64(8 * field.byteCount - 1)) >> 1 == 0, "seed \(seed)")
    }
}

@Test("A field that cannot be placed is refused with the reason")
func impossibleFields() {
    #expect(throws: FieldError.width(bits: 0)) { try FieldLayout(at: 0, bits: 0) }
    #expect(throws: FieldError.width(bits: 65)) { try FieldLayout(at: 0, bits: 65) }
    #expect(throws: FieldError.width(bits: 16)) { try FieldLayout(at: 0, bits: 16, form: .floating) }
    #expect(throws: FieldError.outside(at: 60, bits: 5)) { try FieldLayout(at: 60, bits: 5) }
    #expect(throws: FieldError.outside(at: 56, bits: 2)) { try FieldLayout(at: 56, bits: 2, order: .bigEndian) }
    #expect(throws: FieldError.outside(at: -1, bits: 2)) { try FieldLayout(at: -1, bits: 2) }
    #expect(throws: FieldError.outside(at: .max, bits: 64)) { try FieldLayout(at: .max, bits: 64) }
    #expect(throws: FieldError.scale) { try FieldLayout(at: 0, bits: 8, scale: 0) }
    #expect(throws: FieldError.scale) { try FieldLayout(at: 0, bits: 8, offset: .nan) }
}
