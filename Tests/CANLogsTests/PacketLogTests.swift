import CAN
import CANLogs
import Foundation
import Quantities
import Testing

/// Bytes put together in either order.
struct Bytes {
    var all: [UInt8] = []
    var isBig = false

    mutating func put<Number: FixedWidthInteger>(_ values: Number...) {
        for value in values { withUnsafeBytes(of: isBig ? value.bigEndian : value.littleEndian) { all += $0 } }
    }

    /// A block of pcapng.
    mutating func block(_ type: UInt32, _ body: (inout Bytes) -> Void) {
        var inner = Bytes(isBig: isBig)
        body(&inner)
        put(type, UInt32(inner.all.count + 12))
        all += inner.all
        put(UInt32(inner.all.count + 12))
    }

    mutating func option(_ code: UInt16, _ value: [UInt8]) {
        put(code, UInt16(value.count))
        all += value + [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
    }
}

/// `300#D204` as a packet.
private let packet: [UInt8] = [0, 0, 3, 0, 2, 0, 0, 0, 0xD2, 0x04]
private let frame = CANWideFrame(CANFrame(id: 0x300, data: [0xD2, 0x04]))

@Suite("packet captures")
struct PacketLogTests {
    private func capture(_ packets: [[UInt8]], magic: UInt32 = 0xA1B2_C3D4, link: UInt32 = 227, isBig: Bool = false, part: UInt32 = 5) -> [UInt8] {
        var file = Bytes(isBig: isBig)
        file.put(magic)
        file.put(UInt16(2), UInt16(4))
        file.put(UInt32(0), UInt32(0), UInt32(65535), link)
        for packet in packets {
            file.put(UInt32(100), part, UInt32(packet.count), UInt32(packet.count))
            file.all += packet
        }
        return file.all
    }

    @Test("pcap is read in both byte orders, with microseconds and nanoseconds")
    func pcap() throws {
        for isBig in [false, true] {
            #expect(try read(capture([packet], isBig: isBig)).records == [CANLogRecord(instant: Instant(nanoseconds: 100_000_005_000), frame: frame)])
            let fine = try read(capture([packet], magic: 0xA1B2_3C4D, isBig: isBig)).records
            #expect(fine == [CANLogRecord(instant: Instant(nanoseconds: 100_000_000_005), frame: frame)])
        }
    }

