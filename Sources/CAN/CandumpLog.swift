import Quantities

/// A writer of `candump -L` lines: `(1436509053.650713) can0 300#1400`.
///
/// Times are seconds since 1970 with six decimals, cut off and not rounded; what lies before 1970 is written as 0. Identifiers have 3 or 8
/// hexadecimal digits, remote frames `R` and their length if it is not 0, error reports the flag 0x20000000, FD frames `##` and their flags
/// as Linux 6.1 gives them. Lines collect in a buffer that goes to `sink` when it is full.
public final class CandumpLog {
    /// The longest line in bytes.
    public static let maximumLine = 256
    private let buffer: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private let cursor: UnsafeMutablePointer<Cursor>
    private let name: UnsafeMutablePointer<UInt8>
    private let nameCount: Int
    private let start: Int64
    private let sink: (UnsafeRawBufferPointer) -> Void

    /// The part that changes with each line.
    private struct Cursor {
        var used = 0
        var lines: UInt64 = 0
        /// The second whose text stands in `head`.
        var second: Int64 = -1
        var headCount = 0
        var head: SIMD32<UInt8> = SIMD32()
    }

    /// A log of one interface; `interface` keeps its first 15 ASCII letters, digits and signs, `start` is nanoseconds from 1970 to instant zero.
    public init(interface: String, start: Int64, capacity: Int = 1 << 18, sink: @escaping (UnsafeRawBufferPointer) -> Void) {
        self.capacity = max(capacity, 4 * Self.maximumLine)
        buffer = .allocate(capacity: self.capacity)
        cursor = .allocate(capacity: 1)
        cursor.initialize(to: Cursor())
        let letters = interface.utf8.filter { $0 > 0x20 && $0 < 0x7F }.prefix(15)
        nameCount = letters.count + 3
        name = .allocate(capacity: 24)
        name.initialize(repeating: 0x20, count: 24)
        name[0] = UInt8(ascii: ")")
        for (index, letter) in letters.enumerated() { name[index + 2] = letter }
        self.start = start
        self.sink = sink
    }

    deinit {
        buffer.deallocate()
        cursor.deallocate()
        name.deallocate()
    }

    /// Number of lines written.
    public var lines: UInt64 { cursor.pointee.lines }

    /// Adds the line of a frame that is not wide.
    public func append(_ frame: CANFrame, at instant: Instant) {
        if cursor.pointee.used > capacity - Self.maximumLine { flush() }
        let begin = buffer + cursor.pointee.used
        let end = frame.isFD ? writeFD(CANWideFrame(frame), at: instant, to: begin) : write(frame, at: instant, to: begin)
        cursor.pointee.used += end - begin
        cursor.pointee.lines += 1
    }

    /// Adds the line of any frame.
    public func append(_ wide: CANWideFrame, at instant: Instant) {
        guard wide.frame.isWide else { return append(wide.frame, at: instant) }
        if cursor.pointee.used > capacity - Self.maximumLine { flush() }
        let begin = buffer + cursor.pointee.used
        let end = writeFD(wide, at: instant, to: begin)
        cursor.pointee.used += end - begin
        cursor.pointee.lines += 1
    }

    /// Hands what is buffered to the sink; call it at the end.
    public func flush() {
        let count = cursor.pointee.used
        guard count > 0 else { return }
        cursor.pointee.used = 0
        sink(UnsafeRawBufferPointer(start: buffer, count: count))
    }

    // MARK: One line

