import Quantities

/// The variance or standard deviation of a moving window, compared with a threshold: `moving-variance`, `moving-std`.
///
/// While every sample of the window is a whole multiple of 1/16 (whole amperes, volts, half degrees) the sums are exact integers, so a value that
/// lies exactly on the threshold is judged as such. Otherwise the samples enter and leave by Welford's update (Technometrics 4 (1962) 419-420) on
/// differences to an anchor, and the sums are rebuilt in two passes when cancellation has cost digits. A window of equal values gives exactly 0.
public struct MovingVariance: DetectorState, ~Copyable {
    private let criterion: Criterion
    private let width: UInt64
    private let countsSamples: Bool
    private let needed: Int
    private let ddof: Int
    private let takesRoot: Bool
    private var clock = SampleClock()
    private var samples: SampleRing
    private var number: Int64 = 0
    private var sums = WindowSums()

    /// The statistic of the newest window, in the squared unit or the unit of the signal; `nil` while it holds too few samples.
    public private(set) var statistic: Double?

    /// A detector that scores variance / `above`, or standard deviation / `above` with `standardDeviation`.
    ///
    /// - Parameters:
    ///   - window: how far back the statistic looks.
    ///   - above: threshold in the unit of the statistic, not negative.
    ///   - ddof: 0 for the population, 1 for a sample (the divisor is n - ddof).
    ///   - minimumSamples: valid samples in the window before there is a score, at least 1.
    public init(
        window: Window, above: Double, ddof: Int = 0, minimumSamples: Int = 2, compare: Comparison = .gt, standardDeviation: Bool = false
    ) throws(DetectionError) {
        let criterion = try Criterion(above, compare: compare)
        let width = try window.width()
        guard ddof == 0 || ddof == 1 else { throw .outOfRange(setting: "ddof", requirement: "0 or 1") }
        let least = try checkedMinimum(minimumSamples)
        self.criterion = criterion
        self.width = width
        countsSamples = window.countsSamples
        self.ddof = ddof
        needed = max(least, ddof + 1)
        takesRoot = standardDeviation
        samples = SampleRing()
    }

    /// Input that could not be used.
    public var health: DetectorHealth { clock.health }
    /// The score at which an alert clears for a level in the unit of the threshold; `nil` when the level is no such level.
    public func clearScore(level: Double) -> Double? { criterion.clearScore(level: level) }

    /// Forgets the samples; the health counters stay.
    public mutating func restart() {
        samples.removeAll()
        sums = WindowSums()
        number = 0
        statistic = nil
    }

    /// Writes the state.
    public func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        samples.save(&writer)
        writer.put(number)
        sums.save(&writer)
    }

    /// Takes over a state.
    public mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try samples.restore(&reader)
        number = try reader.integer()
        try sums.restore(&reader)
        try sums.check(samples)
        statistic = nil
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    public mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant) else { return nil }
        let position: Int64
        if value.isFinite {
            number &+= 1
            position = countsSamples ? number : instant.nanoseconds
            let sample = min(max(value, -WindowSums.greatest), WindowSums.greatest)
            if samples.isAtLimit {
                clock.health.overflow += 1
                dropFirst()
            }
            if sums.canReplace, onlyFirstExpires(at: position) {
                sums.replace(samples.first.value, with: sample)
                samples.removeFirst()
                samples.append(WindowSample(position: position, value: sample))
            } else {
                samples.append(WindowSample(position: position, value: sample))
                if !sums.add(sample) { sums.rebuild(samples) }
            }
        } else {
            clock.health.invalid += 1
            position = countsSamples ? number : instant.nanoseconds
        }
        while !samples.isEmpty, distance(from: samples.first.position, to: position) >= width { dropFirst() }
        if sums.isWorn { sums.rebuild(samples) }
        let count = samples.count
        guard count >= needed else {
            statistic = nil
            return nil
        }
        let variance = sums.variance(count: count, ddof: ddof)
        let result = takesRoot ? variance.squareRoot() : variance
        statistic = result
        return criterion.score(result)
    }

    /// Samples whose variances wait in the cache to become scores together.
    private static let block = 512

    /// Takes samples in a row; while each pushes out exactly one other, the sums stay in registers.
    public mutating func update(times: UnsafeBufferPointer<Instant>, values: UnsafeBufferPointer<Double>, scores: UnsafeMutableBufferPointer<Double>) {
        let total = min(times.count, values.count, scores.count)
        guard let time = times.baseAddress, let value = values.baseAddress, let score = scores.baseAddress else { return }
        var index = 0
        while index < total {
            score[index] = update(at: time[index], value: value[index]) ?? .nan
            index &+= 1
            guard sums.canReplace, samples.count >= 2, samples.count >= needed else { continue }
            var (local, last, sequence) = (sums, clock.last, number)
            let (base, mask, first, end) = samples.cursor
            var (head, tail) = (first, end)
            let start = index
            let stop = min(total, start &+ min(Self.block, sums.replacementsLeft))
            while index < stop, time[index].nanoseconds >= last, value[index].magnitude <= WindowSums.greatest {
                let position = countsSamples ? sequence &+ 1 : time[index].nanoseconds
                guard distance(from: base[head & mask].position, to: position) >= width,
                    distance(from: base[(head &+ 1) & mask].position, to: position) < width
                else { break }
                let next = local.replacing(base[head & mask].value, with: value[index])
                // Sums that have to be rebuilt are left to the path for one sample.
                guard !next.isWornBySize else { break }
                local = next
                last = time[index].nanoseconds
                sequence &+= 1
                base[tail & mask] = WindowSample(position: position, value: value[index])
                head &+= 1
                tail &+= 1
                score[index] = local.steadyVariance
                index &+= 1
            }
            criterion.score(UnsafeMutableBufferPointer(start: score + start, count: index &- start), ofRoots: takesRoot)
            samples.turned(by: index &- start)
            clock.advance(to: last)
            number = sequence
            sums = local
            statistic = samples.count >= needed ? newest : nil
        }
    }

    /// The statistic of the sums as they are.
    private var newest: Double {
        mutating get {
            let variance = sums.variance(count: samples.count, ddof: ddof)
            return takesRoot ? variance.squareRoot() : variance
        }
    }

    /// Whether a sample at a position would push exactly the oldest of at least two out of the window.
    @inline(__always)
    private func onlyFirstExpires(at position: Int64) -> Bool {
        guard samples.count >= 2, distance(from: samples.first.position, to: position) >= width else { return false }
        return distance(from: samples[1].position, to: position) < width
    }

    @inline(__always)
    private mutating func dropFirst() {
        sums.remove(samples.first.value)
        samples.removeFirst()
    }
}

