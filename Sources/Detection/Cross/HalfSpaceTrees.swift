import SimulationKernel

/// What the forest of half-space trees is made of.
public struct HalfSpaceForestShape: Equatable, Sendable {
    /// Number of trees.
    public var trees = 25
    /// Levels below the root.
    public var height = 8
    /// Samples after which the masses become the reference.
    public var window = 250
    /// A walk ends below a node whose reference mass is less than this part of the window.
    public var sizeLimit = 0.1
    /// Chooses the cuts.
    public var seed: UInt64 = 1

    /// The usual shape.
    public init() {}

    /// Throws when a number is out of range or the trees need more than 128 MiB.
    func check() throws(DetectionError) {
        guard (1...1_000).contains(trees) else { throw .outOfRange(setting: "trees", requirement: "between 1 and 1000") }
        guard (1...18).contains(height) else { throw .outOfRange(setting: "height", requirement: "between 1 and 18") }
        guard trees << (height + 1) <= 1 << 23 else {
            throw .outOfRange(setting: "height", requirement: "smaller for so many trees: trees times 2^height may be 4 million")
        }
        guard (2...60_000).contains(window) else { throw .outOfRange(setting: "window", requirement: "between 2 and 60000 samples") }
        guard sizeLimit >= 0, sizeLimit <= 1 else { throw .outOfRange(setting: "size_limit", requirement: "between 0 and 1") }
    }
}

/// A forest of half-space trees over numbers between 0 and 1: how sparse the last window was around a point.
///
/// S. C. Tan, K. M. Ting and T. F. Liu, "Fast anomaly detection for streaming data", IJCAI 2011. The masses of all nodes on the way are summed, as River
/// does; the paper takes only the last. A node is 16 bytes in one block for all trees, and all trees go down one level together, so that their memory
/// accesses overlap.
public final class HalfSpaceForest {
    private struct Node {
        var cut: Float
        /// The window in which `mass` was counted.
        var window: UInt32
        var mass: UInt16
        var reference: UInt16
        var feature: UInt16
        var unused: UInt16 = 0
    }

    private let shape: HalfSpaceForestShape
    private let features: Int
    private let perTree: Int
    private let nodes: UnsafeMutablePointer<Node>
    private let places: UnsafeMutablePointer<Int>
    private let point: UnsafeMutablePointer<Float>
    private let least: UInt16
    private let scale: Double
    /// The running window; the first is 1.
    private var window: UInt32 = 1
    private var counter = 0

    /// Trees for points with a number of features, without any mass.
    public init(_ shape: HalfSpaceForestShape, features: Int) throws(DetectionError) {
        try shape.check()
        guard (1...1_000).contains(features) else { throw .outOfRange(setting: "watch", requirement: "a list of 1 to 1000 signals") }
        self.shape = shape
        self.features = features
        perTree = 1 << (shape.height + 1)
        nodes = .allocate(capacity: shape.trees * perTree)
        places = .allocate(capacity: shape.trees)
        places.initialize(repeating: 0, count: shape.trees)
        point = .allocate(capacity: features)
        point.initialize(repeating: 0, count: features)
        let limit = (shape.sizeLimit * Double(shape.window)).rounded(.up)
        least = UInt16(limit)
        scale = 1 / (Double(shape.trees) * Double(shape.window) * Double(perTree - 1))
        for tree in 0..<shape.trees { grow(tree) }
    }

    deinit {
        nodes.deallocate()
        places.deallocate()
        point.deallocate()
    }

    /// Draws the cuts of a tree; a node at place k has its children at 2k and 2k + 1, the root is at 1.
    private func grow(_ tree: Int) {
        var random = RandomStream(seed: shape.seed, run: 0, path: "half-space-trees", site: UInt64(tree))
        let base = nodes + tree * perTree
        var low = [Double](repeating: 0, count: features)
        var high = [Double](repeating: 1, count: features)
        func split(_ place: Int, _ level: Int) {
            var feature = 0
            if features > 1 {
                var left = 0.0
                for index in 0..<features { left += high[index] - low[index] }
                left *= random.unit()
                while feature < features - 1, left >= high[feature] - low[feature] {
                    left -= high[feature] - low[feature]
                    feature += 1
                }
            }
            let side = high[feature] - low[feature]
            let cut = low[feature] + side * (0.15 + 0.7 * random.unit())
            (base + place).initialize(to: Node(cut: Float(cut), window: 0, mass: 0, reference: 0, feature: UInt16(feature)))
            guard level < shape.height else { return }
            let (oldLow, oldHigh) = (low[feature], high[feature])
            high[feature] = cut
            split(2 * place, level + 1)
            high[feature] = oldHigh
            low[feature] = cut
            split(2 * place + 1, level + 1)
            low[feature] = oldLow
        }
        base.initialize(to: Node(cut: 0, window: 0, mass: 0, reference: 0, feature: 0))
        split(1, 0)
    }

    /// Whether the first window is over, so that there are scores.
    public var isReady: Bool { window > 1 }

