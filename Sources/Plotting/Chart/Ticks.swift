/// The ticks of an axis: round values at even steps with their texts.
struct Ticks: Equatable {
    /// The values with a text, in the unit of the axis data.
    var values: [Double] = []
    /// The texts.
    var texts: [String] = []
    /// The values of the small ticks between.
    var minor: [Double] = []
    /// The unit of the texts, for the axis label; empty when the texts speak for themselves.
    var unit = ""

    /// The most ticks an axis may have.
    private static let limit = 400.0

    /// The smallest step of the form 1, 2 or 5 times a power of ten that is no smaller than this; with its last decimal place and its parts.
    static func niceStep(_ least: Double) -> (step: Double, decimals: Int, parts: Int) {
        guard least > 0, least.isFinite else { return (1, 0, 5) }
        var exponent = NumberText.decade(least)
        let mantissa = NumberText.scaled(least, by: -exponent)
        var digit = 1.0, parts = 5
        if mantissa <= 1.000000001 {
            digit = 1
        } else if mantissa <= 2.000000001 {
            (digit, parts) = (2, 4)
        } else if mantissa <= 5.000000001 {
            digit = 5
        } else {
            exponent += 1
        }
        return (NumberText.scaled(digit, by: exponent), max(0, -exponent), parts)
    }

    /// No ticks.
    init() {}

    /// Ticks at multiples of a step in a range.
    init(from low: Double, to high: Double, step: Double, parts: Int, text: (Double) -> String) {
        let slack = step * 1e-6
        let first = ((low - slack) / step).rounded(.up), last = ((high + slack) / step).rounded(.down)
        guard step > 0, last >= first, last - first < Self.limit, first.magnitude < 1e15 else { return }
        var index = first
        while index <= last {
            values.append(index * step)
            texts.append(text(index * step))
            index += 1
        }
        guard parts > 1 else { return }
        let small = step / Double(parts)
        var place = ((low - slack) / small).rounded(.up)
        let end = ((high + slack) / small).rounded(.down)
        while place <= end {
            if place.truncatingRemainder(dividingBy: Double(parts)) != 0 { minor.append(place * small) }
            place += 1
        }
    }

    /// Ticks of a value axis, at least `spacing` apart on an axis of this length.
    static func values(from low: Double, to high: Double, length: Double, spacing: Double, prefix: UnitPrefix) -> Ticks {
        let (from, to) = (prefix.convert(low), prefix.convert(high))
        let (step, decimals, parts) = niceStep((to - from) * spacing / max(1, length))
        var ticks = Ticks(from: from, to: to, step: step, parts: parts) { NumberText.fixed($0, decimals: decimals) }
        ticks.values = ticks.values.map { NumberText.scaled($0, by: prefix.exponent) }
        ticks.minor = ticks.minor.map { NumberText.scaled($0, by: prefix.exponent) }
        ticks.unit = prefix.unit
        return ticks
    }
}

// MARK: Time

extension Ticks {
    /// How times are written.
    private enum Notation {
        case seconds(exponent: Int)
        case minutes
        case hoursMinutes
        case hoursMinutesSeconds
        case days
    }

    private static let clockSteps: [(Double, Int)] = [
        (1, 5), (2, 4), (5, 5), (10, 5), (15, 3), (30, 3), (60, 4), (120, 4), (300, 5), (600, 5), (900, 3), (1800, 3), (3600, 4), (7200, 4), (10_800, 3),
        (21_600, 6), (43_200, 4), (86_400, 4), (172_800, 2), (432_000, 5), (864_000, 5),
    ]

    /// Ticks of a time axis: no two texts, measured by `width`, come nearer than a letter or two.
    static func times(from low: Double, to high: Double, length: Double, width: (String) -> Double) -> Ticks {
        let span = high - low, reach = max(low.magnitude, high.magnitude)
        let notation: Notation
        switch (span, reach) {
        case (..<1.5e-4, ..<1e-3): notation = .seconds(exponent: -6)
        case (..<1, ..<1.5): notation = .seconds(exponent: -3)
        case (...600, ..<10_000): notation = .seconds(exponent: 0)
        case (..<1, _): notation = .seconds(exponent: 0)
        case (...600, _): notation = .hoursMinutesSeconds
        case (...7200, ..<60_000): notation = .minutes
        case (..<345_600, _): notation = .hoursMinutes
        default: notation = .days
        }
        var least = span * 56 / max(1, length)
        for _ in 0..<40 {
            let ticks = make(low, high, least, notation)
            let widest = ticks.texts.reduce(0) { max($0, width($1)) }
            let step = ticks.values.count > 1 ? (ticks.values[1] - ticks.values[0]) / span * length : .infinity
            if step >= widest + 16 { return ticks }
            least *= 1.5
        }
        return Ticks(from: 0, to: -1, step: 1, parts: 1) { _ in "" }
    }

    private static func make(_ low: Double, _ high: Double, _ least: Double, _ notation: Notation) -> Ticks {
        switch notation {
        case .seconds(let exponent):
            let unit = exponent == 0 ? "s" : exponent == -3 ? "ms" : "µs"
            let prefix = UnitPrefix(unit: unit, exponent: exponent)
            let (from, to) = (prefix.convert(low), prefix.convert(high))
            let (step, decimals, parts) = niceStep(prefix.convert(least))
            var ticks = Ticks(from: from, to: to, step: step, parts: parts) { NumberText.fixed($0, decimals: decimals) }
            ticks.values = ticks.values.map { NumberText.scaled($0, by: exponent) }
            ticks.minor = ticks.minor.map { NumberText.scaled($0, by: exponent) }
            ticks.unit = unit
            return ticks
        case .minutes:
            let (step, parts) = clockStep(max(60, least))
            var ticks = Ticks(from: low, to: high, step: step, parts: parts) { NumberText.fixed($0 / 60, decimals: 0) }
            ticks.unit = "min"
            return ticks
        case .hoursMinutes:
            let (step, parts) = clockStep(max(60, least))
            var ticks = Ticks(from: low, to: high, step: step, parts: parts) { clock($0, seconds: false) }
            ticks.unit = "h:min"
            return ticks
        case .hoursMinutesSeconds:
            let (step, parts) = clockStep(max(1, least))
            var ticks = Ticks(from: low, to: high, step: step, parts: parts) { clock($0, seconds: true) }
            ticks.unit = "h:min:s"
            return ticks
        case .days:
            let (step, decimals, parts) = niceStep(least / 86_400)
            var ticks = Ticks(from: low, to: high, step: max(step, 0.1) * 86_400, parts: parts) { NumberText.fixed($0 / 86_400, decimals: decimals) }
            ticks.unit = "days"
            return ticks
        }
    }

    private static func clockStep(_ least: Double) -> (Double, Int) {
        for (step, parts) in clockSteps where step >= least * 0.999999 { return (step, parts) }
        let (step, _, parts) = niceStep(least / 86_400)
        return (step * 86_400, parts)
    }

    private static func clock(_ time: Double, seconds: Bool) -> String {
        guard time.magnitude < 1e15 else { return "" }
        let whole = Int(time.magnitude.rounded())
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let text = "\(whole / 3600):" + two(whole / 60 % 60) + (seconds ? ":" + two(whole % 60) : "")
        return time < 0 && whole > 0 ? "−" + text : text
    }
}

extension UnitPrefix {
    /// A given power of ten with the name of the unit that it makes.
    init(unit: String, exponent: Int) {
        self.unit = unit
        self.exponent = exponent
    }
}
