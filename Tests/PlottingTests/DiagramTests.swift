import Foundation
import Testing

@testable import Plotting

/// Diagrams as wiring makes them: layers of boxes, buses, frames.
enum DiagramSamples {
    static let styles = [
        Diagram.Style("OCPP", color: 0), Diagram.Style("plugged in", color: 2, end: .square), Diagram.Style("feeds", color: 7, end: .arrow),
        Diagram.Style("CAN", color: 1),
    ]

    private static func bus(_ name: String, group: Int?, rows: [Diagram.Row]) -> Diagram.Item {
        var item = Diagram.Item(title: name, detail: "CAN, 500 kbit/s", accent: 1, layer: 3, group: group)
        item.isBar = true
        item.rows = rows
        return item
    }

    /// Two cabinets with two plugs and a module each, vehicles, and what is around them.
    static func cabinets() -> Diagram {
        var items = [Diagram.Item(title: "csms", detail: "csms", accent: 0, layer: 0)]
        var meter = Diagram.Item(title: "site", detail: "grid-meter", accent: 7, layer: 0)
        meter.tags = [Diagram.Tag("overload: power", .critical), Diagram.Tag("jump: power", .low)]
        items.append(meter)
        var street = Diagram.Item(title: "street × 24", detail: "charge-point", accent: 2, layer: 1)
        street.isStacked = true
        items.append(street)
        var nets = [
            Diagram.Net(style: 0, root: 0, leaves: [Diagram.Net.Leaf(2, label: "100 ms + up to 400 ms")]),
            Diagram.Net(style: 2, root: 1, leaves: [Diagram.Net.Leaf(2)]),
        ]
        for cabinet in 0..<2 {
            let first = items.count
            items.append(Diagram.Item(title: "left", detail: "charge-point", accent: 2, layer: 1, group: cabinet))
            items.append(Diagram.Item(title: "right", detail: "charge-point", accent: 2, layer: 1, group: cabinet))
            items.append(Diagram.Item(title: "module", detail: "charger-module", accent: 1, layer: 1, group: cabinet))
            items.append(Diagram.Item(title: "car\(cabinet + 1)", detail: "vehicle", accent: 3, layer: 2))
            items.append(
                bus(
                    "can", group: cabinet,
                    rows: [
                        Diagram.Row(["limit", "0x210", "on an event", "left → module"]),
                        Diagram.Row(["current", "0x300", "every 1 s", "module → left, right"], tags: [Diagram.Tag("repeated", .high)]),
                    ]))
            nets[0].leaves += [Diagram.Net.Leaf(first), Diagram.Net.Leaf(first + 1)]
            nets[1].leaves += [Diagram.Net.Leaf(first), Diagram.Net.Leaf(first + 1)]
            nets.append(Diagram.Net(style: 1, root: first + (cabinet == 0 ? 1 : 0), leaves: [Diagram.Net.Leaf(first + 3)]))
            for member in 0..<3 { nets.append(Diagram.Net(style: 3, root: first + 4, leaves: [Diagram.Net.Leaf(first + member)])) }
        }
        var diagram = Diagram(title: "cabinets", items: items, nets: nets, styles: styles)
        diagram.subtitle = "33 nodes, 2 buses, 3 detectors"
        diagram.groups = [Diagram.Group(title: "cab1", detail: "dual-gun-cabinet"), Diagram.Group(title: "cab2", detail: "dual-gun-cabinet")]
        diagram.notes = ["breach (all-of): overload, repeated"]
        return diagram
    }

    /// One central system and this many charge points, each with its vehicle; some on buses.
    static func row(_ count: Int) -> Diagram {
        var items = [Diagram.Item(title: "csms", detail: "csms", accent: 0, layer: 0)]
        var nets = [Diagram.Net(style: 0, root: 0, leaves: [])]
        for number in 1...count {
            nets[0].leaves.append(Diagram.Net.Leaf(items.count))
            nets.append(Diagram.Net(style: 1, root: items.count, leaves: [Diagram.Net.Leaf(items.count + 1)]))
            items.append(Diagram.Item(title: "cp\(number)", detail: "charge-point", accent: 2, layer: 1))
            items.append(Diagram.Item(title: "car\(number)", detail: "vehicle", accent: 3, layer: 2))
        }
        return Diagram(title: "row", items: items, nets: nets, styles: styles)
    }

    /// Anything: many layers, nets across them, groups that span them.
    static func random(_ seed: UInt64) -> Diagram {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func next(_ below: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % below
        }
        let groups = next(4)
        var items: [Diagram.Item] = []
        for number in 0..<(2 + next(50)) {
            var item = Diagram.Item(
                title: String(repeating: "n", count: 1 + next(14)) + "\(number)", detail: next(3) == 0 ? "" : "kind", accent: next(9), layer: next(4),
                group: groups > 0 && next(2) == 0 ? next(groups) : nil)
            item.isStacked = next(5) == 0
            item.isBar = item.layer == 3
            for tag in 0..<(next(4) == 0 ? next(4) : 0) { item.tags.append(Diagram.Tag("detector\(tag): signal", .medium)) }
            if item.isBar { item.rows = (0..<next(5)).map { Diagram.Row(["frame\($0)", "0x\($0)00", "every 1 s", "a → b"]) } }
            items.append(item)
        }
        var nets: [Diagram.Net] = []
        for _ in 0..<(1 + next(items.count)) {
            let leaves = (0..<(1 + next(4))).map { _ in Diagram.Net.Leaf(next(items.count), label: next(6) == 0 ? "\(next(1000)) ms" : "") }
            nets.append(Diagram.Net(style: next(styles.count), root: next(items.count), leaves: leaves))
        }
        var diagram = Diagram(title: "random", items: items, nets: nets, styles: styles)
        diagram.groups = (0..<groups).map { Diagram.Group(title: "group\($0)", detail: "composite") }
        return diagram
    }
}

