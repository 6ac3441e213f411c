import JSONText
import Quantities
import Testing

@testable import OCPP

/// The texts of a case in order, as a transport has joined them; none if the case is about the transport alone.
private func input(_ item: JSONValue) -> [[UInt8]] {
    if let text = item["in"]?.string { return [Array(text.utf8)] }
    if let generated = item["inGenerated"] {
        let (unit, count) = (generated.text("repeat"), generated.int("count") ?? 0)
        let body: String
        if generated["nest"]?.bool == true {
            body = String(repeating: "[", count: count) + String(repeating: "]", count: count)
        } else {
            body = String(repeating: unit, count: count)
        }
        return [Array(generated.text("template").replacing("@", with: body).utf8)]
    }
    var texts: [[UInt8]] = []
    for frame in item["inFrames"]?.list ?? [] where (frame.int("opcode") ?? 0) < 3 {
        // The wrong masks, control frames, codes and bytes are the transport's.
        guard frame["masked"]?.bool == (item.text("receiver") == "CSMS"), frame.int("opcode") != 2 else { return [] }
        let bytes = frame["text"]?.string.map { Array($0.utf8) } ?? hexadecimal(frame.text("hex"))
        if frame.int("opcode") == 1 {
            texts.append(bytes)
        } else if !texts.isEmpty {
            texts[texts.count - 1] += bytes
        }
    }
    return texts.filter { String(validating: $0, as: UTF8.self) != nil }
}

private func hexadecimal(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8)
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16) }
}

/// A machine that stands in the situation of a case and takes texts.
private protocol Endpoint {
    /// The ids of the calls that it has outstanding, under the names that the case gives them.
    var ids: [(name: String, own: String)] { get }
    /// What it does with a text, in the words of the vectors: what it sends, and how its own calls end.
    mutating func receive(_ bytes: [UInt8]) -> [JSONValue]
    mutating func probe() -> [JSONValue]
}

private func described(_ message: OCPPMessage) -> JSONValue {
    switch message {
    case .error(let id, let error):
        ["kind": "error", "id": .string(id.description), "codes": [.string(error.code.name)], "elements": .integer(Int64(message.elements))]
    case .result(let id, _): ["kind": "result", "id": .string(id.description), "payload": (try? JSONValue(parsing: message.string))?[2] ?? .null]
    default: .null
    }
}

extension OCPPMessage {
    fileprivate var elements: Int { (try? JSONValue(parsing: string))?.array?.count ?? 0 }
}

/// A central system with one charge point.
private struct CentralSystemEndpoint: Endpoint {
    var machine: CentralSystemMachine
    var connection: Int
    var ids: [(name: String, own: String)] = []