/// The running sums behind a variance: exact integers where possible, Welford's update elsewhere.
struct WindowSums {
    /// Samples beyond this magnitude are cut to it, so that no square overflows.
    static let greatest = 1e100
    private static let scale = 16.0
    /// Bounds under which count * sum of squares stays below 2^62.
    private static let greatestExact = 1_048_576.0
    private static let greatestExactCount = 2_048
    private static let removalsBeforeRebuild = 4_096

    private(set) var count = 0
    private var anchor = 0.0
    private var isExact = true
    private var exactSum: Int64 = 0
    private var exactSquares: Int64 = 0
    private var mean = 0.0
    private var squares = 0.0
    private var greatestSquares = 0.0
    private var removals = 0
    /// The count that the reciprocals belong to, 1 / count and 1 / (count - ddof).
    private var reciprocalCount = 0
    private var reciprocal = 0.0
    private var reciprocalOfDivisor = 0.0

    /// The mean of the samples; there must be one.
    @inline(__always)
    var centre: Double { isExact ? anchor + Double(exactSum) / Self.scale / Double(count) : anchor + mean }

    func save(_ writer: inout StateWriter) {
        writer.put(count)
        writer.put(isExact)
        writer.put(exactSum)
        writer.put(exactSquares)
        writer.put(removals)
        writer.put(reciprocalCount)
        for number in [anchor, mean, squares, greatestSquares, reciprocal, reciprocalOfDivisor] { writer.put(number) }
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        count = try reader.int()
        isExact = try reader.flag()
        exactSum = try reader.integer()
        exactSquares = try reader.integer()
        removals = try reader.int()
        reciprocalCount = try reader.int()
        anchor = try reader.number()
        mean = try reader.number()
        squares = try reader.number()
        greatestSquares = try reader.number()
        reciprocal = try reader.number()
        reciprocalOfDivisor = try reader.number()
    }

    /// Throws unless sums that were restored can be those of the samples.
    func check(_ samples: borrowing SampleRing) throws(DetectionError) {
        guard count == samples.count else { throw .badState("the window and its sums differ in length") }
        guard isExact else { return }
        for index in 0..<count where !(((samples[index].value - anchor) * Self.scale).magnitude <= Self.greatestExact) {
            throw .badState("the window and its sums differ")
        }
    }

    /// Whether a sample can take the place of the oldest one in one step; the exact sums gain nothing by it.
    var canReplace: Bool { !isExact && reciprocalCount == count }

    /// Removes the oldest sample and adds a new one; only when `canReplace`.
    @inline(__always)
    mutating func replace(_ old: Double, with new: Double) {
        removals &+= 1
        let (before, after) = (old - anchor, new - anchor)
        let oldMean = mean
        mean += (after - before) * reciprocal
        squares += (after - before) * ((after - mean) + (before - oldMean))
        if squares > greatestSquares { greatestSquares = squares }
    }

