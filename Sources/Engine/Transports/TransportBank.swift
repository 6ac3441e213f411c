import CAN
import CANProtocols
import Quantities
import ScenarioLanguage
import SimulationKernel

/// The transport protocols of a run: sends messages as frames, answers for the nodes that they go to, and puts together what is on the buses.
///
/// A message arrives when its last frame does: then its fields are published and its stream counts, whoever it was sent by. For that each
/// bus has a listener that hears every frame; the receiving node's own side only answers.
final class TransportBank {
    private unowned(unsafe) let simulation: Simulation
    private var machines: [any TransportMachine] = []
    /// Instant of each machine's next event in the kernel, `.never` for none.
    private var scheduled: [Instant] = []
    /// J1939 nodes by bus, address and node that puts the frames on the bus.
    private var stations: [StationKey: Int] = [:]
    /// Senders of ISO-TP messages by connection and node.
    private var originators: [ISOTPChannel: [Int: Int]] = [:]
    private let ports: [TransportPort]

    private struct StationKey: Hashable {
        var bus: Int
        var address: UInt8
        var node: Int
    }

    init(_ simulation: Simulation) {
        self.simulation = simulation
        ports = simulation.buses.map { _ in TransportPort() }
        for bus in simulation.buses.indices {
            let frames = simulation.frames.filter { $0.bus == bus && $0.declaration.transport != nil }
            guard !frames.isEmpty else { continue }
            ports[bus].bank = self
            ports[bus].bus = simulation.buses[bus]
            simulation.buses[bus].subscribe(ports[bus])
            let carried = frames.filter { $0.declaration.transport?.kind == .j1939 }
            if !carried.isEmpty { _ = add(J1939Listener(carried, bank: self), to: bus) }
            for (address, node) in residents(of: bus) { _ = station(bus, address, node, answers: true) }
            // Messages that a field tells apart can share a connection.
            var channels: [(channel: ISOTPChannel, frames: [FrameRuntime])] = []
            for frame in frames where frame.declaration.transport?.kind == .isotp {
                let channel = ISOTPChannel(frame)
                if let known = channels.firstIndex(where: { $0.channel == channel }) {
                    channels[known].frames.append(frame)
                } else {
                    channels.append((channel, [frame]))
                }
            }
            for (channel, frames) in channels {
                _ = add(ISOTPListener(channel, frames, bank: self), to: bus)
                if let node = frames.compactMap(\.declaration.to).first { _ = add(ISOTPAnswerer(channel, frames, node: node, bank: self), to: bus) }
            }
        }
    }

    /// The nodes of the file that have an address on a bus: by `addresses`, or because a message says so.
    private func residents(of bus: Int) -> [(address: UInt8, node: Int)] {
        var result = simulation.scenario.buses[bus].addresses.map { (address: $0.address, node: $0.node) }
        func settle(_ address: UInt8, _ node: Int?) {
            if let node, address < 254, !result.contains(where: { $0.address == address }) { result.append((address, node)) }
        }
        for frame in simulation.frames where frame.bus == bus {
            guard let group = frame.declaration.group else { continue }
            settle(group.source, frame.declaration.from)
            settle(group.destination, frame.declaration.to)
        }
        return result
    }

    // MARK: Machines

    private func add(_ machine: any TransportMachine, to bus: Int) -> Int {
        machines.append(machine)
        scheduled.append(.never)
        ports[bus].machines.append(machines.count - 1)
        return machines.count - 1
    }

    private func station(_ bus: Int, _ address: UInt8, _ node: Int, answers: Bool) -> Int {
        let key = StationKey(bus: bus, address: address, node: node)
        if let known = stations[key] { return known }
        var groups: [UInt32: J1939Transport.Settings] = [:]
        let frames = simulation.frames.filter { $0.bus == bus && $0.declaration.transport?.kind == .j1939 }
        for frame in frames {
            guard let group = frame.declaration.group, let transport = frame.declaration.transport else { continue }
            groups[group.pgn] = J1939Transport.Settings(transport)
        }
        let made = add(J1939Station(bus: bus, address: address, node: node, answers: answers, groups: groups, frames, bank: self), to: bus)
        stations[key] = made
        return made
    }

