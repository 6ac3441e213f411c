import Quantities

/// Dates of ASC files: `Sat Nov 21 03:00:00.123 2026`, also with `am` or `pm`, and with German names.
enum ASCDate {
    /// The instant of the words behind `date`; `nil` for what is no date. The day of the week is not looked at.
    static func instant(_ words: [String]) -> Instant? {
        guard let at = words.firstIndex(where: { month($0) != nil }), at <= 1, let month = month(words[at]), words.count >= at + 4 else { return nil }
        guard let day = Int(words[at + 1]), var time = time(words[at + 2]) else { return nil }
        var next = at + 3
        let half = words[next].lowercased()
        if half == "am" || half == "pm" {
            guard (1...12).contains(time.hour) else { return nil }
            time.hour = time.hour % 12 + (half == "pm" ? 12 : 0)
            next += 1
        }
        guard next < words.count, let year = Int(words[next]) else { return nil }
        return CivilDate.instant(
            year: year, month: month, day: day, hour: time.hour, minute: time.minute, second: time.second, nanoseconds: time.nanoseconds)
    }

    /// The text of an instant, cut to milliseconds, not before 1970.
    static func text(_ instant: Instant) -> String {
        let milliseconds = max(0, instant.nanoseconds) / 1_000_000
        let (days, rest) = (Int(milliseconds / 86_400_000), Int(milliseconds % 86_400_000))
        let (year, month, day) = CivilDate.date(days: days)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let (time, thousandths) = (rest / 1000, rest % 1000)
        let clock = "\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60)).\(thousandths < 100 ? "0" : "")\(two(thousandths))"
        return "\(CivilDate.weekdays[days % 7]) \(CivilDate.months[month - 1]) \(two(day)) \(clock) \(year)"
    }

    /// The number of a month by the first letters of its English or German name.
    private static func month(_ word: String) -> Int? {
        let name = word.lowercased()
        if let index = CivilDate.months.firstIndex(where: { $0.lowercased() == name }) { return index + 1 }
        switch name {
        case "m\u{e4}r", "mrz", "m\u{e4}rz", "mae", "maer": return 3
        case "mai": return 5
        case "okt": return 10
        case "dez": return 12
        default: return nil
        }
    }

    /// `03:00:00.123`.
    private static func time(_ word: String) -> (hour: Int, minute: Int, second: Int, nanoseconds: Int64)? {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let hour = Int(parts[0]), let minute = Int(parts[1]) else { return nil }
        let pieces = parts[2].split(separator: ".", omittingEmptySubsequences: false)
        guard pieces.count <= 2, let second = Int(pieces[0]) else { return nil }
        var nanoseconds: Int64 = 0
        if pieces.count == 2 {
            var unit: Int64 = 100_000_000
            for digit in pieces[1].utf8 {
                guard digit &- 0x30 < 10 else { return nil }
                nanoseconds += Int64(digit - 0x30) * unit
                unit /= 10
            }
        }
        return (hour, minute, second, nanoseconds)
    }
}
