import Quantities

/// A CAN bus with exact bit times: stations with queues, arbitration, error frames, error counters, bus-off; a machine without a clock.
///
/// The owner hands in frames with ``enqueue(_:data:station:now:isOneShot:tag:)``, asks with ``next()`` when to come back, and then takes what
/// happened from ``advance(to:)`` until it gives `nil`. Instants must not go back. Which frame wins is settled when the instant of the contention
/// is over, so the order of calls within an instant does not matter. A frame costs O(log n) of the stations that have something to send.
///
/// What it models after ISO 11898-1: identical stations that see each bit at the same time; non-preemptive arbitration; three bits of
/// intermission; eight more bits for an error-passive station that sent last; error flags that add up to 12 bits, and a delimiter of eight;
/// automatic retransmission. A disturbed bit is seen inverted by all receivers, while the sender reads what it sent. Left out: overload frames,
/// resynchronisation, and clocks of stations that differ.
public struct WireBus: ~Copyable {
    /// The bit times.
    public let clock: BitClock
    /// What the bus did so far.
    public internal(set) var totals = WireTotals()

    var stations: UnsafeMutablePointer<WireStation>
    /// Number of stations.
    public internal(set) var stationCount = 0
    private var stationCapacity = 4
    /// Stations that are neither off nor muted.
    var onlineCount = 0
    /// Stations whose receive error counter is not zero.
    var receiveErrorCount = 0
    /// The heap of stations that contend: arbitration key of the first frame << 32 | station.
    var heap: UnsafeMutablePointer<UInt64>
    var heapCount = 0
    var slots: UnsafeMutablePointer<WireSlot>
    private var slotCapacity = 16
    private var slotCount = 0
    private var freeSlots: [Int32] = []
    /// Data of wide frames by slot; made when the first comes.
    var wide: [CANData] = []
    var streams = WireStreams()
    private var order: UInt64 = 0

    /// When the intermission after the last frame or error is over.
    var freeAt = BitInstant(nanoseconds: 0)
    /// When the stations of the heap contend.
    var openAt = BitInstant(nanoseconds: 0)
    /// When suspended stations may send.
    var resumeAt = BitInstant(nanoseconds: 0)
    var suspended: [Int32] = []
    /// Since when the bus is recessive, unless somebody sends.
    var recessiveSince = BitInstant(nanoseconds: 0)

    // The transmission under way.
    var isSending = false
    var sender: Int32 = -1
    var slot: Int32 = -1
    /// Stations that send the very same frame at the same time, with their slots.
    var others: [(station: Int32, slot: Int32)] = []
    /// Stations that lost a collision without disturbing it, as they were error-passive.
    var fallen: [(station: Int32, slot: Int32)] = []
    var begin = BitInstant(nanoseconds: 0)
    var eventAt = BitInstant(nanoseconds: 0)
    var fate = WireFate.plain
    /// The bits of the frame under way, if somebody needed them.
    var sequence: BitSequence?
    /// Bits of the frame under way that receivers see inverted.
    var flips: [Int] = []

    /// The data of the last wide frame that receivers took for another one than was sent.
    public internal(set) var changedData = CANData()

    var faults = WireFaults()
    /// Stations that are bus-off or recover.
    var offStations: [Int32] = []
    var pending: [WireOutcome] = []
    private var pendingIndex = 0
    var load = WireLoad()

    /// A bus without stations. Without a data rate, FD frames with bit-rate switch go on at the nominal rate.
    public init(clock: BitClock) {
        self.clock = clock
        stations = .allocate(capacity: 4)
        heap = .allocate(capacity: 4)
        slots = .allocate(capacity: 16)
    }

    deinit {
        for index in 0..<stationCount { stations[index].entries.deallocate() }
        stations.deallocate()
        heap.deallocate()
        slots.deallocate()
    }

    // MARK: Stations

    /// Adds a station and returns its number, from 0.
    public mutating func addStation(_ settings: WireStationSettings = WireStationSettings()) -> Int {
        if stationCount == stationCapacity {
            let larger = UnsafeMutablePointer<WireStation>.allocate(capacity: stationCapacity * 2)
            larger.moveInitialize(from: stations, count: stationCount)
            stations.deallocate()
            stations = larger
            let longer = UnsafeMutablePointer<UInt64>.allocate(capacity: stationCapacity * 2)
            longer.update(from: heap, count: heapCount)
            heap.deallocate()
            heap = longer
            stationCapacity *= 2
        }
        (stations + stationCount).initialize(to: WireStation(settings))
        stationCount += 1
        onlineCount += 1
        return stationCount - 1
    }

    /// What a station did and how it is.
    public func report(_ station: Int) -> WireStationReport {
        let item = stations + station
        return WireStationReport(
            counters: item.pointee.counters, state: item.pointee.state, waiting: Int(item.pointee.count), longestQueue: Int(item.pointee.longest),
            sent: item.pointee.sent, errors: item.pointee.errors, overflows: item.pointee.overflows)
    }

    /// The counters of each identifier seen, in the order of appearance.
    public var identifiers: [WireStream] { (0..<streams.count).map { streams.items[$0] } }

    /// The counters of one identifier and its flags.
    public mutating func identifier(_ rawIdentifier: UInt32) -> WireStream {
        let index = streams.index(of: rawIdentifier)
        return index >= 0 ? streams.items[Int(index)] : WireStream(rawIdentifier: rawIdentifier)
    }

    // MARK: Frames in

