import Quantities

/// The part of an instant that an event belongs to; the phases of one instant run in this order.
///
/// Ties inside a phase fall to the order of the nodes in the file, then to the order in which the events were scheduled.
@frozen
public enum EventPhase: UInt8, CaseIterable, Sendable {
    /// A message or a frame arrives at a node.
    case delivery = 0
    /// A timer of a node or a wait of a step runs out.
    case timer = 1
    /// A periodic reading of a signal.
    case sampler = 2
    /// A detector looks at what was committed.
    case detector = 3
}

/// One entry of the event queue: when, in which order, and what; 32 bytes.
///
/// `kind`, `target` and `payload` mean nothing to the kernel: the dispatcher gives them meaning, for example a classic CAN payload held
/// in place, or an index into a store of messages.
@frozen
public struct Event: Sendable {
    /// Total order: time in the high half, then phase (4 bits), node (24 bits) and sequence (36 bits) in the low half.
    public var key: UInt128
    /// What the dispatcher attaches to the event.
    public var payload: UInt64
    /// The dispatcher's own kind of event.
    public var kind: UInt32
    /// The dispatcher's own index of the receiver.
    public var target: UInt32

    /// Largest node number that the order key holds.
    public static let maximumNode: UInt32 = (1 << 24) - 1
    /// Number of different sequence numbers that the order key holds.
    public static let sequenceCount: UInt64 = 1 << 36

    /// An event; bits of `node` and `sequence` beyond their fields are dropped.
    @inlinable
    public init(time: Instant, phase: EventPhase, node: UInt32, sequence: UInt64, kind: UInt32, target: UInt32, payload: UInt64) {
        let order = UInt64(phase.rawValue) &<< 60 | UInt64(node & 0xFF_FFFF) &<< 36 | (sequence & 0xF_FFFF_FFFF)
        self.key = UInt128(_low: order, _high: Event.ordered(time))
        self.payload = payload
        self.kind = kind
        self.target = target
    }

    /// When the event happens.
    @inlinable
    public var time: Instant { Instant(nanoseconds: Int64(bitPattern: key._high ^ (1 &<< 63))) }
    /// The phase of the instant, or `nil` if the key was not made by `init`.
    @inlinable
    public var phase: EventPhase? { EventPhase(rawValue: UInt8(truncatingIfNeeded: key._low &>> 60)) }
    /// The node in whose name the event happens, by its order in the file.
    @inlinable
    public var node: UInt32 { UInt32(truncatingIfNeeded: key._low &>> 36) & 0xFF_FFFF }
    /// The number of the event in the order of scheduling.
    @inlinable
    public var sequence: UInt64 { key._low & 0xF_FFFF_FFFF }

    /// Instants as unsigned numbers in the same order.
    @inlinable
    static func ordered(_ time: Instant) -> UInt64 { UInt64(bitPattern: time.nanoseconds) ^ (1 &<< 63) }
}
