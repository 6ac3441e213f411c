import JSONText
import Quantities
import Testing

@testable import OCPP

@Suite("Message ids")
struct MessageIDTests {
    @Test("Ids are remembered: counted ones as a run, others as long as they are among the last 64")
    func recent() {
        var ids = RecentIDs()
        func note(_ id: MessageID) -> Bool { ids.note(id) }
        for number in 5..<10_005 { #expect(note(.number(number))) }
        for number in [5, 17, 9999, 10_004] { #expect(!note(.number(number))) }
        #expect(note(.number(3)) && !note(.number(3)))
        #expect(note(.number(10_006)) && !note(.number(10_006)))
        // The run goes on, up to the id that came early.
        #expect(note(.number(10_005)) && !note(.number(10_005)) && !note(.number(10_006)))
        for number in 0..<200 { #expect(note(.text("id-\(number)"))) }
        for number in 136..<200 { #expect(!note(.text("id-\(number)"))) }
        #expect(note(.text("id-0")))
        ids.removeAll()
        #expect(note(.text("id-199")) && note(.number(5)))
    }

    @Test("Random ids: what is said to be used was used, and what was used lately is said to be")
    func random() {
        for seed in UInt64(1)...40 {
            var generator = TestRandom(seed: seed)
            var ids = RecentIDs()
            var all: Set<MessageID> = []
            var last: [MessageID] = []
            for _ in 0..<300 {
                let number = Int.random(in: 0..<120, using: &generator)
                let id: MessageID = Bool.random(using: &generator) ? .number(number) : .text("x\(number)")
                let isNew = ids.note(id)
                #expect(isNew || all.contains(id), "seed \(seed)")
                #expect(!isNew || !last.suffix(60).contains(id), "seed \(seed): \(id) was used just now")
                all.insert(id)
                if isNew { last.append(id) }
            }
        }
    }

    @Test("A session knows the ids that its peer has used, until the connection is a new one")
    func session() {
        var session = FramingSession()
        let first = session.noteIncoming(.text("a"))
        let again = session.noteIncoming(.text("a"))
        #expect(first && !again)
        session.reset()
        let afterwards = session.noteIncoming(.text("a"))
        #expect(afterwards)
    }

    @Test("An id of more than 36 characters is refused by its name, and one that no peer can have meant is ignored")
    func length() {
        var decoder = MessageDecoder(role: .centralSystem)
        func decode(_ count: Int) -> DecodedMessage {
            decoder.decode(Array("[2,\"\(String(repeating: "ä", count: count))\",\"Heartbeat\",{}]".utf8)) { _ in nil }
        }
        guard case .message = decode(36) else {
            Issue.record("36 characters are fine")
            return
        }
        for count in [37, 255] {
            guard case .refused(.error(let id, let error), _) = decode(count) else {
                Issue.record("\(count) characters are too many")
                return
            }
            #expect(id.description.count == count && error.code == .formationViolation)
        }
        #expect(decode(256) == .ignored(.noID))
        #expect(decode(100_000) == .ignored(.noID))
    }
}
