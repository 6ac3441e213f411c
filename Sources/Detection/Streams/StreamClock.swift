import Quantities

/// The order of time stamps of a stream: late items are dropped, a clock that was set back is followed.
///
/// An item before the newest one is late and counts as such. When many come in a row the clock of the source was set back (a log that starts anew, a
/// step of NTP): the stream goes on from there, and times that were kept mean nothing any more.
struct StreamClock {
    /// What an instant is.
    enum Order {
        /// Not before the newest one.
        case inOrder
        /// Before the newest one: the item is dropped.
        case late
        /// The clock was set back: it is the new newest one.
        case setBack
    }

    /// Late items in a row that mean that the clock was set back.
    static let patience = 32

    var health = DetectorHealth()
    private(set) var last = Int64.min
    private var lateInARow = 0

    /// Moves on to an instant.
    @inline(__always)
    mutating func admit(_ instant: Instant) -> Order {
        if instant.nanoseconds >= last {
            last = instant.nanoseconds
            lateInARow = 0
            return .inOrder
        }
        return admitLate(instant)
    }

    private mutating func admitLate(_ instant: Instant) -> Order {
        health.late &+= 1
        lateInARow += 1
        guard lateInARow >= StreamClock.patience else { return .late }
        lateInARow = 0
        last = instant.nanoseconds
        return .setBack
    }

    /// The time from the newest instant to another one; 0 when that lies before it.
    func elapsed(to instant: Instant) -> UInt64 { instant.nanoseconds > last ? distance(from: last, to: instant.nanoseconds) : 0 }

    func save(_ writer: inout StateWriter) {
        writer.put(last)
        writer.put(lateInARow)
        writer.put(health.late)
        writer.put(health.invalid)
        writer.put(health.overflow)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        last = try reader.integer()
        lateInARow = Int(try reader.integer())
        health.late = Int(try reader.integer())
        health.invalid = Int(try reader.integer())
        health.overflow = Int(try reader.integer())
        guard (0..<StreamClock.patience).contains(lateInARow) else { throw .badState("a counter in it is out of range") }
    }
}

/// An identifier as people write it: `0x300`, `0x18FF50E5` for 29 bits; remote frames end in `r`.
func identifierText(_ identifier: UInt32) -> String {
    let isExtended = identifier & 0x8000_0000 != 0
    let number = identifier & (isExtended ? 0x1FFF_FFFF : 0x7FF)
    let digits = String(number, radix: 16, uppercase: true)
    let padded = String(repeating: "0", count: max(0, (isExtended ? 8 : 3) - digits.count)) + digits
    if identifier & 0x2000_0000 != 0 { return "error" }
    return "0x\(padded)" + (identifier & 0x4000_0000 != 0 ? "r" : "")
}

/// log2 of a positive number in 1/65536, linear between powers of two: at most 0.086 too small.
@inline(__always)
func coarseLog2(_ value: UInt64) -> Int64 {
    let shift = 63 &- value.leadingZeroBitCount
    let fraction = shift > 16 ? value &>> UInt64(shift &- 16) : value &<< UInt64(16 &- shift)
    return Int64(shift) &<< 16 &+ Int64(fraction & 0xFFFF)
}
