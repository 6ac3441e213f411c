/// A picture of shares in rows and columns, such as the recall of detectors over kinds of attacks: the fuller a cell, the greater its share.
///
/// A chart is plain data; ``render()`` turns it into the bytes of a PNG file. The same chart gives the same bytes on every machine.
public struct MatrixChart: Sendable {
    /// One cell.
    public struct Cell: Sendable {
        /// The share that colours it, 0…1; `nil` for a cell that was never measured.
        public var share: Double?
        /// The text in it.
        public var text: String
        /// A smaller line below; may be empty.
        public var note: String

        /// A cell.
        public init(share: Double?, text: String, note: String = "") {
            self.share = share
            self.text = text
            self.note = note
        }
    }

    /// The title at the top left; may be empty.
    public var title: String
    /// A smaller line below the title; may be empty.
    public var subtitle = ""
    /// Names of the rows.
    public var rows: [String]
    /// Names of the columns.
    public var columns: [String]
    /// Cells by row and column.
    public var cells: [[Cell]]
    /// Head of the last column, which has numbers and no colour; empty for none.
    public var margin = ""
    /// The texts of the last column, by row.
    public var marginTexts: [String] = []
    /// What the colours mean, below the matrix: `0 % … 100 % recall`.
    public var legend = ""
    /// What stands in the middle when there is no row.
    public var emptyText = "nothing was measured"
    /// Pixels in a point.
    public var scale: Double = 1
    /// The colours.
    public var theme = Theme.light

    /// A chart of cells.
    public init(title: String, rows: [String], columns: [String], cells: [[Cell]]) {
        self.title = title
        self.rows = rows
        self.columns = columns
        self.cells = cells
    }

    /// Draws the chart, as large as its content needs, and returns the bytes of a PNG file.
    public func render() throws(PlotError) -> [UInt8] {
        let drawing = MatrixDrawing(self)
        var canvas = try Canvas(width: drawing.width, height: drawing.height, scale: scale, background: theme.page)
        canvas.coverageSteps = 16
        drawing.draw(on: &canvas)
        return try canvas.png(reduced: true)
    }
}

/// A matrix being drawn.
struct MatrixDrawing {
    private let chart: MatrixChart
    private let theme: Theme
    private let box: Rectangle
    private let column: Double
    private let lane: Double
    private let head: Double
    private let marginWidth: Double
    /// Rows and columns that fit into the largest picture.
    private let rowCount: Int
    private let columnCount: Int
    let width: Double
    let height: Double

    private static let edge = 24.0
    private static let small = Font(size: 12)
    private static let medium = Font(size: 12.5, weight: .medium)

    init(_ chart: MatrixChart) {
        self.chart = chart
        theme = chart.theme
        func width(_ text: String, _ font: Font) -> Double { Canvas.measure(text, font, scale: chart.scale).width }
        let notes = chart.cells.contains { $0.contains { !$0.note.isEmpty } }
        lane = notes ? 46 : 34
        let inner = chart.cells.reduce(46.0) { most, row in row.reduce(most) { Swift.max($0, width($1.text, Self.medium), width($1.note, Font(size: 11))) } }
        column = (inner + 22).rounded()
        let names = chart.rows.reduce(60.0) { Swift.max($0, width($1, Self.medium)) }
        let left = (Self.edge + Swift.min(names, 320) + 16).rounded()
        // Heads run upwards when they are wider than their columns.
        let longest = chart.columns.reduce(0.0) { Swift.max($0, width($1, Self.small)) }
        let isTurned = longest > column - 8
        head = (isTurned ? Swift.min(longest, 220) + 14 : 24).rounded()
        marginWidth =
            chart.margin.isEmpty ? 0 : (chart.marginTexts.reduce(width(chart.margin, Self.small)) { Swift.max($0, width($1, Self.medium)) } + 24).rounded()
        let most = 8000 / Swift.max(chart.scale, 0.25)
        let top = (Self.edge + (chart.title.isEmpty ? 0 : 27) + (chart.subtitle.isEmpty ? 0 : 22) + 6 + head).rounded()
        columnCount = Swift.max(0, Swift.min(chart.columns.count, Int((most - left - marginWidth - Self.edge) / column)))
        rowCount = Swift.max(0, Swift.min(chart.rows.count, Int((most - top - 90) / lane)))
        let minimum = Swift.max(width(chart.title, Font(size: 19, weight: .bold)), width(chart.subtitle, Font(size: 13)), 320) + 2 * Self.edge
        let legend = chart.legend.isEmpty ? 0 : left + 150 + width(chart.legend, Self.small) + Self.edge
        box = Rectangle(x: left, y: top, width: column * Double(columnCount), height: lane * Double(Swift.max(rowCount, 1)))
        self.width = Swift.min(most, Swift.max(minimum, legend, box.maxX + marginWidth + Self.edge).rounded())
        height = Swift.min(most, (box.maxY + (chart.legend.isEmpty ? 0 : 44) + Self.edge).rounded())
    }

