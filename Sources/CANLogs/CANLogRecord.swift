import CAN
import Quantities

/// One line or packet of a log: when, where and what.
public struct CANLogRecord: Hashable, Sendable {
    /// Whether the logger's own machine sent the frame.
    public enum Direction: UInt8, Hashable, Sendable {
        /// The format or the file does not say.
        case unknown
        case received
        case transmitted
    }

    /// Time since 1970-01-01 UTC, or since the log's beginning where the log has no date.
    public var instant: Instant
    /// Index of the interface among those of the log, from 0.
    public var channel: UInt16
    /// Who sent it, as far as it is known.
    public var direction: Direction
    /// The frame with its data.
    public var frame: CANWideFrame

    /// A record.
    public init(instant: Instant, channel: UInt16 = 0, direction: Direction = .unknown, frame: CANWideFrame) {
        self.instant = instant
        self.channel = channel
        self.direction = direction
        self.frame = frame
    }
}
