import Detection
import JSONText
import OCPP
import Quantities

/// Rows of a log of OCPP messages: `messages.jsonl` of a run, or lines with time, direction and an OCPP-J text.
///
/// A line of the plain form is `TIME [IDENTITY] DIRECTION [2,"1","Heartbeat",{}]`. The direction is `up`, `cp-to-csms`, `->`, `>`, `sent`, `send` or
/// `out` for what the charge point sends, and `down`, `csms-to-cp`, `<-`, `<`, `received`, `recv` or `in` for what it gets.
final class MessageRowsReader: OutsideRows {
    private let lines: LineReader
    private var format: TableTime?
    private var row: Int64 = 0
    private let period: Int64
    private var flags: RowFlags
    private var isUp = true
    private var identity = ""
    private var raw: [UInt8] = []
    private(set) var flag: String?
    private(set) var problems = RowProblems()
    private var ends = MessageEnds()
    var joinsFlags: Bool { true }
    var time: TableTime { format ?? .seconds }

    /// Whether the first object of a text holds a message.
    static func isObject(_ text: String) -> Bool {
        let line = text.split(separator: "\n").first { !$0.allSatisfy(\.isWhitespace) } ?? ""
        guard line.drop(while: { $0 == " " }).hasPrefix("{") else { return false }
        if line.contains("\"messageType\"") { return true }
        return messageKeys.contains { key in
            guard let place = line.firstRange(of: "\"\(key)\"")?.upperBound else { return false }
            let value = line[place...].drop { $0 == " " || $0 == ":" || $0 == "\"" }
            return value.hasPrefix("[") && value.dropFirst().drop { $0 == " " }.first.map { "234".contains($0) } == true
        }
    }

    /// Keys under which logs keep the message itself, as a text or as a list.
    private static let messageKeys = ["raw", "message", "msg", "payload", "data", "ocpp", "frame", "body"]

    init(_ file: OutsideFile, path: String, flags: [String?]?) throws(TableError) {
        lines = try LineReader(path: path)
        format = file.settings.timeFormat
        period = max(file.settings.period.nanoseconds, 1)
        self.flags = RowFlags(column: nil, list: flags)
    }

    func next() throws(TableError) -> Int64? {
        while let line = try lines.next() {
            guard let first = line.first(where: { $0 != 0x20 && $0 != 0x09 }), first != UInt8(ascii: "#") else { continue }
            let given = flags.next(nil)
            flag = given
            do {
                let instant = first == UInt8(ascii: "{") ? try object(line) : try plain(line)
                problems.right()
                if let given { flag = given }
                return instant
            } catch {
                try problems.note(error.message, line: error.line)
            }
        }
        try problems.end()
        return nil
    }

    private func wrong(_ text: String) -> TableError { TableError(message: text, line: lines.line) }

    /// A line of messages.jsonl.
    private func object(_ line: [UInt8]) throws(TableError) -> Int64 {
        guard let document = try? JSONValue(parsing: line) else { throw wrong("the line is no JSON object") }
        func text(_ keys: [String]) -> String? { keys.lazy.compactMap { document[$0]?.string }.first }
        let direction = (text(["direction", "dir"]) ?? "").lowercased()
        let given = Self.isUp(direction)
        guard given != nil || direction.isEmpty else { throw wrong("the direction '\(direction)' is neither cp-to-csms nor csms-to-cp") }
        identity = text(["chargePointId", "charge_point_id", "chargePoint", "charge_point", "identity", "cp", "cp_id", "station", "stationId"]) ?? "cp"
        let message = Self.messageKeys.lazy.compactMap { key in document[key].flatMap { $0.string != nil || $0.array != nil ? $0 : nil } }.first
        if let list = message?.array {
            raw = Array(JSONValue.array(list).text(.compact).utf8)
        } else if let text = message?.string {
            raw = Array(text.utf8)
        } else if let type = document["messageType"]?.string, let id = document["messageId"]?.string {
            // Trace tools that keep no raw text keep its parts.
            let number: Int64 = type == "CALL" ? 2 : type == "CALLRESULT" ? 3 : 4
            var parts: [JSONValue] = [.integer(number), .string(id)]
            if number == 2 { parts.append(.string(document["action"]?.string ?? "")) }
            if number == 4 {
                let error = document["error"]
                parts += [.string(error?["code"]?.string ?? "GenericError"), .string(error?["description"]?.string ?? ""), error?["details"] ?? .object([])]
            } else {
                parts.append(document["payload"] ?? .object([]))
            }
            raw = Array(JSONValue.array(parts).text(.compact).utf8)
        } else {
            throw wrong("the line has neither 'raw' nor 'messageType' and 'messageId'")
        }
        isUp = given ?? ends.isUp(raw, identity: identity)
        if given == nil { ends.note(raw, identity: identity, isUp: isUp) }
        if let label = document["meta"]?["label"]?.string ?? text(["label", "attack", "class"]) { flag = LabelTable.kind(ofFlag: label) }
        if case .number(let text)? = document["t_s"], let instant = TableTime.seconds.nanoseconds(text) {
            format = format ?? .seconds
            return instant
        }
        if let number = document["t_s"]?.integer {
            format = format ?? .seconds
            return number.multipliedReportingOverflow(by: 1_000_000_000).partialValue
        }
        for key in ["timestamp", "time", "ts", "t", "date", "@timestamp"] {
            let written: String
            switch document[key] {
            case .string(let text)?: written = text
            case .number(let text)?: written = text
            case .integer(let number)?: written = "\(number)"
            default: continue
            }
            guard let known = format ?? TableTime.guess(name: "", value: written), let instant = known.nanoseconds(written) else { continue }
            format = known
            return instant
        }
        guard format == nil else { throw wrong("the line has no time") }
        row += 1
        return (row - 1) * period
    }

