extension ChartDrawing {
    // MARK: Lines

    /// The dashes that tell lines apart once all colours are used.
    private static let patterns: [[Double]] = [[], [7, 4], [2, 3], [10, 4, 2, 4]]

    private func stroke(_ style: Series.Style, order: Int, dense: Bool) -> Stroke {
        let width = (style == .area ? 2.2 : style == .step ? 1.6 : 1.9) * max(0.75, min(1.2, unit)) * (dense ? 0.6 : 1)
        let round = theme.palette.isEmpty ? 0 : order / theme.palette.count
        let pattern = dense ? [] : Self.patterns[round % Self.patterns.count].map { $0 * unit }
        return Stroke(width: width, cap: pattern.isEmpty ? .round : .butt, join: style == .step ? .miter : .round, dashes: pattern)
    }

    /// Draws the lines of a panel, the first on top.
    func drawSeries(_ index: Int, on canvas: inout Canvas) {
        let placed = panels[index]
        var order = panels[..<index].reduce(0) { $0 + $1.panel.series.count } + placed.panel.series.count
        // Lines may stand out by their own width, so that one along the border is whole.
        let overhang = (placed.panel.series.contains { $0.style == .points } ? 3.5 : 2) * unit
        canvas.clip = placed.box.inset(by: -overhang)
        for number in placed.panel.series.indices.reversed() {
            order -= 1
            let series = placed.panel.series[number], trace = placed.traces[number], color = placed.colors[number]
            let samples = trace.runs.reduce(0) { $0 + $1.count }
            let dense = Double(samples) > 1.2 * placed.box.width * chart.scale
            let pen = stroke(series.style, order: order, dense: dense)
            for run in trace.runs {
                if series.style == .points {
                    drawPoints(run, placed, color, on: &canvas)
                    continue
                }
                let points = placed.points(run, style: series.style, until: run.last == trace.runs.last?.last ? end : run.last?.time ?? end, x: x)
                if series.style == .area { fillBelow(points, placed, color, on: &canvas) }
                if points.count == 1 {
                    canvas.fill(Path(ellipseAt: points[0], radiusX: pen.width * 1.3, radiusY: pen.width * 1.3), color)
                } else {
                    canvas.stroke(Path(polyline: points), pen, color)
                }
            }
        }
        canvas.clip = nil
        if placed.traces.allSatisfy({ $0.runs.isEmpty }) {
            canvas.draw(
                "no data", at: Point(placed.box.x + placed.box.width / 2, placed.box.y + placed.box.height / 2 + labelFont.size * 0.36), labelFont,
                theme.muted, align: .center)
        }
    }

    private func fillBelow(_ points: [Point], _ placed: PlacedPanel, _ color: Color, on canvas: inout Canvas) {
        guard let first = points.first, let last = points.last, points.count > 1 else { return }
        let zero = placed.y(max(placed.low, min(placed.high, 0)))
        var path = Path()
        path.move(to: Point(first.x, zero))
        for point in points { path.line(to: point) }
        path.line(to: Point(last.x, zero))
        path.close()
        canvas.fill(path, color.opacity(theme.areaOpacity))
    }

    private func drawPoints(_ run: [Sample], _ placed: PlacedPanel, _ color: Color, on canvas: inout Canvas) {
        let dense = Double(run.count) > placed.box.width * chart.scale
        let radius = (dense ? 1 : run.count > 400 ? 1.6 : 2.6) * unit
        for sample in run where sample.value >= placed.low && sample.value <= placed.high {
            canvas.fill(Path(ellipseAt: Point(x(sample.time), placed.y(sample.value)), radiusX: radius, radiusY: radius), color)
        }
    }

    // MARK: Legend and statistics

    /// Draws a card that texts can be read on.
    private func drawCard(_ box: Rectangle, on canvas: inout Canvas) {
        canvas.fill(box, radius: 4 * unit, theme.page.mixed(with: theme.axis, 0.3))
        canvas.fill(box.inset(by: 1), radius: 4 * unit - 1, theme.plot.mixed(with: theme.page, 0.5))
    }

