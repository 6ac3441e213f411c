public import Quantities

extension Severity {
    /// The severity some levels higher, `critical` at most.
    public func raised(by levels: Int) -> Severity {
        Severity(rawValue: UInt8(min(Int(rawValue) + max(0, levels), Int(Severity.critical.rawValue)))) ?? .critical
    }
}

/// Which detectors have fired lately: an alarm that others confirm is more serious.
public struct Corroboration: Sendable {
    private let within: UInt64
    private let needed: Int
    private var fired: [Int64]
    private var isFiring: [Bool]

    /// - Parameters:
    ///   - detectors: how many detectors there are.
    ///   - within: how long an alarm that is over still confirms another.
    ///   - needed: how many others raise the severity by one level.
    public init(detectors: Int, within: Duration = .seconds(5), needed: Int = 2) throws(DetectionError) {
        guard within >= .zero else { throw .outOfRange(setting: "within", requirement: "0 s or longer") }
        guard needed >= 1 else { throw .outOfRange(setting: "at_least", requirement: "at least 1") }
        self.within = UInt64(within.nanoseconds)
        self.needed = needed
        fired = Array(repeating: .min, count: max(0, detectors))
        isFiring = Array(repeating: false, count: max(0, detectors))
    }

    /// A detector's alert has changed.
    public mutating func note(_ edge: AlertEdge, of detector: Int) {
        guard fired.indices.contains(detector) else { return }
        switch edge.kind {
        case .firing:
            fired[detector] = edge.at.nanoseconds
            isFiring[detector] = true
        case .resolved:
            fired[detector] = edge.at.nanoseconds
            isFiring[detector] = false
        case .pending, .dropped: break
        }
    }

    /// How many other detectors fire, or have fired within the time.
    public func others(than detector: Int, at instant: Instant) -> Int {
        var count = 0
        for index in fired.indices where index != detector && isRecent(index, at: instant) { count += 1 }
        return count
    }

    /// Levels by which an alarm is more serious: one for each `needed` other detectors that confirm it.
    public func levels(of detector: Int, at instant: Instant) -> Int { others(than: detector, at: instant) / needed }

    /// Whether a detector fires, or has fired within the time.
    public func isRecent(_ detector: Int, at instant: Instant) -> Bool {
        guard fired.indices.contains(detector), fired[detector] != .min else { return false }
        return isFiring[detector] || fired[detector] <= instant.nanoseconds && distance(from: fired[detector], to: instant.nanoseconds) <= within
    }

    /// The severity of an alarm, one level higher for each `needed` other detectors that confirm it.
    public func severity(_ severity: Severity, of detector: Int, at instant: Instant) -> Severity { severity.raised(by: levels(of: detector, at: instant)) }
}
