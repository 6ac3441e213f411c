/// A picture of intervals over time, one lane for each name: what was wrong above, what detectors said below.
///
/// A chart is plain data; ``render()`` turns it into the bytes of a PNG file. The same chart gives the same bytes on every machine.
public struct TimelineChart: Sendable {
    /// One lane.
    public struct Lane: Sendable {
        /// What a lane shows.
        public enum Kind: Sendable {
            /// The ground truth.
            case label
            /// Alarms.
            case alarm(Band.Severity)
        }

        /// Its name.
        public var name: String
        /// A text at the right end, such as `3 of 3`; may be empty.
        public var note: String
        /// What it shows.
        public var kind: Kind
        /// Intervals in seconds; those without an end last.
        public var intervals: [(start: Double, end: Double?)]

        /// A lane.
        public init(name: String, note: String = "", kind: Kind, intervals: [(start: Double, end: Double?)]) {
            self.name = name
            self.note = note
            self.kind = kind
            self.intervals = intervals
        }
    }

    /// The title at the top left; may be empty.
    public var title: String
    /// A smaller line below the title; may be empty.
    public var subtitle = ""
    /// Lanes from top to bottom, those of the truth first.
    public var lanes: [Lane]
    /// The first and the last time that is shown, in seconds.
    public var range: (from: Double, to: Double)
    /// What stands in the middle when there is no lane.
    public var emptyText = "nothing to show"
    /// The width in points, 200…8192.
    public var width: Double = 1200
    /// The height in points, 120…8192.
    public var height: Double = 600
    /// Pixels in a point.
    public var scale: Double = 1
    /// The colours.
    public var theme = Theme.light

    /// A chart of lanes.
    public init(title: String, lanes: [Lane], range: (from: Double, to: Double)) {
        self.title = title
        self.lanes = lanes
        self.range = range
    }

    /// Draws the chart and returns the bytes of a PNG file.
    public func render() throws(PlotError) -> [UInt8] {
        guard width >= 200, height >= 120, width <= 8192, height <= 8192 else {
            throw .sizeOutOfRange(width: width.magnitude < 1e15 ? Int(width) : -1, height: height.magnitude < 1e15 ? Int(height) : -1)
        }
        var canvas = try Canvas(width: width, height: height, scale: scale, background: theme.page)
        canvas.coverageSteps = 16
        TimelineDrawing(self).draw(on: &canvas)
        return try canvas.png(reduced: true)
    }
}

/// A timeline being drawn.
struct TimelineDrawing {
    private let chart: TimelineChart
    private let theme: Theme
    private let unit: Double
    private let box: Rectangle
    private let lane: Double
    private let shown: Int
    private let from: Double
    private let to: Double

    init(_ chart: TimelineChart) {
        self.chart = chart
        theme = chart.theme
        unit = max(0.62, min(1.25, min(chart.width / 900, chart.height / 500)))
        let unit = unit
        func width(_ text: String, _ size: Double, _ weight: Font.Weight = .regular) -> Double {
            Canvas.measure(text, Font(size: max(8, size * unit), weight: weight), scale: chart.scale).width
        }
        let margin = (22 * unit).rounded()
        let top = (margin + (chart.title.isEmpty ? 0 : 19 * unit * 1.3) + (chart.subtitle.isEmpty ? 0 : 13 * unit * 1.4) + 12 * unit).rounded()
        let bottom = (chart.height - margin * 0.8 - 46 * unit).rounded()
        let most = max(1, Int((bottom - top) / (18 * unit)))
        shown = min(chart.lanes.count, chart.lanes.count > most ? most - 1 : most)
        let names = chart.lanes.prefix(shown).reduce(60 * unit) { max($0, width($1.name, 12.5, .medium)) }
        let notes = chart.lanes.prefix(shown).reduce(0) { max($0, width($1.note, 12)) }
        let left = (margin + min(names, chart.width * 0.28) + 16 * unit).rounded()
        let right = (chart.width - margin - (notes > 0 ? min(notes, chart.width * 0.2) + 14 * unit : 0)).rounded()
        box = Rectangle(x: left, y: top, width: max(40, right - left), height: max(20, bottom - top))
        lane = box.height / Double(max(1, shown + (shown < chart.lanes.count ? 1 : 0)))
        let (low, high) = (chart.range.from, chart.range.to)
        (from, to) = low.isFinite && high.isFinite && high > low ? (low, high) : (0, 1)
    }

    private func font(_ size: Double, _ weight: Font.Weight = .regular) -> Font { Font(size: max(8, size * unit), weight: weight) }
    private var margin: Double { (22 * unit).rounded() }
    private func width(_ text: String, _ font: Font) -> Double { Canvas.measure(text, font, scale: chart.scale).width }
    private func crisp(_ value: Double) -> Double { (value * chart.scale).rounded() / chart.scale }
    private func x(_ time: Double) -> Double { box.x + box.width * max(0, min(1, (time - from) / (to - from))) }

