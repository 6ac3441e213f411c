import Quantities

extension FormulaCompiler {
    mutating func call(
        _ function: FormulaFunction, _ given: [FormulaOperand], _ node: FormulaNode, register: Int
    ) throws(FormulaError) -> FormulaOperand {
        try require(function.info.contexts, "'\(function.rawValue)'", node.mark, help: contextHelp(function))
        switch function {
        case .min, .max, .avg, .sum, .count, .p50, .p95: return try aggregate(function, given, node, register)
        case .recall, .precision, .f1, .latency, .falseAlarms, .first, .fingerprint: return try score(function, given, node)
        case .uniform, .normal, .lognormal, .exponential, .poisson, .choice, .chance, .sample: return try draw(function, given, node, register)
        case .now, .timeOfDay:
            try count(given, 0...0, function, node)
            let place = aggregatePlace(.avg, .clock(isTimeOfDay: function == .timeOfDay), nil)
            return FormulaOperand(type: .number(.time), place: place, span: node.span)
        case .if:
            try count(given, 3...3, function, node)
            var arguments = given
            for index in arguments.indices { try use(&arguments[index]) }
            guard arguments[0].type == .flag else { throw wrongOperand(arguments[0], "the condition of 'if'", "true or false", node) }
            // Registers above everything in use, because texts may need a place of their own.
            let free = Swift.max(register, nextRegister)
            let type = try alternatives(&arguments, from: 1, free: free)
            var result = result(.select, [arguments[1], arguments[2], arguments[0]], type: type, span: node.span, register: register)
            result.isBare = arguments[1].isBare && arguments[2].isBare
            if type == .nodes { result.shape = .nodes }
            return result
        case .abs:
            try count(given, 1...1, function, node)
            let (arguments, dimension) = try numbers(given, function)
            return result(.abs, arguments, type: .number(dimension), span: node.span, register: register)
        case .clamp:
            try count(given, 3...3, function, node)
            let (arguments, dimension) = try numbers(given, function)
            if let low = arguments[1].constant, let high = arguments[2].constant, low > high {
                throw FormulaError(.badArgumentValue, at: arguments[1].span.union(arguments[2].span), "the lower bound of 'clamp' is above the upper one")
            }
            return result(.clamp, arguments, type: .number(dimension), span: node.span, register: register)
        case .round:
            try count(given, 1...2, function, node)
            let (arguments, dimension) = try numbers(given, function)
            if arguments.count == 1 {
                guard dimension == .none else {
                    throw FormulaError(
                        .argumentCount, at: node.mark, "'round' of \(FormulaWords.phrase(dimension)) needs a step",
                        help: "write round(\(written(arguments[0].span)), 1 \(FormulaWords.unit(dimension)))")
                }
                return result(.round, arguments, type: .number(dimension), span: node.span, register: register)
            }
            if let step = arguments[1].constant, step <= 0 {
                throw FormulaError(.badArgumentValue, at: arguments[1].span, "the step of 'round' must be greater than zero")
            }
            return result(.roundTo, arguments, type: .number(dimension), span: node.span, register: register)
        }
    }

    private func contextHelp(_ function: FormulaFunction) -> String? {
        let contexts = function.info.contexts
        if contexts == [.score] { return "use it under expect:, where the run is judged" }
        if contexts == [.setting, .live] { return "draws happen before and during the run only" }
        return nil
    }

    // MARK: Checks of arguments

    func count(_ given: [FormulaOperand], _ range: ClosedRange<Int>, _ function: FormulaFunction, _ node: FormulaNode) throws(FormulaError) {
        guard !range.contains(given.count) else { return }
        let wanted =
            range.upperBound == .max
            ? "at least \(range.lowerBound)" : range.count == 1 ? "\(range.lowerBound)" : range.map(String.init).joined(separator: " or ")
        let noun = wanted == "1" || wanted == "at least 1" ? "argument" : "arguments"
        throw FormulaError(
            .argumentCount, at: node.span, "'\(function.rawValue)' takes \(wanted == "0" ? "no" : wanted) \(noun), not \(given.count)",
            help: "write \(function.info.signature)")
    }

