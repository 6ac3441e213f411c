import Quantities

/// The least and the greatest value of a moving window: a queue out of two stacks.
///
/// The older part of the window holds for each sample the extremes from it to the end of that part; of the younger part only the extremes as a whole
/// are kept beside the samples. When the older part is used up, the younger becomes the older in one pass. A sample is so touched three times,
/// without a branch that depends on its value (the usual pair of monotonic queues mispredicts one or two branches a sample).
struct WindowExtremes: ~Copyable {
    private var positions: UnsafeMutablePointer<Int64>
    /// Values; in the older part the least value from each to the end of the part.
    private var lows: UnsafeMutablePointer<Double>
    /// Values; in the older part the greatest value from each to the end of the part.
    private var highs: UnsafeMutablePointer<Double>
    private var capacity: Int
    private var head = 0
    private var middle = 0
    private var tail = 0
    private var low = Double.infinity
    private var high = -Double.infinity
    private let limit: Int

    /// An empty window that keeps so many samples at most.
    init(limit: Int = Window.maximumSamples) {
        self.limit = limit
        capacity = 128
        positions = .allocate(capacity: capacity)
        lows = .allocate(capacity: capacity)
        highs = .allocate(capacity: capacity)
    }

    deinit {
        positions.deallocate()
        lows.deallocate()
        highs.deallocate()
    }

    var count: Int { tail &- head }
    var isEmpty: Bool { head == tail }
    /// The least value; infinity for an empty window.
    @inline(__always)
    var minimum: Double { head < tail && lows[head] < low ? lows[head] : low }
    /// The greatest value; minus infinity for an empty window.
    @inline(__always)
    var maximum: Double { head < tail && highs[head] > high ? highs[head] : high }

    /// Adds the newest sample; the result is the number of samples lost to the memory bound.
    @inline(__always)
    mutating func add(_ sample: WindowSample) -> Int {
        var lost = 0
        if tail == capacity || count >= limit { lost = makeRoom() }
        positions[tail] = sample.position
        lows[tail] = sample.value
        highs[tail] = sample.value
        tail &+= 1
        low = sample.value < low ? sample.value : low
        high = sample.value > high ? sample.value : high
        return lost
    }

    /// Removes what is at least `width` older than the position.
    @inline(__always)
    mutating func expire(at position: Int64, width: UInt64) {
        while head < tail, distance(from: positions[head], to: position) >= width { removeFirst() }
    }

    @inline(__always)
    private mutating func removeFirst() {
        if head == middle { turn() }
        head &+= 1
    }

    /// Takes samples in a row as long as they are in order and finite and there is room; the result is the index of the first that was not taken.
    ///
    /// A score is the criterion's of the range, or `nan` while the window holds fewer than `needed` samples.
    mutating func takeRows(
        _ time: UnsafePointer<Instant>, _ value: UnsafePointer<Double>, _ score: UnsafeMutablePointer<Double>, from start: Int, to end: Int, width: UInt64,
        needed: Int, criterion: Criterion, last: inout Int64
    ) -> Int {
        let (positions, lows, highs) = (positions, lows, highs)
        var (head, middle, tail, low, high, newest) = (head, middle, tail, low, high, last)
        let room = min(capacity, head &+ limit)
        var index = start
        while index < end, tail < room {
            let (now, x) = (time[index].nanoseconds, value[index])
            guard now >= newest, x.isFinite else { break }
            newest = now
            positions[tail] = now
            lows[tail] = x
            highs[tail] = x
            tail &+= 1
            low = x < low ? x : low
            high = x > high ? x : high
            while distance(from: positions[head], to: now) >= width {
                if head == middle {
                    WindowExtremes.turn(lows, highs, from: head, to: tail)
                    (middle, low, high) = (tail, .infinity, -.infinity)
                }
                head &+= 1
            }
            let least = lows[head] < low ? lows[head] : low
            let greatest = highs[head] > high ? highs[head] : high
            score[index] = tail &- head >= needed ? criterion.score(greatest - least) : .nan
            index &+= 1
        }
        (self.head, self.middle, self.tail, self.low, self.high, last) = (head, middle, tail, low, high, newest)
        return index
    }

    /// Makes each value of a part the extreme from it to the end of the part.
    @inline(__always)
    private static func turn(_ lows: UnsafeMutablePointer<Double>, _ highs: UnsafeMutablePointer<Double>, from head: Int, to tail: Int) {
        var (least, greatest) = (Double.infinity, -Double.infinity)
        var index = tail
        while index > head {
            index &-= 1
            least = lows[index] < least ? lows[index] : least
            greatest = highs[index] > greatest ? highs[index] : greatest
            lows[index] = least
            highs[index] = greatest
        }
    }

    /// The younger part becomes the older one.
    private mutating func turn() {
        WindowExtremes.turn(lows, highs, from: head, to: tail)
        middle = tail
        low = .infinity
        high = -.infinity
    }

    mutating func removeAll() {
        head = 0
        middle = 0
        tail = 0
        low = .infinity
        high = -.infinity
    }

    /// Makes the last place free: by moving the samples to the front, into larger memory, or by dropping the oldest; the result is how many were dropped.
    @inline(never)
    private mutating func makeRoom() -> Int {
        var lost = 0
        if count >= limit {
            removeFirst()
            lost = 1
        }
        guard tail == capacity else { return lost }
        if count > capacity / 2 {
            reserve(capacity * 2)
        } else {
            let kept = count
            positions.update(from: positions + head, count: kept)
            lows.update(from: lows + head, count: kept)
            highs.update(from: highs + head, count: kept)
        }
        middle -= head
        tail -= head
        head = 0
        return lost
    }

    /// Moves the samples to the front of memory for more of them.
    private mutating func reserve(_ larger: Int) {
        func moved<Item>(_ old: UnsafeMutablePointer<Item>) -> UnsafeMutablePointer<Item> {
            let new = UnsafeMutablePointer<Item>.allocate(capacity: larger)
            new.initialize(from: old + head, count: count)
            old.deallocate()
            return new
        }
        positions = moved(positions)
        lows = moved(lows)
        highs = moved(highs)
        capacity = larger
    }

    func save(_ writer: inout StateWriter) {
        writer.put(count)
        writer.put(middle - head)
        writer.put(low)
        writer.put(high)
        for index in head..<tail {
            writer.put(positions[index])
            writer.put(lows[index])
            writer.put(highs[index])
        }
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        removeAll()
        let kept = try reader.count(itemBytes: 24)
        guard kept <= limit else { throw .badState("a window in it is too long") }
        let older = try reader.int(in: 0...kept)
        let (least, greatest) = (try reader.number(), try reader.number())
        while capacity < kept { reserve(capacity * 2) }
        for index in 0..<kept {
            positions[index] = try reader.integer()
            lows[index] = try reader.number()
            highs[index] = try reader.number()
        }
        tail = kept
        middle = older
        low = least
        high = greatest
    }
}
