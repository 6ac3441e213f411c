import Synchronization

/// A flag that another thread or a signal handler raises to end a run early; a kernel looks at it every 4096 events.
public final class InterruptFlag: Sendable {
    private let raised = Atomic<Bool>(false)

    /// A flag that is down.
    public init() {}

    /// Whether someone asked the run to end.
    public var isRaised: Bool { raised.load(ordering: .relaxed) }

    /// Asks the run to end; safe in a signal handler.
    public func raise() { raised.store(true, ordering: .relaxed) }

    /// Takes the request back.
    public func lower() { raised.store(false, ordering: .relaxed) }
}
