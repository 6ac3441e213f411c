/// What decides who sends when several start at once: the arbitration field as a number, of which the lower wins (ISO 11898-1, arbitration).
///
/// Bits 31 to 21 are the first eleven identifier bits, 20 is RTR of a base or SRR of an extended frame, 19 is IDE, 18 to 1 are the other
/// identifier bits and 0 is RTR of an extended frame. So a base data frame beats the remote frame of its identifier, and both beat any extended
/// frame with the same leading bits. Two frames of equal keys do not arbitrate: both senders go on until their bits differ.
@frozen
public struct ArbitrationKey: Hashable, Comparable, Sendable {
    public let rawValue: UInt32

    /// The key of a frame.
    @inlinable
    public init(_ frame: CANFrame) {
        let id = frame.id
        let remote: UInt32 = frame.isRemote ? 1 : 0
        rawValue = frame.isExtended ? (id &>> 18) &<< 21 | 3 &<< 19 | (id & 0x3FFFF) &<< 1 | remote : (id & 0x7FF) &<< 21 | remote &<< 20
    }

    @inlinable
    public static func < (a: ArbitrationKey, b: ArbitrationKey) -> Bool { a.rawValue < b.rawValue }

    /// The first bit, counted in the unstuffed stream from SOF = 0, at which the later of two frames loses; `nil` when neither does.
    ///
    /// Base frames have the identifier at 1 to 11, RTR at 12 and IDE at 13; extended ones SRR at 12, IDE at 13, the rest of the identifier at 14
    /// to 31 and RTR at 32.
    public func losingBit(against other: ArbitrationKey) -> Int? {
        rawValue == other.rawValue ? nil : 1 + (rawValue ^ other.rawValue).leadingZeroBitCount
    }
}
