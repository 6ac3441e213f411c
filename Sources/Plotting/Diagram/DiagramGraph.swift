/// The diagram as a layered graph: items and the bends of nets that pass a layer are vertices.
struct DiagramGraph {
    /// What stands at a place of a layer.
    enum Content: Equatable {
        case item(Int)
        /// A net passes.
        case bend(net: Int)
        /// A frame has nothing in this layer but keeps others out.
        case filler
    }

    struct Vertex {
        var content: Content
        var layer: Int
        /// Size across the layers' direction.
        var size: Double
        /// Index of the group, if it stands in one.
        var group: Int?
        /// Neighbours in the layer before, and in the one behind.
        var before: [Int] = []
        var behind: [Int] = []
        /// Whether it is a bus, which goes where its members are.
        var isBar = false
        var isBend: Bool { if case .bend = content { true } else { false } }
    }

    /// One net in one channel, the room behind the layer of the same number.
    struct Strand {
        var net: Int
        var channel: Int
        /// Vertices in the layer before the channel, and in the one behind it.
        var upper: [Int]
        var lower: [Int]
    }

    var vertices: [Vertex] = []
    var strands: [Strand] = []
    /// Vertices of each layer in their order.
    var layers: [[Int]] = []
    /// Vertex of each item.
    var vertexOfItem: [Int] = []

    /// The graph of items with these sizes across; `layerOf` gives their layers without gaps.
    init(_ diagram: Diagram, layerOf: [Int], sizes: [Double]) {
        let count = (layerOf.max() ?? -1) + 1
        layers = Array(repeating: [], count: count)
        for index in diagram.items.indices {
            var vertex = Vertex(content: .item(index), layer: layerOf[index], size: sizes[index], group: diagram.items[index].group)
            vertex.isBar = diagram.items[index].isBar
            vertexOfItem.append(add(vertex))
        }
        for (number, net) in diagram.nets.enumerated() { addNet(number, net, diagram) }
        for group in diagram.groups.indices { fill(group) }
        for strand in strands {
            for upper in strand.upper {
                for lower in strand.lower {
                    vertices[upper].behind.append(lower)
                    vertices[lower].before.append(upper)
                }
            }
        }
    }

    private mutating func add(_ vertex: Vertex) -> Int {
        vertices.append(vertex)
        layers[vertex.layer].append(vertices.count - 1)
        return vertices.count - 1
    }

    private mutating func addNet(_ number: Int, _ net: Diagram.Net, _ diagram: Diagram) {
        let pins = ([net.root] + net.leaves.map(\.item)).map { vertexOfItem[$0] }
        let levels = pins.map { vertices[$0].layer }
        guard let first = levels.min(), let last = levels.max() else { return }
        let groups = Set(pins.map { vertices[$0].group })
        let group = groups.count == 1 ? groups.first.flatMap { $0 } : nil
        if first == last {
            strands.append(Strand(net: number, channel: first, upper: unique(pins), lower: []))
            return
        }
        var upper = unique(pins.filter { vertices[$0].layer == first })
        for layer in (first + 1)...last {
            var lower = unique(pins.filter { vertices[$0].layer == layer })
            var bend: Int?
            if layer < last {
                let added = add(Vertex(content: .bend(net: number), layer: layer, size: 0, group: group))
                lower.append(added)
                bend = added
            }
            strands.append(Strand(net: number, channel: layer - 1, upper: upper, lower: lower))
            upper = bend.map { [$0] } ?? []
        }
    }

    private func unique(_ list: [Int]) -> [Int] {
        var seen = Set<Int>()
        return list.filter { seen.insert($0).inserted }
    }

    /// Keeps the layers that a group spans without having anything in them.
    private mutating func fill(_ group: Int) {
        let levels = vertices.filter { $0.group == group }.map(\.layer)
        guard let first = levels.min(), let last = levels.max() else { return }
        for layer in first...last where !levels.contains(layer) { _ = add(Vertex(content: .filler, layer: layer, size: 0, group: group)) }
    }

    // MARK: Order

    /// Orders the layers so that few nets cross: the order of the file around the fullest layer, unless sweeps by barycentre find a better one.
    mutating func order() {
        keepFileOrder()
        swapNeighbours()
        var best = layers
        var fewest = crossings()
        for sweep in 0..<24 where fewest > 0 {
            improve(sweep)
            let swept = layers
            swapNeighbours()
            let count = crossings()
            if count < fewest {
                fewest = count
                best = layers
            }
            layers = swept
        }
        layers = best
    }