    private func drawSwatch(_ placed: PlacedPanel, _ number: Int, order: Int, at spot: Point, on canvas: inout Canvas) {
        let series = placed.panel.series[number], color = placed.colors[number], length = swatch - 8 * unit
        if series.style == .points {
            canvas.fill(Path(ellipseAt: Point(spot.x + length / 2, spot.y), radiusX: 2.6 * unit, radiusY: 2.6 * unit), color)
            return
        }
        if series.style == .area {
            canvas.fill(Rectangle(x: spot.x, y: spot.y, width: length, height: 5 * unit), color.opacity(theme.areaOpacity * 1.6))
        }
        canvas.line(from: spot, to: Point(spot.x + length, spot.y), stroke(series.style, order: order, dense: false), color)
    }

    /// Draws the legend of a panel, in its box or in a row above the plot.
    func drawLegend(_ index: Int, on canvas: inout Canvas) {
        guard showsLegend(index) else { return }
        let placed = panels[index]
        let before = panels[..<index].reduce(0) { $0 + $1.panel.series.count }
        if let box = placed.legend {
            drawCard(box, on: &canvas)
            for (number, series) in placed.panel.series.enumerated() {
                let middle = box.y + 5 * unit + (Double(number) + 0.5) * rowHeight
                drawSwatch(placed, number, order: before + number, at: Point(box.x + 10 * unit, middle), on: &canvas)
                canvas.draw(
                    series.name, at: Point(box.x + 10 * unit + swatch, middle + smallFont.size * 0.36), smallFont, theme.ink)
            }
            return
        }
        guard placed.legendAbove else { return }
        let taken = index == 0 ? bannerWidth + (showsBanner ? 24 * unit : 0) : 0
        let room = placed.box.width - taken
        let count = placed.panel.series.count
        let rest = count > 1 ? width("+ \(count) more", smallFont) + 16 * unit : 0
        var shown: [String] = [], used = 0.0
        for (number, series) in placed.panel.series.enumerated() {
            let name = fitted(series.name, smallFont, min(room * 0.5, 220 * unit))
            let wide = swatch + width(name, smallFont) + 18 * unit
            if used + wide + (number + 1 < count ? rest : 0) > room + 18 * unit { break }
            shown.append(name)
            used += wide
        }
        let middle =
            index == 0 ? headerBottom + (24 * unit).rounded() / 2 : placed.box.y - rowHeight * 0.6
        var x = placed.box.maxX - used + 18 * unit
        if shown.count < count {
            let text = shown.isEmpty ? "\(count) lines" : "+ \(count - shown.count) more"
            canvas.draw(text, at: Point(placed.box.maxX, middle + smallFont.size * 0.36), smallFont, theme.muted, align: .right)
            x -= width(text, smallFont) + 16 * unit
        }
        for (number, name) in shown.enumerated() {
            drawSwatch(placed, number, order: before + number, at: Point(x, middle), on: &canvas)
            canvas.draw(name, at: Point(x + swatch, middle + smallFont.size * 0.36), smallFont, theme.ink)
            x += swatch + width(name, smallFont) + 18 * unit
        }
    }

    /// Draws minimum, mean, maximum and last value: in a box in the plot, or in a row below it.
    func drawStatistics(on canvas: inout Canvas) {
        let rows = statisticsRows
        guard !rows.isEmpty else { return }
        if let box = statistics {
            drawCard(box, on: &canvas)
            for (number, row) in rows.enumerated() {
                let base = box.y + 5 * unit + (Double(number) + 0.5) * rowHeight + smallFont.size * 0.36
                canvas.draw(row.name, at: Point(box.x + 10 * unit, base), smallFont, theme.muted)
                canvas.draw(row.value, at: Point(box.maxX - 10 * unit, base), smallFont, theme.ink, align: .right)
            }
            return
        }
        guard statisticsBelow, let lowest = panels.last?.box else { return }
        let rail = hasRail ? railHeight + 3 * unit : 0
        var base = lowest.maxY + rail + 5 * unit + 3 * unit + tickFont.size * 0.72 + 9 * unit + labelFont.size * 0.72
        if statisticsNeedRow { base += rowHeight }
        var x = lowest.x
        for row in rows {
            let name = width(row.name, smallFont), value = width(row.value, smallFont)
            guard x + name + value + 6 * unit < chart.width - 4 else { return }
            canvas.draw(row.name, at: Point(x, base), smallFont, theme.muted)
            canvas.draw(row.value, at: Point(x + name + 6 * unit, base), smallFont, theme.ink)
            x += name + value + 24 * unit
        }
    }
}
