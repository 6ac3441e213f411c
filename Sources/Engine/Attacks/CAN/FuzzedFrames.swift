import CAN
import Quantities
import ScenarioLanguage
import SimulationKernel

/// A frame that the attack `fuzz` has sent, or has put in the place of a real one.
struct FuzzedFrame {
    let bus: Int
    let instant: Instant
    /// Node that sent it, -1 for somebody outside the file.
    let node: Int
    var frame: CANWideFrame
    /// Identifier with flags of the real frame that it replaced; `nil` for a frame of the attack's own.
    let replaced: UInt32?
}

/// What the fuzz attacks of a run did on buses, so that a run that fails can be made small.
final class FuzzedFrames {
    private(set) var frames: [FuzzedFrame] = []
    /// The steps of the attacks, each once.
    private(set) var steps: [InterceptStep] = []
    /// Frames that were not kept, because there were too many.
    private(set) var lost = 0
    /// The most frames that are kept; of more the last ones.
    static let most = 100_000
    private var oldest = 0

    /// An attack begins.
    func begin(_ step: InterceptStep) { if !steps.contains(where: { $0.span == step.span }) { steps.append(step) } }

    /// A frame of an attack.
    func note(_ frame: FuzzedFrame) {
        guard frames.count >= Self.most else { return frames.append(frame) }
        lost += 1
        frames[oldest] = frame
        oldest = (oldest + 1) % Self.most
    }

    /// The frames in the order in which they were sent.
    var inOrder: [FuzzedFrame] { oldest == 0 ? frames : Array(frames[oldest...] + frames[..<oldest]) }
}
