import CAN
import Quantities
import ScenarioLanguage
import SimulationKernel

/// Kind `can-bridge`: a gateway that hands frames from one bus to another.
///
/// A frame that it has handed over does not come back to it: it hears no frame of its own. Frames leave a bus in the order in which they came.
final class CANBridgeNode: Node {
    private enum Signal {
        static let forwarded = 0, dropped = 1, waiting = 2, drop = 3
    }

    /// One way through the gateway.
    private final class Way: CANReceiver {
        unowned(unsafe) let bridge: CANBridgeNode
        let number: UInt32
        let from: Int
        let to: Int
        let identifiers: [UInt32: UInt32]
        /// The bridge's subscription of the bus that it sends on, which does not get what the bridge sends.
        var excluding = -1
        /// Frames that wait for their time, the oldest first.
        var waiting: [(frame: CANWideFrame, due: Instant)] = []
        var first = 0

        init(_ bridge: CANBridgeNode, number: UInt32, from: Int, to: Int, identifiers: [UInt32: UInt32]) {
            (self.bridge, self.number, self.from, self.to, self.identifiers) = (bridge, number, from, to, identifiers)
        }

        var count: Int { waiting.count - first }

        func receive(_ frame: CANFrame, at instant: Instant) { bridge.take(frame, over: self) }

        func takeFirst() -> CANWideFrame? {
            guard first < waiting.count else { return nil }
            let frame = waiting[first].frame
            first += 1
            if first == waiting.count {
                waiting.removeAll(keepingCapacity: true)
                first = 0
            } else if first > 4096, first * 2 > waiting.count {
                waiting.removeFirst(first)
                first = 0
            }
            return frame
        }
    }

    private var ways: [Way] = []
    private let only: [CANBus.Filter]
    private let except: [CANBus.Filter]
    private let delay: DrawnValue?
    private var drop: Double
    private let queue: Int
    private let draws: StreamDraws
    private var forwarded = 0.0
    private var dropped = 0.0

