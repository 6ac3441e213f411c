/// A classic CAN frame in 16 bytes: identifier and flags, length code, up to eight data bytes.
///
/// Identifier and flags are laid out as SocketCAN's `can_id`: bits 0 to 28 the identifier, 29 error, 30 remote, 31 extended.
@frozen
public struct CANFrame: Hashable, Sendable {
    /// The data bytes, the first one in the lowest eight bits; bytes beyond the length are zero.
    public var payload: UInt64
    /// Identifier and flags as in SocketCAN.
    public var rawIdentifier: UInt32
    /// The data length code on the wire, 0 to 15; 9 to 15 also mean eight bytes.
    public var lengthCode: UInt8
    /// Ground truth: the number of the label that the frame belongs to, 0 for none; not on the wire.
    public var label: UInt16

    /// Flag of the 29-bit format in `rawIdentifier`.
    public static let extendedFlag: UInt32 = 1 << 31
    /// Flag of a remote frame in `rawIdentifier`.
    public static let remoteFlag: UInt32 = 1 << 30
    /// Flag of an error report in `rawIdentifier`.
    public static let errorFlag: UInt32 = 1 << 29

    /// A frame; bits of the identifier beyond its format, and bytes beyond the length, are dropped.
    @inlinable
    public init(id: UInt32, isExtended: Bool = false, isRemote: Bool = false, isError: Bool = false, lengthCode: UInt8, payload: UInt64, label: UInt16 = 0) {
        let identifier = isExtended || isError ? id & 0x1FFF_FFFF : id & 0x7FF
        rawIdentifier = identifier | (isExtended ? Self.extendedFlag : 0) | (isRemote ? Self.remoteFlag : 0) | (isError ? Self.errorFlag : 0)
        self.lengthCode = lengthCode & 15
        let bytes = isRemote ? 0 : min(lengthCode & 15, 8)
        self.payload = bytes >= 8 ? payload : payload & ((1 &<< UInt64(bytes * 8)) &- 1)
        self.label = label
    }

    /// A data frame with these bytes, of which at most eight count.
    public init(id: UInt32, isExtended: Bool = false, data: some Sequence<UInt8>, label: UInt16 = 0) {
        var payload: UInt64 = 0
        var count: UInt8 = 0
        for byte in data.prefix(8) {
            payload |= UInt64(byte) << UInt64(count * 8)
            count += 1
        }
        self.init(id: id, isExtended: isExtended, lengthCode: count, payload: payload, label: label)
    }

    /// The identifier: 11 or 29 bits, or the error class of an error report.
    @inlinable
    public var id: UInt32 { rawIdentifier & 0x1FFF_FFFF }
    /// Whether the identifier has 29 bits.
    @inlinable
    public var isExtended: Bool { rawIdentifier & Self.extendedFlag != 0 }
    /// Whether the frame asks for data instead of carrying it.
    @inlinable
    public var isRemote: Bool { rawIdentifier & Self.remoteFlag != 0 }
    /// Whether this is a controller's report of an error instead of a frame.
    @inlinable
    public var isError: Bool { rawIdentifier & Self.errorFlag != 0 }
    /// Number of data bytes, 0 to 8; 0 for a remote frame.
    @inlinable
    public var count: Int { isRemote ? 0 : Int(min(lengthCode, 8)) }

    /// The data byte at a position; positions from 8 up give 0.
    @inlinable
    public subscript(position: Int) -> UInt8 {
        position >= 0 && position < 8 ? UInt8(truncatingIfNeeded: payload &>> UInt64(position &* 8)) : 0
    }

    /// The data bytes.
    public var data: [UInt8] { (0..<count).map { self[$0] } }
}
