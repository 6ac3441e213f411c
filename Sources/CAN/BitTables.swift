/// Tables that count stuff bits and compute the CRC-15 of a classic frame byte by byte instead of bit by bit.
///
/// A stuffing state is the value of the last bit on the wire (bit 0) and the number of equal bits before and with it, less one (bits 1 and 2):
/// runs of one to four, since a fifth equal bit is followed by a stuff bit at once.
@usableFromInline
struct BitTables: @unchecked Sendable {
    // Written once in `init`, only read afterwards: the pointers may be shared.
    /// Index: state << 8 | byte. Value: state after the byte (bits 0 to 2) and number of stuff bits that the byte made (bits 3 and 4).
    @usableFromInline let stuffing: UnsafePointer<UInt8>
    /// CRC-15 of one byte, polynomial 0x4599 (ISO 11898-1, CRC sequence of classic frames).
    @usableFromInline let crc15: UnsafePointer<UInt16>

    /// The tables of this process, 2.5 KiB.
    @usableFromInline static let shared = BitTables()

    private init() {
        let stuffing = UnsafeMutablePointer<UInt8>.allocate(capacity: 8 * 256)
        let crc = UnsafeMutablePointer<UInt16>.allocate(capacity: 256)
        for state in 0..<8 {
            for byte in 0..<256 {
                var last = state & 1
                var run = state >> 1 + 1
                var stuffed = 0
                for position in stride(from: 7, through: 0, by: -1) {
                    let bit = byte >> position & 1
                    run = bit == last ? run + 1 : 1
                    last = bit
                    if run == 5 {
                        stuffed += 1
                        last = 1 - last
                        run = 1
                    }
                }
                (stuffing + (state << 8 | byte)).initialize(to: UInt8(stuffed << 3 | (run - 1) << 1 | last))
            }
        }
        for byte in 0..<256 {
            var register = UInt32(byte) << 7
            for _ in 0..<8 { register = register & 0x4000 != 0 ? register << 1 ^ 0x4599 : register << 1 }
            (crc + byte).initialize(to: UInt16(register & 0x7FFF))
        }
        self.stuffing = UnsafePointer(stuffing)
        self.crc15 = UnsafePointer(crc)
    }
}

/// A run through the stuffing table.
@usableFromInline
struct StuffCounter {
    /// The state after the bytes so far, in bits 0 to 2; at first a dominant bit that alternating padding follows.
    @usableFromInline var entry = 0
    @usableFromInline var count = 0
    @usableFromInline let table: UnsafePointer<UInt8>

    @inlinable
    @inline(__always)
    init(_ tables: BitTables) { table = tables.stuffing }

    /// Counts the stuff bits that a byte makes, its most significant bit first.
    @inlinable
    @inline(__always)
    mutating func add(_ byte: UInt8) {
        entry = Int(table[(entry & 7) << 8 | Int(byte)])
        count &+= entry &>> 3
    }
}
