/// Which rule of the protocol a bit broke (ISO 11898-1, error detection).
public enum WireErrorKind: UInt8, CaseIterable, Sendable {
    /// A sender read another level than it sent.
    case bit
    /// Six equal bits where bits are stuffed.
    case stuff
    /// A bit of fixed form had the wrong level.
    case form
    /// The CRC sequence did not match the bits.
    case crc
    /// No receiver acknowledged.
    case acknowledgement
}

/// What a receiver makes of the bits on the wire.
public enum BitReading: Equatable, Sendable {
    /// A frame that breaks no rule; `acknowledgeSlot` is the position of the bit that the receiver acknowledges in.
    case frame(CANWideFrame, acknowledgeSlot: Int)
    /// The first broken rule, and the bit at which it shows.
    case error(WireErrorKind, at: Int)
}

extension BitSequence {
    /// Reads bits as a receiver does: destuffs, checks fixed bits and CRC; beyond the end the bus is recessive.
    public static func read(_ bits: [UInt8]) -> BitReading {
        var reader = BitReader(bits: bits)
        do {
            return try reader.read()
        } catch {
            return .error(error.kind, at: error.position)
        }
    }

    /// What receivers make of this frame when some of its bits reach them inverted.
    public func reading(flipped: [Int]) -> BitReading {
        var seen = bits
        for position in flipped where seen.indices.contains(position) { seen[position] ^= 1 }
        return BitSequence.read(seen)
    }
}

private struct BitReader {
    struct Broken: Error {
        let kind: WireErrorKind
        let position: Int
    }

    let bits: [UInt8]
    var position = 0
    var run = 0
    var last: UInt8 = 1
    var stuffed = 0
    /// All three registers run along, as the format shows only in the control field.
    var registers = [FrameCRC(), FrameCRC(bytes: 0), FrameCRC(bytes: 64)]

    init(bits: [UInt8]) { self.bits = bits }

    private mutating func raw() -> UInt8 {
        defer { position += 1 }
        return position < bits.count ? bits[position] : 1
    }

    /// The next bits of the stuffed part; a stuff bit after the last of them is consumed with them unless `isLast`.
    private mutating func take(_ count: Int, isLast: Bool = false) throws(Broken) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<count {
            let bit = raw()
            run = bit == last ? run + 1 : 1
            last = bit
            value = value << 1 | UInt64(bit)
            for register in registers.indices { registers[register].add(bit) }
            guard run == 5, !(isLast && index == count - 1) else { continue }
            let extra = raw()
            guard extra != bit else { throw Broken(kind: .stuff, position: position - 1) }
            for register in registers.indices where registers[register].countsStuffBits { registers[register].add(extra) }
            stuffed += 1
            last = extra
            run = 1
        }
        return value
    }

    /// The next bits of the CRC field of an FD frame, with their fixed stuff bits.
    private mutating func takeFixed(_ count: Int, isSummed: Bool) throws(Broken) -> UInt32 {
        var value: UInt32 = 0
        for index in 0..<count {
            if index % 4 == 0 {
                let fixed = raw()
                guard fixed != last else { throw Broken(kind: .form, position: position - 1) }
            }
            last = raw()
            value = value << 1 | UInt32(last)
            if isSummed { for register in registers.indices { registers[register].add(last) } }
        }
        return value
    }

    private mutating func fixed(_ count: Int) throws(Broken) {
        for _ in 0..<count where raw() == 0 { throw Broken(kind: .form, position: position - 1) }
    }

    mutating func read() throws(Broken) -> BitReading {
        last = 1
        guard try take(1) == 0 else { throw Broken(kind: .form, position: 0) }
        var id = UInt32(try take(11))
        var isRemote = try take(1) == 1
        let isExtended = try take(1) == 1
        if isExtended {
            id = id << 18 | UInt32(try take(18))
            isRemote = try take(1) == 1
        }
        let isFD = try take(1) == 1
        var flags: CANFrameFlags = []
        if isFD {
            guard try take(1) == 0 else { throw Broken(kind: .form, position: position - 1) }
            if try take(1) == 1 { flags.insert(.bitRateSwitch) }
            if try take(1) == 1 { flags.insert(.errorStateIndicator) }
        } else if isExtended {
            _ = try take(1)
        }
        // The DLC is read bit by bit, as whether its last bit ends the stuffed part depends on the other three.
        let upper = UInt8(try take(3))
        let code = upper << 1 | UInt8(try take(1, isLast: isFD && upper == 0 && peekIsZero))
        let count = isFD ? CANFrame.dataLength(ofCode: code) : isRemote ? 0 : Int(min(code, 8))
        var data = CANData()
        for index in 0..<count { data[index] = UInt8(try take(8, isLast: isFD && index == count - 1)) }
        var isRight = true
        if isFD {
            let code = UInt8(try takeFixed(4, isSummed: true))
            let expected = registers[count > 16 ? 2 : 1]
            let crc = try takeFixed(expected.width, isSummed: false)
            isRight = crc == expected.value && code == BitSequence.stuffCode(stuffed)
        } else {
            let expected = registers[0].value
            isRight = UInt32(try take(15)) == expected
        }
        try fixed(1)
        let slot = position
        guard isRight else { throw Broken(kind: .crc, position: slot) }
        _ = raw()
        // A dominant bit in the last bit of end of frame is an overload condition for a receiver, and no error.
        try fixed(7)
        let payload = data.firstEight
        let frame =
            isFD
            ? CANFrame(fd: id, isExtended: isExtended, flags: flags, lengthCode: code, payload: payload)
            : CANFrame(id: id, isExtended: isExtended, isRemote: isRemote, lengthCode: code, payload: payload)
        return .frame(CANWideFrame(frame, wide: frame.isWide ? data : CANData()), acknowledgeSlot: slot)
    }

    /// Whether the next bit is dominant.
    private var peekIsZero: Bool { position < bits.count && bits[position] == 0 }
}
