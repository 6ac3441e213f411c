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
/// does; the paper takes only the last. A walk for a score ends below a node of little mass, so that it can reach only few nodes of a tree: those stand
/// together in a small block. The points of the running window are kept, and when it is full they are sorted into the trees as far down as a walk can get.
/// Where a value is missing, the way depends on what was counted so far: from such a point to the end of the window every node counts (`DenseMasses`).
public final class HalfSpaceForest {
    /// Where a node is cut.
    struct Cut {
        var value: Float
        var feature: UInt32
    }

    /// A node that the walk for a score can reach, with its mass in the last window.
    struct Cell {
        var cut: Float = 0
        var feature: UInt16 = 0
        var mass: UInt16 = 0
        /// Its left child, the right one follows; 0 when the walk ends here.
        var child: UInt32 = 0
    }

    let shape: HalfSpaceForestShape
    let features: Int
    /// Places a tree has; a node at place k has its children at 2k and 2k + 1, the root is at 1.
    let perTree: Int
    let cuts: UnsafeMutablePointer<Cut>
    /// The least mass of a node below which a walk goes on.
    private let least: Int
    private let scale: Double
    /// The roots of all trees, then pairs of children.
    private(set) var cells: UnsafeMutablePointer<Cell>
    private var cellCount: Int
    private var cellCapacity: Int
    /// The points of the running window, feature by feature; `nil` when they would take too much memory.
    private let points: UnsafeMutablePointer<Float>?
    private let order: UnsafeMutablePointer<UInt16>
    private let spare: UnsafeMutablePointer<UInt16>
    private let point: UnsafeMutablePointer<Float>
    /// The cells at which the ways of a point stand.
    private let walking: UnsafeMutablePointer<UInt32>
    /// What every node counts in this window, from a point with a missing value on.
    private var dense: DenseMasses?
    private var isDense: Bool
    /// The running window; the first is 1.
    private var window = 1
    private var counter = 0

    /// Numbers of a window that are kept at most (16 MiB); with longer windows every node counts at once.
    private static let mostKept = 1 << 22

    /// Trees for points with a number of features, without any mass.
    public init(_ shape: HalfSpaceForestShape, features: Int) throws(DetectionError) {
        try shape.check()
        guard (1...1_000).contains(features) else { throw .outOfRange(setting: "watch", requirement: "a list of 1 to 1000 signals") }
        self.shape = shape
        self.features = features
        perTree = 1 << (shape.height + 1)
        cuts = .allocate(capacity: shape.trees * perTree)
        // Below a node without mass there is none either.
        least = max(1, Int((shape.sizeLimit * Double(shape.window)).rounded(.up)))
        scale = 1 / (Double(shape.trees) * Double(shape.window) * Double(perTree - 1))
        cellCapacity = shape.trees * 16
        cells = .allocate(capacity: cellCapacity)
        cells.initialize(repeating: Cell(), count: cellCapacity)
        cellCount = shape.trees
        let kept = features * shape.window
        points = kept <= Self.mostKept ? .allocate(capacity: kept) : nil
        points?.initialize(repeating: 0, count: kept)
        order = .allocate(capacity: shape.window)
        order.initialize(repeating: 0, count: shape.window)
        spare = .allocate(capacity: shape.window)
        spare.initialize(repeating: 0, count: shape.window)
        point = .allocate(capacity: features)
        point.initialize(repeating: 0, count: features)
        walking = .allocate(capacity: shape.trees)
        walking.initialize(repeating: 0, count: shape.trees)
        isDense = points == nil
        if isDense { dense = DenseMasses(trees: shape.trees, perTree: perTree) }
        for tree in 0..<shape.trees { grow(tree) }
    }

    deinit {
        cuts.deallocate()
        cells.deallocate()
        points?.deallocate()
        order.deallocate()
        spare.deallocate()
        point.deallocate()
        walking.deallocate()
    }

