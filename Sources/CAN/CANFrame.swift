/// What tells an FD frame from a classic one, with the bits of candump's `##` notation and of SocketCAN's `canfd_frame.flags`.
@frozen
public struct CANFrameFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    /// Flags as SocketCAN counts them.
    @inlinable
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// BRS: the data phase is sent at the second bit rate.
    public static let bitRateSwitch = CANFrameFlags(rawValue: 1)
    /// ESI: the sender is error-passive.
    public static let errorStateIndicator = CANFrameFlags(rawValue: 2)
    /// FDF: the frame has the FD format.
    public static let fd = CANFrameFlags(rawValue: 4)
}

/// A CAN frame in 16 bytes: identifier and flags, length code, and the data bytes of a frame that has at most eight.
///
/// Identifier and flags are laid out as SocketCAN's `can_id`: bits 0 to 28 the identifier, 29 error, 30 remote, 31 extended.
/// An FD frame of more than eight bytes is wide: its bytes lie elsewhere, and what `payload` then means is said by whoever carries it.
@frozen
public struct CANFrame: Hashable, Sendable {
    /// The data bytes, the first one in the lowest eight bits; bytes beyond the length are zero.
    public var payload: UInt64
    /// Identifier and flags as in SocketCAN.
    public var rawIdentifier: UInt32
    /// The data length code on the wire, 0 to 15; 9 to 15 mean eight bytes in a classic frame, and 12 to 64 in an FD frame.
    public var lengthCode: UInt8
    /// FD format, bit-rate switch and error state; none of a classic frame.
    public var flags: CANFrameFlags
    /// Ground truth: the number of the label that the frame belongs to, 0 for none; not on the wire.
    public var label: UInt16

    /// Flag of the 29-bit format in `rawIdentifier`.
    public static let extendedFlag: UInt32 = 1 << 31
    /// Flag of a remote frame in `rawIdentifier`.
    public static let remoteFlag: UInt32 = 1 << 30
    /// Flag of an error report in `rawIdentifier`.
    public static let errorFlag: UInt32 = 1 << 29

    /// A classic frame; bits of the identifier beyond its format, and bytes beyond the length, are dropped.
    @inlinable
    public init(id: UInt32, isExtended: Bool = false, isRemote: Bool = false, isError: Bool = false, lengthCode: UInt8, payload: UInt64, label: UInt16 = 0) {
        let identifier = isExtended || isError ? id & 0x1FFF_FFFF : id & 0x7FF
        rawIdentifier = identifier | (isExtended ? Self.extendedFlag : 0) | (isRemote ? Self.remoteFlag : 0) | (isError ? Self.errorFlag : 0)
        self.lengthCode = lengthCode & 15
        let bytes = isRemote ? 0 : min(lengthCode & 15, 8)
        self.payload = bytes >= 8 ? payload : payload & ((1 &<< UInt64(bytes * 8)) &- 1)
        flags = []
        self.label = label
    }

    /// An FD frame; `payload` is kept whole when the frame is wide, and else cut to the length. FD has no remote frames.
    @inlinable
    public init(fd id: UInt32, isExtended: Bool = false, flags: CANFrameFlags = [], lengthCode: UInt8, payload: UInt64, label: UInt16 = 0) {
        rawIdentifier = isExtended ? id & 0x1FFF_FFFF | Self.extendedFlag : id & 0x7FF
        self.lengthCode = lengthCode & 15
        self.payload = lengthCode & 15 >= 8 ? payload : payload & ((1 &<< UInt64((lengthCode & 15) * 8)) &- 1)
        self.flags = flags.union(.fd)
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
    /// Whether the frame has the FD format.
    @inlinable
    public var isFD: Bool { flags.contains(.fd) }
    /// Whether the frame has more than eight data bytes, so that they do not lie in `payload`.
    @inlinable
    public var isWide: Bool { isFD && lengthCode > 8 }
    /// Number of data bytes: 0 to 8 of a classic frame, up to 64 of an FD frame; 0 for a remote frame.
    @inlinable
    public var count: Int {
        if isRemote { return 0 }
        return isFD ? CANFrame.dataLength(ofCode: lengthCode) : Int(min(lengthCode, 8))
    }

    /// The data byte at a position below eight; other positions give 0. It means nothing for a wide frame.
    @inlinable
    public subscript(position: Int) -> UInt8 {
        position >= 0 && position < 8 ? UInt8(truncatingIfNeeded: payload &>> UInt64(position &* 8)) : 0
    }

    /// The data bytes, at most the first eight.
    public var data: [UInt8] { (0..<min(count, 8)).map { self[$0] } }

    // MARK: Lengths of FD frames (ISO 11898-1, table of DLC)

    /// Number of data bytes that an FD length code stands for; codes above 15 mean 64.
    @inlinable
    public static func dataLength(ofCode code: UInt8) -> Int {
        switch code {
        case 0...8: Int(code)
        case 9: 12
        case 10: 16
        case 11: 20
        case 12: 24
        case 13: 32
        case 14: 48
        default: 64
        }
    }

    /// The least FD length code whose frame holds this many bytes; more than 64 give 15.
    @inlinable
    public static func lengthCode(holding count: Int) -> UInt8 {
        switch count {
        case ...8: UInt8(max(count, 0))
        case ...12: 9
        case ...16: 10
        case ...20: 11
        case ...24: 12
        case ...32: 13
        case ...48: 14
        default: 15
        }
    }
}
