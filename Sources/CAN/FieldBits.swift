/// Where 1 to 64 bits lie in a frame of up to 64 data bytes, ready to be read with a load, a shift and a mask.
///
/// Bits are numbered as in a DBC file: bit k is bit k % 8 of byte k / 8. The field is read through a window of eight bytes; a field of more than
/// 56 bits behind the first eight bytes can reach one byte further.
@frozen
public struct FieldBits: Hashable, Sendable {
    /// Number of bits.
    public let bits: UInt8
    /// Whether the most significant byte comes first (Motorola).
    public let isBigEndian: Bool
    /// First byte of the window; 0 for every field that lies in the first eight bytes.
    @usableFromInline let byte: UInt8
    /// Bits of the field in the byte behind the window.
    @usableFromInline let rest: UInt8
    /// How far the field lies from the least significant bit of the window.
    @usableFromInline let shift: UInt8
    /// Number of data bytes that a frame needs to hold the field.
    public let byteCount: UInt8
    @usableFromInline let mask: UInt64

    /// A field from its start bit: the least significant one of a little-endian field, the most significant one of a big-endian field.
    public init(at: Int, bits: Int, order: FieldLayout.Order) throws(FieldError) {
        guard bits >= 1, bits <= 64 else { throw .width(bits: bits) }
        guard at >= 0, at < 512 else { throw .outside(at: at, bits: bits) }
        let before = order == .littleEndian ? at : at / 8 * 8 + 7 - at % 8
        guard before + bits <= 512 else { throw .outside(at: at, bits: bits) }
        let window = before + bits <= 64 ? 0 : min(before / 8, 56)
        let inside = before - window * 8
        self.bits = UInt8(bits)
        isBigEndian = order == .bigEndian
        byte = UInt8(window)
        rest = UInt8(max(0, inside + bits - 64))
        shift = UInt8(order == .littleEndian ? inside : max(0, 64 - inside - bits))
        byteCount = UInt8((before + bits - 1) / 8 + 1)
        mask = bits == 64 ? ~0 : 1 << UInt64(bits) - 1
    }

    /// Whether the field lies in the first eight data bytes.
    @inlinable
    public var isInFirstEight: Bool { byteCount <= 8 }

    /// The bits that the field can hold, right-aligned.
    @inlinable
    public var allOnes: UInt64 { mask }

    // MARK: In a payload of eight bytes

    /// The field's bits, right-aligned, from the first eight data bytes; a field that does not lie there reads as 0.
    @inlinable
    public func raw(in payload: UInt64) -> UInt64 {
        guard byteCount <= 8 else { return 0 }
        return (isBigEndian ? payload.byteSwapped : payload) &>> UInt64(shift) & mask
    }

    /// Puts bits in place; bits beyond the field are dropped, and a field outside the first eight bytes changes nothing.
    @inlinable
    public func setRaw(_ raw: UInt64, in payload: inout UInt64) {
        guard byteCount <= 8 else { return }
        let word = isBigEndian ? payload.byteSwapped : payload
        let changed = word & ~(mask &<< UInt64(shift)) | (raw & mask) &<< UInt64(shift)
        payload = isBigEndian ? changed.byteSwapped : changed
    }

    // MARK: In all data bytes

    /// The field's bits, right-aligned, from the data bytes of a frame.
    @inlinable
    public func raw(in data: CANData) -> UInt64 { withUnsafeBytes(of: data.bytes) { load($0) } }

    /// The field's bits, right-aligned, from data bytes of any number; those that are not there count as zero.
    @inlinable
    public func raw(in data: UnsafeRawBufferPointer) -> UInt64 {
        if data.count >= 64 { return load(data) }
        var all = CANData()
        withUnsafeMutableBytes(of: &all.bytes) { $0.copyMemory(from: data) }
        return raw(in: all)
    }

    /// Reads through the window; the buffer has all 64 bytes.
    @inlinable
    func load(_ data: UnsafeRawBufferPointer) -> UInt64 {
        let word = UInt64(littleEndian: data.loadUnaligned(fromByteOffset: Int(byte), as: UInt64.self))
        if rest == 0 { return (isBigEndian ? word.byteSwapped : word) &>> UInt64(shift) & mask }
        let last = UInt64(data[Int(byte) + 8])
        if isBigEndian { return (word.byteSwapped << UInt64(rest) | last >> UInt64(8 - rest)) & mask }
        return (word >> UInt64(shift) | last << UInt64(64 - shift)) & mask
    }

    /// Puts bits in place; bits beyond the field are dropped.
    public func setRaw(_ raw: UInt64, in data: inout CANData) {
        withUnsafeMutableBytes(of: &data.bytes) { store(raw, $0) }
    }

    /// Puts bits in place in data bytes of any number; bits beyond the field, and bytes that are not there, are dropped.
    public func setRaw(_ raw: UInt64, in data: UnsafeMutableRawBufferPointer) {
        if data.count >= 64 { return store(raw, data) }
        var all = CANData()
        withUnsafeMutableBytes(of: &all.bytes) { bytes in
            bytes.copyMemory(from: UnsafeRawBufferPointer(data))
            store(raw, bytes)
            data.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<data.count]))
        }
    }

    private func store(_ raw: UInt64, _ bytes: UnsafeMutableRawBufferPointer) {
        let raw = raw & mask
        let stored = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: Int(byte), as: UInt64.self))
        let word = isBigEndian ? stored.byteSwapped : stored
        let changed: UInt64
        if rest == 0 {
            changed = word & ~(mask << UInt64(shift)) | raw << UInt64(shift)
        } else if isBigEndian {
            changed = word & ~(mask >> UInt64(rest)) | raw >> UInt64(rest)
            let kept = bytes[Int(byte) + 8] & (0xFF >> rest)
            bytes[Int(byte) + 8] = kept | UInt8(truncatingIfNeeded: raw << UInt64(8 - rest))
        } else {
            changed = word & ~(mask << UInt64(shift)) | raw << UInt64(shift)
            let kept = bytes[Int(byte) + 8] & ~(0xFF >> (8 - rest))
            bytes[Int(byte) + 8] = kept | UInt8(truncatingIfNeeded: raw >> UInt64(64 - shift))
        }
        bytes.storeBytes(of: (isBigEndian ? changed.byteSwapped : changed).littleEndian, toByteOffset: Int(byte), as: UInt64.self)
    }
}
