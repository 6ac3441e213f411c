import CAN
import Quantities

/// One way of an ISO-TP transfer: the identifier of its frames, and the address byte before their data if there is one (ISO 15765-2 §10).
///
/// Normal addressing, 11 or 29 bits, has no address byte; extended and mixed addressing have one, which takes a byte from each frame.
public struct ISOTPEndpoint: Hashable, Sendable {
    /// The identifier, 11 or 29 bits.
    public var id: UInt32
    /// Whether the identifier has 29 bits.
    public var isExtended: Bool
    /// The first data byte of every frame in extended (target address) or mixed (address extension) addressing.
    public var address: UInt8?

    /// An identifier, and an address byte for extended or mixed addressing.
    public init(id: UInt32, isExtended: Bool = false, address: UInt8? = nil) {
        self.id = id
        self.isExtended = isExtended
        self.address = address
    }

    /// Normal fixed addressing: the 29-bit identifier 0x18DA, target, source; functional 0x18DB (ISO 15765-2 §10.3.3).
    public static func normalFixed(source: UInt8, target: UInt8, isFunctional: Bool = false) -> ISOTPEndpoint {
        ISOTPEndpoint(id: (isFunctional ? 0x18DB_0000 : 0x18DA_0000) | UInt32(target) << 8 | UInt32(source), isExtended: true)
    }

    /// Number of data bytes that the address takes: 0 or 1.
    var overhead: Int { address == nil ? 0 : 1 }

    /// Where the protocol's bytes begin in a frame of this endpoint; `nil` for a frame of another one or without any.
    func start(of frame: CANWideFrame) -> Int? {
        let raw = id & 0x1FFF_FFFF | (isExtended ? CANFrame.extendedFlag : 0)
        guard frame.frame.rawIdentifier == raw, frame.frame.count > overhead else { return nil }
        if let address, frame[0] != address { return nil }
        return overhead
    }
}

/// The form of the frames that one side sends: classic or FD, their greatest length (TX_DL), and padding.
public struct ISOTPFormat: Hashable, Sendable {
    /// Whether frames have the FD format.
    public let isFD: Bool
    /// Whether FD frames switch to the second bit rate.
    public let bitRateSwitch: Bool
    /// TX_DL: 8, and for FD also 12, 16, 20, 24, 32, 48, 64.
    public let frameLength: Int
    /// The byte that fills every frame to at least eight bytes; `nil` for frames as short as they can be.
    ///
    /// FD frames of more than eight bytes are filled to the next length that exists, with 0xCC when this is `nil`.
    public let padding: UInt8?

    /// Classic frames.
    public static let classic = ISOTPFormat(padding: nil)

    /// Classic frames with padding.
    public init(padding: UInt8?) {
        isFD = false
        bitRateSwitch = false
        frameLength = 8
        self.padding = padding
    }

    /// FD frames of at most `frameLength` bytes; `nil` when no FD frame has this length or it is below 8.
    public init?(fd frameLength: Int, bitRateSwitch: Bool = false, padding: UInt8? = nil) {
        guard frameLength >= 8, frameLength <= 64, CANFrame.dataLength(ofCode: CANFrame.lengthCode(holding: frameLength)) == frameLength else { return nil }
        isFD = true
        self.bitRateSwitch = bitRateSwitch
        self.frameLength = frameLength
        self.padding = padding
    }

    /// The longest message that fits a single frame.
    public func singleFrameCapacity(addressed isAddressed: Bool = false) -> Int {
        (frameLength > 8 ? frameLength - 2 : 7) - (isAddressed ? 1 : 0)
    }

    /// A frame with an endpoint's address, these bytes and the padding.
    func frame(_ endpoint: ISOTPEndpoint, _ head: [UInt8], _ body: ArraySlice<UInt8> = []) -> CANWideFrame {
        var data = CANData()
        var count = 0
        func put(_ byte: UInt8) {
            data[count] = byte
            count += 1
        }
        if let address = endpoint.address { put(address) }
        for byte in head { put(byte) }
        for byte in body { put(byte) }
        if let padding {
            while count < 8 { put(padding) }
        }
        guard isFD else {
            return CANWideFrame(CANFrame(id: endpoint.id, isExtended: endpoint.isExtended, lengthCode: UInt8(min(count, 8)), payload: data.firstEight))
        }
        let code = CANFrame.lengthCode(holding: count)
        while count < CANFrame.dataLength(ofCode: code) { put(padding ?? 0xCC) }
        let flags: CANFrameFlags = bitRateSwitch ? [.fd, .bitRateSwitch] : .fd
        return CANWideFrame(
            CANFrame(fd: endpoint.id, isExtended: endpoint.isExtended, flags: flags, lengthCode: code, payload: data.firstEight), wide: data)
    }
}

/// The byte STmin of a flow control: the least time between consecutive frames (ISO 15765-2 §9.6.5.4).
public enum ISOTPSeparation {
    /// 00 to 7F are milliseconds, F1 to F9 hundreds of microseconds; reserved values mean 127 ms.
    public static func duration(of byte: UInt8) -> Duration {
        switch byte {
        case 0...0x7F: .milliseconds(Int64(byte))
        case 0xF1...0xF9: Duration(nanoseconds: Int64(byte - 0xF0) * 100_000)
        default: .milliseconds(127)
        }
    }

    /// The least STmin that is not shorter than a time; `nil` above 127 ms and below 0.
    public static func byte(for duration: Duration) -> UInt8? {
        let nanoseconds = duration.nanoseconds
        guard nanoseconds >= 0, nanoseconds <= 127_000_000 else { return nil }
        let hundreds = (nanoseconds + 99_999) / 100_000
        if hundreds >= 1, hundreds <= 9 { return 0xF0 + UInt8(hundreds) }
        return UInt8((nanoseconds + 999_999) / 1_000_000)
    }
}
