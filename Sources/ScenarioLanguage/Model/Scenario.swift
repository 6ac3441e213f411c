public import CAN
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

/// One entry of `buses`.
public struct BusDeclaration: Sendable {
    /// Name.
    public var name: String
    /// Bits per second.
    public var bitrate: Double
    /// Bits per second of the data phase of CAN FD; `nil` when frames are sent at one rate.
    public var dataBitrate: Double?
    /// How the wires behave; `nil` when frames arrive at once.
    public var wire: WireDeclaration?
    /// The real bus that it is a part of in a live run; `nil` when there is none.
    public var attachment: BusAttachment?
    /// Frames: those of the file and those that kinds bring.
    public var frames: [FrameDeclaration]
    /// J1939 addresses of node instances, in the order of the file.
    public var addresses: [(node: Int, address: UInt8)] = []
    /// The name's place.
    public var span: Span
    /// Databases whose messages are frames of the bus, with what was changed in them.
    public var databases: [BusDatabase] = []
}

/// A DBC file that a bus has as `dbc`.
public struct BusDatabase: Sendable {
    /// Path as the file writes it.
    public var path: String
    /// Number of its messages.
    public var messages: Int
    /// What does not mean the same here: names that were changed, units that are not known.
    public var notes: [String]
}

/// The wires of a bus with `fidelity: wire`.
public struct WireDeclaration: Sendable {
    /// A node with a controller on the bus, and the signals that tell about it.
    public struct Station: Sendable {
        /// Node instance.
        public var node: Int
        /// Signal with the transmit error counter; -1 when another name was in its place, and so below.
        public var transmitErrors = -1
        /// Signal with the receive error counter.
        public var receiveErrors = -1
        /// Signal with the error state.
        public var state = -1
    }

    /// Pause before a bus-off node begins to recover; `nil` when it stays off.
    public var restartAfter: Duration?
    /// Whether the oldest frame of a node is sent first, and not that with the lowest identifier.
    public var isFirstInFirstOut = false
    /// Frames that may wait at a node.
    public var queueLimit = 64
    /// Whether errors are recorded as frames.
    public var recordsErrors = false
    /// Nodes on the bus, in the order of the file.
    public var stations: [Station] = []
    /// Signal with the load of the last second, as a share.
    public var load = -1
    /// Signal with the number of errors so far.
    public var errors = -1
    /// Names of the error states, in the order of their numbers.
    public static let states = ["active", "warning", "passive", "bus_off"]
}

/// The real bus that a simulated one is a part of in a live run.
public struct BusAttachment: Sendable {
    /// Where it is.
    public var address: BusAddress
    /// What is taken from it; everything when there is no filter.
    public var filters: [CANBus.Filter]
    /// The address's place.
    public var span: Span
}

/// One frame of a bus.
public struct FrameDeclaration: Sendable {
    /// Name.
    public var name: String
    /// Identifier.
    public var id: UInt32
    /// Whether the identifier has 29 bits.
    public var isExtended: Bool
    /// Node instance that sends it.
    public var from: Int?
    /// Period; `nil` for frames sent on an event.
    public var every: Duration?
    /// Offset of the first one.
    public var phase: Duration
    /// Fields in the order of the file.
    public var fields: [FieldDeclaration]
    /// Bytes of data.
    public var length: Int
    /// Whether a node made of parts sends it by a rule of its own.
    public var isSpoken = false
    /// The name's place; `nil` when a kind brought the frame.
    public var span: Span?
    /// Whether the frame has the format of CAN FD.
    public var isFD = false
    /// Whether the data phase of the FD frame is sent at the second bit rate.
    public var switchesBitRate = false
    /// Whether the frame asks for data and carries none.
    public var isRemote = false
    /// What stands in bits of no field, byte by byte.
    public var fill: UInt8 = 0
    /// Signal with the time from the queue to the end of the frame; -1 when the bus has no wires.
    public var response = -1
    /// Parameter group and addresses of a J1939 message.
    public var group: GroupDeclaration?
    /// How a message that may be longer than a frame is carried; `nil` for a frame.
    public var transport: TransportDeclaration?
    /// Node instance that the message goes to, and that answers the transport protocol.
    public var to: Int?
    /// Signal that counts the transfers of the message that came to nothing; -1 for a frame.
    public var failureSignal = -1
}

