import CAN
import CANLogs
import Foundation
import Quantities
import Testing

@Test("The reference frames are written as the reference files have them, and read back")
func referenceFiles() throws {
    let plain = try Vectors.records()
    let directed = try Vectors.records(directions: true)
    #expect(plain.count == 30)
    let candump = try write(plain, .candump)
    #expect(String(decoding: candump.bytes, as: UTF8.self) == String(decoding: try Vectors.bytes("candump-fdf.log"), as: UTF8.self))
    #expect(candump.losses == [:])
    let asc = try write(directed, .asc)
    #expect(String(decoding: asc.bytes, as: UTF8.self) == String(decoding: try Vectors.bytes("sample.asc"), as: UTF8.self))
    #expect(asc.losses == [.errorDetails: 6])
    let pcap = try write(plain, .pcap)
    #expect(pcap.bytes == (try Vectors.bytes("sample.pcap")))
    #expect(pcap.losses == [:])

    for name in ["candump-fdf.log", "candump.log", "sample.pcap"] {
        #expect(try read(Vectors.bytes(name)).records == plain, "\(name)")
    }
    #expect(try read(Vectors.bytes("candump.log")).interfaces == ["vcan0"])
    let events = try read(Vectors.bytes("sample.asc"))
    #expect(events.interfaces == ["can0"])
    for (record, expected) in zip(events.records, directed) {
        var expected = expected
        if expected.frame.frame.isError { expected.frame.frame = CANFrame(id: 0x80, isError: true, lengthCode: 8, payload: 0) }
        #expect(record == expected)
    }
    let blocks = try write(directed, .pcapng)
    #expect(try read(blocks.bytes).records == directed)
    #expect(try read(blocks.bytes).interfaces == ["vcan0"])
}

@Test("The reference frames as python-can packs them into BLF are read")
func referenceBLF() throws {
    // python-can keeps class and data of error frames, but not the flag of their format.
    let (records, interfaces) = try read(Vectors.bytes("sample.blf"))
    #expect(interfaces == ["can0"])
    #expect(records.count == 30)
    for (record, expected) in zip(records, try Vectors.records(directions: true)) {
        #expect(record.frame == expected.frame)
        #expect(record.direction == expected.direction)
        // Its times are doubles: whole microseconds come within a few hundred nanoseconds.
        #expect(abs(record.instant.nanoseconds - expected.instant.nanoseconds) < 1000)
    }
}
