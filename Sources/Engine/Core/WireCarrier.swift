import CAN
import Quantities
import ScenarioLanguage
import SimulationKernel

/// Carries the frames of a bus with exact bit times: hands them to the wires, is woken when something happens there, and tells what did.
final class WireCarrier: BusCarrier {
    private enum Wake {
        static let bus: UInt64 = 0, second: UInt64 = 1
    }

    private(set) var wire: WireBus
    let bus: Int
    let declaration: WireDeclaration
    unowned(unsafe) let simulation: Simulation
    private let draws: StreamDraws
    /// Stations by node, -1 for nodes without; the first place is for senders outside the file.
    private var stationOfNode: [Int]
    private(set) var nodeOfStation: [Int] = []
    /// What was published of each station's counters.
    private var published: [ErrorCounters] = []
    /// Whether a counter is not zero.
    private var hasCounters = false
    private var scheduled = Instant.never
    private var errors = 0.0
    /// Ends of the last whole second, and the greatest load of one.
    private var second = Instant.zero
    private(set) var greatestLoad = 0.0
    private(set) var meanLoad = 0.0

    init(_ declaration: WireDeclaration, bus: Int, _ simulation: Simulation) {
        self.declaration = declaration
        self.bus = bus
        self.simulation = simulation
        let rates = simulation.scenario.buses[bus]
        wire = WireBus(clock: BitClock(nominalRate: Int64(rates.bitrate.rounded()), dataRate: rates.dataBitrate.map { Int64($0.rounded()) }))
        draws = StreamDraws(seed: simulation.scenario.run.seed, path: "buses.\(rates.name).flips")
        stationOfNode = Array(repeating: -1, count: simulation.scenario.symbols.nodes.count + 1)
        for station in declaration.stations { _ = add(station.node) }
    }

    private func add(_ node: Int) -> Int {
        let station = wire.addStation(
            WireStationSettings(
                order: declaration.isFirstInFirstOut ? .firstInFirstOut : .priority, limit: declaration.queueLimit,
                restart: declaration.restartAfter.map { .after($0) } ?? .never))
        stationOfNode[node + 1] = station
        nodeOfStation.append(node)
        published.append(ErrorCounters())
        return station
    }

    /// The station of a node, which it gets when it first needs one; -1 stands for a sender outside the file.
    private func station(of node: Int) -> Int {
        let known = stationOfNode[node + 1]
        return known >= 0 ? known : add(node)
    }

    // MARK: Carrying

    func take(_ frame: CANFrame, by node: Int, excluding: Int) {
        let can = simulation.buses[bus]
        let isTaken = wire.enqueue(
            frame, data: frame.isWide ? can.payloads.data(frame.payload) : nil, station: station(of: node), now: simulation.kernel.now,
            tag: Int32(truncatingIfNeeded: excluding))
        if !isTaken { can.release(frame) }
        schedule()
    }

    func ready() {
        second = simulation.kernel.now
        _ = wire.takeBusyTime(until: second)
        for station in declaration.stations {
            publish(station.transmitErrors, 0)
            publish(station.receiveErrors, 0)
            publish(station.state, 0)
        }
        publish(declaration.errors, 0)
        wakeEachSecond()
    }

    private func wakeEachSecond() {
        simulation.kernel.schedule(
            at: second + .seconds(1), phase: .timer, node: 0, kind: EventKind.carrier, target: UInt32(bus), payload: Wake.second)
    }

    func wake(_ payload: UInt64) {
        if payload == Wake.second {
            measureLoad()
            wakeEachSecond()
            return schedule()
        }
        if simulation.kernel.now >= scheduled { scheduled = .never }
        while let outcome = wire.advance(to: simulation.kernel.now) { settle(outcome) }
        schedule()
    }

    /// Asks to be woken when something happens next, unless that is already asked for.
    private func schedule() {
        guard let next = wire.next(), next < scheduled, next < .never else { return }
        scheduled = max(next, simulation.kernel.now)
        simulation.kernel.schedule(at: scheduled, phase: .delivery, node: 0, kind: EventKind.carrier, target: UInt32(bus), payload: Wake.bus)
    }

    private func settle(_ outcome: WireOutcome) {
        switch outcome.kind {
        case .completed: arrive(outcome)
        case .dropped: simulation.buses[bus].release(outcome.frame)
        case .failed: reportError(outcome)
        case .stateChanged:
            record(CANFrame.errorFrame(state: outcome.state, counters: outcome.counters))
            publishCounters()
        case .restarted:
            record(CANFrame.errorFrame(state: .active, isRestart: true, counters: outcome.counters))
            publishCounters()
        }
    }

