/// How a line is drawn along a path.
public struct Stroke: Equatable, Sendable {
    /// How a line ends.
    public enum Cap: Sendable {
        /// At the end point.
        case butt
        /// With a half disc around the end point.
        case round
        /// Half a width beyond the end point.
        case square
    }

    /// How two pieces of a line meet.
    public enum Join: Sendable {
        /// In a point, up to the miter limit; beyond it as `bevel`.
        case miter
        /// With a disc around the corner.
        case round
        /// Cut straight across.
        case bevel
    }

    /// The width in points.
    public var width: Double
    /// The ends.
    public var cap: Cap
    /// The corners.
    public var join: Join
    /// How far a miter may reach, in widths.
    public var miterLimit: Double
    /// Lengths of dash, gap, dash … in points, over and over; empty for a solid line.
    public var dashes: [Double]

    /// A stroke.
    public init(width: Double, cap: Cap = .butt, join: Join = .round, miterLimit: Double = 4, dashes: [Double] = []) {
        self.width = width
        self.cap = cap
        self.join = join
        self.miterLimit = miterLimit
        self.dashes = dashes
    }
}

/// Adds the outline of stroked lines to a rasteriser.
///
/// The outline may run over itself; the non-zero rule makes one shape of it, so that a line has no seams and a translucent line no dark joints.
struct Stroker {
    let halfWidth: Double
    let stroke: Stroke

    /// The most dashes a path is cut into; beyond it the line is drawn solid.
    private static let dashLimit = 20_000.0

    /// A stroker whose width is in device pixels.
    init(_ stroke: Stroke, scale: Double) {
        self.stroke = stroke
        halfWidth = stroke.width * scale / 2
        pattern = stroke.dashes.map { $0 * scale }
    }

    private let pattern: [Double]

    /// Adds one contour in device pixels.
    func add(_ points: borrowing [Point], closed: Bool, to raster: inout Rasterizer) {
        guard halfWidth > 0, halfWidth < 1e6 else { return }
        let period = pattern.reduce(0, +)
        guard period > 0, pattern.allSatisfy({ $0 >= 0 }), period.isFinite else {
            outline(points, closed: closed, &raster)
            return
        }
        var length = 0.0
        for index in 1..<max(1, points.count) { length += distance(points[index - 1], points[index]) }
        guard length / period * Double(pattern.count) < Self.dashLimit else {
            outline(points, closed: closed, &raster)
            return
        }
        var line = [Point](), index = 0, left = pattern[0], drawn = true
        var route = copy points
        if closed, let start = points.first { route.append(start) }
        guard var at = route.first else { return }
        line.append(at)
        for target in route.dropFirst() {
            var rest = distance(at, target)
            while rest > left {
                let part = left / rest
                at = Point(at.x + (target.x - at.x) * part, at.y + (target.y - at.y) * part)
                rest -= left
                if drawn {
                    line.append(at)
                    outline(line, closed: false, &raster)
                }
                line.removeAll(keepingCapacity: true)
                drawn.toggle()
                if drawn { line.append(at) }
                index = (index + 1) % pattern.count
                left = pattern[index]
            }
            left -= rest
            at = target
            if drawn { line.append(at) }
        }
        if drawn, line.count > 1 { outline(line, closed: false, &raster) }
    }

    private func distance(_ a: Point, _ b: Point) -> Double { ((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y)).squareRoot() }

    /// Adds the outline along one line: forwards on one side, back on the other.
    ///
    /// At the inner side of a corner it runs through the corner itself. That makes it the exact sum of a box for each piece and a wedge
    /// for each corner, all wound the same way, and so their union under the non-zero rule.
    private func outline(_ points: borrowing [Point], closed: Bool, _ raster: inout Rasterizer) {
        guard let origin = points.first else { return }
        var previous = origin, direction: Point?, first: Point?, lastLength = 0.0
        // Where the two sides have got to: the near one runs forwards, the far one backwards.
        var near = origin, far = origin
        for index in 1..<(points.count + (closed ? 1 : 0)) where points.count > 1 {
            let target = index < points.count ? points[index] : origin
            let length = distance(previous, target)
            if length < 1e-6 { continue }
            let unit = Point((target.x - previous.x) / length, (target.y - previous.y) / length)
            if let before = direction {
                join(at: previous, before, unit, shortest: min(length, lastLength), &near, &far, &raster)
            } else {
                first = unit
                near = rim(previous, Point(unit.y, -unit.x))
                far = rim(previous, Point(-unit.y, unit.x))
                if !closed { cap(at: previous, Point(-unit.x, -unit.y), &raster) }
            }
            direction = unit
            previous = target
            lastLength = length
        }
        guard let last = direction, let start = first else {
            dot(at: origin, &raster)
            return
        }
        if closed {
            // A length of zero keeps the corner from being smoothed: the sides must end where they began.
            join(at: origin, last, start, shortest: 0, &near, &far, &raster)
        } else {
            raster.add(near, rim(previous, Point(last.y, -last.x)))
            raster.add(rim(previous, Point(-last.y, last.x)), far)
            cap(at: previous, last, &raster)
        }
    }

