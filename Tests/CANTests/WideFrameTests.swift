import CAN
import Testing

@Suite("FD frames and fields of any length")
struct WideFrameTests {
    @Test("length codes of CAN FD are those of ISO 11898-1")
    func lengths() {
        let lengths = (0...15).map { CANFrame.dataLength(ofCode: UInt8($0)) }
        #expect(lengths == [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64])
        for (code, length) in lengths.enumerated() { #expect(CANFrame.lengthCode(holding: length) == UInt8(code)) }
        #expect(CANFrame.lengthCode(holding: 9) == 9 && CANFrame.lengthCode(holding: 49) == 15 && CANFrame.lengthCode(holding: -1) == 0)
    }

    @Test("a field in bytes reads and writes as in a payload of 64 bits")
    func sameAsPayload() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3000 {
            let bits = Int.random(in: 1...64, using: &random)
            let order: FieldLayout.Order = Bool.random(using: &random) ? .littleEndian : .bigEndian
            let at = Int.random(in: 0..<64, using: &random)
            guard let field = try? FieldLayout(at: at, bits: bits, order: order) else { continue }
            var payload = UInt64.random(in: 0 ... .max, using: &random)
            var bytes = (0..<8).map { UInt8(truncatingIfNeeded: payload >> UInt64($0 * 8)) }
            #expect(bytes.withUnsafeBytes { field.raw(in: $0) } == field.raw(in: payload))
            let raw = UInt64.random(in: 0 ... .max, using: &random)
            field.setRaw(raw, in: &payload)
            bytes.withUnsafeMutableBytes { field.setRaw(raw, in: $0) }
            #expect(bytes == (0..<8).map { UInt8(truncatingIfNeeded: payload >> UInt64($0 * 8)) })
        }
    }

    @Test("a field anywhere in 64 bytes comes back as it was written, and nothing else changes")
    func anywhere() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3000 {
            let bits = Int.random(in: 1...64, using: &random)
            let order: FieldLayout.Order = Bool.random(using: &random) ? .littleEndian : .bigEndian
            guard let field = try? FieldLayout(at: Int.random(in: 0..<512, using: &random), bits: bits, order: order, dataBytes: 64) else { continue }
            var bytes = (0..<64).map { _ in UInt8.random(in: 0...255, using: &random) }
            let before = bytes
            let old = bytes.withUnsafeBytes { field.raw(in: $0) }
            let raw = UInt64.random(in: 0 ... .max, using: &random) & (bits == 64 ? .max : 1 << UInt64(bits) - 1)
            bytes.withUnsafeMutableBytes { field.setRaw(raw, in: $0) }
            #expect(bytes.withUnsafeBytes { field.raw(in: $0) } == raw)
            bytes.withUnsafeMutableBytes { field.setRaw(old, in: $0) }
            #expect(bytes == before)
        }
    }

    @Test("fields that leave the data are refused, and data that are too short read as zero")
    func outside() throws {
        #expect(throws: FieldError.outside(at: 64, bits: 8)) { try FieldLayout(at: 64, bits: 8) }
        #expect(throws: FieldError.outside(at: 505, bits: 8)) { try FieldLayout(at: 505, bits: 8, dataBytes: 64) }
        let field = try FieldLayout(at: 7, bits: 16, order: .bigEndian)
        #expect([0xAB].withUnsafeBytes { field.raw(in: UnsafeRawBufferPointer(rebasing: $0[..<1])) } == 0xAB00)
    }

    @Test("values in decimal steps are the decimal numbers that people write")
    func decimals() throws {
        let tenths = try FieldLayout(at: 0, bits: 16, scale: 0.1)
        let shifted = try FieldLayout(at: 0, bits: 16, scale: 0.1, offset: -400)
        let capacity = try FieldLayout(at: 0, bits: 16, scale: 0.11 * 3_600_000)
        for raw in UInt64(0)...65535 {
            #expect(tenths.value(ofRaw: raw) == Double("\(raw / 10).\(raw % 10)"))
            #expect(shifted.value(ofRaw: raw) == Double(Int(raw) - 4000) / 10)
            #expect(tenths.raw(of: tenths.value(ofRaw: raw)).raw == raw)
            #expect(shifted.raw(of: shifted.value(ofRaw: raw)).raw == raw)
            #expect(capacity.value(ofRaw: raw) == Double(raw) * 396_000)
        }
        let third = try FieldLayout(at: 0, bits: 16, scale: 1.0 / 3)
        #expect(third.value(ofRaw: 3) == 1)
    }

    @Test("the data of wide frames are kept until they are released, and places are used again")
    func store() {
        let bus = CANBus()
        let data = CANData((0..<64).map { UInt8($0) })
        let frame = bus.frame(CANWideFrame(CANFrame(fd: 0x102, lengthCode: 15, payload: 0), wide: data))
        #expect(bus.wideFrame(frame).data == (0..<64).map { UInt8($0) })
        #expect(bus.wideFrame(frame).frame.payload == 0x0706_0504_0302_0100)
        for _ in 0..<1000 { bus.release(bus.frame(CANWideFrame(CANFrame(fd: 1, lengthCode: 9, payload: 0), wide: data))) }
        #expect(bus.payloads.count == 1)
        bus.release(frame)
        #expect(bus.payloads.count == 0)
        let narrow = bus.frame(CANWideFrame(CANFrame(fd: 1, lengthCode: 8, payload: 77)))
        #expect(narrow.payload == 77 && bus.payloads.count == 0)
    }
}
