import Quantities

extension FormulaCompiler {
    /// `min max avg sum count p50 p95`: of plain numbers, of a window, of the run, of several signals, or of a list of times.
    mutating func aggregate(
        _ function: FormulaFunction, _ given: [FormulaOperand], _ node: FormulaNode, _ register: Int
    ) throws(FormulaError) -> FormulaOperand {
        guard let reducer = AggregateFunction(rawValue: function.rawValue) else { return try score(function, given, node) }
        try count(given, function == .min || function == .max ? 1...Int.max : 1...2, function, node)
        let first = given[0]
        if case .times(let score) = first.shape, given.count == 1, reducer != .sum, reducer != .count {
            return scored(FormulaScore(function: score.function, source: score.source, labelKind: score.labelKind, reducer: reducer), .time, node.span)
        }
        if case .times = first.shape { throw unreduced(first) }
        if function == .count { return try counted(given, node) }
        if given.count == 2, first.constant == nil, given[1].type == .number(.time), case .value = first.shape, first.type != .number(.time) {
            throw needsSignal(function, first, help: "write \(reducer.rawValue)(signal, 10 s)")
        }
        if given.count == 2, isWindow(function, given) {
            switch first.shape {
            case .signal, .signals: return try windowed(reducer, first, try window(given[1]), node, register)
            default: throw needsSignal(function, first)
            }
        }
        if given.count == 1 {
            if case .signals(let indices) = first.shape {
                guard reducer != .p50, reducer != .p95 else {
                    throw FormulaError(
                        .signalSet, at: first.span, "'\(function.rawValue)' takes one signal", help: "write avg, min, max or sum of \(written(first.span))")
                }
                // A sum over nodes adds their values: during the run the present ones, after it the last ones. The sum of all samples of all
                // nodes means nothing, the greatest value of any node does.
                let isOfWholeRun = context == .score && reducer != .sum
                let places = isOfWholeRun ? indices.map { aggregatePlace(reducer, .signal($0), nil) } : indices.map { FormulaPlace(.signal, $0) }
                if !isOfWholeRun { signalsRead.formUnion(indices) }
                try require([.live, .score], "\(shown(first.span))", first.span)
                return over(reducer, places, first.type, node.span, register)
            }
            if case .signal = first.shape { return try windowed(reducer, first, nil, node, register) }
            if function != .min && function != .max { throw needsSignal(function, first) }
        }
        guard function == .min || function == .max else {
            throw needsSignal(function, first)
        }
        var (arguments, dimension) = try numbers(given, function)
        guard arguments.count > 1 else { throw needsSignal(function, first) }
        // A window over something computed ends here with the dimensions of both, which `numbers` has reported.
        var total = arguments.removeFirst()
        // The running result may take the first register only when no later argument lies there.
        let target = arguments.count > 1 ? nextRegister : register
        for (index, argument) in arguments.enumerated() {
            let last = index == arguments.count - 1
            total = result(
                function == .min ? .min : .max, [total, argument], type: .number(dimension), span: node.span,
                register: total.constant != nil && argument.constant != nil ? Swift.max(nextRegister, register) : last && target == register ? register : target
            )
        }
        total.isBare = given.allSatisfy(\.isBare)
        return total
    }

    private func needsSignal(_ function: FormulaFunction, _ operand: FormulaOperand, help: String? = nil) -> FormulaError {
        FormulaError(
            .argumentType, at: operand.span, "'\(function.rawValue)' needs a signal, but \(shown(operand.span)) is \(describe(operand))",
            help: help ?? "write \(function.info.signature)")
    }

    private func describe(_ operand: FormulaOperand) -> String {
        if case .number = operand.type, operand.constant == nil, case .value = operand.shape { return "computed" }
        return operand.type.phrase
    }

    /// Whether two arguments are a signal and a window rather than two numbers.
    private func isWindow(_ function: FormulaFunction, _ given: [FormulaOperand]) -> Bool {
        if function != .min && function != .max { return true }
        guard given[1].type == .number(.time) else { return false }
        switch given[0].shape {
        case .signal, .signals: return given[0].type != .number(.time)
        default: return false
        }
    }

    /// The length of a window in nanoseconds.
    private func window(_ operand: FormulaOperand) throws(FormulaError) -> Int64 {
        guard case .number(let dimension) = operand.type, dimension == .time else {
            if operand.isBare { throw unitMissing(operand, .time) }
            throw FormulaError(.badWindow, at: operand.span, "a window is a time, but \(shown(operand.span)) is \(operand.type.phrase)", help: "write 10 s")
        }
        guard let seconds = operand.constant else {
            throw FormulaError(.badWindow, at: operand.span, "the length of a window must be known before the run", help: "write a constant or a parameter")
        }
        guard let duration = Duration(seconds: seconds), duration.nanoseconds > 0 else {
            throw FormulaError(.badWindow, at: operand.span, "the length of a window must be greater than zero")
        }
        return duration.nanoseconds
    }

