extension ChartDrawing {
    // MARK: Fonts

    func font(_ size: Double, _ weight: Font.Weight = .regular) -> Font {
        Font(size: max(9, (size * unit * 2).rounded() / 2), weight: weight)
    }
    var titleFont: Font { font(19, .bold) }
    var subtitleFont: Font { font(13) }
    var tickFont: Font { font(12) }
    var labelFont: Font { font(12.5, .medium) }
    var smallFont: Font { font(11.5) }
    var valueFont: Font { font(30, .bold) }
    var bannerFont: Font { font(13, .bold) }

    func width(_ text: String, _ font: Font) -> Double { Canvas.measure(text, font, scale: chart.scale).width }

    /// The text, shortened with an ellipsis where it is wider than this.
    func fitted(_ text: String, _ font: Font, _ room: Double) -> String {
        // No text that fits has more letters than this; long ones are not worth measuring whole.
        var letters = Array(text.prefix(600))
        if letters.count < 600, width(text, font) <= room { return text }
        var low = 0, high = letters.count
        while low < high {
            let middle = (low + high + 1) / 2
            if width(String(letters.prefix(middle)) + "…", font) <= room { low = middle } else { high = middle - 1 }
        }
        letters.removeLast(letters.count - low)
        return low == 0 ? "" : String(letters) + "…"
    }

    // MARK: Measures

    var margin: Double { (22 * unit).rounded() }
    var laneHeight: Double { (18 * unit).rounded() }
    var railHeight: Double { (7 * unit).rounded() }
    var stripHeight: Double { (30 * unit).rounded() }
    var rowHeight: Double { (18 * unit).rounded() }
    var hasRail: Bool {
        chart.bands.contains { band in
            if case .alarm = band.kind { return band.start <= end && (band.end ?? .infinity) > start }
            return false
        }
    }

    /// The bottom of the title block.
    var headerBottom: Double {
        var y = margin
        if !chart.title.isEmpty { y += titleFont.size }
        if !chart.subtitle.isEmpty { y += subtitleFont.size * 1.5 }
        if currentText != nil { y = max(y, margin + 10 * unit + valueFont.size * 0.95) }
        return (y + 14 * unit).rounded()
    }

    /// The number and the unit at the top right.
    var currentText: (name: String, value: String, unit: String, color: Color)? {
        guard chart.showsCurrentValue, chart.height >= 180, let first = panels.first, let series = first.panel.series.first, let trace = first.traces.first,
            let last = trace.last
        else { return nil }
        return (series.name, first.text(of: last), first.prefix.unit, first.colors[0])
    }

    /// The rows of the statistics.
    var statisticsRows: [(name: String, value: String)] {
        guard chart.showsStatistics, let first = panels.first, let trace = first.traces.first, trace.count > 0, first.panel.names.isEmpty
        else { return [] }
        let unit = first.prefix.unit.isEmpty ? "" : (first.prefix.unit == "%" ? "" : " ") + first.prefix.unit
        func text(_ value: Double) -> String { first.text(of: value) + unit }
        return [("min", text(trace.minimum)), ("mean", text(trace.mean)), ("max", text(trace.maximum)), ("last", text(trace.last ?? .nan))]
    }

    func showsLegend(_ index: Int) -> Bool {
        let panel = panels[index].panel
        guard chart.showsLegend, panel.series.contains(where: { !$0.name.isEmpty }) else { return false }
        return panel.series.count > 1 || (index > 0 && panel.series[0].name != panel.label) || (index == 0 && currentText == nil)
    }

    /// The width of the legend's swatch with the room behind it.
    var swatch: Double { (26 * unit).rounded() }

    // MARK: Placing

    /// Places everything: first all within the plots, then once more with a row outside for what found no room there.
    mutating func layOut() {
        placePanels()
        for round in 0..<2 {
            var again = false
            for index in panels.indices {
                var occupied = occupancy(index)
                if index == 0, !statisticsBelow { again = placeStatistics(&occupied) || again }
                if showsLegend(index), !panels[index].legendAbove { again = placeLegend(index, &occupied) || again }
            }
            if round == 0 {
                guard again else { return }
                placePanels()
            }
        }
    }

    /// Finds room for the statistics; true when they have to go below the plot.
    private mutating func placeStatistics(_ occupied: inout Occupancy) -> Bool {
        statistics = nil
        let rows = statisticsRows
        guard !rows.isEmpty else { return false }
        let names = rows.reduce(0) { max($0, width($1.name, smallFont)) }, values = rows.reduce(0) { max($0, width($1.value, smallFont)) }
        let size = (width: names + values + 34 * unit, height: Double(rows.count) * rowHeight + 10 * unit)
        statistics = occupied.place(width: size.width.rounded(), height: size.height.rounded(), margin: 10 * unit, bottomFirst: true)
        if let spot = statistics { occupied.add(spot.inset(by: -6)) }
        statisticsBelow = statistics == nil
        return statisticsBelow
    }

