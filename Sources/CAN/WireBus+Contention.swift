import Quantities

/// What becomes of the frame under way.
enum WireFate: Equatable {
    /// It is completed, and nothing about it needs its bits.
    case plain
    /// It is completed; receivers may have seen other bits.
    case complete(CANWideFrame?)
    /// It is disturbed at a bit.
    case failed(WireErrorKind, at: Int, by: WireErrorSource)
}

/// Who notices an error first.
enum WireErrorSource: Equatable {
    case sender
    case receivers
    /// The senders of a collision.
    case senders
    /// An attacker wrote a dominant bit.
    case attacker
}

extension WireBus {
    // MARK: The heap of contenders

    /// Puts a station at its place in the heap, or takes it out, after its queue or state changed.
    @inline(__always)
    mutating func place(_ number: Int32) {
        let station = stations + Int(number)
        let contends = station.pointee.count > 0 && !station.pointee.isSuspended && station.pointee.isOnline
        let position = Int(station.pointee.position)
        guard contends else {
            if position >= 0 { removeFromHeap(position) }
            return
        }
        // The arbitration is about the frame itself, also in a queue in order of arrival.
        let key = UInt64(slots[Int(station.pointee.entries[0].slot)].key) &<< 32 | UInt64(number)
        if position < 0 {
            heapCount &+= 1
            siftUp(key, from: heapCount &- 1)
        } else if key < heap[position] {
            siftUp(key, from: position)
        } else {
            siftDown(key, from: position)
        }
    }

    @inline(never)
    private mutating func removeFromHeap(_ position: Int) {
        stations[Int(heap[position] & 0xFFFF_FFFF)].position = -1
        heapCount -= 1
        guard position < heapCount else { return }
        let last = heap[heapCount]
        if position > 0, last < heap[(position - 1) / 2] { siftUp(last, from: position) } else { siftDown(last, from: position) }
    }

    @inline(__always)
    private mutating func siftUp(_ key: UInt64, from start: Int) {
        var hole = start
        while hole > 0 {
            let parent = (hole &- 1) &>> 1
            guard key < heap[parent] else { break }
            set(heap[parent], at: hole)
            hole = parent
        }
        set(key, at: hole)
    }

    @inline(__always)
    private mutating func siftDown(_ key: UInt64, from start: Int) {
        var hole = start
        while true {
            var child = hole &* 2 &+ 1
            guard child < heapCount else { break }
            if child &+ 1 < heapCount, heap[child &+ 1] < heap[child] { child &+= 1 }
            guard heap[child] < key else { break }
            set(heap[child], at: hole)
            hole = child
        }
        set(key, at: hole)
    }

    @inline(__always)
    private mutating func set(_ key: UInt64, at position: Int) {
        heap[position] = key
        stations[Int(key & 0xFFFF_FFFF)].position = Int32(truncatingIfNeeded: position)
    }

    // MARK: Who sends

    /// When the next contention takes place; `nil` when nobody wants to send, or the bus is taken.
    @inline(__always)
    func pendingStart() -> BitInstant? {
        if isSending || faults.jammedAt != nil { return nil }
        if heapCount > 0 { return openAt }
        return suspended.isEmpty ? nil : suspendedStart()
    }

    private func suspendedStart() -> BitInstant? {
        var first: BitInstant?
        for number in suspended where stations[Int(number)].count > 0 && stations[Int(number)].isOnline {
            let start = max(resumeAt, BitInstant(nanoseconds: stations[Int(number)].waitingSince))
            first = min(first ?? start, start)
        }
        return first
    }

    /// The frame that will be sent next, if nothing can happen to it.
    @inline(__always)
    func plainSlot() -> Int32? {
        guard heapCount > 0, suspended.isEmpty, onlineCount >= 2, !faults.isActive else { return nil }
        let key = heap[0] &>> 32
        if heapCount > 1, heap[1] &>> 32 == key || (heapCount > 2 && heap[2] &>> 32 == key) { return nil }
        let slot = stations[Int(heap[0] & 0xFFFF_FFFF)].entries[0].slot
        guard faults.flipRate > 0 else { return slot }
        let item = slots + Int(slot)
        return faults.untilFlip >= Int64(item.pointee.nominal) &+ Int64(item.pointee.data) ? slot : nil
    }

    /// Lets the contenders of a point in time arbitrate; the winner sends.
    mutating func commit(at start: BitInstant) {
        if !suspended.isEmpty {
            // Whoever waited long enough contends; of the others the suspension ends as soon as somebody else sends.
            for number in suspended where resumeAt <= start {
                stations[Int(number)].isSuspended = false
                place(number)
            }
        }
        let isPlain = plainSlot() != nil
        let winner = Int32(truncatingIfNeeded: heap[0] & 0xFFFF_FFFF)
        let key = heap[0] &>> 32
        sender = winner
        if isPlain {
            slot = stations[Int(winner)].pop().slot
            place(winner)
        } else {
            slot = lift(winner)
        }
        begin = start
        if !others.isEmpty { others.removeAll(keepingCapacity: true) }
        isSending = true
        load.begin(start)
        if !offStations.isEmpty { countRecessiveBits(until: start) }
        if isPlain {
            fate = .plain
            eventAt = end(slot, from: start)
            if faults.flipRate > 0 { faults.untilFlip &-= Int64(slots[Int(slot)].nominal) &+ Int64(slots[Int(slot)].data) }
        } else {
            startSpecial(key: key)
        }
        endSuspensions()
    }

