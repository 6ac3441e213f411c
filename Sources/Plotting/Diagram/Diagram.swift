/// Boxes in layers, buses, and the nets that join them: the wiring of something as a picture.
///
/// The layout is a function of the content: the same diagram gives the same pixels. Boxes and texts never overlap, nets run in
/// channels between the layers, along the axes. Complexity: about quadratic in the number of items.
public struct Diagram: Sendable {
    /// A small coloured note on a box, such as a detector at its signal.
    public struct Tag: Equatable, Sendable {
        /// One line.
        public var text: String
        /// Gives the colour.
        public var severity: Band.Severity

        /// A tag.
        public init(_ text: String, _ severity: Band.Severity) {
            self.text = text
            self.severity = severity
        }
    }

    /// One line of the table in a box.
    public struct Row: Equatable, Sendable {
        /// Cells; those of all rows stand in columns.
        public var cells: [String]
        /// Notes behind the cells.
        public var tags: [Tag]

        /// A row.
        public init(_ cells: [String], tags: [Tag] = []) {
            self.cells = cells
            self.tags = tags
        }
    }

    /// A box.
    public struct Item: Equatable, Sendable {
        /// First line, bold.
        public var title: String
        /// Second line.
        public var detail: String
        /// Number of its colour in the palette.
        public var accent: Int
        /// Its layer; 0 comes first.
        public var layer: Int
        /// The frame that it stands in.
        public var group: Int?
        /// Whether it is drawn as a stack of cards: one box for many alike.
        public var isStacked = false
        /// Whether it is a bus, whose nets end anywhere along its bar.
        public var isBar = false
        /// Table below the lines.
        public var rows: [Row] = []
        /// Notes below the lines.
        public var tags: [Tag] = []

        /// A box.
        public init(title: String, detail: String, accent: Int, layer: Int, group: Int? = nil) {
            self.title = title
            self.detail = detail
            self.accent = accent
            self.layer = layer
            self.group = group
        }
    }

    /// Items that are joined with each other.
    public struct Net: Equatable, Sendable {
        /// Number of its style.
        public var style: Int
        /// The item that the others hang on.
        public var root: Int
        /// The others, each with a text at its end or an empty one.
        public var leaves: [Leaf]

        /// One end.
        public struct Leaf: Equatable, Sendable {
            /// The item.
            public var item: Int
            /// Text on the line, at the item.
            public var label: String

            /// An end.
            public init(_ item: Int, label: String = "") {
                self.item = item
                self.label = label
            }
        }

        /// A net.
        public init(style: Int, root: Int, leaves: [Leaf]) {
            self.style = style
            self.root = root
            self.leaves = leaves
        }
    }

    /// How nets of one meaning look; the legend shows those in use.
    public struct Style: Equatable, Sendable {
        /// Its text in the legend.
        public var name: String
        /// Number of its colour in the palette.
        public var color: Int
        /// What stands at the leaves.
        public var end: End

        /// The sign at a leaf.
        public enum End: Sendable {
            /// A round dot.
            case dot
            /// A square.
            case square
            /// An arrow into the item.
            case arrow
        }

        /// A style.
        public init(_ name: String, color: Int, end: End = .dot) {
            self.name = name
            self.color = color
            self.end = end
        }
    }

    /// A frame around items.
    public struct Group: Equatable, Sendable {
        /// First part of its title, bold.
        public var title: String
        /// Second part.
        public var detail: String

        /// A frame.
        public init(title: String, detail: String = "") {
            self.title = title
            self.detail = detail
        }
    }

    /// Where the layers follow each other.
    public enum Direction: Sendable {
        /// Downwards.
        case down
        /// To the right.
        case right
    }

    /// Title.
    public var title: String
    /// Line below the title.
    public var subtitle = ""
    /// Boxes; within a layer their order is kept where it costs no crossing.
    public var items: [Item]
    /// Nets; those with items that do not exist are left out.
    public var nets: [Net]
    /// Frames.
    public var groups: [Group] = []
    /// Styles of nets.
    public var styles: [Style]
    /// Lines below the picture.
    public var notes: [String] = []
    /// Colours.
    public var theme = Theme.light
    /// Where the layers follow each other; `nil` for whichever gives the better shape.
    public var direction: Direction?
    /// Size in points; `nil` for what the content needs.
    public var size: (width: Double, height: Double)?
    /// Pixels in a point.
    public var scale = 1.0

    /// A diagram.
    public init(title: String, items: [Item], nets: [Net], styles: [Style]) {
        self.title = title
        self.items = items
        self.nets = nets
        self.styles = styles
    }

    /// The diagram as the bytes of a PNG file.
    public func render() throws(PlotError) -> [UInt8] { try DiagramDrawing(DiagramLayout(self)).png() }

    /// The size in points that the content needs.
    public var naturalSize: (width: Double, height: Double) {
        let layout = DiagramLayout(self)
        return (layout.page.width, layout.page.height)
    }
}
