/// Who looks at the samples of one signal.
final class Attention {
    var trace: SampleTrace?
    var aggregates: [Aggregate] = []
    /// Detectors that watch the signal.
    var watching: [Int] = []
    /// Detectors over several signals, and which of their inputs it is.
    var feeding: [(detector: Int, input: Int)] = []
    /// Rules that read it.
    var reading: [Int] = []
    /// Derived signals, states and settings that read it.
    var following: [Int] = []
}
