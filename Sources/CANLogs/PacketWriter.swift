import CAN
import Quantities

/// Writes pcap (nanoseconds, link type 227) and pcapng (one section, an interface for each channel, nanoseconds), little-endian.
///
/// A packet is identifier and flags big-endian, length, FD flags, a reserved byte, the raw length code, and the data without padding; a
/// remote frame has its length and no data (tcpdump.org/linktypes/LINKTYPE_CAN_SOCKETCAN). pcapng keeps interface and direction, pcap does not.
public final class PacketWriter: CANLogWriter {
    private static let linkType: UInt16 = 227
    private let blocks: Bool
    private var names: [String?] = []
    /// Number of each channel's interface in the file; -1 until its first frame.
    private let interfaces: UnsafeMutablePointer<Int32>
    private let counts: UnsafeMutablePointer<(frames: UInt64, interfaces: UInt32, firstChannel: Int)>

    init(_ options: CANLogWriterOptions, blocks: Bool, capacity: Int = 1 << 18, sink: @escaping (UnsafeRawBufferPointer) -> Void) {
        self.blocks = blocks
        interfaces = .allocate(capacity: InterfaceTable.most)
        interfaces.initialize(repeating: -1, count: InterfaceTable.most)
        counts = .allocate(capacity: 1)
        counts.initialize(to: (0, 0, -1))
        super.init(options, capacity: capacity, sink: sink)
        var head: [UInt8] = []
        if blocks {
            head.append(little: UInt32(0x1A2B_3C4D))
            head.append(little: UInt16(1))
            head.append(little: UInt16(0))
            head.append(little: UInt64.max)
            head.append(option: 4, Array(options.program.utf8))
            head.append(little: UInt32(0))
            append(block: 0x0A0D_0D0A, head)
        } else {
            head.append(little: UInt32(0xA1B2_3C4D))
            head.append(little: UInt16(2))
            head.append(little: UInt16(4))
            head.append(little: UInt64(0))
            head.append(little: UInt32(0xFFFF))
            head.append(little: UInt32(Self.linkType))
            append(bytes: head)
        }
    }

    deinit {
        interfaces.deallocate()
        counts.deallocate()
    }

    public override var frames: UInt64 { counts.pointee.frames }

    public override func name(channel: Int, _ name: String) {
        guard channel >= 0, channel < InterfaceTable.most else { return }
        while names.count <= channel { names.append(nil) }
        names[channel] = name
    }

    public override func append(_ frame: CANFrame, channel: Int = 0, direction: CANLogRecord.Direction = .unknown, at instant: Instant) {
        let count = min(frame.count, 8)
        let (packet, tail) = begin(frame, count, channel, direction, instant)
        UnsafeMutableRawPointer(packet + 8).storeBytes(of: frame.payload.littleEndian, as: UInt64.self)
        end(packet + 8 + count, tail, direction)
    }

