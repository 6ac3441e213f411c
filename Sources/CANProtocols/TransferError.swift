/// Why a transfer of more bytes than a frame holds came to nothing.
public enum TransferError: Error, Hashable, Sendable {
    /// What a side waited for when its time ran out; the names are those of the standards.
    public enum Timer: String, Hashable, Sendable {
        /// ISO-TP: a frame of the sender was not on the bus in time (N_As).
        case frameOfSender = "N_As"
        /// ISO-TP: a flow control of the receiver was not on the bus in time (N_Ar).
        case frameOfReceiver = "N_Ar"
        /// ISO-TP: the sender waited for a flow control (N_Bs).
        case flowControl = "N_Bs"
        /// ISO-TP: the receiver waited for a consecutive frame (N_Cr).
        case consecutiveFrame = "N_Cr"
        /// J1939: the responder waited for the next data packet (T1).
        case nextPacket = "T1"
        /// J1939: the responder waited for the first data packet after its CTS (T2).
        case firstPacket = "T2"
        /// J1939: the originator waited for a CTS or the end of message (T3).
        case answer = "T3"
        /// J1939: the originator waited for a CTS after it was put on hold (T4).
        case hold = "T4"
    }

    /// The other side did not answer, or did not go on, in time.
    case timeout(Timer)
    /// A frame came out of its order: which number was due, and which came.
    case sequence(due: Int, got: Int)
    /// The other side has no room for the message.
    case overflow
    /// The other side ended the transfer, with the reason of the protocol.
    case aborted(reason: UInt8)
    /// This side ended the transfer, with the reason of the protocol.
    case gaveUp(reason: UInt8)
    /// A transfer with that other side is under way, and no room to wait is left.
    case busy
    /// The message is longer than the protocol or the setting allows, or empty.
    case length(count: Int, limit: Int)
    /// The other side asked to wait more often than the limit.
    case waits(limit: Int)
    /// A flow control with a status that the standard does not know.
    case flowStatus(UInt8)
    /// The other side began another message before this one was complete.
    case interrupted
}

extension TransferError: CustomStringConvertible {
    /// One clause for a person: `no flow control in time (N_Bs)`.
    public var description: String {
        switch self {
        case .timeout(let timer): "\(timer.text) (\(timer.rawValue))"
        case .sequence(let due, let got): "number \(got) came where \(due) was due"
        case .overflow: "the receiver has no room for the message"
        case .aborted(let reason): "the other side ended it: \(J1939Abort.text(reason))"
        case .gaveUp(let reason): "ended here: \(J1939Abort.text(reason))"
        case .busy: "a transfer to the same side is under way, and too many wait"
        case .length(let count, let limit): count == 0 ? "an empty message" : "\(count) bytes, and at most \(limit) can be sent"
        case .waits(let limit): "the receiver asked to wait more than \(limit) times"
        case .flowStatus(let status): "a flow control with the unknown status \(status)"
        case .interrupted: "another message began before it was complete"
        }
    }
}

extension TransferError.Timer {
    /// What did not happen in time.
    var text: String {
        switch self {
        case .frameOfSender, .frameOfReceiver: "a frame did not get onto the bus in time"
        case .flowControl: "no flow control in time"
        case .consecutiveFrame: "no consecutive frame in time"
        case .nextPacket: "no next packet in time"
        case .firstPacket: "no packet after the CTS in time"
        case .answer: "no CTS or end of message in time"
        case .hold: "no CTS in time after a hold"
        }
    }
}