    /// Takes the first frame of a station as one that is being sent; the station does not contend until it is placed again.
    private mutating func lift(_ number: Int32) -> Int32 {
        let position = Int(stations[Int(number)].position)
        if position >= 0 { removeFromHeap(position) }
        return stations[Int(number)].pop().slot
    }

    private mutating func endSuspensions() {
        guard !suspended.isEmpty else { return }
        let list = suspended
        suspended.removeAll(keepingCapacity: true)
        for number in list {
            stations[Int(number)].isSuspended = false
            place(number)
        }
    }

    /// A transmission that needs a look at its bits.
    private mutating func startSpecial(key: UInt64) {
        fallen.removeAll(keepingCapacity: true)
        // A further frame of the same station is no collision: stations are placed again when all were found.
        while heapCount > 0, heap[0] &>> 32 == key {
            let number = Int32(truncatingIfNeeded: heap[0] & 0xFFFF_FFFF)
            others.append((number, lift(number)))
        }
        place(sender)
        for other in others { place(other.station) }
        let bits = BitSequence(content(slot))
        sequence = bits
        drawFlips(count: bits.bits.count)
        decideFate(from: 0)
    }

    /// Puts a frame that was not sent back into its queue.
    mutating func putBack(_ slot: Int32, _ number: Int32) {
        let station = stations + Int(number)
        if station.pointee.isMuted || (slots[Int(slot)].isBabble && !station.pointee.babbles) {
            if !slots[Int(slot)].isBabble { drop(slot, number, at: eventAt.instant) }
            return free(slot)
        }
        station.pointee.push(entry(slot, station))
        place(number)
    }

    // MARK: Complete frames

    /// Ends the frame under way, which nothing happened to.
    @inline(__always)
    mutating func complete() -> WireOutcome {
        let item = slots + Int(slot)
        let station = stations + Int(sender)
        let frame = item.pointee.frame
        let done = eventAt.instant
        let response = done.nanoseconds &- item.pointee.enqueued
        station.pointee.sent &+= 1
        totals.frames &+= 1
        totals.bytes &+= UInt64(frame.count)
        totals.bits &+= UInt64(item.pointee.nominal) &+ UInt64(item.pointee.data)
        streams.note(item.pointee.stream, response: response)
        recessiveSince = eventAt
        if !offStations.isEmpty {
            recessiveSince = clock.add(
                nominal: Int(item.pointee.nominal) &- FrameBits.intermission &- FrameBits.tail, data: Int(item.pointee.data), to: begin)
        }
        freeAt = clock.add(nominal: FrameBits.intermission, to: eventAt)
        openAt = freeAt
        load.end(freeAt)
        if item.pointee.isBabble, station.pointee.babbles {
            item.pointee.enqueued = done.nanoseconds
            putBack(slot, sender)
        } else {
            free(slot)
        }
        if station.pointee.counters.transmit > 0 || receiveErrorCount > 0 { rewardStations() }
        if station.pointee.counters.isPassive { suspend(sender) }
        return WireOutcome(
            kind: .completed, state: station.pointee.state, tag: item.pointee.tag, station: sender, frame: frame, instant: done, start: begin.instant,
            response: Duration(nanoseconds: response), counters: station.pointee.counters)
    }

    /// Counters go down after a frame without error.
    @inline(never)
    private mutating func rewardStations() {
        stations[Int(sender)].counters.sent()
        note(sender)
        for other in others {
            stations[Int(other.station)].counters.sent()
            note(other.station)
        }
        guard receiveErrorCount > 0 else { return }
        for number in 0..<stationCount where stations[number].counters.receive > 0 && stations[number].isOnline && !isSender(Int32(number)) {
            stations[number].counters.received()
            if stations[number].counters.receive == 0 { receiveErrorCount -= 1 }
            note(Int32(number))
        }
    }

    /// Whether a station sends the frame under way.
    func isSender(_ number: Int32) -> Bool { number == sender || others.contains { $0.station == number } }

    /// An error-passive station waits eight bits more after it sent.
    mutating func suspend(_ number: Int32) {
        resumeAt = clock.add(nominal: 8, to: freeAt)
        guard !stations[Int(number)].isSuspended else { return }
        stations[Int(number)].isSuspended = true
        suspended.append(number)
        place(number)
    }

    /// Reports a change of a station's error state, if there is one.
    mutating func note(_ number: Int32, at instant: Instant? = nil) {
        let station = stations + Int(number)
        let state = station.pointee.counters.state
        guard state != station.pointee.state, station.pointee.state != .busOff else { return }
        let wasOnline = station.pointee.isOnline
        station.pointee.state = state
        pending.append(
            WireOutcome(
                kind: .stateChanged, state: state, station: number, frame: CANFrame(id: 0, lengthCode: 0, payload: 0),
                instant: instant ?? eventAt.instant,
                counters: station.pointee.counters))
        if state == .busOff {
            totals.busOffs += 1
            if wasOnline { onlineCount -= 1 }
            goOff(number, at: instant ?? eventAt.instant)
        }
    }
}
