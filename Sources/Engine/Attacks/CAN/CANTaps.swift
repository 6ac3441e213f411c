import CAN
import SimulationKernel

/// A frame on its way from its sender to its bus.
struct CANUnit {
    /// The frame; the data of a wide one lie in the bus.
    var frame: CANFrame
    /// Node that sends it, -1 for somebody outside the file.
    var node: Int
    /// Subscription that does not get it, -1 for none.
    var excluding: Int
    /// Declared frame that it was sent as, -1 when that is not known or not true any more.
    var declared = -1
}

/// The taps of all buses: which identifiers they look at, in the order in which their attacks began.
///
/// A frame that no tap looks at pays one test of the bus and one of a bit; what attacks send themselves meets no tap.
final class CANTaps {
    private unowned(unsafe) let simulation: Simulation
    private var chains: [[(tap: CANAttack, identifiers: [UInt32]?)]]

    init(_ simulation: Simulation) {
        self.simulation = simulation
        chains = simulation.buses.map { _ in [] }
    }

    /// Puts a tap behind those that a bus has; identifiers as in `CANFrame.rawIdentifier`, `nil` for every frame.
    func add(_ tap: CANAttack, on bus: Int, _ identifiers: [UInt32]?) {
        chains[bus].append((tap, identifiers))
        mark(bus)
    }

    /// Takes a tap out.
    func remove(_ tap: CANAttack, on bus: Int) {
        chains[bus].removeAll { $0.tap === tap }
        mark(bus)
    }

    private func mark(_ bus: Int) {
        simulation.tapMaps[bus].clear()
        simulation.tapMaps[bus].lone = chains[bus].count == 1 ? Unmanaged.passUnretained(chains[bus][0].tap) : nil
        for (_, identifiers) in chains[bus] {
            guard let identifiers else { return simulation.tapMaps[bus].fill() }
            for identifier in identifiers { simulation.tapMaps[bus].insert(identifier) }
        }
    }

    /// Hands a frame from tap to tap; `false` when one of them keeps or drops it. The map of the bus has given the reaction.
    func pass(_ unit: inout CANUnit, _ reaction: CANAttack.Reaction, on bus: Int) -> Bool {
        if reaction != .unknown, let lone = simulation.tapMaps[bus].lone { return lone.takeUnretainedValue().act(reaction, &unit, on: bus) }
        for entry in chains[bus] where !entry.tap.take(&unit, on: bus) { return false }
        return true
    }

    /// A frame that a tap has kept goes on behind that tap.
    func resume(_ unit: CANUnit, on bus: Int, behind tap: CANAttack) {
        var unit = unit
        if let place = chains[bus].firstIndex(where: { $0.tap === tap }) {
            for entry in chains[bus][(place + 1)...] where !entry.tap.take(&unit, on: bus) { return }
        }
        simulation.put(unit.frame, on: bus, by: unit.node, excluding: unit.excluding)
    }
}

/// Which identifiers of a bus some tap looks at: a bit for each of 4096 classes of them.
struct CANTapMap {
    /// Whether there is any tap.
    private(set) var isUsed = false
    /// Whether somebody carries labels on from the bus, so that frames need them on their way.
    var keepsLabels = false
    /// The tap of a bus that has but one; the chain of the bus holds it.
    var lone: Unmanaged<CANAttack>?
    private let words: UnsafeMutablePointer<UInt64>

    init() {
        words = .allocate(capacity: 64)
        words.initialize(repeating: 0, count: 64)
    }

    func deallocate() { words.deallocate() }

    private static func place(_ raw: UInt32) -> Int { Int((raw ^ raw >> 12 ^ raw >> 24) & 0xFFF) }

    mutating func clear() {
        words.update(repeating: 0, count: 64)
        isUsed = false
    }

    mutating func fill() {
        words.update(repeating: .max, count: 64)
        isUsed = true
    }

    mutating func insert(_ raw: UInt32) {
        let place = Self.place(raw & ~CANFrame.remoteFlag)
        words[place >> 6] |= 1 << UInt64(place & 63)
        isUsed = true
    }

    /// What the taps of the bus have to do with a frame, which only the tap of a bus that has but one can say at once.
    @inline(__always)
    func reaction(to frame: CANFrame, on bus: Int) -> CANAttack.Reaction {
        guard contains(frame.rawIdentifier) else { return .none }
        guard let lone else { return .unknown }
        return lone._withUnsafeGuaranteedRef { $0.reaction(to: frame, on: bus) }
    }

    /// Whether a tap may look at an identifier.
    @inline(__always)
    private func contains(_ raw: UInt32) -> Bool {
        guard isUsed else { return false }
        let place = Self.place(raw & ~CANFrame.remoteFlag)
        return words[place >> 6] & (1 << UInt64(place & 63)) != 0
    }
}
