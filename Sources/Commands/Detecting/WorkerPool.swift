import Glibc
import Synchronization

/// Does numbered jobs on several threads.
final class WorkerPool: Sendable {
    private let count: Int
    private let next = Atomic<Int>(0)
    private let work: @Sendable (Int) -> Void

    private init(_ count: Int, _ work: @escaping @Sendable (Int) -> Void) {
        self.count = count
        self.work = work
    }

    /// Does the jobs 0..<count and waits for all of them.
    ///
    /// - Parameter threads: threads at a time, the calling one among them.
    static func run(_ count: Int, threads: Int, _ work: @escaping @Sendable (Int) -> Void) {
        let pool = WorkerPool(count, work)
        var running: [pthread_t] = []
        for _ in 1..<max(2, min(threads, count) + 1) where running.count + 1 < min(threads, count) {
            var attributes = pthread_attr_t()
            pthread_attr_init(&attributes)
            // As much as a main thread has: formulas and plugins may nest deeply.
            pthread_attr_setstacksize(&attributes, 8 << 20)
            var thread = pthread_t()
            let context = Unmanaged.passRetained(pool)
            let failed = pthread_create(
                &thread, &attributes,
                { context in
                    guard let context else { return nil }
                    Unmanaged<WorkerPool>.fromOpaque(context).takeRetainedValue().labour()
                    return nil
                }, context.toOpaque())
            pthread_attr_destroy(&attributes)
            if failed != 0 { context.release() } else { running.append(thread) }
        }
        pool.labour()
        for thread in running { pthread_join(thread, nil) }
    }

    private func labour() {
        while true {
            let job = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard job < count else { return }
            work(job)
        }
    }
}
