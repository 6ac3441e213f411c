import JSONText
import Quantities

/// An instant of OCPP's calendar: milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Every message that is sent carries it as `2000-01-01T00:00:03.500Z`: UTC, always three decimals. What is read may carry another number of
/// decimals and another offset (RFC 3339 section 5.6); decimals beyond the third are dropped.
@frozen
public struct OCPPTimestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since the Unix epoch; the years 0000 to 9999 can be written.
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The calendar instant of a simulated one, cut to whole milliseconds and to the years 0000 to 9999.
    ///
    /// - Parameter epoch: Unix seconds of the start of the run.
    public init(epoch: Int64, _ instant: Instant) {
        let (start, overflow) = epoch.multipliedReportingOverflow(by: 1000)
        let nanoseconds = instant.nanoseconds
        let offset = nanoseconds >= 0 ? nanoseconds / 1_000_000 : (nanoseconds - 999_999) / 1_000_000
        let (sum, further) = start.addingReportingOverflow(offset)
        let value = overflow || further ? (epoch < 0 ? Int64.min : Int64.max) : sum
        milliseconds = min(max(value, Self.first), Self.last)
    }

    /// The simulated instant, `nil` if it is further from the start of the run than simulated time reaches.
    public func instant(epoch: Int64) -> Instant? {
        let (start, a) = epoch.multipliedReportingOverflow(by: 1000)
        let (offset, b) = milliseconds.subtractingReportingOverflow(start)
        let (nanoseconds, c) = offset.multipliedReportingOverflow(by: 1_000_000)
        return a || b || c ? nil : Instant(nanoseconds: nanoseconds)
    }

    /// 0000-01-01T00:00:00.000Z.
    static let first: Int64 = -62_167_219_200_000
    /// 9999-12-31T23:59:59.999Z.
    static let last: Int64 = 253_402_300_799_999

    public static func < (a: OCPPTimestamp, b: OCPPTimestamp) -> Bool { a.milliseconds < b.milliseconds }

    /// Days since 1970-01-01 of a date of the Gregorian calendar; months counted from March make the leap day the last of a year.
    public static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let century = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - century * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return century * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Year, month and day of a number of days since 1970-01-01.
    @inline(__always)
    public static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let position = (5 * dayOfYear + 2) / 153
        let month = position < 10 ? position + 3 : position - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * position + 2) / 5 + 1)
    }

    /// The number of days of a month.
    static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension OCPPTimestamp {
    /// Appends the text without quotes, 24 bytes: `2000-01-01T00:00:03.500Z`.
    @inline(__always)
    public func write(to writer: inout ByteWriter) {
        let value = min(max(milliseconds, Self.first), Self.last)
        let day = (value >= 0 ? value : value - 86_399_999) / 86_400_000
        let rest = Int(value - day * 86_400_000)
        let date = Self.date(days: Int(day))
        writer.append(exactly: 24) { out in
            let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60)
            let (second, thousandth) = (rest / 1000 % 60, rest % 1000)
            Self.pair(date.year / 100, out)
            Self.pair(date.year % 100, out + 2)
            out[4] = 0x2D
            Self.pair(date.month, out + 5)
            out[7] = 0x2D
            Self.pair(date.day, out + 8)
            out[10] = 0x54
            Self.pair(hour, out + 11)
            out[13] = 0x3A
            Self.pair(minute, out + 14)
            out[16] = 0x3A
            Self.pair(second, out + 17)
            out[19] = 0x2E
            Self.pair(thousandth / 10, out + 20)
            out[22] = 0x30 &+ UInt8(truncatingIfNeeded: thousandth % 10)
            out[23] = 0x5A
        }
    }

    /// Writes two digits.
    @inline(__always)
    private static func pair(_ value: Int, _ out: UnsafeMutablePointer<UInt8>) {
        let tens = value / 10
        out[0] = 0x30 &+ UInt8(truncatingIfNeeded: tens)
        out[1] = 0x30 &+ UInt8(truncatingIfNeeded: value &- tens &* 10)
    }

    /// The text that messages carry.
    public var text: String {
        var writer = ByteWriter(capacity: 64)
        write(to: &writer)
        return writer.text
    }

    /// Reads an RFC 3339 date and time; `nil` unless every part is there and the date exists.
    ///
    /// The second 60 of a leap second counts as the first of the next minute.
    public init?(rfc3339 bytes: UnsafeRawBufferPointer) {
        var scanner = Scanner(rest: bytes)
        guard let year = scanner.number(4), scanner.take(0x2D), let month = scanner.number(2), scanner.take(0x2D), let day = scanner.number(2),
            scanner.take(0x54) || scanner.take(0x74), let hour = scanner.number(2), scanner.take(0x3A), let minute = scanner.number(2),
            scanner.take(0x3A), let second = scanner.number(2),
            1...12 ~= month, day >= 1, day <= Self.days(inMonth: month, of: year), hour < 24, minute < 60,
            second < 60 || (second == 60 && minute == 59)
        else { return nil }
        var value = Int64(Self.days(year: year, month: month, day: day)) * 86_400_000
        value += Int64(hour * 3_600_000 + minute * 60_000 + second * 1000)
        if scanner.take(0x2E) {
            guard let fraction = scanner.fraction() else { return nil }
            value += Int64(fraction)
        }
        if !scanner.take(0x5A), !scanner.take(0x7A) {
            let east = scanner.take(0x2B)
            guard east || scanner.take(0x2D), let hours = scanner.number(2), scanner.take(0x3A), let minutes = scanner.number(2), hours < 24,
                minutes < 60
            else { return nil }
            value += Int64((hours * 60 + minutes) * (east ? -60_000 : 60_000))
        }
        guard scanner.isAtEnd else { return nil }
        milliseconds = value
    }

    /// Reads an RFC 3339 date and time.
    public init?(rfc3339 text: String) {
        var text = text
        guard let value = text.withUTF8({ OCPPTimestamp(rfc3339: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = value
    }

    /// A walk over the bytes of a date.
    private struct Scanner {
        let rest: UnsafeRawBufferPointer
        var place = 0
        var isAtEnd: Bool { place == rest.count }

        mutating func take(_ byte: UInt8) -> Bool {
            guard place < rest.count, rest[place] == byte else { return false }
            place += 1
            return true
        }

        mutating func number(_ digits: Int) -> Int? {
            guard place + digits <= rest.count else { return nil }
            var value = 0
            for _ in 0..<digits {
                guard 0x30...0x39 ~= rest[place] else { return nil }
                value = value * 10 + Int(rest[place]) - 0x30
                place += 1
            }
            return value
        }

        /// Milliseconds of the decimals; at least one must be there.
        mutating func fraction() -> Int? {
            var value = 0
            var digits = 0
            while place < rest.count, 0x30...0x39 ~= rest[place] {
                if digits < 3 { value = value * 10 + Int(rest[place]) - 0x30 }
                digits += 1
                place += 1
            }
            guard digits > 0 else { return nil }
            for _ in min(digits, 3)..<3 { value *= 10 }
            return value
        }
    }
}
