/// Why a transfer of more bytes than a frame holds came to nothing.
public enum TransferError: Error, Hashable, Sendable {
    /// The other side did not answer, or did not go on, in time.
    case timeout
    /// A frame came out of its order.
    case sequence
    /// The other side has no room for the message.
    case overflow
    /// The other side ended the transfer, with the reason of the protocol.
    case aborted(reason: UInt8)
}