    private mutating func windowed(
        _ reducer: AggregateFunction, _ operand: FormulaOperand, _ window: Int64?, _ node: FormulaNode, _ register: Int
    ) throws(FormulaError) -> FormulaOperand {
        let name = written(operand.span)
        try require([.live, .score], "'\(reducer.rawValue)' of a signal", node.span)
        if window != nil, context == .score {
            throw FormulaError(
                .wrongContext, at: node.span, "a window is not available in \(context.phrase)", help: "write \(reducer.rawValue)(\(name)) for the whole run")
        }
        if window == nil, context == .live {
            throw FormulaError(
                .wrongContext, at: node.span, "'\(reducer.rawValue)(\(name))' of the whole run is not known during the run",
                help: "write \(reducer.rawValue)(\(name), 10 s)")
        }
        guard operand.members == nil else {
            throw FormulaError(.argumentType, at: operand.span, "'\(name)' is a text and has no \(reducer.rawValue)", help: "compare it: \(name) == '…'")
        }
        let type: FormulaType
        switch operand.type {
        case .number: type = operand.type
        case .flag where reducer == .avg: type = .number(.none)
        default:
            throw FormulaError(
                .argumentType, at: operand.span, "'\(reducer.rawValue)' needs a signal that is a number, but '\(name)' is \(operand.type.phrase)",
                help: operand.type == .flag ? "avg(\(name)\(window == nil ? "" : ", 10 s")) is its share of the time" : nil)
        }
        switch operand.shape {
        case .signal(let index):
            let place = aggregatePlace(reducer, .signal(index), window)
            return FormulaOperand(type: type, place: place, span: node.span)
        case .signals(let indices):
            guard reducer != .p50, reducer != .p95 else {
                throw FormulaError(.signalSet, at: operand.span, "'\(reducer.rawValue)' takes one signal", help: "write avg, min, max or sum of \(name)")
            }
            return over(reducer, indices.map { aggregatePlace(reducer, .signal($0), window) }, type, node.span, register)
        default:
            throw FormulaError(
                .argumentType, at: operand.span, "a window needs a signal, but '\(name)' is \(describe(operand))",
                help: "write \(reducer.rawValue)(signal, 10 s)")
        }
    }

    /// The shape of an operand where a stream is wanted: the name of a frame with one field is a signal elsewhere.
    private func streamShape(_ operand: FormulaOperand) -> FormulaOperand.Shape {
        guard case .signal = operand.shape, let stream = scope.stream(of: written(operand.span)) else { return operand.shape }
        return .stream(stream)
    }

    private mutating func counted(_ given: [FormulaOperand], _ node: FormulaNode) throws(FormulaError) -> FormulaOperand {
        let first = given[0]
        let name = written(first.span)
        let window = given.count == 2 ? try self.window(given[1]) : nil
        let number = FormulaType.number(.none)
        switch streamShape(first) {
        case .stream(let index):
            try require([.live, .score], "'count' of a stream", node.span)
            if window != nil, context == .score {
                throw FormulaError(
                    .wrongContext, at: node.span, "a window is not available in \(context.phrase)", help: "write count(\(name)) for the whole run")
            }
            return FormulaOperand(type: number, place: aggregatePlace(.count, .stream(index), window), span: node.span)
        case .detector(let index) where window == nil:
            try require([.score], "'count' of a detector", node.span)
            return scored(FormulaScore(function: .count, source: .detector(index), labelKind: nil, reducer: nil), .none, node.span)
        case .signals(let indices) where window == nil:
            let value = Double(indices.count)
            return FormulaOperand(type: number, place: constant(value), span: node.span, constant: value)
        case .nodes where window == nil:
            if let index = first.constant, case .fixed(let nodes) = nodeSets[Int(index)] {
                let value = Double(nodes.count)
                return FormulaOperand(type: number, place: constant(value), span: node.span, constant: value)
            }
            throw FormulaError(.argumentType, at: first.span, "the size of '\(name)' is decided when it is drawn")
        default:
            throw FormulaError(
                .argumentType, at: first.span, "'count' needs a stream, a detector or nodes, but '\(name)' is \(describe(first))",
                help: "write count(ocpp.Heartbeat)")
        }
    }

