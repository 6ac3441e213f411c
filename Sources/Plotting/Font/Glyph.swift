/// One character as the pen draws it: lines and dots, in units of which 100 are the size of the type, y upwards from the baseline.
struct Glyph: Sendable {
    /// A stroke of the pen.
    struct Line: Sendable {
        var points: [Point]
        var closed: Bool
    }

    /// The strokes; those of a single point are dots.
    var lines: [Line] = []
    /// Where the pen is leftmost.
    var minX = 0.0
    /// Where the pen is rightmost.
    var maxX = 0.0
    /// Where the pen is highest.
    var maxY = 0.0
    /// For each level the free depth from the left side to the first ink; large where the level is empty.
    var leftDepth: [Float] = []
    /// For each level the free depth from the right side.
    var rightDepth: [Float] = []

    /// The lowest level of the side profiles, and the step between levels.
    static let lowestLevel = -22.0
    static let levelStep = 4.0
    static let levelCount = 29
    /// The depth of a level without ink.
    static let emptyDepth: Float = 200

    /// Works out the extent and the side profiles from the strokes.
    mutating func measure() {
        minX = .infinity
        maxX = -.infinity
        maxY = 0
        for line in lines {
            for point in line.points {
                minX = min(minX, point.x)
                maxX = max(maxX, point.x)
                maxY = max(maxY, point.y)
            }
        }
        if lines.isEmpty { (minX, maxX) = (0, 0) }
        leftDepth = Array(repeating: Self.emptyDepth, count: Self.levelCount)
        rightDepth = leftDepth
        for line in lines {
            var points = line.points
            if line.closed, let start = points.first { points.append(start) }
            for index in points.indices { mark(points[max(0, index - 1)], points[index]) }
        }
    }

    /// Enters one piece of a stroke in the profiles, at each level within two thirds of a step of it.
    private mutating func mark(_ a: Point, _ b: Point) {
        let reach = Self.levelStep * 0.66
        let low = min(a.y, b.y) - reach, high = max(a.y, b.y) + reach
        let first = max(0, Int(((low - Self.lowestLevel) / Self.levelStep).rounded(.up)))
        let last = min(Self.levelCount - 1, Int(((high - Self.lowestLevel) / Self.levelStep).rounded(.down)))
        guard first <= last else { return }
        for level in first...last {
            let y = Self.lowestLevel + Double(level) * Self.levelStep
            func x(at height: Double) -> Double {
                if a.y == b.y { return a.x }
                return a.x + (b.x - a.x) * max(0, min(1, (height - a.y) / (b.y - a.y)))
            }
            let ends = a.y == b.y ? (a.x, b.x) : (x(at: y - reach), x(at: y + reach))
            leftDepth[level] = min(leftDepth[level], Float(min(ends.0, ends.1) - minX))
            rightDepth[level] = min(rightDepth[level], Float(maxX - max(ends.0, ends.1)))
        }
    }
}

extension Glyph {
    /// Reads a glyph from its drawing.
    ///
    /// `M x y` lifts the pen, `L x y`, `h x` and `v y` draw lines, `A x y` a quarter of an ellipse that leaves level and arrives upright,
    /// `B x y` one that leaves upright and arrives level, `C` a cubic with two control points, `Z` closes, `D x y` is a dot,
    /// `O cx cy rx ry` an ellipse.
    static func lines(of drawing: String) -> [Line] {
        var scanner = DrawingScanner(drawing)
        var lines: [Line] = []
        var current: [Point] = []
        func end(closed: Bool = false) {
            if !current.isEmpty { lines.append(Line(points: current, closed: closed)) }
            current = []
        }
        while let command = scanner.command() {
            let at = current.last ?? Point(0, 0)
            switch command {
            case "M":
                end()
                current = [scanner.point()]
            case "L": current.append(scanner.point())
            case "h": current.append(Point(scanner.number(), at.y))
            case "v": current.append(Point(at.x, scanner.number()))
            case "A":
                let to = scanner.point()
                curve(&current, Point(at.x + (to.x - at.x) * roundness, at.y), Point(to.x, to.y + (at.y - to.y) * roundness), to)
            case "B":
                let to = scanner.point()
                curve(&current, Point(at.x, at.y + (to.y - at.y) * roundness), Point(to.x + (at.x - to.x) * roundness, to.y), to)
            case "C": curve(&current, scanner.point(), scanner.point(), scanner.point())
            case "Z": end(closed: true)
            case "D":
                end()
                lines.append(Line(points: [scanner.point()], closed: false))
            case "O":
                end()
                let centre = scanner.point(), radius = scanner.point()
                current = [Point(centre.x, centre.y + radius.y)]
                for (dx, dy, level) in [(1.0, 0.0, true), (0, -1, false), (-1, 0, true), (0, 1, false)] {
                    let from = current[current.count - 1], to = Point(centre.x + dx * radius.x, centre.y + dy * radius.y)
                    let corner = level ? Point(to.x, from.y) : Point(from.x, to.y)
                    let k = Path.quarter
                    curve(
                        &current, Point(from.x + (corner.x - from.x) * k, from.y + (corner.y - from.y) * k),
                        Point(to.x + (corner.x - to.x) * k, to.y + (corner.y - to.y) * k), to)
                }
                current.removeLast()
                end(closed: true)
            default: break
            }
        }
        end()
        return lines
    }

    /// The length of the control arms of quarter curves: a little squarer than a circle.
    private static let roundness = 0.59

    private static func curve(_ points: inout [Point], _ first: Point, _ second: Point, _ end: Point) {
        guard let start = points.last else { return }
        let count = 8
        for step in 1...count {
            let t = Double(step) / Double(count), u = 1 - t
            let (w0, w1, w2, w3) = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
            points.append(
                Point(w0 * start.x + w1 * first.x + w2 * second.x + w3 * end.x, w0 * start.y + w1 * first.y + w2 * second.y + w3 * end.y))
        }
    }
}

/// Reads the commands and numbers of a drawing.
private struct DrawingScanner {
    private let bytes: [UInt8]
    private var index = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    private mutating func skip() { while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x0A { index += 1 } }

    mutating func command() -> Unicode.Scalar? {
        skip()
        guard index < bytes.count else { return nil }
        index += 1
        return Unicode.Scalar(bytes[index - 1])
    }

    mutating func number() -> Double {
        skip()
        var sign = 1.0, value = 0.0, unit = 1.0, fraction = false
        if index < bytes.count, bytes[index] == 0x2D {
            sign = -1
            index += 1
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x2E {
                fraction = true
            } else if byte >= 0x30 && byte <= 0x39 {
                value = value * 10 + Double(byte - 0x30)
                if fraction { unit *= 10 }
            } else {
                break
            }
            index += 1
        }
        return sign * value / unit
    }

    mutating func point() -> Point {
        let x = number()
        return Point(x, number())
    }
}