    private init(_ context: NodeContext, from: Int, to: Int) throws(RunFailure) {
        only = try Self.filters(context, "only")
        except = try Self.filters(context, "except")
        delay = context.drawn("delay")
        drop = context.number("drop") ?? 0
        queue = context.number("queue").map { Int($0) } ?? 1000
        draws = StreamDraws(seed: context.simulation.scenario.run.seed, path: "\(context.name).drop")
        let identifiers = try Self.identifiers(context)
        super.init(in: context)
        ways = [Way(self, number: 0, from: from, to: to, identifiers: identifiers)]
        if context.flag("both_ways") {
            let back = Dictionary(identifiers.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
            ways.append(Way(self, number: 1, from: to, to: from, identifiers: back))
        }
        var subscriptions: [Int: Int] = [:]
        for way in ways {
            subscriptions[way.from] = simulation.buses[way.from].subscribe(way)
            simulation.tapMaps[way.from].keepsLabels = true
        }
        for way in ways { way.excluding = subscriptions[way.to] ?? -1 }
    }

    // MARK: Frames

    private func take(_ frame: CANFrame, over way: Way) {
        let raw = frame.rawIdentifier
        guard only.isEmpty || only.contains(where: { $0.matches(raw) }), !except.contains(where: { $0.matches(raw) }) else { return }
        if drop > 0, draws.draw(.chance, site: 0, drop, 0) == 1 { return lose() }
        var wide = simulation.buses[way.from].wideFrame(frame)
        let key = raw & ~CANFrame.remoteFlag
        if let other = way.identifiers[key] { wide.frame.rawIdentifier = other | raw & CANFrame.remoteFlag }
        let pause = delay.flatMap { Duration(seconds: max(0, $0.next(at: now))) } ?? .zero
        let earliest = way.waiting.last?.due ?? now
        let due = max(now + pause, way.count > 0 ? earliest : now)
        guard due > now else { return forward(wide, over: way) }
        guard way.count < queue else { return lose() }
        way.waiting.append((wide, due))
        publish(Signal.waiting, Double(ways.reduce(0) { $0 + $1.count }))
        setTimer(way.number, at: due)
    }

    private func forward(_ frame: CANWideFrame, over way: Way) {
        forwarded += 1
        publish(Signal.forwarded, forwarded)
        simulation.transmit(simulation.buses[way.to].frame(frame), on: way.to, by: index, excluding: way.excluding)
    }

    private func lose() {
        dropped += 1
        publish(Signal.dropped, dropped)
    }

    override func timer(_ id: UInt32, _ payload: UInt32) {
        guard ways.indices.contains(Int(id)), let frame = ways[Int(id)].takeFirst() else { return }
        publish(Signal.waiting, Double(ways.reduce(0) { $0 + $1.count }))
        forward(frame, over: ways[Int(id)])
    }

    override func ready() {
        publish(Signal.forwarded, forwarded)
        publish(Signal.dropped, dropped)
        publish(Signal.waiting, 0)
        publish(Signal.drop, drop)
    }

    override func wasSet(_ signal: Int, _ value: Double) {
        if signal == Signal.drop { drop = value }
    }

    override func settingChanged(_ setting: Int, _ value: Double) {
        guard CANBridgeNode.kind.manifest.settings[setting].name == "drop" else { return }
        drop = value
        publishChange(Signal.drop, value)
    }

    // MARK: Settings

    private static func problem(_ context: NodeContext, _ text: String) -> RunFailure {
        RunFailure(code: .badNode, message: "\(context.name): \(text)", span: nil, time: nil)
    }

    private static func filters(_ context: NodeContext, _ name: String) throws(RunFailure) -> [CANBus.Filter] {
        var filters: [CANBus.Filter] = []
        for text in context.texts(name) ?? [] {
            guard let filter = CANBus.Filter(text) else { throw problem(context, "'\(name)' takes identifiers and ID:MASK such as 0x100:0x7F0, not '\(text)'") }
            filters.append(filter)
        }
        return filters
    }

    /// `0x100=0x200` as the identifiers with their flags.
    private static func identifiers(_ context: NodeContext) throws(RunFailure) -> [UInt32: UInt32] {
        var result: [UInt32: UInt32] = [:]
        for text in context.texts("ids") ?? [] {
            let parts = text.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, let old = CANBus.Filter.identifier(parts[0]), let new = CANBus.Filter.identifier(parts[1]) else {
                throw problem(context, "'ids' takes pairs such as 0x100=0x200, not '\(text)'")
            }
            let key = old.value | (old.isExtended ? CANFrame.extendedFlag : 0)
            guard result.updateValue(new.value | (new.isExtended ? CANFrame.extendedFlag : 0), forKey: key) == nil else {
                throw problem(context, "'ids' has \(parts[0]) twice")
            }
        }
        return result
    }

    static let kind = NodeKind(
        manifest: KindManifest(
            name: "can-bridge", about: "A gateway between two CAN buses: hands frames over, with filters, other identifiers, delay and loss.",
            settings: [
                SettingManifest("from", .bus, required: true, about: "A bus."),
                SettingManifest("to", .bus, required: true, about: "The other bus."),
                SettingManifest("both_ways", .flag, default: "true", about: "Whether frames also go from 'to' to 'from'."),
                SettingManifest(
                    "only", .texts(allowed: []), about: "Identifiers that it hands over, in hexadecimal: 0x100, or 0x100:0x7F0 with a mask; all without."),
                SettingManifest("except", .texts(allowed: []), about: "Identifiers that it does not hand over, written like those of 'only'."),
                SettingManifest(
                    "ids", .texts(allowed: []), about: "Identifiers that change on the way, 0x100=0x200; the other way round on the way back."),
                SettingManifest("delay", .duration, default: "0s", drawnAtEachUse: true, about: "Time that each frame spends in the gateway; order is kept."),
                SettingManifest("drop", .percent, default: "0%", min: "0%", max: "100%", follows: true, about: "Share of the frames that get lost."),
                SettingManifest("queue", .count, default: "1000", min: "1", max: "1000000", about: "Frames that may wait in one direction; more are lost."),
            ],
            signals: [
                SignalManifest("forwarded", held: true, about: "Number of frames handed over."),
                SignalManifest("dropped", held: true, about: "Number of frames lost."),
                SignalManifest("waiting", held: true, about: "Number of frames in the gateway."),
                SignalManifest("drop", unit: "%", settable: true, held: true, about: "Share of the frames that get lost."),
            ],
            example: """
                evsim: 1
                scenario: can-bridge-example
                run: {for: 5s}
                nodes:
                  csms: {is: csms}
                  cp1: {is: charge-point, csms: csms, bus: station}
                  charger: {is: charger-module, bus: cabinet}
                  gateway: {is: can-bridge, from: station, to: cabinet, delay: 2ms}
                steps:
                  - {send: RemoteStartTransaction, to: cp1}
                expect:
                  - =gateway.forwarded > 0
                """)
    ) { (context) throws(RunFailure) in
        guard let from = context.bus("from"), let to = context.bus("to"), from != to else {
            throw CANBridgeNode.problem(context, "'from' and 'to' are the same bus")
        }
        return try CANBridgeNode(context, from: from, to: to)
    }
}
