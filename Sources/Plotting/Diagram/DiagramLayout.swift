/// Where everything of a diagram goes, in points from the top left corner.
///
/// Inside, `across` is measured along a layer and `along` from layer to layer; the direction says which of them is x.
struct DiagramLayout {
    /// A line of a net from one end to another.
    struct Wire {
        var style: Int
        var points: [Point]
    }

    /// The end of a net at an item.
    struct End {
        var style: Int
        var point: Point
        /// Whether the line comes from above, or from the left.
        var isForward: Bool
    }

    let diagram: Diagram
    let direction: Diagram.Direction
    /// The whole picture.
    var page = Rectangle(x: 0, y: 0, width: 0, height: 0)
    /// The room of each item.
    var boxes: [Rectangle] = []
    /// The bar of each bus, by item.
    var bars: [(item: Int, box: Rectangle)] = []
    /// Frames, by group.
    var frames: [(group: Int, box: Rectangle)] = []
    var wires: [Wire] = []
    var ends: [End] = []
    /// Texts on lines, with the style of their net.
    var labels: [(text: PlacedText, box: Rectangle, style: Int)] = []
    var texts: [PlacedText] = []
    var tags: [PlacedTag] = []
    /// Lines of the legend.
    var swatches: [(style: Int, from: Point, to: Point)] = []
    /// Dots of the legend.
    var dots: [(severity: Band.Severity, middle: Point)] = []

    private static let trackGap = 12.0
    private static let frameMargin = 16.0
    static let frameTitle = 26.0
    static let pageMargin = 28.0
    private static let labelFont = Font(size: 10.5)

    private var cards: [DiagramCard] = []
    private var graph: DiagramGraph
    /// Start and end of each layer: with frames, and of its items.
    private var layers: [(outerStart: Double, start: Double, end: Double, outerEnd: Double)] = []
    private var routings: [Int: DiagramRouting] = [:]
    private var pins: [PinKey: Double] = [:]
    private var labelRoom: [(start: Double, end: Double)] = []

    /// One end of a strand.
    private struct PinKey: Hashable {
        var strand: Int
        var vertex: Int
    }

    /// The layout in the direction of the diagram, or in the better one.
    init(_ diagram: Diagram) {
        if let direction = diagram.direction {
            self.init(diagram, direction)
            return
        }
        let down = DiagramLayout(diagram, .down), right = DiagramLayout(diagram, .right)
        if let size = diagram.size {
            func fit(_ layout: DiagramLayout) -> Double { min(size.width / layout.page.width, size.height / layout.page.height, 1) }
            self = fit(right) > fit(down) ? right : down
            return
        }
        func shape(_ layout: DiagramLayout) -> Double { max(layout.page.width / 1.5, layout.page.height) }
        // What fits on a screen goes downwards unless that is far worse.
        self = shape(right) < (down.page.width > 1300 ? 1 : 0.6) * shape(down) ? right : down
    }

    private init(_ given: Diagram, _ direction: Diagram.Direction) {
        var diagram = given
        diagram.nets = given.nets.compactMap { net in
            var net = net
            net.leaves = net.leaves.filter { given.items.indices.contains($0.item) && $0.item != net.root }
            return given.items.indices.contains(net.root) && given.styles.indices.contains(net.style) && !net.leaves.isEmpty ? net : nil
        }
        for index in diagram.items.indices where !(diagram.items[index].group.map { diagram.groups.indices.contains($0) } ?? true) {
            diagram.items[index].group = nil
        }
        self.diagram = diagram
        self.direction = direction
        cards = diagram.items.map { DiagramCard($0, direction) }
        let used = Set(diagram.items.map(\.layer)).sorted()
        let layerOf = diagram.items.map { item in used.firstIndex(of: item.layer) ?? 0 }
        let sizes = cards.map { direction == .down ? $0.width : $0.height }
        graph = DiagramGraph(diagram, layerOf: layerOf, sizes: sizes)
        widenForPins()
        graph.order()
        let margin = (start: Self.frameMargin + (direction == .right ? Self.frameTitle - 6 : 0), end: Self.frameMargin)
        let placement = DiagramPlacement(graph, groups: diagram.groups.count, gap: direction == .down ? 28 : 18, margin: margin)
        placeAcross(placement)
        routeChannels()
        placeAlong()
        makeBoxes(placement)
        makeWires()
        makeLabels()
        makeFrameTitles()
        finish()
    }

    // MARK: Across

    private func label(_ strand: DiagramGraph.Strand, _ vertex: Int) -> String {
        guard case .item(let item) = graph.vertices[vertex].content, !diagram.items[item].isBar else { return "" }
        return PlacedText.shortened(diagram.nets[strand.net].leaves.first { $0.item == item }?.label ?? "")
    }

