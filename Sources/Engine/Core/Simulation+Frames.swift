import CAN
import Quantities
import ScenarioLanguage
import SimulationKernel

extension Simulation {
    // MARK: Frames

    /// Sends a frame on its bus; it arrives at this instant, behind what is already arriving.
    func send(_ frame: FrameRuntime, _ can: CANFrame) {
        recorder.frame(can, bus: frame.bus, at: kernel.now)
        kernel.note(identity: UInt64(EventKind.frame) << 32 | UInt64(can.rawIdentifier), payload: can.payload)
        for (index, field) in frame.fields.enumerated() where field.wire >= 0 {
            signals.publish(field.wire, frame.fields[index].layout.value(in: can.payload))
        }
        streams.count(frame.stream, at: kernel.now)
        kernel.schedule(at: kernel.now, phase: .delivery, node: 0, kind: EventKind.frame, target: UInt32(frame.index), payload: can.payload)
    }

    func deliver(_ payload: UInt64, _ frame: FrameRuntime) {
        buses[frame.bus].deliver(frame.frame(payload: payload), at: kernel.now)
    }

    /// The frame of a name on a bus.
    func frame(_ name: String, bus: Int) -> FrameRuntime? { frames.first { $0.bus == bus && $0.declaration.name == name } }

    func scheduleFrame(_ frame: FrameRuntime, at instant: Instant) {
        kernel.schedule(
            at: instant, phase: .sampler, node: UInt32((frame.declaration.from ?? -1) + 1), kind: EventKind.periodicFrame, target: UInt32(frame.index))
    }

    /// A declared periodic frame that no node kind sends by itself: its fields are the sender's signals of the same name.
    func sendPeriodic(_ frame: FrameRuntime) {
        send(frame, frame.frame { index in frame.fields[index].source >= 0 ? signals.latest(frame.fields[index].source) : 0 })
        if let every = frame.declaration.every { scheduleFrame(frame, at: kernel.now + every) }
    }
}

extension FieldDeclaration {
    /// The layout that packs and unpacks the field.
    func layout() throws(FieldError) -> FieldLayout {
        try FieldLayout(
            at: startBit, bits: bits, order: order == .intel ? .littleEndian : .bigEndian,
            form: coding == .float ? .floating : coding == .signed ? .signed : .unsigned,
            scale: scale, offset: offset, unit: unit)
    }
}
