import CAN
import JSONText
import Quantities

/// Which frames within labels are attacks, by their identifier and their bytes.
struct FrameMarks: Sendable, Equatable {
    /// A stretch of time, and what its injected frames look like.
    struct Mark: Sendable, Equatable {
        /// Nanoseconds of its start and its end, outside.
        var start: Int64
        var end: Int64
        /// Identifier without flags; `nil` for any.
        var identifier: UInt32?
        /// The bytes that matter, and their values.
        var mask: UInt64 = 0
        var value: UInt64 = 0
    }

    var marks: [Mark] = []

    /// The same on the clock of a run whose t = 0 is an instant of the clock of the data.
    func moved(to origin: Int64) -> FrameMarks {
        FrameMarks(
            marks: marks.map { mark in
                var mark = mark
                mark.start = mark.start.subtractingReportingOverflow(origin).partialValue
                mark.end = mark.end.subtractingReportingOverflow(origin).partialValue
                return mark
            })
    }

    /// Whether a frame is one of the injected ones.
    func holds(_ frame: CANWideFrame, at instant: Instant) -> Bool {
        marks.contains { mark in
            instant.nanoseconds >= mark.start && instant.nanoseconds < mark.end
                && (mark.identifier.map { $0 == frame.frame.rawIdentifier & 0x1FFF_FFFF } ?? true) && frame.frame.payload & mark.mask == mark.value
        }
    }
}

extension LabelTable {
    /// Reads the description of captures that the ROAD data set has beside its logs: `injection_interval` in seconds from the first frame, `injection_id`, and
    /// `injection_data_str` with an X for each digit that may be anything. `false` when the document is none.
    mutating func readCaptures(_ members: [JSONValue.Member], file: String) throws(TableError) -> Bool {
        guard members.contains(where: { $0.value["injection_interval"] != nil || $0.value["elapsed_sec"] != nil }) else { return false }
        var name = file.split(separator: "/").last.map(String.init) ?? file
        for ending in [".gz", ".log", ".csv", ".candump"] where name.lowercased().hasSuffix(ending) { name.removeLast(ending.utf8.count) }
        guard let found = members.first(where: { $0.key == name }) else { throw TableError(message: "says nothing of '\(name)'") }
        isRelative = true
        time = .seconds
        // A capture without an attack has no interval.
        guard let list = found.value["injection_interval"]?.array, !list.isEmpty else { return true }
        let pairs = list.allSatisfy { $0.array != nil } ? list.compactMap(\.array) : [list]
        var marks = FrameMarks()
        for pair in pairs {
            guard pair.count == 2, let from = pair[0].double, let to = pair[1].double, from.isFinite, to.isFinite, from <= to, to.magnitude < 9e9 else {
                throw TableError(message: "the 'injection_interval' of '\(name)' is no pair of seconds")
            }
            let mark = Self.mark(found.value, Int64((from * 1e9).rounded(.down)), Int64((to * 1e9).rounded(.up)) + 1)
            marks.marks.append(mark)
            let target = mark.identifier.map { "0x\(String($0, radix: 16, uppercase: true))" } ?? ""
            intervals.append(Interval(start: mark.start, end: mark.end, evidence: nil, kind: kind(of: name), target: target))
        }
        self.marks = marks
        return true
    }

    /// The name of an attack without the number of its capture.
    private func kind(of name: String) -> String {
        var words = name.split(separator: "_")
        while let last = words.last, last.allSatisfy(\.isNumber) { words.removeLast() }
        return words.isEmpty ? "ANOMALY" : words.joined(separator: "_")
    }

    private static func mark(_ capture: JSONValue, _ start: Int64, _ end: Int64) -> FrameMarks.Mark {
        var mark = FrameMarks.Mark(start: start, end: end)
        if let text = capture["injection_id"]?.string {
            mark.identifier = UInt32(text.lowercased().hasPrefix("0x") ? String(text.dropFirst(2)) : text, radix: 16)
        } else if let number = capture["injection_id"]?.integer {
            mark.identifier = UInt32(clamping: number)
        }
        let digits = Array((capture["injection_data_str"]?.string ?? "").utf8)
        guard digits.count <= 16 else { return mark }
        for (place, digit) in digits.enumerated() {
            guard let value = UInt64(String(UnicodeScalar(digit)), radix: 16) else { continue }
            let shift = UInt64(place / 2 * 8 + (place % 2 == 0 ? 4 : 0))
            mark.mask |= 15 << shift
            mark.value |= value << shift
        }
        return mark
    }
}
