import Quantities

extension TemporalFormula {
    /// The formula as a text for the setting `formula` of `mtl`: operators in front of their operands, separated by spaces.
    ///
    /// `or not atom 0 <= 2.0 eventually 0 5000000000 atom 1 <= 2.0`: an atom has its input, comparison and scale; an operator over time its bounds in
    /// nanoseconds, `-` for no end.
    public var code: String {
        func bounds(_ bounds: TemporalBounds) -> String { "\(bounds.from.nanoseconds) \(bounds.to.map { "\($0.nanoseconds)" } ?? "-")" }
        return switch self {
        case .constant(let value): value ? "true" : "false"
        case .atom(let atom): "atom \(atom.input) \(atom.comparison.rawValue) \(atom.scale)"
        case .not(let a): "not \(a.code)"
        case .and(let a, let b): "and \(a.code) \(b.code)"
        case .or(let a, let b): "or \(a.code) \(b.code)"
        case .always(let interval, let a): "always \(bounds(interval)) \(a.code)"
        case .eventually(let interval, let a): "eventually \(bounds(interval)) \(a.code)"
        case .historically(let interval, let a): "historically \(bounds(interval)) \(a.code)"
        case .once(let interval, let a): "once \(bounds(interval)) \(a.code)"
        case .until(let interval, let a, let b): "until \(bounds(interval)) \(a.code) \(b.code)"
        case .since(let interval, let a, let b): "since \(bounds(interval)) \(a.code) \(b.code)"
        case .previous(let a, let initially): "\(initially ? "prev" : "prev-not") \(a.code)"
        }
    }

    /// The formula of a code; throws for anything else.
    public init(code: String) throws(DetectionError) {
        var words = code.split(separator: " ", omittingEmptySubsequences: true)[...]
        self = try TemporalFormula.read(&words, depth: 0)
        guard words.isEmpty else { throw TemporalFormula.wrong }
    }

    private static let wrong = DetectionError.wrongType(setting: "formula", expected: "a formula of temporal logic")

    private static func read(_ words: inout ArraySlice<Substring>, depth: Int) throws(DetectionError) -> TemporalFormula {
        guard depth <= deepest, let name = words.popFirst() else { throw wrong }
        func bounds() throws(DetectionError) -> TemporalBounds {
            guard let from = words.popFirst().flatMap({ Int64($0) }), let end = words.popFirst(), end == "-" || Int64(end) != nil else { throw wrong }
            return TemporalBounds(from: Duration(nanoseconds: from), to: Int64(end).map { Duration(nanoseconds: $0) })
        }
        func operand() throws(DetectionError) -> TemporalFormula { try read(&words, depth: depth + 1) }
        switch name {
        case "true": return .constant(true)
        case "false": return .constant(false)
        case "atom":
            guard let input = words.popFirst().flatMap({ Int($0) }), let comparison = words.popFirst().flatMap({ TemporalComparison(rawValue: String($0)) }),
                let scale = words.popFirst().flatMap({ Double($0) })
            else { throw wrong }
            return .atom(TemporalAtom(input: input, comparison, scale: scale))
        case "not": return .not(try operand())
        case "and": return .and(try operand(), try operand())
        case "or": return .or(try operand(), try operand())
        case "prev": return .previous(try operand(), initially: true)
        case "prev-not": return .previous(try operand(), initially: false)
        case "always": return .always(try bounds(), try operand())
        case "eventually": return .eventually(try bounds(), try operand())
        case "historically": return .historically(try bounds(), try operand())
        case "once": return .once(try bounds(), try operand())
        case "until": return .until(try bounds(), try operand(), try operand())
        case "since": return .since(try bounds(), try operand(), try operand())
        default: throw wrong
        }
    }
}