    private mutating func over(
        _ reducer: AggregateFunction, _ places: [FormulaPlace], _ type: FormulaType, _ span: FormulaSpan, _ register: Int
    ) -> FormulaOperand {
        let opcode: FormulaOpcode =
            switch reducer {
            case .min: .minOf
            case .max: .maxOf
            case .avg: .avgOf
            default: .sumOf
            }
        let start = program.places.count
        program.places += places.map(\.raw)
        let place = emit(opcode, to: register, 0, UInt32(truncatingIfNeeded: start), UInt32(truncatingIfNeeded: places.count))
        return FormulaOperand(type: type, place: place, span: span)
    }

    mutating func aggregatePlace(_ function: AggregateFunction, _ source: FormulaAggregate.Source, _ window: Int64?) -> FormulaPlace {
        let aggregate = FormulaAggregate(function: function, source: source, windowNanoseconds: window)
        if let index = aggregateIndex[aggregate] { return FormulaPlace(.aggregate, index) }
        aggregates.append(aggregate)
        aggregateIndex[aggregate] = aggregates.count - 1
        return FormulaPlace(.aggregate, aggregates.count - 1)
    }

    // MARK: Scores

    mutating func score(_ function: FormulaFunction, _ given: [FormulaOperand], _ node: FormulaNode) throws(FormulaError) -> FormulaOperand {
        let named = FormulaScore.Function(rawValue: function.rawValue) ?? .count
        switch function {
        case .fingerprint:
            try count(given, 0...0, function, node)
            var operand = scored(FormulaScore(function: .fingerprint, source: .run, labelKind: nil, reducer: nil), .none, node.span)
            operand.type = .text
            operand.shape = .fingerprint
            return operand
        case .first:
            try count(given, 1...1, function, node)
            let source: FormulaScore.Source
            switch streamShape(given[0]) {
            case .detector(let index): source = .detector(index)
            case .stream(let index): source = .stream(index)
            default:
                throw FormulaError(
                    .argumentType, at: given[0].span, "'first' needs a detector or a stream, but \(shown(given[0].span)) is \(given[0].type.phrase)",
                    help: "write first(detector) or first(ocpp.Heartbeat)")
            }
            return scored(FormulaScore(function: .first, source: source, labelKind: nil, reducer: nil), .time, node.span)
        default:
            try count(given, 1...2, function, node)
            if function == .latency, case .stream(let index) = streamShape(given[0]) { return try answerTimes(index, given, node) }
            guard case .detector(let index) = given[0].shape else {
                throw FormulaError(
                    .argumentType, at: given[0].span,
                    "'\(function.rawValue)' needs a detector, but \(shown(given[0].span)) is \(given[0].type.phrase)", help: "write \(function.info.signature)")
            }
            let score = FormulaScore(function: named, source: .detector(index), labelKind: try given.count == 2 ? labelKind(given[1]) : nil, reducer: nil)
            if function == .latency {
                return FormulaOperand(type: .times, place: FormulaPlace(.constant, 0), span: node.span, shape: .times(score))
            }
            return scored(score, .none, node.span)
        }
    }

    /// `latency(ocpp.Heartbeat)`: the times from each call to its answer.
    private func answerTimes(_ stream: Int, _ given: [FormulaOperand], _ node: FormulaNode) throws(FormulaError) -> FormulaOperand {
        guard scope.hasAnswers(stream: stream) else {
            throw FormulaError(
                .argumentType, at: given[0].span, "'latency' needs a detector or messages, but the frames of '\(written(given[0].span))' are never answered",
                help: "write latency(ocpp.Heartbeat)")
        }
        guard given.count == 1 else {
            throw FormulaError(.argumentType, at: given[1].span, "'latency' of messages takes no label", help: "write latency(\(written(given[0].span)))")
        }
        let score = FormulaScore(function: .latency, source: .stream(stream), labelKind: nil, reducer: nil)
        return FormulaOperand(type: .times, place: FormulaPlace(.constant, 0), span: node.span, shape: .times(score))
    }

    private mutating func labelKind(_ operand: FormulaOperand) throws(FormulaError) -> Int {
        if case .labelKind(let index) = operand.shape { return index }
        if operand.isQuoted, let index = operand.constant, case .labelKind(let kind)? = lookUp(texts[Int(index)]) { return kind }
        throw FormulaError(
            .argumentType, at: operand.span, "\(shown(operand.span)) is no kind of label that this scenario makes",
            help: "write a kind such as CAN_INJECTION, or a label's name")
    }

    private mutating func scored(_ score: FormulaScore, _ dimension: Dimension, _ span: FormulaSpan) -> FormulaOperand {
        let index: Int
        if let known = scoreIndex[score] {
            index = known
        } else {
            index = scores.count
            scores.append(score)
            scoreIndex[score] = index
        }
        return FormulaOperand(type: .number(dimension), place: FormulaPlace(.score, index), span: span)
    }
}
