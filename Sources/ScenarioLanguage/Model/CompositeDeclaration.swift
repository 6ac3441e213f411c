public import YAMLTree

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
