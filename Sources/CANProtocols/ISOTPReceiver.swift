import CAN
import Quantities

/// The receiving side of ISO-TP: puts a message together from frames and answers with flow control (ISO 15765-2:2016).
///
/// A pure state machine as ``ISOTPSender``. Frames that the standard says to ignore are ignored: lengths that do not fit, consecutive
/// frames that nobody waits for, a first frame to all. Memory is bounded by ``Settings/limit`` whatever a first frame announces.
public struct ISOTPReceiver: Sendable {
    /// How messages are received.
    public struct Settings: Hashable, Sendable {
        /// Identifier and address of the data frames.
        public var data: ISOTPEndpoint
        /// Identifier and address of our flow controls.
        public var flow: ISOTPEndpoint
        /// The form of our flow controls.
        public var format: ISOTPFormat
        /// Whether the messages go to all: then only single frames are taken.
        public var isFunctional = false
        /// BS: how many consecutive frames come between flow controls, 0 for all.
        public var blockSize: UInt8 = 0
        /// STmin: the least time between consecutive frames that we ask for, as a byte of the protocol.
        public var separation: UInt8 = 0
        /// The longest message that is taken; a longer one is answered with overflow.
        public var limit = 65_535
        /// How many times we ask to wait before each permission to go on.
        public var waits = 0
        /// Time between two requests to wait, and from the last one to the permission.
        public var waitTime = Duration.milliseconds(100)
        /// N_Ar: the longest time from asking for a flow control until it is on the bus.
        public var frameTime = Duration.seconds(1)
        /// N_Cr: the longest time until the next consecutive frame.
        public var consecutiveTime = Duration.seconds(1)

        /// Data on one endpoint, flow controls on another.
        public init(data: ISOTPEndpoint, flow: ISOTPEndpoint, format: ISOTPFormat = .classic) {
            self.data = data
            self.flow = flow
            self.format = format
        }
    }

    /// What is to be done, or has come out.
    public enum Output: Hashable, Sendable {
        /// Put a flow control on the bus.
        case transmit(CANWideFrame)
        /// A message is complete.
        case received([UInt8])
        /// A message was given up.
        case failed(TransferError)
    }

    private enum State {
        case idle
        /// A flow control waits for the bus; whether it was a request to wait.
        case answering(isWait: Bool)
        /// Overflow was said; nothing follows.
        case refusing
        case waiting
        case receiving
    }

    /// How messages are received.
    public let settings: Settings
    /// When ``advance(to:into:)`` is due; `nil` when nothing is awaited.
    public private(set) var deadline: Instant?
    private var state = State.idle
    private var message: [UInt8] = []
    private var length = 0
    private var frameLength = 8
    private var number: UInt8 = 0
    private var blockLeft: Int?
    private var waitsLeft = 0

    /// A receiver at rest.
    public init(_ settings: Settings) { self.settings = settings }

    /// Whether no message is under way.
    public var isIdle: Bool { if case .idle = state { true } else { false } }

    /// A frame arrived; all but the data frames of this transfer are let go by.
    public mutating func receive(_ frame: CANWideFrame, at now: Instant, into outputs: inout [Output]) {
        guard let start = settings.data.start(of: frame) else { return }
        switch frame[start] >> 4 {
        case 0: single(frame, start, into: &outputs)
        case 1: first(frame, start, at: now, into: &outputs)
        case 2: consecutive(frame, start, at: now, into: &outputs)
        default: return
        }
    }

    /// The flow control that was asked for last is on the bus.
    public mutating func transmitted(at now: Instant, into outputs: inout [Output]) {
        switch state {
        case .answering(isWait: false): wait(.receiving, until: now + settings.consecutiveTime)
        case .answering(isWait: true): wait(.waiting, until: now + settings.waitTime)
        case .refusing: reset()
        case .idle, .waiting, .receiving: return
        }
    }

    /// Time has come to `now`.
    public mutating func advance(to now: Instant, into outputs: inout [Output]) {
        guard let due = deadline, due <= now else { return }
        switch state {
        case .idle, .refusing: reset()
        case .answering: fail(.timeout(.frameOfReceiver), into: &outputs)
        case .waiting: answer(at: now, into: &outputs)
        case .receiving: fail(.timeout(.consecutiveFrame), into: &outputs)
        }
    }

