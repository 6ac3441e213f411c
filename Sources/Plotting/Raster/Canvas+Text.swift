extension Canvas {
    /// Which part of a text stands at its anchor.
    public enum Alignment: Sendable {
        /// The left of the ink.
        case left
        /// The middle.
        case center
        /// The right of the ink.
        case right
    }

    /// The room that a line of text takes at a scale.
    public static func measure(_ text: String, _ font: Font, scale: Double = 1) -> TextSize {
        let layout = TextLayout(text, font, scale: scale)
        return TextSize(width: layout.width / scale, ascent: layout.metrics.capHeight / scale, descent: 0.24 * font.size)
    }

    /// Draws a line of text with its baseline at a point; turned, it runs upwards and the anchor is on its right.
    ///
    /// The baseline is moved to the nearest pixel border. The transform does not apply.
    public mutating func draw(
        _ text: String, at anchor: Point, _ font: Font, _ color: Color, align: Alignment = .left, turned: Bool = false
    ) {
        guard anchor.x.magnitude < 1e6, anchor.y.magnitude < 1e6 else { return }
        let layout = TextLayout(text, font, scale: scale)
        let metrics = layout.metrics
        let shift = align == .left ? 0 : align == .center ? -layout.width / 2 : -layout.width
        let (baseX, baseY) = (anchor.x * scale, anchor.y * scale)
        let stroker = Stroker(Stroke(width: metrics.pen, cap: .round, join: .round), scale: 1)
        let dots = Stroker(Stroke(width: max(metrics.pen * 1.3, metrics.pen + 0.25), cap: .round), scale: 1)
        let lift = (dots.halfWidth - stroker.halfWidth)
        var points: [Point] = []
        for (glyph, x) in layout.glyphs {
            for line in glyph.lines {
                let dot = line.points.count == 1
                points.removeAll(keepingCapacity: true)
                for point in line.points {
                    let along = shift + x + point.x * metrics.unit
                    let up = metrics.y(point.y) + (dot && point.y < 10 ? lift : 0)
                    points.append(turned ? Point(baseX.rounded() - up, baseY - along) : Point(baseX + along, baseY.rounded() - up))
                }
                thin(&points)
                (dot ? dots : stroker).add(points, closed: line.closed, to: &raster)
            }
            paint(color)
        }
    }

    /// Leaves out points of curves that nobody would miss at this size.
    private func thin(_ points: inout [Point]) {
        guard points.count > 3 else { return }
        var kept = 1, skipped = 0
        for index in 1..<(points.count - 1) {
            let from = points[kept - 1], to = points[index + 1], point = points[index]
            let (dx, dy) = (to.x - from.x, to.y - from.y)
            let area = (dx * (point.y - from.y) - dy * (point.x - from.x)).magnitude
            let ahead = dx * (point.x - from.x) + dy * (point.y - from.y)
            if skipped < 2, ahead > 0, area * area < 0.0036 * (dx * dx + dy * dy) {
                skipped += 1
            } else {
                points[kept] = point
                kept += 1
                skipped = 0
            }
        }
        points[kept] = points[points.count - 1]
        points.removeLast(points.count - kept - 1)
    }
}
