public import Quantities

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
    /// What the sender works out for the field; `nil` for a value of its own.
    public var computed: ComputedField?
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

/// A DBC file that a bus has as `dbc`.
public struct BusDatabase: Sendable {
    /// Path as the file writes it.
    public var path: String
    /// Number of its messages.
    public var messages: Int
    /// What does not mean the same here: names that were changed, units that are not known.
    public var notes: [String]
}
