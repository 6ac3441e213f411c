import Quantities

/// What the wires of a bus are forced to.
public enum WireLevel: UInt8, Sendable {
    /// Stations decide.
    case free
    /// A short between the wires and a supply, or a station that never lets go: every bit reads dominant.
    case dominant
    /// An open or shorted pair: every bit reads recessive, and nobody hears anybody.
    case recessive
}

/// What disturbs a bus at present.
struct WireFaults {
    var level = WireLevel.free
    var withholdsAcknowledgement = false
    /// Identifiers whose frames are destroyed.
    var attacked: [UInt32] = []
    /// Bits of the next frame of an identifier that receivers see inverted.
    var forced: [(rawIdentifier: UInt32, bits: [Int])] = []
    /// Probability that a bit reaches the receivers inverted.
    var flipRate = 0.0
    /// Bits that pass before the next inverted one.
    var untilFlip: Int64 = .max
    /// Draws how many bits pass before the next inverted one, at a rate.
    var drawGap: ((Double) -> Int64)?
    /// When the station that sends, or the idle stations, notice that the bus is stuck dominant; then every eighth bit.
    var jammedAt: BitInstant?
    /// The station that was sending when the bus got stuck.
    var jammedSender: Int32 = -1
    /// Whether the stations noticed.
    var isJamNoticed = false
    /// When the error flags of the stations that noticed are over.
    var flagEnd = BitInstant(nanoseconds: 0)

    /// Whether any frame may need a look at its bits; the flip rate apart.
    @inline(__always)
    var isActive: Bool {
        level != .free || withholdsAcknowledgement || !attacked.isEmpty || !forced.isEmpty
    }
}

extension WireBus {
    /// Forces the wires to a level, or lets them go.
    public mutating func setLevel(_ level: WireLevel, now: Instant) {
        settle(before: now)
        guard level != faults.level else { return }
        let last = faults.level
        faults.level = level
        if last == .dominant { releaseDominant(at: BitInstant(now)) }
        if isSending {
            decideAgain(at: now)
        } else if level == .dominant {
            // Six dominant bits break the stuffing rule for everybody who listens.
            load.begin(BitInstant(now))
            faults.jammedSender = -1
            faults.isJamNoticed = false
            faults.jammedAt = clock.add(nominal: 6, to: BitInstant(now))
        }
    }

    /// Keeps all receivers from acknowledging, or lets them again.
    public mutating func withholdAcknowledgement(_ isWithheld: Bool, now: Instant) {
        settle(before: now)
        faults.withholdsAcknowledgement = isWithheld
        if isSending { decideAgain(at: now) }
    }

    /// Cuts a station's transmit path, or mends it: what it has to send is lost, and it no longer acknowledges. A frame under way is completed.
    public mutating func mute(_ number: Int, _ isMuted: Bool, now: Instant) {
        settle(before: now)
        let station = stations + number
        guard station.pointee.isMuted != isMuted else { return }
        let wasOnline = station.pointee.isOnline
        station.pointee.isMuted = isMuted
        if isMuted {
            totals.muted &+= UInt64(station.pointee.count)
            while station.pointee.count > 0 {
                let slot = station.pointee.pop().slot
                if !slots[Int(slot)].isBabble { drop(slot, Int32(number), at: now) }
                free(slot)
            }
            place(Int32(number))
        }
        if wasOnline != station.pointee.isOnline { onlineCount += wasOnline ? -1 : 1 }
        if isSending { decideAgain(at: now) }
    }

    /// Destroys every frame of an identifier (with its flags) by a dominant bit in place of its first recessive one behind the arbitration field.
    ///
    /// Sender and receivers count an error each time, so that 32 frames in a row make a station bus-off; the attacker is no station.
    public mutating func attack(_ rawIdentifier: UInt32, _ isAttacked: Bool, now: Instant) {
        settle(before: now)
        faults.attacked.removeAll { $0 == rawIdentifier }
        if isAttacked { faults.attacked.append(rawIdentifier) }
        if isSending { decideAgain(at: now) }
    }

    /// Inverts bits of the next frame of an identifier on their way to the receivers; positions count stuff bits, SOF = 0.
    public mutating func flipBits(_ positions: [Int], ofNext rawIdentifier: UInt32, now: Instant) {
        settle(before: now)
        guard !positions.isEmpty, faults.forced.count < 1024 else { return }
        faults.forced.append((rawIdentifier, positions))
    }

    /// Inverts bits at random on their way to the receivers.
    ///
    /// `gap` draws the number of bits that pass before the next inverted one, for a probability per bit: a geometric distribution. Rates outside
    /// 0 to 1 are brought inside; 0 ends it.
    public mutating func setFlipRate(_ rate: Double, now: Instant, gap: @escaping (Double) -> Int64) {
        settle(before: now)
        faults.flipRate = rate > 0 ? min(rate, 1) : 0
        faults.drawGap = gap
        faults.untilFlip = faults.flipRate > 0 ? max(gap(faults.flipRate), 0) : .max
    }

    /// Makes a station send a frame again and again as soon as the bus lets it; `nil` ends it with the frame under way.
    ///
    /// `false` when the station is muted, its queue is full, or it babbles already.
    @discardableResult
    public mutating func babble(_ frame: CANFrame?, data: CANData? = nil, station number: Int, now: Instant) -> Bool {
        settle(before: now)
        let station = stations + number
        guard let frame else {
            station.pointee.babbles = false
            var kept: [WireEntry] = []
            while station.pointee.count > 0 {
                let entry = station.pointee.pop()
                if slots[Int(entry.slot)].isBabble { free(entry.slot) } else { kept.append(entry) }
            }
            for entry in kept { station.pointee.push(entry) }
            place(Int32(number))
            return true
        }
        guard !station.pointee.babbles else { return false }
        station.pointee.babbles = put(frame, data, station: Int32(number), now: now, isOneShot: false, tag: -1, isBabble: true)
        return station.pointee.babbles
    }

    /// Reports a frame that will not be sent.
    mutating func drop(_ slot: Int32, _ number: Int32, at instant: Instant) {
        let item = slots[Int(slot)]
        pending.append(WireOutcome(kind: .dropped, tag: item.tag, station: number, frame: item.frame, instant: instant))
    }

    // MARK: Flips

    /// Draws which bits of the frame under way are inverted.
    mutating func drawFlips(count: Int) {
        flips.removeAll(keepingCapacity: true)
        let raw = slots[Int(slot)].frame.rawIdentifier
        if let index = faults.forced.firstIndex(where: { $0.rawIdentifier == raw }) {
            flips = faults.forced[index].bits.filter { $0 >= 0 && $0 < count }
            faults.forced.remove(at: index)
        }
        if faults.flipRate > 0 {
            var left = Int64(count)
            while faults.untilFlip < left {
                let position = count - Int(left - faults.untilFlip)
                flips.append(position)
                left -= faults.untilFlip + 1
                faults.untilFlip = max(faults.drawGap?(faults.flipRate) ?? .max, 0)
            }
            faults.untilFlip -= left
        }
        totals.flips &+= UInt64(flips.count)
    }
}
