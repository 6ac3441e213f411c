import CAN
import Quantities

/// Writes Vector's text form, as log2asc and python-can do: hexadecimal, times since the date of the head, which is UTC.
///
/// The first frame, or `CANLogWriterOptions.start` if that is not 0, gives the date, cut to milliseconds. `canN` is channel N + 1; names
/// that do not end in a number, or in one that is taken, get the first channel that is free. An error frame keeps no class and no data.
public final class ASCWriter: CANLogWriter {
    private struct State {
        var frames: UInt64 = 0
        /// Nanoseconds since 1970 of the date; negative before the head is written.
        var base: Int64 = -1
        /// The second whose text stands in `head`.
        var second: Int64 = -1
        var headCount = 0
        var head: SIMD32<UInt8> = SIMD32()
    }

    private let state: UnsafeMutablePointer<State>
    /// Numbers of channels; 0 for those without one.
    private var numbers: [Int] = []
    /// Bytes of data as ` XX` each, in four bytes.
    private let bytes: UnsafeMutablePointer<UInt32>

    override init(_ options: CANLogWriterOptions, capacity: Int = 1 << 18, sink: @escaping (UnsafeRawBufferPointer) -> Void) {
        state = .allocate(capacity: 1)
        state.initialize(to: State())
        bytes = .allocate(capacity: 256)
        for byte in 0..<256 as Range<UInt32> {
            let digits = UInt32(truncatingIfNeeded: TextPut.hexadecimal(byte))
            (bytes + Int(byte)).initialize(to: (0x20 | (digits & 0xFFFF) << 8).littleEndian)
        }
        super.init(options, capacity: capacity, sink: sink)
    }

    deinit {
        state.deallocate()
        bytes.deallocate()
    }

    public override var frames: UInt64 { state.pointee.frames }

    public override func name(channel: Int, _ name: String) {
        guard channel >= 0, channel < InterfaceTable.most else { return }
        while numbers.count <= channel { numbers.append(0) }
        let digits = name.utf8.reversed().prefix { $0 &- 0x30 < 10 }.prefix(4).reversed()
        let wanted = digits.isEmpty ? 0 : digits.reduce(0) { $0 * 10 + Int($1 - 0x30) } + 1
        if wanted > 0, wanted < 256, !numbers.contains(wanted) {
            numbers[channel] = wanted
        } else {
            numbers[channel] = (1...InterfaceTable.most + 1).first { !numbers.contains($0) } ?? InterfaceTable.most
        }
    }

    @inline(never)
    private func numbered(_ channel: Int) -> Int {
        name(channel: channel, "can\(channel)")
        return channel >= 0 && channel < numbers.count ? numbers[channel] : 1
    }

    public override func append(_ frame: CANFrame, channel: Int = 0, direction: CANLogRecord.Direction = .unknown, at instant: Instant) {
        if frame.isFD { return append(CANWideFrame(frame), channel: channel, direction: direction, at: instant) }
        var p = time(instant)
        let number = channel >= 0 && channel < numbers.count && numbers[channel] > 0 ? numbers[channel] : numbered(channel)
        if number < 10 {
            p[0] = 0x30 &+ UInt8(truncatingIfNeeded: number)
            p[1] = 0x20
            p += 2
        } else {
            p = TextPut.decimal(UInt64(number), at: p)
        }
        p[0] = 0x20
        p += 1
        if frame.isError {
            if frame.rawIdentifier != ASCParser.errorFrame.rawIdentifier || frame.payload != 0 { lose(.errorDetails) }
            end(TextPut.text("ErrorFrame", at: p))
            return
        }
        let start = p
        p = Self.identifier(frame, at: p)
        TextPut.word(0x2020_2020_2020_2020, at: p)
        TextPut.word(0x2020_2020_2020_2020, at: p + 8)
        p = start + 16
        if direction == .unknown { lose(.unknownDirection) }
        p = TextPut.text(direction == .transmitted ? "Tx   " : "Rx   ", at: p)
        p[0] = UInt8(ascii: frame.isRemote ? "r" : "d")
        p[1] = 0x20
        var code = frame.lengthCode
        if code > 8, !options.keepsLengthCodes {
            code = 8
            lose(.lengthCode)
        }
        p[2] = code < 10 ? 0x30 &+ code : UInt8(ascii: "A") &+ code &- 10
        p += 3
        let count = frame.count
        var payload = frame.payload
        var index = 0
        while index < count {
            UnsafeMutableRawPointer(p).storeBytes(of: bytes[Int(truncatingIfNeeded: payload & 0xFF)], as: UInt32.self)
            payload &>>= 8
            p += 3
            index &+= 1
        }
        end(p)
    }

