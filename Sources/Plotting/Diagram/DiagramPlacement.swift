/// Places of vertices across the layers: nothing overlaps, and what is joined stands close together.
///
/// Blocks (single vertices, or the frame of a group with all that is in it) are variables with least distances to the next block of
/// each layer. They start packed and then move towards their neighbours within the room that they have, alone and in rows that touch.
struct DiagramPlacement {
    private struct Block {
        var vertices: [Int]
        /// Place of each vertex, from the middle of the block.
        var offsets: [Double]
        var size: Double
    }

    /// The middle of each vertex.
    private(set) var middles: [Double]
    /// The ends of each group's frame; `nil` for groups without items.
    private(set) var frames: [(start: Double, end: Double)?]

    private var blocks: [Block] = []
    private var blockOf: [Int]

    /// Places for a graph; `gap` is the room between items, `margin` that between a frame and what is in it, at its start and its end.
    init(_ graph: DiagramGraph, groups: Int, gap: Double, margin: (start: Double, end: Double)) {
        middles = Array(repeating: 0, count: graph.vertices.count)
        frames = Array(repeating: nil, count: groups)
        blockOf = Array(repeating: -1, count: graph.vertices.count)
        for group in 0..<groups {
            let members = graph.vertices.indices.filter { graph.vertices[$0].group == group }
            guard !members.isEmpty else { continue }
            let inner = DiagramPlacement.solve(graph, members.map { ([$0], [0.0], graph.vertices[$0].size) }, gap: gap)
            let least = zip(members, inner).map { $1 - graph.vertices[$0].size / 2 }.min() ?? 0
            let most = zip(members, inner).map { $1 + graph.vertices[$0].size / 2 }.max() ?? 0
            let size = most - least + margin.start + margin.end
            let offsets = inner.map { $0 - least + margin.start - size / 2 }
            add(Block(vertices: members, offsets: offsets, size: size))
        }
        for vertex in graph.vertices.indices where blockOf[vertex] < 0 {
            add(Block(vertices: [vertex], offsets: [0], size: graph.vertices[vertex].size))
        }
        let places = DiagramPlacement.solve(graph, blocks.map { ($0.vertices, $0.offsets, $0.size) }, gap: gap)
        let least = zip(blocks, places).map { $1 - $0.size / 2 }.min() ?? 0
        for (block, place) in zip(blocks, places) {
            let middle = (place - least).rounded()
            for (vertex, offset) in zip(block.vertices, block.offsets) { middles[vertex] = (middle + offset).rounded() }
            if let group = graph.vertices[block.vertices[0]].group { frames[group] = (middle - block.size / 2, middle + block.size / 2) }
        }
    }

    private mutating func add(_ block: Block) {
        for vertex in block.vertices { blockOf[vertex] = blocks.count }
        blocks.append(block)
    }

    // MARK: Solving

    /// The middles of blocks, each with its vertices, their offsets and its size.
    private static func solve(_ graph: DiagramGraph, _ blocks: [(vertices: [Int], offsets: [Double], size: Double)], gap: Double) -> [Double] {
        var blockOf: [Int: Int] = [:]
        var offset: [Int: Double] = [:]
        for (index, block) in blocks.enumerated() {
            for (vertex, place) in zip(block.vertices, block.offsets) {
                blockOf[vertex] = index
                offset[vertex] = place
            }
        }
        var constraints = Constraints(count: blocks.count)
        for layer in graph.layers {
            var last: (block: Int, isBend: Bool)?
            for vertex in layer {
                guard let block = blockOf[vertex], block != last?.block else { continue }
                let isBend = graph.vertices[vertex].isBend && blocks[block].vertices.count == 1
                if let last {
                    let room = last.isBend && isBend ? 14 : last.isBend || isBend ? 18 : gap
                    constraints.add(last.block, block, (blocks[last.block].size + blocks[block].size) / 2 + room)
                }
                last = (block, isBend)
            }
        }
        var pulls: [[(block: Int, shift: Double, weight: Double)]] = Array(repeating: [], count: blocks.count)
        for (index, block) in blocks.enumerated() {
            for vertex in block.vertices {
                for other in graph.vertices[vertex].before + graph.vertices[vertex].behind {
                    guard let far = blockOf[other], far != index else { continue }
                    let bends = (graph.vertices[vertex].isBend ? 1 : 0) + (graph.vertices[other].isBend ? 1 : 0)
                    let weight = graph.vertices[other].isBar ? 0.05 : bends == 2 ? 8 : bends == 1 ? 2 : 1
                    pulls[index].append((far, (offset[other] ?? 0) - (offset[vertex] ?? 0), weight))
                }
            }
        }
        return constraints.settle(pulls)
    }
}

