/// Where in a frame a bit lies, with the numbers that SocketCAN's error frames use (`CAN_ERR_PROT_LOC_...` of linux/can/error.h).
public enum BitLocation: UInt8, Sendable {
    case unspecified = 0x00
    case identifier28to21 = 0x02
    case startOfFrame = 0x03
    case substituteRemote = 0x04
    case identifierExtension = 0x05
    case identifier20to18 = 0x06
    case identifier17to13 = 0x07
    case crcSequence = 0x08
    case reserved0 = 0x09
    case data = 0x0A
    case lengthCode = 0x0B
    case remote = 0x0C
    case reserved1 = 0x0D
    case identifier4to0 = 0x0E
    case identifier12to5 = 0x0F
    case intermission = 0x12
    case crcDelimiter = 0x18
    case acknowledgeSlot = 0x19
    case endOfFrame = 0x1A
    case acknowledgeDelimiter = 0x1B
}

/// The bits of a frame as its sender puts them on the wire, from SOF to the last bit of end of frame, stuff bits included.
///
/// 0 is dominant, 1 recessive; the ACK slot is recessive, as a sender leaves it. It takes microseconds and memory: for frames that something
/// happens to. The length alone is ``FrameBits``.
public struct BitSequence: Sendable {
    /// The bits.
    public private(set) var bits: [UInt8] = []
    /// The field of each bit; a stuff bit has that of the bit before it.
    public private(set) var locations: [BitLocation] = []
    /// The bits that are sent at the data bit rate; empty without bit-rate switch.
    public private(set) var dataPhase = 0..<0
    /// The first bit behind the arbitration field.
    public private(set) var arbitrationEnd = 0
    /// The ACK slot.
    public private(set) var acknowledgeSlot = 0
    /// The CRC sequence: 15 bits of a classic frame, 17 or 21 of an FD frame.
    public private(set) var crc: UInt32 = 0
    /// Number of dynamic stuff bits.
    public private(set) var stuffed = 0
    private var run = 0
    private var register: FrameCRC

    /// The bits of a frame.
    public init(_ wide: CANWideFrame) {
        let frame = wide.frame
        bits.reserveCapacity(frame.isWide ? 800 : 160)
        locations.reserveCapacity(frame.isWide ? 800 : 160)
        register = frame.isFD ? FrameCRC(bytes: frame.count) : FrameCRC()
        putArbitration(frame)
        putControl(frame)
        let count = frame.count
        for position in 0..<count { put(UInt64(wide[position]), 8, .data, isLast: position == count - 1 && frame.isFD) }
        putEnd(frame)
    }

    /// Bits up to and with a position by bit rate.
    public func elapsed(through position: Int) -> (nominal: Int, data: Int) {
        let count = min(max(position + 1, 0), bits.count)
        let fast = min(max(count - dataPhase.lowerBound, 0), dataPhase.count)
        return (count - fast, fast)
    }

    /// The first bit of a level from a position on; `nil` when there is none.
    public func first(_ level: UInt8, from position: Int) -> Int? {
        position < bits.count ? bits[max(position, 0)...].firstIndex(of: level) : nil
    }

    /// Number of equal bits of a level up to and with a position.
    func run(of level: UInt8, through position: Int) -> Int {
        var length = 0
        while position - length >= 0, position - length < bits.count, bits[position - length] == level { length += 1 }
        return length
    }

    // MARK: Fields

    private mutating func putArbitration(_ frame: CANFrame) {
        let id = UInt64(frame.id)
        put(0, 1, .startOfFrame)
        let base = frame.isExtended ? id >> 18 : id & 0x7FF
        put(base >> 3, 8, .identifier28to21)
        put(base & 7, 3, .identifier20to18)
        let remote: UInt64 = frame.isRemote ? 1 : 0
        if frame.isExtended {
            put(1, 1, .substituteRemote)
            put(1, 1, .identifierExtension)
            put(id >> 13 & 31, 5, .identifier17to13)
            put(id >> 5 & 255, 8, .identifier12to5)
            put(id & 31, 5, .identifier4to0)
            put(remote, 1, .remote)
            arbitrationEnd = bits.count
        } else {
            put(remote, 1, .substituteRemote)
            put(0, 1, .identifierExtension)
            arbitrationEnd = bits.count
        }
    }