    public override func append(_ frame: CANWideFrame, channel: Int = 0, direction: CANLogRecord.Direction = .unknown, at instant: Instant) {
        let head = frame.frame
        guard head.isFD else { return append(head, channel: channel, direction: direction, at: instant) }
        var p = time(instant)
        p = TextPut.text("CANFD ", at: p)
        let number = channel >= 0 && channel < numbers.count && numbers[channel] > 0 ? numbers[channel] : numbered(channel)
        p = TextPut.decimal(UInt64(number), width: 3, at: p)
        if direction == .unknown { lose(.unknownDirection) }
        p = TextPut.text(direction == .transmitted ? " Tx   " : " Rx   ", at: p)
        // The identifier fills 8 columns from the right.
        let digits = p + 16
        let width = Self.identifier(head, at: digits) - digits
        for _ in 0..<max(0, 8 - width) {
            p[0] = 0x20
            p += 1
        }
        p.update(from: digits, count: width)
        p += width
        // An empty name of 32 columns between two blanks each.
        for _ in 0..<35 {
            p[0] = 0x20
            p += 1
        }
        p[0] = head.flags.contains(.bitRateSwitch) ? 0x31 : 0x30
        p[1] = 0x20
        p[2] = head.flags.contains(.errorStateIndicator) ? 0x31 : 0x30
        p[3] = 0x20
        p[4] = head.lengthCode < 10 ? 0x30 &+ head.lengthCode : UInt8(ascii: "a") &+ head.lengthCode &- 10
        p[5] = 0x20
        p = TextPut.decimal(UInt64(head.count), width: 2, at: p + 6)
        if head.isWide {
            withUnsafeBytes(of: frame.wide.bytes) { data in
                for index in 0..<head.count {
                    UnsafeMutableRawPointer(p).storeBytes(of: bytes[Int(data[index])], as: UInt32.self)
                    p += 3
                }
            }
        } else {
            for index in 0..<head.count {
                UnsafeMutableRawPointer(p).storeBytes(of: bytes[Int(head[index])], as: UInt32.self)
                p += 3
            }
        }
        if head.count == 0 {
            p[0] = 0x20
            p += 1
        }
        p = TextPut.text("        0    0     ", at: p)
        p[0] = 0x31 &+ (head.flags.contains(.bitRateSwitch) ? 2 : 0) &+ (head.flags.contains(.errorStateIndicator) ? 4 : 0)
        p = TextPut.text("000        0        0        0        0        0", at: p + 1)
        end(p)
    }

    /// Writes the head of a log without frames, and the end.
    public override func finish() {
        if state.pointee.base < 0 { begin(max(0, options.start)) }
        append(bytes: "End TriggerBlock\n".utf8)
        super.finish()
    }

    // MARK: One line

    @inline(never)
    private func begin(_ nanoseconds: Int64) {
        state.pointee.base = nanoseconds / 1_000_000 * 1_000_000
        let date = ASCDate.text(Instant(nanoseconds: nanoseconds))
        let head = "date \(date)\nbase hex  timestamps absolute\ninternal events logged\nBegin Triggerblock \(date)\n   0.000000 Start of measurement\n"
        append(bytes: head.utf8)
    }

    /// Writes the time and a blank.
    @inline(__always)
    private func time(_ instant: Instant) -> UnsafeMutablePointer<UInt8> {
        let absolute = Int64(truncatingIfNeeded: textNanoseconds(instant))
        if state.pointee.base < 0 { begin(options.start > 0 ? options.start : absolute) }
        let begin = room()
        var p = begin
        let difference = absolute &- state.pointee.base
        let offset = difference < 0 ? 0 &- difference : difference
        let second = offset / 1_000_000_000
        if difference < 0 {
            // A frame that comes before the first one of the file.
            p[0] = UInt8(ascii: "-")
            p = TextPut.decimal(UInt64(second), at: p + 1)
            p[0] = UInt8(ascii: ".")
            p += 1
        } else {
            if second != state.pointee.second { keepHead(second) }
            UnsafeMutableRawPointer(p).storeBytes(of: state.pointee.head, as: SIMD32<UInt8>.self)
            p += state.pointee.headCount
        }
        let fraction = UInt32(truncatingIfNeeded: offset &- second &* 1_000_000_000)
        p = TextPut.decimals(fraction, options.decimals, at: p)
        p[0] = 0x20
        return p + 1
    }

    /// Remembers the blanks, the second and the point of a time.
    @inline(never)
    private func keepHead(_ second: Int64) {
        var head = SIMD32<UInt8>(repeating: 0x20)
        let text = String(second)
        // Nine columns with six decimals: four for the seconds' part, of which the point takes none.
        var count = max(0, 4 - text.utf8.count)
        for byte in text.utf8 {
            head[count] = byte
            count += 1
        }
        head[count] = UInt8(ascii: ".")
        state.pointee.head = head
        state.pointee.headCount = count + 1
        state.pointee.second = second
    }

    /// `300` or `18FF50E5x` without leading zeros; where it ends. Sixteen bytes are written to.
    @inline(__always)
    private static func identifier(_ frame: CANFrame, at p: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        let id = frame.id
        let count = max(1, (35 &- id.leadingZeroBitCount) &>> 2)
        TextPut.word(TextPut.hexadecimal(id.byteSwapped) &>> UInt64(truncatingIfNeeded: 64 &- 8 &* count), at: p)
        if frame.isExtended {
            p[count] = UInt8(ascii: "x")
            return p + count + 1
        }
        return p + count
    }

    @inline(__always)
    private func end(_ p: UnsafeMutablePointer<UInt8>) {
        p[0] = 0x0A
        take(upTo: p + 1)
        state.pointee.frames &+= 1
    }
}
