import CAN
import CANDatabase
import Foundation
import Testing

/// Number of damaged files: 20 000 when everything is tested, fewer in between.
private let rounds = ProcessInfo.processInfo.environment["EVSIM_DAMAGED"].flatMap { Int($0) } ?? 2000

@Test("Damaged databases are read, checked, packed and written without a crash, and what is written reads back")
func survivesDamage() throws {
    let seeds = try [
        Array(Data(contentsOf: Vectors.url("evsim-vectors.dbc"))),
        Array(Data(contentsOf: Vectors.url("evsim-vectors.dbc")).suffix(1200)),
    ]
    let words = [
        "BO_ ", "SG_ ", " M ", " m0M ", "SG_MUL_VAL_ ", "VAL_ ", "BA_ ", "BA_DEF_ BO_ ", "\"", "\\\"", ";", ":", "|64@0- ", "99999999999999999999", "-1",
        "e308",
        "\u{FF}", "[0|0]", "NS_ :\n", "\n", "CM_ SG_ 256 S \"", "18446744073709551615-18446744073709551615",
    ].map { Array($0.utf8) }
    var random = TestRandom(state: 7)
    var written = 0
    for round in 0..<rounds {
        // Small pieces are quick to read: one in a hundred is the whole file.
        let source = seeds[round % 2]
        let start = round % 100 == 0 ? 0 : Int.random(in: 0..<source.count, using: &random)
        var bytes = Array(source[start..<(round % 100 == 0 ? source.count : min(source.count, start + 300))])
        for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(contentsOf: words[Int.random(in: 0..<words.count, using: &random)], at: place)
            case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 40)], at: place)
            default: bytes.removeSubrange(place..<min(bytes.count, place + 10))
            }
        }
        let (database, findings) = DatabaseReader.read(bytes)
        _ = DatabaseLint.findings(in: database)
        for finding in findings { #expect(finding.place.line >= 1 && finding.place.column >= 1) }
        for message in database.messages {
            let codec = MessageCodec(message)
            var data = CANData()
            for index in 0..<64 { data[index] = UInt8.random(in: 0...255, using: &random) }
            let frame = CANWideFrame(CANFrame(fd: message.id, lengthCode: 15, payload: 0), wide: data)
            for reading in codec.readings(frame) {
                // What was unpacked can be packed again.
                guard let signal = codec.signals[reading.signal], signal.isWhole else { continue }
                #expect(signal.raw(of: reading.value, checksLimits: false) != nil)
            }
        }
        guard round % 20 == 0 else { continue }
        let once = DatabaseWriter.bytes(database)
        let (again, problems) = DatabaseReader.read(once)
        #expect(problems.allSatisfy { !$0.code.isError || [.badIdentifier, .syntax, .unknownStatement].contains($0.code) }, "\(problems)")
        // Names that are there twice cannot be told apart in statements about them.
        let twice: [DatabaseCode] = [.idTwice, .signalNameTwice]
        if problems.isEmpty, !DatabaseLint.findings(in: database).contains(where: { twice.contains($0.code) }) {
            #expect(DatabaseWriter.bytes(again) == once)
            written += 1
        }
    }
    #expect(written * 40 > rounds)
}
