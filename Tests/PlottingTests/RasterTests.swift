import Testing

@testable import Plotting

@Suite("Rasteriser") struct RasterTests {
    @Test("A rectangle between pixel borders covers exactly its part of each pixel")
    func rectangle() throws {
        var canvas = try Canvas(width: 6, height: 5, background: white)
        canvas.fill(Rectangle(x: 1.25, y: 1.5, width: 3, height: 2.25), black)
        func part(_ fraction: Double) -> Int { Int(fraction * 255 + 0.5) }
        let sides = [0, 0.75, 1, 1, 0.25, 0], rows = [0, 0.5, 1, 0.75, 0]
        #expect(ink(canvas) == rows.map { row in sides.map { part($0 * row) } })
    }

    @Test("A triangle covers exactly its area in each pixel that a side cuts")
    func triangle() throws {
        var canvas = try Canvas(width: 4, height: 2, background: white)
        canvas.fill(Path(polyline: [Point(0, 0), Point(4, 0), Point(0, 2)]), black)
        #expect(ink(canvas) == [[255, 255, 191, 64], [191, 64, 0, 0]])
    }

    @Test("The area of odd polygons comes out as by the surveyor's formula", arguments: [1.0, 2, 3])
    func polygons(_ turn: Double) throws {
        let points = [Point(3.1, 2.2), Point(35.7, 5.9 * turn), Point(28.3, 37.2), Point(9.9, 30.01)]
        var twice = 0.0
        for index in points.indices {
            let (a, b) = (points[index], points[(index + 1) % 4])
            twice += a.x * b.y - b.x * a.y
        }
        var canvas = try Canvas(width: 40, height: 40, background: white)
        canvas.fill(Path(polyline: points), black)
        #expect((area(canvas) - twice.magnitude / 2).magnitude < 0.3)
    }

    @Test("Shapes that overlap in one path are one shape, whichever way they run")
    func union() throws {
        for reversed in [false, true] {
            var canvas = try Canvas(width: 12, height: 12, background: white)
            var path = Path(Rectangle(x: 1.5, y: 1.5, width: 6, height: 6))
            let second = [Point(4.5, 4.5), Point(10.5, 4.5), Point(10.5, 10.5), Point(4.5, 10.5)]
            path.append(Path(polyline: reversed ? second.reversed() : second, closed: true))
            canvas.fill(path, black.opacity(0.5))
            let values = ink(canvas)
            #expect(values.joined().max() == 128)
            // Wound against each other the overlap cancels: the winding number there is zero.
            #expect(values[6][6] == (reversed ? 0 : 128))
            #expect(values[3][3] == 128 && values[9][9] == 128)
        }
    }

    @Test("A star drawn in one stroke is filled in its middle too")
    func star() throws {
        var canvas = try Canvas(width: 40, height: 40, background: white)
        canvas.fill(Path(polyline: [Point(20, 2), Point(31, 36), Point(3, 15), Point(37, 15), Point(9, 36)]), black)
        #expect(ink(canvas)[20][20] == 255)
    }

    @Test("A translucent zigzag has one tone inside and no pixel darker than it", arguments: [Stroke.Join.miter, .round, .bevel])
    func zigzag(_ join: Stroke.Join) throws {
        var canvas = try Canvas(width: 120, height: 60, background: white)
        var points: [Point] = []
        for index in 0..<30 { points.append(Point(8 + Double(index) * 3.55, index % 2 == 0 ? 52.3 : 7.7)) }
        points += [Point(60, 30), Point(10, 31), Point(110, 29.5)]
        canvas.stroke(Path(polyline: points), Stroke(width: 6, cap: .round, join: join, miterLimit: 10), black.opacity(0.4))
        let values = ink(canvas).joined()
        #expect(values.max() == 102)
        #expect(ink(canvas)[30][20...100].allSatisfy { $0 == 102 })
    }

    @Test("A line on its own way back covers no more than once")
    func retrace() throws {
        var canvas = try Canvas(width: 40, height: 20, background: white)
        canvas.stroke(Path(polyline: [Point(5, 10.3), Point(35, 10.3), Point(5, 10.3)]), Stroke(width: 3, join: .bevel), black)
        #expect((area(canvas) - 90).magnitude < 0.5)
    }

    @Test("The area of a stroke is its length times its width, more with square and round ends")
    func strokeArea() throws {
        func painted(_ cap: Stroke.Cap) throws -> Double {
            var canvas = try Canvas(width: 60, height: 60, background: white)
            canvas.stroke(Path(polyline: [Point(10, 10), Point(40, 50)]), Stroke(width: 5, cap: cap), black)
            return area(canvas)
        }
        #expect((try painted(.butt) - 250).magnitude < 0.5)
        #expect((try painted(.square) - 275).magnitude < 0.5)
        #expect((try painted(.round) - 250 - 19.635).magnitude < 0.5)
    }

