import CAN
import CANLogs
import Foundation
import Quantities
import Testing

@Suite("BLF")
struct BinaryLogTests {
    /// A file header of 2026-11-21 03:00:00.123.
    private func header() -> Bytes {
        var file = Bytes()
        file.all += Array("LOGG".utf8)
        file.put(UInt32(144))
        file.put(UInt64(0), UInt64(0), UInt64(0))
        file.put(UInt64(0))
        file.put(UInt16(2026), 11, 6, 21, 3, 0, 0, 123)
        file.all += [UInt8](repeating: 0, count: 144 - file.all.count)
        return file
    }

    /// An object with a header of version 1 or 2, filled up to a multiple of four.
    private func object(_ type: UInt32, _ version: UInt16 = 1, flags: UInt32 = 2, time: UInt64, _ body: (inout Bytes) -> Void) -> [UInt8] {
        var inner = Bytes()
        body(&inner)
        let size = version == 1 ? 32 : 40
        var result = Bytes()
        result.all += Array("LOBJ".utf8)
        result.put(UInt16(size), version)
        result.put(UInt32(size + inner.all.count), type)
        result.put(flags)
        result.put(UInt32(0))
        result.put(time)
        if version != 1 { result.put(UInt64(0)) }
        result.all += inner.all
        return result.all + [UInt8](repeating: 0, count: inner.all.count % 4)
    }

    /// A container without compression.
    private func container(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var result = Bytes()
        result.all += Array("LOBJ".utf8)
        result.put(UInt16(16), 1)
        result.put(UInt32(32 + bytes.count), UInt32(10))
        result.put(UInt64(0))
        result.put(UInt32(bytes.count), UInt32(0))
        return result.all + bytes + [UInt8](repeating: 0, count: bytes.count % 4)
    }

    private func classic(_ time: UInt64, flags: UInt32 = 2, version: UInt16 = 1, id: UInt32 = 0x300) -> [UInt8] {
        object(86, version, flags: flags, time: time) {
            $0.put(UInt16(2))
            $0.all += [1, 2]
            $0.put(id)
            $0.all += [0xD2, 0x04, 9, 9, 9, 9, 9, 9]
            $0.put(UInt64(0))
        }
    }

    private let date: Int64 = 1_795_230_000_123_000_000

    @Test("headers of both versions and both units of time; objects lie across containers, and outside of them")
    func objects() throws {
        let objects = classic(7) + classic(8, flags: 1, version: 2, id: 0x8000_0300) + classic(9)
        for cut in [1, 15, 40, 77, 100] {
            let file = header().all + container(objects[..<cut]) + container(objects[cut...]) + classic(10)
            let (records, interfaces) = try read(file)
            #expect(records.map { $0.instant.nanoseconds - date } == [7, 80_000, 9, 10])
            #expect(interfaces == ["can1"])
            #expect(records[0].frame == CANWideFrame(CANFrame(id: 0x300, data: [0xD2, 0x04])) && records[0].direction == .transmitted)
            #expect(records[1].frame.frame.isExtended)
        }
    }

    @Test("FD frames of the 64-byte kind, with and without data behind the frame, and with fewer bytes than they say")
    func flexible() throws {
        func frame(_ code: UInt8, _ valid: UInt8, flags: UInt32, _ data: [UInt8], ext: UInt8 = 0) -> [UInt8] {
            object(101, time: 1) {
                $0.all += [1, code, valid, 0]
                $0.put(UInt32(0x301), UInt32(0), flags, UInt32(0), UInt32(0), UInt32(0), UInt32(0))
                $0.put(UInt16(0))
                $0.all += [0, ext]
                $0.put(UInt32(0))
                $0.all += data
            }
        }
        let twelve = Array(1...12 as ClosedRange<UInt8>)
        let (records, _) = try read(
            header().all + frame(9, 12, flags: 0x3000, twelve) + frame(9, 12, flags: 0x5000, Array(twelve[..<8]))
                + frame(9, 12, flags: 0x1000, Array(twelve[..<8]) + [0xEE, 0xEE], ext: 80) + frame(4, 0, flags: 0x10, []) + frame(2, 2, flags: 0, [5, 6]))
        #expect(records.count == 5)
        #expect(records[0].frame.data == twelve && records[0].frame.frame.flags == [.fd, .bitRateSwitch])
        #expect(records[1].frame.data == Array(twelve[..<8]) + [0, 0, 0, 0] && records[1].frame.frame.flags == [.fd, .errorStateIndicator])
        #expect(records[2].frame.data == Array(twelve[..<8]) + [0, 0, 0, 0])
        #expect(records[3].frame.frame == CANFrame(id: 0x301, isRemote: true, lengthCode: 4, payload: 0))
        #expect(records[4].frame == CANWideFrame(CANFrame(id: 0x301, data: [5, 6])))
    }

    @Test("errors with the code of a controller become error reports with kind and place")
    func errors() throws {
        let extended = object(73, time: 1) {
            $0.put(UInt16(1), UInt16(0))
            $0.put(UInt32(1))
            $0.all += [0x9A, 0, 0, 0]
            $0.put(UInt32(0), UInt32(0))
            $0.put(UInt16(0), UInt16(0))
            $0.put(UInt64(0))
        }
        let plain = object(2, time: 2) { $0.put(UInt32(1)) }
        let records = try read(header().all + extended + plain).records
        // 0x9A: a stuff error of the sender in the place 0x1A.
        #expect(
            records.map(\.frame.frame) == [
                CANFrame(id: 0x88, isError: true, lengthCode: 8, payload: 0x1A84_0000), CANFrame(id: 0x80, isError: true, lengthCode: 8, payload: 0),
            ])
    }

    @Test("other objects are counted; what is damaged is told with its place")
    func others() throws {
        let file = header().all + object(11, time: 0) { $0.put(UInt64(0)) } + object(65, time: 0) { $0.put(UInt64(0)) } + classic(3)
        let reader = try CANLogReader(bytes: file)
        var record = CANLogRecord.empty
        #expect(try reader.next(&record))
        #expect(try !reader.next(&record))
        #expect(reader.omitted(.otherBus) == 1 && reader.omitted(.event) == 1)

        let truncated = try CANLogReader(bytes: Array((header().all + classic(3) + classic(4)).dropLast(10)))
        #expect(try truncated.next(&record))
        #expect(throws: CANLogError.self) { try truncated.next(&record) }

        var damaged = try Vectors.bytes("sample.blf")
        damaged[0xC0] ^= 0x55
        #expect(throws: CANLogError.self) { try read(damaged) }
        #expect(throws: CANLogError.self) { try read(Array(try Vectors.bytes("sample.blf").dropLast(300))) }
        #expect(try read(Array(Vectors.bytes("sample.blf").dropLast(300)), skipsBad: true).records.count > 5)
        #expect(throws: CANLogError.self) { try CANLogReader(bytes: Array(header().all[..<100])) }
        #expect(throws: CANLogError.self) { try read(header().all + classic(3, id: 0x800)) }
    }
}
