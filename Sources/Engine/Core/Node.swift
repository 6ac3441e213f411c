import CAN
import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel

/// A node of a running simulation: state that changes when the simulation hands it something.
///
/// A node never reads a clock, opens anything or draws a random number except through `simulation`.
class Node: CANReceiver {
    /// Index of the instance, which is also its order at one instant.
    let index: Int
    /// Full name: `cp1`, `cp.3`.
    let name: String
    /// Index of its first signal.
    let firstSignal: Int
    unowned(unsafe) let simulation: Simulation
    /// How much slower than the true time the node's clock runs, as a share: its timers last longer by it.
    var clockError = 0.0

    init(in context: NodeContext) {
        index = context.index
        name = context.name
        firstSignal = context.firstSignal
        simulation = context.simulation
    }

    /// Whether steps wait until this node has booted.
    var mustBoot: Bool { false }
    /// Whether the run's t = 0 waits for the node, because it is switched on at the beginning.
    var bootsAtOnce: Bool { mustBoot }
    /// Called once at the beginning, when all nodes exist.
    func powerOn() {}
    /// Called when the run's t = 0 is reached: periodic work starts here.
    func ready() {}
    /// Name under which the node speaks OCPP: the last part of the address that it connects to.
    var identity: String { name }
    /// A timer that the node set.
    func timer(_ id: UInt32, _ payload: UInt32) {}
    /// A periodic reading that the node asked for.
    func sample(_ id: UInt32) {}
    /// A message arrives.
    func receive(_ message: OCPPMessage, link: Int) {}
    /// Where the node listens in a live run; `nil` if it is no central system.
    var listening: LiveListening? { nil }
    /// How the node reaches its central system in a live run; `nil` if it is no charge point.
    var connecting: LiveConnecting? { nil }
    /// Whether a central system gives the place of a connection to a newer one of the same identity.
    var replacesConnections: Bool { false }
    /// Why a central system does not let somebody connect, with the status of HTTP; `nil` if it does.
    func refusal(of identity: String, _ credentials: (user: String, password: [UInt8])?, certificate: String?) -> (status: Int, text: String)? { nil }
    /// A central system has learnt something of the node.
    func learnt(_ news: CentralSystemOutput) {}
    /// A connection that the node is an end of stands.
    func linkUp(_ link: Int) {}
    /// A connection is gone, or could not be opened.
    func linkDown(_ link: Int) {}
    /// A step does something to the node that a person or the world would do.
    func perform(_ action: ActionCall) {}
    /// A frame arrives that the node subscribed to.
    func receive(_ frame: CANFrame, at instant: Instant) {}
    /// A step wrote one of the node's signals.
    func wasSet(_ signal: Int, _ value: Double) {}
    /// A setting that follows signals has a new value, in base units.
    func settingChanged(_ setting: Int, _ value: Double) {}
    /// The run is over: last values are published.
    func finish() {}

    // MARK: What nodes do

    @inline(__always)
    final func publish(_ signal: Int, _ value: Double) { simulation.signals.publish(firstSignal + signal, value) }

    /// Publishes only a value that differs from the last one.
    final func publishChange(_ signal: Int, _ value: Double) {
        if simulation.signals.latest(firstSignal + signal) != value { publish(signal, value) }
    }

    @inline(__always)
    final var now: Instant { simulation.kernel.now }

    /// The frame of a name on a bus, from now on received; `nil` when the bus does not have it.
    final func subscribe(to name: String, on bus: Int) -> FrameRuntime? {
        guard let frame = simulation.frame(name, bus: bus) else { return nil }
        simulation.buses[bus].subscribe(self, .id(frame.declaration.id, isExtended: frame.declaration.isExtended))
        return frame
    }

    /// Sets a timer; `payload` comes back with it.
    final func setTimer(_ id: UInt32, at instant: Instant, payload: UInt32 = 0) {
        simulation.kernel.schedule(
            at: byOwnClock(instant), phase: .timer, node: UInt32(index + 1), kind: EventKind.timer, target: UInt32(index),
            payload: UInt64(id) << 32 | UInt64(payload))
    }

    /// Asks for one reading at an instant.
    final func setSample(_ id: UInt32, at instant: Instant) {
        simulation.kernel.schedule(
            at: byOwnClock(instant), phase: .sampler, node: UInt32(index + 1), kind: EventKind.sample, target: UInt32(index), payload: UInt64(id))
    }

