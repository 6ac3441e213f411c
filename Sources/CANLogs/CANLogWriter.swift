import CAN
import Quantities

/// Choices of a writer.
public struct CANLogWriterOptions: Sendable {
    /// Decimals of seconds in texts: 6, or 9 which fewer tools read. pcap and pcapng always have nanoseconds.
    public var decimals = 6
    /// Whether six decimals are rounded instead of cut off: for times that were doubles, such as those of BLF files that python-can wrote.
    public var roundsDecimals = false
    /// Whether texts keep the length code 9 to 15 of a classic frame, which python-can does not read (`_E` in candump).
    public var keepsLengthCodes = false
    /// Nanoseconds from 1970 to instant zero of what is written.
    public var start: Int64 = 0
    /// What a pcapng file says about who wrote it.
    public var program = "evsim"

    /// The usual choices.
    public init() {}
}

/// Writes a log of one format: lines or packets collect in a buffer that goes to a sink when it is full.
///
/// The same records give the same bytes. What a format has no room for is counted in `losses`. Get one from `CANLogFormat.writer`, add
/// frames in the order in which they shall stand, and call `finish` at the end.
public class CANLogWriter {
    /// The most bytes of one frame with all that belongs to it.
    static let mostBytes = 512
    private let buffer: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private let used: UnsafeMutablePointer<Int>
    private let sink: (UnsafeRawBufferPointer) -> Void
    private let lossCounts: UnsafeMutablePointer<UInt64>
    let options: CANLogWriterOptions

    init(_ options: CANLogWriterOptions, capacity: Int = 1 << 18, sink: @escaping (UnsafeRawBufferPointer) -> Void) {
        self.options = options
        self.capacity = max(capacity, 4 * Self.mostBytes)
        self.sink = sink
        buffer = .allocate(capacity: self.capacity)
        used = .allocate(capacity: 1)
        used.initialize(to: 0)
        lossCounts = .allocate(capacity: CANLogLoss.allCases.count)
        lossCounts.initialize(repeating: 0, count: CANLogLoss.allCases.count)
    }

    deinit {
        buffer.deallocate()
        used.deallocate()
        lossCounts.deallocate()
    }

    /// Number of frames added.
    public var frames: UInt64 { 0 }

    /// How many frames were written with such a loss.
    public func losses(_ kind: CANLogLoss) -> UInt64 { lossCounts[kind.rawValue] }

    /// Names an interface; frames of channels without a name are those of `can0`, `can1` and so on. It comes before the channel's first frame.
    public func name(channel: Int, _ name: String) {}

    /// Adds a frame of at most eight data bytes.
    public func append(_ frame: CANFrame, channel: Int = 0, direction: CANLogRecord.Direction = .unknown, at instant: Instant) {}

    /// Adds a frame of any length.
    public func append(_ frame: CANWideFrame, channel: Int = 0, direction: CANLogRecord.Direction = .unknown, at instant: Instant) {}

    /// Adds a record.
    @inline(__always)
    public final func append(_ record: borrowing CANLogRecord) {
        if record.frame.frame.isWide {
            append(record.frame, channel: Int(record.channel), direction: record.direction, at: record.instant)
        } else {
            append(record.frame.frame, channel: Int(record.channel), direction: record.direction, at: record.instant)
        }
    }

    /// Hands what is buffered to the sink.
    public final func flush() {
        let count = used.pointee
        guard count > 0 else { return }
        used.pointee = 0
        sink(UnsafeRawBufferPointer(start: buffer, count: count))
    }

    /// Writes the end of the log; nothing may be added after it.
    public func finish() { flush() }

    // MARK: For the formats

    /// A place for `mostBytes` bytes.
    @inline(__always)
    final func room() -> UnsafeMutablePointer<UInt8> {
        if used.pointee > capacity - Self.mostBytes { flush() }
        return buffer + used.pointee
    }

    /// Takes what was written up to here.
    @inline(__always)
    final func take(upTo end: UnsafeMutablePointer<UInt8>) { used.pointee = end - buffer }

    /// Adds bytes of any number.
    final func append(bytes: some Collection<UInt8>) {
        for byte in bytes {
            let place = room()
            place[0] = byte
            take(upTo: place + 1)
        }
    }

    /// Counts a loss.
    @inline(__always)
    final func lose(_ kind: CANLogLoss) { lossCounts[kind.rawValue] &+= 1 }

    /// Nanoseconds since 1970 of an instant, 0 at least.
    @inline(__always)
    final func nanoseconds(_ instant: Instant) -> UInt64 {
        let (sum, overflow) = options.start.addingReportingOverflow(instant.nanoseconds)
        if overflow || sum < 0 {
            lose(.date)
            return overflow && instant.nanoseconds > 0 ? UInt64(Int64.max) : 0
        }
        return UInt64(sum)
    }
}

extension CANLogWriter {
    /// Nanoseconds since 1970 as a text has them.
    @inline(__always)
    final func textNanoseconds(_ instant: Instant) -> UInt64 {
        let exact = nanoseconds(instant)
        guard options.decimals == 6, exact % 1000 != 0 else { return exact }
        lose(.fractions)
        return options.roundsDecimals ? (exact &+ 500) / 1000 &* 1000 : exact
    }
}

extension CANLogFormat {
    /// A writer of this format; `nil` for BLF, which is only read.
    public func writer(
        _ options: CANLogWriterOptions = CANLogWriterOptions(), capacity: Int = 1 << 18, sink: @escaping (UnsafeRawBufferPointer) -> Void
    ) -> CANLogWriter? {
        switch self {
        case .candump: CandumpWriter(options, capacity: capacity, sink: sink)
        case .asc: ASCWriter(options, capacity: capacity, sink: sink)
        case .pcap: PacketWriter(options, blocks: false, capacity: capacity, sink: sink)
        case .pcapng: PacketWriter(options, blocks: true, capacity: capacity, sink: sink)
        case .blf: nil
        }
    }
}
