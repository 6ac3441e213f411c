/// A coarse map of where a plot has ink, to find room for legends and boxes.
struct Occupancy {
    private let box: Rectangle
    private let columns: Int
    private let rows: Int
    private var cells: [Bool]
    private static let cell = 5.0

    /// An empty map of a plot.
    init(_ box: Rectangle) {
        self.box = box
        columns = max(1, min(4000, Int(box.width / Self.cell) + 1))
        rows = max(1, min(4000, Int(box.height / Self.cell) + 1))
        cells = Array(repeating: false, count: columns * rows)
    }

    /// Enters a line.
    mutating func add(_ points: [Point]) {
        for index in points.indices {
            let a = points[max(0, index - 1)], b = points[index]
            let reach = max((b.x - a.x).magnitude, (b.y - a.y).magnitude)
            guard reach < 1e6 else { continue }
            let steps = max(1, Int(reach / Self.cell * 2) + 1)
            for step in 0...steps {
                let part = Double(step) / Double(steps)
                let x = (a.x + (b.x - a.x) * part - box.x) / Self.cell, y = (a.y + (b.y - a.y) * part - box.y) / Self.cell
                guard x >= 0, y >= 0, x < Double(columns), y < Double(rows) else { continue }
                cells[Int(y) * columns + Int(x)] = true
            }
        }
    }

    /// Enters a box.
    mutating func add(_ rectangle: Rectangle) { forEachCell(of: rectangle) { cells[$0] = true } }

    /// Whether a box touches no ink.
    func isFree(_ rectangle: Rectangle) -> Bool {
        guard rectangle.x >= box.x, rectangle.y >= box.y, rectangle.maxX <= box.maxX, rectangle.maxY <= box.maxY else { return false }
        var free = true
        forEachCell(of: rectangle) { if cells[$0] { free = false } }
        return free
    }

    private func forEachCell(of rectangle: Rectangle, _ body: (Int) -> Void) {
        func place(_ value: Double, _ count: Int) -> Int { Int(max(0, min(Double(count - 1), value / Self.cell))) }
        let (x0, x1) = (place(rectangle.x - box.x, columns), place(rectangle.maxX - box.x, columns))
        let (y0, y1) = (place(rectangle.y - box.y, rows), place(rectangle.maxY - box.y, rows))
        for y in y0...y1 { for x in x0...x1 { body(y * columns + x) } }
    }

    /// The first free place for a box of this size: along the bottom from the left, or along the top from the right, then the other border.
    func place(width: Double, height: Double, margin: Double, bottomFirst: Bool) -> Rectangle? {
        let left = box.x + margin, right = box.maxX - margin - width
        let top = box.y + margin, bottom = box.maxY - margin - height
        guard right >= left, bottom >= top else { return nil }
        for atBottom in bottomFirst ? [true, false] : [false, true] {
            var shift = 0.0
            while left + shift <= right {
                let x = bottomFirst ? left + shift : right - shift
                let spot = Rectangle(x: x, y: atBottom ? bottom : top, width: width, height: height)
                if isFree(spot.inset(by: -3)) { return spot }
                shift += 10
            }
        }
        return nil
    }
}
