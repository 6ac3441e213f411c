import CAN
import Quantities

extension WireBus {
    /// Takes everything that happens up to an instant, as an owner with an event queue would: at the instants that `next()` names.
    mutating func run(until end: Instant) -> [WireOutcome] {
        var result: [WireOutcome] = []
        while let due = next(), due <= end {
            let before = result.count
            while let outcome = advance(to: due) { result.append(outcome) }
            // A visit that brings nothing must at least move the next one on.
            if result.count == before, let again = next(), again <= due {
                result.append(contentsOf: Array(repeating: result[0], count: 1_000_000))
                return result
            }
        }
        return result
    }
}

extension Instant {
    static func bits(_ count: Int, of nanoseconds: Int = 2_000) -> Instant { Instant(nanoseconds: Int64(count * nanoseconds)) }
}

/// A bus of 500 kbit/s: a bit takes 2000 ns.
func bus(stations: Int, _ settings: WireStationSettings = WireStationSettings(), rate: Int64 = 500_000, dataRate: Int64? = nil) -> WireBus {
    var bus = WireBus(clock: BitClock(nominalRate: rate, dataRate: dataRate))
    for _ in 0..<stations { _ = bus.addStation(settings) }
    return bus
}
