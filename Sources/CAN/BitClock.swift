import Quantities

/// An exact point in time on a bus: whole nanoseconds and a part of one, counted in the clock's fractions.
@frozen
public struct BitInstant: Hashable, Comparable, Sendable {
    /// Whole nanoseconds since the start of the run.
    public var nanoseconds: Int64
    /// Fractions of a nanosecond, less than ``BitClock/fractions``.
    public var part: UInt64

    @inlinable
    init(nanoseconds: Int64, part: UInt64 = 0) {
        self.nanoseconds = nanoseconds
        self.part = part
    }

    /// An instant as such a point.
    @inlinable
    public init(_ instant: Instant) { self.init(nanoseconds: instant.nanoseconds) }

    @inlinable
    public static func < (a: BitInstant, b: BitInstant) -> Bool {
        a.nanoseconds < b.nanoseconds || (a.nanoseconds == b.nanoseconds && a.part < b.part)
    }

    /// The first whole nanosecond that is not before this point.
    @inlinable
    public var instant: Instant { Instant(nanoseconds: nanoseconds &+ (part > 0 ? 1 : 0)) }
}

/// Times of bits at a nominal and a data bit rate, without rounding however long a bus runs.
@frozen
public struct BitClock: Hashable, Sendable {
    /// Bits a second outside the data phase.
    public let nominalRate: Int64
    /// Bits a second in the data phase of FD frames with bit-rate switch.
    public let dataRate: Int64
    /// Into how many parts a nanosecond is divided so that both bit times are whole numbers of parts; 1 at the usual rates.
    public let fractions: UInt64
    /// Parts of a bit at the nominal rate.
    @usableFromInline let nominalParts: UInt64
    /// Parts of a bit at the data rate.
    @usableFromInline let dataParts: UInt64

    /// A clock of these bit rates, each brought into 1 bit/s to 1 Gbit/s; without a data rate both are the same.
    public init(nominalRate: Int64, dataRate: Int64? = nil) {
        let nominal = min(max(nominalRate, 1), 1_000_000_000)
        let data = min(max(dataRate ?? nominal, 1), 1_000_000_000)
        self.nominalRate = nominal
        self.dataRate = data
        let (a, b) = (BitClock.denominator(nominal), BitClock.denominator(data))
        fractions = a / BitClock.divisor(a, b) * b
        nominalParts = 1_000_000_000 / (UInt64(nominal) / a) * (fractions / a)
        dataParts = 1_000_000_000 / (UInt64(data) / b) * (fractions / b)
    }

    /// What remains of a rate when it is reduced with 1e9: 10^9 / rate = n / denominator.
    private static func denominator(_ rate: Int64) -> UInt64 { UInt64(rate) / divisor(UInt64(rate), 1_000_000_000) }

    private static func divisor(_ a: UInt64, _ b: UInt64) -> UInt64 { b == 0 ? a : divisor(b, a % b) }

    /// The point that lies so many bits behind another.
    @inlinable
    @inline(__always)
    public func add(nominal: Int, data: Int = 0, to start: BitInstant) -> BitInstant {
        if fractions == 1 {
            let length = UInt64(nominal) &* nominalParts &+ UInt64(data) &* dataParts
            return BitInstant(nanoseconds: start.nanoseconds &+ Int64(length))
        }
        return addExactly(nominal, data, to: start)
    }

    @usableFromInline
    @inline(never)
    func addExactly(_ nominal: Int, _ data: Int, to start: BitInstant) -> BitInstant {
        let parts = UInt128(nominal) * UInt128(nominalParts) + UInt128(data) * UInt128(dataParts) + UInt128(start.part)
        let (whole, rest) = parts.quotientAndRemainder(dividingBy: UInt128(fractions))
        return BitInstant(nanoseconds: start.nanoseconds + Int64(whole), part: UInt64(rest))
    }

    /// Number of whole bits at the nominal rate between two points; 0 when the second is not later.
    public func nominalBits(from start: BitInstant, to end: BitInstant) -> Int {
        guard start < end else { return 0 }
        let parts = UInt128(end.nanoseconds - start.nanoseconds) * UInt128(fractions) + UInt128(end.part) - UInt128(start.part)
        return Int(parts / UInt128(nominalParts))
    }

    /// How long so many bits take, in nanoseconds.
    public func nanoseconds(nominal: Int, data: Int = 0) -> Double {
        (Double(nominal) * Double(nominalParts) + Double(data) * Double(dataParts)) / Double(fractions)
    }
}
