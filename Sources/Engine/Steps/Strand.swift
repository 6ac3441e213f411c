import Quantities
import ScenarioLanguage

/// One line of execution through the steps: the steps themselves, or a track of `parallel`.
final class Strand {
    /// A list of steps that is being worked through.
    struct Level {
        /// Why the list is run.
        enum Purpose {
            case plain
            case rounds(RepeatMode, done: Int, since: Instant, condition: FormulaRunner?)
        }
        let steps: [Step]
        var next = 0
        var purpose: Purpose
        /// Label of the step that the list belongs to, with the time past its end.
        var label: (number: Int, past: Duration)?
        /// Whether the list belongs to an attack of a run without its attacks.
        var isMuted = false
    }

    let index: Int
    let name: String
    var levels: [Level] = []
    /// Strand that waits for this one; -1 for the main one.
    let parent: Int
    /// Strand of an attack that this one waits for; -1 for none.
    var attack = -1
    /// Place of the built-in attack that this one waits for; -1 for none.
    var intercept = -1
    /// Whether it belongs to an attack of a run without its attacks.
    var isMuted = false
    /// Tracks of a `parallel` that are still running.
    var openTracks = 0
    /// Label of the step that waits, closed when it goes on.
    var waitingLabel: (number: Int, past: Duration)?
    /// Labels of the lists around the present step, innermost last.
    var labels: [Int] = []
    /// Makes events of an earlier wait stale.
    var generation: UInt32 = 0
    /// Answers that a `send` still waits for.
    var openCalls = 0
    /// What an `until` waits for.
    var condition: (runner: FormulaRunner, step: Step, goesOn: Bool)?
    var isFinished = false
    /// Formulas with draws that the strand has used, each with streams of its own.
    var drawing: [RunnerKey: FormulaRunner] = [:]

    init(index: Int, name: String, parent: Int, steps: [Step]) {
        self.index = index
        self.name = name
        self.parent = parent
        levels = [Level(steps: steps, purpose: .plain)]
    }
}

/// A formula by its step; the steps of a sequence that is called twice are different ones.
struct RunnerKey: Hashable {
    let step: Int
    let source: String
}
