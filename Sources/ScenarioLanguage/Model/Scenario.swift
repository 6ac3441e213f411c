public import Quantities
public import YAMLTree

/// A scenario that was read, typed and checked: all names are resolved to indices.
public struct Scenario: Sendable {
    /// Name of the scenario.
    public var name: String
    /// What it shows.
    public var about: String
    /// The file it was read from.
    public var file: SourceFile
    /// Parameters with the values in force.
    public var parameters: [Parameter] = []
    /// Length, seed and the like.
    public var run = RunSettings()
    /// Kinds that nodes are of: the built-in ones, then those of plugins.
    public var kinds: [KindManifest] = []
    /// Every file that was read: the scenario, then its plugins.
    public var sources: [SourceFile] = []
    /// Nodes as declared; counted nodes are one declaration.
    public var nodes: [NodeDeclaration] = []
    /// Signals that are computed from others; each stands behind those that it reads.
    public var derived: [DerivedSignal] = []
    /// States of nodes made of parts, one entry an instance that has some.
    public var composites: [CompositeDeclaration] = []
    /// Buses.
    public var buses: [BusDeclaration] = []
    /// Links with properties of their own.
    public var links: [LinkDeclaration] = []
    /// What happens.
    public var steps: [Step] = []
    /// Detectors.
    public var detectors: [DetectorDeclaration] = []
    /// What must hold.
    public var expectations: [Expectation] = []
    /// Messages that must come, or must not.
    public var exchanges: [MessageExpectation] = []
    /// What is written.
    public var record = RecordSettings()
    /// Pictures.
    public var plots: [PlotDeclaration] = []
    /// Codes of warnings that the file causes on purpose.
    public var intended: [String] = []
    /// Every name that formulas and files use, with its index.
    public var symbols: SymbolTable
    /// Node sets that steps pass to sequences.
    public var localNodeSets = 0
    /// Values that are drawn once, when the run is built, with the slot behind the signals that holds each.
    public var drawnSlots: [(slot: Int, formula: Formula, path: String)] = []
    /// Kinds of labels in the order of their first mention.
    public var labelKinds: [String] = []
}

/// A value that the person running can change with `--set`.
public struct Parameter: Sendable {
    /// Name.
    public var name: String
    /// The value in force.
    public var value: Quantity
    /// Symbol of the unit of its default.
    public var unit: String
    /// What it means.
    public var about: String
    /// Where it is declared.
    public var span: Span
    /// Whether anything uses it.
    public var isUsed = false
}

/// The section `run`.
public struct RunSettings: Sendable {
    /// Length of the run; it covers [0, length).
    public var length = Duration.seconds(60)
    /// Seed of all random streams.
    public var seed: UInt64 = 1
    /// Seconds since 1970-01-01T00:00:00Z at the start.
    public var epoch: Int64 = 946_684_800
    /// Whether the file says when the run starts; a live run starts now otherwise.
    public var hasStart = false
    /// Simulated seconds per second; `nil` = as fast as it can go.
    public var pace: Double?
    /// How long each node may take to boot.
    public var readyWithin = Duration.seconds(30)
}

/// The value of a setting as it was read.
public enum SettingValue: Sendable {
    /// Not given and without default.
    case absent
    /// A number in base units (percent as a share, flags as 0 or 1, words as their index).
    case number(Double)
    /// A time in nanoseconds.
    case duration(Duration)
    /// A text.
    case text(String)
    /// Texts.
    case texts([String])
    /// Node instances.
    case nodes([Int])
    /// A bus.
    case bus(Int)
    /// Signals.
    case signals([Int])
    /// Streams of frames and messages.
    case stream([StreamSource])
    /// A nested structure; no part of it is a formula.
    case tree(FieldValue)
    /// A formula of temporal logic.
    case temporal(TemporalReading)
    /// Detectors.
    case detectors([Int])
    /// A ramp: share of the rest per step, or slope per second.
    case ramp(share: Double?, slope: Double?)
    /// Replies to calls, in the order of the file.
    case replies([ReplyDeclaration])
    /// A formula that the engine evaluates when the run is built, or at each use.
    case formula(Formula)
}

/// One entry of `nodes`.
public struct NodeDeclaration: Sendable {
    /// Name in the file.
    public var name: String
    /// Index of the kind in `Scenario.kinds`.
    public var kind: Int
    /// Number of instances.
    public var count: Int
    /// Whether `count` was given, so that instances are `name.1`, `name.2`, ….
    public var isCounted: Bool
    /// Index of the first instance.
    public var firstInstance: Int
    /// Settings in the order of the manifest.
    public var settings: [SettingValue]
    /// How long after a change a setting that is a formula over signals is evaluated anew.
    public var reaction = Duration.milliseconds(100)
    /// The same for its parts.
    var partReaction = Duration.milliseconds(100)
    /// Node instance that this one is a part of.
    public var owner: Int?
    /// The name's place.
    public var span: Span
}

/// A signal of a node made of parts: the value of a formula over other signals.
public struct DerivedSignal: Sendable {
    /// Node instance that has it.
    public var node: Int
    /// The signal.
    public var signal: Int
    /// What it is computed from.
    public var formula: Formula
}