    /// The arguments as numbers of one dimension.
    mutating func numbers(_ given: [FormulaOperand], _ function: FormulaFunction) throws(FormulaError) -> ([FormulaOperand], Dimension) {
        var arguments = given
        for index in arguments.indices {
            try use(&arguments[index])
            guard case .number = arguments[index].type else {
                throw FormulaError(
                    .argumentType, at: arguments[index].span,
                    "'\(function.rawValue)' needs a number, but \(shown(arguments[index].span)) is \(arguments[index].type.phrase)",
                    help: "write \(function.info.signature)")
            }
        }
        guard let first = arguments.first, case .number(let dimension) = first.type else { return (arguments, .none) }
        for other in arguments.dropFirst() {
            guard case .number(let here) = other.type, here != dimension else { continue }
            throw mismatch(
                .dimensionMismatch, "'\(function.rawValue)' cannot mix \(FormulaWords.bare(dimension)) and \(FormulaWords.bare(here))", first, other,
                first.span.union(other.span))
        }
        return (arguments, dimension)
    }

    /// The common type of alternatives; enumerated signals become texts where they differ.
    mutating func alternatives(_ arguments: inout [FormulaOperand], from start: Int, free: Int) throws(FormulaError) -> FormulaType {
        var free = free
        let first = arguments[start]
        for index in arguments.indices.dropFirst(start) {
            let other = arguments[index]
            guard other.type == first.type else {
                if case .number = other.type, case .number = first.type {
                    throw mismatch(
                        .branchTypes, "the alternatives are \(first.type.phrase) and \(other.type.phrase)", first, other, first.span.union(other.span))
                }
                throw FormulaError(
                    .branchTypes, at: first.span.union(other.span), "the alternatives are \(first.type.phrase) and \(other.type.phrase)",
                    notes: [first.span.note("this is \(first.type.phrase)"), other.span.note("this is \(other.type.phrase)")])
            }
            if case .fingerprint = other.shape {
                throw FormulaError(.argumentType, at: other.span, "a fingerprint can only be compared", help: "write fingerprint() == '0123456789abcdef'")
            }
            if other.isFinal {
                throw FormulaError(.argumentType, at: other.span, "a sample of computed size cannot be an alternative", help: "make its size a constant")
            }
            if other.members != nil {
                asText(&arguments[index], register: free)
                free += 1
            }
        }
        return first.type
    }

    // MARK: Draws

    mutating func draw(
        _ function: FormulaFunction, _ given: [FormulaOperand], _ node: FormulaNode, _ register: Int
    ) throws(FormulaError) -> FormulaOperand {
        let site = drawCount
        drawCount += 1
        let site32 = UInt32(truncatingIfNeeded: site)
        switch function {
        case .sample: return try sample(given, node, site: site)
        case .choice: return try choice(given, node, site: site)
        case .uniform, .normal:
            try count(given, 2...2, function, node)
            let (arguments, dimension) = try numbers(given, function)
            if function == .normal { try notNegative(arguments[1], "the spread of 'normal'") }
            if function == .uniform, let low = arguments[0].constant, let high = arguments[1].constant, low > high {
                throw FormulaError(.badArgumentValue, at: arguments[0].span.union(arguments[1].span), "the lower bound of 'uniform' is above the upper one")
            }
            let place = emit(
                .draw, to: register, arguments[0].place.raw, arguments[1].place.raw, site32, function: function == .normal ? .normal : .uniform)
            return FormulaOperand(type: .number(dimension), place: place, span: node.span)
        case .lognormal:
            try count(given, 2...2, function, node)
            let (median, dimension) = try numbers([given[0]], function)
            let (sigma, sigmaDimension) = try numbers([given[1]], function)
            guard sigmaDimension == .none else {
                throw FormulaError(
                    .argumentType, at: sigma[0].span, "the sigma of 'lognormal' is a plain number, not \(FormulaWords.phrase(sigmaDimension))",
                    help: "write lognormal(3 h, 0.6)")
            }
            try notNegative(sigma[0], "the sigma of 'lognormal'")
            try notNegative(median[0], "the median of 'lognormal'")
            let place = emit(.draw, to: register, median[0].place.raw, sigma[0].place.raw, site32, function: .lognormal)
            return FormulaOperand(type: .number(dimension), place: place, span: node.span)
        default:
            try count(given, 1...1, function, node)
            let (arguments, dimension) = try numbers(given, function)
            if function != .exponential, dimension != .none {
                throw FormulaError(
                    .argumentType, at: arguments[0].span, "'\(function.rawValue)' needs a plain number, not \(FormulaWords.phrase(dimension))",
                    help: "write \(function.info.example)")
            }
            if function == .chance {
                if let p = arguments[0].constant, !(0...1).contains(p) {
                    throw FormulaError(.badArgumentValue, at: arguments[0].span, "a chance lies between 0 and 1", help: "write chance(20%)")
                }
            } else {
                try notNegative(arguments[0], "the mean of '\(function.rawValue)'")
            }
            let kind: DrawFunction = function == .chance ? .chance : function == .poisson ? .poisson : .exponential
            let place = emit(.draw, to: register, arguments[0].place.raw, constant(0).raw, site32, function: kind)
            return FormulaOperand(type: function == .chance ? .flag : .number(dimension), place: place, span: node.span)
        }
    }