    /// Takes a point and gives its score, 0 for usual to 1 for never seen; `nil` in the first window.
    ///
    /// - Parameters:
    ///   - values: the features; beyond 0...1 the nearest cell counts, and where one is NaN the heavier child is taken.
    ///   - learns: whether the point is learnt.
    public func update(_ values: UnsafePointer<Float>, learns: Bool = true) -> Double? {
        var isWhole = true
        for index in 0..<features where values[index].isNaN { isWhole = false }
        let sum = isWhole ? walk(values, learns: learns) : walkAround(values, learns: learns)
        let score = isReady ? max(0, 1 - Double(sum) * scale) : nil
        if learns {
            counter += 1
            if counter == shape.window {
                counter = 0
                window += 1
                if window == .max { renumber() }
            }
        }
        return score
    }

    /// The score alone.
    public func score(_ values: UnsafePointer<Float>) -> Double? { update(values, learns: false) }

    /// What a node counts in this window and counted in the last one.
    @inline(__always)
    private func refresh(_ node: UnsafeMutablePointer<Node>) {
        guard node.pointee.window != window else { return }
        node.pointee.reference = node.pointee.window == window - 1 ? node.pointee.mass : 0
        node.pointee.mass = 0
        node.pointee.window = window
    }

    @inline(__always)
    private func walk(_ values: UnsafePointer<Float>, learns: Bool) -> UInt64 {
        var sum: UInt64 = 0
        let (trees, perTree, least) = (shape.trees, perTree, least)
        let step: UInt16 = learns ? 1 : 0
        for tree in 0..<trees { places[tree] = 1 }
        // A place beyond the tree's bits has come to its end as far as the score goes.
        let done = Int.min
        for level in 0...shape.height {
            var base = nodes
            for tree in 0..<trees {
                let mark = places[tree]
                let place = mark & ~done
                let node = base + place
                refresh(node)
                node.pointee.mass &+= step
                let reference = node.pointee.reference
                let isWalking = mark >= 0
                sum &+= isWalking ? UInt64(reference) << UInt64(level) : 0
                let next = 2 * place + (values[Int(node.pointee.feature)] < node.pointee.cut ? 0 : 1)
                places[tree] = isWalking && reference >= least ? next : next | done
                base += perTree
            }
        }
        return sum
    }

    /// The same with values that are missing.
    private func walkAround(_ values: UnsafePointer<Float>, learns: Bool) -> UInt64 {
        var sum: UInt64 = 0
        for tree in 0..<shape.trees {
            let base = nodes + tree * perTree
            var place = 1
            var isWalking = true
            for level in 0...shape.height {
                let node = base + place
                refresh(node)
                if learns { node.pointee.mass &+= 1 }
                if isWalking { sum &+= UInt64(node.pointee.reference) << UInt64(level) }
                if node.pointee.reference < least { isWalking = false }
                guard level < shape.height else { break }
                let value = values[Int(node.pointee.feature)]
                var isRight = value >= node.pointee.cut
                if value.isNaN {
                    refresh(base + 2 * place)
                    refresh(base + 2 * place + 1)
                    isRight = base[2 * place + 1].mass > base[2 * place].mass
                }
                place = 2 * place + (isRight ? 1 : 0)
            }
        }
        return sum
    }

    /// Starts to count windows anew, once in 4 billion windows.
    private func renumber() {
        for index in 0..<shape.trees * perTree {
            nodes[index].window = nodes[index].window == window - 1 ? 1 : 0
        }
        window = 2
    }

    /// Everything learnt is forgotten.
    public func restart() {
        for index in 0..<shape.trees * perTree {
            nodes[index].window = 0
            nodes[index].mass = 0
            nodes[index].reference = 0
        }
        window = 1
        counter = 0
    }

    /// The mass that each level of a tree has in the running window, for tests.
    func masses(tree: Int) -> [Int] {
        (0...shape.height).map { level in
            ((1 << level)..<(2 << level)).reduce(0) { sum, place in
                let node = nodes[tree * perTree + place]
                return sum + (node.window == window ? Int(node.mass) : 0)
            }
        }
    }

    /// Writes the masses; the cuts come from the seed.
    public func save(_ writer: inout StateWriter) {
        writer.put(bits: UInt64(window))
        writer.put(counter)
        var used = 0
        for index in 0..<shape.trees * perTree where nodes[index].window >= window - 1 && nodes[index].window > 0 { used += 1 }
        writer.put(used)
        for index in 0..<shape.trees * perTree where nodes[index].window >= window - 1 && nodes[index].window > 0 {
            let node = nodes[index]
            writer.put(index)
            writer.put(bits: UInt64(node.window) << 32 | UInt64(node.mass) << 16 | UInt64(node.reference))
        }
    }

    /// Takes over masses of a forest of the same shape.
    public func restore(_ reader: inout StateReader) throws(DetectionError) {
        restart()
        guard let number = UInt32(exactly: try reader.bits()), number >= 1 else { throw .badState("a window number in it is out of range") }
        window = number
        counter = try reader.int(in: 0...shape.window - 1)
        for _ in 0..<(try reader.count(itemBytes: 16)) {
            let index = try reader.int(in: 0...shape.trees * perTree - 1)
            let packed = try reader.bits()
            nodes[index].window = UInt32(truncatingIfNeeded: packed >> 32)
            nodes[index].mass = UInt16(truncatingIfNeeded: packed >> 16)
            nodes[index].reference = UInt16(truncatingIfNeeded: packed)
        }
    }
}
