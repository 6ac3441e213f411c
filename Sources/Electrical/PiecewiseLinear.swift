/// A function given by points, linear between them and constant outside.
public struct PiecewiseLinear: Equatable, Sendable {
    /// One point of the function.
    public struct Point: Equatable, Sendable {
        /// The argument.
        public var x: Double
        /// The value there.
        public var y: Double

        /// A point at x with the value y.
        public init(_ x: Double, _ y: Double) {
            self.x = x
            self.y = y
        }
    }

    /// The points in strictly ascending order of x.
    public let points: [Point]

    /// A function through points; `nil` without a point, with more than 1000, with values that are not finite, or when x does not ascend strictly.
    public init?(_ points: [Point]) {
        guard !points.isEmpty, points.count <= 1_000, points.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else { return nil }
        guard zip(points, points.dropFirst()).allSatisfy({ $0.x < $1.x }) else { return nil }
        self.points = points
    }

    init(known points: [Point]) { self.points = points }

    /// The value at x. O(log points).
    public func value(at x: Double) -> Double {
        let index = firstIndex(above: x)
        guard index > 0 else { return points[0].y }
        guard index < points.count else { return points[index - 1].y }
        let (a, b) = (points[index - 1], points[index])
        return a.y + (b.y - a.y) * ((x - a.x) / (b.x - a.x))
    }

    /// The slope just to the right of x, in y per x.
    func slope(rightOf x: Double) -> Double {
        let index = firstIndex(above: x)
        guard index > 0, index < points.count else { return 0 }
        let (a, b) = (points[index - 1], points[index])
        return (b.y - a.y) / (b.x - a.x)
    }

    /// The least x of a point that is greater than x; `nil` beyond the last.
    func nextBreak(after x: Double) -> Double? {
        let index = firstIndex(above: x)
        return index < points.count ? points[index].x : nil
    }

    private func firstIndex(above x: Double) -> Int {
        var low = 0
        var high = points.count
        while low < high {
            let middle = (low + high) / 2
            if points[middle].x > x { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
