/// Size and weight of text.
public struct Font: Equatable, Hashable, Sendable {
    /// How heavy the pen is.
    public enum Weight: Sendable {
        /// For text.
        case regular
        /// For small headings.
        case medium
        /// For titles.
        case bold
    }

    /// The size in points: capitals are 0.72 of it high.
    public var size: Double
    /// The weight.
    public var weight: Weight

    /// A font.
    public init(size: Double, weight: Weight = .regular) {
        self.size = size
        self.weight = weight
    }
}

/// The room that a line of text takes, in points.
public struct TextSize: Equatable, Sendable {
    /// The width of the ink, from the left of the first letter to the right of the last.
    public var width: Double
    /// The height of capitals over the baseline; accents reach higher, by a fifth of the size.
    public var ascent: Double
    /// How far letters reach below the baseline.
    public var descent: Double
}

/// Text with the place of each glyph, in device pixels from the left of the ink on the baseline.
struct TextLayout {
    /// The glyphs in order with the x of their origins.
    var glyphs: [(glyph: Glyph, x: Double)] = []
    /// The width of the ink.
    var width = 0.0
    let metrics: FontMetrics

    /// The room between two upright stems, in hundredths of the size, over and above the pen.
    private static let gap = 14.5
    /// What a blank adds between two letters.
    private static let blank = 29.0

    init(_ text: String, _ font: Font, scale: Double) {
        metrics = FontMetrics(font, scale: scale)
        let pen = metrics.pen / metrics.unit
        let gap = Self.gap + max(0, min(5, (15 - font.size * scale) * 0.5)) - (font.weight == .bold ? 2 : 0)
        let cell = 38 + pen + gap * 0.72
        var previous: Glyph?, digitBefore = false, origin = 0.0, blanks = 0.0
        for scalar in text.unicodeScalars {
            if StrokeFont.isInvisible(scalar) { continue }
            if StrokeFont.isSpace(scalar) {
                blanks += Self.blank
                continue
            }
            let glyph = StrokeFont.glyph(scalar)
            let digit = scalar.value >= 0x30 && scalar.value <= 0x39
            // A digit stands in the middle of its cell, so that columns of numbers line up.
            let side = digit ? (38 - (glyph.maxX - glyph.minX)) / 2 : 0
            if let before = previous {
                let beforeSide = digitBefore ? (38 - (before.maxX - before.minX)) / 2 : 0
                if digit, digitBefore, blanks == 0 {
                    origin += cell - (beforeSide - before.minX) + (side - glyph.minX)
                } else if blanks > 0 {
                    origin += before.maxX + beforeSide + pen + gap * 0.8 + blanks - gap * 0.3 + side - glyph.minX
                } else {
                    origin += before.maxX + beforeSide * 0.5 + Self.distance(before, glyph, gap: gap, pen: pen) + side * 0.5 - glyph.minX
                }
            } else {
                origin = side - glyph.minX + blanks
            }
            glyphs.append((glyph, origin))
            (previous, digitBefore, blanks) = (glyph, digit, 0)
        }
        if let last = previous {
            let side = digitBefore ? (38 - (last.maxX - last.minX)) / 2 : 0
            width = (origin + last.maxX + side + pen) * metrics.unit
        }
        for index in glyphs.indices { glyphs[index].x = glyphs[index].x * metrics.unit + metrics.pen / 2 }
    }

    /// The room from the rightmost pen position of one glyph to the leftmost of the next: less, the more their sides recede from each other.
    static func distance(_ first: Glyph, _ second: Glyph, gap: Double, pen: Double) -> Double {
        let tall = first.maxY > 55 && second.maxY > 55
        var sum: Float = 0, count: Float = 0
        for level in 5..<(tall ? 22 : 18) {
            let depth = min(first.rightDepth[level], 17) + min(second.leftDepth[level], 17)
            sum += min(depth, 24)
            count += 1
        }
        var nearest = Float.infinity
        for level in 1..<(Glyph.levelCount - 1) {
            let right = min(first.rightDepth[level], min(first.rightDepth[level - 1], first.rightDepth[level + 1]) + 3)
            nearest = min(nearest, right + second.leftDepth[level])
        }
        var target = gap + pen - 0.66 * Double(sum / count)
        // Full stops and commas hardly face their neighbours: they keep their distance.
        if first.maxY < 12 || second.maxY < 12 { target = max(target, gap * 0.72 + pen) }
        return max(target, gap * 0.62 + pen - Double(nearest))
    }
}

/// The measures of a font in device pixels, fitted to whole pixels so that level strokes are crisp.
struct FontMetrics {
    /// Pixels in a hundredth of the size.
    let unit: Double
    /// The width of the pen.
    let pen: Double
    /// The height of the ink of capitals and of an x.
    let capHeight: Double
    let xHeight: Double

    init(_ font: Font, scale: Double) {
        let size = max(1, min(4000, (font.size.isFinite ? font.size : 1) * scale))
        unit = size / 100
        let fitted = size < 60
        capHeight = fitted ? (0.72 * size).rounded() : 0.72 * size
        xHeight = fitted ? (0.54 * size).rounded() : 0.54 * size
        let share: Double
        switch font.weight {
        case .regular: share = 0.082
        case .medium: share = 0.1
        case .bold: share = 0.122
        }
        pen = max(size * share + 0.12, 0.9)
    }

    /// The height of a pen position over the baseline, for a height in glyph units.
    @inline(__always)
    func y(_ units: Double) -> Double {
        let base = pen / 2
        let low = (xHeight - pen) / 46
        if units <= 46 { return base + units * low }
        let high = (capHeight - xHeight) / 18
        if units <= 64 { return xHeight - base + (units - 46) * high }
        return capHeight - base + (units - 64) * unit
    }
}
