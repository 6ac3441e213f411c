import CAN
import Quantities
import ScenarioLanguage
import SimulationKernel

/// Frames that nodes made of parts send: by time, as answers, or when a state begins.
///
/// The fields are computed at the instant of sending out of what was committed before it. An answer takes at least a microsecond, so that two
/// nodes that answer each other let time go on.
final class SpeakerBank {
    /// One entry of `sends` of one node.
    private struct Speech {
        let declaration: SendDeclaration
        let node: Int
        let condition: FormulaRunner?
        let values: [FormulaRunner?]
        /// Period or delay, when that is a formula.
        let time: FormulaRunner?
    }

    /// Tells the bank that the frame has come that an entry answers.
    private final class Listener: CANReceiver, MessageListener {
        private unowned(unsafe) let bank: SpeakerBank
        private let speech: Int
        private let frame: FrameRuntime

        init(_ bank: SpeakerBank, _ speech: Int, _ frame: FrameRuntime) {
            self.bank = bank
            self.speech = speech
            self.frame = frame
        }

        func receive(_ frame: CANFrame, at instant: Instant) {
            if self.frame.accepts(frame) { messageArrived() }
        }

        func messageArrived() { bank.answer(speech) }
    }

    private unowned(unsafe) let simulation: Simulation
    private var speeches: [Speech] = []
    /// Entries that the beginning of a state calls, by node.
    private var entering: [Int: [Int]] = [:]
    /// Least time of an answer, and least period that a formula can give.
    private static let least = (answer: Duration(nanoseconds: 1000), period: Duration.milliseconds(1))

    init(_ simulation: Simulation) {
        self.simulation = simulation
        for composite in simulation.scenario.composites {
            let name = simulation.scenario.symbols.nodes[composite.node]
            for (number, send) in composite.sends.enumerated() {
                let path = "\(name).sends.\(number)"
                let values = send.values.enumerated().map { field, value -> FormulaRunner? in
                    guard case .formula(let formula) = value else { return nil }
                    return simulation.runner(formula, path: "\(path).\(field)")
                }
                speeches.append(
                    Speech(
                        declaration: send, node: composite.node, condition: send.condition.map { simulation.runner($0, path: "\(path).when") }, values: values,
                        time: send.cause.time.formula.map { simulation.runner($0, path: "\(path).time") }))
                register(speeches.count - 1)
            }
        }
    }

    private func register(_ index: Int) {
        switch speeches[index].declaration.cause {
        case .every: break
        case .arrival(let number, _):
            let frame = simulation.frames[number]
            simulation.hear(frame, Listener(self, index, frame))
        case .entering: entering[speeches[index].node, default: []].append(index)
        }
    }

    /// The run's t = 0: periods begin, and the first states.
    func ready() {
        for (index, speech) in speeches.enumerated() {
            guard case .every(_, let phase) = speech.declaration.cause else { continue }
            schedule(index, EventKind.periodicSpeech, in: phase)
        }
        for machine in simulation.followers.machines { entered(machine.state, node: machine.declaration.node) }
    }

    /// A node has come into a state.
    func entered(_ state: Int, node: Int) {
        guard simulation.hasOrigin, let list = entering[node] else { return }
        for index in list {
            if case .entering(let states, _) = speeches[index].declaration.cause, states.contains(state) { answer(index) }
        }
    }

    /// Sends the frame of an entry some time later.
    private func answer(_ index: Int) {
        schedule(index, EventKind.speech, in: max(time(index), Self.least.answer))
    }

    private func schedule(_ index: Int, _ kind: UInt32, in time: Duration) {
        simulation.kernel.schedule(
            at: simulation.kernel.now + time, phase: .sampler, node: UInt32(speeches[index].node + 1), kind: kind, target: UInt32(index))
    }

    private func time(_ index: Int) -> Duration {
        if case .constant(let time) = speeches[index].declaration.cause.time { return time }
        guard let seconds = speeches[index].time?.value(at: simulation.kernel.now), seconds > 0 else { return .zero }
        return Duration(seconds: seconds) ?? Duration(nanoseconds: .max / 4)
    }

    /// The time of a periodic entry has come.
    func speakPeriodically(_ index: Int) {
        speak(index)
        var period = time(index)
        if speeches[index].time != nil { period = max(period, Self.least.period) }
        schedule(index, EventKind.periodicSpeech, in: period)
    }

    /// Sends the frame of an entry now if its condition holds.
    func speak(_ index: Int) {
        let speech = speeches[index]
        let now = simulation.kernel.now
        guard speech.condition?.holds(at: now) ?? true else { return }
        let frame = simulation.frames[speech.declaration.frame]
        simulation.send(
            frame,
            frame.frame { field in
                switch speech.declaration.values[field] {
                case .constant(let value): return value
                case .formula: return speech.values[field]?.value(at: now) ?? 0
                case .usual: return frame.fields[field].source >= 0 ? simulation.signals.latest(frame.fields[field].source) : 0
                }
            }, by: speech.node)
    }
}

extension SendDeclaration.Cause {
    /// The period, or how long an answer takes.
    fileprivate var time: TimeValue {
        switch self {
        case .every(let time, _), .arrival(_, let time), .entering(_, let time): time
        }
    }
}
