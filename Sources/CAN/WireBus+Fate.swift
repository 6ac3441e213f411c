import Quantities

extension WireBus {
    /// Decides anew what becomes of the frame under way, after what disturbs the bus changed.
    mutating func decideAgain(at now: Instant) {
        let bits = sequence ?? BitSequence(content(slot))
        if case .plain = fate { flips.removeAll(keepingCapacity: true) }
        sequence = bits
        others += fallen
        fallen.removeAll(keepingCapacity: true)
        // The bit that is on the wire now is sampled later.
        var (low, high) = (0, bits.bits.count)
        while low < high {
            let middle = (low + high) / 2
            let (nominal, data) = bits.elapsed(through: middle)
            if time(nominal, data) > BitInstant(now) { high = middle } else { low = middle + 1 }
        }
        decideFate(from: low)
    }

    /// The point in the frame under way that so many bits end at; without a data rate all bits are nominal.
    private func time(_ nominal: Int, _ data: Int) -> BitInstant {
        clock.dataRate == clock.nominalRate ? clock.add(nominal: nominal + data, to: begin) : clock.add(nominal: nominal, data: data, to: begin)
    }

    /// Finds the first thing that happens to the frame under way from a bit on, and so when its transmission ends.
    mutating func decideFate(from position: Int) {
        var first: (at: Int, kind: WireErrorKind, by: WireErrorSource)?
        func note(_ at: Int?, _ kind: WireErrorKind, _ source: WireErrorSource) {
            guard let at, at >= position, at < first?.at ?? .max else { return }
            first = (at, kind, source)
        }
        if let at = collide() { note(at, .bit, .senders) }
        guard let bits = sequence else { return }
        let slotPosition = bits.acknowledgeSlot
        func recessive(from start: Int) -> Int? {
            let found = bits.first(1, from: start)
            return found == slotPosition ? bits.first(1, from: slotPosition + 1) : found
        }
        if faults.attacked.contains(slots[Int(slot)].frame.rawIdentifier) { note(recessive(from: max(position, bits.arbitrationEnd)), .bit, .attacker) }
        switch faults.level {
        case .free: break
        case .dominant: note(recessive(from: position), .bit, .sender)
        case .recessive: note(bits.first(0, from: position), .bit, .sender)
        }
        var changed: CANWideFrame?
        let receivers = receiverCount()
        if !flips.isEmpty, receivers.all > 0 {
            if flips.contains(slotPosition) { note(slotPosition, .acknowledgement, .sender) }
            switch bits.reading(flipped: flips.filter { $0 < slotPosition }) {
            case .frame(let seen, let at) where at == slotPosition:
                if seen != content(slot) { changed = seen }
                // A wrong last bit of end of frame is no error for a receiver.
                note(flips.filter { $0 > slotPosition && $0 < bits.bits.count - 1 }.min(), .form, .receivers)
            case .frame: note(slotPosition, .acknowledgement, .sender)
            case .error(let kind, let at):
                // Error-passive receivers cannot disturb the frame; the sender misses their acknowledgement.
                note(
                    receivers.active > 0 ? min(at, slotPosition) : slotPosition, receivers.active > 0 ? kind : .acknowledgement,
                    receivers.active > 0 ? .receivers : .sender)
            }
        }
        if receivers.all == 0 || faults.withholdsAcknowledgement { note(slotPosition, .acknowledgement, .sender) }
        if let first {
            fate = .failed(first.kind, at: first.at, by: first.by)
            let (nominal, data) = bits.elapsed(through: first.at)
            eventAt = time(nominal, data)
        } else {
            fate = .complete(changed)
            eventAt = end(slot, from: begin)
        }
    }

    /// Stations that listen to the frame under way, and how many of them are error-active.
    private func receiverCount() -> (all: Int, active: Int) {
        var result = (all: 0, active: 0)
        for number in 0..<stationCount where stations[number].isOnline && !isSender(Int32(number)) {
            result.all += 1
            if !stations[number].counters.isPassive { result.active += 1 }
        }
        return result
    }

