import CAN
import Detection
import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel

/// Hands the frames of a bus, or of one identifier, to a detector.
final class FrameTap: CANReceiver {
    private unowned(unsafe) let bank: DetectorBank
    private let detector: Int
    private let entry: DetectorBank.Entry
    private let object: any FramesDetecting
    private unowned(unsafe) let bus: CANBus

    init(_ bank: DetectorBank, _ detector: Int, _ entry: DetectorBank.Entry, _ object: any FramesDetecting, _ bus: CANBus) {
        self.bank = bank
        self.detector = detector
        self.entry = entry
        self.object = object
        self.bus = bus
    }

    func receive(_ frame: CANFrame, at instant: Instant) {
        guard bank.simulation.hasOrigin else { return }
        let now = bank.relative(instant)
        bank.unitLabel = frame.label != 0
        let bits = object.needsBits ? FrameTap.bits(of: frame, on: bus) : 0
        if frame.isWide {
            let wide = bus.wideFrame(frame)
            withUnsafeBytes(of: wide.wide.bytes) { bytes in
                let data = UnsafeRawBufferPointer(rebasing: bytes[..<frame.count])
                bank.take(detector, entry, at: now) { object.update(at: now, identifier: frame.rawIdentifier, data: data, bits: bits) }
            }
            return
        }
        withUnsafeBytes(of: frame.payload.littleEndian) { bytes in
            let data = UnsafeRawBufferPointer(rebasing: bytes[..<(frame.isRemote ? 0 : frame.count)])
            bank.take(detector, entry, at: now) { object.update(at: now, identifier: frame.rawIdentifier, data: data, bits: bits) }
        }
    }

    /// The exact length of a frame on the wire with its intermission.
    private static func bits(of frame: CANFrame, on bus: CANBus) -> Int {
        (frame.isWide ? FrameBits(bus.wideFrame(frame)) : FrameBits(frame)).total
    }
}

/// What a detector over messages watches.
struct MessageTap {
    let detector: Int
    let object: any MessagesDetecting
    /// Nodes and actions; `nil` for all.
    let sources: [(nodes: Set<Int>?, action: OCPPAction?)]

    func watches(_ chargePoint: Int, _ centralSystem: Int, _ action: OCPPAction?) -> Bool {
        sources.contains { source in
            if let nodes = source.nodes, !nodes.contains(chargePoint), !nodes.contains(centralSystem) { return false }
            guard let wanted = source.action else { return true }
            return wanted == action
        }
    }
}

extension DetectorBank {
    /// Joins a detector with what it watches.
    func listen(_ index: Int, _ entry: Entry) {
        if entry.overSignals != nil {
            for (input, signal) in entry.declaration.inputs.enumerated() { simulation.feed(signal, to: index, input: input) }
        }
        var messages: [(nodes: Set<Int>?, action: OCPPAction?)] = []
        for source in entry.declaration.streams {
            switch source {
            case .bus(let bus): tap(bus, CANBus.Filter(mask: 0, match: 0), index, entry)
            case .frame(let number):
                let frame = simulation.frames[number]
                tap(frame.bus, CANBus.Filter(mask: ~0, match: frame.rawIdentifier), index, entry)
            case .messages(let nodes, let action):
                messages.append((nodes.isEmpty ? nil : Set(nodes), action.flatMap { OCPPAction(name: simulation.scenario.symbols.actions[$0]) }))
            }
        }
        if let object = entry.overMessages, !messages.isEmpty {
            messageTaps.append(MessageTap(detector: index, object: object, sources: messages))
            simulation.links.isWatched = true
        }
    }

    private func tap(_ bus: Int, _ filter: CANBus.Filter, _ index: Int, _ entry: Entry) {
        guard let object = entry.overFrames else { return }
        let tap = FrameTap(self, index, entry, object, simulation.buses[bus])
        frameTaps.append(tap)
        simulation.buses[bus].subscribe(tap, filter)
    }

    /// Something came for a detector; `score` hands it over.
    @inline(__always)
    func take(_ index: Int, _ entry: Entry, at now: Instant, _ score: () -> Double?) {
        entry.samples += 1
        let gate = isOpen(entry, at: now)
        let value = gate ? score() : nil
        if entry.monitor.observe(score: value, at: now, gate: gate, isLabelled: entry.overFrames == nil ? nil : unitLabel) {
            changed(index, at: simulation.kernel.now)
        }
        if entry.monitor.nextDeadline != nil || entry.object?.nextTimer != nil { plan(index) }
    }

