extension DiagramLayout {
    /// Puts the title of each frame where no line enters it.
    mutating func makeFrameTitles() {
        for (group, box) in frames {
            let title = PlacedText.shortened(diagram.groups[group].title), detail = PlacedText.shortened(diagram.groups[group].detail)
            let titleWidth = Canvas.measure(title, Font(size: 12.5, weight: .bold)).width
            let detailWidth = detail.isEmpty ? 0 : Canvas.measure(detail, DiagramCard.detailFont).width + 8
            let lane = Rectangle(x: box.x, y: box.y, width: box.width, height: Self.frameTitle)
            var stops: [Double] = [box.x + 6, box.maxX - 6]
            for wire in wires {
                for (from, to) in zip(wire.points, wire.points.dropFirst()) where from.x == to.x {
                    let line = Rectangle(x: from.x - 1, y: min(from.y, to.y), width: 2, height: (from.y - to.y).magnitude)
                    if lane.intersects(line) { stops.append(from.x) }
                }
            }
            stops.sort()
            let free = zip(stops, stops.dropFirst()).filter { $1 - $0 > 12 }
            let both = free.first { $1 - $0 >= titleWidth + detailWidth + 16 }
            let place = both ?? free.first { $1 - $0 >= titleWidth + 16 } ?? free.first ?? (box.x + 6, box.maxX)
            let text = PlacedText(title, at: Point(place.0 + 8, box.y + 18), Font(size: 12.5, weight: .bold), .ink)
            texts.append(text)
            if both != nil, !detail.isEmpty { texts.append(PlacedText(detail, at: Point(text.box.maxX + 8, box.y + 18), DiagramCard.detailFont, .muted)) }
        }
    }

    // MARK: Page

    /// Adds title, legend and notes, and moves everything into the page.
    mutating func finish() {
        var areas: [Rectangle] = boxes
        areas += bars.map(\.box)
        areas += frames.map(\.box)
        areas += labels.map(\.box)
        for wire in wires { areas += wire.points.map { Rectangle(x: $0.x, y: $0.y, width: 0, height: 0) } }
        let left = areas.map(\.x).min() ?? 0, top = areas.map(\.y).min() ?? 0
        let right = areas.map(\.maxX).max() ?? 0, bottom = areas.map(\.maxY).max() ?? 0
        let margin = Self.pageMargin
        var head: [PlacedText] = []
        var y = margin + 14
        head.append(PlacedText(diagram.title, at: Point(margin, y), Font(size: 18, weight: .bold), .ink))
        if !diagram.subtitle.isEmpty {
            y += 20
            head.append(PlacedText(diagram.subtitle, at: Point(margin, y), Font(size: 12), .muted))
        }
        y += 26
        let used = diagram.styles.indices.filter { style in diagram.nets.contains { $0.style == style } }
        let severities = [(Band.Severity.low, "low"), (.medium, "medium"), (.high, "high"), (.critical, "critical")].filter { severity, _ in
            tags.contains { $0.severity == severity }
        }
        var legend = used.map { (name: diagram.styles[$0].name, style: Optional($0), severity: Band.Severity.low, lead: 32.0) }
        legend += severities.map { ("detector, \($0.1)", nil, $0.0, 13) }
        let legendWidths = legend.map { Canvas.measure($0.name, DiagramCard.detailFont).width + $0.lead + 2 }
        let legendWidth = legendWidths.reduce(0) { $0 + $1 + 18 } - 18
        let width = max(right - left, head.map(\.box.width).max() ?? 0, min(legendWidth, 420), 300)
        let shiftX = (margin + (width - (right - left)) / 2 - left).rounded(), shiftY = (y - top).rounded()
        move(x: shiftX, y: shiftY)
        texts += head
        y = bottom + shiftY + (legend.isEmpty ? 0 : 34)
        var x = margin
        for (entry, size) in zip(legend, legendWidths) {
            if x > margin, x + size > margin + width {
                x = margin
                y += 20
            }
            if let style = entry.style {
                swatches.append((style, Point(x, y - 4), Point(x + 24, y - 4)))
            } else {
                dots.append((entry.severity, Point(x + 4, y - 4)))
            }
            texts.append(PlacedText(entry.name, at: Point(x + entry.lead, y), DiagramCard.detailFont, .muted))
            x += size + 18
        }
        for note in diagram.notes {
            for line in Self.wrap(note, DiagramCard.detailFont, width) {
                y += 19
                texts.append(PlacedText(line, at: Point(margin, y + 6), DiagramCard.detailFont, .muted))
            }
        }
        page = Rectangle(x: 0, y: 0, width: width + 2 * margin, height: (y + 6 + margin).rounded(.up))
    }

    /// The same in the middle of a page of another size.
    func centred(width: Double, height: Double) -> DiagramLayout {
        var copy = self
        let (x, y) = (((width - page.width) / 2).rounded(), ((height - page.height) / 2).rounded())
        copy.move(x: x, y: y)
        copy.swatches = swatches.map { ($0.style, Point($0.from.x + x, $0.from.y + y), Point($0.to.x + x, $0.to.y + y)) }
        copy.dots = dots.map { ($0.severity, Point($0.middle.x + x, $0.middle.y + y)) }
        copy.page = Rectangle(x: 0, y: 0, width: width, height: height)
        return copy
    }

    private mutating func move(x: Double, y: Double) {
        func moved(_ box: Rectangle) -> Rectangle { Rectangle(x: box.x + x, y: box.y + y, width: box.width, height: box.height) }
        func moved(_ point: Point) -> Point { Point(point.x + x, point.y + y) }
        boxes = boxes.map(moved)
        bars = bars.map { ($0.item, moved($0.box)) }
        frames = frames.map { ($0.group, moved($0.box)) }
        wires = wires.map { Wire(style: $0.style, points: $0.points.map(moved)) }
        ends = ends.map { End(style: $0.style, point: moved($0.point), isForward: $0.isForward) }
        labels = labels.map { ($0.text.moved(x: x, y: y), moved($0.box), $0.style) }
        texts = texts.map { $0.moved(x: x, y: y) }
        tags = tags.map { $0.moved(x: x, y: y) }
    }

    /// The words of a text on lines that are no wider than they may be, one word at least.
    private static func wrap(_ text: String, _ font: Font, _ width: Double) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, Canvas.measure("\(last) \(word)", font).width <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
