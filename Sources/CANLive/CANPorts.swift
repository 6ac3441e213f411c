import CAN
import CLinux
import Transport

/// The real buses of one event loop.
///
/// Whoever owns the loop hands events `.ready` to `handle`, calls `runDue` when `deadline` has come, and `flush` before it waits; `wait` does all
/// three for an owner without other sockets.
public final class CANPorts {
    /// The loop that watches the ports.
    public let loop: EventLoop
    /// Who hears of frames.
    public weak var owner: (any CANPortOwner)?
    /// In the order of opening.
    public private(set) var ports: [CANPort] = []
    var watchers: [WatchID: CANPort] = [:]
    var dirty: [CANPort] = []

    /// No ports yet.
    public init(loop: EventLoop) { self.loop = loop }

    deinit { close() }

    /// Opens a bus. A client of socketcand is down at first and comes up when its server answers; all others are up, or the error says why not.
    ///
    /// Looks up the names of hosts, which may take seconds.
    public func open(_ address: BusAddress, _ settings: CANPortSettings = CANPortSettings()) throws(CANPortError) -> CANPort {
        let port: CANPort =
            switch address {
            case .socketCAN(let interface): try SocketCANPort(self, address, settings, interface: interface)
            case .socketcand(let host, let number, let bus): try SocketcandClientPort(self, address, settings, host: host, port: number, bus: bus)
            case .socketcandServer(let host, let number, let bus, let sendsBeacon):
                try SocketcandServerPort(self, address, settings, host: host, port: number, bus: bus, sendsBeacon: sendsBeacon)
            case .multicast(let group, let number, let interface):
                try MulticastPort(self, address, settings, group: group, port: number, interface: interface)
            }
        ports.append(port)
        return port
    }

    /// The earliest time at which `runDue` has something to do, in monotonic nanoseconds.
    public var deadline: UInt64 { ports.reduce(UInt64.max) { min($0, $1.deadline) } }

    /// Does what time asks for: looks for buses that are gone, tries again what was refused.
    public func runDue() {
        let now = clinux_now()
        for port in ports where port.deadline <= now {
            port.deadline = .max
            port.due(at: now)
        }
    }

    /// Reads and writes a descriptor that is ready; `false` when it is of somebody else.
    @discardableResult
    public func handle(_ id: WatchID, _ readiness: Readiness) -> Bool {
        guard let port = watchers[id] else { return false }
        port.ready(id, readiness)
        return true
    }

    /// Writes what the ports were handed.
    public func flush() {
        guard !dirty.isEmpty else { return }
        let list = dirty
        dirty.removeAll(keepingCapacity: true)
        for port in list { port.flushDirty() }
    }

    /// Flushes, waits until something comes or a deadline has passed, and hands on what came; `other` gets events of sockets that are none of the
    /// ports. `false` when nothing came in time.
    @discardableResult
    public func wait(until limit: UInt64, other: (TransportEvent) -> Void = { _ in }) -> Bool {
        flush()
        var limit = min(limit, deadline)
        var came = false
        while let event = loop.next(until: limit) {
            if case .ready(let id, let readiness) = event { handle(id, readiness) } else { other(event) }
            limit = 0
            came = true
        }
        runDue()
        flush()
        return came
    }

    /// Writes what waits as far as it is taken at once, and closes all ports.
    public func close() {
        flush()
        for port in ports {
            port.isUp = false
            port.deadline = .max
            port.close()
        }
    }
}
