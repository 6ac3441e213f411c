import JSONText
import OCPP
import Quantities

/// The files of a run that hold one event a line, in the order in which a common instant is told.
enum EventFile: String, CaseIterable {
    case messages = "messages.jsonl"
    case frames = "frames.log"
    case signals = "signals.csv"
    case alarms = "alarms.csv"
    case labels = "labels.csv"

    /// Whether a line tells of an interval, so that a later line can differ at an earlier time.
    var holdsIntervals: Bool { self == .alarms || self == .labels }

    /// Names of the columns.
    var columns: [String] {
        switch self {
        case .signals: ["t_s", "signal", "value", "unit"]
        case .alarms: ["start_s", "end_s", "detector", "severity", "score", "evidence_s", "blame", "note"]
        case .labels: ["start_s", "end_s", "kind", "severity", "name", "target", "evidence_s", "link"]
        case .messages, .frames: []
        }
    }
}

/// One line of a file as an event.
struct EventRow {
    /// Simulated time in nanoseconds.
    var time: Int64?
    /// End of an interval.
    var end: Int64?
    /// What it is about.
    var subject: String
    /// What happened, without time, and without numbers that only count: equal for the same event at another time.
    var content: String
    /// What happened with everything that the run decided, without the number of the message.
    var whole: String
    /// Names and values for people.
    var fields: [(name: String, value: String)]

    /// The event that a line tells; a line that is none becomes its text.
    init(_ bytes: ArraySlice<UInt8>, _ file: EventFile, clock: EventClock) {
        let row =
            switch file {
            case .signals, .alarms, .labels: EventRow(columns: bytes, file)
            case .frames: EventRow(frame: bytes, clock)
            case .messages: EventRow(message: bytes)
            }
        self = row ?? EventRow(text: String(decoding: bytes.prefix(256), as: UTF8.self))
    }

    private init(time: Int64?, end: Int64? = nil, subject: String, content: String, whole: String, fields: [(name: String, value: String)]) {
        self.time = time
        self.end = end
        self.subject = subject
        self.content = content
        self.whole = whole
        self.fields = fields
    }

    private init(text: String) { self.init(time: nil, subject: "", content: text, whole: text, fields: []) }

    // MARK: The formats