    /// Whether `only_when` holds; when it opens again the detector hears of it.
    private func isOpen(_ entry: Entry, at now: Instant) -> Bool {
        guard let gate = entry.gate else { return true }
        let isOpen = gate.holds(at: simulation.kernel.now)
        if isOpen, !entry.gateWasOpen { entry.object?.resume() }
        entry.gateWasOpen = isOpen
        return isOpen
    }

    /// Hands the values of an instant to the detectors over several signals, to each all of its own; its last verdict counts.
    ///
    /// The input that is judged comes last: what it is judged by is new by then.
    func feed(at instant: Instant) {
        let now = relative(instant)
        var rest = fed
        fed.removeAll(keepingCapacity: true)
        if rest.count > 1 { rest.sort { ($0.detector, $0.input) < ($1.detector, $1.input) } }
        var first = 0
        while first < rest.count {
            let detector = rest[first].detector
            var end = first + 1
            while end < rest.count, rest[end].detector == detector { end += 1 }
            let entry = entries[detector]
            if let object = entry.overSignals {
                take(detector, entry, at: now) {
                    var verdict: Double?
                    let judged = object.judgedInput
                    for isLast in [false, true] {
                        for place in first..<end where (rest[place].input == judged) == isLast {
                            if let score = object.update(at: now, input: rest[place].input, value: rest[place].value) { verdict = score }
                        }
                    }
                    return verdict
                }
            }
            first = end
        }
    }

    /// The numbers of a temporal formula at an instant whose values are all known.
    func judgeConditions(_ index: Int, _ entry: Entry, at instant: Instant) {
        entry.isDirty = false
        guard let object = entry.overSignals else { return }
        let now = relative(instant)
        take(index, entry, at: now) {
            var worst: Double?
            for (input, condition) in entry.conditions.enumerated() {
                let value: Double
                if let right = condition.right {
                    value = condition.left.value(at: instant) - right.value(at: instant)
                } else {
                    value = condition.left.holds(at: instant) ? 1 : -1
                }
                if let score = object.update(at: now, input: input, value: value) { worst = max(worst ?? score, score) }
            }
            if let timer = object.nextTimer, timer <= now, let score = object.timer(at: now) { worst = max(worst ?? score, score) }
            return worst
        }
    }

    /// A timer of a detector may have come.
    func ring(_ index: Int, _ entry: Entry, at instant: Instant) {
        let now = relative(instant)
        guard let object = entry.object, let timer = object.nextTimer, timer <= now else { return }
        unitLabel = false
        // Nothing came: without a verdict that is no row.
        guard let score = object.timer(at: now) else { return plan(index) }
        take(index, entry, at: now) { score }
    }

    /// What comes next does not go on from what came before: timers and slopes start anew, what was learnt stays.
    func resumeAll() {
        for entry in entries {
            entry.object?.resume()
            entry.monitor.detector?.resume()
        }
    }

    /// Keeps the scores of all detectors, so many rows for each.
    func keepRows(_ capacity: Int) { for entry in entries { entry.monitor.keepRows(capacity: capacity) } }

    /// The run has reached its t = 0: detectors hear of the messages before it, which raise no alarm, and set their timers.
    func ready() {
        let earlier = messagesBeforeOrigin
        messagesBeforeOrigin = []
        for var event in earlier {
            event.instant = relative(event.instant)
            let (chargePoint, centralSystem) = simulation.links.ends(of: event.connection)
            for tap in messageTaps where tap.watches(chargePoint, centralSystem, event.action) { _ = tap.object.update(event) }
        }
        for (index, entry) in entries.enumerated() where entry.object?.nextTimer != nil { plan(index) }
        // "None of these fires" is true before anything has happened.
        for (index, entry) in entries.enumerated() where entry.composite != nil { judge(index, at: simulation.kernel.now) }
    }

    /// A message is on the wire, or a connection has changed.
    func saw(_ event: MessageEvent, chargePoint: Int, centralSystem: Int) {
        guard simulation.hasOrigin else { return messagesBeforeOrigin.append(event) }
        var event = event
        event.instant = relative(event.instant)
        for tap in messageTaps where tap.watches(chargePoint, centralSystem, event.action) {
            take(tap.detector, entries[tap.detector], at: event.instant) { tap.object.update(event) }
        }
    }
}

extension MessageEvent {
    /// The action of a message, that of the call also for its answer.
    var action: OCPPAction? {
        if case .message(_, let action) = content { return action }
        return nil
    }
}
