import CAN
import CANLogs
import Foundation
import Quantities
import Testing

/// Files that the tests of this target read.
enum Vectors {
    static func url(_ name: String, file: String = #filePath) -> URL {
        URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Vectors/\(name)")
    }

    static func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: url(name))) }

    private struct Frames: Decodable {
        struct Frame: Decodable {
            let us: Int64
            let id: UInt32
            let ext, rtr, err, fd, brs, esi, tx: Bool
            let dlc: UInt8
            let data: String
        }
        let t0_s: Int64
        let frames: [Frame]
    }

    /// The thirty frames of the reference, without directions.
    static func records(directions: Bool = false) throws -> [CANLogRecord] {
        let reference = try JSONDecoder().decode(Frames.self, from: Data(contentsOf: url("frames.json")))
        return reference.frames.map { frame in
            let data = hexadecimal(frame.data)
            let instant = Instant(nanoseconds: reference.t0_s * 1_000_000_000 + frame.us * 1000)
            let direction: CANLogRecord.Direction = directions ? frame.tx ? .transmitted : .received : .unknown
            guard frame.fd else {
                var payload: UInt64 = 0
                for (index, byte) in data.prefix(8).enumerated() { payload |= UInt64(byte) << UInt64(index * 8) }
                let classic = CANFrame(
                    id: frame.id, isExtended: frame.ext, isRemote: frame.rtr, isError: frame.err, lengthCode: frame.dlc, payload: payload)
                return CANLogRecord(instant: instant, direction: directions && !frame.err ? direction : .unknown, frame: CANWideFrame(classic))
            }
            var flags = CANFrameFlags()
            if frame.brs { flags.insert(.bitRateSwitch) }
            if frame.esi { flags.insert(.errorStateIndicator) }
            let wide = CANData(data)
            let flexible = CANFrame(
                fd: frame.id, isExtended: frame.ext, flags: flags, lengthCode: CANFrame.lengthCode(holding: data.count), payload: wide.firstEight)
            return CANLogRecord(instant: instant, direction: direction, frame: flexible.isWide ? CANWideFrame(flexible, wide: wide) : CANWideFrame(flexible))
        }
    }

    static func hexadecimal(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = UInt8(rest.prefix(2), radix: 16) {
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}

/// Everything that a reader gives.
func read(_ bytes: [UInt8], format: CANLogFormat? = nil, skipsBad: Bool = false) throws -> (records: [CANLogRecord], interfaces: [String]) {
    let reader = try CANLogReader(bytes: bytes, format: format, skipsBad: skipsBad)
    var record = CANLogRecord.empty
    var records: [CANLogRecord] = []
    while try reader.next(&record) {
        var kept = record
        if !kept.frame.frame.isWide { kept.frame.wide = CANData() }
        records.append(kept)
    }
    return (records, reader.interfaces)
}

/// What a writer writes.
func write(
    _ records: [CANLogRecord], _ format: CANLogFormat, names: [String] = ["vcan0"], options: CANLogWriterOptions = CANLogWriterOptions(),
    capacity: Int = 1 << 16
) throws -> (bytes: [UInt8], losses: [CANLogLoss: UInt64]) {
    final class Collected { var bytes: [UInt8] = [] }
    let collected = Collected()
    let writer = try #require(format.writer(options, capacity: capacity) { collected.bytes += $0 })
    for (index, name) in names.enumerated() { writer.name(channel: index, name) }
    for record in records { writer.append(record) }
    writer.finish()
    #expect(writer.frames == UInt64(records.count))
    let losses = CANLogLoss.allCases.filter { writer.losses($0) > 0 }.map { ($0, writer.losses($0)) }
    return (collected.bytes, Dictionary(uniqueKeysWithValues: losses))
}
