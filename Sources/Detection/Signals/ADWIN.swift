import Quantities
import SimulationKernel

/// What an `adwin` keeps after a change.
enum ADWINChange: String, CaseIterable {
    /// Nothing: the window begins anew at the next sample, as in River 0.26.
    case restart
    /// The newer part of the window, as in the paper.
    case keepNewer = "keep-newer"
}

/// A window as long as its mean does not change: `adwin` (Bifet & Gavaldà, SIAM Data Mining 2007, 443-448).
///
/// The window is an exponential histogram: row i holds at most `maximumBuckets` buckets of 2^i samples with their total and their sum of squared
/// deviations.
struct ADWIN: DetectorState, ~Copyable {
    private static let rows = 48

    private let delta: Double
    private let interval: Int
    private let maximumBuckets: Int
    private let minimumWindow: Int
    private let grace: Int
    private let change: ADWINChange
    private var clock = SampleClock()
    private var tick = 0
    private var highest = 0
    private var total = 0.0
    private var hasChanged = false
    /// Buckets in each row; totals and squares of the buckets, oldest first, `maximumBuckets` + 1 places a row.
    private let sizes: UnsafeMutablePointer<Int>
    private let totals: NumberBuffer
    private let squares: NumberBuffer
    private let stride: Int

    /// Samples in the window.
    private(set) var width = 0
    /// The sum of squared deviations of the window.
    private(set) var deviations = 0.0
    /// The difference of the means of the newest change / what it had to pass.
    private(set) var statistic: Double?

    /// A detector that scores 1 + the difference of means / its bound when the window is cut, else 0.
    ///
    /// - Parameters:
    ///   - delta: confidence: the probability of a false change at a check.
    ///   - interval: samples between checks.
    ///   - minimumWindow: the least length of either part.
    ///   - grace: samples before the first check.
    init(
        delta: Double = 0.002, interval: Int = 32, maximumBuckets: Int = 5, minimumWindow: Int = 5, grace: Int = 10, change: ADWINChange = .restart
    ) throws(DetectionError) {
        guard delta > 0, delta < 1 else { throw .outOfRange(setting: "delta", requirement: "between 0 and 1") }
        try require("clock", interval, 1...1_000_000)
        try require("max_buckets", maximumBuckets, 2...64)
        try require("min_window", minimumWindow, 1...1_000_000)
        try require("grace", grace, 0...1_000_000)
        self.delta = delta
        self.interval = interval
        self.maximumBuckets = maximumBuckets
        self.minimumWindow = minimumWindow
        self.grace = grace
        self.change = change
        stride = maximumBuckets + 1
        sizes = .allocate(capacity: ADWIN.rows)
        sizes.initialize(repeating: 0, count: ADWIN.rows)
        totals = NumberBuffer(count: ADWIN.rows * (maximumBuckets + 1))
        squares = NumberBuffer(count: ADWIN.rows * (maximumBuckets + 1))
    }

    deinit { sizes.deallocate() }

