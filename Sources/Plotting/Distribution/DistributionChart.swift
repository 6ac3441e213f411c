/// A picture of how long things took: one row for each of them, with its distribution over a logarithmic axis of time and its percentiles.
///
/// A chart is plain data; ``render()`` turns it into the bytes of a PNG file. The same chart gives the same bytes on every machine.
public struct DistributionChart: Sendable {
    /// The distribution of one thing.
    public struct Row: Sendable {
        /// How many values lie between two times.
        public struct Bin: Equatable, Sendable {
            /// Least time in seconds; 0 for values that took no time at all.
            public var from: Double
            /// First time beyond the bin, in seconds.
            public var to: Double
            /// Number of values.
            public var count: Double

            /// A bin.
            public init(from: Double, to: Double, count: Double) {
                self.from = from
                self.to = to
                self.count = count
            }
        }

        /// What took the time.
        public var name: String
        /// A smaller line below the name; may be empty.
        public var note = ""
        /// Values in ascending order of time; empty bins may be left out.
        public var bins: [Bin]
        /// Times of the percentiles of the chart, and the greatest one last; empty without values.
        public var values: [Double]

        /// A row.
        public init(name: String, note: String = "", bins: [Bin], values: [Double]) {
            self.name = name
            self.note = note
            self.bins = bins
            self.values = values
        }
    }

    /// The title at the top left; may be empty.
    public var title: String
    /// A smaller line below the title; may be empty.
    public var subtitle = ""
    /// What the axis counts.
    public var axis = "Time"
    /// Heads of the columns of values: names of the percentiles and of the greatest value.
    public var columns = ["p50", "p90", "p99", "max"]
    /// What stands in the middle when there is no row.
    public var emptyText = "nothing was measured"
    /// What stands in the middle when nothing took any time.
    public var zeroText = "nothing took any time"
    /// The rows from top to bottom.
    public var rows: [Row]
    /// The width in points, 200…8192.
    public var width: Double = 1200
    /// The height in points, 120…8192.
    public var height: Double = 600
    /// Pixels in a point.
    public var scale: Double = 1
    /// The colours.
    public var theme = Theme.light

    /// A chart with the settings that suit most.
    public init(title: String, rows: [Row]) {
        self.title = title
        self.rows = rows
    }

    /// Draws the chart and returns the bytes of a PNG file.
    public func render() throws(PlotError) -> [UInt8] {
        guard width >= 200, height >= 120 else {
            throw .sizeOutOfRange(width: DistributionChart.pixels(width * scale), height: DistributionChart.pixels(height * scale))
        }
        var canvas = try Canvas(width: width, height: height, scale: scale, background: theme.page)
        canvas.coverageSteps = 16
        DistributionDrawing(self).draw(on: &canvas)
        return try canvas.png(reduced: true)
    }

    private static func pixels(_ value: Double) -> Int { value.magnitude < 1e15 ? Int(value) : -1 }
}

/// The logarithmic axis of a distribution: whole decades, or less where the values lie close together.
struct LogarithmicAxis: Equatable {
    /// Logarithms to base 10 of both ends.
    var low: Double
    var high: Double
    /// Times with a text.
    var labels: [(time: Double, text: String)] { ticks(labelled: true) }

    /// An axis that holds all of these times, which are greater than zero.
    init(_ least: Double, _ greatest: Double) {
        guard least > 0, greatest >= least, greatest.isFinite else {
            (low, high) = (-3, 0)
            return
        }
        low = Self.border(least, up: false)
        high = Self.border(greatest, up: true)
        if high - low < 0.9 {
            // Less than a decade: half a decade more on each side.
            low = Self.border(least / 2.2, up: false)
            high = Self.border(greatest * 2.2, up: true)
        }
    }

    static func == (one: LogarithmicAxis, other: LogarithmicAxis) -> Bool { one.low == other.low && one.high == other.high }

    /// The logarithm of the nearest 1, 2 or 5 times a power of ten.
    private static func border(_ time: Double, up: Bool) -> Double {
        let exponent = NumberText.decade(time)
        let mantissa = NumberText.scaled(time, by: -exponent)
        let steps = [1.0, 2, 5, 10]
        let step = up ? steps.first { mantissa <= $0 * 1.000001 } ?? 10 : steps.last { mantissa >= $0 * 0.999999 } ?? 1
        return log10(step) + Double(exponent)
    }

    /// The place of a time from 0 to 1.
    func place(_ time: Double) -> Double { time <= 0 ? 0 : min(1, max(0, (Self.log10(time) - low) / (high - low))) }

    /// Times at 1, 2 and 5 of each decade, or the decades only when there are many.
    func ticks(labelled: Bool) -> [(time: Double, text: String)] {
        let decades = high - low
        let digits: [Double] = labelled ? (decades <= 3.05 ? [1, 2, 5] : [1]) : [1, 2, 3, 4, 5, 6, 7, 8, 9]
        var ticks: [(time: Double, text: String)] = []
        var exponent = Int(low.rounded(.down))
        while Double(exponent) <= high, ticks.count < 400 {
            for digit in digits {
                let time = NumberText.scaled(digit, by: exponent)
                let place = Self.log10(digit) + Double(exponent)
                if place >= low - 1e-6, place <= high + 1e-6 { ticks.append((time, Self.text(time))) }
            }
            exponent += 1
        }
        return ticks
    }

    /// A time with the unit that suits it: `250 ms`, `1.5 s`, `2 min`.
    static func text(_ time: Double) -> String {
        guard time > 0 else { return "0" }
        if time >= 3600 { return "\(NumberText.significant(time / 3600, digits: 3)) h" }
        if time >= 120 { return "\(NumberText.significant(time / 60, digits: 3)) min" }
        if time >= 0.9995 { return "\(NumberText.significant(time, digits: 3)) s" }
        if time >= 0.9995e-3 { return "\(NumberText.significant(time * 1e3, digits: 3)) ms" }
        if time >= 0.9995e-6 { return "\(NumberText.significant(time * 1e6, digits: 3)) µs" }
        return "\(NumberText.significant(time * 1e9, digits: 3)) ns"
    }

    /// The logarithm to base 10 by operations whose result is the same everywhere, right to 1e-12.
    static func log10(_ value: Double) -> Double {
        guard value > 0, value.isFinite else { return 0 }
        // value = m * 2^e with m in [0.7, 1.42); ln m = 2 atanh((m - 1) / (m + 1)).
        var mantissa = value.significand
        var exponent = Double(value.exponent)
        if mantissa > 1.4142135623730951 {
            mantissa /= 2
            exponent += 1
        }
        let z = (mantissa - 1) / (mantissa + 1)
        var term = z
        var sum = 0.0
        for index in 0..<16 {
            sum += term / Double(2 * index + 1)
            term *= z * z
        }
        return exponent * 0.3010299956639812 + 2 * sum * 0.4342944819032518
    }
}