    init(_ context: JSONValue?) throws {
        machine = CentralSystemMachine(CentralSystemSettings(), epoch: 1_735_689_600)
        connection = machine.connect(identity: "cp")
        if context?["registration"] == nil { _ = receive(Array(#"[2,"boot","BootNotification",{"chargePointVendor":"v","chargePointModel":"m"}]"#.utf8)) }
        for call in context?["pending"]?.list ?? [] { try ask(call.text("action"), call.text("id")) }
        for name in context?["timedOut"]?.list ?? [] {
            let deadline = try ask("Reset", name.string ?? "")
            var out: [CentralSystemOutput] = []
            machine.timer(connection: connection, at: deadline, into: &out)
            #expect(out.contains { if case .callEnded(_, _, .timedOut) = $0 { true } else { false } })
        }
        for name in context?["answered"]?.list ?? [] {
            try ask("Reset", name.string ?? "")
            let ended = receive(Array("[3,\"\(ids.last?.own ?? "")\",{\"status\":\"Accepted\"}]".utf8))
            #expect(ended.first?.text("kind") == "delivered")
        }
        for id in context?["usedIds"]?.list ?? [] { _ = receive(Array("[2,\"\(id.string ?? "")\",\"Heartbeat\",{}]".utf8)) }
    }

    /// Sends a call and says when it times out.
    @discardableResult
    mutating func ask(_ action: String, _ name: String) throws -> Instant {
        let fields = ["Reset": #"{"type":"Soft"}"#, "UpdateFirmware": #"{"location":"ftp://h/f","retrieveDate":"2025-01-01T00:00:00Z"}"#]
        let payload = try OCPPPayload.checked(try #require(OCPPAction(name: action)), fields[action] ?? "{}").get()
        var out: [CentralSystemOutput] = []
        machine.send(.payload(payload), to: connection, token: 7, at: .zero, into: &out)
        var deadline = Instant.zero
        for output in out {
            if case .send(_, .call(let id, _)) = output { ids.append((name, id.description)) }
            if case .setTimer(_, let instant) = output { deadline = instant }
        }
        return deadline
    }

    mutating func receive(_ bytes: [UInt8]) -> [JSONValue] {
        var out: [CentralSystemOutput] = []
        machine.receive(bytes: bytes, from: connection, at: .zero, into: &out)
        return out.compactMap { output in
            switch output {
            case .send(_, let message): described(message)
            case .callEnded(_, _, .result(let payload)):
                ["kind": "delivered", "payload": (try? JSONValue(parsing: OCPPMessage.result(.number(1), payload).string))?[2] ?? .null]
            case .callEnded(_, _, .error(let error, _)): ["kind": "failed", "codes": [.string(error.code.name)]]
            default: nil
            }
        }
    }

    mutating func probe() -> [JSONValue] { receive(Array(#"[2,"probe","Heartbeat",{}]"#.utf8)) }
}

/// A charge point whose registration has come as far as a case says.
private struct ChargePointEndpoint: Endpoint {
    var machine: ChargePointMachine
    let ids: [(name: String, own: String)] = []
    let meter = TestMeter()

    init(_ context: JSONValue?) {
        var settings = ChargePointSettings(identity: "cp")
        let off = (context?["profilesOff"]?.list ?? []).compactMap { $0.string.flatMap { FeatureProfile(name: $0) } }
        settings.features.removeAll { off.contains($0) }
        machine = ChargePointMachine(settings, epoch: 1_735_689_600)
        var out: [ChargePointOutput] = []
        machine.start(at: .zero, into: &out)
        machine.connected(at: .zero, into: &out)
        let status = context?["registration"]?.string.flatMap { RegistrationStatus(name: $0) } ?? .accepted
        for case .send(.call(let id, .bootNotification)) in out {
            let result = BootNotificationResult(status: status, currentTime: OCPPTimestamp(milliseconds: 1_735_689_600_000), interval: 300)
            var answers: [ChargePointOutput] = []
            machine.receive(.result(id, .bootNotificationResult(result)), at: .zero, meter: meter, into: &answers)
        }
    }

    mutating func receive(_ bytes: [UInt8]) -> [JSONValue] {
        var out: [ChargePointOutput] = []
        machine.receive(bytes: bytes, at: .zero, meter: meter, into: &out)
        return out.compactMap { output in
            if case .send(let message) = output, message.action == nil || !message.isCall { described(message) } else { nil }
        }
    }

    mutating func probe() -> [JSONValue] { receive(Array(#"[2,"probe","GetConfiguration",{}]"#.utf8)) }
}

extension OCPPMessage {
    fileprivate var isCall: Bool { if case .call = self { true } else { false } }
}

/// True if what happened is what a vector expects.
private func fits(_ found: [JSONValue], _ expected: JSONValue) -> Bool {
    // What is too long for the transport never gets here; of a close the machine knows nothing and stays silent.
    if ["ignore", "close"].contains(expected.text("kind")) { return found.isEmpty }
    guard let first = found.first, first.text("kind") == expected.text("kind") else { return false }
    if ["result", "error"].contains(first.text("kind")), let id = expected["id"]?.string, first["id"]?.string != id { return false }
    if first.text("kind") == "error", first.int("elements") != 5 { return false }
    if let codes = expected["codes"]?.list, !(first["codes"]?.list ?? []).contains(where: { codes.contains($0) }) { return false }
    if let payload = expected["payload"], first["payload"]?.canonical != payload.canonical { return false }
    for key in expected["payloadHas"]?.list ?? [] where first["payload"]?[key.string ?? ""] == nil { return false }
    return true
}

@Suite("Framing")
struct FramingTests {
    /// Cases that the transport decides alone: masks, codes of frames, bytes that are no UTF-8, control frames.
    private static let ofTransport: Set<String> = ["f-100", "f-101", "f-102", "f-103", "f-104", "f-105", "f-106", "f-107", "f-108"]

    @Test("Every text of the vectors is answered, delivered or ignored as they say, by both machines, and the connection works afterwards")
    func vectorCases() throws {
        var count = 0
        for item in try vectors("framing.json")["cases"]?.list ?? [] {
            let texts = input(item)
            guard !texts.isEmpty else {
                #expect(Self.ofTransport.contains(item.text("id")), "\(item.text("id"))")
                continue
            }
            count += 1
            var endpoint: any Endpoint =
                item.text("receiver") == "CP" ? ChargePointEndpoint(item["context"]) : try CentralSystemEndpoint(item["context"])
            try check(item, texts, &endpoint)
        }
        #expect(count == 111 - Self.ofTransport.count)
    }

    private func check(_ item: JSONValue, _ texts: [[UInt8]], _ endpoint: inout any Endpoint) throws {
        let title = "\(item.text("id")) \(item.text("title"))"
        func own(_ bytes: [UInt8]) -> [UInt8] {
            guard !endpoint.ids.isEmpty else { return bytes }
            return Array(endpoint.ids.reduce(String(decoding: bytes, as: UTF8.self)) { $0.replacing("\"\($1.name)\"", with: "\"\($1.own)\"") }.utf8)
        }
        var found: [JSONValue] = []
        for text in texts { found += endpoint.receive(own(text)) }
        // Answers carry the machine's own ids where the case has put a name of its own.
        let expected = ([item["expect"] ?? .null] + (item["alsoOk"]?.list ?? [])).map { one in
            guard let id = one["id"]?.string, let own = endpoint.ids.first(where: { $0.name == id })?.own, let members = one.members else { return one }
            return JSONValue.object(members.map { $0.key == "id" ? .init("id", .string(own)) : $0 })
        }
        let isRight = expected.contains { fits(found, $0) }
        #expect(isRight, "\(title): got \(found.map { $0.text() }), expected \(expected.map { $0.text() })")
        #expect(found.count == (found.isEmpty ? 0 : texts.count), "\(title): \(found.map { $0.text() })")
        for name in item["context"]?["stillPending"]?.list ?? [] {
            let own = endpoint.ids.first { $0.name == name.string }?.own ?? ""
            let ended = endpoint.receive(Array("[3,\"\(own)\",{\"status\":\"Accepted\"}]".utf8))
            #expect(ended.first?.text("kind") == "delivered", "\(title): the call of the receiver does not wait any more")
        }
        // A charge point that is rejected stays silent; all others go on.
        guard item["context"]?.text("registration") != "Rejected" else { return }
        let probe = endpoint.probe()
        #expect(probe.first?.text("kind") == "result" && probe.first?.text("id") == "probe", "\(title): no answer to the probe: \(probe.map { $0.text() })")
    }

    @Test("Both machines answer a call under a used id, and report it")
    func usedIDs() throws {
        var central = try CentralSystemEndpoint(nil)
        var point = ChargePointEndpoint(nil)
        var reports = [0, 0]
        for _ in 0..<2 {
            var out: [CentralSystemOutput] = []
            central.machine.receive(bytes: Array(#"[2,"x","Heartbeat",{}]"#.utf8), from: central.connection, at: .zero, into: &out)
            #expect(out.contains { if case .send(_, .result) = $0 { true } else { false } })
            for case .violation(_, .badMessage, let text) in out { reports[0] += text == "the id x was used before on this connection" ? 1 : 100 }
            var other: [ChargePointOutput] = []
            point.machine.receive(bytes: Array(#"[2,"x","GetConfiguration",{}]"#.utf8), at: .zero, meter: point.meter, into: &other)
            #expect(other.contains { if case .send(.result) = $0 { true } else { false } })
            for case .violation(.badMessage, let text) in other { reports[1] += text == "the id x was used before on this connection" ? 1 : 100 }
        }
        #expect(reports == [1, 1])
    }

    @Test("Calls go out one at a time, in order, under new ids; a late answer ends nothing")
    func session() throws {
        var session = FramingSession(timeout: .seconds(30), queueLimit: 2)
        func sent(_ submission: FramingSession.Submission) -> OCPPMessage? { if case .send(let message) = submission { message } else { nil } }
        let first = sent(session.submit(.empty(.heartbeat), token: 1, at: .zero))
        #expect(first == .call(.number(1), .empty(.heartbeat)))
        let timer = session.timerToSet()
        #expect(timer == seconds(30))
        let second = session.submit(.authorize(idTag: "A"), token: 2, at: seconds(1))
        let third = session.submit(.authorize(idTag: "B"), token: 3, at: seconds(1))
        let fourth = session.submit(.authorize(idTag: "C"), token: 4, at: seconds(1))
        guard case .queued = second, case .queued = third, case .refused = fourth else {
            Issue.record("the queue holds two")
            return
        }
        #expect(session.next(at: seconds(2)) == nil)
        let early = session.timerFired(at: seconds(29))
        #expect(early == nil)
        let overdue = session.timerFired(at: seconds(30))
        #expect(overdue?.token == 1)
        #expect(session.next(at: seconds(30)) == .call(.number(2), .authorize(idTag: "A")))
        let late = session.end(.number(1))
        #expect(late == nil)
        let ended = session.end(.number(2))
        #expect(ended?.token == 2 && ended?.action == .authorize)
        #expect(session.next(at: seconds(31)) == .call(.number(3), .authorize(idTag: "B")))
        let foreign = session.end(.text("3x"))
        #expect(foreign == nil)
    }

    @Test("A call time-out frees the slot, and the next call of the charge point goes out with a new id")
    func timeout() {
        var machine = ChargePointMachine(referenceSettings(), epoch: 0)
        var out: [ChargePointOutput] = []
        let meter = TestMeter()
        machine.start(at: .zero, into: &out)
        out = []
        machine.connected(at: .zero, into: &out)
        out.removeAll { if case .cancelTimer = $0 { true } else { false } }
        guard case .send(.call(.number(1), _))? = out.first, case .setTimer(.call, let deadline)? = out.dropFirst().first else {
            Issue.record("no boot: \(out)")
            return
        }
        out = []
        machine.timer(.call, at: deadline, meter: meter, into: &out)
        guard case .violation(.timeout, _)? = out.first, case .setTimer(.boot, let retry)? = out.dropFirst().first else {
            Issue.record("no retry: \(out)")
            return
        }
        #expect(retry == seconds(90))
        out = []
        machine.timer(.boot, at: retry, meter: meter, into: &out)
        guard case .send(.call(.number(2), .bootNotification))? = out.first else {
            Issue.record("no second boot: \(out)")
            return
        }
        out = []
        // The late answer to the first call changes nothing.
        let late = BootNotificationResult(status: .accepted, currentTime: OCPPTimestamp(milliseconds: 0), interval: 300)
        machine.receive(.result(.number(1), .bootNotificationResult(late)), at: retry, meter: meter, into: &out)
        #expect(machine.registration == nil)
    }
}