    /// The room of an end across, and of its label along.
    private func slot(_ strand: DiagramGraph.Strand, _ vertex: Int) -> (across: Double, along: Double) {
        let text = label(strand, vertex)
        guard !text.isEmpty else { return (14, 0) }
        let width = Canvas.measure(text, Self.labelFont).width + 12
        return direction == .down ? (width + 10, 26) : (24, width + 14)
    }

    /// The strands at one side of a vertex, in the order of their numbers.
    private func strands(at vertex: Int, behind: Bool) -> [Int] {
        graph.strands.indices.filter { behind ? graph.strands[$0].upper.contains(vertex) : graph.strands[$0].lower.contains(vertex) }
    }

    private mutating func widenForPins() {
        for vertex in graph.vertices.indices {
            guard case .item = graph.vertices[vertex].content else { continue }
            if graph.vertices[vertex].isBar {
                let count = graph.strands.count { $0.upper.contains(vertex) || $0.lower.contains(vertex) }
                graph.vertices[vertex].size = max(graph.vertices[vertex].size, 10 * Double(count) + 16)
                continue
            }
            for behind in [false, true] {
                let room = strands(at: vertex, behind: behind).reduce(0) { $0 + slot(graph.strands[$1], vertex).across }
                graph.vertices[vertex].size = max(graph.vertices[vertex].size, room + 12)
            }
        }
    }

    /// Puts the ends of nets in place: side by side at an item, wherever they come from at a bar.
    private mutating func placeAcross(_ placement: DiagramPlacement) {
        middles = placement.middles
        for vertex in graph.vertices.indices where !graph.vertices[vertex].isBar {
            for behind in [false, true] {
                let list = strands(at: vertex, behind: behind).map { strand -> (strand: Int, wish: Double) in
                    let others = (graph.strands[strand].upper + graph.strands[strand].lower).filter { $0 != vertex }
                    return (strand, others.isEmpty ? 0 : others.reduce(0) { $0 + middles[$1] } / Double(others.count))
                }.sorted { ($0.wish, $0.strand) < ($1.wish, $1.strand) }
                let room = list.map { slot(graph.strands[$0.strand], vertex).across }
                var place = middles[vertex] - room.reduce(0, +) / 2
                for (entry, size) in zip(list, room) {
                    pins[PinKey(strand: entry.strand, vertex: vertex)] = (place + size / 2).rounded()
                    place += size
                }
            }
        }
        alignSingleEnds()
        straighten()
        for layer in graph.layers { for vertex in layer where graph.vertices[vertex].isBar { placeBar(vertex, placement) } }
    }

    /// Moves bends that stand almost in line with the one end that they lead to into that line.
    private mutating func straighten() {
        for vertex in graph.layers.joined() where graph.vertices[vertex].isBend {
            let own = strands(at: vertex, behind: false) + strands(at: vertex, behind: true)
            for strand in own {
                let others = (graph.strands[strand].upper + graph.strands[strand].lower).filter { $0 != vertex && !graph.vertices[$0].isBar }
                guard others.count == 1, let place = pins[PinKey(strand: strand, vertex: others[0])], (place - middles[vertex]).magnitude <= 7 else { continue }
                for strand in own { pins[PinKey(strand: strand, vertex: vertex)] = place }
                break
            }
        }
    }

    /// Moves the only end at a side of an item in line with what it leads to, as far as the item is wide.
    private mutating func alignSingleEnds() {
        for vertex in graph.layers.joined() {
            guard case .item = graph.vertices[vertex].content, !graph.vertices[vertex].isBar else { continue }
            for behind in [false, true] {
                let own = strands(at: vertex, behind: behind)
                guard own.count == 1, label(graph.strands[own[0]], vertex).isEmpty else { continue }
                let others = (graph.strands[own[0]].upper + graph.strands[own[0]].lower).filter { $0 != vertex && !graph.vertices[$0].isBar }
                guard others.count == 1, let place = pins[PinKey(strand: own[0], vertex: others[0])],
                    (place - middles[vertex]).magnitude <= min(18, graph.vertices[vertex].size / 2 - 14)
                else { continue }
                pins[PinKey(strand: own[0], vertex: vertex)] = place
            }
        }
    }