    /// A line without length: a disc, or a square, or nothing for butt ends.
    private func dot(at centre: Point, _ raster: inout Rasterizer) {
        guard stroke.cap != .butt else { return }
        cap(at: centre, Point(1, 0), &raster)
        cap(at: centre, Point(-1, 0), &raster)
    }

    /// Adds the outline around an end, from the right of the way out to its left.
    private func cap(at centre: Point, _ outward: Point, _ raster: inout Rasterizer) {
        let right = Point(outward.y, -outward.x), left = Point(-outward.y, outward.x)
        let start = rim(centre, right), end = rim(centre, left)
        switch stroke.cap {
        case .butt: raster.add(start, end)
        case .square:
            let (first, second) = (rim(start, outward), rim(end, outward))
            raster.add(start, first)
            raster.add(first, second)
            raster.add(second, end)
        case .round:
            arc(centre, right, outward, start, &raster, depth: 0)
            arc(centre, outward, left, rim(centre, outward), &raster, depth: 0)
        }
    }

    private func rim(_ centre: Point, _ unit: Point) -> Point { Point(centre.x + unit.x * halfWidth, centre.y + unit.y * halfWidth) }

    /// Adds the chords of an arc of less than half a turn, halving it until no chord is far from the arc.
    private func arc(_ centre: Point, _ from: Point, _ to: Point, _ start: Point, _ raster: inout Rasterizer, depth: Int) {
        let sum = Point(from.x + to.x, from.y + to.y)
        let length = (sum.x * sum.x + sum.y * sum.y).squareRoot()
        if depth >= 7 || halfWidth * (1 - length / 2) < 0.03 || length < 1e-9 {
            raster.add(start, rim(centre, to))
            return
        }
        let middle = Point(sum.x / length, sum.y / length)
        arc(centre, from, middle, start, &raster, depth: depth + 1)
        arc(centre, middle, to, rim(centre, middle), &raster, depth: depth + 1)
    }

    /// Carries both sides around a corner.
    private func join(
        at corner: Point, _ before: Point, _ after: Point, shortest: Double, _ near: inout Point, _ far: inout Point, _ raster: inout Rasterizer
    ) {
        let cross = before.x * after.y - before.y * after.x
        let dot = before.x * after.x + before.y * after.y
        let cosine = max(0, (1 + dot) / 2).squareRoot()
        if dot > 0.8, shortest > halfWidth * 0.75, stroke.join != .round || halfWidth * (1 - cosine) < 0.03 {
            // A gentle bend: one point a side.
            let shift = Point((before.x + after.x) / 2 / (cosine * cosine), (before.y + after.y) / 2 / (cosine * cosine))
            let (nearEnd, farEnd) = (rim(corner, Point(shift.y, -shift.x)), rim(corner, Point(-shift.y, shift.x)))
            raster.add(near, nearEnd)
            raster.add(farEnd, far)
            (near, far) = (nearEnd, farEnd)
            return
        }
        let nearEnd = rim(corner, Point(before.y, -before.x)), nearStart = rim(corner, Point(after.y, -after.x))
        let farEnd = rim(corner, Point(-before.y, before.x)), farStart = rim(corner, Point(-after.y, after.x))
        raster.add(near, nearEnd)
        raster.add(farEnd, far)
        if cross > 0 {
            bend(corner, Point(before.y, -before.x), Point(after.y, -after.x), by: before, dot, cosine, &raster)
            raster.add(farStart, corner)
            raster.add(corner, farEnd)
        } else {
            bend(corner, Point(-after.y, after.x), Point(-before.y, before.x), by: Point(-after.x, -after.y), dot, cosine, &raster)
            raster.add(nearEnd, corner)
            raster.add(corner, nearStart)
        }
        (near, far) = (nearStart, farStart)
    }

    /// Adds the outline on the outer side of a corner, from one direction seen from the corner to another.
    private func bend(_ corner: Point, _ head: Point, _ tail: Point, by way: Point, _ dot: Double, _ cosine: Double, _ raster: inout Rasterizer) {
        let start = rim(corner, head), end = rim(corner, tail)
        switch stroke.join {
        case .miter where cosine > 1e-6 && 1 / cosine <= stroke.miterLimit:
            let reach = 1 / (2 * cosine * cosine)
            let tip = rim(corner, Point((head.x + tail.x) * reach, (head.y + tail.y) * reach))
            raster.add(start, tip)
            raster.add(tip, end)
        case .round:
            if dot < -0.999 {
                // Nearly a turn back: the arc goes by way of the old direction.
                arc(corner, head, way, start, &raster, depth: 0)
                arc(corner, way, tail, rim(corner, way), &raster, depth: 0)
            } else {
                arc(corner, head, tail, start, &raster, depth: 0)
            }
        case .miter, .bevel: raster.add(start, end)
        }
    }
}
