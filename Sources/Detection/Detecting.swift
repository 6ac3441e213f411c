public import Quantities

/// A detector in service, whatever it looks at: signals, frames of a bus, or messages.
///
/// Times are those of the run. A score of at least 1 is anomalous, `nil` is no verdict. An update allocates nothing once the detector has
/// reached its usual size, and none may crash or loop on infinities, values that are no number, or any order of time stamps.
public protocol Detecting: AnyObject {
    /// When the detector wants `timer(at:)` called although nothing arrives; `nil` for never.
    var nextTimer: Instant? { get }
    /// The instant of `nextTimer` has come.
    func timer(at instant: Instant) -> Double?
    /// `only_when` is true again after a time without input: timers and slopes start anew, what was learnt stays.
    func resume()
    /// Input that could not be used.
    var health: DetectorHealth { get }
    /// What the last anomalous score is about, for example `0x300` or `cp1`; empty when there is nothing to name.
    var blame: String { get }
    /// When what the last anomalous score is about began, if that is before the input that showed it.
    var onset: Instant? { get }
    /// Writes the state, so that `restore` goes on with the same bits.
    func save(_ writer: inout StateWriter)
    /// Takes over a state that a detector with the same settings has saved.
    func restore(_ reader: inout StateReader) throws(DetectionError)
}

extension Detecting {
    public var nextTimer: Instant? { nil }
    public func timer(at instant: Instant) -> Double? { nil }
    public func resume() {}
    public var blame: String { "" }
    public var onset: Instant? { nil }
}

/// A detector over several signals, numbered as its kind says.
public protocol SignalsDetecting: Detecting {
    /// The input that is judged by the others: of the values of one instant it should be handed over last.
    var judgedInput: Int { get }
    /// A signal has a new value.
    func update(at instant: Instant, input: Int, value: Double) -> Double?
}

extension SignalsDetecting {
    public var judgedInput: Int { 0 }
}

/// A detector over the frames of a bus, or of one identifier when it watches a declared frame.
public protocol FramesDetecting: Detecting {
    /// Whether `bits` of an update is the exact length; otherwise it is 0, as counting bits takes time.
    var needsBits: Bool { get }
    /// A frame is complete on the bus. An update never keeps the bytes.
    ///
    /// - Parameters:
    ///   - identifier: the identifier with the flags of SocketCAN: bit 31 for 29-bit identifiers, bit 30 for remote frames, bit 29 for error reports.
    ///   - data: the data bytes, 0 to 8, or to 64 with CAN FD.
    ///   - bits: its length on the wire with stuff bits and intermission; see `FrameBits`.
    func update(at instant: Instant, identifier: UInt32, data: UnsafeRawBufferPointer, bits: Int) -> Double?
}

extension FramesDetecting {
    public var needsBits: Bool { false }
}

/// A detector over the messages of connections.
public protocol MessagesDetecting: Detecting {
    /// A message is on the wire, or a connection has changed.
    func update(_ event: MessageEvent) -> Double?
}
