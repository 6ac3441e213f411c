import Quantities

/// An attack in service on one sort of link.
protocol AttackMachine: AnyObject {
    /// The attack begins.
    func begin(at now: Instant)
    /// The attack is over: units that it holds are let go, in their order, and the link is as before.
    func end(at now: Instant)
    /// The moment that it asked for with `AttackContext.wake` has come.
    func wake(_ token: UInt32, at now: Instant)
}

extension AttackMachine {
    func wake(_ token: UInt32, at now: Instant) {}
}
