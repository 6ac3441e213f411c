public import Quantities

/// What a setting of a node kind, a detector or a sequence takes.
public enum SettingType: Sendable, Hashable {
    /// A number with a unit of this dimension, held in base units.
    case quantity(Dimension)
    /// A length of time, held in whole nanoseconds.
    case duration
    /// A share: `20%`, held as 0.2.
    case percent
    /// A plain number.
    case number
    /// A whole number.
    case count
    /// Any text.
    case text
    /// `true` or `false`.
    case flag
    /// One of a few words.
    case oneOf([String])
    /// A node of the scenario that plays one of these roles; every node when the list is empty.
    case node(roles: [Role])
    /// One or more nodes: a name, `cp.*`, or a list of such.
    case nodes(roles: [Role])
    /// A bus of the scenario.
    case bus
    /// A signal, or a frame with one field.
    case signal
    /// Several signals of one dimension.
    case signals
    /// This many signals or more, of any dimensions.
    case mixedSignals(least: Int)
    /// What goes over buses or connections: `can0`, `can0.limit`; `ocpp`, `cp1.ocpp`, `ocpp.Heartbeat`, `cp1.ocpp.Heartbeat`; or a list of those.
    case stream(frames: Bool, messages: Bool)
    /// A nested mapping or list that the kind itself checks.
    case tree
    /// A formula of temporal logic.
    case temporal
    /// A level in the dimension of the signal that the detector watches, times a power: `2` for a variance, per second for a rate.
    case level(LevelKind)
    /// A ramp: a share of the rest per step (`20%`) or a slope (`20 A/s`).
    case ramp
    /// A formula that is true or false.
    case condition
    /// Names of other detectors.
    case detectors
    /// A list of words out of these; of any texts when there are none.
    case texts(allowed: [String])
    /// How calls of nodes of this role are answered: entries for messages.
    case replies(caller: Role)

    /// How the unit of a level follows from the watched signal.
    public enum LevelKind: Sendable, Hashable {
        /// The unit of the signal itself.
        case plain
        /// Its square, as a variance has it.
        case squared
        /// Per second, or the plain unit together with `within`.
        case slope
    }

    /// What a node can be to others; checks ask for a role and never for a kind's name.
    public enum Role: String, Sendable, Hashable {
        /// Answers charge points and sends commands: a CSMS.
        case centralSystem = "central system"
        /// Speaks OCPP to a central system and has connectors.
        case chargePoint = "charge point"
        /// Has a power that a meter can sum.
        case load = "load"
    }
}

/// One setting: the only source of its validation, documentation, schema and completion.
public struct SettingManifest: Sendable {
    /// Key in the file.
    public let name: String
    /// What it takes.
    public let type: SettingType
    /// The default as it would be written; `nil` when there is none.
    public let defaultText: String?
    /// Whether the file must give it.
    public let required: Bool
    /// Least value allowed, as it would be written.
    public let min: String?
    /// Greatest value allowed, as it would be written.
    public let max: String?
    /// Whether a formula is evaluated anew at each use (each arrival) instead of once per node.
    public let drawnAtEachUse: Bool
    /// Whether a formula over signals is evaluated anew when they change, and the node takes the new value while it runs.
    public let follows: Bool
    /// Whether an address, `ws://…` or `wss://…`, can stand in place of a node.
    public let takesAddress: Bool
    /// Whether a text is the path of a file that is read while the scenario runs, relative to the file that has it.
    public let isFile: Bool
    /// One sentence for pages.
    public let about: String

    /// A setting of a kind.
    public init(
        _ name: String, _ type: SettingType, default defaultText: String? = nil, required: Bool = false, min: String? = nil, max: String? = nil,
        drawnAtEachUse: Bool = false, follows: Bool = false, address takesAddress: Bool = false, file isFile: Bool = false, about: String
    ) {
        self.name = name
        self.type = type
        self.defaultText = defaultText
        self.required = required
        self.min = min
        self.max = max
        self.drawnAtEachUse = drawnAtEachUse
        self.follows = follows
        self.takesAddress = takesAddress
        self.isFile = isFile
        self.about = about
    }
}

extension SettingType {
    /// Whether it is a list of signals of any dimensions.
    var isMixed: Bool { if case .mixedSignals = self { true } else { false } }

    /// The type as pages and messages name it.
    public var name: String {
        switch self {
        case .quantity(let dimension): dimension.name
        case .duration: "time"
        case .percent: "percent"
        case .number: "number"
        case .count: "whole number"
        case .text: "text"
        case .flag: "true or false"
        case .oneOf(let words): words.joined(separator: " | ")
        case .node(let roles): roles.isEmpty ? "node" : "node (\(roles.map(\.rawValue).joined(separator: ", ")))"
        case .nodes(let roles): roles.isEmpty ? "nodes" : "nodes (\(roles.map(\.rawValue).joined(separator: ", ")))"
        case .bus: "bus"
        case .signal: "signal"
        case .signals: "signals"
        case .mixedSignals(let least): "\(least) or more signals"
        case .stream(frames: true, messages: false): "frames"
        case .stream(frames: false, messages: _): "messages"
        case .stream: "frames or messages"
        case .tree: "mapping"
        case .temporal: "temporal formula"
        case .level(.plain): "level in the unit of the signal"
        case .level(.squared): "level in the squared unit of the signal"
        case .level(.slope): "level in the unit of the signal per second"
        case .ramp: "percent per step, or current per time"
        case .condition: "formula"
        case .detectors: "detectors"
        case .texts: "list of words"
        case .replies: "MESSAGE: reply"
        }
    }
}
