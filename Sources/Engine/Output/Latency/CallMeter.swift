import OCPP
import Quantities

/// Counts the calls of a run by action and direction, and measures how long their answers took.
final class CallMeter {
    /// What is known of one action in one direction.
    struct Row {
        let action: OCPPAction
        /// Whether charge points called.
        let isUp: Bool
        var calls: UInt64 = 0
        /// Answers that were results.
        var results: UInt64 = 0
        /// Answers that were errors.
        var errors: UInt64 = 0
        /// From the sending of the call to the arrival of its answer.
        let latency = LatencyHistogram()

        /// Who called whom, as `messages.jsonl` says it.
        var direction: String { isUp ? "cp-to-csms" : "csms-to-cp" }
        /// Calls without an answer: it was lost, or came too late, or the run ended before.
        var unanswered: UInt64 { calls - results - errors }
    }

    private let rows: UnsafeMutablePointer<Row>
    private static let count = OCPPAction.allCases.count

    init() {
        rows = .allocate(capacity: 2 * Self.count)
        for (index, action) in OCPPAction.allCases.enumerated() {
            (rows + index).initialize(to: Row(action: action, isUp: true))
            (rows + Self.count + index).initialize(to: Row(action: action, isUp: false))
        }
    }

    deinit {
        rows.deinitialize(count: 2 * Self.count)
        rows.deallocate()
    }

    /// A call is sent; `action` is its number in the catalogue.
    @inline(__always)
    func called(_ action: Int, up: Bool) { rows[up ? action : Self.count + action].calls += 1 }

    /// The answer to a call was sent and takes so long, counted from the call, to its arrival.
    func answered(_ action: Int, up: Bool, isError: Bool, after time: Duration) {
        let row = rows + (up ? action : Self.count + action)
        if isError { row.pointee.errors += 1 } else { row.pointee.results += 1 }
        row.pointee.latency.add(time)
    }

    /// All that was called, in the order of the catalogue; calls of charge points first.
    var all: [Row] {
        (0..<Self.count).flatMap { action in [rows[action], rows[Self.count + action]].filter { $0.calls > 0 } }
    }

    /// Calls of an action in both directions.
    func calls(of action: Int) -> UInt64 { rows[action].calls + rows[Self.count + action].calls }

    /// The answer times of an action in both directions.
    func latency(of action: Int) -> LatencyHistogram {
        let both = LatencyHistogram()
        both.add(rows[action].latency)
        both.add(rows[Self.count + action].latency)
        return both
    }
}
