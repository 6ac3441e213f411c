import Quantities
import ScenarioLanguage

extension StepRunner {
    /// Begins a built-in attack; its step is over when its time or its work is.
    func startIntercept(_ attack: InterceptStep, _ step: Step, _ strand: Strand, label: Int?) -> Bool {
        let targets = attack.targets.map { target -> AttackContext.Target in
            switch target {
            case .bus(let bus): .bus(bus)
            case .frame(let frame): .frame(frame)
            case .signal(let signal): .signal(signal)
            case .messages(let connections, let actions): .messages(chargePoints: nodes(connections, step, strand), actions: actions)
            }
        }
        strand.generation &+= 1
        // Formulas of settings are evaluated when the attack asks for them, at its beginning.
        let place = simulation.attacks.begin(attack, targets: targets, label: label ?? strand.labels.last, strand: strand.index) { [unowned self] formula in
            resolved(.formula(formula), step, strand)
        } onStart: { place in
            strand.intercept = place
            if let time = attack.duration { wake(strand, after: duration(time, step, strand)) }
        }
        guard place != nil else {
            finishStep(strand)
            return true
        }
        return false
    }

    // MARK: Runs without their attacks

    /// Does nothing but take the time of a step that belongs to an attack; draws are made as in the run with it.
    func performNothing(_ step: Step, _ strand: Strand) -> Bool {
        strand.waitingLabel = nil
        switch step.action {
        case .wait(let time): wake(strand, after: duration(time, step, strand))
        case .at(let time):
            let instant = simulation.origin + duration(time, step, strand)
            wake(strand, after: instant > now ? instant - now : .zero)
        case .until(let formula, let timeout, _): return startUntil(formula, timeout, true, step, strand)
        case .set(let values):
            for (_, formula) in values { _ = runner(formula, step, strand).value(at: now) }
            return true
        case .send(let send):
            _ = nodes(send.to, step, strand)
            if send.fields.containsFormula { _ = resolved(send.fields, step, strand) }
            return true
        case .transmit(let frame):
            if case .declared(_, let values) = frame.content { for (_, formula) in values { _ = runner(formula, step, strand).value(at: now) } }
            return true
        case .act: return true
        case .repeatSteps(let mode, let steps):
            var mode = mode
            var condition: FormulaRunner?
            if case .computed(let formula) = mode { mode = rounds(formula, step, strand) }
            if case .whileTrue(let formula) = mode { condition = runner(formula, step, strand) }
            var starts = !steps.isEmpty
            switch mode {
            case .times(let count): starts = starts && count > 0
            case .whileTrue: starts = starts && condition?.holds(at: now) == true
            case .during(let time): starts = starts && time > .zero
            case .forever, .computed: break
            }
            var body = Strand.Level(steps: starts ? steps : [], purpose: starts ? .rounds(mode, done: 0, since: now, condition: condition) : .plain)
            body.isMuted = true
            strand.levels.append(body)
            return true
        case .parallel(let tracks):
            strand.openTracks = tracks.count
            strand.generation &+= 1
            for child in tracks.map({ open($0, parent: strand, isMuted: true) }) { wake(child, after: .zero) }
        case .when(let formula, let then, let otherwise):
            var body = Strand.Level(steps: runner(formula, step, strand).holds(at: now) ? then : otherwise, purpose: .plain)
            body.isMuted = true
            strand.levels.append(body)
            return true
        case .attack(let attack):
            hand(attack.arguments, step, strand)
            let child = open((name: attack.name, steps: attack.steps), parent: strand, isMuted: true)
            strand.openTracks = 1
            strand.attack = child.index
            if let time = attack.duration { wake(strand, after: duration(time, step, strand)) } else { strand.generation &+= 1 }
            wake(child, after: .zero)
        case .intercept(let attack):
            strand.generation &+= 1
            if let time = attack.duration {
                wake(strand, after: duration(time, step, strand))
            } else if !attack.isEndless {
                wake(strand, after: Self.work(attack))
            }
        case .call(_, let arguments, let steps):
            hand(arguments, step, strand)
            var body = Strand.Level(steps: steps, purpose: .plain)
            body.isMuted = true
            strand.levels.append(body)
            return true
        }
        return false
    }

    /// How long an attack takes whose own work ends.
    static func work(_ attack: InterceptStep) -> Duration {
        func seconds(_ name: String) -> Double? {
            guard case .plain(let value) = attack.value(name) else { return nil }
            switch value {
            case .number(let number): return number
            case .duration(let duration): return duration.seconds
            default: return nil
            }
        }
        if attack.manifest.name == "replay" {
            let length = (seconds("record") ?? 0) + (seconds("age") ?? 0) + (seconds("record") ?? 0) * (seconds("times") ?? 1) / (seconds("speed") ?? 1)
            return Duration(seconds: length) ?? .zero
        }
        let interval = seconds("rate").map { 1 / $0 } ?? seconds("every") ?? 0
        return Duration(seconds: interval * max(0, (seconds("count") ?? 1) - 1)) ?? .zero
    }
}