    /// Sends a message for a node, -1 for somebody outside the file.
    func send(_ frame: FrameRuntime, _ data: [UInt8], by node: Int) {
        guard let transport = frame.declaration.transport else { return }
        frame.transfersUnderWay += 1
        switch transport.kind {
        case .j1939:
            guard let group = frame.declaration.group else { return }
            let index = station(frame.bus, group.source, node, answers: false)
            (machines[index] as? J1939Station)?.send(frame, group, data)
            settle(index)
        case .isotp:
            let channel = ISOTPChannel(frame)
            let index = originators[channel]?[node] ?? add(ISOTPOriginator(channel, node: node, bank: self), to: frame.bus)
            originators[channel, default: [:]][node] = index
            (machines[index] as? ISOTPOriginator)?.send(frame, data)
            settle(index)
        }
    }

    /// A frame is complete on a bus.
    fileprivate func arrived(_ frame: CANWideFrame, at port: TransportPort) {
        for index in port.machines {
            machines[index].arrived(frame, at: simulation.kernel.now)
            settle(index)
        }
    }

    /// The time of a machine has come.
    func due(_ index: Int) {
        scheduled[index] = .never
        machines[index].advance(to: simulation.kernel.now)
        settle(index)
    }

    /// Sees to it that the kernel wakes a machine at its deadline.
    private func settle(_ index: Int) {
        guard let deadline = machines[index].deadline, deadline < scheduled[index] else { return }
        scheduled[index] = deadline
        simulation.kernel.schedule(
            at: max(deadline, simulation.kernel.now), phase: .timer, node: UInt32(machines[index].node + 1), kind: EventKind.transport, target: UInt32(index))
    }

    // MARK: What machines do

    var now: Instant { simulation.kernel.now }

    /// Puts a frame of a machine on its bus; `false` when an attack keeps it or makes another one of it, which its sender cannot know.
    func transmit(_ frame: CANWideFrame, on bus: Int, by node: Int) -> Bool {
        let can = simulation.buses[bus].frame(frame)
        let reaction = simulation.tapMaps[bus].reaction(to: can, on: bus)
        guard reaction != .none else {
            simulation.put(can, on: bus, by: node)
            return true
        }
        var unit = CANUnit(frame: can, node: node, excluding: -1)
        guard simulation.attacks.frames.pass(&unit, reaction, on: bus) else { return false }
        let isSame = simulation.buses[bus].wideFrame(unit.frame).hasContent(of: frame)
        simulation.put(unit.frame, on: bus, by: unit.node, excluding: unit.excluding)
        return isSame
    }

    /// A message is complete: it arrives as each of these that it can be.
    func received(_ frames: some Sequence<FrameRuntime>, _ data: [UInt8]) {
        for frame in frames where frame.accepts(data) { simulation.arrived(frame, data) }
    }

    /// The last frame of a message is on the bus, or its receiver has confirmed it.
    func sent(_ frame: FrameRuntime) {
        frame.transfersUnderWay -= 1
        if frame.isGivenUp { count(frame) }
    }

    /// A transfer came to nothing for the side of a node; both sides of one transfer count once.
    func failed(_ frame: FrameRuntime, _ error: TransferError, at node: Int, isSender: Bool) {
        if isSender {
            frame.transfersUnderWay -= 1
            count(frame)
        } else if frame.transfersUnderWay == 0 {
            // What the sender ended may still have been on its way to the receiver; it counted when the sender ended it.
            if case .aborted = error, frame.declaration.from != nil { return }
            count(frame)
        } else {
            frame.isGivenUp = true
        }
        let side = simulation.scenario.symbols.nodes.indices.contains(node) ? "\(simulation.scenario.symbols.nodes[node]): " : ""
        let bus = simulation.scenario.buses[frame.bus].name
        simulation.warn(.transferFailed, "\(bus).\(frame.declaration.name): \(side)\(error)", span: frame.declaration.span)
    }

