/// What the sender of a frame works out for a field by itself.
public enum ComputedField: String, Sendable, Hashable, CaseIterable {
    /// One more with each frame; begins again at 0.
    case counter
    /// The sum of all other bytes, without carry.
    case sum8
    /// All other bytes, combined by exclusive or.
    case xor8
    /// CRC-8 of SAE J1850 over all other bytes: polynomial 0x1D, begins with 0xFF, inverted at the end.
    case crc8
    /// The same with the polynomial 0x2F, as in AUTOSAR's CRC8H2F.
    case crc8h2f
    /// CRC-16 of CCITT over all other bytes: polynomial 0x1021, begins with 0xFFFF.
    case crc16

    /// Bits that a field of a checksum has; `nil` for a counter, which may have any.
    public var bits: Int? {
        switch self {
        case .counter: nil
        case .sum8, .xor8, .crc8, .crc8h2f: 8
        case .crc16: 16
        }
    }

    /// The checksum of some bytes.
    public func sum(of bytes: some Sequence<UInt8>) -> UInt64 {
        switch self {
        case .counter: 0
        case .sum8: UInt64(bytes.reduce(UInt8(0)) { $0 &+ $1 })
        case .xor8: UInt64(bytes.reduce(UInt8(0)) { $0 ^ $1 })
        case .crc8: UInt64(Self.crc(bytes, 0x1D, width: 8, begin: 0xFF, end: 0xFF))
        case .crc8h2f: UInt64(Self.crc(bytes, 0x2F, width: 8, begin: 0xFF, end: 0xFF))
        case .crc16: UInt64(Self.crc(bytes, 0x1021, width: 16, begin: 0xFFFF, end: 0))
        }
    }

    private static func crc(_ bytes: some Sequence<UInt8>, _ polynomial: UInt16, width: UInt16, begin: UInt16, end: UInt16) -> UInt16 {
        let top: UInt16 = 1 << (width - 1)
        var rest = begin
        for byte in bytes {
            rest ^= UInt16(byte) << (width - 8)
            for _ in 0..<8 { rest = rest & top != 0 ? rest << 1 ^ polynomial : rest << 1 }
        }
        return (rest ^ end) & (top << 1 &- 1)
    }
}
