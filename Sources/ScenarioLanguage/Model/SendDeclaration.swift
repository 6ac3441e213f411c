public import Quantities
public import YAMLTree

/// A frame that a node made of parts sends, when it does so, and what it says.
public struct SendDeclaration: Sendable {
    /// What makes the node send.
    public enum Cause: Sendable {
        /// Time: a period, and the first one counted from the start of the run.
        case every(TimeValue, phase: Duration)
        /// The arrival of a frame, counted among the frames of all buses.
        case arrival(frame: Int, after: TimeValue)
        /// The beginning of one of these states.
        case entering(states: [Int], after: TimeValue)
    }

    /// What a field of the frame holds.
    public enum Value: Sendable {
        /// The signal of the node that has the field's name, or 0.
        case usual
        /// A number in base units.
        case constant(Double)
        /// A formula, evaluated when the frame is sent.
        case formula(Formula)
    }

    /// The frame, among the frames of all buses.
    public var frame: Int
    /// What makes the node send it.
    public var cause: Cause
    /// What must hold at that instant.
    public var condition: Formula?
    /// Values in the order of the frame's fields.
    public var values: [Value]
    /// Its place.
    public var span: Span
}