    /// Draws the cuts of a tree.
    private func grow(_ tree: Int) {
        var random = RandomStream(seed: shape.seed, run: 0, path: "half-space-trees", site: UInt64(tree))
        let base = cuts + tree * perTree
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
            (base + place).initialize(to: Cut(value: Float(cut), feature: UInt32(feature)))
            guard level < shape.height else { return }
            let (oldLow, oldHigh) = (low[feature], high[feature])
            high[feature] = cut
            split(2 * place, level + 1)
            high[feature] = oldHigh
            low[feature] = cut
            split(2 * place + 1, level + 1)
            low[feature] = oldLow
        }
        base.initialize(to: Cut(value: 0, feature: 0))
        split(1, 0)
    }

    /// Whether the first window is over, so that there are scores.
    public var isReady: Bool { window > 1 }

    // MARK: - Points

    /// Takes a point and gives its score, 0 for usual to 1 for never seen; `nil` in the first window.
    ///
    /// - Parameters:
    ///   - values: the features; beyond 0...1 the nearest cell counts, and where one is NaN the heavier child is taken.
    ///   - learns: whether the point is learnt.
    public func update(_ values: UnsafePointer<Float>, learns: Bool = true) -> Double? {
        var isWhole = true
        for index in 0..<features where values[index].isNaN { isWhole = false }
        if !isWhole { countAll() }
        var score: Double?
        if isReady { score = max(0, 1 - Double(isWhole ? sum(values) : sumAround(values)) * scale) }
        if learns { learn(values) }
        return score
    }

    /// The score alone.
    public func score(_ values: UnsafePointer<Float>) -> Double? { update(values, learns: false) }

    /// The masses on the ways through all trees, each as if its level were the last.
    ///
    /// All ways go down one level together, those that are at their end leave: no branch depends on a value, and the memory accesses overlap.
    @inline(__always)
    private func sum(_ values: UnsafePointer<Float>) -> UInt64 {
        let (cells, walking) = (cells, walking)
        var (sum, level, count) = (UInt64(0), UInt64(0), 0)
        for tree in 0..<shape.trees {
            sum &+= UInt64(cells[tree].mass)
            walking[count] = UInt32(truncatingIfNeeded: tree)
            count &+= cells[tree].child == 0 ? 0 : 1
        }
        while count > 0 {
            level &+= 1
            var left = 0
            for index in 0..<count {
                let cell = cells[Int(walking[index])]
                let next = cell.child &+ (values[Int(cell.feature)] < cell.cut ? 0 : 1)
                sum &+= UInt64(cells[Int(next)].mass) &<< level
                walking[left] = next
                left &+= cells[Int(next)].child == 0 ? 0 : 1
            }
            count = left
        }
        return sum
    }

    /// The same with values that are missing.
    private func sumAround(_ values: UnsafePointer<Float>) -> UInt64 {
        var sum: UInt64 = 0
        for tree in 0..<shape.trees {
            var (cell, place, level) = (cells[tree], 1, UInt64(0))
            sum &+= UInt64(cell.mass)
            while cell.child != 0 {
                let value = values[Int(cell.feature)]
                let isRight = value.isNaN ? dense?.isRightHeavier(tree, place) == true : value >= cell.cut
                cell = cells[Int(cell.child) + (isRight ? 1 : 0)]
                place = 2 * place + (isRight ? 1 : 0)
                level += 1
                sum &+= UInt64(cell.mass) << level
            }
        }
        return sum
    }

    @inline(__always)
    private func learn(_ values: UnsafePointer<Float>) {
        if isDense {
            dense?.count(values, cuts, height: shape.height)
        } else if let points {
            for index in 0..<features { points[index &* shape.window &+ counter] = values[index] }
        }
        counter &+= 1
        if counter == shape.window { turn() }
    }

    /// From here to the end of the window every node counts.
    private func countAll() {
        guard !isDense, let points else { return }
        isDense = true
        if dense == nil { dense = DenseMasses(trees: shape.trees, perTree: perTree) }
        dense?.removeAll()
        for row in 0..<counter {
            for index in 0..<features { point[index] = points[index * shape.window + row] }
            dense?.count(point, cuts, height: shape.height)
        }
    }

    // MARK: - Windows

    /// The window is full: its masses become the reference.
    private func turn() {
        cellCount = shape.trees
        for tree in 0..<shape.trees {
            if isDense {
                expand(tree, tree, place: 1, level: 0)
            } else {
                for row in 0..<counter { order[row] = UInt16(truncatingIfNeeded: row) }
                expand(tree, tree, place: 1, level: 0, from: 0, to: counter)
            }
        }
        isDense = points == nil
        if isDense { dense?.removeAll() }
        counter = 0
        window += 1
    }

    /// Gives a cell its mass and, when a walk goes on below it, its cut and two children; the result is the left child.
    private func fill(_ index: Int, _ tree: Int, place: Int, level: Int, mass: Int) -> Int? {
        guard mass >= least, level < shape.height else {
            cells[index] = Cell(mass: UInt16(truncatingIfNeeded: mass))
            return nil
        }
        if cellCount + 2 > cellCapacity {
            let larger = UnsafeMutablePointer<Cell>.allocate(capacity: cellCapacity * 2)
            larger.initialize(from: cells, count: cellCapacity)
            (larger + cellCapacity).initialize(repeating: Cell(), count: cellCapacity)
            cells.deallocate()
            cells = larger
            cellCapacity *= 2
        }
        let cut = cuts[tree * perTree + place]
        cells[index] = Cell(
            cut: cut.value, feature: UInt16(truncatingIfNeeded: cut.feature), mass: UInt16(truncatingIfNeeded: mass),
            child: UInt32(truncatingIfNeeded: cellCount))
        cellCount += 2
        return cellCount - 2
    }

    /// Sorts the points `order[from..<to]` into the cells below one.
    private func expand(_ index: Int, _ tree: Int, place: Int, level: Int, from: Int, to: Int) {
        guard let points, let child = fill(index, tree, place: place, level: level, mass: to - from) else { return }
        let (cut, column) = (cells[index].cut, points + Int(cells[index].feature) * shape.window)
        var (left, right) = (from, 0)
        // Both sides are written, so that no branch depends on a value.
        for place in from..<to {
            let row = order[place]
            let isRight = column[Int(row)] < cut ? 0 : 1
            order[left] = row
            spare[right] = row
            left &+= 1 &- isRight
            right &+= isRight
        }
        (order + left).update(from: spare, count: right)
        expand(child, tree, place: 2 * place, level: level + 1, from: from, to: left)
        expand(child + 1, tree, place: 2 * place + 1, level: level + 1, from: left, to: to)
    }

    /// The same from what every node has counted.
    private func expand(_ index: Int, _ tree: Int, place: Int, level: Int) {
        guard let dense, let child = fill(index, tree, place: place, level: level, mass: dense.mass(tree, place)) else { return }
        expand(child, tree, place: 2 * place, level: level + 1)
        expand(child + 1, tree, place: 2 * place + 1, level: level + 1)
    }

    /// Everything learnt is forgotten.
    public func restart() {
        for tree in 0..<shape.trees { cells[tree] = Cell() }
        cellCount = shape.trees
        isDense = points == nil
        if isDense { dense?.removeAll() }
        window = 1
        counter = 0
    }

    /// The mass that each level of a tree has in the running window, for tests.
    func masses(tree: Int) -> [Int] {
        countAll()
        return (0...shape.height).map { level in ((1 << level)..<(2 << level)).reduce(0) { $0 + (dense?.mass(tree, $1) ?? 0) } }
    }

    // MARK: - State

    /// Writes the masses and the points of the running window; the cuts come from the seed.
    public func save(_ writer: inout StateWriter) {
        writer.put(window)
        writer.put(counter)
        writer.put(isDense)
        func put(_ cell: Cell) {
            writer.put(bits: UInt64(cell.mass))
            guard cell.child != 0 else { return }
            put(cells[Int(cell.child)])
            put(cells[Int(cell.child) + 1])
        }
        for tree in 0..<shape.trees { put(cells[tree]) }
        if isDense {
            dense?.save(&writer)
        } else if let points {
            for row in 0..<counter { for index in 0..<features { writer.put(bits: UInt64(points[index * shape.window + row].bitPattern)) } }
        }
    }

    /// Takes over masses of a forest of the same shape.
    public func restore(_ reader: inout StateReader) throws(DetectionError) {
        restart()
        let found = try reader.int(in: 1...Int.max / 2)
        let count = try reader.int(in: 0...shape.window - 1)
        let wasDense = try reader.flag()
        guard wasDense || points != nil else { throw .badState("points in it are too many") }
        do {
            for tree in 0..<shape.trees { try restore(&reader, tree, tree, place: 1, level: 0) }
            if wasDense {
                countAll()
                try dense?.restore(&reader)
            } else if let points {
                for row in 0..<count {
                    for index in 0..<features { points[index * shape.window + row] = Float(bitPattern: UInt32(truncatingIfNeeded: try reader.bits())) }
                }
            }
        } catch {
            restart()
            throw error
        }
        window = found
        counter = count
    }

    private func restore(_ reader: inout StateReader, _ index: Int, _ tree: Int, place: Int, level: Int) throws(DetectionError) {
        let mass = try reader.int(in: 0...shape.window)
        guard let child = fill(index, tree, place: place, level: level, mass: mass) else { return }
        try restore(&reader, child, tree, place: 2 * place, level: level + 1)
        try restore(&reader, child + 1, tree, place: 2 * place + 1, level: level + 1)
    }
}