    @Test("captures on 'any' have a header that says who sent the frame, and other packets are left out")
    func cooked() throws {
        let first: [UInt8] = [0, 4, 1, 0x18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0C]
        let ethernet: [UInt8] = [0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0, 0x45, 0, 0, 0]
        let reader = try CANLogReader(bytes: capture([first + packet, ethernet], link: 113))
        var record = CANLogRecord.empty
        #expect(try reader.next(&record))
        #expect(record.frame == frame && record.direction == .transmitted)
        #expect(try !reader.next(&record))
        #expect(reader.omitted(.otherLink) == 1)
        let second: [UInt8] = [0, 0x0C, 0, 0, 0, 0, 0, 3, 1, 0x18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        #expect(try read(capture([second + packet], link: 276)).records.map(\.direction) == [.received])
    }

    @Test("packets of the kernel's own size are padded classic frames, or FD frames without the flag that newer kernels set")
    func kernelSizes() throws {
        let classic = packet + [9, 9, 9, 9, 9, 9]
        let flexible = [0x80, 0, 3, 0, 2, 1, 0, 0, 0xD2, 0x04] + [UInt8](repeating: 7, count: 62)
        let records = try read(capture([classic, flexible])).records
        #expect(records[0].frame == frame)
        #expect(records[1].frame == CANWideFrame(CANFrame(fd: 0x300, isExtended: true, flags: .bitRateSwitch, lengthCode: 2, payload: 0x04D2)))
    }

    @Test(
        "what is wrong with a packet is told with its place",
        arguments: [
            ([0, 0, 3, 0, 2, 0, 0, 0, 1], "the packet was cut off inside the data"), ([0, 0, 3], "the packet is too short for a frame"),
            ([0, 0, 8, 0, 0, 0, 0, 0], "an identifier of 11 bits is at most 7FF"), ([0, 0, 3, 0, 65, 0, 0, 0], "the frame has more than 64 bytes"),
            ([0x40, 0, 3, 0, 9, 4, 0, 0], "a frame of the FD format is neither a remote nor an error frame"),
        ] as [([UInt8], String)])
    func mistakes(_ bad: [UInt8], _ reason: String) throws {
        let reader = try CANLogReader(bytes: capture([packet, bad, packet]), skipsBad: true)
        var record = CANLogRecord.empty
        var count = 0
        while try reader.next(&record) { count += 1 }
        #expect(count == 2)
        #expect(reader.problems.map { $0.text("x") } == ["x: at byte 50: \(reason)"])
    }

    @Test("a file that ends in the middle gives what comes before, and says so")
    func truncated() throws {
        let whole = capture([packet, packet])
        for count in [whole.count - 1, whole.count - 11] {
            let reader = try CANLogReader(bytes: Array(whole[..<count]))
            var record = CANLogRecord.empty
            #expect(try reader.next(&record))
            #expect(throws: CANLogError.self) { try reader.next(&record) }
            #expect(try !reader.next(&record))
        }
        #expect(throws: CANLogError.self) { try CANLogReader(bytes: Array(whole[..<20])) }
        #expect(throws: CANLogError.self) { try CANLogReader(bytes: capture([], link: 1)) }
    }

    @Test("pcapng: sections of both orders, interfaces with names and resolutions, comments, other links and unknown blocks")
    func blocks() throws {
        var file = Bytes()
        for isBig in [true, false] {
            file.isBig = isBig
            file.block(0x0A0D_0D0A) {
                $0.put(UInt32(0x1A2B_3C4D))
                $0.put(UInt16(1), UInt16(0))
                $0.put(UInt64.max)
            }
            for (link, name, resolution) in [(227, "can0", 9), (1, "eth0", 6), (227, "can1", 6), (227, "can2", 0x80 | 10), (227, "", 12)]
                as [(UInt16, String, UInt8)]
            {
                file.block(1) {
                    $0.put(link, 0)
                    $0.put(UInt32(0))
                    $0.option(1, Array("a comment".utf8))
                    if !name.isEmpty { $0.option(2, Array(name.utf8)) }
                    $0.option(9, [resolution])
                    $0.put(UInt32(0))
                }
            }
            file.block(0x0BAD) { $0.put(UInt64(7)) }
            for (interface, ticks) in [(0, 5_000_000_001), (1, 5), (2, 5_000_001), (3, 5 * 1024 + 512), (4, 5_000_000_000_000)] as [(UInt32, UInt64)] {
                file.block(6) {
                    $0.put(interface, UInt32(ticks >> 32), UInt32(truncatingIfNeeded: ticks), UInt32(packet.count), UInt32(packet.count))
                    $0.all += packet + [0, 0]
                    $0.option(1, Array("hello".utf8))
                    var flags = Bytes(isBig: isBig)
                    flags.put(UInt32(interface == 0 ? 2 : 1))
                    $0.option(2, flags.all)
                    $0.put(UInt32(0))
                }
            }
        }
        let (records, interfaces) = try read(file.all)
        #expect(interfaces == ["can0", "can1", "can2", "can4"])
        #expect(records.count == 8)
        for half in [records[..<4], records[4...]] {
            #expect(half.map(\.instant.nanoseconds) == [5_000_000_001, 5_000_001_000, 5_500_000_000, 5_000_000_000])
            #expect(half.map(\.channel) == [0, 1, 2, 3])
            #expect(half.map(\.direction) == [.transmitted, .received, .received, .received])
            #expect(half.allSatisfy { $0.frame == frame })
        }
    }

    @Test("pcapng: packets of interfaces that are not described, and blocks that cannot be, are errors with a place")
    func badBlocks() throws {
        var file = Bytes()
        file.block(0x0A0D_0D0A) {
            $0.put(UInt32(0x1A2B_3C4D))
            $0.put(UInt16(1), UInt16(0))
            $0.put(UInt64.max)
        }
        var lost = file
        lost.block(6) { $0.put(UInt32(3), UInt32(0), UInt32(0), UInt32(0), UInt32(0)) }
        #expect(throws: CANLogError.self) { try read(lost.all) }
        var odd = file
        odd.put(UInt32(6), UInt32(13))
        odd.put(UInt64(0))
        #expect(throws: CANLogError.self) { try read(odd.all) }
        var short = file
        short.put(UInt32(6), UInt32(64))
        short.put(UInt64(0))
        #expect(throws: CANLogError.self) { try read(short.all) }
        #expect(try read(file.all).records == [])
    }
}
