import CAN
import CANProtocols
import Quantities
import ScenarioLanguage

extension FrameRuntime {
    /// The endpoints and the form of the frames of an ISO-TP message.
    var isotp: (data: ISOTPEndpoint, flow: ISOTPEndpoint, format: ISOTPFormat) {
        let transport = declaration.transport ?? TransportDeclaration(.isotp)
        let data = ISOTPEndpoint(id: declaration.id, isExtended: declaration.isExtended, address: transport.address)
        // Without 'answers' there are single frames only; an identifier of our own is never heard as a flow control.
        let flow = ISOTPEndpoint(id: transport.answers ?? declaration.id, isExtended: declaration.isExtended, address: transport.answerAddress)
        let fd = ISOTPFormat(fd: transport.frameLength, bitRateSwitch: declaration.switchesBitRate, padding: transport.padding)
        return (data, flow, declaration.isFD ? fd ?? .classic : ISOTPFormat(padding: transport.padding))
    }
}

/// The side that sends an ISO-TP message.
final class ISOTPOriginator: TransportMachine {
    let node: Int
    private let frame: FrameRuntime
    private unowned(unsafe) let bank: TransportBank
    private var sender: ISOTPSender
    private var awaited = AwaitedFrames()

    init(_ frame: FrameRuntime, node: Int, bank: TransportBank) {
        self.frame = frame
        self.node = node
        self.bank = bank
        let (data, flow, format) = frame.isotp
        sender = ISOTPSender(ISOTPSender.Settings(data: data, flow: flow, format: format))
    }

    var deadline: Instant? { sender.deadline }

    func send(_ message: [UInt8]) {
        var outputs: [ISOTPSender.Output] = []
        do throws(TransferError) {
            try sender.send(message, at: bank.now, into: &outputs)
        } catch {
            bank.failed(frame, error, at: node, isSender: true)
        }
        settle(outputs)
    }

    func arrived(_ frame: CANWideFrame, at now: Instant) {
        var outputs: [ISOTPSender.Output] = []
        if awaited.take(frame) != nil { sender.transmitted(at: now, into: &outputs) } else { sender.receive(frame, at: now, into: &outputs) }
        settle(outputs)
    }

    func advance(to now: Instant) {
        var outputs: [ISOTPSender.Output] = []
        sender.advance(to: now, into: &outputs)
        settle(outputs)
    }

    private func settle(_ outputs: [ISOTPSender.Output]) {
        for output in outputs {
            switch output {
            case .transmit(let wide):
                awaited.append(wide)
                bank.transmit(wide, on: frame.bus, by: node)
            case .sent: bank.sent(frame)
            case .failed(let error): bank.failed(frame, error, at: node, isSender: true)
            }
        }
        if sender.isIdle { awaited.removeAll() }
    }
}

/// The side that an ISO-TP message goes to: answers with flow control.
final class ISOTPAnswerer: TransportMachine {
    let node: Int
    private let frame: FrameRuntime
    private unowned(unsafe) let bank: TransportBank
    private var receiver: ISOTPReceiver
    private var awaited = AwaitedFrames()

    init(_ frame: FrameRuntime, node: Int, bank: TransportBank) {
        self.frame = frame
        self.node = node
        self.bank = bank
        let (data, flow, format) = frame.isotp
        var settings = ISOTPReceiver.Settings(data: data, flow: flow, format: format)
        settings.isFunctional = frame.declaration.transport?.answers == nil
        settings.blockSize = frame.declaration.transport?.blockSize ?? 0
        settings.separation = ISOTPSeparation.byte(for: frame.declaration.transport?.separation ?? .zero) ?? 127
        receiver = ISOTPReceiver(settings)
    }

    var deadline: Instant? { receiver.deadline }

    func arrived(_ frame: CANWideFrame, at now: Instant) {
        var outputs: [ISOTPReceiver.Output] = []
        if awaited.take(frame) != nil { receiver.transmitted(at: now, into: &outputs) } else { receiver.receive(frame, at: now, into: &outputs) }
        settle(outputs)
    }

    func advance(to now: Instant) {
        var outputs: [ISOTPReceiver.Output] = []
        receiver.advance(to: now, into: &outputs)
        settle(outputs)
    }

    private func settle(_ outputs: [ISOTPReceiver.Output]) {
        for output in outputs {
            switch output {
            case .transmit(let wide):
                awaited.append(wide)
                bank.transmit(wide, on: frame.bus, by: node)
            case .received: break
            case .failed(let error): bank.failed(frame, error, at: node, isSender: false)
            }
        }
        if receiver.isIdle { awaited.removeAll() }
    }
}

/// Puts an ISO-TP message together from the frames on the bus, whoever takes part.
final class ISOTPListener: TransportMachine {
    let node = -1
    private let frame: FrameRuntime
    private unowned(unsafe) let bank: TransportBank
    private var receiver: ISOTPReceiver

    init(_ frame: FrameRuntime, bank: TransportBank) {
        self.frame = frame
        self.bank = bank
        let (data, flow, format) = frame.isotp
        var settings = ISOTPReceiver.Settings(data: data, flow: flow, format: format)
        // Patient: whoever takes part decides when a transfer is over.
        settings.consecutiveTime = .seconds(20)
        receiver = ISOTPReceiver(settings)
    }

    var deadline: Instant? { receiver.deadline }

    func arrived(_ wide: CANWideFrame, at now: Instant) {
        var outputs: [ISOTPReceiver.Output] = []
        receiver.receive(wide, at: now, into: &outputs)
        for case .received(let message) in outputs { bank.received(frame, message) }
        // It answers nothing, so what it would wait for has happened.
        outputs = []
        receiver.transmitted(at: now, into: &outputs)
    }

    func advance(to now: Instant) {
        var outputs: [ISOTPReceiver.Output] = []
        receiver.advance(to: now, into: &outputs)
    }
}