    /// Stretches a bar to the nets that end at it, as far as its layer and its frame have room.
    private mutating func placeBar(_ vertex: Int, _ placement: DiagramPlacement) {
        let layer = graph.layers[graph.vertices[vertex].layer]
        guard let place = layer.firstIndex(of: vertex) else { return }
        let half = graph.vertices[vertex].size / 2
        var (least, most) = (-Double.infinity, Double.infinity)
        if place > 0 {
            let before = layer[place - 1]
            least = max(middles[before] + graph.vertices[before].size / 2, barRanges[before]?.end ?? -.infinity) + 14
        }
        if place + 1 < layer.count { most = middles[layer[place + 1]] - graph.vertices[layer[place + 1]].size / 2 - 14 }
        for (group, frame) in placement.frames.enumerated() {
            guard let frame else { continue }
            if group == graph.vertices[vertex].group {
                (least, most) = (max(least, frame.start + 10), min(most, frame.end - 10))
            } else if frame.end < middles[vertex] {
                least = max(least, frame.end + 10)
            } else {
                most = min(most, frame.start - 10)
            }
        }
        var range = (start: middles[vertex] - half, end: middles[vertex] + half)
        (least, most) = (min(least, range.start), max(most, range.end))
        var wishes: [(strand: Int, wish: Double)] = []
        for strand in strands(at: vertex, behind: false) + strands(at: vertex, behind: true) {
            let others = (graph.strands[strand].upper + graph.strands[strand].lower).filter { $0 != vertex }
            let known = others.compactMap { pins[PinKey(strand: strand, vertex: $0)] }
            wishes.append((strand, known.isEmpty ? middles[vertex] : known.reduce(0, +) / Double(known.count)))
        }
        wishes.sort { ($0.wish, $0.strand) < ($1.wish, $1.strand) }
        for entry in wishes { range = (max(least, min(range.start, entry.wish - 12)), min(most, max(range.end, entry.wish + 12))) }
        var last = -Double.infinity
        for (index, entry) in wishes.enumerated() {
            let rest = Double(wishes.count - 1 - index) * 10
            let place = max(last + 10, max(range.start + 8, min(entry.wish, range.end - 8 - rest)))
            pins[PinKey(strand: entry.strand, vertex: vertex)] = place.rounded()
            last = place
        }
        if last.isFinite { range.end = max(range.end, last + 8) }
        barRanges[vertex] = range
    }

    private var middles: [Double] = []
    private var barRanges: [Int: (start: Double, end: Double)] = [:]

    // MARK: Along

    private mutating func routeChannels() {
        labelRoom = graph.layers.map { _ in (0, 0) }
        for channel in graph.layers.indices {
            var routes: [DiagramRouting.Route] = []
            for (index, strand) in graph.strands.enumerated() where strand.channel == channel {
                let places = { [pins] (list: [Int]) in list.compactMap { pins[PinKey(strand: index, vertex: $0)] } }
                routes.append(DiagramRouting.Route(strand: index, upper: places(strand.upper), lower: places(strand.lower)))
                for vertex in strand.upper { labelRoom[channel].start = max(labelRoom[channel].start, slot(strand, vertex).along) }
                for vertex in strand.lower { labelRoom[channel].end = max(labelRoom[channel].end, slot(strand, vertex).along) }
            }
            routings[channel] = DiagramRouting(routes)
        }
    }

    private mutating func placeAlong() {
        var place = 0.0
        for layer in graph.layers.indices {
            let members = graph.layers[layer].compactMap { vertex -> Int? in
                if case .item(let item) = graph.vertices[vertex].content { item } else { nil }
            }
            let size = members.map { direction == .down ? cards[$0].height : cards[$0].width }.max() ?? 0
            let groups = Set(graph.layers[layer].compactMap { graph.vertices[$0].group })
            let opens = groups.contains { group in graph.layers[..<layer].allSatisfy { $0.allSatisfy { graph.vertices[$0].group != group } } }
            let closes = groups.contains { group in graph.layers[(layer + 1)...].allSatisfy { $0.allSatisfy { graph.vertices[$0].group != group } } }
            let start = place + (opens ? Self.frameMargin + (direction == .down ? Self.frameTitle - 6 : 0) : 0)
            let end = start + size
            layers.append((place, start, end, end + (closes ? Self.frameMargin : 0)))
            let tracks = routings[layer]?.trackCount ?? 0
            let isLast = layer == graph.layers.count - 1
            let room = isLast ? (tracks == 0 ? 0 : 14 + Double(tracks - 1) * Self.trackGap) : tracks == 0 ? 34 : 34 + Double(tracks - 1) * Self.trackGap
            place = layers[layer].outerEnd + labelRoom[layer].start + room + labelRoom[layer].end
        }
        alongEnd = place
    }

    private var alongEnd = 0.0

    private func point(_ across: Double, _ along: Double) -> Point { direction == .down ? Point(across, along) : Point(along, across) }

