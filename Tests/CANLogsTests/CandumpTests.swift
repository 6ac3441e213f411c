import CAN
import CANLogs
import Foundation
import Quantities
import Testing

private struct Frames: Decodable {
    struct Frame: Decodable {
        let us: Int64
        let id: UInt32
        let ext, rtr, err, fd: Bool
        let dlc: UInt8
        let data: String
    }
    let t0_s: Int64
    let interface: String
    let frames: [Frame]
}

/// Writes frames and gives the text.
private func text(_ interface: String = "can0", start: Int64 = 0, capacity: Int = 1 << 16, _ write: (CandumpWriter) -> Void) -> String {
    final class Collected { var bytes: [UInt8] = [] }
    let collected = Collected()
    let log = CandumpWriter(interface: interface, start: start, capacity: capacity) { collected.bytes += $0 }
    write(log)
    log.flush()
    return String(decoding: collected.bytes, as: UTF8.self)
}

@Test("Every classic frame of the reference log is written as there")
func referenceLog() throws {
    let reference = try JSONDecoder().decode(Frames.self, from: Data(contentsOf: Vectors.url("frames.json")))
    let lines = try String(decoding: Vectors.bytes("candump.log"), as: UTF8.self).split(separator: "\n").map(String.init)
    #expect(lines.count == 30)
    var count = 0
    for (frame, line) in zip(reference.frames, lines) where !frame.fd {
        let written = CANFrame(
            id: frame.id, isExtended: frame.ext, isRemote: frame.rtr, isError: frame.err, lengthCode: frame.dlc,
            payload: CANData(Vectors.hexadecimal(frame.data)).firstEight)
        let instant = Instant(nanoseconds: frame.us * 1000 + 999)
        #expect(text(reference.interface, start: reference.t0_s * 1_000_000_000) { $0.append(written, at: instant) } == line + "\n")
        count += 1
    }
    #expect(count == 23)
}

@Test("Each length and each second comes out, and no line is lost at the edge of the buffer")
func manyLines() {
    var expected = ""
    let written = text(start: 1_436_509_053_650_713_999, capacity: 1000) { log in
        for step in 0..<2000 as Range<Int64> {
            let data = (0..<UInt8(step % 9)).map { $0 &* 37 &+ UInt8(truncatingIfNeeded: step) }
            let isExtended = step % 3 == 0
            let id = UInt32(step) &* 2_654_435_761 & (isExtended ? 0x1FFF_FFFF : 0x7FF)
            log.append(CANFrame(id: id, isExtended: isExtended, data: data), at: Instant(nanoseconds: step * 777_777_777))
            let micros = (1_436_509_053_650_713_999 + step * 777_777_777) / 1000
            let name = String(format: isExtended ? "%08X" : "%03X", id)
            let digits = data.map { String(format: "%02X", $0) }.joined()
            expected += String(format: "(%lld.%06lld) can0 ", micros / 1_000_000, micros % 1_000_000) + "\(name)#\(digits)\n"
        }
        #expect(log.frames == 2000)
    }
    #expect(written == expected)
}

@Test("Times before 1970 and beyond the clock are written without a crash")
func extremeTimes() {
    let frame = CANFrame(id: 0x300, data: [0x14, 0x00])
    #expect(text(start: -5_000_000_000) { $0.append(frame, at: .zero) } == "(0.000000) can0 300#1400\n")
    #expect(text(start: .max) { $0.append(frame, at: .never) } == "(9223372036.854775) can0 300#1400\n")
    #expect(text("an interface of 31 letters \n\u{e9}", start: 0) { $0.append(frame, at: .zero) } == "(0.000000) aninterfaceof31 300#1400\n")
}

@Test("A frame keeps what its format has room for")
func frameParts() {
    #expect(MemoryLayout<CANFrame>.size == 16)
    let short = CANFrame(id: 0xFFFF_FFFF, lengthCode: 2, payload: .max)
    #expect(short.id == 0x7FF && !short.isExtended && short.payload == 0xFFFF && short.data == [0xFF, 0xFF])
    let long = CANFrame(id: 0xFFFF_FFFF, isExtended: true, lengthCode: 15, payload: .max, label: 3)
    #expect(long.id == 0x1FFF_FFFF && long.isExtended && long.count == 8 && long.lengthCode == 15 && long.label == 3)
    let remote = CANFrame(id: 1, isRemote: true, lengthCode: 8, payload: 5)
    #expect(remote.isRemote && remote.count == 0 && remote.data == [] && remote.payload == 0)
    #expect(CANFrame(id: 1, data: 0..<20).data == Array(0..<8))
    #expect(short[1] == 0xFF && short[2] == 0 && short[8] == 0 && short[-1] == 0)
}