    /// Puts a frame into a station's queue; `false` when the queue is full or the station is muted.
    ///
    /// `data` are the bytes of a wide frame, `tag` comes back with the outcome. A frame in one-shot mode is not sent again after an error.
    @discardableResult
    public mutating func enqueue(_ frame: CANFrame, data: CANData? = nil, station: Int, now: Instant, isOneShot: Bool = false, tag: Int32 = -1) -> Bool {
        settle(before: now)
        return put(frame, data, station: Int32(truncatingIfNeeded: station), now: now, isOneShot: isOneShot, tag: tag, isBabble: false)
    }

    mutating func put(_ frame: CANFrame, _ data: CANData?, station number: Int32, now: Instant, isOneShot: Bool, tag: Int32, isBabble: Bool) -> Bool {
        let station = stations + Int(number)
        if station.pointee.isMuted {
            totals.muted &+= 1
            return false
        }
        guard station.pointee.count < station.pointee.limit else {
            totals.overflows &+= 1
            station.pointee.overflows &+= 1
            return false
        }
        let bits = frame.isFD ? FrameBits.fd(frame, data ?? CANData()) : FrameBits.classic(frame, BitTables.shared)
        let isFast = clock.dataRate != clock.nominalRate
        let slot = newSlot()
        let key = ArbitrationKey(frame).rawValue
        order &+= 1
        (slots + Int(slot)).initialize(
            to: WireSlot(
                frame: frame, enqueued: now.nanoseconds, order: order, key: key,
                nominal: UInt16(truncatingIfNeeded: isFast ? bits.nominal : bits.total), data: UInt16(truncatingIfNeeded: isFast ? bits.data : 0),
                stream: streams.index(of: frame.rawIdentifier), isOneShot: isOneShot, tag: tag, isBabble: isBabble))
        if let data, frame.isWide { keep(data, slot) }
        if station.pointee.count == 0 { station.pointee.waitingSince = now.nanoseconds }
        if heapCount == 0 { openAt = max(freeAt, BitInstant(now)) }
        station.pointee.push(entry(slot, station))
        place(number)
        return true
    }

    @inline(__always)
    func entry(_ slot: Int32, _ station: UnsafeMutablePointer<WireStation>) -> WireEntry {
        let item = slots + Int(slot)
        return WireEntry(rank: station.pointee.isByPriority ? item.pointee.key : 0, slot: slot, order: item.pointee.order)
    }

    @inline(__always)
    private mutating func newSlot() -> Int32 {
        if let slot = freeSlots.popLast() { return slot }
        if slotCount == slotCapacity { growSlots() }
        slotCount &+= 1
        return Int32(truncatingIfNeeded: slotCount &- 1)
    }

    @inline(never)
    private mutating func growSlots() {
        let larger = UnsafeMutablePointer<WireSlot>.allocate(capacity: slotCapacity * 2)
        larger.moveInitialize(from: slots, count: slotCount)
        slots.deallocate()
        slots = larger
        slotCapacity *= 2
    }

    @inline(__always)
    mutating func free(_ slot: Int32) { freeSlots.append(slot) }

    private mutating func keep(_ data: CANData, _ slot: Int32) {
        while wide.count <= Int(slot) { wide.append(CANData()) }
        wide[Int(slot)] = data
    }

    /// A frame with all its data.
    func content(_ slot: Int32) -> CANWideFrame {
        let frame = slots[Int(slot)].frame
        guard frame.isWide, Int(slot) < wide.count else { return CANWideFrame(frame) }
        // The owner's payload is a handle; bits are made of the data.
        return CANWideFrame(frame, wide: wide[Int(slot)])
    }

    // MARK: Time

    /// When ``advance(to:)`` has something to do next, or must look whether it has; `nil` while nothing can happen.
    public func next() -> Instant? {
        if pendingIndex < pending.count { return Instant(nanoseconds: .min) }
        var result: Instant?
        if isSending {
            result = eventAt.instant
        } else if let start = pendingStart() {
            // A frame that nothing will happen to is worth one visit, at its end; of any other the start is visited, a bit late.
            if let slot = plainSlot() {
                result = end(slot, from: start).instant
            } else {
                result = clock.add(nominal: 1, to: start).instant
            }
        }
        if faults.jammedAt != nil || !offStations.isEmpty, let timer = nextTimer() { result = min(result ?? timer, timer) }
        return result
    }

    /// What happened up to an instant, one thing a call; `nil` when there is nothing more until then.
    public mutating func advance(to now: Instant) -> WireOutcome? {
        while true {
            if pendingIndex < pending.count {
                pendingIndex += 1
                return pending[pendingIndex - 1]
            }
            if pendingIndex > 0 {
                pending.removeAll(keepingCapacity: true)
                pendingIndex = 0
            }
            if faults.jammedAt != nil || !offStations.isEmpty, let timer = nextTimer(), timer <= now, timer <= nextOnBus() {
                runTimers(at: timer)
            } else if isSending {
                guard eventAt.instant <= now else { return nil }
                isSending = false
                if case .plain = fate { return complete() }
                settleFate()
            } else {
                guard let start = pendingStart(), start.nanoseconds < now.nanoseconds else { return nil }
                commit(at: start)
            }
        }
    }

    /// The next thing that is no timer.
    private func nextOnBus() -> Instant { isSending ? eventAt.instant : pendingStart()?.instant ?? .never }

    /// Lets a contention take place that is over before an instant.
    mutating func settle(before now: Instant) {
        while !isSending, let start = pendingStart(), start.nanoseconds < now.nanoseconds {
            commit(at: start)
            if isSending { return }
        }
    }

    @inline(__always)
    func end(_ slot: Int32, from start: BitInstant) -> BitInstant {
        let item = slots + Int(slot)
        return clock.add(nominal: Int(item.pointee.nominal) &- FrameBits.intermission, data: Int(item.pointee.data), to: start)
    }
}
