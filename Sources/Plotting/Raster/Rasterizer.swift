/// Turns closed polygons into exact pixel coverage under the non-zero winding rule, one pixel row at a time.
///
/// Coverage is the area of the union, not a count of samples: each row is cut at the corners of the polygons, and at crossings of their
/// edges, into slabs in which edges run from top to bottom without meeting; in a slab the edges are walked from left to right, and only
/// those where the winding number leaves or reaches zero deposit their signed area. Rows with very many corners are cut evenly instead.
struct Rasterizer: ~Copyable {
    /// One edge, running downwards.
    struct Edge {
        var y0: Double
        var y1: Double
        /// The x at `y0`.
        var x0: Double
        /// How x grows with y.
        var slope: Double
        /// +1 where the polygon ran downwards, -1 where upwards.
        var direction: Double
        /// Working values of the slab: x at its top and at its bottom, and the part of its height that the edge covers.
        var xa = 0.0
        var xb = 0.0
        var share = 0.0
    }

    private var edges: UnsafeMutablePointer<Edge>
    private(set) var count = 0
    private var capacity = 256
    private var active: UnsafeMutablePointer<Edge>
    private var activeCount = 0
    private var activeCapacity = 256
    /// The coverage of one row as differences along x.
    private let row: UnsafeMutablePointer<Float>
    private var cuts: UnsafeMutablePointer<Double>
    private let width: Int
    /// What edges are clipped to, in pixels.
    private(set) var clipLeft = 0.0
    private(set) var clipRight: Double
    private(set) var clipTop = 0.0
    private(set) var clipBottom: Double

    /// The most slabs that the corners in a row may ask for before it is cut evenly.
    private static let cutLimit = 48

    init(width: Int, height: Int) {
        edges = .allocate(capacity: capacity)
        active = .allocate(capacity: activeCapacity)
        cuts = .allocate(capacity: Self.cutLimit + 2)
        row = .allocate(capacity: width + 3)
        row.initialize(repeating: 0, count: width + 3)
        self.width = width
        clipRight = Double(width)
        clipBottom = Double(height)
    }

    deinit {
        edges.deallocate()
        active.deallocate()
        cuts.deallocate()
        row.deallocate()
    }

    /// Sets what edges are clipped to; whole pixels inside the picture.
    mutating func setClip(left: Double, top: Double, right: Double, bottom: Double) {
        clipLeft = left
        clipTop = top
        clipRight = max(left, right)
        clipBottom = max(top, bottom)
    }

    /// Adds a side of a polygon, in pixels; a polygon's sides must close.
    mutating func add(_ from: Point, _ to: Point) {
        if from.y == to.y { return }
        var (top, bottom, direction) = from.y < to.y ? (from, to, 1.0) : (to, from, -1.0)
        if bottom.y <= clipTop || top.y >= clipBottom { return }
        let slope = (bottom.x - top.x) / (bottom.y - top.y)
        if top.y < clipTop { top = Point(top.x + (clipTop - top.y) * slope, clipTop) }
        if bottom.y > clipBottom { bottom = Point(bottom.x - (bottom.y - clipBottom) * slope, clipBottom) }
        if top.x >= clipRight && bottom.x >= clipRight { return }
        if top.x <= clipLeft && bottom.x <= clipLeft {
            append(top.y, bottom.y, clipLeft, 0, direction)
        } else if top.x >= clipLeft && bottom.x >= clipLeft && top.x <= clipRight && bottom.x <= clipRight {
            append(top.y, bottom.y, top.x, slope, direction)
        } else {
            addSplit(top, bottom, slope, direction)
        }
    }

    /// Adds an edge that passes the left or right border of the clip in pieces: left of it upright on the border, right of it not at all.
    private mutating func addSplit(_ top: Point, _ bottom: Point, _ slope: Double, _ direction: Double) {
        let atLeft = max(top.y, min(bottom.y, top.y + (clipLeft - top.x) / slope))
        let atRight = max(top.y, min(bottom.y, top.y + (clipRight - top.x) / slope))
        let insideTop = slope > 0 ? (top.x < clipLeft ? atLeft : top.y) : (top.x > clipRight ? atRight : top.y)
        let insideBottom = slope > 0 ? (bottom.x > clipRight ? atRight : bottom.y) : (bottom.x < clipLeft ? atLeft : bottom.y)
        if slope > 0, top.x < clipLeft { append(top.y, insideTop, clipLeft, 0, direction) }
        if insideBottom > insideTop {
            let x0 = max(clipLeft, min(clipRight, top.x + (insideTop - top.y) * slope))
            let x1 = max(clipLeft, min(clipRight, top.x + (insideBottom - top.y) * slope))
            append(insideTop, insideBottom, x0, (x1 - x0) / (insideBottom - insideTop), direction)
        }
        if slope < 0, bottom.x < clipLeft { append(insideBottom, bottom.y, clipLeft, 0, direction) }
    }

