import Detection
import Quantities
import ScenarioLanguage

/// Decides after a run what the detectors were worth and whether the expectations hold.
struct RunJudge {
    let labels: [GroundTruthLabel]
    let alarms: [(detector: Int, alarm: Alarm)]
    let detectors: [DetectorVerdict]
    private(set) var expectations: [JudgedExpectation] = []
    private(set) var warnings: [RunWarning]
    let verdict: Verdict

    init(_ simulation: Simulation, isComplete: Bool) {
        let end = Instant(nanoseconds: simulation.simulated.nanoseconds)
        let origin = simulation.origin.nanoseconds
        var truth = simulation.truth.finished(end: .never).map { label in
            var label = label
            label.start = Instant(nanoseconds: label.start.nanoseconds - origin)
            label.end = label.end == .never ? end : min(Instant(nanoseconds: label.end.nanoseconds - origin), end)
            label.evidence = label.evidence.map { Instant(nanoseconds: $0.nanoseconds - origin) }
            return label
        }
        // What was learnt from outside data is not judged.
        let begin = Instant(nanoseconds: max((simulation.outside?.judgedFrom.nanoseconds ?? origin) - origin, 0))
        for var label in simulation.outside?.labels ?? [] {
            label.start = Instant(nanoseconds: label.start.nanoseconds - origin)
            label.end = min(Instant(nanoseconds: label.end.nanoseconds - origin), end)
            if label.end > begin { truth.append(label) }
        }
        truth.sort { ($0.start, $0.end) < ($1.start, $1.end) }
        let all = simulation.detectors.finished().filter { begin == .zero || $0.alarm.end ?? .never > begin }
        labels = truth
        alarms = all
        var own = simulation.scenario.detectors.map { _ in [Alarm]() }
        for (detector, alarm) in all { own[detector].append(alarm) }
        detectors = simulation.scenario.detectors.indices.map { index in
            DetectorVerdict(
                detector: simulation.scenario.detectors[index].name, alarms: own[index], rows: simulation.detectors.entries[index].monitor.rows,
                labels: truth, from: begin, end: end, names: { RunJudge.names(of: $0, simulation) })
        }
        warnings = simulation.warnings
        var isFulfilled = true
        var isExercised = true
        let isIdleIntended = simulation.scenario.intended.contains(RunCode.neverExercised.rawValue)
        for (number, expectation) in simulation.scenario.expectations.enumerated() {
            var judged = RunJudge.judge(expectation, number, simulation, labels: truth, alarms: all, end: end, warnings: &warnings)
            isFulfilled = isFulfilled && judged.isFulfilled
            isExercised = isExercised && (judged.isExercised || isIdleIntended)
            if !isComplete { judged.sentence = "so far: \(judged.sentence)" }
            expectations.append(judged)
        }
        for var judged in simulation.exchanges?.judged(warnings: &warnings) ?? [] {
            isFulfilled = isFulfilled && judged.isFulfilled
            isExercised = isExercised && (judged.isExercised || isIdleIntended)
            if !isComplete { judged.sentence = "so far: \(judged.sentence)" }
            expectations.append(judged)
        }
        for judged in simulation.links.fuzzers.compactMap(\.judged) {
            isFulfilled = isFulfilled && judged.isFulfilled
            expectations.append(judged)
        }
        expectations.sort { ($0.span.line, $0.span.column) < ($1.span.line, $1.span.column) }
        verdict = !isComplete ? .incomplete : !isFulfilled ? .fail : isExercised ? .pass : .partial
        addIdleWarnings(simulation)
        warnings.removeAll { simulation.scenario.intended.contains($0.code.rawValue) }
    }

    /// How detectors name the target of a label: a frame by its identifier, a charge point by its identity.
    private static func names(of target: String, _ simulation: Simulation) -> [String] {
        var names: [String] = []
        for frame in simulation.frames where "\(simulation.scenario.buses[frame.bus].name).\(frame.declaration.name)" == target {
            names.append("0x\(String(frame.declaration.id, radix: 16, uppercase: true))")
        }
        if let node = simulation.nodes.first(where: { $0.name == target }) { names.append(node.identity) }
        return names
    }

