import Quantities

extension WireBus {
    /// Lets a bus-off station restart now, whatever its settings say: after 128 times 11 recessive bits it takes part again.
    ///
    /// `false` when the station is not bus-off, or recovers already.
    @discardableResult
    public mutating func restart(_ number: Int, now: Instant) -> Bool {
        settle(before: now)
        let station = stations + number
        guard station.pointee.state == .busOff, station.pointee.recovery < 0 else { return false }
        station.pointee.restartAt = now.nanoseconds
        if !offStations.contains(Int32(number)) { offStations.append(Int32(number)) }
        return true
    }

    /// A station reached bus-off.
    mutating func goOff(_ number: Int32, at instant: Instant) {
        let station = stations + Int(number)
        if station.pointee.counters.receive > 0 { receiveErrorCount -= 1 }
        station.pointee.recovery = -1
        station.pointee.restartAt = .max
        if case .after(let delay) = station.pointee.restart {
            let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(max(delay.nanoseconds, 0))
            station.pointee.restartAt = overflow ? .max : sum
            offStations.append(number)
        }
        place(number)
    }

    /// Adds the recessive bits since the last dominant one to the count of each recovering station, as a dominant bit comes.
    mutating func countRecessiveBits(until start: BitInstant) {
        guard faults.level != .recessive else { return }
        for number in offStations where stations[Int(number)].recovery >= 0 {
            let from = max(recessiveSince, stations[Int(number)].recoveringFrom)
            stations[Int(number)].recovery += Int32(min(clock.nominalBits(from: from, to: start) / 11, 128))
        }
    }

    /// When a recovering station has seen 128 times 11 recessive bits, if nobody sends before.
    private func recoveredAt(_ number: Int32) -> BitInstant? {
        let station = stations[Int(number)]
        guard station.recovery >= 0, faults.jammedAt == nil, !isSending || faults.level == .recessive else { return nil }
        return clock.add(nominal: 11 * Int(max(128 - station.recovery, 0)), to: max(recessiveSince, station.recoveringFrom))
    }

    /// When a timer is due: a stuck bus, a restart, the end of a recovery.
    func nextTimer() -> Instant? {
        var first = faults.jammedAt?.instant ?? .never
        for number in offStations {
            if stations[Int(number)].recovery < 0 {
                first = min(first, Instant(nanoseconds: stations[Int(number)].restartAt))
            } else if let end = recoveredAt(number) {
                first = min(first, end.instant)
            }
        }
        return first == .never ? nil : first
    }

    /// Does what is due.
    mutating func runTimers(at now: Instant) {
        if let tick = faults.jammedAt, tick.instant <= now { runJam(at: tick) }
        for number in offStations {
            let station = stations + Int(number)
            if station.pointee.recovery < 0 {
                guard station.pointee.restartAt <= now.nanoseconds else { continue }
                station.pointee.recovery = 0
                station.pointee.recoveringFrom = BitInstant(nanoseconds: station.pointee.restartAt)
            } else if let end = recoveredAt(number), end.instant <= now {
                offStations.removeAll { $0 == number }
                station.pointee.recovery = -1
                station.pointee.counters.restart()
                station.pointee.state = .active
                if station.pointee.isOnline { onlineCount += 1 }
                if heapCount == 0 { openAt = max(freeAt, end) }
                place(number)
                pending.append(
                    WireOutcome(kind: .restarted, station: number, frame: CANFrame(id: 0, lengthCode: 0, payload: 0), instant: end.instant))
                if isSending { decideAgain(at: now) }
            }
        }
    }

    // MARK: A bus stuck dominant

    /// Stations notice that the bus is stuck, and then count each eight dominant bits more.
    private mutating func runJam(at tick: BitInstant) {
        guard faults.isJamNoticed else {
            for number in 0..<stationCount where stations[number].isOnline {
                if stations[number].counters.receive == 0 { receiveErrorCount += 1 }
                stations[number].counters.receiveError(sawDominantAfterFlag: false)
            }
            totals.errors[Int(WireErrorKind.stuff.rawValue)] &+= 1
            pending.append(
                WireOutcome(
                    kind: .failed, error: .stuff, location: .identifier28to21, station: -1, frame: CANFrame(id: 0, lengthCode: 0, payload: 0),
                    instant: tick.instant, start: tick.instant))
            for number in 0..<stationCount { note(Int32(number), at: tick.instant) }
            faults.isJamNoticed = true
            faults.flagEnd = clock.add(nominal: 6, to: tick)
            faults.jammedAt = clock.add(nominal: 14, to: tick)
            if faults.level != .dominant { releaseDominant(at: tick) }
            return
        }
        var isChanged = false
        for number in 0..<stationCount where stations[number].isOnline {
            let before = stations[number].counters
            if Int32(number) == faults.jammedSender {
                stations[number].counters.transmitError()
            } else {
                if before.receive == 0 { receiveErrorCount += 1 }
                stations[number].counters.receiveDominant()
            }
            isChanged = isChanged || before != stations[number].counters
            note(Int32(number), at: tick.instant)
        }
        // All counters are at their end: nothing more happens until the bus is free.
        faults.jammedAt = isChanged ? clock.add(nominal: 8, to: tick) : BitInstant(Instant.never)
    }

    /// The bus is no longer stuck dominant: after the delimiter of eight bits and the intermission stations may send.
    mutating func releaseDominant(at point: BitInstant) {
        guard faults.jammedAt != nil, faults.isJamNoticed else { return }
        faults.jammedAt = nil
        recessiveSince = max(point, faults.flagEnd)
        freeAt = clock.add(nominal: 8 + FrameBits.intermission, to: recessiveSince)
        openAt = freeAt
        load.end(freeAt)
        let number = faults.jammedSender
        if number >= 0, stations[Int(number)].isOnline, stations[Int(number)].counters.isPassive { suspend(number) }
    }
}
