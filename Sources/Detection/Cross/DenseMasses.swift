/// What every node of a forest of half-space trees has counted since the last `removeAll`, which takes no time.
final class DenseMasses {
    private struct Mass {
        /// The round in which `count` was counted.
        var round: UInt32
        var count: UInt32
    }

    private let masses: UnsafeMutablePointer<Mass>
    private let places: UnsafeMutablePointer<Int>
    private let trees: Int
    private let perTree: Int
    private var round: UInt32 = 1

    /// Nothing counted.
    init(trees: Int, perTree: Int) {
        self.trees = trees
        self.perTree = perTree
        masses = .allocate(capacity: trees * perTree)
        masses.initialize(repeating: Mass(round: 0, count: 0), count: trees * perTree)
        places = .allocate(capacity: trees)
        places.initialize(repeating: 0, count: trees)
    }

    deinit {
        masses.deallocate()
        places.deallocate()
    }

    /// What a node has counted.
    func mass(_ tree: Int, _ place: Int) -> Int {
        let mass = masses[tree * perTree + place]
        return mass.round == round ? Int(mass.count) : 0
    }

    /// Whether the right child of a node has counted more than the left one.
    func isRightHeavier(_ tree: Int, _ place: Int) -> Bool { mass(tree, 2 * place + 1) > mass(tree, 2 * place) }

    /// All nodes on the ways of a point count it; where a value is missing the way leads to the heavier child.
    ///
    /// All trees go down one level together, so that their memory accesses overlap.
    func count(_ values: UnsafePointer<Float>, _ cuts: UnsafePointer<HalfSpaceForest.Cut>, height: Int) {
        for tree in 0..<trees { places[tree] = 1 }
        for _ in 0...height {
            for tree in 0..<trees {
                let place = places[tree]
                let node = masses + (tree * perTree + place)
                node.pointee.count = node.pointee.round == round ? node.pointee.count &+ 1 : 1
                node.pointee.round = round
                guard 2 * place < perTree else { continue }
                let cut = cuts[tree * perTree + place]
                let value = values[Int(cut.feature)]
                let isRight = value.isNaN ? isRightHeavier(tree, place) : value >= cut.value
                places[tree] = 2 * place + (isRight ? 1 : 0)
            }
        }
    }

    /// Nothing is counted.
    func removeAll() {
        round &+= 1
        guard round == 0 else { return }
        for index in 0..<trees * perTree { masses[index].round = 0 }
        round = 1
    }

    func save(_ writer: inout StateWriter) {
        var used = 0
        for index in 0..<trees * perTree where masses[index].round == round { used += 1 }
        writer.put(used)
        for index in 0..<trees * perTree where masses[index].round == round {
            writer.put(index)
            writer.put(bits: UInt64(masses[index].count))
        }
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        removeAll()
        for _ in 0..<(try reader.count(itemBytes: 16)) {
            let index = try reader.int(in: 0...trees * perTree - 1)
            masses[index] = Mass(round: round, count: UInt32(truncatingIfNeeded: try reader.int(in: 0...60_000)))
        }
    }
}