    /// The sums with a sample in the place of the oldest one; only when `canReplace`.
    @inline(__always)
    func replacing(_ old: Double, with new: Double) -> WindowSums {
        var sums = self
        sums.replace(old, with: new)
        return sums
    }

    /// Adds a sample; `false` when the sums have to be rebuilt to take it.
    @inline(__always)
    mutating func add(_ value: Double) -> Bool {
        if count == 0 {
            self = WindowSums()
            anchor = value
        }
        count &+= 1
        let y = value - anchor
        if isExact {
            let scaled = y * Self.scale
            guard scaled.magnitude <= Self.greatestExact, count <= Self.greatestExactCount else { return false }
            let whole = Int64(scaled)
            guard Double(whole) == scaled, anchor + y == value else { return false }
            exactSum &+= whole
            exactSquares &+= whole &* whole
            return true
        }
        addWelford(y)
        return true
    }

    @inline(__always)
    private mutating func addWelford(_ y: Double) {
        let difference = y - mean
        mean += difference / Double(count)
        squares += difference * (y - mean)
        if squares > greatestSquares { greatestSquares = squares }
    }

    /// Removes the oldest sample.
    @inline(__always)
    mutating func remove(_ value: Double) {
        count &-= 1
        guard count > 0 else {
            self = WindowSums()
            return
        }
        let y = value - anchor
        if isExact {
            let whole = Int64(y * Self.scale)
            exactSum &-= whole
            exactSquares &-= whole &* whole
            return
        }
        removals &+= 1
        let difference = y - mean
        mean -= difference / Double(count)
        squares -= difference * (y - mean)
    }

    /// Replacements after which the sums are surely not worn by their number.
    var replacementsLeft: Int { Self.removalsBeforeRebuild &- 1 &- removals }

    /// Whether cancellation may have cost digits; the same as `isWorn` while `replacementsLeft` is not used up and the sums are not exact.
    ///
    /// Squares below 0 are below the part of the greatest, which is none itself.
    @inline(__always)
    var isWornBySize: Bool {
        let (ofGreatest, ofMean) = (1e-6 * greatestSquares, 1e-9 * Double(count) * mean * mean)
        return squares < (ofGreatest > ofMean ? ofGreatest : ofMean)
    }

    /// Whether removals or cancellation may have cost digits.
    ///
    /// After a rebuild the anchor is a sample of the window, so none of the conditions holds again before about a window's worth of samples.
    @inline(__always)
    var isWorn: Bool {
        guard !isExact else { return false }
        return removals >= Self.removalsBeforeRebuild || squares < 1e-6 * greatestSquares || squares < 1e-9 * Double(count) * mean * mean || squares < 0
    }

    /// Recomputes the sums from the samples of the window in two passes, with the newest as anchor.
    @inline(never)
    mutating func rebuild(_ samples: borrowing SampleRing) {
        self = WindowSums()
        guard !samples.isEmpty else { return }
        anchor = samples.last.value
        count = samples.count
        if count <= Self.greatestExactCount, rebuildExactly(samples) { return }
        isExact = false
        var sum = 0.0
        for index in 0..<count { sum += samples[index].value - anchor }
        mean = sum / Double(count)
        for index in 0..<count {
            let difference = samples[index].value - anchor - mean
            squares += difference * difference
        }
        greatestSquares = squares
    }

    private mutating func rebuildExactly(_ samples: borrowing SampleRing) -> Bool {
        exactSum = 0
        exactSquares = 0
        for index in 0..<count {
            let y = samples[index].value - anchor
            let scaled = y * Self.scale
            guard scaled.magnitude <= Self.greatestExact else { return false }
            let whole = Int64(scaled)
            guard Double(whole) == scaled, anchor + y == samples[index].value else { return false }
            exactSum += whole
            exactSquares += whole * whole
        }
        return true
    }

    /// The variance while `canReplace` holds: the count is that of the reciprocals.
    @inline(__always)
    var steadyVariance: Double { (squares > 0 ? squares : 0) * reciprocalOfDivisor }

    /// The variance with divisor `count` - `ddof`; `count` must be greater than `ddof`.
    @inline(__always)
    mutating func variance(count: Int, ddof: Int) -> Double {
        let n = Int64(count)
        if isExact {
            let numerator = n &* exactSquares &- exactSum &* exactSum
            return Double(numerator) / Double(n &* (n &- Int64(ddof))) / (Self.scale * Self.scale)
        }
        if reciprocalCount != count {
            reciprocalCount = count
            reciprocal = 1 / Double(count)
            reciprocalOfDivisor = 1 / Double(n &- Int64(ddof))
        }
        return (squares > 0 ? squares : 0) * reciprocalOfDivisor
    }
}
