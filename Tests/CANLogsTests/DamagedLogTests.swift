import CAN
import CANLogs
import Foundation
import Quantities
import Testing

/// Logs with bytes changed, cut out, doubled and inserted, in every format.
@Suite("damaged logs")
struct DamagedLogTests {
    /// Pieces that a format gives a meaning to.
    private static let pieces = [
        "#", "##", "#R", "_E", "(", ")", ".", " ", "\n", "\r\n", "x", "CANFD", "ErrorFrame", "Rx", "Tx", "d 8", "ID = 1", "LOBJ", "99999999999999999999", "-1",
        "base dec timestamps relative\n", "date Mon Jan 1 00:00:00 pm 2261\n", "\u{0}", "\u{ff}\u{ff}\u{ff}\u{ff}",
    ].map { Array($0.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }) }

    private static func seeds() throws -> [[UInt8]] {
        var draws = Draws(state: 99)
        let records = draws.records(4, unit: 1)
        return try CANLogFormat.allCases.filter(\.isWritable).map { try write(records, $0, names: ["can0", "b", "c"]).bytes }
            + [Vectors.bytes("sample.blf"), Array(Vectors.bytes("sample.asc").suffix(600)), Array(Vectors.bytes("candump-fdf.log").suffix(400))]
    }

    @Test("21 000 damaged logs are read to their end without a crash, and every complaint has a place")
    func mutations() throws {
        let seeds = try Self.seeds()
        var draws = Draws(state: 7)
        var (errors, records) = (0, 0)
        for round in 0..<21_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0...draws.below(4) {
                let place = Int(draws.below(UInt64(bytes.count + 1)))
                switch draws.below(6) {
                case 0 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: draws.next())
                case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8(draws.below(8))
                case 2: bytes.removeSubrange(place..<min(bytes.count, place + Int(draws.below(20))))
                case 3: bytes.insert(contentsOf: Self.pieces[Int(draws.below(UInt64(Self.pieces.count)))], at: place)
                case 4: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + Int(draws.below(60)))], at: place)
                default: bytes.removeSubrange(place...)
                }
                if bytes.isEmpty { break }
            }
            let result = try self.read(bytes, format: round % 10 == 0 ? CANLogFormat.allCases[Int(draws.below(5))] : nil)
            errors += result.errors
            records += result.records
        }
        // The loop does what it says: most of the frames survive, and damage is found.
        #expect(errors > 5000)
        #expect(records > 60_000)
    }

    private func read(_ bytes: [UInt8], format: CANLogFormat?) throws -> (errors: Int, records: Int) {
        var (errors, records) = (0, 0)
        let reader: CANLogReader
        do {
            reader = try CANLogReader(bytes: bytes, format: format)
        } catch {
            #expect(!error.reason.isEmpty)
            return (1, 0)
        }
        var record = CANLogRecord.empty
        while errors + records <= bytes.count {
            do {
                guard try reader.next(&record) else { return (errors, records) }
                records += 1
                if Int(record.channel) >= reader.interfaces.count || record.frame.frame.count > 64 || record.frame.frame.lengthCode > 15 {
                    Issue.record("a record that cannot be: \(record)")
                }
            } catch {
                errors += 1
                if error.reason.isEmpty || !error.text("x").hasPrefix("x:") { Issue.record("an error without a place or a reason: \(error)") }
            }
        }
        Issue.record("more entries than bytes")
        return (errors, records)
    }
}
