/// The data bytes of a frame of up to 64 bytes, in place.
@frozen
public struct CANData: Hashable, Sendable {
    /// The bytes; those beyond the frame's length are zero.
    public var bytes: SIMD64<UInt8>

    /// No data: 64 zero bytes.
    @inlinable
    public init() { bytes = SIMD64() }

    /// The first 64 of these bytes.
    public init(_ bytes: some Sequence<UInt8>) {
        self.init()
        for (index, byte) in bytes.prefix(64).enumerated() { self.bytes[index] = byte }
    }

    /// The byte at a position; positions outside 0 to 63 read as 0 and cannot be written.
    @inlinable
    public subscript(position: Int) -> UInt8 {
        get { position >= 0 && position < 64 ? bytes[position] : 0 }
        set { if position >= 0 && position < 64 { bytes[position] = newValue } }
    }

    /// The first eight bytes, the first one lowest.
    @inlinable
    public var firstEight: UInt64 {
        get { withUnsafeBytes(of: bytes) { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) } }
        set { withUnsafeMutableBytes(of: &bytes) { $0.storeBytes(of: newValue.littleEndian, as: UInt64.self) } }
    }
}

/// A frame with all its data, for files and sockets; `frame.payload` holds the first eight bytes whatever the length.
@frozen
public struct CANWideFrame: Hashable, Sendable {
    /// Identifier, flags, length code and the first eight bytes.
    public var frame: CANFrame
    /// All bytes of a wide frame; of any other frame only `frame.payload` counts, and this may be left zero.
    public var wide: CANData

    /// A frame with the bytes of a wide one.
    @inlinable
    public init(_ frame: CANFrame, wide: CANData = CANData()) {
        self.frame = frame
        self.wide = wide
        if frame.isWide { self.frame.payload = wide.firstEight }
    }

    /// The data byte at a position.
    @inlinable
    public subscript(position: Int) -> UInt8 { frame.isWide ? wide[position] : frame[position] }

    /// The data bytes.
    public var data: [UInt8] { (0..<frame.count).map { self[$0] } }
}
