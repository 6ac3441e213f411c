import Quantities
import YAMLTree

extension StaticChecks {
    /// What formulas say that can never matter: conditions that never change, windows, counts and deadlines out of reach.
    func formulas() {
        let sent = sentMessages()
        for expectation in scenario.expectations {
            condition(expectation.formula, expectation.span, "this expectation")
            inputs(expectation.formula, expectation.span, sent)
            deadlines(expectation.formula, expectation.span)
        }
        for detector in scenario.detectors {
            let keys = top["detectors"]?[detector.name]
            for (manifest, value) in zip(builder.registry.detectors[detector.kind].settings, detector.settings) {
                guard case .formula(let formula) = value else { continue }
                let span = keys?[manifest.name]?.span ?? detector.span
                if formula.type == .flag { condition(formula, span, "the condition of '\(detector.name)'") }
                inputs(formula, span, sent)
            }
            if let gate = detector.lifecycle.onlyWhen {
                let span = keys?["only_when"]?.span ?? detector.span
                condition(gate, span, "'only_when' of '\(detector.name)'")
                inputs(gate, span, sent)
            }
        }
        everyStep(scenario.steps) { step in
            switch step.action {
            case .until(let formula, _, _):
                condition(formula, step.span, "what this step waits for")
                inputs(formula, step.span, sent)
            case .when(let formula, _, _), .repeatSteps(.whileTrue(let formula), _):
                condition(formula, step.span, "the condition of this step")
                inputs(formula, step.span, sent)
            case .set(let values): for value in values { inputs(value.value, step.span, sent) }
            default: break
            }
        }
    }

    /// Calls a closure for each step, the steps inside others included.
    func everyStep(_ steps: [Step], _ body: (Step) -> Void) {
        for step in steps {
            body(step)
            switch step.action {
            case .repeatSteps(_, let inner), .call(_, _, let inner): everyStep(inner, body)
            case .attack(let attack): everyStep(attack.steps, body)
            case .parallel(let tracks): for track in tracks { everyStep(track.steps, body) }
            case .when(_, let then, let otherwise):
                everyStep(then, body)
                everyStep(otherwise, body)
            default: break
            }
        }
    }

    /// A condition of numbers only; one that depends on a parameter is a switch that `--set` turns.
    private func condition(_ formula: Formula, _ span: Span, _ what: String) {
        guard formula.type == .flag, formula.isConstant, let bare = try? Formula.compile(formula.source, scope: NoNames(), context: .setting) else { return }
        let isTrue = bare.constantValue == 1
        reading.warning(
            .constantCondition, span, "\(what) is always \(isTrue ? "true" : "false")", label: "nothing in it can change",
            help: "compare a signal, a count or a score")
    }

    private func inputs(_ formula: Formula, _ span: Span, _ sent: [String: Receivers]) {
        for aggregate in formula.aggregates {
            if let window = aggregate.windowNanoseconds, window > scenario.run.length.nanoseconds {
                reading.warning(
                    .windowBeyondRun, span, "a window of this formula is longer than the run",
                    label: "the run takes \(scenario.run.length.secondsText) s, the window \(Duration(nanoseconds: window).secondsText) s")
            }
            if case .stream(let stream) = aggregate.source { unsent(stream, span, sent) }
        }
        for score in formula.scores { if case .stream(let stream) = score.source { unsent(stream, span, sent) } }
    }

    /// Who takes part in the messages of one action that steps send.
    private struct Receivers {
        /// Receivers and senders that are known before the run.
        var nodes: Set<Int> = []
        /// Whether some are drawn or computed.
        var isUnknown = false
    }

    private func sentMessages() -> [String: Receivers] {
        var result: [String: Receivers] = [:]
        everyStep(scenario.steps) { step in
            guard case .send(let send) = step.action else { return }
            if let from = send.from { result[send.action, default: Receivers()].nodes.insert(from) }
            if case .constant(let nodes) = send.to {
                result[send.action, default: Receivers()].nodes.formUnion(nodes)
            } else {
                result[send.action, default: Receivers()].isUnknown = true
            }
        }
        return result
    }

    /// Messages that only steps can send, and that no step sends.
    private func unsent(_ stream: Int, _ span: Span, _ sent: [String: Receivers]) {
        let actions = table.actions.count
        guard stream < (table.nodes.count + 1) * actions, case let action = table.actions[stream % actions],
            let manifest = builder.registry.message(action), manifest.sender != .chargePoint
        else { return }
        let node = stream / actions - 1
        if let receivers = sent[action], node < 0 || receivers.isUnknown || receivers.nodes.contains(node) { return }
        reading.warning(
            .neverSent, span, "nobody sends \(action)\(node < 0 ? "" : " to '\(table.nodes[node])'")", label: "the count stays 0",
            help: "only steps send it: '- {send: \(action), …}'")
    }

    /// Comparisons of the time of a first event with a time that the run does not reach.
    private func deadlines(_ formula: Formula, _ span: Span) {
        let length = Double(scenario.run.length.nanoseconds) / 1e9
        for clause in formula.clauses {
            guard case .compare(let comparison) = clause.kind else { continue }
            let (first, limit) = comparison.left.isConstant ? (comparison.right, comparison.left) : (comparison.left, comparison.right)
            guard let score = formula.score(at: first.place), score.function == .first, let time = formula.constant(at: limit.place), time > length else {
                continue
            }
            let name = formula.text(first.span)
            reading.warning(
                .deadlineBeyondRun, span, "'\(name)' is compared with a time behind the end of the run",
                label: "the run ends at \(scenario.run.length.secondsText) s, the time is \(Quantity(time, .time).text)",
                help: "to ask whether it happens at all, write count(…) >= 1")
        }
    }
}

extension Formula {
    /// The score that lies at a place.
    fileprivate func score(at place: FormulaPlace) -> FormulaScore? {
        place.raw >> 29 == FormulaPlace.Table.score.rawValue && scores.indices.contains(place.index) ? scores[place.index] : nil
    }

    /// The number that lies at a place.
    fileprivate func constant(at place: FormulaPlace) -> Double? {
        place.raw >> 29 == FormulaPlace.Table.constant.rawValue && program.constants.indices.contains(place.index) ? program.constants[place.index] : nil
    }
}
