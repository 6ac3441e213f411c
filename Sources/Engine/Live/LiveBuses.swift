import CAN
import CANLive
import Glibc
import Quantities
import ScenarioLanguage
import SimulationKernel
import Transport

/// The real buses of a live run: what is sent on an attached bus goes out, what comes in is sent on it by somebody outside the file.
final class LiveBuses: CANPortOwner {
    /// A bus with its port.
    private final class Station: CANReceiver {
        let bus: Int
        let can: CANBus
        let port: CANPort
        /// The port's own subscription, which does not get what came from the port.
        var subscription = -1
        /// Frames from outside whose instant has not come.
        var incoming: [CANWideFrame] = []
        var first = 0
        /// Instant of the last frame from outside: each has one of its own, so that no value hides another.
        var last = Instant.zero
        /// Frames that came before t = 0.
        var early: UInt64 = 0
        /// Longest time between a frame's arrival at this machine and its turn in the run, ns.
        var slowest: Int64 = 0

        init(bus: Int, can: CANBus, port: CANPort) { (self.bus, self.can, self.port) = (bus, can, port) }

        func receive(_ frame: CANFrame, at instant: Instant) { _ = port.send(can.wideFrame(frame)) }
    }

    private unowned(unsafe) let simulation: Simulation
    private let settings: LiveSettings
    private let ports: CANPorts
    /// In the order of the ports.
    private var stations: [Station] = []
    /// The clock of the machine when the last look at the sockets came back, ns since 1970, and the instant of the run.
    private var lastLook: Int64 = 0
    private var lastInstant = Instant.zero

    /// `nil` when no bus is attached to a real one.
    init?(_ simulation: Simulation, _ loop: EventLoop, _ settings: LiveSettings) throws(RunFailure) {
        guard simulation.scenario.buses.contains(where: { $0.attachment != nil }) else { return nil }
        self.simulation = simulation
        self.settings = settings
        ports = CANPorts(loop: loop)
        ports.owner = self
        for (index, declaration) in simulation.scenario.buses.enumerated() {
            guard let attachment = declaration.attachment else { continue }
            try open(index, declaration, attachment)
        }
    }

    private func fail(_ bus: Int, _ text: String) -> RunFailure {
        let declaration = simulation.scenario.buses[bus]
        return RunFailure(code: .network, message: "\(declaration.name): \(text)", span: declaration.attachment?.span, time: nil)
    }

    private func open(_ bus: Int, _ declaration: BusDeclaration, _ attachment: BusAttachment) throws(RunFailure) {
        let isLocal: Bool
        if case .socketCAN(let interface) = attachment.address { isLocal = SocketCAN.isVirtual(interface) } else { isLocal = attachment.address.isLocal }
        var portSettings = CANPortSettings()
        portSettings.filters = attachment.filters
        let port: CANPort
        do throws(CANPortError) {
            // What is not there at all is said first.
            if case .socketCAN(let interface) = attachment.address, let obstacle = SocketCAN.obstacle(to: interface) { throw CANPortError(text: obstacle) }
            guard settings.allowsNetwork || isLocal else {
                throw CANPortError(text: "'\(attachment.address.text)' reaches more than this machine; give --allow-net if it shall")
            }
            port = try ports.open(attachment.address, portSettings)
        } catch {
            throw fail(bus, error.text)
        }
        let station = Station(bus: bus, can: simulation.buses[bus], port: port)
        // Error reports of a simulated wire go out too, where the carrier has them.
        station.subscription = simulation.buses[bus].subscribe(station, CANBus.Filter(mask: 0, match: 0))
        stations.append(station)
        settings.told?("\(declaration.name) is attached to \(place(station))")
    }

    /// The address with the port that was chosen.
    private func place(_ station: Station) -> String {
        guard case .socketcandServer(let host, _, let bus, let beacon) = station.port.address, let number = station.port.listeningPort else {
            return station.port.address.text
        }
        return BusAddress.socketcandServer(host: host, port: number, bus: bus, sendsBeacon: beacon).text
    }

