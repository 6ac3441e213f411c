public import CAN

/// A place in a database file, for findings.
public struct DatabasePlace: Hashable, Sendable {
    /// Line, from 1; 0 for what was not read from a file.
    public var line: Int
    /// Column in code points, from 1.
    public var column: Int
    /// Number of code points.
    public var length: Int

    /// A place.
    public init(line: Int, column: Int, length: Int = 1) {
        self.line = line
        self.column = column
        self.length = length
    }

    /// No place.
    public static let none = DatabasePlace(line: 0, column: 0, length: 0)
}

/// Text for one raw value of a signal.
public struct ValueLabel: Hashable, Sendable {
    /// The raw value.
    public var raw: Int128
    /// What it means.
    public var text: String

    /// A label.
    public init(_ raw: Int128, _ text: String) {
        self.raw = raw
        self.text = text
    }
}

/// When a multiplexed signal is in its message: when the multiplexer has one of some raw values.
public struct Multiplexing: Hashable, Sendable {
    /// Name of the signal that decides; `nil` is the only multiplexer of the message (`m3` without `SG_MUL_VAL_`).
    public var multiplexer: String?
    /// Its raw values; a file has at least one range.
    public var ranges: [ClosedRange<UInt64>]
    /// Place of the `SG_MUL_VAL_` statement.
    public var place = DatabasePlace.none

    /// A condition.
    public init(multiplexer: String? = nil, ranges: [ClosedRange<UInt64>]) {
        self.multiplexer = multiplexer
        self.ranges = ranges
    }
}

/// One signal of a message, as an `SG_` line and the statements about it describe it.
public struct Signal: Hashable, Sendable {
    /// Name.
    public var name: String
    /// Start bit as in the file: the least significant one (Intel), or the most significant one (Motorola).
    public var start: Int
    /// Number of bits, 1 to 64.
    public var bits: Int
    /// Which way the bytes run: `@1` little-endian, `@0` big-endian.
    public var order: FieldLayout.Order
    /// Unsigned, signed, or IEEE 754 (`SIG_VALTYPE_`).
    public var form: FieldLayout.Form
    /// Value of one raw step.
    public var factor: DatabaseNumber
    /// Value of raw 0.
    public var offset: DatabaseNumber
    /// Least value; both limits 0 mean that there are none.
    public var minimum: DatabaseNumber
    /// Greatest value.
    public var maximum: DatabaseNumber
    /// Unit as text.
    public var unit: String
    /// Nodes that read it.
    public var receivers: [String]
    /// Whether it decides which other signals are there (`M`).
    public var isMultiplexer = false
    /// When it is there (`m3`); `nil`: always.
    public var multiplexing: Multiplexing?
    /// Texts of raw values, in the order of the file.
    public var labels: [ValueLabel] = []
    /// Comment.
    public var comment = ""
    /// Place of its name.
    public var place = DatabasePlace.none

    /// A signal.
    public init(
        name: String, start: Int, bits: Int, order: FieldLayout.Order = .littleEndian, form: FieldLayout.Form = .unsigned, factor: DatabaseNumber = .one,
        offset: DatabaseNumber = .zero, minimum: DatabaseNumber = .zero, maximum: DatabaseNumber = .zero, unit: String = "", receivers: [String] = []
    ) {
        self.name = name
        self.start = start
        self.bits = bits
        self.order = order
        self.form = form
        self.factor = factor
        self.offset = offset
        self.minimum = minimum
        self.maximum = maximum
        self.unit = unit
        self.receivers = receivers
    }

    /// Whether the file gives limits: `[0|0]` stands for none.
    public var hasRange: Bool { minimum.value != 0 || maximum.value != 0 }

    /// Where its bits lie; throws when it has no place in 64 data bytes.
    public func fieldBits() throws(FieldError) -> FieldBits { try FieldBits(at: start, bits: bits, order: order) }

    /// The text of a raw value.
    public func label(of raw: Int128) -> String? { labels.first { $0.raw == raw }?.text }
}
