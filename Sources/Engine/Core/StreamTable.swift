import Quantities

/// Streams of messages and frames that some formula counts; all others cost one look at a dictionary-free table.
final class StreamTable {
    /// One counted stream.
    final class Runtime {
        var count = 0
        var first: Instant?
        var aggregates: [Aggregate] = []
    }

    private var byNumber: [Int: Runtime] = [:]
    /// Whether any stream is counted at all.
    private(set) var isEmpty = true

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

    @inline(never)
    private func note(_ stream: Int, at now: Instant) {
        guard let runtime = byNumber[stream] else { return }
        runtime.count += 1
        if runtime.first == nil { runtime.first = now }
        for aggregate in runtime.aggregates { aggregate.add(now, 1) }
    }
}
