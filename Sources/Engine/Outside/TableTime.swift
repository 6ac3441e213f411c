import OCPP
import Quantities

/// How a table or a log writes times.
public enum TableTime: String, CaseIterable, Sendable {
    /// Seconds, with decimals.
    case seconds = "s"
    /// Milliseconds.
    case milliseconds = "ms"
    /// Microseconds.
    case microseconds = "us"
    /// Nanoseconds.
    case nanoseconds = "ns"
    /// Date and time, such as `2014-04-01 00:00:00` or `2014-04-01T00:00:00.5Z`; UTC unless it says otherwise.
    case date

    /// The way that a column is written, from its name and its first value; `nil` when the value is no time.
    public static func guess(name: String, value: String) -> TableTime? {
        guard let number = Double(value) else { return nanoseconds(ofDate: value) == nil ? nil : .date }
        let lower = name.lowercased()
        for (ending, format) in [("ns", TableTime.nanoseconds), ("us", .microseconds), ("µs", .microseconds), ("ms", .milliseconds), ("s", .seconds)] {
            for mark in ["_\(ending)", "[\(ending)]", "(\(ending))", " \(ending)"] where lower.hasSuffix(mark) { return format }
        }
        // Seconds since 1970 stay below 1e11 until the year 5138.
        switch number.magnitude {
        case 1e17...: return .nanoseconds
        case 1e14...: return .microseconds
        case 1e11...: return .milliseconds
        default: return .seconds
        }
    }

    /// Nanoseconds of a text; `nil` when it is no time of this kind or too far away.
    public func nanoseconds(_ text: String) -> Int64? {
        switch self {
        case .date: TableTime.nanoseconds(ofDate: text)
        case .seconds: TableTime.scaled(text, 9)
        case .milliseconds: TableTime.scaled(text, 6)
        case .microseconds: TableTime.scaled(text, 3)
        case .nanoseconds: TableTime.scaled(text, 0)
        }
    }

    /// A decimal number times a power of ten, exact as far as it has digits; further digits are cut.
    private static func scaled(_ text: String, _ power: Int) -> Int64? {
        var (value, decimals, digits) = (Int64(0), 0, 0)
        var (isNegative, hasPoint) = (false, false)
        for (place, byte) in text.utf8.enumerated() {
            switch byte {
            case 0x2D where place == 0: isNegative = true
            case 0x2B where place == 0: break
            case 0x2E where !hasPoint: hasPoint = true
            case 0x30...0x39:
                digits += 1
                if hasPoint, decimals == power { continue }
                if hasPoint { decimals += 1 }
                let (product, a) = value.multipliedReportingOverflow(by: 10)
                let (sum, b) = product.addingReportingOverflow(Int64(byte - 0x30))
                if a || b { return nil }
                value = sum
            default:
                // 1.5e9 and the like.
                guard let number = Double(text), number.isFinite else { return nil }
                let result = number * (power == 9 ? 1e9 : power == 6 ? 1e6 : power == 3 ? 1e3 : 1)
                return result.magnitude < 9e18 ? Int64(result.rounded()) : nil
            }
        }
        guard digits > 0 else { return nil }
        for _ in decimals..<max(power, decimals) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            value = product
        }
        return isNegative ? -value : value
    }

    /// Nanoseconds since 1970 of a date with a time of day.
    static func nanoseconds(ofDate text: String) -> Int64? {
        let bytes = Array((turned(text) ?? text).utf8)
        var at = 0
        func number(_ digits: Int) -> Int? {
            guard at + digits <= bytes.count else { return nil }
            var value = 0
            for _ in 0..<digits {
                guard (0x30...0x39).contains(bytes[at]) else { return nil }
                value = value * 10 + Int(bytes[at] - 0x30)
                at += 1
            }
            return value
        }
        func skip(_ signs: String) -> Bool {
            guard at < bytes.count, signs.utf8.contains(bytes[at]) else { return false }
            at += 1
            return true
        }
        guard let year = number(4), skip("-/"), let month = number(2), skip("-/"), let day = number(2), (1...12).contains(month), (1...31).contains(day),
            (1678...2261).contains(year)
        else { return nil }
        var (hour, minute, second, nanoseconds) = (0, 0, 0, Int64(0))
        var offset = 0
        if skip("T "), at < bytes.count {
            guard let h = number(2), skip(":"), let m = number(2), h < 24, m < 60 else { return nil }
            (hour, minute) = (h, m)
            if skip(":") {
                guard let s = number(2), s <= 60 else { return nil }
                second = s
                if skip(".,") {
                    var step: Int64 = 100_000_000
                    while at < bytes.count, (0x30...0x39).contains(bytes[at]) {
                        nanoseconds += Int64(bytes[at] - 0x30) * step
                        step /= 10
                        at += 1
                    }
                }
            }
            if !skip("Zz"), at < bytes.count {
                let isWest = bytes[at] == 0x2D
                guard skip("+-"), let h = number(2), h < 24 else { return nil }
                _ = skip(":")
                offset = (h * 60 + (number(2) ?? 0)) * (isWest ? -60 : 60)
            }
        }
        guard at == bytes.count else { return nil }
        let days = OCPPTimestamp.days(year: year, month: month, day: day)
        return (Int64(days) * 86_400 + Int64(hour * 3600 + minute * 60 + second - offset)) * 1_000_000_000 + nanoseconds
    }

    /// `14/02/2018 8:31:01 PM` as `2018-02-14 20:31:01`: the day comes first unless the second number is above 12; `nil` for other texts.
    private static func turned(_ text: String) -> String? {
        guard let slash = text.firstIndex(where: { $0 == "/" || $0 == "." }), text.distance(from: text.startIndex, to: slash) <= 2 else { return nil }
        let words = text.split(separator: " ")
        let parts = words[0].split(whereSeparator: { $0 == "/" || $0 == "." })
        guard words.count <= 3, parts.count == 3, parts[2].utf8.count == 4, let one = Int(parts[0]), let two = Int(parts[1]), one > 0, two > 0, one < 100,
            two < 100
        else { return nil }
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (day, month) = two > 12 ? (two, one) : (one, two)
        var result = "\(parts[2])-\(padded(month))-\(padded(day))"
        guard words.count > 1 else { return result }
        let time = words[1].split(separator: ":", maxSplits: 1)
        guard time.count == 2, var hour = Int(time[0]), (0..<24).contains(hour) else { return nil }
        if words.count > 2 {
            let half = words[2].lowercased()
            guard half == "am" || half == "pm", (1...12).contains(hour) else { return nil }
            hour = hour % 12 + (half == "pm" ? 12 : 0)
        }
        result += " \(padded(hour)):\(time[1])"
        return result
    }

    /// A time as it is written in results: a date, or seconds.
    public func text(_ nanoseconds: Int64) -> String {
        guard self == .date else { return Duration(nanoseconds: nanoseconds).secondsText }
        return OCPPTimestamp(epoch: 0, Instant(nanoseconds: nanoseconds)).text
    }
}
