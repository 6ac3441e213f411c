import JSONText
import Testing

@testable import OCPP

@Suite("fuzzing of messages")
struct FuzzingTests {
    private func texts(_ style: MessageFuzzer.Style, _ role: OCPPRole, seed: UInt64, count: Int) -> [MessageFuzzer.Made] {
        var random = TestRandom(seed: seed)
        var fuzzer = MessageFuzzer(style, to: role) { random.next() }
        return (0..<count).map { fuzzer.make(id: String($0)) }
    }

    @Test("The same random numbers give the same messages, others give others")
    func seeded() {
        #expect(texts(.grammar, .centralSystem, seed: 1, count: 50).map(\.text) == texts(.grammar, .centralSystem, seed: 1, count: 50).map(\.text))
        #expect(texts(.grammar, .centralSystem, seed: 1, count: 50).map(\.text) != texts(.grammar, .centralSystem, seed: 2, count: 50).map(\.text))
    }

    @Test("What nothing was changed of is a message in order; most of what was changed is not", arguments: [OCPPRole.centralSystem, .chargePoint])
    func verdicts(_ role: OCPPRole) {
        var decoder = MessageDecoder(role: role)
        var wrong = 0
        let all = texts(.grammar, role, seed: 7, count: 1500)
        for made in all {
            let decoded = decoder.decode(made.text) { _ in nil }
            if case .message = decoded { continue }
            wrong += 1
            #expect(!made.changes.isEmpty, "\(String(decoding: made.text, as: UTF8.self)) \(decoded)")
        }
        #expect(wrong > 700 && all.contains { $0.changes.isEmpty })
        #expect(Set(all.map(\.action)).count == OCPPAction.allCases.count { role == .centralSystem ? $0.isSentByChargePoint : $0.isSentByCentralSystem })
        #expect(Set(all.flatMap(\.changes)).count > 40)
    }

    @Test("Damaged bytes are still UTF-8, and no reader breaks")
    func raw() {
        var decoder = MessageDecoder(role: .centralSystem)
        for made in texts(.raw, .centralSystem, seed: 3, count: 1500) {
            #expect(String(validating: made.text, as: UTF8.self) != nil)
            _ = decoder.decode(made.text) { _ in nil }
        }
    }

    @Test("A list is cut down to what fails, in its order")
    func list() {
        var shrinker = TextShrinker(budget: 500)
        let found = shrinker.list(Array(0..<100)) { $0.contains(17) && $0.contains(80) }
        #expect(found == [17, 80] && shrinker.budget > 300)
        #expect(shrinker.list([1]) { _ in true } == [1])
    }

    @Test("A message is cut down to the field that fails, and its text to the length that does")
    func text() throws {
        let text =
            "[2,\"abc\",\"BootNotification\",{\"chargePointVendor\":\"\(String(repeating: "v", count: 300))\",\"chargePointModel\":\"m\",\"x\":[1,{\"y\":2}]}]"
        var shrinker = TextShrinker(budget: 500)
        let found = shrinker.text(Array(text.utf8)) { bytes in
            let value = try? JSONValue(parsing: String(decoding: bytes, as: UTF8.self))
            return (value?[3]?["chargePointVendor"]?.string?.count ?? 0) > 20 && value?[2]?.string == "BootNotification"
        }
        let value = try JSONValue(parsing: String(decoding: found, as: UTF8.self))
        #expect(value[3]?.members?.map(\.key) == ["chargePointVendor"])
        #expect((value[3]?["chargePointVendor"]?.string?.count ?? 0) < 45 && value[1] == "", "\(value)")
        var bytes = TextShrinker(budget: 500)
        #expect(bytes.text(Array("xxxx[yyyy]zz".utf8)) { $0.contains(0x5D) } == [0x5D])
    }
}
