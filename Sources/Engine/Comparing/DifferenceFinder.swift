import Quantities

/// Finds the first differing event of one file of two runs.
struct DifferenceFinder {
    let file: EventFile
    let a: ComparableFile
    let b: ComparableFile
    let clockA: EventClock
    let clockB: EventClock
    /// Lines shown before a difference, and behind it.
    static let context = 3
    /// The most differing lines shown of one run.
    private static let shown = 6

    /// The lines from a place on, with what they tell.
    private struct Window {
        var lines: [ComparableFile.Line]
        var rows: [EventRow]
    }

    /// Where the two files part: they have their own places, because labels that differ can be followed by an earlier difference.
    private struct Place {
        var offsetA: Int64
        var offsetB: Int64
        var line: Int
    }

    /// The first difference; `nil` when the files are the same byte for byte.
    func find() throws(OutputError) -> EventDifference? {
        guard let parting = try ComparableFile.parting(a, b) else { return nil }
        var place = Place(offsetA: parting.offset, offsetB: parting.offset, line: parting.line)
        var first = try difference(at: place)
        guard file.holdsIntervals else { return first }
        // The interval that differs may end late; those behind it begin later, and can end before.
        while let next = try following(place, before: first) {
            place = next.place
            if let time = next.difference.time, let best = first.time, time < best { first = next.difference }
        }
        return first
    }

    /// The next pair of lines that differs and can be earlier than what was found.
    private func following(_ place: Place, before found: EventDifference) throws(OutputError) -> (place: Place, difference: EventDifference)? {
        guard found.kind == .value, let best = found.time?.nanoseconds else { return nil }
        var place = place
        while true {
            let left = try window(a, place.offsetA, place.line, clockA)
            let right = try window(b, place.offsetB, place.line, clockB)
            let pairs = min(left.rows.count, right.rows.count)
            guard pairs > 1 else { return nil }
            for index in 1..<pairs {
                let (one, two) = (left.rows[index], right.rows[index])
                guard let time = one.time, time < best, time == two.time, one.subject == two.subject else { return nil }
                if left.lines[index].bytes != right.lines[index].bytes {
                    let next = Place(offsetA: left.lines[index].offset, offsetB: right.lines[index].offset, line: left.lines[index].number)
                    return (next, try difference(at: next))
                }
            }
            place = Place(offsetA: left.lines[pairs - 1].offset, offsetB: right.lines[pairs - 1].offset, line: left.lines[pairs - 1].number)
        }
    }

    private func window(_ file: ComparableFile, _ offset: Int64, _ line: Int, _ clock: EventClock) throws(OutputError) -> Window {
        let lines = try file.lines(from: offset, number: line)
        return Window(lines: lines, rows: lines.map { EventRow($0.bytes, self.file, clock: clock) })
    }

    private func difference(at place: Place) throws(OutputError) -> EventDifference {
        let left = try window(a, place.offsetA, place.line, clockA)
        let right = try window(b, place.offsetB, place.line, clockB)
        let found = EventAlignment(left.rows, right.rows)
        var result = EventDifference(
            file: file.rawValue, time: found.time.map { Duration(nanoseconds: $0) }, kind: found.kind, subject: found.subject, fields: found.fields)
        result.times = found.times.map { (Duration(nanoseconds: $0.a), Duration(nanoseconds: $0.b)) }
        result.count = found.count
        if left.lines.isEmpty || left.lines[0].isCutOff && right.lines.first?.isCutOff != true {
            result.ended = .a
        } else if right.lines.isEmpty || right.lines[0].isCutOff && !left.lines[0].isCutOff {
            result.ended = .b
        }
        result.isCutOff = (result.ended == .a ? left : right).lines.first?.isCutOff == true && result.ended != nil
        result.a = try lines(a, left, place.offsetA, place.line, clockA, differing: found.differingA)
        result.b = try lines(b, right, place.offsetB, place.line, clockB, differing: found.differingB)
        return result
    }

    private func lines(
        _ source: ComparableFile, _ window: Window, _ offset: Int64, _ line: Int, _ clock: EventClock, differing: Int
    ) throws(OutputError) -> [EventDifference.Line] {
        let before = try source.lines(before: offset, number: line, most: DifferenceFinder.context)
        var result = before.map { self.line($0, EventRow($0.bytes, file, clock: clock), isDifferent: false) }
        let marked = min(differing, DifferenceFinder.shown)
        for index in 0..<min(window.lines.count, marked + (differing > marked ? 0 : DifferenceFinder.context)) {
            result.append(self.line(window.lines[index], window.rows[index], isDifferent: index < marked))
        }
        return result
    }

    private func line(_ line: ComparableFile.Line, _ row: EventRow, isDifferent: Bool) -> EventDifference.Line {
        let most = 2000
        var text = String(decoding: line.bytes.prefix(most), as: UTF8.self)
        if line.bytes.count > most { text += "…" }
        return EventDifference.Line(number: line.number, text: text, time: row.time.map { Duration(nanoseconds: $0) }, isDifferent: isDifferent)
    }
}