    /// When an instant in the future comes by the node's clock.
    @inline(__always)
    final func byOwnClock(_ instant: Instant) -> Instant {
        clockError == 0 ? instant : lateBy(instant)
    }

    private func lateBy(_ instant: Instant) -> Instant {
        let wait = Double((instant - now).nanoseconds) * (1 + clockError)
        return wait > 0 && wait < 9e18 ? now + Duration(nanoseconds: Int64(wait.rounded())) : instant
    }
}

/// What the engine means by the kinds of events.
enum EventKind {
    static let timer: UInt32 = 1
    static let sample: UInt32 = 2
    static let message: UInt32 = 3
    static let frame: UInt32 = 4
    static let periodicFrame: UInt32 = 5
    static let strand: UInt32 = 6
    static let detector: UInt32 = 7
    static let untilTimeout: UInt32 = 8
}

/// What a factory of a kind is handed for one instance.
struct NodeContext {
    let index: Int
    let name: String
    let firstSignal: Int
    unowned(unsafe) let simulation: Simulation
    let manifest: KindManifest
    let settings: [SettingValue]

    /// The setting of a name; a misspelt name is a bug of the factory and reads as absent.
    private func setting(_ name: String) -> SettingValue {
        guard let index = manifest.settingIndex(name), settings.indices.contains(index) else { return .absent }
        return settings[index]
    }

    /// A number in base units; formulas are drawn now.
    func number(_ name: String) -> Double? {
        switch setting(name) {
        case .number(let value): return value
        case .duration(let time): return time.seconds
        case .formula(let formula):
            let value = simulation.evaluateSetting(formula, path: "\(self.name).\(name)")
            // What follows signals is computed before any was published, and must not begin outside its bounds.
            guard !formula.signalsRead.isEmpty, let place = manifest.settingIndex(name), manifest.settings[place].follows else { return value }
            return value.isFinite ? manifest.settings[place].bounded(value) : manifest.settings[place].defaultValue
        default: return nil
        }
    }

    /// A time; formulas are drawn now, negative results count as none.
    func duration(_ name: String) -> Duration? {
        switch setting(name) {
        case .duration(let time): return time
        case .number, .formula: return number(name).flatMap { Duration(seconds: Swift.max($0, 0)) }
        default: return nil
        }
    }

    func text(_ name: String) -> String? {
        if case .text(let text) = setting(name) { return text }
        return nil
    }

    func texts(_ name: String) -> [String]? {
        if case .texts(let texts) = setting(name) { return texts }
        return nil
    }

    func flag(_ name: String) -> Bool { number(name) == 1 }

    /// How calls are answered.
    func replies(_ name: String) -> [ReplyDeclaration] {
        if case .replies(let replies) = setting(name) { return replies }
        return []
    }

    /// The index of a word.
    func choice(_ name: String) -> Int? { number(name).map { Int($0) } }

    func nodes(_ name: String) -> [Int] {
        if case .nodes(let nodes) = setting(name) { return nodes }
        return []
    }

    func bus(_ name: String) -> Int? {
        if case .bus(let bus) = setting(name) { return bus }
        return nil
    }

    func ramp(_ name: String) -> (share: Double?, slope: Double?)? {
        if case .ramp(let share, let slope) = setting(name) { return (share, slope) }
        return nil
    }

    /// A value that is drawn anew at each use.
    func drawn(_ name: String) -> DrawnValue? {
        switch setting(name) {
        case .number(let value): return DrawnValue(constant: value)
        case .duration(let time): return DrawnValue(constant: time.seconds)
        case .formula(let formula): return DrawnValue(simulation.runner(formula, path: "\(self.name).\(name)"))
        default: return nil
        }
    }
}

/// A setting that is evaluated at each use.
final class DrawnValue {
    private let runner: FormulaRunner?
    private let constant: Double

    init(constant: Double) {
        self.constant = constant
        runner = nil
    }

    init(_ runner: FormulaRunner) {
        self.runner = runner
        constant = 0
    }

    /// The next value in base units.
    func next(at now: Instant) -> Double { runner?.value(at: now) ?? constant }
}