    private init?(columns bytes: ArraySlice<UInt8>, _ file: EventFile) {
        let cells = bytes.split(separator: 0x2C, maxSplits: 31, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        guard cells.count >= 4, let time = EventRow.nanoseconds(cells[0].utf8) else { return nil }
        var fields: [(name: String, value: String)] = []
        for (index, cell) in cells.enumerated() { fields.append((file.columns.indices.contains(index) ? file.columns[index] : "column \(index + 1)", cell)) }
        let subject: String
        let content: String
        var end: Int64?
        switch file {
        case .labels:
            subject = cells[2]
            content = cells[2..<min(cells.count, 6)].joined(separator: ",")
            end = EventRow.nanoseconds(cells[1].utf8)
        case .alarms:
            subject = cells[2]
            content = cells[2...].joined(separator: ",")
            end = EventRow.nanoseconds(cells[1].utf8)
        default:
            subject = cells[1]
            content = cells[1...].joined(separator: ",")
            fields = [("value", [cells[2], cells[3]].filter { !$0.isEmpty }.joined(separator: " "))]
        }
        self.init(time: time, end: end, subject: subject, content: content, whole: cells.joined(separator: ","), fields: fields)
    }

    private init?(frame bytes: ArraySlice<UInt8>, _ clock: EventClock) {
        let parts = bytes.split(separator: 0x20, maxSplits: 3)
        guard parts.count >= 3, parts[0].first == 0x28, parts[0].last == 0x29, let stamp = EventRow.nanoseconds(parts[0].dropFirst().dropLast()),
            let sign = parts[2].firstIndex(of: 0x23)
        else { return nil }
        let (time, overflow) = stamp.subtractingReportingOverflow(clock.zero)
        guard !overflow else { return nil }
        let name = String(decoding: parts[1], as: UTF8.self) + " " + String(decoding: parts[2][..<sign], as: UTF8.self)
        let data = String(decoding: parts[2][(sign + 1)...], as: UTF8.self)
        self.init(time: time, subject: name, content: "\(name)#\(data)", whole: "\(time) \(name)#\(data)", fields: [("data", data)])
    }

    private init?(message bytes: ArraySlice<UInt8>) {
        guard let value = bytes.withUnsafeBytes({ try? JSONValue(parsing: $0) }), let members = value.members, let stamp = value["t_s"] else { return nil }
        guard let time = EventRow.nanoseconds(stamp.text(.compact).utf8) else { return nil }
        let parts = ["chargePointId", "messageType", "action"].map { value[$0]?.string ?? "?" }
        let kept = members.filter { !["schemaVersion", "timestamp", "t_s", "raw", "messageId"].contains($0.key) }
        let whole = JSONValue.object(kept).text(.compact)
        let content = EventRow.timeless(.object(kept)).text(.compact)
        var fields: [(name: String, value: String)] = []
        for member in members where member.key != "raw" && member.key != "t_s" { EventRow.flatten(member.value, member.key, &fields) }
        self.init(time: time, subject: parts.joined(separator: " "), content: content, whole: "\(time) \(whole)", fields: fields)
    }

    /// The value with every date replaced: a message that comes later also tells a later date.
    private static func timeless(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): OCPPTimestamp(rfc3339: text) == nil ? value : ""
        case .array(let elements): .array(elements.map(timeless))
        case .object(let members): .object(members.map { JSONValue.Member($0.key, timeless($0.value)) })
        default: value
        }
    }

    /// Adds the values inside, each with its path; a message of very many values is cut.
    private static func flatten(_ value: JSONValue, _ path: String, _ fields: inout [(name: String, value: String)]) {
        guard fields.count < 500 else { return }
        switch value {
        case .object(let members): for member in members { flatten(member.value, "\(path).\(member.key)", &fields) }
        case .array(let elements): for (index, element) in elements.enumerated() { flatten(element, "\(path)[\(index)]", &fields) }
        case .string(let text): fields.append((path, text))
        default: fields.append((path, value.text(.compact)))
        }
    }

    /// Exact decimal seconds as nanoseconds; `nil` for anything else.
    static func nanoseconds(_ text: some Collection<UInt8>) -> Int64? {
        var digits = text[...]
        let isNegative = digits.first == 0x2D
        if isNegative { digits = digits.dropFirst() }
        var value: Int64 = 0
        var decimals = -1
        var count = 0
        for byte in digits {
            if byte == 0x2E, decimals < 0, count > 0 {
                decimals = 0
                continue
            }
            guard 0x30...0x39 ~= byte, decimals < 9 else { return nil }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, more) = tens.addingReportingOverflow(Int64(byte) - 0x30)
            guard !overflow, !more else { return nil }
            value = sum
            count += 1
            if decimals >= 0 { decimals += 1 }
        }
        guard count > 0, decimals != 0 else { return nil }
        for _ in max(decimals, 0)..<9 {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = tens
        }
        return isNegative ? -value : value
    }
}

/// The date of t = 0 of a run: frames carry dates.
struct EventClock {
    /// Nanoseconds from 1970 to t = 0.
    var zero: Int64 = 0

    /// The clock of a run that started at a date; the first line of its messages says how much later t = 0 was.
    init(start: String?, firstMessage: [UInt8]?) {
        guard let start, let stamp = OCPPTimestamp(rfc3339: start) else { return }
        zero = EventClock.nanoseconds(stamp.milliseconds)
        guard let firstMessage, let value = try? JSONValue(parsing: firstMessage), let date = value["timestamp"]?.string,
            let sent = OCPPTimestamp(rfc3339: date), let time = value["t_s"].flatMap({ EventRow.nanoseconds($0.text(.compact).utf8) })
        else { return }
        let (instant, overflow) = EventClock.nanoseconds(sent.milliseconds).subtractingReportingOverflow(time)
        // Dates have milliseconds: a part of one says nothing.
        if !overflow, instant > zero + 1_000_000 || instant < zero - 1_000_000 { zero = instant }
    }

    private static func nanoseconds(_ milliseconds: Int64) -> Int64 {
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? 0 : product
    }
}
