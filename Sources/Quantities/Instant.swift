/// A point in simulated time: whole nanoseconds since the start of the run.
///
/// The range is about ±292 years; arithmetic traps on overflow in debug and release alike, so callers bound what they add.
@frozen
public struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the start of the run.
    public var nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The start of the run.
    public static let zero = Instant(nanoseconds: 0)
    /// Later than any instant that a run reaches.
    public static let never = Instant(nanoseconds: .max)

    /// Seconds since the start of the run, correctly rounded for every run shorter than 104 days.
    @inlinable
    public var seconds: Double { Double(nanoseconds) / 1e9 }

    @inlinable
    public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
    @inlinable
    public static func + (a: Instant, b: Duration) -> Instant { Instant(nanoseconds: a.nanoseconds + b.nanoseconds) }
    @inlinable
    public static func - (a: Instant, b: Duration) -> Instant { Instant(nanoseconds: a.nanoseconds - b.nanoseconds) }
    @inlinable
    public static func - (a: Instant, b: Instant) -> Duration { Duration(nanoseconds: a.nanoseconds - b.nanoseconds) }
    @inlinable
    public static func += (a: inout Instant, b: Duration) { a.nanoseconds += b.nanoseconds }
}

/// A length of simulated time in whole nanoseconds.
///
/// The name is that of the field; in a file that imports this module it stands before the standard library's type of the same name.
@frozen
public struct Duration: Hashable, Comparable, Sendable {
    /// Length in nanoseconds.
    public var nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// No time at all.
    public static let zero = Duration(nanoseconds: 0)
    /// The whole number of seconds given.
    @inlinable
    public static func seconds(_ count: Int64) -> Duration { Duration(nanoseconds: count * 1_000_000_000) }
    /// The whole number of milliseconds given.
    @inlinable
    public static func milliseconds(_ count: Int64) -> Duration { Duration(nanoseconds: count * 1_000_000) }

    /// The nearest duration to a number of seconds; `nil` when it is not finite or does not fit.
    public init?(seconds: Double) {
        let nanoseconds = (seconds * 1e9).rounded()
        guard nanoseconds.magnitude < 9.2e18 else { return nil }
        self.init(nanoseconds: Int64(nanoseconds))
    }

    /// Length in seconds.
    @inlinable
    public var seconds: Double { Double(nanoseconds) / 1e9 }

    @inlinable
    public static func < (a: Duration, b: Duration) -> Bool { a.nanoseconds < b.nanoseconds }
    @inlinable
    public static func + (a: Duration, b: Duration) -> Duration { Duration(nanoseconds: a.nanoseconds + b.nanoseconds) }
    @inlinable
    public static func - (a: Duration, b: Duration) -> Duration { Duration(nanoseconds: a.nanoseconds - b.nanoseconds) }
    @inlinable
    public static func * (a: Duration, b: Int64) -> Duration { Duration(nanoseconds: a.nanoseconds * b) }
}

extension Duration {
    /// Exact decimal seconds without trailing zeros: `4.5`, `0.000001`, `-2`.
    public var secondsText: String {
        var text = ""
        writeDecimalSeconds(nanoseconds) { text.unicodeScalars.append(Unicode.Scalar($0)) }
        return text
    }
}

/// Writes a number of nanoseconds as exact decimal seconds, one ASCII byte at a time, without trailing zeros.
@inlinable
public func writeDecimalSeconds(_ nanoseconds: Int64, _ put: (UInt8) -> Void) {
    if nanoseconds < 0 { put(0x2D) }
    let magnitude = nanoseconds.magnitude
    var digits: (UInt64, Int) = (magnitude / 1_000_000_000, 0)
    var whole: UInt64 = 1
    while whole <= digits.0 / 10 { whole *= 10 }
    while whole > 0 {
        put(UInt8(0x30 + digits.0 / whole))
        digits.0 %= whole
        whole /= 10
    }
    var fraction = magnitude % 1_000_000_000
    guard fraction > 0 else { return }
    put(0x2E)
    var place: UInt64 = 100_000_000
    while fraction > 0 {
        put(UInt8(0x30 + fraction / place))
        fraction %= place
        place /= 10
    }
}