    private mutating func append(_ y0: Double, _ y1: Double, _ x0: Double, _ slope: Double, _ direction: Double) {
        guard y1 > y0 else { return }
        if count == capacity {
            let larger = UnsafeMutablePointer<Edge>.allocate(capacity: capacity * 2)
            larger.moveInitialize(from: edges, count: count)
            edges.deallocate()
            edges = larger
            capacity *= 2
        }
        (edges + count).initialize(to: Edge(y0: y0, y1: y1, x0: x0, slope: slope, direction: direction))
        count += 1
    }

    /// Fills what was added and forgets it: hands over runs of differences, as `(y, first x, end x, differences)`, rows from the top.
    ///
    /// The running sum of the differences is the coverage, 0…1, of the pixel; the pointer is to x = 0, and the consumer must not change it.
    mutating func sweep(_ body: (Int, Int, Int, UnsafeMutablePointer<Float>) -> Void) {
        defer { count = 0 }
        guard count > 0 else { return }
        var pending = UnsafeMutableBufferPointer(start: edges, count: count)
        pending.sort { $0.y0 < $1.y0 || ($0.y0 == $1.y0 && $0.x0 < $1.x0) }
        if activeCapacity < count {
            active.deallocate()
            active = .allocate(capacity: capacity)
            activeCapacity = capacity
        }
        activeCount = 0
        var next = 0
        var y = Int(edges[0].y0)
        while next < count || activeCount > 0 {
            if activeCount == 0 { y = max(y, Int(edges[next].y0)) }
            let bottom = Double(y + 1)
            while next < count, edges[next].y0 < bottom {
                (active + activeCount).initialize(to: edges[next])
                activeCount += 1
                next += 1
            }
            var low = Double.infinity, high = 0.0
            fillRow(y, &low, &high)
            if low <= high {
                let start = max(0, Int(low)), end = min(width, Int(high) + 2)
                body(y, start, end, row)
                (row + start).update(repeating: 0, count: min(width + 3, end + 2) - start)
            }
            var kept = 0
            for index in 0..<activeCount where active[index].y1 > bottom {
                if kept != index { active[kept] = active[index] }
                kept += 1
            }
            activeCount = kept
            y += 1
        }
    }

    /// Cuts a row into slabs and fills each.
    private mutating func fillRow(_ y: Int, _ low: inout Double, _ high: inout Double) {
        let top = Double(y), bottom = Double(y + 1)
        // Corners inside the row, sorted; too many of them, and the row is cut evenly.
        cuts[0] = top
        var cutCount = 1
        var crowded = false
        let limit = activeCount > 512 ? 4 : Self.cutLimit
        for index in 0..<activeCount {
            let corners = (active[index].y0, active[index].y1)
            if corners.0 > top { crowded = !cut(at: corners.0, &cutCount, limit) }
            if !crowded, corners.1 < bottom { crowded = !cut(at: corners.1, &cutCount, limit) }
            if crowded { break }
        }
        if crowded {
            let slabs = activeCount > 2048 ? 2 : activeCount > 512 ? 4 : 16
            for slab in 0..<slabs {
                fillSlab(top + Double(slab) / Double(slabs), top + Double(slab + 1) / Double(slabs), depth: 99, &low, &high)
            }
            return
        }
        cuts[cutCount] = bottom
        for slab in 0..<cutCount { fillSlab(cuts[slab], cuts[slab + 1], depth: 0, &low, &high) }
    }

    /// Enters a cut in order; false when there are too many.
    private mutating func cut(at corner: Double, _ count: inout Int, _ limit: Int) -> Bool {
        var place = count
        while cuts[place - 1] > corner { place -= 1 }
        if cuts[place - 1] == corner { return true }
        if count >= limit { return false }
        var move = count
        while move > place {
            cuts[move] = cuts[move - 1]
            move -= 1
        }
        cuts[place] = corner
        count += 1
        return true
    }

