import CAN
import Quantities

/// The sending side of ISO-TP: cuts a message into frames and heeds the receiver's flow control (ISO 15765-2:2016).
///
/// A pure state machine: it is told what happens and when, and appends what is to be done. Every frame that it asks for is confirmed by
/// ``transmitted(at:into:)`` when it is on the bus; a host that cannot know calls it at once. Between calls the host waits until
/// ``deadline`` and then calls ``advance(to:into:)``.
public struct ISOTPSender: Sendable {
    /// How messages are sent.
    public struct Settings: Hashable, Sendable {
        /// Identifier and address of the data frames.
        public var data: ISOTPEndpoint
        /// Identifier and address of the receiver's flow controls.
        public var flow: ISOTPEndpoint
        /// The form of the data frames.
        public var format: ISOTPFormat
        /// Whether the message goes to all: then only single frames can be sent.
        public var isFunctional = false
        /// How often in a row the receiver may ask to wait (N_WFTmax as most implementations have it).
        public var waitLimit = 16
        /// N_As: the longest time from asking for a frame until it is on the bus.
        public var frameTime = Duration.seconds(1)
        /// N_Bs: the longest time until a flow control.
        public var flowTime = Duration.seconds(1)
        /// The longest message; above 4095 bytes the length takes four bytes more.
        public var limit = 65_535

        /// Data on one endpoint, flow controls on another.
        public init(data: ISOTPEndpoint, flow: ISOTPEndpoint, format: ISOTPFormat = .classic) {
            self.data = data
            self.flow = flow
            self.format = format
        }
    }

    /// What is to be done, or has come out.
    public enum Output: Hashable, Sendable {
        /// Put a frame on the bus.
        case transmit(CANWideFrame)
        /// The last frame of the message is on the bus.
        case sent
        /// The message was given up.
        case failed(TransferError)
    }

    private enum State {
        case idle
        /// A frame waits for the bus; whether it was the first of several.
        case sending(isFirst: Bool)
        case awaitingFlow
        case pausing
    }

    /// How messages are sent.
    public let settings: Settings
    /// When ``advance(to:into:)`` is due; `nil` when nothing is awaited.
    public private(set) var deadline: Instant?
    private var state = State.idle
    private var message: [UInt8] = []
    private var position = 0
    private var number: UInt8 = 0
    private var blockLeft: Int?
    private var pause = Duration.zero
    private var waits = 0

    /// A sender at rest.
    public init(_ settings: Settings) { self.settings = settings }

    /// Whether a message can be sent.
    public var isIdle: Bool { if case .idle = state { true } else { false } }

    /// Begins to send a message.
    ///
    /// Throws `busy` while another is under way, and `length` for an empty message, one above the limit, or several frames to all.
    public mutating func send(_ message: [UInt8], at now: Instant, into outputs: inout [Output]) throws(TransferError) {
        guard isIdle else { throw .busy }
        let single = settings.format.singleFrameCapacity(addressed: settings.data.address != nil)
        let limit = settings.isFunctional ? single : min(settings.limit, Int(UInt32.max))
        guard message.count >= 1, message.count <= limit else { throw .length(count: message.count, limit: limit) }
        self.message = message
        let count = message.count
        if count <= single {
            let head: [UInt8] = count <= 7 - settings.data.overhead ? [UInt8(count)] : [0, UInt8(count)]
            transmit(head, upTo: count, isFirst: false, at: now, into: &outputs)
        } else {
            var head: [UInt8] = [0x10 | UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
            if count > 4095 { head = [0x10, 0] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) } }
            transmit(head, upTo: settings.format.frameLength - settings.data.overhead - head.count, isFirst: true, at: now, into: &outputs)
            number = 1
        }
    }

    /// The frame that was asked for last is on the bus.
    public mutating func transmitted(at now: Instant, into outputs: inout [Output]) {
        guard case .sending(let isFirst) = state else { return }
        if position >= message.count {
            reset()
            outputs.append(.sent)
        } else if isFirst || blockLeft == 0 {
            waits = 0
            wait(.awaitingFlow, until: now + settings.flowTime)
        } else if pause > .zero {
            wait(.pausing, until: now + pause)
        } else {
            consecutive(at: now, into: &outputs)
        }
    }

    /// A frame arrived; all but the flow controls of this transfer are let go by.
    public mutating func receive(_ frame: CANWideFrame, at now: Instant, into outputs: inout [Output]) {
        guard let start = settings.flow.start(of: frame), frame[start] >> 4 == 3, frame.frame.count >= start + 3 else { return }
        // An answer proves that the frame before it was on the bus, even if the confirmation is still to come.
        if case .sending(let isFirst) = state, position < message.count, isFirst || blockLeft == 0 { state = .awaitingFlow }
        guard case .awaitingFlow = state else { return }
        switch frame[start] & 15 {
        case 0:
            let size = Int(frame[start + 1])
            blockLeft = size == 0 ? nil : size
            pause = ISOTPSeparation.duration(of: frame[start + 2])
            consecutive(at: now, into: &outputs)
        case 1:
            waits += 1
            guard waits <= settings.waitLimit else { return fail(.waits(limit: settings.waitLimit), into: &outputs) }
            deadline = now + settings.flowTime
        case 2: fail(.overflow, into: &outputs)
        case let status: fail(.flowStatus(status), into: &outputs)
        }
    }

    /// Time has come to `now`.
    public mutating func advance(to now: Instant, into outputs: inout [Output]) {
        guard let due = deadline, due <= now else { return }
        switch state {
        case .idle: deadline = nil
        case .sending: fail(.timeout(.frameOfSender), into: &outputs)
        case .awaitingFlow: fail(.timeout(.flowControl), into: &outputs)
        case .pausing: consecutive(at: now, into: &outputs)
        }
    }

    // MARK: Frames

    private mutating func consecutive(at now: Instant, into outputs: inout [Output]) {
        let end = min(message.count, position + settings.format.frameLength - 1 - settings.data.overhead)
        if let left = blockLeft { blockLeft = left - 1 }
        transmit([0x20 | number], upTo: end, isFirst: false, at: now, into: &outputs)
        number = (number + 1) & 15
    }

    private mutating func transmit(_ head: [UInt8], upTo end: Int, isFirst: Bool, at now: Instant, into outputs: inout [Output]) {
        outputs.append(.transmit(settings.format.frame(settings.data, head, message[position..<end])))
        position = end
        wait(.sending(isFirst: isFirst), until: now + settings.frameTime)
    }

    private mutating func wait(_ state: State, until instant: Instant) {
        self.state = state
        deadline = instant
    }

    private mutating func fail(_ error: TransferError, into outputs: inout [Output]) {
        reset()
        outputs.append(.failed(error))
    }

    private mutating func reset() {
        state = .idle
        deadline = nil
        message = []
        position = 0
        blockLeft = nil
        waits = 0
    }
}