    /// A line of time, names and a message.
    private func plain(_ line: [UInt8]) throws(TableError) -> Int64 {
        guard let start = line.firstIndex(of: UInt8(ascii: "[")) else { throw wrong("the line has no message: [2,\"id\",\"Action\",{…}]") }
        raw = Array(line[start...])
        let words = String(decoding: line[..<start], as: UTF8.self).split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "," || $0 == ";" }).map(
            String.init)
        var instant: Int64?
        var direction: Bool?
        var name: String?
        for (place, word) in words.enumerated() {
            if instant == nil {
                // A date and a time of day may be two words.
                if place + 1 < words.count, let value = TableTime.nanoseconds(ofDate: "\(word) \(words[place + 1])"), !word.contains(":") {
                    instant = value
                    format = format ?? .date
                    continue
                }
                if let known = format ?? TableTime.guess(name: "", value: word), let value = known.nanoseconds(word) {
                    instant = value
                    format = known
                    continue
                }
            }
            if let value = Self.isUp(word.lowercased()) { direction = value } else if place > 0, !word.contains(":") || instant == nil { name = word }
        }
        identity = name ?? "cp"
        isUp = direction ?? ends.isUp(raw, identity: identity)
        if direction == nil { ends.note(raw, identity: identity, isUp: isUp) }
        guard let instant else {
            guard format == nil else { throw wrong("the line has no time") }
            row += 1
            return (row - 1) * period
        }
        return instant
    }

    private static func isUp(_ word: String) -> Bool? {
        switch word {
        case "up", "cp-to-csms", "->", ">", "=>", "sent", "send", "out", "tx", "cp->csms", "cp2csms", "request-up": true
        case "down", "csms-to-cp", "<-", "<", "<=", "received", "recv", "receive", "in", "rx", "csms->cp", "csms2cp": false
        default: nil
        }
    }

    func emit(_ node: OutsideNode) { node.hear(raw, identity: identity, isUp: isUp) }
}

/// Understands the messages of a log: answers belong to the calls before them.
struct OutsideListener {
    private struct Connection {
        var number: Int
        /// Calls of both ends that wait for their answers, the newest last.
        var called: [(isUp: Bool, id: MessageID, action: OCPPAction?)] = []
    }

    private static let mostCalls = 64
    private static let mostConnections = 1 << 16
    private var connections: [String: Connection] = [:]
    private var atCentralSystem = MessageDecoder(role: .centralSystem, isStrict: false)
    private var atChargePoint = MessageDecoder(role: .chargePoint, isStrict: false)

    /// What a text means, and the number of its connection; `isNew` for the first one of an identity.
    mutating func hear(_ raw: [UInt8], identity: String, isUp: Bool) -> (number: Int, isNew: Bool, content: MessageEvent.Content) {
        var connection = connections[identity] ?? Connection(number: connections.count)
        let isNew = connections[identity] == nil
        defer { if !isNew || connections.count < Self.mostConnections { connections[identity] = connection } }
        let called = connection.called
        func pending(_ id: MessageID) -> PendingAction? {
            guard let call = called.last(where: { $0.isUp != isUp && $0.id == id }) else { return nil }
            return call.action.map { .known($0) } ?? .unknown
        }
        let decoded = isUp ? atCentralSystem.decode(raw, pending: pending) : atChargePoint.decode(raw, pending: pending)
        var action: OCPPAction?
        var content: MessageEvent.Content
        if case .message(let message) = decoded {
            content = .message(message, action: nil)
        } else {
            content = Self.unread(raw)
        }
        guard case .message(let message, _) = content, let id = message.id else { return (connection.number, isNew, content) }
        if case .call(_, let payload) = message {
            action = payload.action ?? OCPPAction(name: payload.actionName)
            if connection.called.count == Self.mostCalls { connection.called.removeFirst() }
            connection.called.append((isUp, id, action))
        } else if let place = connection.called.lastIndex(where: { $0.isUp != isUp && $0.id == id }) {
            action = connection.called.remove(at: place).action
        }
        content = .message(message, action: action)
        return (connection.number, isNew, content)
    }

    /// A message that the receiver would refuse, taken as it is written.
    private static func unread(_ raw: [UInt8]) -> MessageEvent.Content {
        guard let parts = (try? JSONValue(parsing: raw))?.array, parts.count >= 3, let type = parts[0].integer, let id = parts[1].string else {
            return .malformed
        }
        switch type {
        case 2:
            guard let name = parts[2].string else { return .malformed }
            return .message(.call(MessageID(id), .raw(action: name, text: parts.count > 3 ? parts[3].text(.compact) : "{}")), action: nil)
        case 3: return .message(.result(MessageID(id), .raw(action: "", text: parts[2].text(.compact))), action: nil)
        case 4:
            return .message(
                .error(MessageID(id), CallError(OCPPErrorCode(name: parts[2].string ?? ""), parts.count > 3 ? parts[3].string ?? "" : "")), action: nil)
        default: return .malformed
        }
    }
}