    /// Seconds, interface, identifier and the first `#`.
    @inline(__always)
    private func writeHead(_ frame: CANFrame, at instant: Instant, to begin: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        let (sum, overflow) = start.addingReportingOverflow(instant.nanoseconds)
        let nanoseconds = UInt64(overflow ? Int64.max : max(0, sum))
        let second = nanoseconds / 1_000_000_000
        if Int64(second) != cursor.pointee.second { keepHead(second) }
        let raw = UnsafeMutableRawPointer(begin)
        raw.storeBytes(of: cursor.pointee.head, as: SIMD32<UInt8>.self)
        var p = begin + cursor.pointee.headCount

        let micros = UInt32(truncatingIfNeeded: (nanoseconds &- second &* 1_000_000_000) / 1000)
        let upper = micros / 1000
        let lower = micros &- upper &* 1000
        Self.putThree(upper, at: p)
        Self.putThree(lower, at: p + 3)
        p += 6
        UnsafeMutableRawPointer(p).storeBytes(of: UnsafeRawPointer(name).loadUnaligned(as: SIMD16<UInt8>.self), as: SIMD16<UInt8>.self)
        UnsafeMutableRawPointer(p + 16).storeBytes(of: UnsafeRawPointer(name + 16).loadUnaligned(as: UInt64.self), as: UInt64.self)
        p += nameCount

        let identifier = frame.rawIdentifier & ~(CANFrame.extendedFlag | CANFrame.remoteFlag)
        let digits = Self.hexadecimal(identifier.byteSwapped)
        if frame.rawIdentifier & (CANFrame.extendedFlag | CANFrame.errorFlag) != 0 {
            UnsafeMutableRawPointer(p).storeBytes(of: digits.littleEndian, as: UInt64.self)
            p += 8
        } else {
            UnsafeMutableRawPointer(p).storeBytes(of: (digits &>> 40).littleEndian, as: UInt64.self)
            p += 3
        }
        p[0] = UInt8(ascii: "#")
        return p + 1
    }

    @inline(__always)
    private func write(_ frame: CANFrame, at instant: Instant, to begin: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        var p = writeHead(frame, at: instant, to: begin)
        if frame.isRemote {
            p[0] = UInt8(ascii: "R")
            p += 1
            let length = min(frame.lengthCode, 8)
            if length > 0 {
                p[0] = 0x30 &+ length
                p += 1
            }
        } else {
            UnsafeMutableRawPointer(p).storeBytes(of: Self.hexadecimal(UInt32(truncatingIfNeeded: frame.payload)).littleEndian, as: UInt64.self)
            UnsafeMutableRawPointer(p + 8).storeBytes(of: Self.hexadecimal(UInt32(truncatingIfNeeded: frame.payload &>> 32)).littleEndian, as: UInt64.self)
            p += frame.count &* 2
        }
        p[0] = 0x0A
        return p + 1
    }

    @inline(never)
    private func writeFD(_ wide: CANWideFrame, at instant: Instant, to begin: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        var p = writeHead(wide.frame, at: instant, to: begin)
        p[0] = UInt8(ascii: "#")
        p[1] = 0x30 &+ wide.frame.flags.rawValue & 7
        p += 2
        for position in 0..<wide.frame.count {
            let digits = Self.hexadecimal(UInt32(wide[position]))
            p[0] = UInt8(truncatingIfNeeded: digits)
            p[1] = UInt8(truncatingIfNeeded: digits &>> 8)
            p += 2
        }
        p[0] = 0x0A
        return p + 1
    }

    /// Remembers `(SECONDS.` for the lines of the same second.
    @inline(never)
    private func keepHead(_ second: UInt64) {
        var head = SIMD32<UInt8>()
        var count = 0
        for byte in "(\(second).".utf8 {
            head[count] = byte
            count += 1
        }
        cursor.pointee.head = head
        cursor.pointee.headCount = count
        cursor.pointee.second = Int64(second)
    }

    /// Three decimal digits.
    @inline(__always)
    private static func putThree(_ value: UInt32, at p: UnsafeMutablePointer<UInt8>) {
        let hundreds = (value &* 41) &>> 12
        let rest = value &- hundreds &* 100
        let tens = (rest &* 103) &>> 10
        p[0] = 0x30 &+ UInt8(truncatingIfNeeded: hundreds)
        p[1] = 0x30 &+ UInt8(truncatingIfNeeded: tens)
        p[2] = 0x30 &+ UInt8(truncatingIfNeeded: rest &- tens &* 10)
    }

    /// Eight upper-case hexadecimal digits, the first in the lowest byte, of four bytes of which the lowest comes first.
    @inline(__always)
    static func hexadecimal(_ bytes: UInt32) -> UInt64 {
        var spread = UInt64(bytes)
        spread = (spread | spread &<< 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread &<< 8) & 0x00FF_00FF_00FF_00FF
        let nibbles = (spread &>> 4 & 0x000F_000F_000F_000F) | (spread & 0x000F_000F_000F_000F) &<< 8
        let letters = (nibbles &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
        return nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 7
    }
}
