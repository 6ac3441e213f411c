/// A chart being drawn: the chart, what its series amount to, and where everything goes.
struct ChartDrawing {
    /// One panel with its place and its axis.
    struct PlacedPanel {
        var panel: Panel
        /// The plot within the axes.
        var box = Rectangle(x: 0, y: 0, width: 0, height: 0)
        var traces: [Trace] = []
        var colors: [Color] = []
        var low = 0.0
        var high = 1.0
        var prefix = UnitPrefix(unit: "", exponent: 0)
        var ticks = Ticks(from: 0, to: -1, step: 1, parts: 1) { _ in "" }
        /// The legend's place in the plot; `nil` when it stands above the plot or nowhere.
        var legend: Rectangle?
        var legendAbove = false
    }

    let chart: Chart
    let theme: Theme
    /// The size of everything, in parts of that of a picture of 1000 x 560.
    let unit: Double
    /// The visible times.
    let start: Double
    let end: Double
    let includesStart: Bool
    var panels: [PlacedPanel] = []
    var times = Ticks(from: 0, to: -1, step: 1, parts: 1) { _ in "" }
    /// Ground truth with the number of its lane.
    var lanes: [(band: Band, lane: Int)] = []
    var laneCount = 0
    /// The statistics' place in the first plot, or below it.
    var statistics: Rectangle?
    var statisticsBelow = false
    var showsBanner = false

    /// Checks the chart and gathers what it shows.
    init(_ chart: Chart) throws(PlotError) {
        self.chart = chart
        theme = chart.theme
        unit = max(0.62, min(1.25, min(chart.width / 900, chart.height / 500)))
        for panel in chart.panels {
            for series in panel.series { try Self.check(series) }
        }
        (start, end, includesStart) = try Self.range(of: chart)
        let columns = max(1, Int(chart.width * chart.scale))
        var number = 0
        for (index, panel) in chart.panels.enumerated() {
            var placed = PlacedPanel(panel: panel)
            for series in panel.series {
                placed.traces.append(
                    Trace(
                        series.samples, from: start, to: end, includesStart: includesStart, columns: columns, carries: series.style != .points,
                        isKept: series.style == .step))
                placed.colors.append(series.color ?? theme.color(ofSeries: number))
                number += 1
            }
            try placed.setRange(index)
            panels.append(placed)
        }
        placeLanes()
        showsBanner = chart.showsBanner && !activeAlarms.isEmpty
        layOut()
    }

    private static func check(_ series: Series) throws(PlotError) {
        var wrong = -1
        series.samples.withUnsafeBufferPointer { samples in
            var before = -Double.infinity
            for index in samples.indices {
                // Also true for NaN, and for infinite times.
                if !(samples[index].time >= before && samples[index].time < .infinity && samples[index].time > -.infinity) {
                    wrong = index
                    return
                }
                before = samples[index].time
            }
        }
        if wrong >= 0 { throw .timesNotAscending(series: series.name, index: wrong) }
    }

    private static func range(of chart: Chart) throws(PlotError) -> (Double, Double, Bool) {
        var first = Double.infinity, last = -Double.infinity
        for panel in chart.panels {
            for series in panel.series {
                if let sample = series.samples.first { first = min(first, sample.time) }
                if let sample = series.samples.last { last = max(last, sample.time) }
            }
        }
        switch chart.timeRange {
        case .from(let from, let to):
            guard from.isFinite, to.isFinite, to > from, (to - from).isFinite, to - from > 1e-12 * max(from.magnitude, to.magnitude) else {
                throw .timeRangeInvalid
            }
            return (from, to, true)
        case .last(let seconds, let end):
            guard seconds > 0, seconds.isFinite else { throw .timeRangeInvalid }
            let to = end ?? (last.isFinite ? last : seconds)
            guard to.isFinite, to - seconds < to, (to - seconds).isFinite else { throw .timeRangeInvalid }
            return (to - seconds, to, false)
        case .all:
            guard first.isFinite, last.isFinite else { return (0, 1, true) }
            guard (last - first).isFinite else { throw .timeRangeInvalid }
            if last - first <= 1e-12 * max(first.magnitude, last.magnitude) {
                let margin = max(0.5, first.magnitude * 1e-3)
                return (first - margin, last + margin, true)
            }
            return (first > 0 && first <= (last - first) * 0.1 ? 0 : first, last, true)
        }
    }

    /// The alarms that last beyond the end of the visible times.
    var activeAlarms: [Band] {
        chart.bands.filter { band in
            guard case .alarm = band.kind else { return false }
            return band.start <= end && (band.end.map { $0 > end } ?? true)
        }
    }

