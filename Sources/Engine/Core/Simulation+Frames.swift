import CAN
import Quantities
import ScenarioLanguage
import SimulationKernel

extension Simulation {
    // MARK: Sending

    /// Sends a declared frame on its bus, or as many as the message takes; it arrives at this instant, behind what is already arriving, unless the bus has a wire.
    func send(_ frame: FrameRuntime, _ can: CANFrame, by node: Int? = nil) {
        let bus = frame.bus
        guard frame.declaration.transport == nil else {
            transports.send(frame, frame.message, by: node ?? frame.declaration.from ?? -1)
            return
        }
        var can = can
        let reaction = tapMaps[bus].reaction(to: can, on: bus)
        if reaction != .none {
            var unit = CANUnit(frame: can, node: node ?? frame.declaration.from ?? -1, excluding: -1, declared: frame.index)
            guard attacks.frames.pass(&unit, reaction, on: bus) else { return }
            can = unit.frame
            guard can.rawIdentifier == frame.rawIdentifier, frame.accepts(can) else { return put(can, on: bus, by: unit.node) }
        }
        guard carriers[bus] == nil, !can.isWide, can.label == 0 || !tapMaps[bus].keepsLabels else {
            return put(can, on: bus, by: node ?? frame.declaration.from ?? -1)
        }
        recorder.frame(can, of: buses[bus], bus, at: kernel.now)
        if can.label != 0 { noteEvidence(can) }
        kernel.note(identity: UInt64(EventKind.frame) << 32 | UInt64(can.rawIdentifier), payload: can.payload)
        for index in frame.fields.indices where frame.fields[index].wire >= 0 {
            if frame.isMultiplexed, !frame.isPresent(index, { $0.raw(in: can.payload) }) { continue }
            signals.publish(frame.fields[index].wire, frame.fields[index].layout.value(in: can.payload))
        }
        streams.count(frame.stream, at: kernel.now)
        kernel.schedule(at: kernel.now, phase: .delivery, node: 0, kind: EventKind.frame, target: UInt32(frame.index), payload: can.payload)
    }

    /// Sends any frame on a bus for a node, -1 for somebody outside the file; the subscription `excluding` does not get it.
    ///
    /// A declared frame of the same identifier publishes its fields. The data of a wide frame lie in the bus and are released when the frame has arrived.
    func transmit(_ can: CANFrame, on bus: Int, by node: Int, excluding: Int = -1) {
        let reaction = tapMaps[bus].reaction(to: can, on: bus)
        guard reaction != .none else { return put(can, on: bus, by: node, excluding: excluding) }
        var unit = CANUnit(frame: can, node: node, excluding: excluding)
        if attacks.frames.pass(&unit, reaction, on: bus) { put(unit.frame, on: bus, by: unit.node, excluding: unit.excluding) }
    }

    /// A frame that belongs to a label is on the bus.
    private func noteEvidence(_ can: CANFrame) { truth.evidence(Int(can.label) - 1, at: kernel.now) }

    /// Hands a frame to its bus, behind everything that may act on it.
    func put(_ can: CANFrame, on bus: Int, by node: Int, excluding: Int = -1) {
        if let carrier = carriers[bus] { return carrier.take(can, by: node, excluding: excluding) }
        appear(can, on: bus)
        let slot = framesOnTheWay.store(FrameOnTheWay(frame: can, excluding: excluding))
        kernel.schedule(at: kernel.now, phase: .delivery, node: 0, kind: EventKind.otherFrame, target: UInt32(bus), payload: UInt64(slot))
    }

    /// A frame of a carrier is complete on the bus.
    func arrived(_ can: CANFrame, on bus: Int, excluding: Int) {
        appear(can, on: bus)
        buses[bus].deliver(can, at: kernel.now, excluding: excluding)
        buses[bus].release(can)
    }

    // MARK: Arriving

    func deliver(_ payload: UInt64, _ frame: FrameRuntime) {
        buses[frame.bus].deliver(frame.frame(payload: payload), at: kernel.now)
    }

    func deliverOther(_ slot: UInt64, bus: Int) {
        let sent = framesOnTheWay.take(Int(slot))
        buses[bus].deliver(sent.frame, at: kernel.now, excluding: sent.excluding)
        buses[bus].release(sent.frame)
    }

    /// A frame is on the bus: it is recorded and counted, and the fields of a declared one are published.
    private func appear(_ can: CANFrame, on bus: Int) {
        if can.label != 0 { noteEvidence(can) }
        recorder.frame(can, of: buses[bus], bus, at: kernel.now)
        let identity = UInt64(EventKind.frame) << 32 | UInt64(can.rawIdentifier)
        guard can.isWide else {
            kernel.note(identity: identity, payload: can.payload)
            for index in declared(can.rawIdentifier, on: bus) where frames[index].accepts(can) { publish(can, frames[index]) }
            return
        }
        let data = buses[bus].payloads.data(can.payload)
        withUnsafeBytes(of: data.bytes) {
            let bytes = UnsafeRawBufferPointer(rebasing: $0[..<can.count])
            for place in stride(from: 0, to: bytes.count, by: 8) {
                var word: UInt64 = 0
                for position in place..<min(place + 8, bytes.count) { word |= UInt64(bytes[position]) << UInt64((position - place) * 8) }
                kernel.note(identity: identity, payload: word)
            }
            for index in declared(can.rawIdentifier, on: bus) where frames[index].accepts(can) { publish(bytes, frames[index]) }
        }
    }