    private func notNegative(_ operand: FormulaOperand, _ what: String) throws(FormulaError) {
        if let value = operand.constant, value < 0 { throw FormulaError(.badArgumentValue, at: operand.span, "\(what) must not be negative") }
    }

    private mutating func choice(_ given: [FormulaOperand], _ node: FormulaNode, site: Int) throws(FormulaError) -> FormulaOperand {
        try count(given, 1...Int.max, .choice, node)
        var arguments = given
        for index in arguments.indices { try use(&arguments[index]) }
        let type = try alternatives(&arguments, from: 0, free: nextRegister)
        // The number of the choice and the result lie above all arguments, because each argument is read after the result is first written.
        let drawn = emit(
            .draw, to: nextRegister, constant(Double(arguments.count)).raw, constant(0).raw, UInt32(truncatingIfNeeded: site), function: .choice)
        var place = emit(.move, to: nextRegister, arguments[0].place.raw)
        for (index, argument) in arguments.enumerated().dropFirst() {
            place = emit(.pick, to: place.index, argument.place.raw, drawn.raw, UInt32(truncatingIfNeeded: index))
        }
        return FormulaOperand(type: type, place: place, span: node.span, shape: type == .nodes ? .nodes : .value)
    }

    private mutating func sample(_ given: [FormulaOperand], _ node: FormulaNode, site: Int) throws(FormulaError) -> FormulaOperand {
        try count(given, 2...2, .sample, node)
        let base = given[0]
        guard base.type == .nodes, !base.isFinal else {
            throw FormulaError(
                .argumentType, at: base.span, "'sample' needs a set of nodes, but \(shown(base.span)) is \(base.type.phrase)", help: "write sample(cp.*, 20%)")
        }
        let (amounts, dimension) = try numbers([given[1]], .sample)
        let amount = amounts[0]
        guard dimension == .none else {
            throw FormulaError(
                .argumentType, at: amount.span, "the size of a sample is a share or a number, not \(FormulaWords.phrase(dimension))",
                help: "write sample(cp.*, 20%)")
        }
        // A share is written with a percent sign; a parameter or computed size is a share when it is below 1.
        let isShare = amount.isPercent || amount.constant.map { $0 < 1 && $0 > 0 } ?? false
        if let value = amount.constant {
            let available: Double? = base.constant.flatMap { index in
                if case .fixed(let nodes) = nodeSets[Int(index)] { return Double(nodes.count) }
                return nil
            }
            guard value >= 0, isShare ? value <= 1 : value <= available ?? .infinity, isShare || value == value.rounded() else {
                throw FormulaError(
                    .badArgumentValue, at: amount.span,
                    isShare
                        ? "a share lies between 0% and 100%"
                        : "a sample has between 0 and \(available.map { decimalText($0) } ?? "all") nodes, in whole numbers")
            }
        }
        nodeSets.append(.sample(base: base.place, amount: amount.place, isShare: isShare, site: site))
        let index = Double(nodeSets.count - 1)
        return FormulaOperand(
            type: .nodes, place: constant(index), span: node.span, shape: .nodes, constant: index, isFinal: base.constant == nil || amount.constant == nil)
    }
}
