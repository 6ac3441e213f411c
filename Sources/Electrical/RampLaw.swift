import Quantities

/// How a current moves towards its target.
public enum RampLaw: Equatable, Sendable {
    /// Each step takes this share of what is left, whatever the length of the step: `ramp: 20%`.
    case exponential(share: Double)
    /// At most this change a second, in A/s: `ramp: 20 A/s`.
    case linear(perSecond: Double)
    /// First-order lag with a time constant in seconds, in closed form; independent of how often it is stepped.
    case continuous(timeConstant: Double)
    /// The target at once.
    case immediate

    /// The lag that equals `exponential(share:)` at every whole period after a change of the target; `nil` unless 0 < share < 1 and the period is positive.
    public static func continuous(share: Double, period: Duration) -> RampLaw? {
        guard share > 0 && share < 1 && period > .zero else { return nil }
        return .continuous(timeConstant: -period.seconds / Elementary.log1p(-share))
    }

    /// Whether the number of the law makes sense: a share in (0, 1], a rate or time constant above 0.
    public var isValid: Bool {
        switch self {
        case .exponential(let share): share > 0 && share <= 1
        case .linear(let rate): rate > 0 && rate.isFinite
        case .continuous(let time): time > 0 && time.isFinite
        case .immediate: true
        }
    }

    /// The value after one step from `current` towards `target`.
    ///
    /// - Parameter dt: the length of the step; `exponential` does not depend on it.
    public func step(current: Double, target: Double, dt: Duration) -> Double {
        switch self {
        case .exponential(let share): return current + share * (target - current)
        case .linear(let rate):
            let most = rate * max(dt.seconds, 0)
            return current + min(max(target - current, -most), most)
        case .continuous(let time):
            return target + (current - target) * Elementary.exp(-max(dt.seconds, 0) / time)
        case .immediate: return target
        }
    }
}

/// A ramp law with an optional law of its own for falling values.
public struct Ramp: Equatable, Sendable {
    /// The law upwards, and downwards too unless `fall` is given.
    public var rise: RampLaw
    /// The law downwards.
    public var fall: RampLaw?

    /// A law for rising values, and one for falling values if it differs.
    public init(_ rise: RampLaw, fall: RampLaw? = nil) {
        self.rise = rise
        self.fall = fall
    }

    /// The value after one step from `current` towards `target`.
    public func step(current: Double, target: Double, dt: Duration) -> Double {
        (target < current ? fall ?? rise : rise).step(current: current, target: target, dt: dt)
    }
}
