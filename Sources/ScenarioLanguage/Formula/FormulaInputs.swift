/// A distribution that a formula draws from.
public enum DrawFunction: UInt8, Sendable, CaseIterable {
    /// Uniform on [a, b).
    case uniform
    /// Normal with mean a and standard deviation b.
    case normal
    /// Log-normal with median a and standard deviation b of the logarithm.
    case lognormal
    /// Exponential with mean a.
    case exponential
    /// Poisson with mean a.
    case poisson
    /// A whole number from 0 to a - 1, all equally likely.
    case choice
    /// 1 with probability a, otherwise 0.
    case chance
}

/// Supplies the random numbers of a formula; the caller keys them by run, node and place in the file.
public protocol DrawSource: AnyObject {
    /// One draw; `site` counts the draws of a formula from 0 in text order, `a` and `b` are parameters in base units (`b` 0 when unused).
    func draw(_ function: DrawFunction, site: Int, _ a: Double, _ b: Double) -> Double
    /// `count` different indices below `total` in rising order.
    func sample(count: Int, of total: Int, site: Int) -> [Int]
}

/// What a formula reads when it is evaluated.
///
/// The pointers must stay valid during the call and reach as far as the indices that the formula was compiled with.
public struct FormulaInputs {
    /// Current values of all signals by index; flags 1 or 0, enumerated signals the index of their member, NaN when undefined.
    public var signals: UnsafePointer<Double>
    /// One value for each of `Formula.aggregates`, NaN when nothing was seen.
    public var aggregates: UnsafePointer<Double>
    /// One value for each of `Formula.scores`, NaN when it never happened.
    public var scores: UnsafePointer<Double>
    /// The source of draws; without one a draw is NaN.
    public var draws: (any DrawSource)?
    /// The fingerprint of the run, for `fingerprint()`.
    public var fingerprint: UInt64 = 0

    /// Inputs from their tables; a table that the formula does not use may be any pointer.
    @inlinable
    public init(
        signals: UnsafePointer<Double>, aggregates: UnsafePointer<Double>, scores: UnsafePointer<Double>, draws: (any DrawSource)? = nil
    ) {
        self.signals = signals
        self.aggregates = aggregates
        self.scores = scores
        self.draws = draws
    }
}

/// A function over the samples of a signal, over the events of a stream, or over a list of times.
public enum AggregateFunction: String, Sendable, CaseIterable {
    /// The average over time of a signal, or the mean of a list.
    case avg
    /// The sum of the samples.
    case sum
    /// How many events.
    case count
    /// The greatest value.
    case max
    /// The least value.
    case min
    /// The median.
    case p50
    /// The value that 95 % do not exceed.
    case p95
}

/// A value that the engine keeps up to date for a formula: a window or a whole run of a signal or stream.
public struct FormulaAggregate: Hashable, Sendable {
    /// What is aggregated.
    public enum Source: Hashable, Sendable {
        /// The signal with an index.
        case signal(Int)
        /// The stream with an index.
        case stream(Int)
        /// The clock of the run: seconds since its start, or since midnight.
        case clock(isTimeOfDay: Bool)
    }
    /// How the samples become one value.
    public let function: AggregateFunction
    /// Whose samples.
    public let source: Source
    /// Length of the window in nanoseconds; `nil` for everything so far, which after the run is the whole run.
    public let windowNanoseconds: Int64?
}

/// A score of a run that the engine computes for a formula.
public struct FormulaScore: Hashable, Sendable {
    /// Which score.
    public enum Function: String, Sendable, CaseIterable {
        /// The share of labels that were found.
        case recall
        /// The share of alarms that were right.
        case precision
        /// The harmonic mean of precision and recall.
        case f1
        /// Seconds from the start of a found label to its alarm, reduced to one number.
        case latency
        /// How many alarms had no label.
        case falseAlarms = "false_alarms"
        /// Seconds from the start of the run to the first alarm or event.
        case first
        /// How many alarms.
        case count
        /// The fingerprint of the run; its value is read from `FormulaInputs.fingerprint`.
        case fingerprint
    }
    /// Of what.
    public enum Source: Hashable, Sendable {
        /// The detector with an index.
        case detector(Int)
        /// The stream with an index.
        case stream(Int)
        /// The run as a whole.
        case run
    }
    /// Which score: shares for recall, precision and f1; seconds for latency and first; counts otherwise.
    public let function: Function
    /// Of what.
    public let source: Source
    /// Only labels of this kind; `nil` for all.
    public let labelKind: Int?
    /// How the times of `latency` become one; `nil` for the other scores.
    public let reducer: AggregateFunction?
}
