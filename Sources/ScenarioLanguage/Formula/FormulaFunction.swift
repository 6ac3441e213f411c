import YAMLTree

/// The functions of the formula language.
public enum FormulaFunction: String, Sendable, CaseIterable {
    /// One of two values of the same type.
    case `if`
    /// The least of its arguments, or of a signal in a window or over the whole run.
    case min
    /// The greatest of its arguments, or of a signal in a window or over the whole run.
    case max
    /// The value without its sign.
    case abs
    /// The nearest value between two bounds.
    case clamp
    /// The nearest multiple of a step, halves away from zero; without step of a plain number.
    case round
    /// The average of the samples of a window, of the whole run, or of several nodes.
    case avg
    /// The sum over several nodes, or of the samples of a window or run.
    case sum
    /// How many messages, frames, alarms or nodes.
    case count
    /// The median.
    case p50
    /// The value that 95 % do not exceed.
    case p95
    /// A draw, all values between two bounds equally likely.
    case uniform
    /// A draw from a normal distribution with a standard deviation.
    case normal
    /// A draw whose logarithm is normal; sigma is a plain number.
    case lognormal
    /// A draw of the time between events that come at random.
    case exponential
    /// A draw of how many events happen when the mean is known.
    case poisson
    /// One of its arguments, all equally likely.
    case choice
    /// True with a probability.
    case chance
    /// Some of a set of nodes, a share of them or a number, without repetition.
    case sample
    /// The time since the start of the run.
    case now
    /// The time since midnight UTC, by the start of the run.
    case timeOfDay = "time_of_day"
    /// The share of labels that the detector found.
    case recall
    /// The share of alarms that were right.
    case precision
    /// The harmonic mean of precision and recall.
    case f1
    /// The times from the start of each found label to its alarm; reduced by p50, p95, min, max or avg.
    case latency
    /// How many alarms had no label.
    case falseAlarms = "false_alarms"
    /// When the first alarm, message or frame came, since the start of the run.
    case first
    /// The fingerprint of the run's events as a text of 16 hexadecimal digits.
    case fingerprint

    /// What the reference page says about a function.
    public struct Info: Sendable {
        /// The name as it is written.
        public let name: String
        /// How it is called: `clamp(x, low, high)`.
        public let signature: String
        /// When it can be used.
        public let contexts: [FormulaContext]
        /// One line about its result.
        public let about: String
        /// A formula that uses it.
        public let example: String
    }

    /// What the reference page says about the function.
    public var info: Info {
        let (signature, contexts, about, example) = row
        return Info(name: rawValue, signature: signature, contexts: contexts, about: about, example: example)
    }

    /// All functions in the order of the reference page.
    public static let table: [Info] = allCases.map(\.info)

