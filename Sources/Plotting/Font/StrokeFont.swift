/// The typeface of evsim: letters drawn with one round pen, after the manner of engineers' stencils.
///
/// It covers Latin-1, Latin Extended-A, Greek and the signs that charts need; any other character shows as a crossed box. Letters are
/// spaced by the shape of their sides, pair by pair; digits are all of one width.
enum StrokeFont {
    /// The glyph of a character, or a box with a cross.
    static func glyph(_ scalar: Unicode.Scalar) -> Glyph {
        if let known = table[scalar] { return known }
        return missing
    }

    /// Whether the font draws this character itself.
    static func covers(_ scalar: Unicode.Scalar) -> Bool { isSpace(scalar) || table[scalar] != nil }

    /// Whether the character is a blank.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20, 0xA0, 0x09, 0x0A, 0x0D, 0x2000...0x200A, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// Whether the character takes no room: joiners, marks of direction, the soft hyphen.
    static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xAD, 0x200B...0x200F, 0x2060, 0xFEFF, 0xFE0E, 0xFE0F: true
        default: false
        }
    }

    private static let missing: Glyph = {
        var glyph = Glyph(lines: Glyph.lines(of: "M0 0 v64 h36 v0 Z M0 0 L36 64 M0 64 L36 0"))
        glyph.measure()
        return glyph
    }()

    /// All glyphs, read once.
    private static let table: [Unicode.Scalar: Glyph] = {
        var table: [Unicode.Scalar: Glyph] = [:]
        table.reserveCapacity(640)
        for source in [latin, latinSigns, greek, signs] {
            forEachLine(of: source) { scalar, drawing in
                if let first = drawing.first, first == "=", let other = drawing.unicodeScalars.dropFirst().first {
                    table[scalar] = table[other]
                } else {
                    var glyph = Glyph(lines: Glyph.lines(of: String(drawing)))
                    glyph.measure()
                    table[scalar] = glyph
                }
            }
        }
        forEachLine(of: assembled) { scalar, parts in
            var glyph = Glyph()
            for part in parts.split(separator: " ") {
                let fields = part.split(separator: ":")
                guard fields.count == 4, let base = fields[0].unicodeScalars.first, let from = table[base],
                    let scale = Double(fields[1]), let dx = Double(fields[2]), let dy = Double(fields[3])
                else { continue }
                for line in from.lines {
                    glyph.lines.append(Glyph.Line(points: line.points.map { Point($0.x * scale + dx, $0.y * scale + dy) }, closed: line.closed))
                }
            }
            glyph.measure()
            table[scalar] = glyph
        }
        var markLines: [Unicode.Scalar: [Glyph.Line]] = [:]
        forEachLine(of: marks) { scalar, drawing in markLines[scalar] = Glyph.lines(of: String(drawing)) }
        for row in accented.split(separator: "\n") {
            for entry in row.split(separator: "|") {
                let scalars = Array(entry.unicodeScalars)
                guard scalars.count == 4, let base = table[scalars[2]] else { continue }
                var glyph = base
                add(scalars[3], to: &glyph, base: scalars[2], markLines)
                glyph.measure()
                table[scalars[0]] = glyph
            }
        }
        return table
    }()

    private static func forEachLine(of source: String, _ body: (Unicode.Scalar, Substring) -> Void) {
        for line in source.split(separator: "\n") {
            guard let scalar = line.unicodeScalars.first else { continue }
            body(scalar, line.dropFirst(2))
        }
    }

    /// Sets a mark on, under or beside a letter.
    private static func add(_ mark: Unicode.Scalar, to glyph: inout Glyph, base: Unicode.Scalar, _ marks: [Unicode.Scalar: [Glyph.Line]]) {
        if mark == "/" {
            // The caron of tall Czech and Slovak letters is an apostrophe at the right shoulder.
            let x = base == "L" ? 22 : glyph.maxX + (base == "t" ? 2 : 11)
            glyph.lines.append(Glyph.Line(points: [Point(x, 67), Point(x - 4, 53)], closed: false))
            return
        }
        var x = (glyph.minX + glyph.maxX) / 2, y = glyph.maxY
        switch (base, mark) {
        case (_, ";"):
            (x, y) = (base == "u" || base == "a" ? glyph.maxX : base == "i" || base == "I" ? 1 : glyph.maxX - 5, 0)
            if base == "e" { x = glyph.maxX - 10 }
        case (_, ","), (_, "<"): y = 0
        case ("h", _): x = 0
        case ("l", _): x = 2
        case ("J", _): x = 22
        case ("ȷ", _): x = 9
        default: break
        }
        if base == "t" || base == "T", mark == "," { x += base == "t" ? 3 : 0 }
        for line in marks[mark] ?? [] {
            glyph.lines.append(Glyph.Line(points: line.points.map { Point($0.x + x, $0.y + y) }, closed: line.closed))
        }
    }
}