    public override func append(_ frame: CANWideFrame, channel: Int = 0, direction: CANLogRecord.Direction = .unknown, at instant: Instant) {
        guard frame.frame.isWide else { return append(frame.frame, channel: channel, direction: direction, at: instant) }
        let count = frame.frame.count
        let (packet, tail) = begin(frame.frame, count, channel, direction, instant)
        withUnsafeBytes(of: frame.wide.bytes) { UnsafeMutableRawPointer(packet + 8).copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: count) }
        end(packet + 8 + count, tail, direction)
    }

    /// Writes what stands before the data; where the packet begins, and how long its block is.
    @inline(__always)
    private func begin(
        _ frame: CANFrame, _ count: Int, _ channel: Int, _ direction: CANLogRecord.Direction, _ instant: Instant
    ) -> (UnsafeMutablePointer<UInt8>, UInt32) {
        let nanoseconds = nanoseconds(instant)
        let size = UInt32(8 + count)
        var length: UInt32 = 0
        let packet: UnsafeMutablePointer<UInt8>
        if blocks {
            let place = min(max(channel, 0), InterfaceTable.most - 1)
            if interfaces[place] < 0 { declare(place) }
            length = 32 + (size + 3) & ~3 + (direction == .unknown ? 0 : 12)
            let p = room()
            Self.put(6, at: p)
            Self.put(length, at: p + 4)
            Self.put(UInt32(bitPattern: interfaces[place]), at: p + 8)
            Self.put(UInt32(truncatingIfNeeded: nanoseconds &>> 32), at: p + 12)
            Self.put(UInt32(truncatingIfNeeded: nanoseconds), at: p + 16)
            Self.put(size, at: p + 20)
            Self.put(size, at: p + 24)
            packet = p + 28
        } else {
            if direction != .unknown { lose(.direction) }
            if counts.pointee.firstChannel < 0 { counts.pointee.firstChannel = channel }
            if channel != counts.pointee.firstChannel { lose(.interface) }
            var second = nanoseconds / 1_000_000_000
            if second > UInt64(UInt32.max) {
                second = UInt64(UInt32.max)
                lose(.date)
            }
            let p = room()
            Self.put(UInt32(second), at: p)
            Self.put(UInt32(truncatingIfNeeded: nanoseconds % 1_000_000_000), at: p + 4)
            Self.put(size, at: p + 8)
            Self.put(size, at: p + 12)
            packet = p + 16
        }
        Self.put(frame.rawIdentifier.byteSwapped, at: packet)
        packet[4] = frame.isRemote ? min(frame.lengthCode, 8) : UInt8(truncatingIfNeeded: count)
        packet[5] = frame.flags.rawValue & 7
        packet[6] = 0
        packet[7] = 0
        if frame.lengthCode > 8, !frame.isFD {
            if frame.isRemote { lose(.lengthCode) } else { packet[7] = frame.lengthCode }
        }
        return (packet, length)
    }

    /// Writes what stands behind the data.
    @inline(__always)
    private func end(_ place: UnsafeMutablePointer<UInt8>, _ length: UInt32, _ direction: CANLogRecord.Direction) {
        var p = place
        if blocks {
            // Filled up to a multiple of four, counted from the block's beginning, which may lie anywhere.
            var rest = Int(length) - 4 - (direction == .unknown ? 0 : 12) - (p - room())
            while rest > 0 {
                p[0] = 0
                p += 1
                rest -= 1
            }
            if direction != .unknown {
                Self.put(2 | 4 << 16, at: p)
                Self.put(direction == .received ? 1 : 2, at: p + 4)
                Self.put(0, at: p + 8)
                p += 12
            }
            Self.put(length, at: p)
            p += 4
        }
        take(upTo: p)
        counts.pointee.frames &+= 1
    }

    @inline(never)
    private func declare(_ channel: Int) {
        var body: [UInt8] = []
        body.append(little: Self.linkType)
        body.append(little: UInt16(0))
        body.append(little: UInt32(0))
        body.append(option: 2, Array(((channel < names.count ? names[channel] : nil) ?? "can\(channel)").utf8.prefix(256)))
        body.append(option: 9, [9])
        body.append(little: UInt32(0))
        append(block: 1, body)
        interfaces[channel] = Int32(counts.pointee.interfaces)
        counts.pointee.interfaces += 1
    }

    private func append(block type: UInt32, _ body: [UInt8]) {
        var bytes: [UInt8] = []
        bytes.append(little: type)
        bytes.append(little: UInt32(body.count + 12))
        bytes += body
        bytes.append(little: UInt32(body.count + 12))
        append(bytes: bytes)
    }

    @inline(__always)
    private static func put(_ value: UInt32, at p: UnsafeMutablePointer<UInt8>) {
        UnsafeMutableRawPointer(p).storeBytes(of: value.littleEndian, as: UInt32.self)
    }
}

extension [UInt8] {
    /// Appends a number, lowest byte first.
    fileprivate mutating func append(little value: some FixedWidthInteger) { Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) } }

    /// Appends an option of a pcapng block, filled up to a multiple of four.
    fileprivate mutating func append(option code: UInt16, _ value: [UInt8]) {
        append(little: code)
        append(little: UInt16(clamping: value.count))
        self += value
        while count % 4 != 0 { append(0) }
    }
}