    /// Senders of one identifier go on side by side until their bits differ; then whoever sent recessive notices a bit error.
    ///
    /// If one of these is error-active it destroys the frame: its position is given. Error-passive ones fall behind without disturbing anybody.
    private mutating func collide() -> Int? {
        while !others.isEmpty {
            var all = [(station: sender, slot: slot)]
            all += others
            let streams = all.map { BitSequence(content($0.slot)).bits }
            let shortest = streams.map(\.count).min() ?? 0
            guard let position = (0..<shortest).first(where: { place in streams.contains { $0[place] != streams[0][place] } }) else { return nil }
            let losers = all.indices.filter { streams[$0][position] == 1 }
            if losers.contains(where: { !stations[Int(all[$0].station)].counters.isPassive }) { return position }
            let winners = all.indices.filter { streams[$0][position] == 0 }
            fallen += losers.map { all[$0] }
            sender = all[winners[0]].station
            slot = all[winners[0]].slot
            others = winners.dropFirst().map { all[$0] }
            sequence = BitSequence(content(slot))
        }
        return nil
    }

    // MARK: The end of a transmission that needed its bits

    mutating func settleFate() {
        let end = fate
        fate = .plain
        switch end {
        case .plain: break
        case .complete(let changed): settleComplete(changed)
        case .failed(let kind, let position, let source): fail(kind, at: position, by: source)
        }
        sequence = nil
    }

    private mutating func settleComplete(_ changed: CANWideFrame?) {
        let bits = sequence
        let (twins, losers) = (others, fallen)
        var outcome = complete()
        for twin in twins {
            let item = slots[Int(twin.slot)]
            stations[Int(twin.station)].sent += 1
            streams.note(item.stream, response: outcome.instant.nanoseconds - item.enqueued)
            drop(twin.slot, twin.station, at: outcome.instant)
            free(twin.slot)
            if stations[Int(twin.station)].counters.isPassive { suspend(twin.station) }
        }
        if let changed {
            totals.undetected += 1
            outcome.isChanged = true
            outcome.frame = changed.frame
            changedData = changed.wide
            outcome.frame.label = slots[Int(slot)].frame.label
        }
        var reports = [outcome]
        for loser in losers {
            stations[Int(loser.station)].counters.transmitError()
            reports.append(report(.bit, at: -1, of: loser, location: .data, bits: bits))
            giveBack(loser, at: outcome.instant)
            note(loser.station)
        }
        pending.insert(contentsOf: reports, at: 0)
    }

    private mutating func report(
        _ kind: WireErrorKind, at position: Int, of one: (station: Int32, slot: Int32), location: BitLocation, bits: BitSequence?
    ) -> WireOutcome {
        stations[Int(one.station)].errors += 1
        streams.noteError(slots[Int(one.slot)].stream)
        totals.errors[Int(kind.rawValue)] &+= 1
        let level = bits.map { $0.bits.indices.contains(position) ? $0.bits[position] : 1 } ?? 1
        return WireOutcome(
            kind: .failed, error: kind, location: location, level: level, state: stations[Int(one.station)].state, position: Int32(position),
            station: one.station, frame: slots[Int(one.slot)].frame, instant: eventAt.instant, start: begin.instant,
            response: Duration(nanoseconds: eventAt.instant.nanoseconds - slots[Int(one.slot)].enqueued), counters: stations[Int(one.station)].counters)
    }

    /// Puts a disturbed frame back into its queue, or drops it in one-shot mode.
    private mutating func giveBack(_ one: (station: Int32, slot: Int32), at instant: Instant) {
        guard slots[Int(one.slot)].isOneShot else { return putBack(one.slot, one.station) }
        totals.dropped += 1
        drop(one.slot, one.station, at: instant)
        free(one.slot)
    }

    // MARK: Errors

