import CAN
import ScenarioLanguage

extension StepRunner {
    /// Sends a frame of a step.
    func transmit(_ frame: FrameStep, _ step: Step, _ strand: Strand) {
        let sender = frame.from ?? -1
        switch frame.content {
        case .declared(let number, let values):
            let runtime = simulation.frames[number]
            var given = [Double?](repeating: nil, count: runtime.fields.count)
            for (field, formula) in values { given[field] = runner(formula, step, strand).value(at: simulation.kernel.now) }
            var sent = runtime.frame(computing: { given[$0] == nil }) { field in
                given[field] ?? (runtime.fields[field].source >= 0 ? simulation.signals.latest(runtime.fields[field].source) : runtime.unset(field))
            }
            sent.label = TruthKeeper.mark(strand.labels.last)
            simulation.send(runtime, sent, by: sender)
        case .raw(let raw):
            var sent = simulation.buses[frame.bus].frame(CANWideFrame(raw))
            sent.label = TruthKeeper.mark(strand.labels.last)
            simulation.transmit(sent, on: frame.bus, by: sender)
        }
    }
}

extension CANWideFrame {
    /// The frame of a step; the data of an FD frame are filled up with zero bytes to the next length that there is.
    init(_ raw: FrameStep.RawFrame) {
        let data = CANData(raw.data)
        let code = raw.lengthCode ?? CANFrame.lengthCode(holding: raw.data.count)
        if raw.isFD {
            self.init(CANFrame(fd: raw.id, isExtended: raw.isExtended, lengthCode: code, payload: data.firstEight), wide: data)
        } else {
            self.init(CANFrame(id: raw.id, isExtended: raw.isExtended, isRemote: raw.isRemote, lengthCode: code, payload: data.firstEight))
        }
    }
}