/// One field of a frame.
public struct FieldDeclaration: Sendable {
    /// Byte order and numbering of the bits.
    public enum Order: Sendable, Hashable {
        /// Little-endian, bits counted from the least significant one (DBC `@1`).
        case intel
        /// Big-endian, bits counted as DBC `@0` does.
        case motorola
    }
    /// How the raw value is written.
    public enum Coding: Sendable, Hashable {
        /// Unsigned integer.
        case unsigned
        /// Two's complement integer.
        case signed
        /// IEEE 754 single (32 bits) or double (64 bits).
        case float
    }
    /// What happens to a value that the field cannot hold.
    public enum Range: String, Sendable, Hashable, CaseIterable {
        /// The nearest value that it can hold is sent.
        case saturate
        /// The bits that do not fit are dropped.
        case wrap
        /// The nearest value is sent, and the run warns.
        case error
    }
    /// When the field is in the frame: when another field of it has one of some raw values.
    public struct Multiplexing: Sendable, Hashable {
        /// Index of the field that decides.
        public var field: Int
        /// Its raw values.
        public var ranges: [ClosedRange<UInt64>]
    }

    /// Name.
    public var name: String
    /// Start bit in the numbering of the order.
    public var startBit: Int
    /// Number of bits.
    public var bits: Int
    /// Byte order.
    public var order: Order
    /// Coding.
    public var coding: Coding
    /// Value of one step in base units.
    public var scale: Double
    /// Value of raw 0 in base units.
    public var offset: Double
    /// What it measures.
    public var dimension: Dimension
    /// Symbol of its unit.
    public var unit: String
    /// The one value by which the frame is told from others of its identifier; `nil` for any.
    public var fixed: Double?
    /// Index of the signal that holds the value on the wire.
    public var signal: Int
    /// What happens to a value that does not fit.
    public var range = Range.saturate
    /// Least and greatest value in base units where the file gives limits; else only the bits count.
    public var limits: ClosedRange<Double>?
    /// When the field is in the frame; `nil`: always.
    public var multiplexing: Multiplexing?
    /// Words for raw values, in the order of the file.
    public var words: [(raw: Int64, text: String)] = []
    /// Whether halves between two steps go to the even one, as in tools that read DBC files; else away from zero.
    public var roundsHalfToEven = false

    /// The words by value where the signal of the field is one of words: at most 8 bits, unsigned, no scale. Values without a word are their number.
    public var members: [String]? {
        guard !words.isEmpty, bits <= 8, coding == .unsigned, scale == 1, offset == 0, dimension == .none else { return nil }
        var members = (0..<(1 << bits)).map { "\($0)" }
        for (raw, text) in words where members.indices.contains(Int(clamping: raw)) { members[Int(raw)] = text }
        return members
    }
}

/// One entry of `links`.
public struct LinkDeclaration: Sendable {
    /// Name.
    public var name: String
    /// One end: node instances.
    public var between: ([Int], [Int])
    /// Time that a message takes, each way.
    public var latency = TimeValue.constant(.zero)
    /// Greatest random addition to the latency, drawn per message.
    public var jitter = Duration.zero
    /// Bits per second, each way; `nil` = no limit.
    public var bandwidth: Double?
    /// What goes wrong, in the order of the file.
    public var faults: [LinkFault] = []
    /// The name's place.
    public var span: Span
}

/// Something that goes wrong on a link, and for which messages.
public struct LinkFault: Sendable {
    /// What happens.
    public enum Effect: Sendable {
        /// A share of messages never arrives.
        case loss(Double)
        /// A share of messages arrives twice.
        case duplicate(Double)
        /// A share of messages is overtaken by later ones.
        case reorder(Double)
        /// A share of messages takes longer.
        case delay(TimeValue, chance: Double)
        /// The connection is lost so often per second, and no new one gets through for a time.
        case disconnect(rate: Double, for: TimeValue, isSilent: Bool)
    }

    /// What happens.
    public var effect: Effect
    /// Whether messages to the central system, and to the charge point, are meant.
    public var meets: (up: Bool, down: Bool) = (true, true)
    /// Whether calls, and their answers, are meant.
    public var only: (calls: Bool, answers: Bool) = (true, true)
    /// Official names of the actions; all when there are none.
    public var actions: [String] = []
    /// First instant of the fault, since the start of the run.
    public var from = Duration.zero
    /// End of the fault; `nil` = that of the run.
    public var until: Duration?
    /// What must hold.
    public var condition: Formula?
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

    /// Title.
    public var title: String
    /// Panels from top to bottom: signals.
    public var panels: [[Int]]
    /// Streams of messages whose answer times are drawn; a plot has them or panels.
    public var latencies: [Int] = []
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
