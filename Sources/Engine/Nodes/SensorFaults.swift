import Quantities
import SimulationKernel

/// Faults of the sensors of a monitor.
struct SensorFaults {
    private enum Kind {
        case stuck(at: Double)
        case drift(share: Double, since: Instant, within: Duration)
        case offset(Double)
        case dropout(share: Double, isZero: Bool)
        case noise(share: Double)
    }

    private struct Entry {
        let number: UInt32
        let sensor: Int
        let kind: Kind
    }

    private var entries: [Entry] = []
    private var last: UInt32 = 0
    private var draws = RandomStream(seed: 0, run: 0, path: 0, site: 0)

    init() {}

    /// Sensors without faults; those that are drawn have a stream of their own.
    init(seed: UInt64, path: UInt64) { draws = RandomStream(seed: seed, run: 0, path: path, site: 1000) }

    var isEmpty: Bool { entries.isEmpty }

    /// A fault begins; gives its number, or `nil` when the action begins none.
    mutating func begin(_ action: ActionCall, shown: Double, at now: Instant) -> UInt32? {
        let kind: Kind
        switch action.name {
        case "sensor-stuck": kind = .stuck(at: action.number("at") ?? (shown.isFinite ? shown : 0))
        case "sensor-drift":
            kind = .drift(share: action.number("share") ?? 0.05, since: now, within: action.duration("within") ?? .seconds(600))
        case "sensor-offset": kind = .offset(action.number("offset") ?? 0)
        case "sensor-dropout": kind = .dropout(share: action.number("chance") ?? 0.3, isZero: action.whole("reads") == 1)
        case "sensor-noise": kind = .noise(share: action.number("share") ?? 0.05)
        default:
            entries.removeAll()
            return nil
        }
        last += 1
        entries.append(Entry(number: last, sensor: action.whole("sensor") ?? 0, kind: kind))
        return last
    }

    mutating func end(_ number: UInt32) { entries.removeAll { $0.number == number } }

    /// What a sensor shows; `nil` when it shows nothing.
    mutating func apply(_ sensor: Int, _ truth: Double, at now: Instant) -> Double? {
        var value: Double? = truth
        for entry in entries where entry.sensor == sensor {
            guard let seen = value else { break }
            switch entry.kind {
            case .stuck(let level): value = level
            case .drift(let share, let since, let within):
                let progress = within > .zero ? min(1, (now - since).seconds / within.seconds) : 1
                value = seen * (1 + share * progress)
            case .offset(let offset): value = seen + offset
            case .dropout(let share, let isZero): if draws.chance(share) { value = isZero ? 0 : nil }
            case .noise(let share): value = seen + draws.normal(0, 1) * share * seen.magnitude
            }
        }
        return value
    }
}
