import Quantities
import SimulationKernel

/// What the outside does to a run while it waits for its next event.
protocol Outside: AnyObject {
    /// Waits until an instant of the monotonic clock at most, and hands what comes in to the run; returns early when something came.
    func wait(until deadline: UInt64)
    /// The run is over.
    func close()
}

/// Runs a simulation beside the clock of the machine: events come at absolute deadlines, so delays do not add up.
final class PacedDriver {
    private unowned(unsafe) let simulation: Simulation
    private let pace: Double
    private let outside: (any Outside)?
    private let start: UInt64
    /// Longest time between two looks at the interrupt flag and two reports of progress, in ns.
    private static let look: UInt64 = 50_000_000

    /// - Parameter pace: simulated seconds per second.
    init(_ simulation: Simulation, pace: Double, outside: (any Outside)?) {
        self.simulation = simulation
        self.pace = pace
        self.outside = outside
        start = WallClock.monotonic
    }

    /// The simulated instant that belongs to now.
    var instant: Instant {
        let elapsed = WallClock.monotonic &- start
        return pace == 1 ? Instant(nanoseconds: Int64(elapsed)) : Instant(nanoseconds: Int64(min(Double(elapsed) * pace, 9e18)))
    }

    /// The time of the machine at a simulated instant.
    private func deadline(_ instant: Instant) -> UInt64 {
        let nanoseconds = max(0, instant.nanoseconds)
        guard pace != 1 else { return start &+ UInt64(nanoseconds) }
        return start &+ UInt64(min((Double(nanoseconds) / pace).rounded(.up), 9e18))
    }

    /// Runs to the end of the run.
    func run(interrupt: InterruptFlag?) -> StopReason {
        defer { outside?.close() }
        let kernel = simulation.kernel
        while true {
            let reason = kernel.run(dispatcher: simulation, until: instant + Duration(nanoseconds: 1))
            guard reason == .paused else { return reason }
            if let interrupt, interrupt.isRaised { return .interrupted }
            simulation.report()
            let next = min(kernel.nextInstant ?? .never, kernel.end)
            let wake = min(next == .never ? .max : deadline(next), WallClock.monotonic &+ Self.look)
            if let outside { outside.wait(until: wake) } else { WallClock.sleep(until: wake) }
        }
    }
}
