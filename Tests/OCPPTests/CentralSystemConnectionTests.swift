import JSONText
import Quantities
import Testing

@testable import OCPP

@Suite("Connections of a central system")
struct CentralSystemConnectionTests {
    private func bench(_ policy: SecondConnectionPolicy) -> CentralSystemBench {
        var settings = CentralSystemSettings()
        settings.secondConnection = policy
        return CentralSystemBench(settings)
    }

    @Test("A second connection with the same identity is refused, replaces the first or stands beside it", arguments: SecondConnectionPolicy.allCases)
    func second(policy: SecondConnectionPolicy) throws {
        var bench = bench(policy)
        let first = bench.point("cp1")
        let running = try bench.started(first)
        _ = try bench.send(.reset, to: first, token: 9)
        bench.out = []
        let decision = bench.machine.connect(identity: "cp1", at: seconds(5), into: &bench.out)
        switch policy {
        case .refuse:
            #expect(decision == .refused(.alreadyConnected) && bench.machine.isConnected(first) && bench.out.isEmpty)
        case .replace:
            #expect(decision == .accepted(connection: 1, closing: [0]) && !bench.machine.isConnected(first))
            #expect(bench.outcomes == [.dropped])
            // Nothing that the old one still sends has any effect.
            #expect(bench.call(first, .empty(.heartbeat)) == nil)
            #expect(bench.stop(1, running.id) != nil && bench.ended == [running.id])
        case .allow:
            #expect(decision == .accepted(connection: 1, closing: []) && bench.machine.isConnected(first))
            #expect(bench.call(first, .empty(.heartbeat)) != nil && bench.call(1, .empty(.heartbeat)) != nil)
            #expect(bench.machine.connection(of: "cp1") == 1)
        }
        #expect(bench.machine.connectedCount == (policy == .allow ? 2 : 1))
    }

    @Test("A charge point that comes back gets its number again, and numbers do not grow with reconnections")
    func numbers() throws {
        var bench = bench(.replace)
        let (first, second) = (bench.point("cp1"), bench.point("cp2"))
        for round in 0..<1000 {
            if round % 3 == 0 { bench.machine.disconnect(first, into: &bench.out) }
            if round % 5 == 0 { bench.machine.disconnect(second, into: &bench.out) }
            _ = bench.machine.connect(identity: round % 2 == 0 ? "cp1" : "cp2", at: .zero, into: &bench.out)
        }
        #expect(bench.machine.count <= 4)
        #expect(bench.machine.connectedCount == 2)
        bench.machine.disconnect(bench.machine.connection(of: "cp1") ?? -1, into: &bench.out)
        #expect(bench.machine.connect(identity: "cp1") == first)
    }

    @Test("Only known identities connect when they are listed")
    func known() {
        var settings = CentralSystemSettings()
        settings.known = ["cp1"]
        var bench = CentralSystemBench(settings)
        #expect(bench.machine.connect(identity: "cp1", at: .zero, into: &bench.out) == .accepted(connection: 0, closing: []))
        #expect(bench.machine.connect(identity: "cp2", at: .zero, into: &bench.out) == .refused(.unknownIdentity))
        #expect(bench.machine.record(of: "cp2") == nil)
    }

    @Test("Passwords are raw bytes or hexadecimal text, for one identity or for all others; the user is the identity")
    func passwords() {
        var settings = CentralSystemSettings()
        let bench0 = CentralSystemBench(settings)
        #expect(bench0.machine.authorize(identity: "cp1", user: "anyone", password: []))
        settings.passwords = [
            PasswordEntry(identity: "AL1000", key: "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"), PasswordEntry(identity: "*", key: "open sesame"),
        ]
        let machine = CentralSystemBench(settings).machine
        let raw: [UInt8] = [0, 1, 2, 3, 4, 5, 6, 7] + Array(repeating: 0xFF, count: 12)
        #expect(machine.authorize(identity: "AL1000", user: "AL1000", password: raw))
        #expect(machine.authorize(identity: "AL1000", user: "AL1000", password: Array("0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF".utf8)))
        #expect(machine.authorize(identity: "AL1000", user: "AL1000", password: Array("0001020304050607ffffffffffffffffffffffff".utf8)))
        #expect(!machine.authorize(identity: "AL1000", user: "AL1000", password: raw.dropLast()))
        #expect(!machine.authorize(identity: "AL1000", user: "AL1001", password: raw))
        #expect(!machine.authorize(identity: "AL1000", user: "AL1000", password: Array("open sesame".utf8)))
        #expect(machine.authorize(identity: "cp7", user: "cp7", password: Array("open sesame".utf8)))
        #expect(!machine.authorize(identity: "cp7", user: "cp7", password: Array("open".utf8)))
    }

    @Test("A flood is stopped: the connection is closed, or what is too much is not read", arguments: FloodPolicy.allCases)
    func flood(policy: FloodPolicy) {
        var settings = CentralSystemSettings()
        settings.floodLimit = 10
        settings.onFlood = policy
        var bench = CentralSystemBench(settings)
        let connection = bench.point("cp1")
        var answers = 0
        var closings: [CloseReason] = []
        var found: [String] = []
        for number in 0..<50 {
            if bench.call(connection, .empty(.heartbeat), at: Double(number) * 0.01) != nil { answers += 1 }
            closings += bench.closed
            found += bench.violations
        }
        #expect(answers == 9 && found == ["more than 10 messages within a second"])
        #expect(closings == (policy == .disconnect ? [.flood] : []))
        if policy == .ignore { #expect(bench.call(connection, .empty(.heartbeat), at: 2) != nil) }
        #expect(bench.machine.isConnected(connection) == (policy == .ignore))
        let again = bench.machine.connect(identity: "cp1", at: seconds(3), into: &bench.out).connection ?? -1
        #expect(bench.call(again, .empty(.heartbeat), at: 3) != nil)
    }

    @Test("A rejected charge point is not called; a pending one is, and may send what a trigger asks for")
    func registration() throws {
        var settings = CentralSystemSettings()
        settings.bootStatus = .rejected
        var bench = CentralSystemBench(settings)
        let rejected = bench.point("cp1")
        #expect(try bench.send(.triggerMessage, ["requestedMessage": "BootNotification"], to: rejected) == nil)
        #expect(bench.outcomes == [.notRegistered])
        bench.out = []
        bench.machine.send(.payload(.raw(action: "Reset", text: "{}")), to: rejected, token: 1, at: .zero, into: &bench.out)
        #expect(bench.sent.count == 1)

        settings.bootStatus = .pending
        bench = CentralSystemBench(settings)
        let pending = bench.point("cp1")
        let status = OCPPPayload.statusNotification(StatusNotification(connectorID: 1, status: .available))
        _ = bench.call(pending, status)
        #expect(bench.violations == ["StatusNotification before the registration was accepted"])
        #expect(try bench.send(.triggerMessage, ["requestedMessage": "StatusNotification"], to: pending) != nil)
        _ = bench.call(pending, status)
        #expect(bench.violations == [])
        _ = bench.call(pending, .empty(.heartbeat))
        #expect(bench.violations == ["Heartbeat before the registration was accepted"])
    }
}