    private func rectangle(_ across: (Double, Double), _ along: (Double, Double)) -> Rectangle {
        direction == .down
            ? Rectangle(x: across.0, y: along.0, width: across.1 - across.0, height: along.1 - along.0)
            : Rectangle(x: along.0, y: across.0, width: along.1 - along.0, height: across.1 - across.0)
    }

    // MARK: Things

    private mutating func makeBoxes(_ placement: DiagramPlacement) {
        for index in diagram.items.indices {
            let vertex = graph.vertexOfItem[index]
            let layer = layers[graph.vertices[vertex].layer]
            let half = graph.vertices[vertex].size / 2
            let size = direction == .down ? cards[index].height : cards[index].width
            let box = rectangle(((middles[vertex] - half).rounded(), (middles[vertex] + half).rounded()), (layer.start, layer.start + size))
            boxes.append(box)
            texts += cards[index].texts.map { $0.moved(x: box.x, y: box.y) }
            tags += cards[index].tags.map { $0.moved(x: box.x, y: box.y) }
            if let range = barRanges[vertex] {
                bars.append((index, rectangle((range.start.rounded(), range.end.rounded()), (layer.start, layer.start + DiagramCard.barSize))))
            }
        }
        for (group, frame) in placement.frames.enumerated() {
            guard let frame else { continue }
            let levels = graph.vertices.filter { $0.group == group }.map(\.layer)
            guard let first = levels.min(), let last = levels.max() else { continue }
            frames.append((group, rectangle((frame.start, frame.end), (layers[first].outerStart, layers[last].end + Self.frameMargin))))
        }
    }

    /// Where a net leaves a vertex, along.
    private func edge(of vertex: Int, behind: Bool) -> Double {
        let layer = layers[graph.vertices[vertex].layer]
        guard case .item(let item) = graph.vertices[vertex].content else { return layer.outerStart }
        guard behind else { return layer.start }
        return layer.start + (direction == .down ? cards[item].height : cards[item].width)
    }

    private mutating func makeWires() {
        for channel in graph.layers.indices {
            guard let routing = routings[channel] else { continue }
            let start = layers[channel].outerEnd + labelRoom[channel].start + (channel == graph.layers.count - 1 ? 10 : 17)
            for route in routing.routes {
                let strand = graph.strands[route.strand]
                let style = diagram.nets[strand.net].style
                let track = start + Double(route.track ?? 0) * Self.trackGap
                let all = zip(strand.upper, route.upper).map { ($0, $1, true) } + zip(strand.lower, route.lower).map { ($0, $1, false) }
                guard let hub = strand.upper.count == 1 || strand.lower.isEmpty ? all.first : all.first(where: { !$0.2 }) else { continue }
                let hubEdge = edge(of: hub.0, behind: hub.2)
                for pin in all {
                    let pinEdge = edge(of: pin.0, behind: pin.2)
                    markEnd(pin, strand, style, pinEdge)
                    guard pin.0 != hub.0 else { continue }
                    let straight = route.track == nil || (pin.1 - hub.1).magnitude < 0.75 && pin.2 != hub.2
                    wires.append(
                        Wire(
                            style: style,
                            points: straight
                                ? [point(hub.1, hubEdge), point(hub.1, pinEdge)]
                                : [point(hub.1, hubEdge), point(hub.1, track), point(pin.1, track), point(pin.1, pinEdge)]))
                }
            }
        }
    }

    private mutating func markEnd(_ pin: (Int, Double, Bool), _ strand: DiagramGraph.Strand, _ style: Int, _ edge: Double) {
        guard case .item(let item) = graph.vertices[pin.0].content, item != diagram.nets[strand.net].root, !diagram.items[item].isBar else { return }
        ends.append(End(style: style, point: point(pin.1, edge), isForward: !pin.2))
    }

    private mutating func makeLabels() {
        for (index, strand) in graph.strands.enumerated() {
            for (vertex, behind) in strand.upper.map({ ($0, true) }) + strand.lower.map({ ($0, false) }) {
                let text = label(strand, vertex)
                guard !text.isEmpty, let place = pins[PinKey(strand: index, vertex: vertex)] else { continue }
                let width = Canvas.measure(text, Self.labelFont).width + 12
                let layer = layers[graph.vertices[vertex].layer]
                let along = behind ? layer.outerEnd + 5 : layer.outerStart - 5
                let middle = point(place, along + (behind ? 1 : -1) * (direction == .down ? 10 : width / 2 + 4))
                let box = Rectangle(x: (middle.x - width / 2).rounded(), y: middle.y - 8, width: width.rounded(.up), height: 16)
                let placed = PlacedText(text, at: Point(box.x + 6, box.y + 11.5), Self.labelFont, .ink)
                labels.append((placed, box, diagram.nets[strand.net].style))
            }
        }
    }
}