    @Test("A miter reaches its point, beyond the limit it is cut")
    func miter() throws {
        func painted(_ limit: Double) throws -> Double {
            var canvas = try Canvas(width: 40, height: 40, background: white)
            canvas.stroke(Path(polyline: [Point(5, 30), Point(25, 30), Point(25, 5)]), Stroke(width: 4, join: .miter, miterLimit: limit), black)
            return area(canvas)
        }
        #expect((try painted(4) - 180).magnitude < 0.1)
        #expect((try painted(1) - 178).magnitude < 0.1)
    }

    @Test("A closed stroke has a corner where it ends, and no caps")
    func closed() throws {
        var canvas = try Canvas(width: 40, height: 40, background: white)
        canvas.stroke(Path(Rectangle(x: 10, y: 10, width: 20, height: 20)), Stroke(width: 2, join: .miter), black)
        #expect((area(canvas) - 160).magnitude < 0.01)
    }

    @Test("Dashes have the lengths asked for, also around a corner")
    func dashes() throws {
        var canvas = try Canvas(width: 60, height: 10, background: white)
        canvas.stroke(Path(polyline: [Point(2, 5), Point(30, 5), Point(57, 5)]), Stroke(width: 2, dashes: [7, 4]), black)
        let row = ink(canvas)[4]
        #expect((2..<57).allSatisfy { row[$0] == (($0 - 2) % 11 < 7 ? 255 : 0) })
        #expect(row[57...].allSatisfy { $0 == 0 })
    }

    @Test("Dashes without a length, or by the million, end as a solid line")
    func hostileDashes() throws {
        for dashes in [[0.0], [-1, 2], [.nan], [1e-9, 1e-9], [.infinity]] {
            var canvas = try Canvas(width: 20, height: 8, background: white)
            canvas.stroke(Path(polyline: [Point(2, 4), Point(18, 4)]), Stroke(width: 2, dashes: dashes), black)
            #expect((area(canvas) - 32).magnitude < 0.1)
        }
    }

    @Test("Nothing is painted outside the clip, and what is inside is as without it")
    func clip() throws {
        var open = try Canvas(width: 40, height: 40, background: white)
        var clipped = try Canvas(width: 40, height: 40, background: white)
        clipped.clip = Rectangle(x: 10, y: 12, width: 17, height: 9)
        let path = Path(ellipseAt: Point(20, 20), radiusX: 19, radiusY: 7)
        open.stroke(path, Stroke(width: 5), black)
        clipped.stroke(path, Stroke(width: 5), black)
        let (all, part) = (ink(open), ink(clipped))
        for y in 0..<40 {
            for x in 0..<40 {
                let inside = x >= 10 && x < 27 && y >= 12 && y < 21
                #expect((part[y][x] - (inside ? all[y][x] : 0)).magnitude <= 1)
            }
        }
    }

    @Test("Points that are far away or no numbers neither crash nor paint")
    func hostile() throws {
        var canvas = try Canvas(width: 20, height: 20, background: white)
        for bad in [Double.nan, .infinity, -1e300] {
            canvas.stroke(Path(polyline: [Point(1, 1), Point(bad, 5), Point(9, bad)]), Stroke(width: 2), black)
            canvas.fill(Path(polyline: [Point(1, 1), Point(bad, 5), Point(9, bad)]), black)
        }
        #expect(area(canvas) == 0)
        canvas.line(from: Point(-1e8, 10), to: Point(1e8, 10), Stroke(width: 2), black)
        #expect((area(canvas) - 40).magnitude < 0.1)
    }

    @Test("A transform moves, turns and stretches what is painted")
    func transform() throws {
        var canvas = try Canvas(width: 20, height: 20, background: white)
        canvas.transform = Transform(a: 0, b: 2, c: -3, d: 0, tx: 15, ty: 4)
        canvas.fill(Rectangle(x: 0, y: 0, width: 4, height: 2), black)
        let values = ink(canvas)
        #expect(values[4][9] == 255 && values[11][14] == 255 && values[4][15] == 0 && values[12][10] == 0 && area(canvas) == 48)
    }

    @Test("Sizes out of range are refused with the pixels asked for")
    func sizes() {
        #expect(throws: PlotError.sizeOutOfRange(width: 9000, height: 10)) { _ = try Canvas(width: 9000, height: 10, background: white) }
        #expect(throws: PlotError.sizeOutOfRange(width: 8192, height: 8192)) { _ = try Canvas(width: 8192, height: 8192, background: white) }
        #expect(throws: PlotError.sizeOutOfRange(width: -1, height: 10)) { _ = try Canvas(width: .nan, height: 10, background: white) }
        #expect(throws: PlotError.scaleOutOfRange(9)) { _ = try Canvas(width: 100, height: 100, scale: 9, background: white) }
    }

    @Test("Colours are read from hexadecimal text, and nothing else is")
    func colors() {
        #expect(Color(hex: "#0072B2") == Color(0x0072B2))
        #expect(Color(hex: "#fc0") == Color(0xFFCC00))
        #expect(Color(hex: "#0072B280") == Color(red: 0, green: 0x72, blue: 0xB2, alpha: 0x80))
        for bad in ["", "#", "0072B2", "#00", "#0072B", "#0072B2801", "#00gg00", "##12345"] { #expect(Color(hex: bad) == nil) }
    }
}