    /// Waits until every bus is reached, as long as nodes may take to boot; `other` gets events that are of no bus.
    func reach(_ other: (TransportEvent) -> Void) throws(RunFailure) {
        let limit = WallClock.monotonic &+ UInt64(max(0, simulation.scenario.run.readyWithin.nanoseconds))
        while let station = stations.first(where: { !$0.port.isUp }) {
            guard WallClock.monotonic < limit, !simulation.isInterrupted else {
                throw fail(station.bus, "\(station.port.address.text): \(station.port.trouble ?? "no answer")")
            }
            ports.wait(until: min(limit, WallClock.monotonic &+ 50_000_000), other: other)
        }
    }

    /// The attached buses for the ready file, as further members of its object.
    var readyText: String {
        let rows = stations.map { station in
            let port = station.port.listeningPort.map { ",\"port\":\($0)" } ?? ""
            return "{\"bus\":\"\(simulation.scenario.buses[station.bus].name)\",\"address\":\"\(place(station))\"\(port)}"
        }
        return ",\"buses\":[\(rows.joined(separator: ","))]"
    }

    // MARK: Running

    /// When `runDue` has something to do, monotonic nanoseconds.
    var deadline: UInt64 { ports.deadline }

    func flush() { ports.flush() }

    func runDue() {
        if ports.deadline <= WallClock.monotonic { ports.runDue() }
    }

    /// Reads and writes a socket that is ready; `instant` is the run's instant that belongs to now.
    func handle(_ id: WatchID, _ readiness: Readiness, at instant: Instant) {
        lastInstant = instant
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        lastLook = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        ports.handle(id, readiness)
    }

    /// What waits is still sent, for a second at most.
    func close() {
        let limit = WallClock.monotonic &+ 1_000_000_000
        ports.flush()
        while stations.contains(where: { $0.port.waiting > 0 && $0.port.isUp }), WallClock.monotonic < limit {
            ports.wait(until: WallClock.monotonic &+ 5_000_000)
        }
        for station in stations {
            simulation.busReports[station.bus] = BusReport(
                address: place(station), counters: station.port.counters, isUp: station.port.isUp, early: station.early,
                slowest: Duration(nanoseconds: station.slowest))
        }
        ports.owner = nil
        ports.close()
        simulation.liveBuses = nil
    }

    // MARK: From outside

    func received(_ frame: CANWideFrame, arrival: Int64, from port: Int) {
        let station = stations[port]
        // Whoever joins a bus hears nothing of what was said before.
        guard simulation.hasOrigin else {
            station.early &+= 1
            return
        }
        // The kernel says when it came; what the run has done meanwhile is done.
        let delay = arrival > 0 ? max(0, lastLook &- arrival) : 0
        station.slowest = max(station.slowest, delay)
        let instant = max(
            Instant(nanoseconds: lastInstant.nanoseconds - min(delay, 1_000_000_000)), station.last + Duration(nanoseconds: 1), simulation.kernel.now)
        station.last = instant
        station.incoming.append(frame)
        simulation.kernel.schedule(at: instant, phase: .delivery, node: 0, kind: EventKind.fromOutside, target: UInt32(port))
    }

    /// The instant of the oldest frame from outside of a port has come.
    func arrive(_ port: Int) {
        guard stations.indices.contains(port) else { return }
        let station = stations[port]
        guard station.first < station.incoming.count else { return }
        let frame = station.incoming[station.first]
        station.first += 1
        if station.first == station.incoming.count {
            station.incoming.removeAll(keepingCapacity: station.incoming.count < 65536)
            station.first = 0
        }
        simulation.transmit(station.can.frame(frame), on: station.bus, by: -1, excluding: station.subscription)
    }

    func told(_ text: String, by port: Int) {
        // While ports are being opened the error says it.
        guard stations.indices.contains(port) else { return }
        simulation.warn(.busTrouble, "\(simulation.scenario.buses[stations[port].bus].name): \(text)", span: nil)
    }
}

/// What became of a real bus in a live run.
struct BusReport {
    /// Its address, with the port that was chosen.
    let address: String
    /// Frames in and out.
    let counters: CANPortCounters
    /// Whether it was there at the end.
    let isUp: Bool
    /// Frames that came before t = 0 and were not taken.
    let early: UInt64
    /// Longest time between a frame's arrival and its turn.
    let slowest: Duration
}

extension EventKind {
    static let fromOutside: UInt32 = 50
}
