/// The sign of the deviations that a detector looks at: `direction`.
enum DeviationSide: String, Sendable, CaseIterable {
    /// Above and below what is expected.
    case both
    /// Above only.
    case above
    /// Below only.
    case below

    /// The part of a deviation that counts, positive when it lies on this side.
    @inline(__always)
    func part(of deviation: Double) -> Double {
        switch self {
        case .both: deviation.magnitude
        case .above: deviation
        case .below: -deviation
        }
    }

    static let setting = DetectorSetting(
        "direction", .oneOf(allCases.map(\.rawValue)), default: .word("both"), about: "Which deviations count: above what is expected, below it, or both.")

    init(_ settings: DetectorSettings) { self = settings.word("direction").flatMap(DeviationSide.init) ?? .both }
}

/// What makes a deviation count: its side, and an absolute floor under it.
struct DeviationRule {
    var side = DeviationSide.both
    /// Deviations of less than this are normal, in the unit of the signal.
    var least = 0.0

    init(side: DeviationSide = .both, least: Double = 0) throws(DetectionError) {
        guard least.isFinite, least >= 0 else { throw .outOfRange(setting: "min_dev", requirement: "a finite number that is not negative") }
        self.side = side
        self.least = least
    }

    init(_ settings: DetectorSettings) throws(DetectionError) { try self.init(side: DeviationSide(settings), least: settings.number("min_dev") ?? 0) }

    /// Whether a deviation, already turned to its side, is large enough to count.
    @inline(__always)
    func counts(_ part: Double) -> Bool { part >= least }
}

/// Samples are cut to ±1e100, so that no sum and no square overflows.
@inline(__always)
func clipped(_ value: Double) -> Double { min(max(value, -1e100), 1e100) }

/// The quotient of a deviation and a spread; infinite when the spread is 0 and the deviation is not.
@inline(__always)
func ratio(_ part: Double, to spread: Double) -> Double {
    if spread > 0 { return part / spread }
    return part > 0 ? .infinity : 0
}

/// Throws unless a number lies in a range; the name is that of the setting.
func require(_ name: String, _ value: Double, _ range: ClosedRange<Double>) throws(DetectionError) {
    guard range.contains(value) else { throw .outOfRange(setting: name, requirement: "between \(range.lowerBound) and \(range.upperBound)") }
}

/// Throws unless a number lies in a range; the name is that of the setting.
func require(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(DetectionError) {
    guard range.contains(value) else { throw .outOfRange(setting: name, requirement: "between \(range.lowerBound) and \(range.upperBound)") }
}

/// Throws unless a number is finite and not negative; the name is that of the setting.
func requirePositive(_ name: String, _ value: Double, orZero: Bool = false) throws(DetectionError) {
    guard value.isFinite, orZero ? value >= 0 : value > 0 else {
        throw .outOfRange(setting: name, requirement: orZero ? "a finite number that is not negative" : "a finite number greater than 0")
    }
}
