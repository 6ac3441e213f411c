public import CAN

/// The codecs of all messages, found by identifier.
public struct DatabaseCodec: Sendable {
    /// Codecs in the order of the messages.
    public let messages: [MessageCodec]
    private let short: [Int32]
    private let long: [UInt32: Int32]

    /// The codecs of a database; of messages with the same identifier the first one counts.
    public init(_ database: Database) {
        messages = database.messages.map(MessageCodec.init)
        var short = [Int32](repeating: -1, count: 2048)
        var long: [UInt32: Int32] = [:]
        for (index, message) in database.messages.enumerated() where message.wrongNumber == nil {
            if message.isExtended {
                if long[message.id] == nil { long[message.id] = Int32(index) }
            } else if message.id < 2048, short[Int(message.id)] < 0 {
                short[Int(message.id)] = Int32(index)
            }
        }
        (self.short, self.long) = (short, long)
    }

    /// Index of the message of a frame; `nil` for remote frames, error reports and unknown identifiers.
    public func message(of frame: CANFrame) -> Int? {
        guard frame.rawIdentifier & (CANFrame.remoteFlag | CANFrame.errorFlag) == 0 else { return nil }
        if frame.isExtended { return long[frame.id].map(Int.init) }
        let index = short[Int(frame.id & 0x7FF)]
        return index >= 0 ? Int(index) : nil
    }
}