    private func count(_ frame: FrameRuntime) {
        frame.isGivenUp = false
        frame.failures += 1
        simulation.signals.publish(frame.declaration.failureSignal, Double(frame.failures))
    }
}

/// One side of a transport protocol in service: a state machine with what it belongs to.
protocol TransportMachine: AnyObject {
    /// Node in whose name it acts, -1 for none.
    var node: Int { get }
    /// When `advance` is due.
    var deadline: Instant? { get }
    /// A frame is complete on the bus, perhaps one of our own.
    func arrived(_ frame: CANWideFrame, at now: Instant)
    /// Time has come to `now`.
    func advance(to now: Instant)
}

/// Hands every frame of a bus to the machines on it.
final class TransportPort: CANReceiver {
    fileprivate unowned(unsafe) var bank: TransportBank?
    fileprivate unowned(unsafe) var bus: CANBus?
    fileprivate var machines: [Int] = []

    func receive(_ frame: CANFrame, at instant: Instant) {
        guard let bus else { return }
        bank?.arrived(bus.wideFrame(frame), at: self)
    }
}

/// Frames that were asked for and are not on the bus yet, in their order, each with what its sender knows it by.
struct AwaitedFrames {
    private var frames: [(frame: CANWideFrame, token: Int)] = []

    /// Tokens of frames that went away from their sender without coming to the bus as they were; the sender takes them for sent.
    private(set) var confirmed: [Int] = []

    mutating func append(_ frame: CANWideFrame, _ token: Int = 0) { frames.append((frame, token)) }

    mutating func confirm(_ token: Int = 0) { confirmed.append(token) }

    /// Hands out the tokens that are confirmed.
    mutating func takeConfirmed() -> [Int] {
        defer { confirmed = [] }
        return confirmed
    }

    mutating func removeAll() { (frames, confirmed) = ([], []) }

    /// The token of a frame that was awaited; `nil` for any other frame.
    mutating func take(_ frame: CANWideFrame) -> Int? {
        guard
            let index = frames.firstIndex(where: { $0.frame.hasContent(of: frame) })
        else { return nil }
        return frames.remove(at: index).token
    }
}

extension CANWideFrame {
    /// Whether identifier, length and data are those of another frame.
    fileprivate func hasContent(of other: CANWideFrame) -> Bool {
        frame.rawIdentifier == other.frame.rawIdentifier && frame.lengthCode == other.frame.lengthCode
            && (other.frame.isWide ? wide == other.wide : frame.payload == other.frame.payload)
    }
}

extension Simulation {
    /// A message longer than a frame is complete: the fields that it is long enough for are published.
    func arrived(_ frame: FrameRuntime, _ data: [UInt8]) {
        data.withUnsafeBytes {
            let bytes = $0
            for (index, field) in frame.fields.enumerated() where field.wire >= 0 && field.layout.byteCount <= bytes.count {
                if frame.isMultiplexed, !frame.isPresent(index, { $0.raw(in: bytes) }) { continue }
                signals.publish(field.wire, field.layout.value(in: bytes))
            }
        }
        streams.count(frame.stream, at: kernel.now)
        for listener in frame.listeners { listener.messageArrived() }
    }

    /// From now on a listener is told of a frame, or of a message that takes several.
    func hear(_ frame: FrameRuntime, _ listener: any CANReceiver & MessageListener) {
        if frame.declaration.transport != nil {
            frame.listeners.append(listener)
        } else {
            buses[frame.bus].subscribe(listener, .id(frame.declaration.id, isExtended: frame.declaration.isExtended))
        }
    }
}