    private func fitted(_ text: String, _ font: Font, _ room: Double) -> String {
        func width(_ text: String) -> Double { Canvas.measure(text, font, scale: chart.scale).width }
        if text.utf8.count < 600, width(text) <= room { return text }
        var letters = Array(text.prefix(120))
        while !letters.isEmpty, width(String(letters) + "…") > room { letters.removeLast() }
        return letters.isEmpty ? "" : String(letters) + "…"
    }

    func draw(on canvas: inout Canvas) {
        var y = Self.edge + 14
        if !chart.title.isEmpty {
            canvas.draw(
                fitted(chart.title, Font(size: 19, weight: .bold), width - 2 * Self.edge), at: Point(Self.edge, y), Font(size: 19, weight: .bold), theme.ink)
            y += 22
        }
        if !chart.subtitle.isEmpty {
            canvas.draw(fitted(chart.subtitle, Font(size: 13), width - 2 * Self.edge), at: Point(Self.edge, y), Font(size: 13), theme.muted)
        }
        guard rowCount > 0, columnCount > 0 else {
            canvas.draw(chart.emptyText, at: Point(width / 2, box.y + lane / 2), Font(size: 14), theme.muted, align: .center)
            return
        }
        heads(on: &canvas)
        for row in 0..<rowCount { draw(row, on: &canvas) }
        legend(on: &canvas)
    }

    private func heads(on canvas: inout Canvas) {
        let base = box.y - 9
        for index in 0..<columnCount {
            let center = box.x + column * (Double(index) + 0.5)
            if head > 30 {
                canvas.draw(fitted(chart.columns[index], Self.small, head - 12), at: Point(center + 4, base), Self.small, theme.ink, turned: true)
            } else {
                canvas.draw(chart.columns[index], at: Point(center, base), Self.small, theme.ink, align: .center)
            }
        }
        if !chart.margin.isEmpty {
            canvas.draw(chart.margin, at: Point(box.maxX + marginWidth - 6, base), Self.small, theme.muted, align: .right)
        }
    }

    private func draw(_ row: Int, on canvas: inout Canvas) {
        let top = box.y + lane * Double(row)
        let middle = top + lane / 2
        canvas.draw(fitted(chart.rows[row], Self.medium, box.x - Self.edge - 12), at: Point(Self.edge, middle + 4.5), Self.medium, theme.ink)
        for index in 0..<columnCount where chart.cells.indices.contains(row) && chart.cells[row].indices.contains(index) {
            let cell = chart.cells[row][index]
            let place = Rectangle(x: box.x + column * Double(index) + 1.5, y: top + 1.5, width: column - 3, height: lane - 3)
            canvas.fill(place, radius: 4, theme.plot)
            var ink = theme.muted
            if let share = cell.share {
                canvas.fill(place, radius: 4, color(share))
                ink = share > 0.55 ? theme.page : theme.ink
            }
            let center = Point(box.x + column * (Double(index) + 0.5), middle)
            canvas.draw(
                cell.text, at: Point(center.x, center.y + (cell.note.isEmpty ? 4.5 : -2)), cell.share == nil ? Self.small : Self.medium, ink, align: .center)
            if !cell.note.isEmpty { canvas.draw(cell.note, at: Point(center.x, center.y + 13), Font(size: 11), ink.opacity(0.86), align: .center) }
        }
        if !chart.margin.isEmpty, chart.marginTexts.indices.contains(row) {
            canvas.draw(chart.marginTexts[row], at: Point(box.maxX + marginWidth - 6, middle + 4.5), Self.medium, theme.ink, align: .right)
        }
    }

    /// The colour of a share: from the ground of the plot to the full colour.
    private func color(_ share: Double) -> Color { theme.plot.mixed(with: theme.color(ofSeries: 0), 0.08 + 0.92 * share) }

    private func legend(on canvas: inout Canvas) {
        guard !chart.legend.isEmpty else { return }
        let y = box.maxY + 22
        for step in 0...10 {
            canvas.fill(Rectangle(x: box.x + 1.5 + Double(step) * 12, y: y, width: 12, height: 10), color(Double(step) / 10))
        }
        canvas.draw(chart.legend, at: Point(box.x + 1.5 + 132 + 10, y + 9), Self.small, theme.muted)
    }
}
