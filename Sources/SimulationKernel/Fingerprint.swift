/// A 64-bit streaming hash of what happened in a run, equal for equal runs on every machine, in debug and in release.
///
/// It tells runs apart; it is no protection against someone who wants two runs to look alike. One step is a 64 x 64 to 128 bit
/// multiplication folded to 64 bits, added to the rotated state. The order of the steps matters.
@frozen
public struct Fingerprint: Hashable, Sendable {
    @usableFromInline var state: UInt64

    /// The fingerprint of nothing.
    @inlinable
    public init() { state = 0x243F_6A88_85A3_08D3 }

    /// Takes in one number.
    @inlinable
    @inline(__always)
    public mutating func mix(_ value: UInt64) {
        step(Fingerprint.fold(value ^ 0x1319_8A2E_0370_7344, 0x9E37_79B9_7F4A_7C15) ^ value)
    }

    /// Takes in three numbers in one step: an event's time, identity and payload.
    @inlinable
    @inline(__always)
    public mutating func mix(_ time: UInt64, _ identity: UInt64, _ payload: UInt64) {
        let what = Fingerprint.fold(time ^ 0xA409_3822_299F_31D0, identity ^ 0x082E_FA98_EC4E_6C89)
        step(what ^ Fingerprint.fold(payload ^ 0x4528_21E6_38D0_1377, 0xBF58_476D_1CE4_E5B9))
    }

    /// Takes in bytes and their number, eight at a time in little-endian order.
    public mutating func mix(bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while offset &+ 8 <= bytes.count {
            mix(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset &+= 8
        }
        var rest: UInt64 = 0
        var shift: UInt64 = 0
        while offset < bytes.count {
            rest |= UInt64(bytes[offset]) &<< shift
            shift &+= 8
            offset &+= 1
        }
        mix(rest, UInt64(bytes.count), 0)
    }

    /// Takes in the UTF-8 bytes of a text.
    public mutating func mix(_ text: String) {
        var text = text
        text.withUTF8 { mix(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// The value so far.
    public var value: UInt64 {
        var hash = state
        hash ^= hash >> 33
        hash = hash &* 0xFF51_AFD7_ED55_8CCD
        hash ^= hash >> 29
        hash = hash &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ hash >> 32
    }

    /// The value so far as 16 lower-case hexadecimal digits.
    public var text: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    @inlinable
    @inline(__always)
    mutating func step(_ word: UInt64) {
        state = ((state &<< 29 | state &>> 35) ^ word) &* 0xD6E8_FEB8_6659_FD93 &+ 0xA076_1D64_78BD_642F
    }

    @inlinable
    @inline(__always)
    static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
}