    private mutating func putControl(_ frame: CANFrame) {
        let code = UInt64(frame.lengthCode & 15)
        guard frame.isFD else {
            if frame.isExtended { put(0, 1, .reserved1) }
            put(0, 1, .reserved0)
            return put(code, 4, .lengthCode)
        }
        let switches = frame.flags.contains(.bitRateSwitch)
        put(1, 1, .reserved1)
        put(0, 1, .reserved0)
        put(switches ? 1 : 0, 1, .reserved0)
        if switches { dataPhase = bits.count..<bits.count }
        put(frame.flags.contains(.errorStateIndicator) ? 1 : 0, 1, .reserved0)
        put(code, 4, .lengthCode, isLast: frame.count == 0)
    }

    private mutating func putEnd(_ frame: CANFrame) {
        if frame.isFD {
            putFixed(UInt64(BitSequence.stuffCode(stuffed)), 4, isSummed: true)
            crc = register.value
            putFixed(UInt64(crc), register.width, isSummed: false)
        } else {
            crc = register.value
            put(UInt64(crc), 15, .crcSequence)
        }
        append(1, .crcDelimiter)
        if frame.flags.contains(.bitRateSwitch), frame.isFD { dataPhase = dataPhase.lowerBound..<bits.count }
        acknowledgeSlot = bits.count
        append(1, .acknowledgeSlot)
        append(1, .acknowledgeDelimiter)
        for _ in 0..<7 { append(1, .endOfFrame) }
    }

    /// Number of stuff bits modulo 8 in Gray code with even parity, four bits.
    static func stuffCode(_ count: Int) -> UInt8 {
        let number = UInt8(count & 7)
        let gray = number ^ number >> 1
        return gray << 1 | UInt8(gray.nonzeroBitCount & 1)
    }

    // MARK: Bits

    private mutating func append(_ bit: UInt8, _ location: BitLocation) {
        bits.append(bit)
        locations.append(location)
    }

    /// Puts bits with dynamic stuffing, the most significant first; after the last bit of the dynamic part of an FD frame comes no stuff bit.
    private mutating func put(_ value: UInt64, _ count: Int, _ location: BitLocation, isLast: Bool = false) {
        let isFD = register.countsStuffBits
        for position in stride(from: count - 1, through: 0, by: -1) {
            let bit = UInt8(value >> UInt64(position) & 1)
            run = bit == bits.last ? run + 1 : 1
            append(bit, location)
            register.add(bit)
            guard run == 5, !(isLast && position == 0) else { continue }
            append(1 - bit, location)
            if isFD { register.add(1 - bit) }
            stuffed += 1
            run = 1
        }
    }

    /// Puts bits of the CRC field of an FD frame: a fixed stuff bit comes before each four.
    private mutating func putFixed(_ value: UInt64, _ count: Int, isSummed: Bool) {
        for position in stride(from: count - 1, through: 0, by: -1) {
            if (count - 1 - position) % 4 == 0 { append(1 - (bits.last ?? 0), .crcSequence) }
            let bit = UInt8(value >> UInt64(position) & 1)
            append(bit, .crcSequence)
            if isSummed { register.add(bit) }
        }
    }
}

/// The register of a frame's CRC, bit by bit.
struct FrameCRC: Sendable {
    private(set) var value: UInt32
    let width: Int
    private let polynomial: UInt32

    /// CRC-15 of classic frames.
    init() {
        value = 0
        width = 15
        polynomial = 0x4599
    }

    /// CRC-17 of FD frames up to 16 bytes, and else CRC-21; the register begins with its first bit set (ISO 11898-1:2015).
    init(bytes: Int) {
        width = FrameBits.crcWidth(bytes: bytes)
        polynomial = width == 17 ? 0x1685B : 0x102899
        value = 1 << UInt32(width - 1)
    }

    /// Whether dynamic stuff bits go into the sum.
    var countsStuffBits: Bool { width != 15 }

    mutating func add(_ bit: UInt8) {
        let top = value >> UInt32(width - 1) & 1
        value = value << 1 & (1 << UInt32(width) - 1)
        if top != UInt32(bit) { value ^= polynomial }
    }
}
