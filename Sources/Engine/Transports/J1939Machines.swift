import CAN
import CANProtocols
import Quantities
import ScenarioLanguage

extension J1939Transport.Settings {
    /// The settings that a message declares; at a queue of two a periodic message that does not get through does not pile up.
    init(_ transport: TransportDeclaration) {
        self.init()
        priority = transport.priority
        window = transport.window
        if let spacing = transport.spacing {
            packetSpacing = spacing
            broadcastSpacing = spacing
        }
    }
}

/// A node with an address on a bus: originates messages, and answers those that go to it.
final class J1939Station: TransportMachine {
    let node: Int
    private let bus: Int
    /// Whether it answers; somebody who only sends under an address leaves that to its owner.
    private let answers: Bool
    private let frames: [FrameRuntime]
    private unowned(unsafe) let bank: TransportBank
    private var transport: J1939Transport
    private var awaited = AwaitedFrames()
    private var sending: [Int: FrameRuntime] = [:]

    init(
        bus: Int, address: UInt8, node: Int, answers: Bool, groups: [UInt32: J1939Transport.Settings], _ frames: [FrameRuntime], bank: TransportBank
    ) {
        self.bus = bus
        self.node = node
        self.answers = answers
        self.frames = frames
        self.bank = bank
        transport = J1939Transport(address: address)
        transport.groups = groups
    }

    var deadline: Instant? { awaited.confirmed.isEmpty ? transport.deadline : bank.now }

    func send(_ frame: FrameRuntime, _ group: GroupDeclaration, _ data: [UInt8]) {
        let identifier = J1939Identifier(priority: group.priority, pgn: group.pgn, source: group.source, destination: group.destination)
        var outputs: [J1939Transport.Output] = []
        do throws(TransferError) {
            let handle = try transport.send(J1939Message(identifier, data: data), at: bank.now, into: &outputs)
            sending[handle] = frame
        } catch {
            bank.failed(frame, error, at: node, isSender: true)
        }
        settle(outputs)
    }

    func arrived(_ frame: CANWideFrame, at now: Instant) {
        guard let identifier = J1939Identifier(frame.frame) else { return }
        var outputs: [J1939Transport.Output] = []
        if let token = awaited.take(frame) {
            transport.transmitted(token: token, at: now, into: &outputs)
        } else if answers || identifier.pgn == 0xEC00 && [0x11, 0x13, 0xFF].contains(frame[0]) {
            transport.receive(frame.frame, at: now, into: &outputs)
        }
        settle(outputs)
    }

    func advance(to now: Instant) {
        var outputs: [J1939Transport.Output] = []
        for token in awaited.takeConfirmed() { transport.transmitted(token: token, at: now, into: &outputs) }
        transport.advance(to: now, into: &outputs)
        settle(outputs)
    }

    private func settle(_ outputs: [J1939Transport.Output]) {
        for output in outputs {
            switch output {
            case .transmit(let frame, let token):
                let wide = CANWideFrame(frame)
                let isOut = bank.transmit(wide, on: bus, by: node)
                if token > 0 { if isOut { awaited.append(wide, token) } else { awaited.confirm(token) } }
            case .sent(let handle): if let frame = sending.removeValue(forKey: handle) { bank.sent(frame) }
            case .failed(let failure):
                if let frame = sending.removeValue(forKey: failure.handle) {
                    bank.failed(frame, failure.error, at: node, isSender: true)
                } else if let frame = frames.first(where: { $0.carries(failure.identifier) }) {
                    bank.failed(frame, failure.error, at: node, isSender: false)
                }
            case .received: break
            }
        }
        if transport.isIdle { awaited.removeAll() }
    }
}

/// Puts together every message on a bus.
final class J1939Listener: TransportMachine {
    let node = -1
    private let frames: [FrameRuntime]
    private unowned(unsafe) let bank: TransportBank
    private var transport: J1939Transport

    init(_ frames: [FrameRuntime], bank: TransportBank) {
        self.frames = frames
        self.bank = bank
        var settings = J1939Transport.Settings()
        settings.listensOnly = true
        settings.sessions = 256
        // Patient: whoever takes part decides when a transfer is over.
        (settings.retransmits, settings.t1, settings.t2) = (1000, .seconds(5), .seconds(5))
        transport = J1939Transport(address: J1939Identifier.null, settings: settings)
    }

    var deadline: Instant? { transport.deadline }

    func arrived(_ frame: CANWideFrame, at now: Instant) {
        guard frame.frame.isExtended else { return }
        var outputs: [J1939Transport.Output] = []
        transport.receive(frame.frame, at: now, into: &outputs)
        for case .received(let message) in outputs {
            bank.received(frames.lazy.filter { $0.carries(message.identifier) }, message.data)
        }
    }

    func advance(to now: Instant) {
        var outputs: [J1939Transport.Output] = []
        transport.advance(to: now, into: &outputs)
    }
}

extension FrameRuntime {
    /// Whether a message of these addresses and this group is the one that is declared.
    func carries(_ identifier: J1939Identifier) -> Bool {
        guard let group = declaration.group else { return false }
        // A single frame of a group without destination does not say where it goes.
        let isThere = group.destination == identifier.destination || !group.isDirected && identifier.destination == J1939Identifier.global
        return group.pgn == identifier.pgn && group.source == identifier.source && isThere
    }
}
