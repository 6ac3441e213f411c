/// A distribution chart being drawn.
struct DistributionDrawing {
    private let chart: DistributionChart
    private let theme: Theme
    /// The size of everything, in parts of that of a picture of 900 x 500.
    private let unit: Double
    private let rows: [DistributionChart.Row]
    private let axis: LogarithmicAxis
    /// Whether some values took no time at all and need a place left of the axis.
    private let hasZero: Bool
    private let box: Rectangle
    private let lane: Double
    /// Width of each column of values.
    private let column: Double

    private static let leastLane = 26.0

    init(_ chart: DistributionChart) {
        self.chart = chart
        theme = chart.theme
        unit = max(0.62, min(1.25, min(chart.width / 900, chart.height / 500)))
        let unit = unit
        func width(_ text: String, _ size: Double, _ weight: Font.Weight = .regular) -> Double {
            Canvas.measure(text, Font(size: max(8, size * unit), weight: weight), scale: chart.scale).width
        }
        let margin = (22 * unit).rounded()
        let top = (margin + (chart.title.isEmpty ? 0 : 19 * unit * 1.3) + (chart.subtitle.isEmpty ? 0 : 13 * unit * 1.4) + 26 * unit).rounded()
        let bottom = (chart.height - margin * 0.8 - 46 * unit).rounded()
        let most = max(1, Int((bottom - top) / (Self.leastLane * unit)))
        rows = Array(chart.rows.prefix(chart.rows.count > most ? most - 1 : most))
        let bins = rows.flatMap(\.bins).filter { $0.count > 0 }
        let times = bins.filter { $0.from > 0 }
        hasZero = bins.contains { $0.from <= 0 }
        let ends = rows.flatMap(\.values).filter { $0 > 0 }
        let least = times.reduce(Double.infinity) { Swift.min($0, $1.from) }
        let greatest = Swift.max(times.reduce(0) { Swift.max($0, $1.from) }, ends.reduce(0, Swift.max))
        axis = LogarithmicAxis(least, greatest)
        let names = rows.reduce(60 * unit) { Swift.max($0, width($1.name, 12.5, .medium), width($1.note, 11.5)) }
        let left = (margin + Swift.min(names, chart.width * 0.28) + 16 * unit + (hasZero ? 46 * unit : 0)).rounded()
        let values = rows.flatMap { $0.values.map(LogarithmicAxis.text) }
        let heads = chart.columns.reduce(0) { Swift.max($0, width($1, 11.5, .medium) + 14 * unit) }
        column = (chart.width < 560 ? 0 : values.reduce(heads) { Swift.max($0, width($1, 12)) } + 18 * unit).rounded()
        let right = (chart.width - margin - column * Double(chart.columns.count) - 6 * unit).rounded()
        box = Rectangle(x: left, y: top, width: Swift.max(40, right - left), height: Swift.max(20, bottom - top))
        lane = box.height / Double(Swift.max(1, rows.count + (rows.count < chart.rows.count ? 1 : 0)))
    }

    // MARK: Measures

    private func font(_ size: Double, _ weight: Font.Weight = .regular) -> Font { Font(size: max(8, size * unit), weight: weight) }
    private var margin: Double { (22 * unit).rounded() }
    private func x(_ time: Double) -> Double { box.x + box.width * axis.place(time) }
    private func width(_ text: String, _ font: Font) -> Double { Canvas.measure(text, font, scale: chart.scale).width }

    private func crisp(_ value: Double) -> Double { (value * chart.scale).rounded() / chart.scale }

    private func fitted(_ text: String, _ font: Font, _ room: Double) -> String {
        if text.utf8.count < 600, width(text, font) <= room { return text }
        var letters = Array(text.prefix(120))
        while !letters.isEmpty, width(String(letters) + "…", font) > room { letters.removeLast() }
        return letters.isEmpty ? "" : String(letters) + "…"
    }

    // MARK: Drawing

