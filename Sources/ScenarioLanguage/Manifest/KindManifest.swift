public import Quantities

/// A value over time that a node publishes.
public struct SignalManifest: Sendable {
    /// Name behind the node's: `charger.current`.
    public let name: String
    /// What it measures.
    public let dimension: Dimension
    /// Symbol of the unit in which files and plots show it; empty for plain numbers.
    public let unit: String
    /// Names of the values when the signal is one of a few states.
    public let members: [String]?
    /// Whether the signal is true or false.
    public let isFlag: Bool
    /// Whether the step `set` may write it.
    public let settable: Bool
    /// Whether it is published when it changes and keeps its value in between, so that it is drawn as steps.
    public let isHeld: Bool
    /// The setting with the period at which it is published; `nil` when it is published on events.
    public let periodSetting: String?
    /// The frame whose period takes the place of the setting when the node is on a bus.
    public let periodFrame: String?
    /// What the scenario must have for the signal to be published at all; `nil` when the node alone is enough.
    public let needs: Need?
    /// One sentence for pages and `describe`.
    public let about: String

    /// What makes a signal that not every scenario has.
    public enum Need: Sendable, Hashable {
        /// A setting of the node without default, or a step that sets the signal of that name.
        case setting(String)
        /// Another node that names this one in a setting for nodes of the role, as a vehicle names its charge point.
        case partner(SettingType.Role)
    }

    /// A signal of a kind.
    public init(
        _ name: String, _ dimension: Dimension = .none, unit: String = "", members: [String]? = nil, isFlag: Bool = false, settable: Bool = false,
        held: Bool = false, periodSetting: String? = nil, periodFrame: String? = nil, needs: Need? = nil,
        about: String
    ) {
        self.name = name
        self.dimension = dimension
        self.unit = unit
        self.members = members
        self.isFlag = isFlag
        self.settable = settable
        isHeld = held || isFlag || members != nil
        self.periodSetting = periodSetting
        self.periodFrame = periodFrame
        self.needs = needs
        self.about = about
    }
}

/// A frame that a kind brings to its bus unless the file declares one of the same name.
public struct FrameManifest: Sendable {
    /// Whether the kind sends or reads it.
    public enum Use: String, Sendable {
        /// The node sends the frame.
        case sends
        /// The node acts on the frame.
        case reads
    }

    /// Name on the bus: `BUS.FRAME`.
    public let name: String
    /// Identifier, 11 bits.
    public let id: UInt32
    /// Sent or read by nodes of this kind.
    public let use: Use
    /// Period and phase as they would be written; `nil` for frames sent on an event.
    public let every: String?
    /// Offset of the first sending from the start.
    public let phase: String?
    /// Fields as name and layout text: `("current", "u16 A")`.
    public let fields: [(name: String, layout: String)]
    /// One sentence for pages.
    public let about: String

    /// A frame of a kind.
    public init(_ name: String, id: UInt32, use: Use, every: String? = nil, phase: String? = nil, fields: [(name: String, layout: String)] = [], about: String)
    {
        self.name = name
        self.id = id
        self.use = use
        self.every = every
        self.phase = phase
        self.fields = fields
        self.about = about
    }
}

/// What a node kind is: the only source of validation, `describe`, schema, completion and reference pages.
public struct KindManifest: Sendable {
    /// Name as `is:` has it.
    public let name: String
    /// One sentence.
    public let about: String
    /// What it can be to other nodes.
    public let roles: [SettingType.Role]
    /// Keys of the node besides `is` and `count`.
    public let settings: [SettingManifest]
    /// Values that it publishes.
    public let signals: [SignalManifest]
    /// Frames that it brings to its bus.
    public let frames: [FrameManifest]
    /// What a person or the world can do to it: the verb `do`.
    public let actions: [ActionManifest]
    /// Whether nodes touch the wires of their bus without a controller of their own: they send nothing and acknowledge nothing.
    public let isProbe: Bool
    /// A whole scenario that uses it and runs.
    public let example: String
    /// Settings that say how a commanded current follows its limit, so that checks can forecast it; `nil` when it does not ramp.
    public let rampSettings: RampSettings?

    /// Names of the settings of a ramp.
    public struct RampSettings: Sendable {
        /// Setting of the type `ramp`.
        public let ramp: String
        /// Setting with the first limit.
        public let limit: String
        /// Flag that lets a limit start and stop charging.
        public let followsLimit: String
        /// Name of the frame whose period is that of the ramp.
        public let frame: String

        /// The names.
        public init(ramp: String, limit: String, followsLimit: String, frame: String) {
            self.ramp = ramp
            self.limit = limit
            self.followsLimit = followsLimit
            self.frame = frame
        }
    }

