import CAN
import CANLogs
import Foundation
import Quantities
import Testing

@Suite("what is written is read back")
struct RoundTripTests {
    private static let names = ["can0", "vcan7", "bus b"]

    @Test("random frames of every kind keep all that the format has room for", arguments: CANLogFormat.allCases.filter(\.isWritable))
    func random(_ format: CANLogFormat) throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            var draws = Draws(state: seed)
            var options = CANLogWriterOptions()
            options.keepsLengthCodes = true
            options.decimals = seed % 2 == 0 ? 9 : 6
            let records = draws.records(500, unit: options.decimals == 9 ? 1 : 1000)
            let (bytes, losses) = try write(records, format, names: Self.names, options: options, capacity: Int(seed) * 700)
            let (found, interfaces) = try read(bytes)
            #expect(found.count == records.count, "seed \(seed)")
            var order: [UInt16] = []
            for (record, expected) in zip(found, records) {
                if !order.contains(expected.channel) { order.append(expected.channel) }
                let kept = Self.kept(expected, format, order)
                #expect(record == kept, "seed \(seed)")
                if record != kept { return }
            }
            switch format {
            case .candump: #expect(interfaces == order.map { ["can0", "vcan7", "busb"][Int($0)] })
            case .asc: #expect(interfaces == order.map { ["can0", "can7", "can1"][Int($0)] })
            case .pcapng: #expect(interfaces == order.map { Self.names[Int($0)] })
            default: #expect(interfaces == ["can0"])
            }
            #expect(Set(losses.keys) == Self.expectedLosses(format), "\(losses)")
        }
    }

    private static func expectedLosses(_ format: CANLogFormat) -> Set<CANLogLoss> {
        switch format {
        case .asc: [.errorDetails]
        case .pcap: [.direction, .interface]
        default: []
        }
    }

    /// What a format keeps of a record; `order` is in which order interfaces came.
    private static func kept(_ record: CANLogRecord, _ format: CANLogFormat, _ order: [UInt16]) -> CANLogRecord {
        var record = record
        record.channel = format == .pcap ? 0 : UInt16(order.firstIndex(of: record.channel) ?? 0)
        if format == .pcap { record.direction = .unknown }
        if format == .asc, record.frame.frame.isError {
            record.frame.frame = CANFrame(id: 0x80, isError: true, lengthCode: 8, payload: 0)
            record.direction = .unknown
        }
        return record
    }

    @Test("times at the edges of seconds, of the epoch and of the clock come out", arguments: CANLogFormat.allCases.filter(\.isWritable))
    func times(_ format: CANLogFormat) throws {
        let frame = CANWideFrame(CANFrame(id: 1, data: [1]))
        let instants: [Int64] = [0, 999_999_999, 1_000_000_000, 1_000_000_001, 4_000_000_000_000_000_000]
        var options = CANLogWriterOptions()
        options.decimals = 9
        let (bytes, _) = try write(instants.map { CANLogRecord(instant: Instant(nanoseconds: $0), frame: frame) }, format, options: options)
        #expect(try read(bytes).records.map(\.instant.nanoseconds) == instants)
        let (early, losses) = try write([CANLogRecord(instant: Instant(nanoseconds: -5), frame: frame)], format)
        #expect(try read(early).records.map(\.instant.nanoseconds) == [0])
        #expect(losses[.date] == 1)
    }

    @Test("frames of an ASC log that come before the first one have negative times")
    func backwards() throws {
        let frame = CANWideFrame(CANFrame(id: 1, data: [1]))
        let instants: [Int64] = [1_795_230_000_500_000_000, 1_795_229_998_250_001_000, 1_795_230_001_000_000_000]
        let (bytes, _) = try write(instants.map { CANLogRecord(instant: Instant(nanoseconds: $0), frame: frame) }, .asc)
        #expect(String(decoding: bytes, as: UTF8.self).contains("\n-2.249999 1  1"))
        #expect(try read(bytes).records.map(\.instant.nanoseconds) == instants)
    }

    @Test("what a format has no room for is counted")
    func losses() throws {
        let instant = Instant(nanoseconds: 1_795_230_000_000_000_001)
        let raw = CANLogRecord(instant: instant, direction: .received, frame: CANWideFrame(CANFrame(id: 1, lengthCode: 12, payload: 5)))
        let error = CANLogRecord(instant: instant, frame: CANWideFrame(CANFrame(id: 4, isError: true, lengthCode: 8, payload: 5)))
        #expect(try write([raw, error], .candump).losses == [.fractions: 2, .lengthCode: 1])
        var rounding = CANLogWriterOptions()
        rounding.roundsDecimals = true
        var noise = raw
        noise.instant.nanoseconds += 499_998
        #expect(try read(write([noise], .candump, options: rounding).bytes).records[0].instant.nanoseconds == 1_795_230_000_000_500_000)
        #expect(try read(write([noise], .candump).bytes).records[0].instant.nanoseconds == 1_795_230_000_000_499_000)
        #expect(try write([raw, error], .asc).losses == [.fractions: 2, .lengthCode: 1, .errorDetails: 1])
        #expect(try write([raw, error], .pcap).losses == [.direction: 1])
        #expect(try write([raw, error], .pcapng).losses == [:])
        var unknown = raw
        unknown.direction = .unknown
        #expect(try write([unknown], .asc).losses[.unknownDirection] == 1)
    }

    @Test("an interface whose name has no letter that candump could show gets one")
    func names() throws {
        let record = CANLogRecord(instant: .zero, frame: CANWideFrame(CANFrame(id: 1, data: [])))
        #expect(try String(decoding: write([record], .candump, names: ["\u{e9} \n"]).bytes, as: UTF8.self) == "(0.000000) can0 001#\n")
    }

    @Test("an empty log is a log")
    func empty() throws {
        for format in CANLogFormat.allCases where format.isWritable && format != .candump {
            #expect(try read(write([], format).bytes).records == [], "\(format)")
        }
        #expect(try write([], .candump).bytes == [])
        #expect(CANLogFormat.blf.writer { _ in } == nil)
    }
}