    private static func judge(
        _ expectation: Expectation, _ number: Int, _ simulation: Simulation, labels: [GroundTruthLabel], alarms: [(detector: Int, alarm: Alarm)], end: Instant,
        warnings: inout [RunWarning]
    ) -> JudgedExpectation {
        let formula = expectation.formula
        let values = formula.scores.map { score($0, simulation, labels: labels, alarms: alarms, end: end) }
        let aggregates = formula.aggregates.map { simulation.aggregate($0).value(at: simulation.kernel.now) }
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(values.count, 1) + max(aggregates.count, 1)) { buffer in
            for (index, value) in (values.isEmpty ? [0] : values).enumerated() { buffer[index] = value }
            let base = buffer.baseAddress.unsafelyUnwrapped
            let second = base + max(values.count, 1)
            for (index, value) in (aggregates.isEmpty ? [0] : aggregates).enumerated() { second[index] = value }
            var inputs = FormulaInputs(signals: simulation.signals.committedValues, aggregates: UnsafePointer(second), scores: UnsafePointer(base))
            inputs.fingerprint = simulation.fingerprintValue
            let holds = formula.evaluateFlag(inputs)
            let line = expectation.span.line
            let found: String
            let sentence: String
            var isExercised = true
            if holds {
                found = formula.found(inputs)
                sentence = found
                let unseen =
                    formula.aggregates.isEmpty && formula.scores.isEmpty
                    ? false
                    : zip(formula.aggregates, aggregates).allSatisfy { $1.isNaN || ($0.isCount && $1 == 0) }
                        && values.allSatisfy(\.isNaN)
                if unseen {
                    isExercised = false
                    warnings.append(
                        RunWarning(
                            code: .neverExercised, text: "the expectation '\(formula.source)' holds, but what it looks at never happened",
                            span: expectation.span))
                }
            } else {
                let explained = formula.explain(inputs)
                found = explained?.found ?? "it is false"
                sentence = explained.map { "\($0.found), wanted \($0.wanted), line \(line)" } ?? "\(formula.source) is false, line \(line)"
            }
            return JudgedExpectation(
                that: formula.source, value: found, isFulfilled: holds, isExercised: isExercised, because: expectation.because, span: expectation.span,
                sentence: sentence)
        }
    }

    /// The value of one score; NaN when it is undefined.
    private static func score(
        _ score: FormulaScore, _ simulation: Simulation, labels: [GroundTruthLabel], alarms: [(detector: Int, alarm: Alarm)], end: Instant
    ) -> Double {
        switch score.source {
        case .stream(let stream):
            let runtime = simulation.streams.runtime(stream)
            switch score.function {
            case .count: return Double(runtime.count)
            case .first: return runtime.first.map { simulation.time($0).seconds } ?? .nan
            case .latency: return time(simulation.links.latency(ofStream: stream), score.reducer)
            default: return .nan
            }
        case .run: return .nan
        case .detector(let detector):
            let own = alarms.filter { $0.detector == detector }.map(\.alarm)
            let kinds = score.labelKind.map { [simulation.scenario.labelKinds[$0]] }
            let origin = simulation.origin.nanoseconds
            let begin = Instant(nanoseconds: max((simulation.outside?.judgedFrom.nanoseconds ?? origin) - origin, 0))
            let result = Scores.evaluate(alarms: own, labels: labels, from: begin, end: end, kinds: kinds)
            switch score.function {
            case .count: return Double(own.count)
            case .first: return own.first?.start.seconds ?? .nan
            case .recall: return result.recall ?? .nan
            case .precision: return result.precision ?? .nan
            case .f1: return result.f1 ?? .nan
            case .falseAlarms: return Double(result.falseAlarms)
            case .latency: return reduced(result.detectedLatencies, score.reducer)
            case .fingerprint: return .nan
            }
        }
    }

    /// One number for the answer times of a stream.
    private static func time(_ latency: LatencyHistogram, _ reducer: AggregateFunction?) -> Double {
        guard latency.count > 0 else { return .nan }
        switch reducer {
        case .avg: return latency.mean ?? .nan
        case .max: return latency.greatest.seconds
        case .min: return latency.least.seconds
        case .p95: return latency.quantile(0.95)?.seconds ?? .nan
        default: return latency.quantile(0.5)?.seconds ?? .nan
        }
    }

    private static func reduced(_ latencies: [Double], _ reducer: AggregateFunction?) -> Double {
        guard !latencies.isEmpty else { return reducer == .count ? 0 : .nan }
        switch reducer {
        case .avg: return latencies.reduce(0, +) / Double(latencies.count)
        case .sum: return latencies.reduce(0, +)
        case .count: return Double(latencies.count)
        case .max: return latencies.last ?? .nan
        case .min: return latencies.first ?? .nan
        case .p50, nil: return Aggregate.quantile(0.5, latencies)
        case .p95: return Aggregate.quantile(0.95, latencies)
        }
    }

    /// Detectors and plots whose signals were never published.
    private mutating func addIdleWarnings(_ simulation: Simulation) {
        for entry in simulation.detectors.entries where entry.samples == 0 && entry.composite == nil {
            let what = entry.watched.map { "'\(simulation.scenario.symbols.signals[$0].name)' was never published" } ?? "its formula was never asked"
            warnings.append(
                RunWarning(code: .detectorIdle, text: "the detector '\(entry.declaration.name)' saw nothing: \(what)", span: entry.declaration.span))
        }
        for plot in simulation.scenario.plots {
            if !plot.latencies.isEmpty, LatencyPicture.rows(plot, simulation).allSatisfy({ $0.values.isEmpty }) {
                warnings.append(
                    RunWarning(code: .neverPublished, text: "the plot '\(plot.title)' shows answer times, but nothing was answered", span: plot.span))
            }
            for signal in plot.panels.flatMap({ $0 }) where !simulation.wasPublished(signal) {
                warnings.append(
                    RunWarning(
                        code: .neverPublished,
                        text: "the plot '\(plot.title)' shows '\(simulation.scenario.symbols.signals[signal].name)', which was never published", span: plot.span
                    ))
            }
        }
    }
}

extension FormulaAggregate {
    /// Whether it counts, so that 0 means that nothing happened.
    var isCount: Bool { function == .count }
}