    private func fitted(_ text: String, _ font: Font, _ room: Double) -> String {
        if text.utf8.count < 600, width(text, font) <= room { return text }
        var letters = Array(text.prefix(120))
        while !letters.isEmpty, width(String(letters) + "…", font) > room { letters.removeLast() }
        return letters.isEmpty ? "" : String(letters) + "…"
    }

    func draw(on canvas: inout Canvas) {
        var y = margin + 19 * unit * 0.74
        let room = chart.width - 2 * margin
        if !chart.title.isEmpty {
            canvas.draw(fitted(chart.title, font(19, .bold), room), at: Point(margin, y), font(19, .bold), theme.ink)
            y += 13 * unit * 1.6
        }
        if !chart.subtitle.isEmpty { canvas.draw(fitted(chart.subtitle, font(13), room), at: Point(margin, y), font(13), theme.muted) }
        guard shown > 0 else {
            canvas.draw(chart.emptyText, at: Point(chart.width / 2, chart.height / 2), font(14), theme.muted, align: .center)
            return
        }
        let used = Rectangle(x: box.x, y: box.y, width: box.width, height: lane * Double(shown))
        canvas.fill(used, theme.plot)
        axis(used, on: &canvas)
        shadows(used, on: &canvas)
        for index in 0..<shown { draw(index, on: &canvas) }
        if shown < chart.lanes.count {
            canvas.draw("… and \(chart.lanes.count - shown) more", at: Point(margin, used.maxY + lane / 2 + 4 * unit), font(11.5), theme.muted)
        }
    }

    /// The truth as a faint ground behind all lanes, so that each alarm is seen to be right or wrong.
    private func shadows(_ used: Rectangle, on canvas: inout Canvas) {
        var spans: [(Double, Double)] = []
        for lane in chart.lanes.prefix(shown) {
            guard case .label = lane.kind else { continue }
            spans += lane.intervals.map { (x($0.start), x($0.end ?? to)) }
        }
        var reached = -Double.infinity
        for (start, end) in spans.sorted(by: { $0.0 < $1.0 }) where end > reached {
            let left = max(start, reached)
            canvas.fill(Rectangle(x: left, y: used.y, width: max(end - left, 1 / chart.scale), height: used.height), theme.label.opacity(0.12))
            reached = max(end, left)
        }
    }

    private func draw(_ index: Int, on canvas: inout Canvas) {
        let row = chart.lanes[index]
        let top = box.y + lane * Double(index)
        let middle = top + lane / 2
        let name = font(12.5, .medium)
        canvas.draw(fitted(row.name, name, box.x - margin - 12 * unit), at: Point(margin, middle + name.size * 0.36), name, theme.ink)
        canvas.fill(Rectangle(x: box.x, y: crisp(top + lane) - 1 / chart.scale, width: box.width, height: 1 / chart.scale), theme.grid)
        let color: Color
        switch row.kind {
        case .label: color = theme.label
        case .alarm(let severity): color = theme.color(of: severity)
        }
        // A few lanes do not become thick bars.
        let height = min(lane * 0.56, 30 * unit)
        var reached = -Double.infinity
        for interval in row.intervals {
            let left = max(x(interval.start), reached)
            // A short alarm must still be seen.
            let right = max(x(interval.end ?? to), x(interval.start) + 2.2 * unit)
            guard interval.start <= to, interval.end ?? to >= from, right > left else { continue }
            let bar = Rectangle(x: left, y: middle - height / 2, width: right - left, height: height)
            canvas.fill(bar, radius: bar.width > 6 * unit ? 2.5 * unit : 0, color)
            reached = right
        }
        if !row.note.isEmpty {
            canvas.draw(
                fitted(row.note, font(12), chart.width - margin - box.maxX - 8 * unit), at: Point(chart.width - margin, middle + font(12).size * 0.36),
                font(12), theme.muted, align: .right)
        }
    }

    private func axis(_ used: Rectangle, on canvas: inout Canvas) {
        let small = font(12)
        let ticks = Ticks.times(from: from, to: to, length: box.width) { width($0, small) }
        let base = used.maxY + 8 * unit + small.size * 0.72
        for (value, text) in zip(ticks.values, ticks.texts) {
            let center = x(value)
            canvas.fill(Rectangle(x: crisp(center), y: used.y, width: 1 / chart.scale, height: used.height), theme.grid)
            canvas.fill(Rectangle(x: crisp(center), y: used.maxY, width: 1 / chart.scale, height: 5 * unit), theme.axis)
            let half = width(text, small) / 2
            canvas.draw(text, at: Point(min(max(center, box.x + half - 8 * unit), chart.width - margin - half), base), small, theme.muted, align: .center)
        }
        let label = font(12.5, .medium)
        let text = ticks.unit.isEmpty ? "Time" : "Time (\(ticks.unit))"
        canvas.draw(text, at: Point(box.x + box.width / 2, base + 9 * unit + label.size * 0.72), label, theme.ink, align: .center)
    }
}