    /// Publishes the fields that the data of a frame are long enough for.
    private func publish(_ can: CANFrame, _ frame: FrameRuntime) {
        for (index, field) in frame.fields.enumerated() where field.wire >= 0 && field.layout.byteCount <= can.count {
            if frame.isMultiplexed, !frame.isPresent(index, { $0.raw(in: can.payload) }) { continue }
            signals.publish(field.wire, field.layout.value(in: can.payload))
        }
        streams.count(frame.stream, at: kernel.now)
    }

    private func publish(_ bytes: UnsafeRawBufferPointer, _ frame: FrameRuntime) {
        for (index, field) in frame.fields.enumerated() where field.wire >= 0 && field.layout.byteCount <= bytes.count {
            if frame.isMultiplexed, !frame.isPresent(index, { $0.raw(in: bytes) }) { continue }
            signals.publish(field.wire, field.layout.value(in: bytes))
        }
        streams.count(frame.stream, at: kernel.now)
    }

    /// The declared frames of an identifier.
    private func declared(_ rawIdentifier: UInt32, on bus: Int) -> [Int] { framesByIdentifier[bus][rawIdentifier] ?? [] }

    /// The frame of a name on a bus.
    func frame(_ name: String, bus: Int) -> FrameRuntime? { frames.first { $0.bus == bus && $0.declaration.name == name } }

    // MARK: Periodic frames

    func scheduleFrame(_ frame: FrameRuntime, at instant: Instant) {
        kernel.schedule(
            at: instant, phase: .sampler, node: UInt32((frame.declaration.from ?? -1) + 1), kind: EventKind.periodicFrame, target: UInt32(frame.index))
    }

    /// A declared periodic frame that no node kind sends by itself: its fields are the sender's signals of the same name.
    func sendPeriodic(_ frame: FrameRuntime) {
        send(frame, frame.frame { index in frame.fields[index].source >= 0 ? signals.latest(frame.fields[index].source) : frame.unset(index) })
        guard let every = frame.declaration.every else { return }
        let next = kernel.now + every
        scheduleFrame(frame, at: frame.declaration.from.map { nodes[$0].byOwnClock(next) } ?? next)
    }
}

extension Simulation {
    /// The signal of the sender that fills a field of a periodic frame: that of the same name, or of the name in lower case with `_`; -1 for none.
    func source(of field: FieldDeclaration, from node: Int?) -> Int {
        guard let node else { return -1 }
        let name = scenario.symbols.nodes[node]
        if let exact = scenario.symbols.signal("\(name).\(field.name)") { return exact }
        guard let signal = scenario.symbols.signal("\(name).\(Simulation.lowered(field.name))"), scenario.symbols.signals[signal].dimension == field.dimension
        else { return -1 }
        return signal
    }

    /// `OutputCurrent` as `output_current`, as names of signals are written.
    private static func lowered(_ name: String) -> String {
        var result = ""
        var previous: Character = "_"
        for letter in name {
            if letter.isUppercase, previous != "_", !previous.isUppercase { result += "_" }
            result += letter.lowercased()
            previous = letter
        }
        return result
    }

    /// Says when values of the frame's fields do not fit and this is an error.
    func watchRange(of frame: FrameRuntime) {
        let declaration = frame.declaration
        guard declaration.fields.contains(where: { $0.range == .error }) else { return }
        let bus = scenario.buses[frame.bus].name
        frame.onMisfit = { [unowned self] field in
            warn(
                .fieldRange, "a value of '\(bus).\(declaration.name).\(declaration.fields[field].name)' does not fit: the nearest one is sent",
                span: declaration.span)
        }
    }
}

extension FieldDeclaration {
    /// The layout that packs and unpacks the field in this many data bytes.
    func layout(dataBytes: Int) throws(FieldError) -> FieldLayout {
        try FieldLayout(
            at: startBit, bits: bits, order: order == .intel ? .littleEndian : .bigEndian,
            form: coding == .float ? .floating : coding == .signed ? .signed : .unsigned,
            scale: scale, offset: offset, unit: unit, rounding: roundsHalfToEven ? .halfToEven : .halfAwayFromZero, dataBytes: max(dataBytes, 8))
    }
}

/// Frames between their sending and their arrival, by place; a place is used again.
struct FramesOnTheWay {
    private var slots: [FrameOnTheWay] = []
    private var free: [Int] = []

    mutating func store(_ frame: FrameOnTheWay) -> Int {
        if let place = free.popLast() {
            slots[place] = frame
            return place
        }
        slots.append(frame)
        return slots.count - 1
    }

    mutating func take(_ place: Int) -> FrameOnTheWay {
        free.append(place)
        return slots[place]
    }
}