    private var row: (String, [FormulaContext], String, String) {
        let always: [FormulaContext] = [.setting, .live, .score]
        let running: [FormulaContext] = [.live, .score]
        let draws: [FormulaContext] = [.setting, .live]
        switch self {
        case .if: return ("if(condition, value, otherwise)", always, "One of two values of the same type.", "if(cp1.current > 1 A, 5 s, 30 s)")
        case .min:
            return (
                "min(a, b, …), min(signal, 10 s), min(signal)", always, "The least of its arguments, or of a signal in a window or over the whole run.",
                "min(63 A, budget - right.current)"
            )
        case .max:
            return (
                "max(a, b, …), max(signal, 10 s), max(signal)", always, "The greatest of its arguments, or of a signal in a window or over the whole run.",
                "max(charger.current) <= 100 A"
            )
        case .abs: return ("abs(x)", always, "The value without its sign.", "abs(cp1.current - cp1.limit) > 5 A")
        case .clamp: return ("clamp(x, low, high)", always, "The nearest value between two bounds.", "clamp(site_limit, 2 kW, 80 kW)")
        case .round:
            return (
                "round(x), round(x, step)", always, "The nearest multiple of a step, halves away from zero; without step of a plain number.",
                "round(cp1.current, 1 A)"
            )
        case .avg:
            return (
                "avg(signal, 10 s), avg(signal), avg(cp.*.signal)", running, "The average of the samples of a window, of the whole run, or of several nodes.",
                "avg(charger.current, 10 s) > cp1.limit + 5 A"
            )
        case .sum:
            return (
                "sum(cp.*.signal), sum(signal, 10 s), sum(signal)", running, "The sum over several nodes, or of the samples of a window or run.",
                "sum(cp.*.power) > site_limit"
            )
        case .count:
            return (
                "count(stream), count(stream, 10 s), count(detector), count(nodes)", always, "How many messages, frames, alarms or nodes.",
                "count(ocpp.RemoteStartTransaction) == 8"
            )
        case .p50: return ("p50(signal, 10 s), p50(signal), p50(latency(detector))", running, "The median.", "p50(latency(timing)) <= 200 ms")
        case .p95:
            return ("p95(signal, 10 s), p95(signal), p95(latency(detector))", running, "The value that 95 % do not exceed.", "p95(latency(timing)) <= 500 ms")
        case .uniform: return ("uniform(low, high)", draws, "A draw, all values between two bounds equally likely.", "uniform(20 s, 40 s)")
        case .normal:
            return (
                "normal(mean, spread)", draws, "A draw from a normal distribution with a standard deviation.", "clamp(normal(22 kWh, 8 kWh), 2 kWh, 80 kWh)"
            )
        case .lognormal: return ("lognormal(median, sigma)", draws, "A draw whose logarithm is normal; sigma is a plain number.", "lognormal(3 h, 0.6)")
        case .exponential: return ("exponential(mean)", draws, "A draw of the time between events that come at random.", "exponential(5 min)")
        case .poisson: return ("poisson(mean)", draws, "A draw of how many events happen when the mean is known.", "poisson(4)")
        case .choice: return ("choice(a, b, …)", draws, "One of its arguments, all equally likely.", "choice(16 A, 32 A, 63 A)")
        case .chance: return ("chance(p)", draws, "True with a probability.", "chance(20%)")
        case .sample:
            return (
                "sample(nodes, 20%), sample(nodes, 3)", draws, "Some of a set of nodes, a share of them or a number, without repetition.", "sample(cp.*, 20%)"
            )
        case .now: return ("now()", [.live], "The time since the start of the run; what depends on it alone is asked each second.", "now() > 10 min")
        case .timeOfDay:
            return (
                "time_of_day()", [.live], "The time since midnight, by the clock of the run (start in 'run', UTC).",
                "time_of_day() > 22 h or time_of_day() < 6 h"
            )
        case .recall:
            return (
                "recall(detector), recall(detector, KIND)", [.score], "The share of labels that the detector found.", "recall(timing, CAN_INJECTION) >= 0.95"
            )
        case .precision: return ("precision(detector), precision(detector, KIND)", [.score], "The share of alarms that were right.", "precision(timing) >= 90%")
        case .f1: return ("f1(detector), f1(detector, KIND)", [.score], "The harmonic mean of precision and recall.", "f1(overload) >= 0.8")
        case .latency:
            return (
                "latency(detector), latency(detector, KIND), latency(messages)", [.score],
                "The times from the start of each found label to its alarm, or from each call to its answer; reduced by p50, p95, min, max or avg.",
                "max(latency(timing)) <= 2 s and p95(latency(ocpp.Heartbeat)) < 200 ms"
            )
        case .falseAlarms: return ("false_alarms(detector), false_alarms(detector, KIND)", [.score], "How many alarms had no label.", "false_alarms(lie) == 0")
        case .first:
            return (
                "first(detector), first(stream)", [.score], "When the first alarm, message or frame came, since the start of the run.",
                "first(repeated) <= 16.5 s"
            )
        case .fingerprint:
            return ("fingerprint()", [.score], "The fingerprint of the run's events as a text of 16 hexadecimal digits.", "fingerprint() == '0123456789abcdef'")
        }
    }

    /// The function whose name was probably meant.
    static func nearest(to name: String) -> FormulaFunction? {
        let lowered = name.lowercased()
        if let same = FormulaFunction(rawValue: otherNames[lowered] ?? lowered) { return same }
        return Suggestion.nearest(lowered, among: allCases.map(\.rawValue)).flatMap { FormulaFunction(rawValue: $0) }
    }

    /// Names that other tools give to our functions.
    private static let otherNames: [String: String] = [
        "mean": "avg", "average": "avg", "median": "p50", "len": "count", "total": "sum", "random": "uniform", "gauss": "normal", "bernoulli": "chance",
        "iif": "if", "ite": "if", "minimum": "min", "maximum": "max", "limit": "clamp", "pick": "choice", "false_positives": "false_alarms", "p99": "p95",
    ]
}
