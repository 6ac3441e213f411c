import JSONText
import OCPP
import Quantities
import SimulationKernel

/// Plays a charge point of its own over a second connection.
protocol LinkIntruder: AnyObject {
    /// Its connection stands.
    func opened(link: Int)
    /// Its connection is gone.
    func closed(link: Int)
    /// The central system has sent it a message.
    func receive(_ message: OCPPMessage, link: Int)
}

/// Something with timers in the kernel.
protocol TimedLinkAttack: AnyObject {
    /// A timer has come; `token` is what it was set with.
    func due(_ token: UInt64)
}

/// Timers of attacks on links.
final class LinkAttackTimers {
    private var attacks: [(any TimedLinkAttack)?] = []
    private var free: [Int] = []
    private var lastSerial: UInt64 = 0
    unowned(unsafe) var kernel: Kernel!

    /// Takes an attack on; the number for its timers.
    func add(_ attack: any TimedLinkAttack) -> Int {
        if let place = free.popLast() {
            attacks[place] = attack
            return place
        }
        attacks.append(attack)
        return attacks.count - 1
    }

    /// An attack sets no more timers.
    func remove(_ number: Int) {
        attacks[number] = nil
        free.append(number)
    }

    /// A number that no other beginning of an attack has, so that its timers can be told from those of others.
    func serial() -> UInt64 {
        lastSerial = (lastSerial + 1) & 0x7FFF_FFFF
        return lastSerial
    }

    /// Sets a timer.
    func set(_ number: Int, at instant: Instant, _ token: UInt64) {
        kernel.schedule(at: max(instant, kernel.now), phase: .timer, node: 0, kind: EventKind.linkAttack, target: UInt32(number), payload: token)
    }

    /// A timer has come.
    func due(_ number: Int, _ token: UInt64) { if attacks.indices.contains(number) { attacks[number]?.due(token) } }
}

/// What an attack on links is aimed at, and how its messages are marked.
struct LinkAim {
    /// The links, in the order of the charge points.
    var links: [Int]
    /// Proxies whose charge points it meets, those that connect later too.
    var proxies: Set<Int> = []
    /// Actions that it is about; all when empty.
    var actions: Set<Int> = []
    /// Whether it acts on what charge points send, and on what central systems send.
    var up = true
    var down = true
    /// Whether attacks on the way of messages meet answers too; where actions are named they are about calls.
    var takesAnswers = true
    /// Number of its label; -1 for none.
    var label = -1
    /// Keys its random streams.
    var path = "attack"

    /// Whether a message is one that the attack is about.
    func meets(_ unit: LinkUnit, up: Bool) -> Bool {
        (up ? self.up : down) && (actions.isEmpty || actions.contains(unit.action))
    }

    /// The same for attacks on the way of messages.
    func meetsCalls(_ unit: LinkUnit, up: Bool) -> Bool { meets(unit, up: up) && (takesAnswers || unit.isCall) }
}

/// An attack on links: it acts between its beginning and its end.
class LinkAttack {
    private(set) var aim: LinkAim
    unowned(unsafe) let simulation: Simulation
    private(set) var isActive = false
    /// Told when it has done all that it had to do.
    var isDone: (() -> Void)?
    /// What it was made from, as long as it acts.
    var context: AnyObject?
    private var streams: [RandomStream?] = []

    init(_ aim: LinkAim, _ simulation: Simulation) {
        self.aim = aim
        self.simulation = simulation
    }

    /// The attack begins.
    func begin(at now: Instant) {
        isActive = true
        if !aim.proxies.isEmpty { links.proxyAttacks.append(self) }
        start()
    }

    /// It ends; the links are as they were before.
    func end(at now: Instant) {
        guard isActive else { return }
        isActive = false
        context = nil
        links.proxyAttacks.removeAll { $0 === self }
        stop()
    }

    /// A charge point has come to a proxy that the attack is aimed at.
    func join(_ link: Int) {
        aim.links.append(link)
        if let interceptor = self as? any LinkInterceptor { links.intercept(link, by: interceptor) }
    }

    /// What its kind does at the beginning.
    func start() {}
    /// What its kind does at the end.
    func stop() {}

    final var links: LinkTable { simulation.links }
    final var now: Instant { simulation.kernel.now }

    /// The transaction that runs on connector 1 of a charge point of the run.
    final func runningTransaction(_ link: Int) -> Int? {
        let node = links.chargePoint(of: link)
        guard node >= 0 else { return nil }
        let kind = simulation.scenario.kinds[simulation.scenario.nodes[simulation.scenario.symbols.declarationOfNode[node]].kind]
        guard let place = kind.signals.firstIndex(where: { $0.name == "transaction" }) else { return nil }
        let value = simulation.signals.latest(simulation.nodes[node].firstSignal + place)
        return value > 0 && value < 1e15 ? Int(value) : nil
    }

    /// The first change of the attack is evidence of it.
    final func showEvidence() { if aim.label >= 0 { simulation.truth.evidence(aim.label, at: now) } }

    /// The random numbers of a purpose of the attack.
    final func draw<Value>(_ site: Int, _ body: (inout RandomStream) -> Value) -> Value {
        while streams.count <= site { streams.append(nil) }
        var stream = streams[site] ?? RandomStream(seed: simulation.scenario.run.seed, run: 0, path: aim.path, site: UInt64(site))
        defer { streams[site] = stream }
        return body(&stream)
    }

    /// Whether something of a probability happens now.
    final func happens(_ chance: Double) -> Bool { chance >= 1 || draw(0) { $0.chance(chance) } }
}

/// An attack that changes what passes.
class InterceptingAttack: LinkAttack, LinkInterceptor {
    override func start() { for link in aim.links { links.intercept(link, by: self) } }
    override func stop() { for link in aim.links { links.leave(link, by: self) } }

    func pass(_ unit: LinkUnit, up: Bool, link: Int, into out: inout [LinkUnit]) { out.append(unit) }

    /// The same message as one of the attack.
    final func marked(_ unit: LinkUnit) -> LinkUnit {
        showEvidence()
        var unit = unit
        unit.label = aim.label
        return unit
    }
}
