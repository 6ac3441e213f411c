extension ChartDrawing {
    /// Draws everything, from the ground up.
    mutating func draw(on canvas: inout Canvas) {
        for placed in panels { canvas.fill(placed.box, theme.plot) }
        drawBands(on: &canvas)
        for index in panels.indices { drawGrid(index, on: &canvas) }
        for index in panels.indices { drawSeries(index, on: &canvas) }
        drawMarks(on: &canvas)
        for index in panels.indices { drawAxes(index, on: &canvas) }
        drawTimeAxis(on: &canvas)
        drawHeader(on: &canvas)
        for index in panels.indices { drawLegend(index, on: &canvas) }
        drawStatistics(on: &canvas)
    }

    /// The thickness of fine lines: one pixel.
    private var hairline: Double { 1 / chart.scale * max(1, chart.scale.rounded(.down)) }

    /// A coordinate moved so that a fine line along it covers whole pixels.
    private func crisp(_ value: Double) -> Double {
        let half = hairline / 2
        return ((value - half) * chart.scale).rounded() / chart.scale + half
    }

    /// Draws a fine upright line.
    private func upright(_ x: Double, _ top: Double, _ bottom: Double, _ color: Color, on canvas: inout Canvas) {
        canvas.fill(Rectangle(x: crisp(x) - hairline / 2, y: top, width: hairline, height: bottom - top), color)
    }

    /// Draws a fine level line.
    private func level(_ y: Double, _ left: Double, _ right: Double, _ color: Color, on canvas: inout Canvas) {
        canvas.fill(Rectangle(x: left, y: crisp(y) - hairline / 2, width: right - left, height: hairline), color)
    }

    // MARK: Bands and marks

    /// The pixels that a band covers, cut to the plot; at least one point wide.
    private func extent(_ band: Band) -> (left: Double, right: Double)? {
        let box = panels[0].box
        guard band.start <= end, (band.end ?? .infinity) >= start, !band.start.isNaN else { return nil }
        let left = max(box.x, band.start <= start ? box.x : x(band.start))
        let right = band.end.map { $0 >= end ? box.maxX : x($0) } ?? box.maxX
        return (min(left, box.maxX - 1), max(left + 1, min(box.maxX, right)))
    }

    /// The stretches that bands of one kind cover, by colour; what touches is one, so that there are never more than the plot has columns.
    private func stretches(alarms: Bool) -> [(color: Color, spans: [(left: Double, right: Double)])] {
        var groups: [(color: Color, spans: [(left: Double, right: Double)])] = []
        for band in chart.bands {
            let color: Color
            switch band.kind {
            case .label where !alarms: color = band.color ?? theme.label
            case .alarm(let severity) where alarms: color = band.color ?? theme.color(of: severity)
            default: continue
            }
            guard let span = extent(band) else { continue }
            // Colours beyond a number that anyone can tell apart join the last group.
            let place = groups.firstIndex { $0.color == color } ?? (groups.count < 32 ? groups.count : groups.count - 1)
            if place == groups.count { groups.append((color, [])) }
            groups[place].spans.append(span)
        }
        for index in groups.indices {
            var merged: [(left: Double, right: Double)] = []
            for span in groups[index].spans.sorted(by: { $0.left < $1.left }) {
                if let last = merged.last, span.left <= last.right + 0.25 {
                    merged[merged.count - 1].right = max(last.right, span.right)
                } else {
                    merged.append(span)
                }
            }
            groups[index].spans = merged
        }
        return groups
    }

    private func drawBands(on canvas: inout Canvas) {
        for alarms in [false, true] {
            for (color, spans) in stretches(alarms: alarms) {
                for (left, right) in spans {
                    for placed in panels {
                        let column = Rectangle(x: left, y: placed.box.y, width: right - left, height: placed.box.height)
                        canvas.fill(column, color.opacity(alarms ? 0.06 : 0.055))
                    }
                }
            }
        }
        var reached = [Double](repeating: -1, count: laneCount)
        let box = panels[0].box
        for (band, lane) in lanes {
            guard let (left, right) = extent(band), right > reached[lane] + 0.5 else { continue }
            reached[lane] = right
            let color = band.color ?? theme.label
            let y = box.y - Double(laneCount - lane) * laneHeight - 3 * unit
            let bar = Rectangle(x: left, y: y.rounded(), width: right - left, height: laneHeight - 2)
            canvas.fill(bar, radius: min(3, bar.width / 2), theme.page.mixed(with: color, 0.22))
            let text = fitted(band.name, smallFont, bar.width - 12 * unit)
            canvas.draw(
                text, at: Point(left + 7 * unit, bar.y + bar.height / 2 + smallFont.size * 0.33), smallFont, theme.ink.mixed(with: color, 0.45))
        }
    }

    private func drawMarks(on canvas: inout Canvas) {
        let color = theme.muted
        var taken = Occupancy(panels[0].box)
        if chart.marks.contains(where: { !$0.label.isEmpty }) {
            taken = occupancy(0)
            for box in [statistics, panels[0].legend] { if let box { taken.add(box) } }
        }
        var before = -Double.infinity
        for mark in chart.marks.sorted(by: { $0.time < $1.time }) where mark.time >= start && mark.time <= end {
            let place = x(mark.time)
            // Marks in one column of pixels are one line.
            if place < before + 1 { continue }
            before = place
            for placed in panels {
                canvas.line(
                    from: Point(crisp(place), placed.box.maxY), to: Point(crisp(place), placed.box.y),
                    Stroke(width: 1.2 * max(1, unit * 0.9), dashes: [5 * unit, 4 * unit]), color)
            }
            guard !mark.label.isEmpty else { continue }
            // Beside the line, as high as no line of the plot runs through it.
            let box = panels[0].box, tall = (smallFont.size * 1.3).rounded(), room = width(mark.label, smallFont)
            var y = box.y + 3
            while y + tall <= box.maxY {
                let spot = Rectangle(x: place + 4 * unit, y: y, width: room + 4 * unit, height: tall)
                if taken.isFree(spot) {
                    canvas.draw(mark.label, at: Point(place + 5 * unit, y + smallFont.size), smallFont, color)
                    taken.add(spot)
                    break
                }
                y += 5
            }
        }
    }

    // MARK: Grid and axes

    private func drawGrid(_ index: Int, on canvas: inout Canvas) {
        let placed = panels[index]
        for value in placed.ticks.values { level(placed.y(value), placed.box.x, placed.box.maxX, theme.grid, on: &canvas) }
        for time in times.values { upright(x(time), placed.box.y, placed.box.maxY, theme.grid, on: &canvas) }
    }

    private func drawAxes(_ index: Int, on canvas: inout Canvas) {
        let placed = panels[index], box = placed.box
        upright(box.x, box.y, box.maxY + hairline / 2, theme.axis, on: &canvas)
        level(box.maxY, box.x, box.maxX, theme.axis, on: &canvas)
        if placed.low < 0, placed.high > 0 { level(placed.y(0), box.x, box.maxX, theme.axis, on: &canvas) }
        let tick = 5 * unit, small = 3 * unit
        for value in placed.ticks.minor where box.height > 70 { level(placed.y(value), box.x - small, box.x, theme.axis, on: &canvas) }
        for (value, text) in zip(placed.ticks.values, placed.ticks.texts) {
            let y = placed.y(value)
            level(y, box.x - tick, box.x, theme.axis, on: &canvas)
            canvas.draw(text, at: Point(box.x - tick - 4 * unit, y + tickFont.size * 0.36), tickFont, theme.muted, align: .right)
        }
        let label = placed.panel.label, name = placed.ticks.unit.isEmpty ? placed.prefix.unit : placed.ticks.unit
        let text = name.isEmpty ? label : label.isEmpty ? name : "\(label) (\(name))"
        let room = box.height + (panels.count == 1 ? 40 * unit : 14 * unit)
        canvas.draw(
            fitted(text, labelFont, room), at: Point(margin * 0.7 + labelFont.size * 0.8, box.y + box.height / 2), labelFont, theme.ink, align: .center,
            turned: true)
    }

    private func drawTimeAxis(on canvas: inout Canvas) {
        guard let lowest = panels.last else { return }
        let box = lowest.box
        var y = box.maxY
        if hasRail {
            y += 3 * unit
            canvas.fill(Rectangle(x: box.x, y: y.rounded(), width: box.width, height: railHeight), theme.grid)
            for (color, spans) in stretches(alarms: true) {
                for (left, right) in spans { canvas.fill(Rectangle(x: left, y: y.rounded(), width: right - left, height: railHeight), color) }
            }
            y = y.rounded() + railHeight
        }
        let tick = 5 * unit, small = 3 * unit
        for time in times.minor { upright(x(time), y, y + small, theme.axis, on: &canvas) }
        for (time, text) in zip(times.values, times.texts) {
            upright(x(time), y, y + tick, theme.axis, on: &canvas)
            let half = width(text, tickFont) / 2
            let centre = max(half + 4, min(chart.width - half - 4, x(time)))
            canvas.draw(text, at: Point(centre, y + tick + 3 * unit + tickFont.size * 0.72), tickFont, theme.muted, align: .center)
        }
        let base = y + tick + 3 * unit + tickFont.size * 0.72 + 9 * unit + labelFont.size * 0.72
        let text = fitted(timeText, labelFont, box.width)
        if timeLabelMovesRight {
            canvas.draw(text, at: Point(box.maxX, base), labelFont, theme.ink, align: .right)
        } else {
            canvas.draw(text, at: Point(box.x + box.width / 2, base), labelFont, theme.ink, align: .center)
        }
    }

    // MARK: Header

    private func drawHeader(on canvas: inout Canvas) {
        let left = margin, right = chart.width - margin * 1.2
        var valueLeft = right
        if let (name, value, unitName, color) = currentText {
            let base = margin + 10 * unit + valueFont.size * 0.72
            let unitFont = font(18, .medium)
            let unitWidth = unitName.isEmpty ? 0 : width(unitName, unitFont) + 6 * unit
            canvas.draw(unitName, at: Point(right, base), unitFont, color, align: .right)
            canvas.draw(value, at: Point(right - unitWidth, base), valueFont, color, align: .right)
            let text = fitted(name, smallFont, chart.width * 0.4)
            canvas.draw(text, at: Point(right, margin * 0.6 + smallFont.size * 0.6), smallFont, theme.muted, align: .right)
            valueLeft = min(right - unitWidth - width(value, valueFont), right - width(text, smallFont)) - 24 * unit
        }
        var y = margin + titleFont.size * 0.74
        if !chart.title.isEmpty {
            canvas.draw(fitted(chart.title, titleFont, valueLeft - left), at: Point(left, y), titleFont, theme.ink)
            y += subtitleFont.size * 1.6
        }
        if !chart.subtitle.isEmpty {
            canvas.draw(fitted(chart.subtitle, subtitleFont, valueLeft - left), at: Point(left, y), subtitleFont, theme.muted)
        }
        guard showsBanner else { return }
        drawBanner(left: panels[0].box.x, on: &canvas)
    }

    /// The room that the banner takes from the left of the plot; 0 without one.
    var bannerWidth: Double {
        guard showsBanner else { return 0 }
        let names = bannerNames
        return width(chart.bannerText, bannerFont) + (names.isEmpty ? 0 : width(names, font(13)) + 19 * unit) + 22 * unit
    }

    /// The names of the detectors whose alarms are active, each once.
    private var bannerNames: String {
        var names: [String] = []
        for band in activeAlarms where !band.name.isEmpty && !names.contains(band.name) { names.append(band.name) }
        let text = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " + \(names.count - 3)" : "")
        return fitted(text, font(13), max(0, panels[0].box.width * 0.6 - width(chart.bannerText, bannerFont)))
    }

    private func drawBanner(left: Double, on canvas: inout Canvas) {
        let height = (24 * unit).rounded()
        let box = Rectangle(x: left, y: headerBottom, width: bannerWidth.rounded(.up), height: height)
        canvas.fill(box, radius: 4 * unit, theme.banner)
        let white = Color(0xFFFFFF)
        let base = box.y + height / 2 + bannerFont.size * 0.36
        canvas.draw(chart.bannerText, at: Point(left + 11 * unit, base), bannerFont, white)
        let names = bannerNames
        guard !names.isEmpty else { return }
        let split = left + 11 * unit + width(chart.bannerText, bannerFont) + 9.5 * unit
        canvas.fill(Rectangle(x: split.rounded(), y: box.y + 6 * unit, width: hairline, height: height - 12 * unit), theme.banner.mixed(with: white, 0.5))
        canvas.draw(names, at: Point(split + 9.5 * unit, base), font(13), white)
    }
}
