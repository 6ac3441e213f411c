import Glibc

/// Time since the start of a command; for people only, never in a result.
struct Stopwatch {
    private let clock: clockid_t
    private let start: Double

    /// Wall time.
    static func wall() -> Stopwatch { Stopwatch(CLOCK_MONOTONIC) }
    /// Processor time of this process.
    static func processor() -> Stopwatch { Stopwatch(CLOCK_PROCESS_CPUTIME_ID) }

    private init(_ clock: clockid_t) {
        self.clock = clock
        start = Stopwatch.now(clock)
    }

    /// Seconds since it was made.
    var seconds: Double { Stopwatch.now(clock) - start }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// A time for people: `3 ms`, `1.2 s`, `2 min 5 s`.
    static func text(_ seconds: Double) -> String {
        switch seconds {
        case ..<0.001: return "\(Int((seconds * 1e6).rounded())) us"
        case ..<1: return "\(Int((seconds * 1e3).rounded())) ms"
        case ..<10: return "\(Double((seconds * 10).rounded()) / 10) s"
        case ..<100: return "\(Int(seconds.rounded())) s"
        case ..<360_000:
            let whole = Int(seconds.rounded())
            return whole < 3600 ? "\(whole / 60) min \(whole % 60) s" : "\(whole / 3600) h \(whole % 3600 / 60) min"
        default: return "over 100 h"
        }
    }

    /// A rate for people: two leading digits, grouped.
    static func rate(_ value: Double) -> String {
        guard value >= 1 else { return value > 0 ? "\((value * 100).rounded() / 100)" : "0" }
        guard value < 1e15 else { return "very many" }
        var unit = 1.0
        while value / unit >= 100 { unit *= 10 }
        return TextLayout.grouped(UInt64((value / unit).rounded() * unit))
    }
}