    private mutating func placeLanes() {
        var ends: [Double] = []
        for band in chart.bands where band.kind == .label && band.start < end && (band.end ?? .infinity) > start {
            let lane = ends.firstIndex { $0 <= band.start } ?? ends.count
            if lane == ends.count {
                guard lane < 4 else { continue }
                ends.append(0)
            }
            ends[lane] = band.end ?? .infinity
            lanes.append((band, lane))
        }
        laneCount = ends.count
    }

    // MARK: Coordinates

    /// The x of a time.
    func x(_ time: Double) -> Double {
        let box = panels[0].box
        return box.x + (time - start) / (end - start) * box.width
    }
}

extension ChartDrawing.PlacedPanel {
    /// The y of a value.
    func y(_ value: Double) -> Double { box.maxY - (value - low) / (high - low) * box.height }

    /// Chooses the range of the y axis.
    mutating func setRange(_ index: Int) throws(PlotError) {
        if case .fixed(let from, let to) = panel.valueRange {
            guard from.isFinite, to.isFinite, to > from, (to - from).isFinite, to - from > 1e-12 * max(from.magnitude, to.magnitude) else {
                throw .valueRangeInvalid(panel: index)
            }
            (low, high) = (from, to)
        } else {
            var least = Double.infinity, most = -Double.infinity
            for trace in traces {
                least = min(least, trace.minimum)
                most = max(most, trace.maximum)
            }
            if least > most { (least, most) = (0, 1) }
            // Values beyond what a difference of doubles can hold are shown clipped.
            (least, most) = (max(least, -4e307), min(most, 4e307))
            if panel.valueRange == .automatic { (least, most) = (min(least, 0), max(most, 0)) }
            if most - least <= 1e-9 * max(least.magnitude, most.magnitude) {
                let margin = max(least.magnitude, most.magnitude) * 0.1
                (least, most) = margin == 0 ? (0, 1) : (least - margin, most + margin)
            }
            let room = (most - least) * 0.08
            low = least < 0 || panel.valueRange == .tight ? least - room : 0
            high = most > 0 || panel.valueRange == .tight ? most + room : 0
        }
        let name = panel.unit.isEmpty ? panel.series.first?.unit ?? "" : panel.unit
        prefix = UnitPrefix(unit: name, magnitude: max(low.magnitude, high.magnitude))
    }

    /// A tick for each state that occurs, from below; those that would come too near to one that has its text go without.
    func stateTicks(spacing: Double, height: Double) -> Ticks {
        var occurs = [Bool](repeating: false, count: panel.names.count)
        for series in panel.series {
            for sample in series.samples where sample.value >= 0 && sample.value < Double(occurs.count) { occurs[Int(sample.value)] = true }
        }
        var ticks = Ticks()
        var last = -Double.infinity
        for (value, name) in panel.names.enumerated() where occurs[value] && Double(value) >= low && Double(value) <= high {
            let place = high > low ? (Double(value) - low) / (high - low) * height : 0
            guard place - last >= spacing else { continue }
            last = place
            ticks.values.append(Double(value))
            ticks.texts.append(name)
        }
        return ticks
    }

    /// A value in the unit of the axis, with as many decimals as give the greatest visible value four digits.
    func text(of value: Double) -> String {
        if value >= 0, value < Double(panel.names.count) { return panel.names[Int(value)] }
        let most = traces.first.map { max($0.minimum.magnitude, $0.maximum.magnitude) } ?? value.magnitude
        let decade = NumberText.decade(prefix.convert(most))
        if decade >= 6 || decade < -4 { return NumberText.significant(prefix.convert(value), digits: 4) }
        return NumberText.trimmed(NumberText.fixed(prefix.convert(value), decimals: max(0, 3 - decade)))
    }

    /// The points of a trace in the plot: corners for steps.
    func points(_ run: [Sample], style: Series.Style, until end: Double, x: (Double) -> Double) -> [Point] {
        var points: [Point] = []
        points.reserveCapacity(run.count * (style == .step ? 2 : 1) + 1)
        for sample in run {
            // Far outside is as good as just outside, and safe to multiply.
            let point = Point(x(sample.time), max(box.y - 4000, min(box.maxY + 4000, y(sample.value))))
            if style == .step, let before = points.last, before.y != point.y { points.append(Point(point.x, before.y)) }
            points.append(point)
        }
        if style == .step, let last = points.last, last.x < x(end) { points.append(Point(x(end), last.y)) }
        return points
    }
}
