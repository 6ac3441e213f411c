import OCPP

extension Selection {
    /// The events that can be selected at all, as far as tests of `action`, `type` and `direction` tell.
    var interest: MessageInterest {
        var interest = MessageInterest()
        for clauses in alternatives {
            var actions = UInt64.max
            var kinds = Set(MessageKind.allCases)
            for clause in clauses where clause.mustExist != false {
                if clause.path.target == .action, let names = Selection.names(clause.test) {
                    actions &= names.reduce(0) { $0 | 1 << UInt64(OCPPAction(name: $1)?.rawValue ?? 63) }
                    kinds.subtract([.opened, .closed, .broken])
                } else if clause.path.target == .type, let names = Selection.names(clause.test) {
                    kinds.formIntersection(MessageKind.allCases.filter { names.contains($0.name) })
                } else if case .name = clause.path.target {
                    // Only calls and results have fields of their own.
                    kinds.formIntersection(clause.path.isOfCall ? [.result, .error] : [.call, .result])
                } else if case .pointer = clause.path.target {
                    kinds.formIntersection(clause.path.isOfCall ? [.result, .error] : [.call, .result])
                }
            }
            if kinds.contains(.call) { interest.calls |= actions }
            if kinds.contains(.result) { interest.results |= actions }
            interest.errors = interest.errors || kinds.contains(.error)
            interest.malformed = interest.malformed || kinds.contains(.malformed)
            interest.connections = interest.connections || !kinds.isDisjoint(with: [.opened, .closed, .broken])
        }
        return interest
    }

    private static func names(_ test: FieldTest?) -> [String]? {
        switch test {
        case .equals(let bytes)?: return [String(decoding: bytes, as: UTF8.self)]
        case .any(let tests)?:
            var all: [String] = []
            for test in tests {
                guard let some = names(test) else { return nil }
                all += some
            }
            return all
        default: return nil
        }
    }
}

extension MessageInterest {
    /// The events of either.
    mutating func formUnion(_ other: MessageInterest) {
        calls |= other.calls
        results |= other.results
        errors = errors || other.errors
        malformed = malformed || other.malformed
        connections = connections || other.connections
    }
}