    func draw(on canvas: inout Canvas) {
        header(on: &canvas)
        guard !chart.rows.isEmpty else {
            canvas.draw(chart.emptyText, at: Point(chart.width / 2, chart.height / 2), font(14), theme.muted, align: .center)
            return
        }
        canvas.fill(box, theme.plot)
        if hasZero { canvas.fill(zero, theme.plot) }
        grid(on: &canvas)
        for index in rows.indices { draw(index, on: &canvas) }
        scale(on: &canvas)
        columns(on: &canvas)
        if hasZero, rows.allSatisfy({ $0.values.last.map { $0 <= 0 } ?? true }) {
            let center = Point(box.x + box.width / 2, box.y + box.height / 2)
            canvas.draw(chart.zeroText, at: center, font(13), theme.muted, align: .center)
        }
        if rows.count < chart.rows.count {
            let y = box.maxY - lane / 2 + 4 * unit
            canvas.draw("… and \(chart.rows.count - rows.count) more", at: Point(margin, y), font(11.5), theme.muted)
        }
    }

    private func header(on canvas: inout Canvas) {
        var y = margin + 19 * unit * 0.74
        let room = chart.width - 2 * margin
        if !chart.title.isEmpty {
            canvas.draw(fitted(chart.title, font(19, .bold), room), at: Point(margin, y), font(19, .bold), theme.ink)
            y += 13 * unit * 1.6
        }
        if !chart.subtitle.isEmpty { canvas.draw(fitted(chart.subtitle, font(13), room), at: Point(margin, y), font(13), theme.muted) }
    }

    /// The place of values that took no time, left of the axis.
    private var zero: Rectangle { Rectangle(x: box.x - 42 * unit, y: box.y, width: 22 * unit, height: box.height) }

    private func grid(on canvas: inout Canvas) {
        let fine = 1 / chart.scale
        for tick in axis.ticks(labelled: false) {
            canvas.fill(Rectangle(x: crisp(x(tick.time)), y: box.y, width: fine, height: box.height), theme.grid)
        }
        for tick in axis.labels { canvas.fill(Rectangle(x: crisp(x(tick.time)), y: box.y, width: fine, height: box.height), theme.axis.opacity(0.4)) }
    }

    /// One row: its name, the values as steps, its percentiles.
    private func draw(_ index: Int, on canvas: inout Canvas) {
        let row = rows[index]
        let color = theme.color(ofSeries: index)
        let top = box.y + lane * Double(index)
        let base = crisp(top + lane)
        let high = lane * 0.78
        let greatest = row.bins.reduce(0) { max($0, density($1)) }
        names(row, top, on: &canvas)
        for bin in row.bins where bin.count > 0 && greatest > 0 {
            let tall = max(1.5 * unit, high * density(bin) / greatest)
            if bin.from <= 0 {
                canvas.fill(Rectangle(x: zero.x, y: base - tall, width: zero.width, height: tall), color.opacity(0.55))
                continue
            }
            // Bins of one value are a nanosecond wide: they are drawn as wide as can be seen.
            let left = x(bin.from), right = max(x(bin.to), left + 2.5 * unit)
            canvas.fill(Rectangle(x: crisp(left), y: base - tall, width: max(1 / chart.scale, crisp(right) - crisp(left)), height: tall), color.opacity(0.55))
        }
        canvas.fill(
            Rectangle(x: hasZero ? zero.x : box.x, y: base - 1 / chart.scale, width: box.maxX - (hasZero ? zero.x : box.x), height: 1 / chart.scale), theme.axis
        )
        for (place, value) in row.values.enumerated().reversed() { mark(place, value, base, color, on: &canvas) }
        var right = box.maxX + 6 * unit
        guard column > 0 else { return }
        for (place, value) in row.values.prefix(chart.columns.count).enumerated() {
            right += column
            canvas.draw(
                LogarithmicAxis.text(value), at: Point(right, top + lane / 2 + font(12).size * 0.36), font(12, place == 0 ? .medium : .regular), theme.ink,
                align: .right)
        }
    }