    // MARK: Frames

    private mutating func single(_ frame: CANWideFrame, _ start: Int, into outputs: inout [Output]) {
        var length = Int(frame[start] & 15)
        var body = start + 1
        if length == 0, frame.frame.count > 8 {
            length = Int(frame[start + 1])
            body += 1
        } else if length > 7 - settings.data.overhead {
            return
        }
        guard length > 0, body + length <= frame.frame.count else { return }
        interrupt(into: &outputs)
        outputs.append(.received((body..<body + length).map { frame[$0] }))
    }

    private mutating func first(_ frame: CANWideFrame, _ start: Int, at now: Instant, into outputs: inout [Output]) {
        let count = frame.frame.count
        guard count >= 8, !settings.isFunctional else { return }
        var length = Int(frame[start] & 15) << 8 | Int(frame[start + 1])
        var body = start + 2
        if length == 0 {
            for _ in 0..<4 {
                length = length << 8 | Int(frame[body])
                body += 1
            }
            guard length > 4095 else { return }
        }
        // A message that a single frame of this length could hold, and one that ends within the first frame, are not to be sent so.
        guard length > (count > 8 ? count - 2 : 7) - settings.data.overhead else { return }
        interrupt(into: &outputs)
        guard length <= settings.limit else {
            outputs.append(.transmit(settings.format.frame(settings.flow, [0x32, 0, 0])))
            outputs.append(.failed(.overflow))
            return wait(.refusing, until: now + settings.frameTime)
        }
        self.length = length
        frameLength = count
        number = 1
        message = (body..<count).map { frame[$0] }
        waitsLeft = settings.waits
        answer(at: now, into: &outputs)
    }

    private mutating func consecutive(_ frame: CANWideFrame, _ start: Int, at now: Instant, into outputs: inout [Output]) {
        switch state {
        case .receiving, .answering(isWait: false): break
        case .idle, .refusing, .waiting, .answering(isWait: true): return
        }
        let room = frameLength - start - 1
        let wanted = min(room, length - message.count)
        guard frame.frame.count <= frameLength, frame.frame.count >= start + 1 + wanted else { return }
        guard frame[start] & 15 == number else {
            return fail(.sequence(due: Int(number), got: Int(frame[start] & 15)), into: &outputs)
        }
        message.append(contentsOf: (start + 1..<start + 1 + wanted).map { frame[$0] })
        number = (number + 1) & 15
        if message.count == length {
            let message = message
            reset()
            return outputs.append(.received(message))
        }
        if let left = blockLeft { blockLeft = left - 1 }
        if blockLeft == 0 {
            waitsLeft = settings.waits
            answer(at: now, into: &outputs)
        } else {
            wait(.receiving, until: now + settings.consecutiveTime)
        }
    }

    /// Asks for a flow control: to wait as long as waits are left, else to go on.
    private mutating func answer(at now: Instant, into outputs: inout [Output]) {
        let isWait = waitsLeft > 0
        waitsLeft -= isWait ? 1 : 0
        if !isWait { blockLeft = settings.blockSize == 0 ? nil : Int(settings.blockSize) }
        outputs.append(.transmit(settings.format.frame(settings.flow, [isWait ? 0x31 : 0x30, settings.blockSize, settings.separation])))
        wait(.answering(isWait: isWait), until: now + settings.frameTime)
    }

    private mutating func wait(_ state: State, until instant: Instant) {
        self.state = state
        deadline = instant
    }

    private mutating func interrupt(into outputs: inout [Output]) {
        switch state {
        case .idle, .refusing: reset()
        case .answering, .waiting, .receiving: fail(.interrupted, into: &outputs)
        }
    }

    private mutating func fail(_ error: TransferError, into outputs: inout [Output]) {
        reset()
        outputs.append(.failed(error))
    }

    private mutating func reset() {
        state = .idle
        deadline = nil
        message = []
        length = 0
        blockLeft = nil
    }
}