/// The states of one node made of parts.
public struct CompositeDeclaration: Sendable {
    /// One rule of a state; all that it names must come together.
    public struct Rule: Sendable {
        /// What must hold.
        public var condition: Formula?
        /// How long it must hold; a formula is asked when it begins to.
        public var lasting = TimeValue.constant(.zero)
        /// The frame that must arrive, among the frames of all buses.
        public var arrival: Int?
        /// How long the node must have been in the state; a formula is asked when the state begins.
        public var after: TimeValue?
        /// Signals of the node that get new values.
        public var assignments: [(signal: Int, value: Formula)] = []
        /// Index of the state that follows; `nil` leaves the state as it is.
        public var next: Int?
        /// Whether the rule belongs to every state.
        public var isCommon = false
        /// Its place.
        public var span: Span
    }

    /// Node instance.
    public var node: Int
    /// Rules of each state, those of every state first; one list for a node without states.
    public var states: [[Rule]]
    /// Index of the first state.
    public var startsIn: Int
    /// Signal that tells the state; `nil` for a node without states.
    public var stateSignal: Int?
    /// Signals that rules set, with their first values.
    public var keeps: [(signal: Int, start: Formula)] = []
    /// Frames that it sends.
    public var sends: [SendDeclaration] = []
}

/// What is written besides labels, alarms and the report.
public struct RecordSettings: Sendable {
    /// `frames.log`.
    public var frames = false
    /// `frames.asc`.
    public var framesASC = false
    /// `frames.pcapng`.
    public var framesPcapng = false
    /// `messages.jsonl`.
    public var messages = false
    /// `signals.csv`.
    public var signals = true
    /// `labels.csv` is always written; the word is accepted.
    public var labels = true
    /// `capture.pcapng`.
    public var capture = false

    /// Whether frames are written in any form.
    public var hasFrames: Bool { frames || framesASC || framesPcapng || capture }
}

/// One entry of `expect`.
public struct Expectation: Sendable {
    /// What must hold.
    public var formula: Formula
    /// Why.
    public var because: String?
    /// Its place.
    public var span: Span
}

/// One entry of `detectors`.
public struct DetectorDeclaration: Sendable {
    /// Name.
    public var name: String
    /// Index of the kind in the registry.
    public var kind: Int
    /// Settings in the order of the manifest.
    public var settings: [SettingValue]
    /// Life-cycle.
    public var lifecycle: LifecycleSettings
    /// The name's place.
    public var span: Span
}

/// The keys that every detector has.
public struct LifecycleSettings: Sendable {
    /// `low`, `medium`, `high` or `critical`.
    public var severity = "medium"
    /// How long the condition must hold before the alarm.
    public var lasting = Duration.zero
    /// Level at which an alarm ends, in the unit of the signal.
    public var clear: Double?
    /// How long the alarm is kept after the condition ended.
    public var keep = Duration.zero
    /// Least time between the end of an alarm and the next one.
    public var rest = Duration.zero
    /// Time at the start without alarms.
    public var warmup = Duration.zero
    /// The detector works only while this is true.
    public var onlyWhen: Formula?
    /// Time without alarms after a gap.
    public var warmupAfterGap: Duration?
    /// A score above so many times the last peak does not wait for `rest`.
    public var breakthrough: Double?
    /// Detectors while whose alarms are on those of this one are recorded only.
    public var suppress: [Int] = []
    /// Names of severities with the least peak score of each; empty for `severity`.
    public var severityMap: [(severity: String, from: Double)] = []
    /// An alarm that lasts longer is one level more severe.
    public var escalateAfter: Duration?
    /// Other detectors that confirm alarms, how many it takes, and how far apart they may be.
    public var corroborate: (by: [Int], atLeast: Int, within: Duration)?
    /// So many alarms within a time are told one by one.
    public var flap: (count: Int, within: Duration)?
    /// An alarm whose signal brings no value for so long is stale.
    public var staleAfter: Duration?
    /// How the shapes of alarms are remembered.
    public var patterns: PatternSettings?
}

/// How the shapes of alarms are remembered.
public struct PatternSettings: Sendable {
    /// Pieces of equal length.
    public var segments = 16
    /// Shapes at most this far apart are the same.
    public var maximumDistance = 0.35
    /// Shapes that are kept.
    public var capacity = 1024
    /// How much of the signal before the onset belongs to the shape.
    public var before = Duration.seconds(10)
    /// Numbers of shapes that are harmless.
    public var benign: [Int] = []
}

/// One entry of `plots`.
public struct PlotDeclaration: Sendable {
    /// Colours of a picture.
    public enum Theme: String, Sendable, CaseIterable {
        /// Dark on white.
        case light
        /// Light on dark.
        case dark
    }

    /// Pictures of what detectors made of a run.
    public enum Scores: String, Sendable, CaseIterable {
        /// Truth and alarms over time.
        case timeline
        /// How long detectors took.
        case latency
    }

    /// Title.
    public var title: String
    /// Panels from top to bottom: signals.
    public var panels: [[Int]]
    /// Streams of messages whose answer times are drawn; a plot has them or panels.
    public var latencies: [Int] = []
    /// What detectors made of the run, in place of panels; `nil` for a plot of signals or answer times.
    public var scores: Scores?
    /// Whether labels are drawn as bands.
    public var showsLabels: Bool
    /// Detectors whose alarms are drawn.
    public var detectors: [Int]
    /// Length of the last part that is drawn; `nil` for the whole run.
    public var window: Duration?
    /// Width in pixels.
    public var width: Int
    /// Height in pixels.
    public var height: Int
    /// Factor for print.
    public var scale: Int
    /// Colours.
    public var theme: Theme
    /// Its place.
    public var span: Span
}