    /// Fills one slab: sorts its edges along x, cuts it again where they cross, and deposits those that bound the union.
    private mutating func fillSlab(_ top: Double, _ bottom: Double, depth: Int, _ low: inout Double, _ high: inout Double) {
        let height = bottom - top
        guard height > 0 else { return }
        let scale = 1 / height
        for index in 0..<activeCount {
            let edge = active + index
            let from = max(edge.pointee.y0, top), to = min(edge.pointee.y1, bottom)
            if from >= to {
                edge.pointee.share = 0
                edge.pointee.xa = edge.pointee.x0
                edge.pointee.xb = edge.pointee.x0
            } else {
                edge.pointee.share = to - from == height ? 1 : (to - from) * scale
                edge.pointee.xa = edge.pointee.x0 + (from - edge.pointee.y0) * edge.pointee.slope
                edge.pointee.xb = edge.pointee.x0 + (to - edge.pointee.y0) * edge.pointee.slope
            }
        }
        sortActive()
        if depth < 3, crosses() {
            let middle = top + height / 2
            fillSlab(top, middle, depth: depth + 1, &low, &high)
            fillSlab(middle, bottom, depth: depth + 1, &low, &high)
            return
        }
        var winding = 0.0
        for index in 0..<activeCount where active[index].share > 0 {
            let before = min(winding.magnitude, 1)
            winding += active[index].direction * active[index].share
            let change = min(winding.magnitude, 1) - before
            if change != 0 { deposit(active[index].xa, active[index].xb, Float(change * height), &low, &high) }
        }
        // Edges right of the clip were left out: what is open then runs to the border.
        if winding.magnitude > 1e-6 { high = max(high, clipRight) }
    }

    /// Sorts the active edges along x; nearly sorted as they are from slab to slab, by insertion, but by merging when many arrive.
    private mutating func sortActive() {
        var moves = 0
        let budget = 16 * activeCount + 64
        var index = 1
        while index < activeCount {
            let key = active[index].xa + active[index].xb
            if active[index - 1].xa + active[index - 1].xb > key {
                let edge = active[index]
                var place = index
                repeat {
                    active[place] = active[place - 1]
                    place -= 1
                } while place > 0 && active[place - 1].xa + active[place - 1].xb > key
                active[place] = edge
                moves += index - place
                if moves > budget {
                    var all = UnsafeMutableBufferPointer(start: active, count: activeCount)
                    all.sort { $0.xa + $0.xb < $1.xa + $1.xb }
                    return
                }
            }
            index += 1
        }
    }

    /// Whether edges of the slab cross each other by more than what is visible.
    private func crosses() -> Bool {
        var left = -Double.infinity, right = -Double.infinity
        for index in 0..<activeCount where active[index].share > 0 {
            if active[index].xa < left - 0.04 || active[index].xb < right - 0.04 { return true }
            left = max(left, active[index].xa)
            right = max(right, active[index].xb)
        }
        return false
    }

    /// Adds the signed area to the right of an edge piece of the given height to the differences of the row.
    private func deposit(_ xa: Double, _ xb: Double, _ area: Float, _ low: inout Double, _ high: inout Double) {
        let left = min(xa, xb), right = max(xa, xb)
        low = min(low, left)
        high = max(high, right)
        let first = Int(left), last = Int(right)
        if first == last {
            let part = Float((left + right) / 2 - Double(first))
            row[first] += area * (1 - part)
            row[first + 1] += area * part
            return
        }
        // Over several pixels: the area right of the edge grows as a parabola in the first and last pixel and evenly between.
        let density = Double(area) / (right - left)
        let head = Double(first + 1) - left
        var done = 0.0
        var covered = density * head * head / 2
        row[first] += Float(covered)
        done = covered
        var pixel = first + 1
        while pixel < last {
            covered = density * (Double(pixel) + 0.5 - left)
            row[pixel] += Float(covered - done)
            done = covered
            pixel += 1
        }
        let tail = right - Double(last)
        covered = Double(area) - density * tail * tail / 2
        // In the last pixel the edge ends: its mean coverage is the whole area less what lies left of the edge there.
        row[last] += Float(covered - done)
        row[last + 1] += Float(Double(area) - covered)
    }
}