    private func arrive(_ outcome: WireOutcome) {
        var frame = outcome.frame
        let can = simulation.buses[bus]
        for index in simulation.framesByIdentifier[bus][frame.rawIdentifier] ?? [] {
            let signal = simulation.frames[index].declaration.response
            if signal >= 0, simulation.frames[index].accepts(frame) { simulation.signals.publish(signal, outcome.response.seconds) }
        }
        if outcome.isChanged, frame.isWide { frame = can.frame(CANWideFrame(frame, wide: wire.changedData)) }
        simulation.arrived(frame, on: bus, excluding: Int(outcome.tag))
        if hasCounters { publishCounters() }
    }

    // MARK: Errors

    private func reportError(_ outcome: WireOutcome) {
        errors += 1
        publish(declaration.errors, errors)
        simulation.kernel.note(identity: UInt64(EventKind.carrier) << 32 | UInt64(outcome.frame.rawIdentifier), payload: UInt64(outcome.error.rawValue))
        record(
            CANFrame.errorFrame(
                outcome.error, sent: outcome.level, at: outcome.location, isSender: outcome.station >= 0, counters: outcome.counters))
        publishCounters()
    }

    private func record(_ frame: CANFrame) {
        guard declaration.recordsErrors else { return }
        simulation.recorder.frame(frame, of: simulation.buses[bus], bus, at: simulation.kernel.now)
    }

    /// Publishes the counters of stations that changed.
    private func publishCounters() {
        hasCounters = false
        for station in nodeOfStation.indices {
            let report = wire.report(station)
            if report.counters != ErrorCounters() { hasCounters = true }
            guard report.counters != published[station] else { continue }
            let before = published[station]
            published[station] = report.counters
            guard declaration.stations.indices.contains(station) else { continue }
            let signals = declaration.stations[station]
            if before.transmit != report.counters.transmit { publish(signals.transmitErrors, Double(report.counters.transmit)) }
            if before.receive != report.counters.receive { publish(signals.receiveErrors, Double(report.counters.receive)) }
            if signals.state >= 0, simulation.signals.latest(signals.state) != Double(report.state.rawValue) {
                publish(signals.state, Double(report.state.rawValue))
            }
        }
    }

    private func publish(_ signal: Int, _ value: Double) { if signal >= 0 { simulation.signals.publish(signal, value) } }

    // MARK: Load

    private func measureLoad() {
        let now = simulation.kernel.now
        let span = (now - second).nanoseconds
        second = now
        guard span > 0 else { return }
        let load = Double(wire.takeBusyTime(until: now)) / Double(span)
        greatestLoad = max(greatestLoad, load)
        publish(declaration.load, load)
    }

    func finish() {
        let end = min(simulation.kernel.end, simulation.origin + simulation.scenario.run.length)
        let span = (end - second).nanoseconds
        if span > 0, simulation.hasOrigin {
            let load = Double(wire.takeBusyTime(until: end)) / Double(span)
            // A part of a second tells too little to be the greatest.
            if span >= 1_000_000_000 {
                greatestLoad = max(greatestLoad, load)
                publish(declaration.load, load)
            }
        }
        let length = (end - simulation.origin).nanoseconds
        meanLoad = length > 0 ? Double(wire.busyNanoseconds) / Double(length) : 0
    }

    // MARK: Faults

    /// Does something to the wires, and comes back when that makes a difference.
    private func change(_ body: (inout WireBus, Instant) -> Void) {
        body(&wire, simulation.kernel.now)
        schedule()
    }

    func setLevel(_ level: WireLevel) { change { $0.setLevel(level, now: $1) } }

    func withholdAcknowledgement(_ isWithheld: Bool) { change { $0.withholdAcknowledgement(isWithheld, now: $1) } }

    func attack(_ rawIdentifier: UInt32, _ isAttacked: Bool) { change { $0.attack(rawIdentifier, isAttacked, now: $1) } }

    func flip(_ bits: [Int], ofNext rawIdentifier: UInt32) { change { $0.flipBits(bits, ofNext: rawIdentifier, now: $1) } }

    func mute(_ node: Int, _ isMuted: Bool) {
        let station = station(of: node)
        change { $0.mute(station, isMuted, now: $1) }
    }

    func restart(_ node: Int) {
        let station = station(of: node)
        change { $0.restart(station, now: $1) }
    }

    func babble(_ frame: CANFrame?, by node: Int) {
        let station = station(of: node)
        change { $0.babble(frame, station: station, now: $1) }
    }

    /// Inverts bits at this probability; the number of bits up to the next one is geometric, drawn by inversion from the exponential distribution.
    func flip(atRate rate: Double) {
        let draws = draws
        change {
            $0.setFlipRate(rate, now: $1) { rate in
                guard rate < 1 else { return 0 }
                // -log(1 - p), by its series where 1 - p would round.
                let hazard = rate < 1e-4 ? rate * (1 + rate / 2) : -Portable.log(1 - rate)
                let gap = draws.draw(.exponential, site: 0, 1 / hazard, 0)
                return gap < 9e18 ? Int64(gap) : .max
            }
        }
    }
}
