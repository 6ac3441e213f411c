import YAMLTree

extension Reading {
    /// An RFC 3339 instant in UTC as seconds since 1970; fractions of a second are refused.
    func instant(_ node: YAMLNode, _ what: String) -> Int64? {
        guard let text = text(node, what) else { return nil }
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for index in range {
                guard index < bytes.count, (0x30...0x39).contains(bytes[index]) else { return nil }
                value = value * 10 + Int64(bytes[index] - 0x30)
            }
            return value
        }
        let shape =
            bytes.count == 20 && bytes[4] == 0x2D && bytes[7] == 0x2D && bytes[10] | 0x20 == 0x74 && bytes[13] == 0x3A && bytes[16] == 0x3A
            && bytes[19] | 0x20 == 0x7A
        guard shape, let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13), let minute = number(14..<16),
            let second = number(17..<19), (1970...2200).contains(year), (1...12).contains(month), (1...daysIn(month, year)).contains(day), hour < 24,
            minute < 60,
            second < 60
        else {
            error(.badDate, node.span, "\(what) takes an instant in UTC, not \(Diagnostic.quoted(text))", label: "for example '2025-01-06T00:00:00Z'")
            return nil
        }
        return (daysSince1970(year, month, day) * 24 + hour) * 3600 + minute * 60 + second
    }

    private func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    private func daysIn(_ month: Int64, _ year: Int64) -> Int64 {
        month == 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    private func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        var days: Int64 = 0
        for past in 1970..<year { days += isLeap(past) ? 366 : 365 }
        for past in 1..<month { days += daysIn(past, year) }
        return days + day - 1
    }
}