    /// Values per stretch of the axis, which is what a height stands for where bins differ in width.
    private func density(_ bin: DistributionChart.Row.Bin) -> Double {
        // Zero has no width on this axis: it counts as an eighth of an octave, as wide as bins are in the middle.
        guard bin.from > 0, bin.to > bin.from else { return bin.count / LogarithmicAxis.log10(1.125) }
        return bin.count / max(LogarithmicAxis.log10(bin.to / bin.from), (axis.high - axis.low) * 2.5 * unit / box.width)
    }

    private func names(_ row: DistributionChart.Row, _ top: Double, on canvas: inout Canvas) {
        let room = (hasZero ? zero.x : box.x) - margin - 12 * unit
        let showsNote = !row.note.isEmpty && lane >= 34 * unit
        let middle = top + lane / 2
        let name = font(12.5, .medium)
        canvas.draw(
            fitted(row.name, name, room), at: Point(margin, middle + (showsNote ? -2 * unit : name.size * 0.36)), name, theme.ink)
        if showsNote { canvas.draw(fitted(row.note, font(11.5), room), at: Point(margin, middle + 13 * unit), font(11.5), theme.muted) }
    }

    /// The sign of a percentile: a line that is shorter and finer the rarer what lies beyond it.
    private func mark(_ place: Int, _ value: Double, _ base: Double, _ color: Color, on canvas: inout Canvas) {
        let center = value > 0 ? x(value) : zero.x + zero.width / 2
        let ink = theme.ink.mixed(with: color, 0.35)
        sign(place, Point(center, base), min(lane * 0.9, 60 * unit), ink, on: &canvas)
    }

    private func sign(_ place: Int, _ foot: Point, _ room: Double, _ ink: Color, on canvas: inout Canvas) {
        let isLast = place == chart.columns.count - 1
        if isLast {
            // The greatest value: a small triangle on the line.
            let half = 3.6 * unit
            canvas.fill(Path(polyline: [Point(foot.x - half, foot.y - 2 * half), Point(foot.x + half, foot.y - 2 * half), foot], closed: true), ink)
            return
        }
        let share = [1.0, 0.72, 0.48]
        let pen = [2.4, 1.7, 1.2]
        let tall = room * share[min(place, 2)]
        let thick = max(1 / chart.scale, pen[min(place, 2)] * unit)
        canvas.fill(Rectangle(x: crisp(foot.x - thick / 2), y: foot.y - tall, width: thick, height: tall), ink)
    }

    /// The texts below the axis.
    private func scale(on canvas: inout Canvas) {
        let small = font(12)
        let y = box.maxY + 5 * unit
        let base = y + 3 * unit + small.size * 0.72
        var reached = -Double.infinity
        for tick in axis.labels {
            let half = width(tick.text, small) / 2
            let center = x(tick.time)
            canvas.fill(Rectangle(x: crisp(center), y: box.maxY, width: 1 / chart.scale, height: 5 * unit), theme.axis)
            guard center - half > reached + 8 * unit else { continue }
            reached = center + half
            canvas.draw(tick.text, at: Point(center, base), small, theme.muted, align: .center)
        }
        if hasZero { canvas.draw("0", at: Point(zero.x + zero.width / 2, base), small, theme.muted, align: .center) }
        let label = font(12.5, .medium)
        canvas.draw(
            fitted(chart.axis, label, box.width), at: Point(box.x + box.width / 2, base + 9 * unit + label.size * 0.72), label, theme.ink, align: .center)
    }

    /// The heads of the columns, each with its sign.
    private func columns(on canvas: inout Canvas) {
        guard column > 0 else { return }
        let small = font(11.5, .medium)
        var right = box.maxX + 6 * unit
        let base = box.y - 8 * unit
        for (place, name) in chart.columns.enumerated() {
            right += column
            canvas.draw(name, at: Point(right, base), small, theme.muted, align: .right)
            sign(place, Point(right - width(name, small) - 7 * unit, base), 14 * unit, theme.ink, on: &canvas)
        }
    }
}