    /// The mean of the window; 0 for an empty one.
    var mean: Double { width == 0 ? 0 : total / Double(width) }
    /// Input that could not be used.
    var health: DetectorHealth { clock.health }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        sizes.update(repeating: 0, count: ADWIN.rows)
        tick = 0
        highest = 0
        width = 0
        total = 0
        deviations = 0
        hasChanged = false
        statistic = nil
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        if hasChanged, change == .restart { restart() }
        hasChanged = false
        statistic = nil
        insert(clipped(value))
        tick &+= 1
        if tick == interval {
            tick = 0
            if width > grace { check() }
        }
        guard width > grace || hasChanged else { return nil }
        return hasChanged ? Score.settled(hit: true, raw: statistic ?? 1) : 0
    }

    @inline(__always)
    private mutating func insert(_ x: Double) {
        let place = sizes[0]
        totals[place] = x
        squares[place] = 0
        sizes[0] = place &+ 1
        width &+= 1
        if width > 1 {
            let before = Double(width &- 1)
            let difference = x - total / before
            deviations += before * difference * difference / Double(width)
        }
        total += x
        if place == maximumBuckets { compress() }
    }

    private mutating func compress() {
        var row = 0
        while sizes[row] > maximumBuckets, row + 1 < ADWIN.rows {
            let base = row &* stride
            let length = Double(1 << row)
            let (u1, u2) = (totals[base], totals[base &+ 1])
            let difference = u1 / length - u2 / length
            let merged = squares[base] + squares[base &+ 1] + length * length * difference * difference / (2 * length)
            let next = base &+ stride &+ sizes[row &+ 1]
            totals[next] = u1 + u2
            squares[next] = merged
            sizes[row &+ 1] &+= 1
            remove(2, from: row)
            row &+= 1
            if row > highest { highest = row }
        }
    }

    /// Removes the oldest buckets of a row.
    private func remove(_ number: Int, from row: Int) {
        let base = row &* stride
        let rest = sizes[row] &- number
        for index in 0..<rest {
            totals[base &+ index] = totals[base &+ index &+ number]
            squares[base &+ index] = squares[base &+ index &+ number]
        }
        sizes[row] = rest
    }

    private mutating func check() {
        while let found = cut() {
            hasChanged = true
            if statistic == nil { statistic = 1 + found }
            dropOldest()
        }
    }

    /// The difference of means / its bound where the window has to be cut; `nil` when it has not.
    private func cut() -> Double? {
        guard width > 1 else { return nil }
        let confidence = Portable.log(2 * Portable.log(Double(width)) / delta)
        let variance = deviations / Double(width)
        var (n0, n1, u0, u1) = (0, width, 0.0, total)
        var row = highest
        while row >= 0 {
            let length = 1 << row
            let size = sizes[row]
            for index in 0..<size {
                if row == 0, index == size &- 1 { return nil }
                let bucket = totals[row &* stride &+ index]
                n0 &+= length
                n1 &-= length
                u0 += bucket
                u1 -= bucket
                guard n0 >= minimumWindow, n1 >= minimumWindow else { continue }
                let m = 1 / Double(n0 &- minimumWindow &+ 1) + 1 / Double(n1 &- minimumWindow &+ 1)
                let bound = (2 * m * variance * confidence).squareRoot() + 2.0 / 3 * confidence * m
                let difference = (u0 / Double(n0) - u1 / Double(n1)).magnitude
                if difference > bound { return difference / bound }
            }
            row &-= 1
        }
        return nil
    }

    private mutating func dropOldest() {
        while highest > 0, sizes[highest] == 0 { highest &-= 1 }
        let base = highest &* stride
        let length = 1 << highest
        let (u, v) = (totals[base], squares[base])
        width &-= length
        total -= u
        if width > 0 {
            let n = Double(length)
            let difference = u / n - total / Double(width)
            deviations -= v + n * Double(width) * difference * difference / (n + Double(width))
        } else {
            deviations = 0
        }
        if deviations < 0 { deviations = 0 }
        remove(1, from: highest)
        while highest > 0, sizes[highest] == 0 { highest &-= 1 }
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        for value in [tick, highest, width] { writer.put(value) }
        writer.put(total)
        writer.put(deviations)
        writer.put(hasChanged)
        for row in 0...highest {
            writer.put(sizes[row])
            for index in 0..<sizes[row] {
                writer.put(totals[row * stride + index])
                writer.put(squares[row * stride + index])
            }
        }
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        restart()
        try clock.restore(&reader)
        tick = try reader.int(in: 0...interval)
        highest = try reader.int(in: 0...ADWIN.rows - 1)
        width = try reader.int(in: 0...Int.max / 2)
        total = try reader.number()
        deviations = try reader.number()
        hasChanged = try reader.flag()
        var length = 0
        for row in 0...highest {
            sizes[row] = try reader.int(in: 0...maximumBuckets)
            length += sizes[row] << row
            for index in 0..<sizes[row] {
                totals[row * stride + index] = try reader.number()
                squares[row * stride + index] = try reader.number()
            }
        }
        guard length == width else {
            restart()
            throw .badState("the buckets and the width of the window differ")
        }
    }
}