    /// A kind.
    public init(
        name: String, about: String, roles: [SettingType.Role] = [], settings: [SettingManifest], signals: [SignalManifest] = [], frames: [FrameManifest] = [],
        actions: [ActionManifest] = [], rampSettings: RampSettings? = nil, isProbe: Bool = false, example: String
    ) {
        self.isProbe = isProbe
        self.name = name
        self.about = about
        self.rampSettings = rampSettings
        self.roles = roles
        self.settings = settings
        self.signals = signals
        self.frames = frames
        self.actions = actions
        self.example = example
    }

    /// The place of a setting in the manifest's order.
    public func settingIndex(_ name: String) -> Int? { settings.firstIndex { $0.name == name } }
}

/// What a detector kind is.
public struct DetectorManifest: Sendable {
    /// Name as `is:` has it.
    public let name: String
    /// One sentence.
    public let about: String
    /// Keys of the detector besides `is`, `severity` and those of the life-cycle.
    public let settings: [SettingManifest]
    /// Where the algorithm comes from.
    public let source: String
    /// The detector as one line of a file.
    public let example: String
    /// Finds what is wrong with settings that are right one by one; `nil` when there is nothing, or when some are known only in a run.
    public let check: (@Sendable ([SettingValue], SymbolTable) -> Problem?)?

    /// Settings that do not fit together.
    public struct Problem: Sendable {
        /// The keys that lead to the place, from the detector inwards.
        public var path: [String]
        /// What is wrong, a sentence.
        public var text: String

        /// A problem at a place.
        public init(path: [String], text: String) {
            self.path = path
            self.text = text
        }
    }

    /// A detector kind.
    public init(
        name: String, about: String, settings: [SettingManifest], source: String, example: String,
        check: (@Sendable ([SettingValue], SymbolTable) -> Problem?)? = nil
    ) {
        self.check = check
        self.name = name
        self.about = about
        self.settings = settings
        self.source = source
        self.example = example
    }
}

/// A message that a step can send.
public struct MessageManifest: Sendable {
    /// Who may send it.
    public enum Sender: String, Sendable {
        /// The central system only.
        case centralSystem = "central system"
        /// The charge point only.
        case chargePoint = "charge point"
        /// Either side.
        case either = "either side"
    }

    /// Official name of the action.
    public let name: String
    /// Protocol of the message: `OCPP 1.6`.
    public let protocolName: String
    /// Who sends it.
    public let sender: Sender
    /// Fields of the request.
    public let fields: [MessageFieldManifest]
    /// Fields of the answer.
    public let answer: [MessageFieldManifest]
    /// Names of our own that stand for a whole payload: `limit`.
    public let shorthands: [(name: String, dimension: Dimension, about: String)]
    /// Fields that can stand beside a shorthand.
    public let besideShorthands: [MessageFieldManifest]
    /// One sentence.
    public let about: String

    /// A message.
    public init(
        name: String, protocolName: String, sender: Sender, fields: [MessageFieldManifest], answer: [MessageFieldManifest] = [],
        shorthands: [(name: String, dimension: Dimension, about: String)] = [], besideShorthands: [MessageFieldManifest] = [], about: String
    ) {
        self.name = name
        self.protocolName = protocolName
        self.sender = sender
        self.fields = fields
        self.answer = answer
        self.shorthands = shorthands
        self.besideShorthands = besideShorthands
        self.about = about
    }
}

/// All that a scenario may name: handed to the reader by whoever runs scenarios.
public struct Registry: Sendable {
    /// Node kinds in the order of their pages.
    public let kinds: [KindManifest]
    /// Detector kinds.
    public let detectors: [DetectorManifest]
    /// Messages.
    public let messages: [MessageManifest]
    /// Checks the fields of a message against the catalogue: the complaints with the path of the field.
    public let checkMessage: @Sendable (_ action: String, _ fields: FieldValue) -> [(path: [String], message: String)]
    /// Checks fields that take the place of some in the answer to a message.
    public let checkAnswer: @Sendable (_ action: String, _ fields: FieldValue) -> [(path: [String], message: String)]

    /// A registry.
    public init(
        kinds: [KindManifest], detectors: [DetectorManifest], messages: [MessageManifest],
        checkMessage: @escaping @Sendable (_ action: String, _ fields: FieldValue) -> [(path: [String], message: String)],
        checkAnswer: @escaping @Sendable (_ action: String, _ fields: FieldValue) -> [(path: [String], message: String)] = { _, _ in [] }
    ) {
        self.kinds = kinds
        self.detectors = detectors
        self.messages = messages
        self.checkMessage = checkMessage
        self.checkAnswer = checkAnswer
    }

    /// The place of a kind.
    public func kindIndex(_ name: String) -> Int? { kinds.firstIndex { $0.name == name } }
    /// The place of a detector kind.
    public func detectorIndex(_ name: String) -> Int? { detectors.firstIndex { $0.name == name } }
    /// The manifest of a message.
    public func message(_ name: String) -> MessageManifest? { messages.first { $0.name == name } }
}
