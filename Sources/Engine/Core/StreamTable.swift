import Quantities

/// Streams of messages and frames that some formula counts; all others cost one look at a dictionary-free table.
final class StreamTable {
    /// One counted stream.
    final class Runtime {
        var count = 0
        var first: Instant?
        var aggregates: [Aggregate] = []
        /// Times of the answers, where somebody asks for them.
        var latency: LatencyHistogram?
    }

    private var byNumber: [Int: Runtime] = [:]
    /// Whether any stream is counted at all.
    private(set) var isEmpty = true

    /// Whether the answer times of any stream are kept apart.
    private(set) var isTimed = false

    /// The runtime of a stream, made when it is first asked for.
    func runtime(_ stream: Int) -> Runtime {
        if let known = byNumber[stream] { return known }
        let made = Runtime()
        byNumber[stream] = made
        isEmpty = false
        return made
    }

    /// Something of the stream happened.
    @inline(__always)
    func count(_ stream: Int, at now: Instant) {
        if !isEmpty { note(stream, at: now) }
    }

    /// Keeps the answer times of a stream.
    func time(_ stream: Int) {
        let runtime = runtime(stream)
        if runtime.latency == nil { runtime.latency = LatencyHistogram() }
        isTimed = true
    }

    /// A call of the stream was answered.
    func answered(_ stream: Int, after time: Duration) { byNumber[stream]?.latency?.add(time) }

    @inline(never)
    private func note(_ stream: Int, at now: Instant) {
        guard let runtime = byNumber[stream] else { return }
        runtime.count += 1
        if runtime.first == nil { runtime.first = now }
        for aggregate in runtime.aggregates { aggregate.add(now, 1) }
    }
}
