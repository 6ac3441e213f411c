public import Detection
public import JSONText
public import Quantities
public import SimulationKernel
public import YAMLTree

/// How a scenario is run.
public struct RunOptions {
    /// Directory that the run leaves its files in; `nil` writes nothing.
    public var directory: String?
    /// The most events before the run is stopped.
    public var maximumEvents: UInt64 = 1_000_000_000
    /// Raised by whoever wants the run to end early; what is there by then is kept.
    public var interrupt = InterruptFlag()
    /// Called from time to time with what was done so far.
    public var progress: ((RunProgress) -> Void)?
    /// How a live run reaches the outside; `nil` = virtual time.
    public var live: LiveSettings?
    /// Whether pictures are drawn.
    public var drawsPlots = true
    /// The most rows of scores that are kept for each detector; `nil` keeps some where the scenario can have labels, 0 none.
    public var scoreRows: Int?
    /// File that each score is written to while the run goes on.
    public var scoreFile: String?
    /// Data from outside that is played by the nodes of its kinds.
    public var outside: OutsidePlan?
    /// Whether attacks and labelled steps do nothing but take their time.
    public var isBenign = false

    /// Options of a run that writes nothing.
    public init(directory: String? = nil) { self.directory = directory }
}

/// How far a run has come.
public struct RunProgress: Sendable {
    /// Simulated time since t = 0.
    public var simulated: Duration
    /// Length of the run.
    public var length: Duration
    /// Events so far.
    public var events: UInt64
}

/// What a run means for whoever started it.
public enum Verdict: String, Sendable {
    /// Everything expected held.
    case pass
    /// Everything expected held, but at least one expectation speaks of something that never happened.
    case partial
    /// At least one expectation did not hold.
    case fail
    /// The run did not come to its end.
    case incomplete
}

/// An expectation after the run.
public struct JudgedExpectation: Sendable {
    /// The formula without its `=`.
    public var that: String
    /// What was found, in words.
    public var value: String
    /// Whether it holds.
    public var isFulfilled: Bool
    /// Whether what it speaks of happened at all; one that does not hold counts as exercised.
    public var isExercised = true
    /// Why it was expected.
    public var because: String?
    /// Its place.
    public var span: Span
    /// A whole sentence for people: `first(repeated) was 16.5 s, wanted <= 12 s, line 34`.
    public var sentence: String
}

/// What became of a run.
public struct RunOutcome: Sendable {
    /// pass, partial, fail or incomplete.
    public var verdict: Verdict
    /// Why the run could not go on, and warnings.
    public var diagnostics: [Diagnostic]
    /// Whether it was interrupted by the person.
    public var isInterrupted: Bool
    /// Whether a file could not be written.
    public var couldNotWrite: Bool
    /// What each detector was worth, in the order of the file; empty when the run did not begin.
    public var detectors: [DetectorVerdict] = []
    /// Rows from outside that were played.
    public var outsideRows = 0
    /// Every expectation with what was found.
    public var expectations: [JudgedExpectation]
    /// The document behind `report.json`.
    public var report: JSONValue
    /// Files written, relative to the directory, in the order of the report.
    public var files: [String]
    /// Fingerprint as 16 hexadecimal digits.
    public var fingerprint: String
    /// Simulated time.
    public var simulated: Duration
    /// Events.
    public var events: UInt64
    /// Alarms in their order, with times since the run's t = 0.
    public var alarms: [Alarm] = []
}
