/// A line of text with its place; the baseline is at the anchor.
struct PlacedText {
    /// Which colour it takes.
    enum Role {
        case ink, muted, net(Int)
    }

    var text: String
    var anchor: Point
    var font: Font
    var role: Role
    /// The room that it takes.
    var box: Rectangle

    /// The most characters of a text; longer ones end in dots.
    static let mostCharacters = 64

    init(_ given: String, at anchor: Point, _ font: Font, _ role: Role) {
        let text = PlacedText.shortened(given)
        let size = Canvas.measure(text, font)
        self.text = text
        self.anchor = anchor
        self.font = font
        self.role = role
        box = Rectangle(x: anchor.x, y: anchor.y - size.ascent, width: size.width, height: size.ascent + size.descent)
    }

    /// A text of a bounded length.
    static func shortened(_ text: String) -> String { text.count > mostCharacters ? text.prefix(mostCharacters - 1) + "…" : text }

    /// The same text elsewhere.
    func moved(x: Double, y: Double) -> PlacedText { PlacedText(text, at: Point(anchor.x + x, anchor.y + y), font, role) }
}

/// A note with its place.
struct PlacedTag {
    var text: PlacedText
    var severity: Band.Severity
    var box: Rectangle

    func moved(x: Double, y: Double) -> PlacedTag {
        PlacedTag(text: text.moved(x: x, y: y), severity: severity, box: Rectangle(x: box.x + x, y: box.y + y, width: box.width, height: box.height))
    }
}

/// What stands in a box, from its top left corner, and the room that it needs.
struct DiagramCard {
    static let titleFont = Font(size: 14, weight: .bold)
    static let detailFont = Font(size: 11.5)
    static let rowFont = Font(size: 11.5)
    static let tagFont = Font(size: 10.5)
    /// How far the cards behind a stacked one stick out.
    static let stackOffset = 4.0
    /// Thickness of the bar of a bus.
    static let barSize = 7.0

    private(set) var texts: [PlacedText] = []
    private(set) var tags: [PlacedTag] = []
    /// With the cards behind it.
    private(set) var width = 0.0
    private(set) var height = 0.0

    init(_ item: Diagram.Item, _ direction: Diagram.Direction) {
        let left = 14 + (item.isBar && direction == .right ? Self.barSize : 0)
        var y = item.isBar && direction == .down ? Self.barSize + 7 : 8
        var right = left + 70
        func put(_ text: String, _ x: Double, _ baseline: Double, _ font: Font, _ role: PlacedText.Role) -> Double {
            guard !text.isEmpty else { return x }
            let placed = PlacedText(text, at: Point(x, baseline), font, role)
            texts.append(placed)
            right = max(right, placed.box.maxX)
            return placed.box.maxX
        }
        let titleEnd = put(item.title, left, y + 12, Self.titleFont, .ink)
        if item.isBar {
            _ = put(item.detail, titleEnd + 10, y + 12, Self.detailFont, .muted)
            y += 20
        } else if !item.detail.isEmpty {
            _ = put(item.detail, left, y + 27, Self.detailFont, .muted)
            y += 35
        } else {
            y += 20
        }
        y = rows(item.rows, left, y, &right)
        for tag in item.tags {
            let placed = Self.tag(tag, left, y + 2)
            tags.append(placed)
            right = max(right, placed.box.maxX)
            y += 19
        }
        width = (right + 14).rounded(.up)
        height = (y + 5).rounded(.up)
        if item.isStacked {
            width += 2 * Self.stackOffset
            height += 2 * Self.stackOffset
        }
    }

    /// Places a table and gives the y below it.
    private mutating func rows(_ rows: [Diagram.Row], _ left: Double, _ top: Double, _ right: inout Double) -> Double {
        guard !rows.isEmpty else { return top }
        var widths: [Double] = []
        for row in rows {
            for (column, cell) in row.cells.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], Canvas.measure(PlacedText.shortened(cell), Self.rowFont).width)
            }
        }
        var y = top + 4
        for row in rows {
            var x = left
            for (column, cell) in row.cells.enumerated() {
                if !cell.isEmpty {
                    let placed = PlacedText(cell, at: Point(x, y + 12), Self.rowFont, column == 0 ? .ink : .muted)
                    texts.append(placed)
                    right = max(right, placed.box.maxX)
                }
                x += widths[column] + 14
            }
            for tag in row.tags {
                let placed = Self.tag(tag, x, y)
                tags.append(placed)
                right = max(right, placed.box.maxX)
                x = placed.box.maxX + 6
            }
            y += 18
        }
        return y + 2
    }

    private static func tag(_ tag: Diagram.Tag, _ x: Double, _ y: Double) -> PlacedTag {
        let text = PlacedText(tag.text, at: Point(x + 17, y + 11.5), tagFont, .ink)
        return PlacedTag(text: text, severity: tag.severity, box: Rectangle(x: x, y: y, width: text.box.width + 25, height: 16))
    }
}
