public import Quantities
import OCPP

/// Cuts the messages of all connections into flows, at most so many at a time.
///
/// A flow ends when its connection is opened anew, is silent for `idle`, or has lasted for `longest`; it is handed to `emit`.
public final class FlowTable {
    private let idle: Int64
    private let longest: Int64
    private let emit: (FlowFeatures) -> Void
    private var flows: GroupTable<FlowFeatures?>
    private let view: MessageView
    private let destination: String

    /// - Parameters:
    ///   - idle: the silence after which a flow is over.
    ///   - longest: the length at which a flow is cut.
    ///   - destination: the name of the central system.
    ///   - maximumFlows: the greatest number of connections at a time; a flow that has to make room is not handed out.
    public init(
        idle: Duration = .seconds(120), longest: Duration = .seconds(3600), destination: String = "", maximumFlows: Int = 65536,
        emit: @escaping (FlowFeatures) -> Void
    ) {
        self.idle = max(1, idle.nanoseconds)
        self.longest = max(1, longest.nanoseconds)
        self.destination = destination
        self.emit = emit
        flows = GroupTable(capacity: maximumFlows)
        view = MessageView(maximumGroups: maximumFlows)
    }

    /// Takes an event; those of an earlier time than the newest one are dropped.
    public func take(_ event: MessageEvent) {
        guard view.take(event) else { return }
        let place = flows.place(of: view.identityKey &+ UInt64(truncatingIfNeeded: view.connection) &* 0x9E37_79B9_7F4A_7C15) { nil }
        if let flow = flows[place] {
            let isOver =
                view.kind == .opened || age(of: flow.end.nanoseconds, at: view.now) >= UInt64(idle)
                || age(of: flow.start.nanoseconds, at: view.now) >= UInt64(longest)
            if isOver {
                emit(flow)
                flows[place] = nil
            }
        }
        var typed = event
        if let message = view.message { typed.content = .message(message, action: view.action) }
        var bytes = 0
        if case .message(let message, _) = event.content { bytes = message.bytes.count }
        var flow = flows[place] ?? FlowFeatures(identity: event.identity, source: event.address, destination: destination, start: event.instant)
        flow.take(typed, bytes: bytes)
        flows[place] = flow
    }

    /// Hands out the flows that are still open, in the order of their beginnings.
    public func finish() {
        var open: [FlowFeatures] = []
        for place in 0..<flows.count {
            if let flow = flows[place] { open.append(flow) }
            flows[place] = nil
        }
        for flow in open.sorted(by: { ($0.start, $0.identity) < ($1.start, $1.identity) }) { emit(flow) }
    }
}
