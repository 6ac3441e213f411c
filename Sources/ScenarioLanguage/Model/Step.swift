public import Quantities
public import YAMLTree

/// One step of the scenario.
public struct Step: Sendable {
    /// What it does.
    public var action: StepAction
    /// Ground truth while it runs.
    public var label: LabelDeclaration?
    /// Its place: the verb.
    public var span: Span
    /// The place of a charging limit that the step sends, for findings about it.
    public var limitSpan: Span?
    /// Number of the step among all steps with calls written out; steps that are read twice have two.
    public var number = 0
}

extension Step {
    /// Whether it is an attack, built in or of a plugin.
    public var isAttack: Bool {
        switch action {
        case .attack, .intercept: true
        default: false
        }
    }
}

/// A time that is constant or computed when the step is reached.
public enum TimeValue: Sendable {
    /// As written.
    case constant(Duration)
    /// Evaluated when the step is reached.
    case formula(Formula)
}

/// The nodes that a message goes to.
public enum NodeTarget: Sendable {
    /// Known when the file is read.
    case constant([Int])
    /// Evaluated when the step is reached.
    case formula(Formula)
    /// An argument of the sequence.
    case local(Int)
}

/// The verbs of the language.
public indirect enum StepAction: Sendable {
    /// Waits for a time.
    case wait(TimeValue)
    /// Waits until a time since the start of the run.
    case at(TimeValue)
    /// Waits until a formula is true; fails the run when the time is out, unless it may go on.
    case until(Formula, timeout: TimeValue?, goesOn: Bool)
    /// Sends a message and waits for the answer.
    case send(SendStep)
    /// Sends a CAN frame.
    case transmit(FrameStep)
    /// Does something to nodes.
    case act(ActStep)
    /// Writes signals.
    case set([(signal: Int, value: Formula)])
    /// Repeats steps.
    case repeatSteps(RepeatMode, [Step])
    /// Runs tracks side by side and waits for all.
    case parallel([(name: String, steps: [Step])])
    /// Runs one of two lists.
    case when(Formula, then: [Step], otherwise: [Step])
    /// Runs a sequence, whose steps were read for this call.
    case call(name: String, arguments: [SequenceArgument], steps: [Step])
    /// Runs an attack made of steps, for some time at most.
    case attack(AttackStep)
    /// Acts on frames, messages or signals on their way.
    case intercept(InterceptStep)
}

/// Something that is done to nodes of one kind.
public struct ActStep: Sendable {
    /// Name of the action.
    public var name: String
    /// The kind of the nodes.
    public var kind: Int
    /// Place of the action in the manifest of the kind.
    public var action: Int
    /// Nodes that it is done to.
    public var to: NodeTarget
    /// Its settings in the order of the manifest.
    public var values: [SettingValue]
}

/// An attack made of steps.
public struct AttackStep: Sendable {
    /// Name of the attack.
    public var name: String
    /// Nodes that it is aimed at, when they are known when the file is read.
    public var targets: [Int]
    /// When it ends if its steps have not ended by then.
    public var duration: TimeValue?
    /// What it is handed.
    public var arguments: [SequenceArgument]
    /// Its steps.
    public var steps: [Step]
}

/// How long a repetition goes on.
public enum RepeatMode: Sendable {
    /// Until the run ends.
    case forever
    /// A number of times.
    case times(Int)
    /// Starts no further round after this time.
    case during(Duration)
    /// While a formula is true, asked before each round.
    case whileTrue(Formula)
    /// A number of times, or for a time, that is known when the step is reached.
    case computed(Formula)
}

/// What a call hands to a sequence.
public enum SequenceArgument: Sendable {
    /// A number or flag into a slot behind the signals.
    case number(slot: Int, Formula)
    /// A node set into a local.
    case nodes(local: Int, NodeTarget)
}

/// A message to send.
public struct SendStep: Sendable {
    /// Official name of the action.
    public var action: String
    /// Receivers.
    public var to: NodeTarget
    /// Sender when named, or when only one node can be it.
    public var from: Int?
    /// Official fields and shorthands.
    public var fields: FieldValue
    /// Text that is sent as it is, valid or not.
    public var payload: String?
}

/// A frame to send.
public struct FrameStep: Sendable {
    /// Bus that it is sent on.
    public var bus: Int
    /// Node that sends it; `nil` for somebody outside the file.
    public var from: Int?
    /// What is sent.
    public var content: Content

    /// What a frame holds.
    public enum Content: Sendable {
        /// A declared frame by its number in the symbol table, with the values of some of its fields.
        case declared(frame: Int, values: [(field: Int, value: Formula)])
        /// A frame of the step's own.
        case raw(RawFrame)
    }

    /// A frame as bytes.
    public struct RawFrame: Sendable {
        /// Identifier.
        public var id: UInt32
        /// Whether the identifier has 29 bits.
        public var isExtended: Bool
        /// Whether the frame asks for data.
        public var isRemote: Bool
        /// Whether the frame has the format of CAN FD.
        public var isFD: Bool
        /// Data; at most 8 bytes, or 64 with CAN FD.
        public var data: [UInt8]
        /// Length code of a remote frame, or of a classic frame that claims more than its eight bytes.
        public var lengthCode: UInt8?
    }
}

/// A value of a message field as the file has it.
public indirect enum FieldValue: Sendable {
    /// A text; quoted texts never become numbers.
    case text(String, quoted: Bool)
    /// A number with its unit, in base units.
    case quantity(Quantity)
    /// Evaluated when the message is sent.
    case formula(Formula)
    /// A list.
    case list([FieldValue])
    /// An object in the order of the file.
    case object([(name: String, value: FieldValue)])
}

extension FieldValue {
    /// Whether any value inside is evaluated when the message is sent.
    public var containsFormula: Bool {
        switch self {
        case .formula: true
        case .object(let entries): entries.contains { $0.value.containsFormula }
        case .list(let items): items.contains(where: \.containsFormula)
        case .text, .quantity: false
        }
    }
}

/// Ground truth that a step makes.
public struct LabelDeclaration: Sendable {
    /// Index in `Scenario.labelKinds`.
    public var kind: Int
    /// `low`, `medium`, `high` or `critical`.
    public var severity: String
    /// Time past the end of the step.
    public var past: Duration
    /// Its place.
    public var span: Span
    /// Name of the attack that makes it; `nil` for the line of the step.
    public var name: String?
    /// What it acts on, where the step does not say it.
    public var target: String?
}
