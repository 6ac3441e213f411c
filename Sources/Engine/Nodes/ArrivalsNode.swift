import Electrical
import Quantities
import ScenarioLanguage

/// Kind `ev-arrivals`: vehicles that arrive at random, charge what they need and leave when their time is over.
final class ArrivalsNode: Node {
    private enum Signal {
        static let arrivals = 0, turnedAway = 1, present = 2
    }
    private static let arrivalTimer: UInt32 = 0
    /// Timers above this are departures: the number of the visit.
    private static let departureTimer: UInt32 = 1

    private let stations: [Int]
    private let rate: DrawnValue
    private let energy: DrawnValue
    private let stay: DrawnValue
    private let draws: StreamDraws
    private let settings: VehicleSettings
    private var visits: [(station: Int, connector: Int)] = []
    private var freeVisits: [UInt32] = []
    private var arrivals = 0
    private var turnedAway = 0
    private var present = 0

    private init(_ context: NodeContext) {
        stations = context.nodes("to")
        rate = context.drawn("rate") ?? DrawnValue(constant: 0)
        energy = context.drawn("energy") ?? DrawnValue(constant: 20 * 3.6e6)
        stay = context.drawn("stay") ?? DrawnValue(constant: 3 * 3600)
        settings = VehicleSettings(context)
        draws = StreamDraws(seed: context.simulation.scenario.run.seed, path: "\(context.name).arrivals")
        super.init(in: context)
    }

    override func ready() {
        publish(Signal.arrivals, 0)
        publish(Signal.present, 0)
        planNext()
    }

    /// The time to the next arrival of a Poisson process; the rate is asked anew each time.
    private func planNext() {
        let perSecond = rate.next(at: now)
        guard perSecond > 0, let wait = Duration(seconds: draws.draw(.exponential, site: 0, 1 / perSecond, 0)), wait < simulation.kernel.end - now else {
            return
        }
        setTimer(Self.arrivalTimer, at: now + wait)
    }

    override func timer(_ id: UInt32, _ payload: UInt32) {
        if id == Self.departureTimer { return depart(payload) }
        arrive()
        planNext()
    }

    private func arrive() {
        arrivals += 1
        publish(Signal.arrivals, Double(arrivals))
        let need = energy.next(at: now) / 3600
        let time = stay.next(at: now)
        if let remote = stations.first(where: { simulation.nodes[$0] is RemoteChargePointNode }) { return simulation.notHere(remote, for: self) }
        let free = stations.filter { (simulation.nodes[$0] as? ChargePointNode)?.freeConnector() != nil }
        guard !free.isEmpty, let stayTime = Duration(seconds: max(time, 60)),
            let chargePoint = simulation.nodes[free[Int(draws.draw(.choice, site: 1, Double(free.count), 0))]] as? ChargePointNode,
            let connector = chargePoint.freeConnector()
        else {
            turnedAway += 1
            publish(Signal.turnedAway, Double(turnedAway))
            return
        }
        // The battery starts so that the wanted energy fills it to the level where drivers stop, 80 % or full.
        let stored = need * settings.efficiency * 0.96 / settings.capacity
        let target = stored <= 0.75 ? 0.8 : min(1, stored + 0.05)
        guard let vehicle = try? settings.vehicle(stateOfCharge: max(target - stored, 0.01), supplyPhases: chargePoint.supply.phases) else { return }
        present += 1
        publish(Signal.present, Double(present))
        let visit: UInt32
        if let free = freeVisits.popLast() {
            visit = free
            visits[Int(visit)] = (chargePoint.index, connector)
        } else {
            visit = UInt32(visits.count)
            visits.append((chargePoint.index, connector))
        }
        chargePoint.plug(vehicle, target: target, connector: connector, idTag: "EV\(arrivals)")
        setTimer(Self.departureTimer, at: now + stayTime, payload: visit)
    }

    private func depart(_ visit: UInt32) {
        let (station, connector) = visits[Int(visit)]
        freeVisits.append(visit)
        present -= 1
        publish(Signal.present, Double(present))
        guard let chargePoint = simulation.nodes[station] as? ChargePointNode else { return }
        chargePoint.stopSession(connector: connector)
        chargePoint.unplug(connector: connector)
    }

    static let kind = NodeKind(
        manifest: KindManifest(
            name: "ev-arrivals", about: "Vehicles that arrive at random (Poisson), take a free charge point, charge what they need and leave.",
            settings: [
                SettingManifest(
                    "to", .nodes(roles: [.chargePoint]), required: true, about: "Charge points (with 'plugged: false'); a free one is taken at random."),
                SettingManifest(
                    "rate", .quantity(.frequency), required: true, min: "0 /h", drawnAtEachUse: true, about: "Arrivals per time, all charge points together."),
                SettingManifest("energy", .quantity(.energy), default: "20 kWh", drawnAtEachUse: true, about: "Energy that a vehicle needs, at the meter."),
                SettingManifest("stay", .duration, default: "3h", drawnAtEachUse: true, about: "Time until a vehicle leaves, at least a minute."),
            ] + VehicleSettings.manifests,
            signals: [
                SignalManifest("arrivals", held: true, about: "Vehicles that came."),
                SignalManifest("turned_away", held: true, about: "Vehicles that found no free charge point."),
                SignalManifest("present", held: true, about: "Vehicles that are plugged in."),
            ],
            example: """
                evsim: 1
                scenario: ev-arrivals-example
                run: {for: 12h, seed: 3}
                nodes:
                  csms: {is: csms}
                  cp: {is: charge-point, count: 10, csms: csms, plugged: false}
                  drivers: {is: ev-arrivals, to: cp.*, rate: 6 /h, energy: '=uniform(8 kWh, 30 kWh)', stay: '=lognormal(3 h, 0.5)'}
                expect:
                  - =max(drivers.arrivals) > 40
                """)
    ) { context in ArrivalsNode(context) }
}