    /// The fullest layer as the file has it, and the others by what they are joined to on its side.
    private mutating func keepFileOrder() {
        var keys: [Double?] = Array(repeating: nil, count: vertices.count)
        sortByGroups(keys)
        let items = layers.map { layer in layer.count { if case .item = vertices[$0].content { true } else { false } } }
        guard let most = items.max(), let anchor = items.firstIndex(of: most) else { return }
        for layer in Array((anchor + 1)..<layers.count) + (0..<anchor).reversed() {
            let places = places()
            for vertex in layers[layer] {
                let near = layer > anchor ? vertices[vertex].before : vertices[vertex].behind
                keys[vertex] = near.isEmpty ? places[vertex] : near.reduce(0) { $0 + places[$1] } / Double(near.count)
            }
            sortByGroups(keys, only: layer)
        }
        sortByGroups(keys)
    }

    /// Swaps neighbours of a layer as long as that leaves fewer crossings.
    private mutating func swapNeighbours() {
        guard vertices.count <= 300 else { return }
        for _ in 0..<6 {
            var changed = false
            for layer in layers.indices {
                var place = places(of: layer - 1).merging(places(of: layer + 1)) { $1 }
                for index in layers[layer].indices.dropLast() {
                    let (first, second) = (layers[layer][index], layers[layer][index + 1])
                    guard vertices[first].group == vertices[second].group, vertices[first].content != .filler, vertices[second].content != .filler else {
                        continue
                    }
                    if crossings(first, second, &place) > crossings(second, first, &place) {
                        layers[layer].swapAt(index, index + 1)
                        changed = true
                    }
                }
            }
            if !changed { return }
        }
    }

    private func places(of layer: Int) -> [Int: Int] {
        guard layers.indices.contains(layer) else { return [:] }
        return Dictionary(uniqueKeysWithValues: layers[layer].enumerated().map { ($1, $0) })
    }

    /// Crossings of the lines of two neighbours when the first one stands first.
    private func crossings(_ first: Int, _ second: Int, _ place: inout [Int: Int]) -> Int {
        var count = 0
        for (mine, theirs) in [(vertices[first].before, vertices[second].before), (vertices[first].behind, vertices[second].behind)] {
            for one in mine { for other in theirs where (place[one] ?? 0) > (place[other] ?? 0) { count += 1 } }
        }
        return count
    }

    /// The place of each vertex in its layer, 0…1.
    private func places() -> [Double] {
        var places = Array(repeating: 0.0, count: vertices.count)
        for layer in layers { for (index, vertex) in layer.enumerated() { places[vertex] = (Double(index) + 0.5) / Double(layer.count) } }
        return places
    }

    private mutating func improve(_ sweep: Int) {
        let downwards = sweep % 2 == 0
        var keys: [Double?] = Array(repeating: nil, count: vertices.count)
        for layer in downwards ? Array(layers.indices) : layers.indices.reversed() {
            let places = places()
            for vertex in layers[layer] {
                let one = downwards ? vertices[vertex].before : vertices[vertex].behind
                let other = downwards ? vertices[vertex].behind : vertices[vertex].before
                let neighbours = one.isEmpty || sweep % 6 >= 4 ? one + other : one
                keys[vertex] = neighbours.isEmpty ? places[vertex] : neighbours.reduce(0) { $0 + places[$1] } / Double(neighbours.count)
            }
            sortByGroups(keys, only: layer)
        }
        sortByGroups(keys)
    }

    /// Sorts layers by the keys, with what belongs to one group side by side and groups in the same order everywhere.
    private mutating func sortByGroups(_ keys: [Double?], only: Int? = nil) {
        let places = places()
        var sums: [Int: (total: Double, count: Double)] = [:]
        for (index, vertex) in vertices.enumerated() {
            guard let group = vertex.group else { continue }
            let known = sums[group] ?? (0, 0)
            sums[group] = (known.total + (keys[index] ?? places[index]), known.count + 1)
        }
        for layer in layers.indices where only == nil || only == layer {
            let ranked = layers[layer].enumerated().map { place, vertex -> (first: Double, group: Int, second: Double, place: Int, vertex: Int) in
                let key = keys[vertex] ?? places[vertex]
                guard let group = vertices[vertex].group, let sum = sums[group] else { return (key, -1, key, place, vertex) }
                return (sum.total / sum.count, group, key, place, vertex)
            }
            layers[layer] = ranked.sorted { ($0.first, $0.group, $0.second, $0.place) < ($1.first, $1.group, $1.second, $1.place) }.map(\.vertex)
        }
    }

    /// How many pairs of lines between neighbouring layers cross.
    func crossings() -> Int {
        var place = Array(repeating: 0, count: vertices.count)
        for layer in layers { for (index, vertex) in layer.enumerated() { place[vertex] = index } }
        var count = 0
        for layer in layers {
            var lines: [(Int, Int)] = []
            for vertex in layer { for other in vertices[vertex].behind { lines.append((place[vertex], place[other])) } }
            for first in lines.indices {
                for second in lines.indices.dropFirst(first + 1) where (lines[first].0 - lines[second].0) * (lines[first].1 - lines[second].1) < 0 {
                    count += 1
                }
            }
        }
        return count
    }
}
