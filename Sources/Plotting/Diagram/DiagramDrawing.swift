/// Paints a laid out diagram.
struct DiagramDrawing {
    private let layout: DiagramLayout
    private let theme: Theme
    private let diagram: Diagram

    init(_ layout: DiagramLayout) {
        self.layout = layout
        diagram = layout.diagram
        theme = layout.diagram.theme
    }

    /// The bytes of the PNG file; a size that the diagram has makes it smaller or larger as a whole, in the middle of the page.
    func png() throws(PlotError) -> [UInt8] {
        let page = layout.page
        guard let size = diagram.size else {
            var canvas = try Canvas(width: page.width, height: page.height, scale: diagram.scale, background: theme.page)
            draw(&canvas)
            return try canvas.png(reduced: true)
        }
        let factor = min(size.width / page.width, size.height / page.height, 1.5)
        guard factor.isFinite, factor > 0 else { throw .sizeOutOfRange(width: -1, height: -1) }
        let (width, height) = (size.width / factor, size.height / factor)
        var canvas = try Canvas(width: width, height: height, scale: max(0.25, diagram.scale * factor), background: theme.page)
        let shifted = layout.centred(width: width, height: height)
        DiagramDrawing(shifted).draw(&canvas)
        return try canvas.png(reduced: true)
    }

    private func draw(_ canvas: inout Canvas) {
        for (_, box) in layout.frames { frame(box, &canvas) }
        for wire in layout.wires { canvas.stroke(path(wire.points), Stroke(width: 5, cap: .butt), ground(at: wire)) }
        for wire in layout.wires { canvas.stroke(path(wire.points), Stroke(width: 1.75, cap: .butt), color(wire.style)) }
        for (text, box, style) in layout.labels {
            canvas.fill(box, radius: 8, theme.page)
            canvas.stroke(Path(box.inset(by: 0.5), radius: 7.5), Stroke(width: 1), color(style))
            draw(text, &canvas)
        }
        for index in diagram.items.indices { card(diagram.items[index], layout.boxes[index], &canvas) }
        for bar in layout.bars { canvas.fill(bar.box, radius: DiagramCard.barSize / 2, accent(diagram.items[bar.item].accent)) }
        for end in layout.ends { draw(end, &canvas) }
        for tag in layout.tags { draw(tag, &canvas) }
        for swatch in layout.swatches {
            canvas.line(from: swatch.from, to: swatch.to, Stroke(width: 1.75), color(swatch.style))
            draw(DiagramLayout.End(style: swatch.style, point: swatch.to, isForward: true), &canvas, isSideways: true)
        }
        for dot in layout.dots { canvas.fill(Path(ellipseAt: dot.middle, radiusX: 3.5, radiusY: 3.5), theme.color(of: dot.severity)) }
        for text in layout.texts { draw(text, &canvas) }
    }

    // MARK: Colours

    private func accent(_ index: Int) -> Color { theme.color(ofSeries: max(0, index)) }
    private func color(_ style: Int) -> Color { accent(diagram.styles[style].color) }
    private var isDark: Bool { theme.page.red < 128 }
    private var cardFill: Color { isDark ? theme.plot.mixed(with: theme.ink, 0.05) : Color(0xFFFFFF) }
    private var border: Color { theme.page.mixed(with: theme.axis, isDark ? 0.75 : 0.7) }
    private var frameFill: Color { theme.page.mixed(with: theme.ink, isDark ? 0.04 : 0.03) }

    /// What a wire runs on: the inside of a frame, or the page.
    private func ground(at wire: DiagramLayout.Wire) -> Color {
        let inside = layout.frames.contains { frame in wire.points.allSatisfy { frame.box.contains($0) } }
        return inside ? frameFill : theme.page
    }

    // MARK: Parts

    private func frame(_ box: Rectangle, _ canvas: inout Canvas) {
        canvas.fill(box, radius: 10, frameFill)
        canvas.stroke(Path(box.inset(by: 0.5), radius: 9.5), Stroke(width: 1, dashes: [5, 4]), theme.axis)
    }