/// Least distances between variables, and places that keep them.
private struct Constraints {
    private var next: [[(block: Int, distance: Double)]]
    private var previous: [[(block: Int, distance: Double)]]
    private var at: [Double]

    init(count: Int) {
        next = Array(repeating: [], count: count)
        previous = next
        at = Array(repeating: 0, count: count)
    }

    mutating func add(_ first: Int, _ second: Int, _ distance: Double) {
        next[first].append((second, distance))
        previous[second].append((first, distance))
    }

    /// Places near what pulls at them.
    mutating func settle(_ pulls: [[(block: Int, shift: Double, weight: Double)]]) -> [Double] {
        pack()
        for round in 0..<60 {
            let order = at.indices.sorted { at[$0] == at[$1] ? $0 < $1 : at[$0] < at[$1] }
            for block in round % 2 == 0 ? order.reversed() : order {
                let wish = wish(block, pulls) - at[block]
                move([block], by: wish)
                if wish.magnitude > 0.5, round < 50 { moveRow(from: block, towards: wish, pulls) }
            }
        }
        // What hangs on one other thing only goes straight above or below it, where it can.
        for block in at.indices where pulls[block].count == 1 { move([block], by: wish(block, pulls) - at[block]) }
        return at
    }

    /// As far to the start as the distances allow. The order of layers is consistent, so that this ends; a bound makes sure.
    private mutating func pack() {
        for _ in at.indices {
            var changed = false
            for block in at.indices {
                for (other, distance) in next[block] where at[other] < at[block] + distance {
                    at[other] = at[block] + distance
                    changed = true
                }
            }
            if !changed { return }
        }
    }

    private func wish(_ block: Int, _ pulls: [[(block: Int, shift: Double, weight: Double)]]) -> Double {
        let total = pulls[block].reduce(0) { $0 + $1.weight }
        guard total > 0 else { return at[block] }
        return pulls[block].reduce(0) { $0 + (at[$1.block] + $1.shift) * $1.weight } / total
    }

    /// Moves blocks together as far as they may.
    private mutating func move(_ blocks: [Int], by wish: Double) {
        var step = wish
        for block in blocks {
            for (other, distance) in next[block] where !blocks.contains(other) { step = min(step, at[other] - distance - at[block]) }
        }
        for block in blocks {
            for (other, distance) in previous[block] where !blocks.contains(other) { step = max(step, at[other] + distance - at[block]) }
        }
        guard step * wish > 0 else { return }
        for block in blocks { at[block] += step }
    }

    /// Moves a block and all that it would push, when they want to on average.
    private mutating func moveRow(from block: Int, towards direction: Double, _ pulls: [[(block: Int, shift: Double, weight: Double)]]) {
        var row = [block]
        var index = 0
        while index < row.count {
            let links = direction > 0 ? next[row[index]] : previous[row[index]]
            for (other, distance) in links where !row.contains(other) {
                let room = direction > 0 ? at[other] - at[row[index]] - distance : at[row[index]] - at[other] - distance
                if room < 0.5 { row.append(other) }
            }
            index += 1
        }
        guard row.count > 1 else { return }
        let mean = row.reduce(0) { $0 + wish($1, pulls) - at[$1] } / Double(row.count)
        if mean * direction > 0 { move(row, by: mean) }
    }
}
