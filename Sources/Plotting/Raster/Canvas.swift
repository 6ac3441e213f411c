/// An opaque picture that shapes and text are painted on, in points from the top left corner.
///
/// Edges are smooth: a pixel takes the part of the colour that the shape covers of it. Colours are blended as sRGB values. The same calls
/// give the same pixels on every machine. Memory: four bytes a pixel, and little else.
public struct Canvas: ~Copyable {
    /// The width in pixels.
    public let pixelWidth: Int
    /// The height in pixels.
    public let pixelHeight: Int
    /// Pixels in a point.
    public let scale: Double
    /// What path coordinates go through before they are points of the picture; text ignores it.
    public var transform: Transform = .identity
    /// Coverage is rounded to this many steps, 1…255: fewer steps, fewer colours, smaller files.
    public var coverageSteps = 255

    let pixels: UnsafeMutablePointer<UInt32>
    var raster: Rasterizer
    private var clipped: Rectangle?

    /// The most pixels a side may have.
    public static let sideLimit = 8192
    /// The most pixels a picture may have.
    public static let pixelLimit = 64_000_000

    /// An empty picture of this size in points, filled with a background whose alpha is ignored.
    public init(width: Double, height: Double, scale: Double = 1, background: Color) throws(PlotError) {
        guard scale.isFinite, scale >= 0.25, scale <= 8 else { throw .scaleOutOfRange(scale) }
        let (w, h) = ((width * scale).rounded(), (height * scale).rounded())
        guard w >= 1, h >= 1, w <= Double(Self.sideLimit), h <= Double(Self.sideLimit), w * h <= Double(Self.pixelLimit) else {
            throw .sizeOutOfRange(width: w.magnitude < 1e15 ? Int(w) : -1, height: h.magnitude < 1e15 ? Int(h) : -1)
        }
        pixelWidth = Int(w)
        pixelHeight = Int(h)
        self.scale = scale
        raster = Rasterizer(width: pixelWidth, height: pixelHeight)
        pixels = .allocate(capacity: pixelWidth * pixelHeight)
        pixels.initialize(repeating: background.packed, count: pixelWidth * pixelHeight)
    }

    deinit { pixels.deallocate() }

    /// The part of the picture that may change, in points, rounded to whole pixels; `nil` for all of it.
    public var clip: Rectangle? {
        get { clipped }
        set {
            clipped = newValue
            guard let box = newValue else {
                raster.setClip(left: 0, top: 0, right: Double(pixelWidth), bottom: Double(pixelHeight))
                return
            }
            func limit(_ value: Double, _ top: Int) -> Double { max(0, min(Double(top), value.isNaN ? 0 : (value * scale).rounded())) }
            raster.setClip(
                left: limit(box.x, pixelWidth), top: limit(box.y, pixelHeight), right: limit(box.maxX, pixelWidth), bottom: limit(box.maxY, pixelHeight))
        }
    }

    /// The colour of a pixel.
    public subscript(x: Int, y: Int) -> Color {
        precondition(x >= 0 && y >= 0 && x < pixelWidth && y < pixelHeight, "the pixel is outside the picture")
        return Color(pixels[y * pixelWidth + x])
    }

    // MARK: Painting

    /// Fills a path under the non-zero winding rule; open contours are closed.
    public mutating func fill(_ path: Path, _ color: Color) {
        let map = transform.then(.scale(x: scale, y: scale))
        path.forEachContour(map) { points, _ in
            guard var previous = points.last else { return }
            for point in points {
                raster.add(previous, point)
                previous = point
            }
        }
        paint(color)
    }

    /// Fills a rectangle, with round corners when the radius is above zero.
    public mutating func fill(_ rectangle: Rectangle, radius: Double = 0, _ color: Color) {
        guard rectangle.width > 0, rectangle.height > 0 else { return }
        fill(Path(rectangle, radius: radius), color)
    }

    /// Draws a line along a path; the width is scaled by the mean stretch of the transform.
    public mutating func stroke(_ path: Path, _ stroke: Stroke, _ color: Color) {
        let map = transform.then(.scale(x: scale, y: scale))
        let stroker = Stroker(stroke, scale: map.meanScale)
        path.forEachContour(map) { points, closed in stroker.add(points, closed: closed, to: &raster) }
        paint(color)
    }

    /// Draws a straight line.
    public mutating func line(from start: Point, to end: Point, _ stroke: Stroke, _ color: Color) {
        self.stroke(Path(polyline: [start, end]), stroke, color)
    }

    /// Paints what the rasteriser holds.
    mutating func paint(_ color: Color) {
        let (pixels, width) = (pixels, pixelWidth)
        let right = Int(raster.clipRight)
        let steps = Float(max(1, min(255, coverageSteps)))
        let strength = Float(color.alpha) / steps
        let solid = color.packed
        raster.sweep { y, start, end, differences in
            var sum: Float = 0
            let line = pixels + y * width
            let limit = min(end, right)
            var x = start
            while x < limit {
                // A stretch of pixels that are covered alike.
                sum += differences[x]
                let first = x
                repeat { x += 1 } while x < limit && differences[x] == 0
                let part = Float(Int32(min(sum.magnitude, 1) * steps + 0.5))
                let alpha = UInt32(part * strength + 0.5)
                if alpha == 255 {
                    for place in first..<x { line[place] = solid }
                } else if alpha > 0 {
                    var place = first
                    while place < x {
                        line[place] = blend(line[place], solid, alpha)
                        place &+= 1
                    }
                }
            }
        }
    }
}

/// One sRGB pixel with a colour laid over it; each channel is rounded to the nearest.
@inline(__always)
func blend(_ below: UInt32, _ color: UInt32, _ alpha: UInt32) -> UInt32 {
    // Wrapping operators, which cannot wrap here, let the compiler take many pixels at once.
    let rest = 255 &- alpha
    // Red and blue side by side; (v + 128 + (v + 128) / 256) / 256 is v / 255 to the nearest.
    var pair = (color & 0xFF00FF) &* alpha &+ (below & 0xFF00FF) &* rest &+ 0x80_0080
    pair = ((pair &+ ((pair &>> 8) & 0xFF00FF)) &>> 8) & 0xFF00FF
    var green = (color &>> 8 & 0xFF) &* alpha &+ (below &>> 8 & 0xFF) &* rest &+ 0x80
    green = (green &+ (green &>> 8)) &>> 8
    return pair | green &<< 8
}
