/// Lines and curves that a canvas fills or strokes.
public struct Path: Sendable {
    /// One step of a path.
    public enum Element: Equatable, Sendable {
        /// Starts a new contour here.
        case move(Point)
        /// A straight line to here.
        case line(Point)
        /// A cubic Bézier curve with two control points, to the third.
        case cubic(Point, Point, Point)
        /// A straight line back to the start of the contour, joined to it.
        case close
    }

    /// The steps in order.
    public private(set) var elements: [Element] = []

    /// An empty path.
    public init() {}

    /// A path through these points.
    public init(polyline points: [Point], closed: Bool = false) {
        elements.reserveCapacity(points.count + 1)
        for point in points { line(to: point) }
        if closed { close() }
    }

    /// A rectangle, with round corners when the radius is above zero.
    public init(_ rectangle: Rectangle, radius: Double = 0) {
        let (x0, y0, x1, y1) = (rectangle.x, rectangle.y, rectangle.maxX, rectangle.maxY)
        let r = max(0, min(radius, min(rectangle.width, rectangle.height) / 2))
        guard r > 0 else {
            self.init(polyline: [Point(x0, y0), Point(x1, y0), Point(x1, y1), Point(x0, y1)], closed: true)
            return
        }
        self.init()
        let k = r * (1 - Path.quarter)
        move(to: Point(x0 + r, y0))
        line(to: Point(x1 - r, y0))
        cubic(Point(x1 - k, y0), Point(x1, y0 + k), to: Point(x1, y0 + r))
        line(to: Point(x1, y1 - r))
        cubic(Point(x1, y1 - k), Point(x1 - k, y1), to: Point(x1 - r, y1))
        line(to: Point(x0 + r, y1))
        cubic(Point(x0 + k, y1), Point(x0, y1 - k), to: Point(x0, y1 - r))
        line(to: Point(x0, y0 + r))
        cubic(Point(x0, y0 + k), Point(x0 + k, y0), to: Point(x0 + r, y0))
        close()
    }

    /// An ellipse around a centre.
    public init(ellipseAt centre: Point, radiusX: Double, radiusY: Double) {
        self.init(
            Rectangle(x: centre.x - radiusX, y: centre.y - radiusY, width: 2 * radiusX, height: 2 * radiusY), ellipse: ())
    }

    private init(_ box: Rectangle, ellipse: Void) {
        let (rx, ry) = (box.width / 2, box.height / 2)
        let (cx, cy) = (box.x + rx, box.y + ry)
        let (kx, ky) = (rx * Path.quarter, ry * Path.quarter)
        move(to: Point(cx + rx, cy))
        cubic(Point(cx + rx, cy + ky), Point(cx + kx, cy + ry), to: Point(cx, cy + ry))
        cubic(Point(cx - kx, cy + ry), Point(cx - rx, cy + ky), to: Point(cx - rx, cy))
        cubic(Point(cx - rx, cy - ky), Point(cx - kx, cy - ry), to: Point(cx, cy - ry))
        cubic(Point(cx + kx, cy - ry), Point(cx + rx, cy - ky), to: Point(cx + rx, cy))
        close()
    }

    /// The length of a control arm, in radii, at which a cubic comes nearest to a quarter of a circle.
    static let quarter = 0.5522847498307936

    /// Starts a new contour.
    public mutating func move(to point: Point) { elements.append(.move(point)) }

    /// Draws a line, or starts a contour where none is open.
    public mutating func line(to point: Point) { elements.append(needsMove ? .move(point) : .line(point)) }

    /// Draws a cubic Bézier curve; without an open contour it starts at the end point.
    public mutating func cubic(_ first: Point, _ second: Point, to end: Point) {
        elements.append(needsMove ? .move(end) : .cubic(first, second, end))
    }

    /// Closes the contour.
    public mutating func close() { if !needsMove { elements.append(.close) } }

    /// Adds the steps of another path.
    public mutating func append(_ other: Path) { elements.append(contentsOf: other.elements) }

    private var needsMove: Bool {
        guard let last = elements.last else { return true }
        return last == .close
    }
}

extension Path {
    /// Hands over each contour as points in device pixels, curves broken into lines; contours with a number that is not finite are left out.
    func forEachContour(_ transform: Transform, _ body: (_ points: borrowing [Point], _ closed: Bool) -> Void) {
        var points: [Point] = []
        var finite = true
        func finish(_ closed: Bool) {
            if finite, !points.isEmpty { body(points, closed) }
            points.removeAll(keepingCapacity: true)
            finite = true
        }
        func add(_ point: Point) {
            if !(point.x.magnitude < 1e9 && point.y.magnitude < 1e9) { finite = false }
            points.append(point)
        }
        for element in elements {
            switch element {
            case .move(let point):
                finish(false)
                add(transform.apply(point))
            case .line(let point): add(transform.apply(point))
            case .cubic(let first, let second, let end):
                guard let start = points.last else { continue }
                let (p1, p2, p3) = (transform.apply(first), transform.apply(second), transform.apply(end))
                guard p1.x.magnitude < 1e9, p1.y.magnitude < 1e9, p2.x.magnitude < 1e9, p2.y.magnitude < 1e9 else {
                    finite = false
                    continue
                }
                // The second differences bound the distance between curve and chords: n pieces err by at most bend / (8 n^2) times 6.
                let ax = (start.x - 2 * p1.x + p2.x).magnitude + (p1.x - 2 * p2.x + p3.x).magnitude
                let ay = (start.y - 2 * p1.y + p2.y).magnitude + (p1.y - 2 * p2.y + p3.y).magnitude
                let count = max(1, min(64, Int(((ax + ay) * 0.75 / 0.04).squareRoot() + 1)))
                for step in 1...count {
                    if step == count { add(p3); break }
                    let t = Double(step) / Double(count), u = 1 - t
                    let (w0, w1, w2, w3) = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
                    add(Point(w0 * start.x + w1 * p1.x + w2 * p2.x + w3 * p3.x, w0 * start.y + w1 * p1.y + w2 * p2.y + w3 * p3.y))
                }
            case .close: finish(true)
            }
        }
        finish(false)
    }
}
