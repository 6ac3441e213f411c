/// A point, or a vector, in points; y grows downwards.
public struct Point: Equatable, Hashable, Sendable {
    /// The horizontal coordinate, to the right.
    public var x: Double
    /// The vertical coordinate, downwards.
    public var y: Double

    /// A point from its coordinates.
    @inlinable
    public init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }
}

/// A rectangle with sides along the axes.
public struct Rectangle: Equatable, Hashable, Sendable {
    /// The left edge.
    public var x: Double
    /// The top edge.
    public var y: Double
    /// The width; a negative width is empty.
    public var width: Double
    /// The height; a negative height is empty.
    public var height: Double

    /// A rectangle from its top left corner and its size.
    public init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// The right edge.
    public var maxX: Double { x + width }
    /// The bottom edge.
    public var maxY: Double { y + height }

    /// This rectangle made smaller by a margin on each side, or larger when the margin is negative.
    public func inset(by margin: Double) -> Rectangle {
        Rectangle(x: x + margin, y: y + margin, width: width - 2 * margin, height: height - 2 * margin)
    }

    /// Whether the two share an area.
    public func intersects(_ other: Rectangle) -> Bool {
        x < other.maxX && other.x < maxX && y < other.maxY && other.y < maxY
    }
}

/// An affine map: x' = a·x + c·y + tx, y' = b·x + d·y + ty.
public struct Transform: Equatable, Sendable {
    /// How x' grows with x.
    public var a: Double
    /// How y' grows with x.
    public var b: Double
    /// How x' grows with y.
    public var c: Double
    /// How y' grows with y.
    public var d: Double
    /// The horizontal shift.
    public var tx: Double
    /// The vertical shift.
    public var ty: Double

    /// A map from its six numbers.
    public init(a: Double, b: Double, c: Double, d: Double, tx: Double, ty: Double) {
        self.a = a
        self.b = b
        self.c = c
        self.d = d
        self.tx = tx
        self.ty = ty
    }

    /// The map that changes nothing.
    public static let identity = Transform(a: 1, b: 0, c: 0, d: 1, tx: 0, ty: 0)

    /// A shift.
    public static func translation(x: Double, y: Double) -> Transform { Transform(a: 1, b: 0, c: 0, d: 1, tx: x, ty: y) }

    /// A stretch along the axes.
    public static func scale(x: Double, y: Double) -> Transform { Transform(a: x, b: 0, c: 0, d: y, tx: 0, ty: 0) }

    /// This map first, then the other.
    public func then(_ next: Transform) -> Transform {
        Transform(
            a: next.a * a + next.c * b, b: next.b * a + next.d * b, c: next.a * c + next.c * d, d: next.b * c + next.d * d,
            tx: next.a * tx + next.c * ty + next.tx, ty: next.b * tx + next.d * ty + next.ty)
    }

    /// The image of a point.
    @inline(__always)
    public func apply(_ point: Point) -> Point { Point(a * point.x + c * point.y + tx, b * point.x + d * point.y + ty) }

    /// The square root of the area that a unit square becomes: the mean stretch.
    public var meanScale: Double { (a * d - b * c).magnitude.squareRoot() }
}