    /// The error frame, the counters of all stations, and the way back into the queues.
    private mutating func fail(_ kind: WireErrorKind, at position: Int, by source: WireErrorSource) {
        guard let bits = sequence else { return }
        let senders = [(station: sender, slot: slot)] + others + fallen
        let isActive = senders.contains { !stations[Int($0.station)].counters.isPassive }
        let receivers = receiverCount()
        let flag = errorFlag(kind, at: position, by: source, bits: bits, isSenderActive: isActive, receivers: receivers)
        if source == .attacker { totals.hits += 1 }
        var reports: [WireOutcome] = []
        // A lone error-passive sender gets no higher for want of an acknowledgement (ISO 11898-1, exception of the transmit counter).
        let isSpared = kind == .acknowledgement && !flag.isHeard
        for one in senders {
            if !isSpared || !stations[Int(one.station)].counters.isPassive { stations[Int(one.station)].counters.transmitError() }
        }
        if flag.isHeard {
            for number in 0..<stationCount where stations[number].isOnline && !isSender(Int32(number)) && !fallen.contains(where: { $0.station == number }) {
                if stations[number].counters.receive == 0 { receiveErrorCount += 1 }
                stations[number].counters.receiveError(sawDominantAfterFlag: flag.isFollowed)
            }
        }
        let location = bits.locations.indices.contains(position) ? bits.locations[position] : .unspecified
        reports.append(report(kind, at: position, of: senders[0], location: location, bits: bits))
        for one in senders.dropFirst() {
            stations[Int(one.station)].errors += 1
            streams.noteError(slots[Int(one.slot)].stream)
        }
        if faults.level == .dominant {
            faults.jammedSender = sender
            faults.isJamNoticed = true
            faults.flagEnd = clock.add(nominal: 6, to: eventAt)
            faults.jammedAt = clock.add(nominal: 14, to: eventAt)
        } else {
            if faults.level != .recessive { recessiveSince = clock.add(nominal: flag.length, to: eventAt) }
            freeAt = clock.add(nominal: flag.length + 8 + FrameBits.intermission, to: eventAt)
            load.end(freeAt)
        }
        openAt = freeAt
        for one in senders { giveBack(one, at: eventAt.instant) }
        for one in senders { note(one.station) }
        for number in 0..<stationCount where stations[number].isOnline { note(Int32(number)) }
        for one in senders where stations[Int(one.station)].isOnline && stations[Int(one.station)].counters.isPassive { suspend(one.station) }
        pending.insert(contentsOf: reports, at: 0)
    }

    /// How many bits the error flags of all stations take together, whether receivers noticed, and whether they saw a dominant bit after theirs.
    ///
    /// A flag is six bits. Whoever did not notice the error itself notices the flag as six equal bits and adds its own, so that a run of r such
    /// bits before makes 12 - r together.
    private func errorFlag(
        _ kind: WireErrorKind, at position: Int, by source: WireErrorSource, bits: BitSequence, isSenderActive: Bool, receivers: (all: Int, active: Int)
    ) -> (length: Int, isHeard: Bool, isFollowed: Bool) {
        guard receivers.all > 0 else { return (6, false, false) }
        if source == .receivers {
            guard kind != .crc, position != bits.acknowledgeSlot else { return (7, true, false) }
            // The sender notices the flag at its next recessive bit, and adds its own.
            let noticed = (bits.first(1, from: position + 1) ?? bits.bits.count) - position
            return isSenderActive ? (min(noticed, 6) + 6, true, true) : (6, true, false)
        }
        if kind == .acknowledgement {
            // The flag begins in the ACK delimiter: receivers see a form error at its first bit.
            return isSenderActive ? (receivers.active > 0 ? 7 : 6, true, false) : (6, false, false)
        }
        if faults.level == .recessive { return (6, position > 0, false) }
        let level: UInt8 = isSenderActive ? 0 : 1
        let run = level == 0 ? 1 + bits.run(of: 0, through: position - 1) : 0
        return (receivers.active > 0 ? 12 - min(run, 6) : 6, true, false)
    }
}
