import CAN
import CANProtocols
import Quantities
import ScenarioLanguage

/// A connection of ISO-TP: the endpoints, and the form of the frames.
struct ISOTPChannel: Hashable {
    let bus: Int
    let data: ISOTPEndpoint
    let flow: ISOTPEndpoint
    let format: ISOTPFormat
    /// Whether there are flow controls, so that more than a single frame can be sent.
    let isAnswered: Bool
    let blockSize: UInt8
    let separation: UInt8

    init(_ frame: FrameRuntime) {
        let declaration = frame.declaration
        let transport = declaration.transport ?? TransportDeclaration(.isotp)
        bus = frame.bus
        data = ISOTPEndpoint(id: declaration.id, isExtended: declaration.isExtended, address: transport.address)
        // Without 'answers' there are single frames only; an identifier of our own is never heard as a flow control.
        flow = ISOTPEndpoint(id: transport.answers ?? declaration.id, isExtended: declaration.isExtended, address: transport.answerAddress)
        let fd = ISOTPFormat(fd: transport.frameLength, bitRateSwitch: declaration.switchesBitRate, padding: transport.padding)
        format = declaration.isFD ? fd ?? .classic : ISOTPFormat(padding: transport.padding)
        isAnswered = transport.answers != nil
        blockSize = transport.blockSize
        separation = ISOTPSeparation.byte(for: transport.separation) ?? 127
    }
}

/// The side that sends ISO-TP messages of a connection, one at a time.
final class ISOTPOriginator: TransportMachine {
    let node: Int
    private let bus: Int
    private unowned(unsafe) let bank: TransportBank
    private var sender: ISOTPSender
    private var awaited = AwaitedFrames()
    /// The message under way.
    private var frame: FrameRuntime?
    private var waiting: [(frame: FrameRuntime, message: [UInt8])] = []
    /// The most messages that wait.
    private static let queue = 16

    init(_ channel: ISOTPChannel, node: Int, bank: TransportBank) {
        self.node = node
        self.bank = bank
        bus = channel.bus
        sender = ISOTPSender(ISOTPSender.Settings(data: channel.data, flow: channel.flow, format: channel.format))
    }

    var deadline: Instant? { awaited.confirmed.isEmpty ? sender.deadline : bank.now }

    /// Sends a message, or has it wait for those before it.
    func send(_ frame: FrameRuntime, _ message: [UInt8]) {
        guard waiting.count < Self.queue else { return bank.failed(frame, .busy, at: node, isSender: true) }
        waiting.append((frame, message))
        begin()
    }

    /// Begins with the message that has waited longest when none is under way.
    private func begin() {
        while sender.isIdle, !waiting.isEmpty {
            let (next, message) = waiting.removeFirst()
            frame = next
            var outputs: [ISOTPSender.Output] = []
            do throws(TransferError) {
                try sender.send(message, at: bank.now, into: &outputs)
            } catch {
                bank.failed(next, error, at: node, isSender: true)
            }
            settle(outputs)
        }
    }

    func arrived(_ frame: CANWideFrame, at now: Instant) {
        var outputs: [ISOTPSender.Output] = []
        if awaited.take(frame) != nil { sender.transmitted(at: now, into: &outputs) } else { sender.receive(frame, at: now, into: &outputs) }
        settle(outputs)
        begin()
    }

    func advance(to now: Instant) {
        var outputs: [ISOTPSender.Output] = []
        for _ in awaited.takeConfirmed() { sender.transmitted(at: now, into: &outputs) }
        sender.advance(to: now, into: &outputs)
        settle(outputs)
        begin()
    }

    private func settle(_ outputs: [ISOTPSender.Output]) {
        for output in outputs {
            switch output {
            case .transmit(let wide):
                if bank.transmit(wide, on: bus, by: node) { awaited.append(wide) } else { awaited.confirm() }
            case .sent: if let frame { bank.sent(frame) }
            case .failed(let error): if let frame { bank.failed(frame, error, at: node, isSender: true) }
            }
        }
        if sender.isIdle { awaited.removeAll() }
    }
}

/// The side that ISO-TP messages go to: answers with flow control.
final class ISOTPAnswerer: TransportMachine {
    let node: Int
    private let bus: Int
    private let frames: [FrameRuntime]
    private unowned(unsafe) let bank: TransportBank
    private var receiver: ISOTPReceiver
    private var awaited = AwaitedFrames()

    init(_ channel: ISOTPChannel, _ frames: [FrameRuntime], node: Int, bank: TransportBank) {
        self.node = node
        self.frames = frames
        self.bank = bank
        bus = channel.bus
        var settings = ISOTPReceiver.Settings(data: channel.data, flow: channel.flow, format: channel.format)
        settings.isFunctional = !channel.isAnswered
        settings.blockSize = channel.blockSize
        settings.separation = channel.separation
        receiver = ISOTPReceiver(settings)
    }

    var deadline: Instant? { awaited.confirmed.isEmpty ? receiver.deadline : bank.now }

    func arrived(_ frame: CANWideFrame, at now: Instant) {
        var outputs: [ISOTPReceiver.Output] = []
        if awaited.take(frame) != nil { receiver.transmitted(at: now, into: &outputs) } else { receiver.receive(frame, at: now, into: &outputs) }
        settle(outputs)
    }

    func advance(to now: Instant) {
        var outputs: [ISOTPReceiver.Output] = []
        for _ in awaited.takeConfirmed() { receiver.transmitted(at: now, into: &outputs) }
        receiver.advance(to: now, into: &outputs)
        settle(outputs)
    }

    private func settle(_ outputs: [ISOTPReceiver.Output]) {
        for output in outputs {
            switch output {
            case .transmit(let wide):
                if bank.transmit(wide, on: bus, by: node) { awaited.append(wide) } else { awaited.confirm() }
            case .received: break
            case .failed(let error):
                // Which of the messages it would have been is not known; the first of those under way stands for them.
                if let frame = frames.first(where: { $0.transfersUnderWay > 0 }) ?? frames.first {
                    bank.failed(frame, error, at: node, isSender: false)
                }
            }
        }
        if receiver.isIdle { awaited.removeAll() }
    }
}

/// Puts ISO-TP messages together from the frames on the bus, whoever takes part.
final class ISOTPListener: TransportMachine {
    let node = -1
    private let frames: [FrameRuntime]
    private unowned(unsafe) let bank: TransportBank
    private var receiver: ISOTPReceiver

    init(_ channel: ISOTPChannel, _ frames: [FrameRuntime], bank: TransportBank) {
        self.frames = frames
        self.bank = bank
        var settings = ISOTPReceiver.Settings(data: channel.data, flow: channel.flow, format: channel.format)
        // Patient: whoever takes part decides when a transfer is over.
        settings.consecutiveTime = .seconds(20)
        receiver = ISOTPReceiver(settings)
    }

    var deadline: Instant? { receiver.deadline }

    func arrived(_ wide: CANWideFrame, at now: Instant) {
        var outputs: [ISOTPReceiver.Output] = []
        receiver.receive(wide, at: now, into: &outputs)
        for case .received(let message) in outputs { bank.received(frames, message) }
        // It answers nothing, so what it would wait for has happened.
        outputs = []
        receiver.transmitted(at: now, into: &outputs)
    }

    func advance(to now: Instant) {
        var outputs: [ISOTPReceiver.Output] = []
        receiver.advance(to: now, into: &outputs)
    }
}