    private mutating func placeLegend(_ index: Int, _ occupied: inout Occupancy) -> Bool {
        let names = panels[index].panel.series.map(\.name)
        panels[index].legend = nil
        if names.count <= 8 {
            let widest = names.reduce(0) { max($0, width($1, smallFont)) }
            let size = (width: widest + swatch + 20 * unit, height: Double(names.count) * rowHeight + 10 * unit)
            if size.width < panels[index].box.width * 0.4 {
                panels[index].legend = occupied.place(
                    width: size.width.rounded(), height: size.height.rounded(), margin: 10 * unit, bottomFirst: false)
            }
        }
        panels[index].legendAbove = panels[index].legend == nil
        return panels[index].legendAbove
    }

    /// Where a panel has lines.
    func occupancy(_ index: Int) -> Occupancy {
        let placed = panels[index]
        var occupied = Occupancy(placed.box)
        for (series, trace) in zip(placed.panel.series, placed.traces) {
            for run in trace.runs {
                if series.style == .points {
                    for sample in run { occupied.add([Point(x(sample.time), placed.y(sample.value))]) }
                } else {
                    occupied.add(placed.points(run, style: series.style, until: end, x: x))
                }
            }
        }
        return occupied
    }

    private mutating func placePanels() {
        let small = tickFont.size
        let hasStrip = showsBanner || panels[0].legendAbove
        var top = headerBottom + (hasStrip ? stripHeight : 0)
        top += Double(laneCount) * laneHeight + (laneCount > 0 ? 3 * unit : 0)
        if laneCount > 0 { top = top.rounded() }
        let rail = hasRail ? railHeight + 3 * unit : 0
        var bottom = chart.height - margin * 0.8 - labelFont.size * 0.9 - small * 1.9 - rail
        if statisticsBelow && statisticsNeedRow { bottom -= rowHeight }
        bottom = bottom.rounded()
        let gap = (22 * unit).rounded()
        var heads = 0.0
        for index in panels.indices where index > 0 { heads += gap + (panels[index].legendAbove ? rowHeight : 0) }
        let room = max(8 * Double(panels.count), bottom - top - heads)
        let weights = panels.map { max(0.01, $0.panel.weight.isFinite ? $0.panel.weight : 1) }
        let total = weights.reduce(0, +)
        var y = top
        var widest = 0.0
        for index in panels.indices {
            if index > 0 { y += gap + (panels[index].legendAbove ? rowHeight : 0) }
            let height = (room * weights[index] / total).rounded(.down)
            panels[index].box.y = y
            panels[index].box.height = max(4, height)
            y += height
            panels[index].ticks = Ticks.values(
                from: panels[index].low, to: panels[index].high, length: height, spacing: max(small * 2.4, min(56 * unit, height / 3.2)),
                prefix: panels[index].prefix)
            if !panels[index].panel.names.isEmpty { panels[index].ticks = panels[index].stateTicks(spacing: small * 1.25, height: height) }
            for text in panels[index].ticks.texts { widest = max(widest, width(text, tickFont)) }
        }
        let left = (margin + labelFont.size * 1.15 + 8 * unit + widest + 8 * unit).rounded()
        let right = (chart.width - margin * 1.2).rounded()
        for index in panels.indices {
            panels[index].box.x = left
            panels[index].box.width = max(20, right - left)
        }
        let box = panels[0].box
        times = Ticks.times(from: start, to: end, length: box.width) { width($0, tickFont) }
    }

    /// The axis label of the time axis.
    var timeText: String { times.unit.isEmpty ? chart.timeLabel : chart.timeLabel.isEmpty ? times.unit : "\(chart.timeLabel) (\(times.unit))" }

    /// The width of the statistics in one row.
    var statisticsWidth: Double {
        statisticsRows.reduce(0) { $0 + width($1.name, smallFont) + width($1.value, smallFont) + 24 * unit } - 18 * unit
    }

    /// Whether statistics below the plot have no room beside the label of the time axis.
    var statisticsNeedRow: Bool { statisticsWidth + width(timeText, labelFont) + 40 * unit > panels[0].box.width }

    /// Whether the label of the time axis moves to the right to make room.
    var timeLabelMovesRight: Bool {
        statisticsBelow && !statisticsNeedRow && statisticsWidth + 24 * unit > (panels[0].box.width - width(timeText, labelFont)) / 2
    }
}