/// Everything of a layout that breaks the rules: overlaps, slanting lines, things outside of the page.
func faults(_ layout: DiagramLayout) -> [String] {
    var faults: [String] = []
    func disjoint(_ name: String, _ boxes: [Rectangle]) {
        for first in boxes.indices {
            for second in boxes.indices.dropFirst(first + 1) where boxes[first].intersects(boxes[second]) {
                faults.append("\(name) \(first) and \(second) overlap")
            }
        }
    }
    disjoint("boxes", layout.boxes)
    disjoint("bars", layout.bars.map(\.box))
    disjoint("frames", layout.frames.map(\.box))
    disjoint("texts", layout.texts.map { $0.box.inset(by: 0.5) } + layout.labels.map(\.text.box))
    disjoint("labels and boxes", layout.labels.map(\.box) + layout.boxes)
    for (index, item) in layout.diagram.items.enumerated() {
        for frame in layout.frames {
            let box = layout.boxes[index]
            let isInside = frame.box.contains(Point(box.x, box.y)) && frame.box.contains(Point(box.maxX, box.maxY))
            if item.group == frame.group ? !isInside : box.intersects(frame.box) { faults.append("box \(index) and frame \(frame.group)") }
        }
    }
    for wire in layout.wires {
        for (from, to) in zip(wire.points, wire.points.dropFirst()) where from.x != to.x && from.y != to.y { faults.append("slanting line at \(from)") }
    }
    let all = layout.boxes + layout.bars.map(\.box) + layout.frames.map(\.box) + layout.texts.map(\.box) + layout.labels.map(\.box)
    let page = layout.page.inset(by: 4)
    for box in all where !page.contains(Point(box.x, box.y)) || !page.contains(Point(box.maxX, box.maxY)) { faults.append("outside of the page: \(box)") }
    return faults
}

@Suite("Diagrams") struct DiagramTests {
    @Test("Nothing overlaps, lines run along the axes, everything is on the page", arguments: [Diagram.Direction.down, .right])
    func rules(direction: Diagram.Direction) {
        for seed in 0..<18 {
            var diagram = DiagramSamples.random(UInt64(seed))
            diagram.direction = direction
            let found = faults(DiagramLayout(diagram))
            #expect(found.isEmpty, "seed \(seed): \(found.prefix(3))")
        }
    }

    @Test("Long rows run to the right, short ones down")
    func direction() {
        #expect(DiagramLayout(DiagramSamples.row(3)).direction == .down)
        #expect(DiagramLayout(DiagramSamples.row(25)).direction == .right)
        #expect(DiagramLayout(DiagramSamples.row(25)).page.height < 2200)
        var wide = DiagramSamples.row(25)
        wide.size = (4000, 500)
        #expect(DiagramLayout(wide).direction == .down)
    }

    @Test("A chain of single ends is drawn straight")
    func straight() {
        let layout = DiagramLayout(DiagramSamples.row(1))
        #expect(layout.wires.count == 2 && layout.wires.allSatisfy { $0.points.count == 2 })
        #expect(Set(layout.wires.flatMap(\.points).map(\.x)).count == 1)
    }

    @Test("Names of any length and in any script stay within the page")
    func longNames() {
        var diagram = DiagramSamples.cabinets()
        for index in diagram.items.indices { diagram.items[index].title = String(repeating: "字ğ", count: 400) + "\(index)" }
        diagram.groups[0].title = String(repeating: "long ", count: 300)
        diagram.nets[0].leaves[0].label = String(repeating: "9", count: 900)
        let layout = DiagramLayout(diagram)
        #expect(faults(layout).isEmpty && layout.page.width < 8000, "\(faults(layout).prefix(3))")
    }

    @Test("A size makes the picture that large, and impossible ones are refused")
    func size() throws {
        var diagram = DiagramSamples.row(2)
        diagram.size = (640, 480)
        diagram.scale = 2
        let picture = PictureReader(try diagram.render())
        #expect((picture.width, picture.height) == (1280, 960) && picture.faults.isEmpty)
        diagram.size = (1e9, 10)
        #expect(throws: PlotError.self) { try diagram.render() }
    }

    @Test("Nets of things that are not there, and empty diagrams, are drawn as what is left")
    func nothing() throws {
        let item = Diagram.Item(title: "", detail: "", accent: -3, layer: 7, group: 9)
        let net = Diagram.Net(style: 99, root: 4, leaves: [Diagram.Net.Leaf(0)])
        #expect(try !Diagram(title: "one", items: [item], nets: [net], styles: []).render().isEmpty)
        #expect(try !Diagram(title: "none", items: [], nets: [], styles: []).render().isEmpty)
    }

    @Test("Cabinets in frames look as they should, downwards and in the light")
    func cabinets() throws {
        var diagram = DiagramSamples.cabinets()
        diagram.direction = .down
        #expect(faults(DiagramLayout(diagram)).isEmpty)
        try compareGolden("diagram-cabinets", diagram.render())
    }

    @Test("Cabinets in frames look as they should, to the right and in the dark")
    func cabinetsDark() throws {
        var diagram = DiagramSamples.cabinets()
        diagram.direction = .right
        diagram.theme = .dark
        #expect(faults(DiagramLayout(diagram)).isEmpty)
        try compareGolden("diagram-cabinets-dark", diagram.render())
    }
}