    private func card(_ item: Diagram.Item, _ box: Rectangle, _ canvas: inout Canvas) {
        var front = box
        if item.isStacked {
            let offset = DiagramCard.stackOffset
            front.width -= 2 * offset
            front.height -= 2 * offset
            for step in [2.0, 1.0] {
                plate(Rectangle(x: box.x + step * offset, y: box.y + step * offset, width: front.width, height: front.height), &canvas)
            }
        }
        plate(front, &canvas)
        guard !item.isBar else { return }
        canvas.clip = Rectangle(x: front.x, y: front.y, width: 5, height: front.height)
        canvas.fill(front, radius: 6, accent(item.accent))
        canvas.clip = nil
    }

    private func plate(_ box: Rectangle, _ canvas: inout Canvas) {
        canvas.fill(box, radius: 6, cardFill)
        canvas.stroke(Path(box.inset(by: 0.5), radius: 5.5), Stroke(width: 1), border)
    }

    private func draw(_ tag: PlacedTag, _ canvas: inout Canvas) {
        let color = theme.color(of: tag.severity)
        canvas.fill(tag.box, radius: 8, cardFill.mixed(with: color, isDark ? 0.22 : 0.13))
        canvas.fill(Path(ellipseAt: Point(tag.box.x + 9, tag.box.y + 8), radiusX: 3.5, radiusY: 3.5), color)
        draw(tag.text, &canvas)
    }

    private func draw(_ end: DiagramLayout.End, _ canvas: inout Canvas, isSideways: Bool = false) {
        let (x, y) = (end.point.x, end.point.y)
        let color = color(end.style)
        switch diagram.styles[end.style].end {
        case .dot: canvas.fill(Path(ellipseAt: end.point, radiusX: 3.5, radiusY: 3.5), color)
        case .square: canvas.fill(Rectangle(x: x - 3.5, y: y - 3.5, width: 7, height: 7), color)
        case .arrow:
            let back = end.isForward ? -8.0 : 8
            let sideways = isSideways || layout.direction == .right
            canvas.fill(
                Path(
                    polyline: sideways
                        ? [end.point, Point(x + back, y - 4.5), Point(x + back, y + 4.5)] : [end.point, Point(x - 4.5, y + back), Point(x + 4.5, y + back)],
                    closed: true), color)
        }
    }

    private func draw(_ text: PlacedText, _ canvas: inout Canvas) {
        let color: Color
        switch text.role {
        case .ink: color = theme.ink
        case .muted: color = theme.muted
        case .net(let style): color = self.color(style)
        }
        canvas.draw(text.text, at: text.anchor, text.font, color)
    }

    /// A line with round corners.
    private func path(_ points: [Point]) -> Path {
        guard points.count == 4 else { return Path(polyline: points) }
        var path = Path()
        path.move(to: points[0])
        for index in 1...2 {
            let (before, corner, after) = (points[index - 1], points[index], points[index + 1])
            let first = length(before, corner), second = length(corner, after)
            let radius = min(6, first / 2, second / 2)
            guard radius > 0.5 else {
                path.line(to: corner)
                continue
            }
            let start = between(corner, before, radius / first), end = between(corner, after, radius / second)
            path.line(to: start)
            path.cubic(between(start, corner, 0.55), between(end, corner, 0.55), to: end)
        }
        path.line(to: points[3])
        return path
    }

    private func length(_ first: Point, _ second: Point) -> Double { max((first.x - second.x).magnitude, (first.y - second.y).magnitude) }

    private func between(_ from: Point, _ to: Point, _ part: Double) -> Point { Point(from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part) }
}

extension Rectangle {
    /// Whether a point is inside.
    func contains(_ point: Point) -> Bool { point.x >= x && point.x <= maxX && point.y >= y && point.y <= maxY }
}
