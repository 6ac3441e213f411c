import Testing

@testable import Plotting

@Suite("Stroke font") struct FontTests {
    @Test("Every printable character of Latin-1 and Latin Extended-A, Greek and the promised signs have a glyph")
    func coverage() {
        var wanted: [Unicode.Scalar] = []
        for range in [0x20...0x7E, 0xA0...0xFF, 0x100...0x17F, 0x391...0x3A1, 0x3A3...0x3A9, 0x3B1...0x3C9] {
            wanted += range.compactMap(Unicode.Scalar.init)
        }
        wanted += "°±×÷·…–—‘’“”€≤≥≠≈∞√∑∫∂ΔΩµ→←↑↓•✓✗²³½¼¾‰∅−⁰¹⁴⁵⁶⁷⁸⁹⁻".unicodeScalars
        let absent = wanted.filter { !StrokeFont.covers($0) && !StrokeFont.isInvisible($0) }
        #expect(absent.isEmpty, "without a glyph: \(absent.map { String($0) })")
    }

    @Test("No two letters look the same, but for those that are the same in print")
    func distinct() {
        var seen: [String: Unicode.Scalar] = [:]
        for range in [0x21...0x7E, 0xC0...0x17F] {
            for scalar in range.compactMap(Unicode.Scalar.init) where scalar != "Đ" && scalar != "ĸ" {
                let key = StrokeFont.glyph(scalar).lines.map { "\($0.points)\($0.closed)" }.joined()
                #expect(seen[key] == nil, "\(scalar) looks like \(seen[key].map(String.init) ?? "")")
                seen[key] = scalar
            }
        }
    }

    @Test("The Turkish letters are right: a dotless i has no dot, a capital İ has one")
    func turkish() {
        func dots(_ scalar: Unicode.Scalar) -> [Double] { StrokeFont.glyph(scalar).lines.filter { $0.points.count == 1 }.map { $0.points[0].y } }
        #expect(dots("ı").isEmpty && dots("I").isEmpty)
        #expect(dots("i").count == 1 && dots("İ").count == 1)
        #expect(dots("İ")[0] > 70 && dots("i")[0] > 55)
        #expect(StrokeFont.glyph("ğ").maxY > StrokeFont.glyph("g").maxY + 10)
        #expect(StrokeFont.glyph("ş").lines.joined { $0.y }.min() ?? 0 < -15)
    }

    @Test("An unknown character is a box that can be seen")
    func unknown() {
        #expect(!StrokeFont.covers("字"))
        #expect(Canvas.measure("字", Font(size: 20)).width > 6)
    }

    @Test("Numbers of as many digits are of one width, whatever the digits")
    func tabular() {
        for weight in [Font.Weight.regular, .bold] {
            let wide = Canvas.measure("888888", Font(size: 14, weight: weight)).width
            for digit in "0123456789" {
                #expect((Canvas.measure(String(repeating: digit, count: 6), Font(size: 14, weight: weight)).width - wide).magnitude < 1e-9)
            }
        }
    }

    @Test("Open sides are set closer than upright ones")
    func kerning() {
        func room(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Double {
            TextLayout.distance(StrokeFont.glyph(first), StrokeFont.glyph(second), gap: 14, pen: 8)
        }
        #expect(room("A", "V") < room("H", "H") - 8)
        #expect(room("T", "o") < room("H", "o") - 4)
        #expect(room("o", "o") < room("n", "n"))
        #expect((room("n", "n") - room("H", "H")).magnitude < 1.5)
    }

    @Test("No letters touch, whatever their sides")
    func apart() {
        let letters = Array("AVTLYWKXfjrt7/.,'\"()[]ag".unicodeScalars)
        for first in letters {
            for second in letters {
                let (a, b) = (StrokeFont.glyph(first), StrokeFont.glyph(second))
                let room = TextLayout.distance(a, b, gap: 14, pen: 8)
                for level in 0..<Glyph.levelCount where a.rightDepth[level] < 100 && b.leftDepth[level] < 100 {
                    #expect(room + Double(a.rightDepth[level] + b.leftDepth[level]) > 12, "\(first)\(second)")
                }
            }
        }
    }

    @Test("A text is as wide as its ink, and twice the size is about twice as wide")
    func measure() throws {
        let font = Font(size: 40)
        let size = Canvas.measure("Hamburg", font)
        var canvas = try Canvas(width: 300, height: 60, background: white)
        canvas.draw("Hamburg", at: Point(20, 45), font, black)
        let values = ink(canvas)
        let columns = (0..<300).filter { x in values.contains { $0[x] > 20 } }
        #expect((Double(columns.last! - columns.first! + 1) - size.width).magnitude < 2)
        #expect(columns.first == 20)
        let rows = (0..<60).filter { values[$0].contains { $0 > 20 } }
        #expect(rows.first! >= 45 - Int(size.ascent) - 3 && rows.last! < 45 + Int(size.descent))
        #expect(size.ascent == 29 && Canvas.measure("", font).width == 0)
        #expect((Canvas.measure("Hamburg", Font(size: 80)).width / size.width - 2).magnitude < 0.02)
    }

    @Test("Turned text is the same ink, a quarter turn on")
    func turned() throws {
        var level = try Canvas(width: 80, height: 80, background: white)
        level.draw("Ampère 7", at: Point(40, 40), Font(size: 14), black, align: .center)
        var turned = try Canvas(width: 80, height: 80, background: white)
        turned.draw("Ampère 7", at: Point(40, 40), Font(size: 14), black, align: .center, turned: true)
        let (a, b) = (ink(level), ink(turned))
        for y in 0..<80 { for x in 0..<80 { #expect((a[y][x] - b[79 - x][y]).magnitude <= 2) } }
    }
}

extension [Glyph.Line] {
    /// One coordinate of all points.
    func joined(_ coordinate: (Point) -> Double) -> [Double] { flatMap { $0.points.map(coordinate) } }
}
