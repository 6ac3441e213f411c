/// Says how the events of two runs part, from the first one that differs and a bounded look ahead.
struct EventAlignment {
    private(set) var kind = EventDifference.Kind.event
    private(set) var time: Int64?
    private(set) var subject = ""
    private(set) var fields: [RunComparison.Change] = []
    private(set) var times: (a: Int64, b: Int64)?
    private(set) var count: Int?
    /// How many leading events are part of the difference.
    private(set) var differingA = 1
    private(set) var differingB = 1

    /// The most fields that are told.
    private static let mostFields = 20

    /// Compares two lists whose first events differ; an empty one means that its run has ended.
    init(_ a: [EventRow], _ b: [EventRow]) {
        differingA = min(1, a.count)
        differingB = min(1, b.count)
        guard let one = a.first, let two = b.first else {
            let rest = a.isEmpty ? b : a
            only(a.isEmpty ? .onlyInB : .onlyInA, rest.first, count: nil)
            return
        }
        if one.whole == two.whole {
            value(one, two)
            return
        }
        let meeting = EventAlignment.meeting(a, b)
        if let moved = movedEvent(a, b) {
            // An event that stands elsewhere in the other run: unless it is the same place with another value.
            if !(one.subject == two.subject && one.time == two.time) || meeting.map({ $0.a == 0 || $0.b == 0 }) == true {
                kind = .time
                (times, subject) = (moved.times, moved.subject)
                time = min(moved.times.a, moved.times.b)
                return
            }
        }
        if let meeting, meeting.a == 0 {
            only(.onlyInB, two, count: meeting.b)
        } else if let meeting, meeting.b == 0 {
            only(.onlyInA, one, count: meeting.a)
        } else if one.subject == two.subject, one.time == two.time, one.time != nil {
            value(one, two)
        } else if let first = one.time, let second = two.time, first != second {
            let earlier = first < second ? a : b
            let limit = max(first, second)
            let leading = earlier.prefix { ($0.time ?? limit) < limit }.count
            only(first < second ? .onlyInA : .onlyInB, earlier.first, count: leading < earlier.count ? leading : nil)
        } else {
            kind = .event
            time = EventAlignment.earlier(one.time, two.time)
            subject = one.subject == two.subject ? one.subject : "\(one.subject) / \(two.subject)"
            fields = [RunComparison.Change(name: "event", a: one.content, b: two.content)]
        }
    }

    private mutating func only(_ side: EventDifference.Kind, _ row: EventRow?, count: Int?) {
        kind = side
        time = row?.time
        subject = row?.subject ?? ""
        self.count = count
        differingA = side == .onlyInA ? count ?? 1 : 0
        differingB = side == .onlyInB ? count ?? 1 : 0
    }

    private mutating func value(_ one: EventRow, _ two: EventRow) {
        kind = .value
        subject = one.subject
        time = one.time
        // Two intervals that begin together part where the first of them ends.
        let onlyEnd = one.content == two.content && one.end != two.end
        if onlyEnd { time = EventAlignment.earlier(one.end, two.end) }
        for (index, field) in one.fields.enumerated() where fields.count < EventAlignment.mostFields {
            let other =
                two.fields.indices.contains(index) && two.fields[index].name == field.name ? two.fields[index] : two.fields.first { $0.name == field.name }
            if other?.value != field.value { fields.append(RunComparison.Change(name: field.name, a: field.value, b: other?.value)) }
        }
        for field in two.fields where fields.count < EventAlignment.mostFields && !one.fields.contains(where: { $0.name == field.name }) {
            fields.append(RunComparison.Change(name: field.name, a: nil, b: field.value))
        }
        if fields.isEmpty, one.content != two.content { fields = [RunComparison.Change(name: "line", a: one.content, b: two.content)] }
    }

    /// The nearest pair of equal events: how many of each run stand before it.
    private static func meeting(_ a: [EventRow], _ b: [EventRow]) -> (a: Int, b: Int)? {
        var places: [String: Int] = [:]
        for (index, row) in a.enumerated() where places[row.whole] == nil { places[row.whole] = index }
        var best: (a: Int, b: Int)?
        for (index, row) in b.enumerated() {
            if let best, index >= best.a + best.b { break }
            if let place = places[row.whole], place + index < best.map({ $0.a + $0.b }) ?? .max { best = (place, index) }
        }
        return best
    }

    /// The first event of either run, when the other run has it at another time and not at this one.
    private func movedEvent(_ a: [EventRow], _ b: [EventRow]) -> (times: (a: Int64, b: Int64), subject: String)? {
        if let one = a.first, let first = one.time, let second = EventAlignment.counterpart(of: one, in: b, instead: a) {
            return ((first, second), one.subject)
        }
        if let two = b.first, let second = two.time, let first = EventAlignment.counterpart(of: two, in: a, instead: b) {
            return ((first, second), two.subject)
        }
        return nil
    }

    /// When an event comes in the other run; only where it stands there for this one, not for another of the same kind.
    private static func counterpart(of row: EventRow, in others: [EventRow], instead own: [EventRow]) -> Int64? {
        guard !others.contains(where: { $0.whole == row.whole }) else { return nil }
        let known = Set(own.map(\.whole))
        return others.first { $0.content == row.content && $0.time != row.time && !known.contains($0.whole) }?.time
    }

    private static func earlier(_ a: Int64?, _ b: Int64?) -> Int64? {
        guard let a, let b else { return a ?? b }
        return min(a, b)
    }
}
