/// Bytes of a binary file whose numbers are in one of both orders.
struct PacketBytes {
    let start: UnsafeRawPointer
    let count: Int
    let isBigEndian: Bool

    init(_ start: UnsafeRawPointer, _ count: Int, isBigEndian: Bool = false) {
        self.start = start
        self.count = count
        self.isBigEndian = isBigEndian
    }

    /// A number at a place; 0 outside.
    @inline(__always)
    func number<Number: FixedWidthInteger & BitwiseCopyable>(_ place: Int, as type: Number.Type = Number.self) -> Number {
        guard place >= 0, place &+ MemoryLayout<Number>.size <= count else { return 0 }
        let value = start.loadUnaligned(fromByteOffset: place, as: Number.self)
        return isBigEndian ? Number(bigEndian: value) : Number(littleEndian: value)
    }

    /// The bytes from a place on.
    @inline(__always)
    func from(_ place: Int) -> PacketBytes {
        let place = min(max(place, 0), count)
        return PacketBytes(start + place, count - place, isBigEndian: isBigEndian)
    }
}
