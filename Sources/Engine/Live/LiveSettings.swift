import Quantities

/// How a run reaches the outside.
public struct LiveSettings {
    /// File that is written when every central system listens: where, as JSON.
    public var readyFile: String?
    /// Whether addresses other than those of this machine may be used.
    public var allowsNetwork = false
    /// Told in words what listens where, and what connects where.
    public var told: ((String) -> Void)?

    /// Settings of a run on loopback.
    public init() {}
}
