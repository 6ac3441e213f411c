import CAN
import CANLogs
import Quantities

/// A small generator whose numbers are the same everywhere.
struct Draws {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        var x = state
        x ^= x >> 33
        x = x &* 0xFF51_AFD7_ED55_8CCD
        return x ^ x >> 33
    }

    mutating func below(_ limit: UInt64) -> UInt64 { next() % limit }
    mutating func flag() -> Bool { next() & 1 == 0 }

    /// Frames of every kind; `unit` is what times are a multiple of.
    mutating func records(_ count: Int, channels: UInt64 = 3, unit: Int64 = 1000, directions: Bool = true) -> [CANLogRecord] {
        var nanoseconds: Int64 = 1_795_230_000_123_000_000
        return (0..<count).map { _ in
            nanoseconds += Int64(below(3_000_000)) * unit
            let direction: CANLogRecord.Direction = directions ? flag() ? .received : .transmitted : .unknown
            return CANLogRecord(instant: Instant(nanoseconds: nanoseconds), channel: UInt16(below(channels)), direction: direction, frame: frame())
        }
    }

    private mutating func frame() -> CANWideFrame {
        let isExtended = flag()
        let id = UInt32(truncatingIfNeeded: next()) & (isExtended ? 0x1FFF_FFFF : 0x7FF)
        switch below(10) {
        case 0: return CANWideFrame(CANFrame(id: id, isExtended: isExtended, isRemote: true, lengthCode: UInt8(below(9)), payload: 0))
        case 1: return CANWideFrame(CANFrame(id: UInt32(1 + below(0x3FF)), isError: true, lengthCode: 8, payload: next()))
        case 2: return CANWideFrame(CANFrame(id: id, isExtended: isExtended, lengthCode: 9 + UInt8(below(7)), payload: next()))
        case 3...5:
            let code = UInt8(below(16))
            var data = CANData()
            for index in 0..<CANFrame.dataLength(ofCode: code) { data[index] = UInt8(truncatingIfNeeded: next()) }
            let flags = CANFrameFlags(rawValue: UInt8(below(4)))
            let frame = CANFrame(fd: id, isExtended: isExtended, flags: flags, lengthCode: code, payload: data.firstEight)
            return frame.isWide ? CANWideFrame(frame, wide: data) : CANWideFrame(frame)
        default: return CANWideFrame(CANFrame(id: id, isExtended: isExtended, lengthCode: UInt8(below(9)), payload: next()))
        }
    }
}
