import Quantities

/// Dates of the Gregorian calendar as days since 1970-01-01, without time zones.
enum CivilDate {
    /// English names of months, as logs write them.
    static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    /// English names of the days of the week, that of 1970-01-01 first.
    static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]

    /// Days since 1970-01-01; `nil` for a date that is none. Years 1970 to 2261, which an instant can hold.
    static func days(year: Int, month: Int, day: Int) -> Int? {
        guard (1970...2261).contains(year), (1...12).contains(month), day >= 1 else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard day <= lengths[month - 1] else { return nil }
        let before = year - 1
        let leaps = before / 4 - before / 100 + before / 400 - 477
        return (year - 1970) * 365 + leaps + lengths[..<(month - 1)].reduce(0, +) + day - 1
    }

    /// Year, month and day of a number of days since 1970-01-01, not negative.
    static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        // An era is 400 years from a 1st of March; 719 468 days lie between 0000-03-01 and 1970-01-01.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let position = (5 * dayOfYear + 2) / 153
        let month = position < 10 ? position + 3 : position - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * position + 2) / 5 + 1)
    }

    /// Nanoseconds since 1970 of a date and a time of day; `nil` if there is no such time. A leap second counts as the one before.
    static func instant(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, nanoseconds: Int64) -> Instant? {
        guard let days = days(year: year, month: month, day: day), (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second) else {
            return nil
        }
        return Instant.log(seconds: UInt64(days * 86_400 + hour * 3600 + minute * 60 + min(second, 59)), nanoseconds: nanoseconds)
    }
}

extension TextScan {
    /// Reads `-11-21 03:00:00.123456` behind a year.
    static func date(year: Int, _ p: inout UnsafePointer<UInt8>) -> Instant? {
        var parts = [year]
        for separator in ["-", "-", " ", ":", ":"] as [Unicode.Scalar] {
            guard p[0] == UInt8(ascii: separator) else { return nil }
            let (digits, value) = decimal(p + 1)
            guard digits == 2 else { return nil }
            parts.append(Int(value))
            p += 3
        }
        var nanoseconds: Int64 = 0
        if p[0] == UInt8(ascii: ".") {
            let decimals = fraction(p + 1)
            p += decimals.count + 1
            nanoseconds = decimals.nanoseconds
        }
        return CivilDate.instant(
            year: parts[0], month: parts[1], day: parts[2], hour: parts[3], minute: parts[4], second: parts[5], nanoseconds: nanoseconds)
    }
}
