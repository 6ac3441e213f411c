import CAN
import Quantities

/// Writes lines of `candump -L`: `(1436509053.650713) can0 300#1400`.
///
/// Times are seconds since 1970, cut off and not rounded; what lies before 1970 is written as 0. Identifiers have 3 or 8 hexadecimal
/// digits, remote frames `R` and their length if it is not 0, error reports the flag 0x20000000, FD frames `##` and their flags with FDF,
/// as kernels since 6.1 report them. `R` or `T` stands at the end where the direction is known.
public final class CandumpWriter: CANLogWriter {
    /// Bytes of the name of an interface with a bracket and a blank before and a blank behind it, in 24 bytes.
    private struct Name {
        var bytes = SIMD32<UInt8>(repeating: 0x20)
        var count = 0
    }

    /// The part that changes with each line.
    private struct Cursor {
        var lines: UInt64 = 0
        /// The second whose text stands in `head`.
        var second: Int64 = -1
        var headCount = 0
        var head: SIMD32<UInt8> = SIMD32()
    }

    /// The most interfaces that have a name of their own.
    private static let mostNames = InterfaceTable.most
    private let cursor: UnsafeMutablePointer<Cursor>
    private let names: UnsafeMutablePointer<Name>

    override init(_ options: CANLogWriterOptions, capacity: Int = 1 << 18, sink: @escaping (UnsafeRawBufferPointer) -> Void) {
        cursor = .allocate(capacity: 1)
        cursor.initialize(to: Cursor())
        names = .allocate(capacity: Self.mostNames)
        names.initialize(repeating: Name(), count: Self.mostNames)
        super.init(options, capacity: capacity, sink: sink)
    }

    /// A log of one interface; `start` is nanoseconds from 1970 to instant zero.
    public convenience init(interface: String, start: Int64, capacity: Int = 1 << 18, sink: @escaping (UnsafeRawBufferPointer) -> Void) {
        var options = CANLogWriterOptions()
        options.start = start
        self.init(options, capacity: capacity, sink: sink)
        name(channel: 0, interface)
    }

    deinit {
        cursor.deallocate()
        names.deallocate()
    }

    public override var frames: UInt64 { cursor.pointee.lines }

    /// Names an interface; of its name the first 15 letters, digits and signs are kept, as Linux has no longer ones.
    public override func name(channel: Int, _ name: String) {
        guard channel >= 0, channel < Self.mostNames else { return }
        let kept = name.utf8.filter { $0 > 0x20 && $0 < 0x7F }.prefix(15)
        let letters = kept.isEmpty ? Array("can\(channel)".utf8)[...] : kept
        var entry = Name()
        entry.bytes[0] = UInt8(ascii: ")")
        for (index, letter) in letters.enumerated() { entry.bytes[index + 2] = letter }
        entry.count = letters.count + 3
        names[channel] = entry
    }

    @inline(never)
    private func unnamed(_ channel: Int) -> Int {
        let channel = min(max(channel, 0), Self.mostNames - 1)
        if names[channel].count == 0 { name(channel: channel, "can\(channel)") }
        return channel
    }

    public override func append(_ frame: CANFrame, channel: Int = 0, direction: CANLogRecord.Direction = .unknown, at instant: Instant) {
        var p = head(frame.rawIdentifier, channel, instant)
        if frame.isRemote {
            p[0] = UInt8(ascii: "R")
            p += 1
            let length = min(frame.lengthCode, 8)
            if length > 0 {
                p[0] = 0x30 &+ length
                p += 1
            }
        } else {
            if frame.isFD { p = Self.flags(frame, at: p) }
            TextPut.word(TextPut.hexadecimal(UInt32(truncatingIfNeeded: frame.payload)), at: p)
            TextPut.word(TextPut.hexadecimal(UInt32(truncatingIfNeeded: frame.payload &>> 32)), at: p + 8)
            p += min(frame.count, 8) &* 2
        }
        if frame.lengthCode > 8, !frame.isFD { p = lengthCode(frame, at: p) }
        end(p, direction)
    }

    public override func append(_ frame: CANWideFrame, channel: Int = 0, direction: CANLogRecord.Direction = .unknown, at instant: Instant) {
        guard frame.frame.isWide else { return append(frame.frame, channel: channel, direction: direction, at: instant) }
        var p = head(frame.frame.rawIdentifier, channel, instant)
        p = Self.flags(frame.frame, at: p)
        withUnsafeBytes(of: frame.wide.bytes) { bytes in
            var index = 0
            while index < frame.frame.count {
                TextPut.word(TextPut.hexadecimal(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))), at: p)
                p += 8
                index += 4
            }
        }
        end(p, direction)
    }

    // MARK: One line

    /// Writes up to the `#`.
    @inline(__always)
    private func head(_ rawIdentifier: UInt32, _ channel: Int, _ instant: Instant) -> UnsafeMutablePointer<UInt8> {
        let begin = room()
        let nanoseconds = textNanoseconds(instant)
        let second = nanoseconds / 1_000_000_000
        if Int64(second) != cursor.pointee.second { keepHead(second) }
        UnsafeMutableRawPointer(begin).storeBytes(of: cursor.pointee.head, as: SIMD32<UInt8>.self)
        var p = begin + cursor.pointee.headCount
        let fraction = UInt32(truncatingIfNeeded: nanoseconds &- second &* 1_000_000_000)
        p = TextPut.decimals(fraction, options.decimals, at: p)
        let place = channel >= 0 && channel < Self.mostNames && names[channel].count > 0 ? channel : unnamed(channel)
        UnsafeMutableRawPointer(p).storeBytes(of: names[place].bytes, as: SIMD32<UInt8>.self)
        p += names[place].count

        let digits = TextPut.hexadecimal((rawIdentifier & ~(CANFrame.extendedFlag | CANFrame.remoteFlag)).byteSwapped)
        if rawIdentifier & (CANFrame.extendedFlag | CANFrame.errorFlag) != 0 {
            TextPut.word(digits, at: p)
            p += 8
        } else {
            TextPut.word(digits &>> 40, at: p)
            p += 3
        }
        p[0] = UInt8(ascii: "#")
        return p + 1
    }

    /// `#5` of an FD frame with BRS; a digit above 7 would stop python-can.
    @inline(__always)
    private static func flags(_ frame: CANFrame, at p: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        p[0] = UInt8(ascii: "#")
        p[1] = 0x30 &+ (frame.flags.rawValue & 7)
        return p + 2
    }

    @inline(never)
    private func lengthCode(_ frame: CANFrame, at p: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        guard options.keepsLengthCodes else {
            lose(.lengthCode)
            return p
        }
        p[0] = UInt8(ascii: "_")
        p[1] = frame.lengthCode == 9 ? UInt8(ascii: "9") : UInt8(ascii: "A") + (frame.lengthCode & 15) - 10
        return p + 2
    }

    @inline(__always)
    private func end(_ place: UnsafeMutablePointer<UInt8>, _ direction: CANLogRecord.Direction) {
        var p = place
        if direction != .unknown {
            p[0] = 0x20
            p[1] = UInt8(ascii: direction == .received ? "R" : "T")
            p += 2
        }
        p[0] = 0x0A
        take(upTo: p + 1)
        cursor.pointee.lines &+= 1
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
}
