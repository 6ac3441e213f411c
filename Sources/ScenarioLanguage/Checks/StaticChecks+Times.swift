import Quantities

extension StaticChecks {
    /// Steps that are never reached, times that lie in the past, and timeouts that the end of the run cuts off.
    func stepTimes() { _ = StepTimes(checks: self, length: scenario.run.length.nanoseconds).walk(scenario.steps, from: 0, .top) }

    /// Windows, waiting times and pictures that are longer than the run.
    func beyondTheRun() {
        let length = scenario.run.length
        for detector in scenario.detectors {
            let keys = top["detectors"]?[detector.name]
            if let node = keys?["window"], case .duration(let time)? = setting("window", of: detector), time > length {
                reading.warning(
                    .windowBeyondRun, node.span, "the window of '\(detector.name)' is longer than the run",
                    label: "the run takes \(length.secondsText) s, the window \(time.secondsText) s")
            }
            for (name, time) in [("lasting", detector.lifecycle.lasting), ("warmup", detector.lifecycle.warmup)] where time >= length {
                guard let node = keys?[name] else { continue }
                reading.warning(
                    .alarmBeyondRun, node.span, "'\(detector.name)' can raise no alarm before the run ends",
                    label: "the run takes \(length.secondsText) s, '\(name)' is \(time.secondsText) s")
            }
        }
        for plot in scenario.plots {
            guard let window = plot.window, window > length else { continue }
            let item = top["plots"]?.items?.first { $0.span == plot.span }
            reading.warning(
                .plotBeyondRun, item?["window"]?.span ?? plot.span, "the picture shows more time than the run has",
                label: "the run takes \(length.secondsText) s", help: "leave 'window' away to show all")
        }
    }

    /// The value of a setting of a detector.
    func setting(_ name: String, of detector: DetectorDeclaration) -> SettingValue? {
        zip(builder.registry.detectors[detector.kind].settings, detector.settings).first { $0.0.name == name }?.1
    }
}

/// The least time that steps take: waits and times that are written down count, everything else may take none.
private struct StepTimes {
    /// Where a list of steps stands, which decides what can be said about it.
    enum Place {
        /// Steps that run once, or in the first round of a repetition.
        case top
        /// The second round of a repetition: what was reached once is not unreachable.
        case again
        /// The steps of a sequence, which may be called from elsewhere too.
        case sequence
    }
    let checks: StaticChecks
    /// Length of the run in nanoseconds.
    let length: Int64
    private static let never = Int64.max / 4

    /// The least time at which the steps have ended.
    func walk(_ steps: [Step], from start: Int64, _ place: Place) -> Int64 {
        var now = start
        var isReported = false
        for (index, step) in steps.enumerated() {
            if now >= length {
                if place == .top, !isReported, start < length { reportUnreached(step, behind: index > 0 ? steps[index - 1] : nil, now) }
                return now
            }
            now = end(of: step, from: now, place, &isReported)
        }
        return now
    }

    private func reportUnreached(_ step: Step, behind previous: Step?, _ now: Int64) {
        var label = "the steps above take \(seconds(now)) s or more, and the run ends at \(seconds(length)) s"
        if case .repeatSteps(.forever, _)? = previous?.action { label = "the repetition above never ends" }
        if case .intercept(let attack)? = previous?.action, attack.isEndless { label = "the attack above goes on to the end of the run: give it 'for'" }
        checks.reading.warning(.unreachableStep, step.span, "this step is never reached", label: label)
    }

    private func end(of step: Step, from now: Int64, _ place: Place, _ isReported: inout Bool) -> Int64 {
        switch step.action {
        case .wait(.constant(let time)): return sum(now, time.nanoseconds)
        case .at(.constant(let time)):
            if time.nanoseconds < now {
                checks.reading.warning(
                    .timeInThePast, step.span, "this time is over when the step is reached",
                    label: place == .again
                        ? "the repetition reaches it again at \(seconds(now)) s or later" : "the steps above take \(seconds(now)) s or more",
                    help: "'at' counts from the start of the run; 'wait' counts from the step before")
            } else if time.nanoseconds >= length, place == .top {
                checks.reading.warning(.unreachableStep, step.span, "this step is never reached", label: "the run ends at \(seconds(length)) s")
                isReported = true
            }
            return max(now, time.nanoseconds)
        case .until(_, .constant(let time)?, _):
            if place == .top, sum(now, time.nanoseconds) > length {
                checks.reading.warning(
                    .timeoutBeyondRun, step.span, "the run ends before this can time out",
                    label: "it starts at \(seconds(now)) s or later and waits \(time.secondsText) s; the run ends at \(seconds(length)) s")
            }
            return now
        case .repeatSteps(let mode, let body): return end(of: mode, body, from: now, place)
        case .parallel(let tracks): return tracks.map { walk($0.steps, from: now, place) }.max() ?? now
        case .when(_, let then, let otherwise): return min(walk(then, from: now, place), walk(otherwise, from: now, place))
        case .call(_, _, let body): return walk(body, from: now, place == .again ? .again : .sequence)
        case .attack(let attack):
            let last = walk(attack.steps, from: now, place == .again ? .again : .sequence)
            switch attack.duration {
            case .constant(let time)?: return min(last, sum(now, time.nanoseconds))
            case .formula?: return now
            case nil: return last
            }
        case .intercept(let attack):
            switch attack.duration {
            case .constant(let time)?: return sum(now, time.nanoseconds)
            case .formula?: return now
            case nil: return attack.isEndless ? Self.never : now
            }
        default: return now
        }
    }

    private func end(of mode: RepeatMode, _ body: [Step], from now: Int64, _ place: Place) -> Int64 {
        if case .times(0) = mode { return now }
        let first = walk(body, from: now, place)
        if case .times(1) = mode { return first }
        // One second round is enough, so that repetitions inside others stay linear.
        if first < length, place != .again { _ = walk(body, from: first, .again) }
        switch mode {
        case .times(let rounds):
            let (all, overflows) = (first - now).multipliedReportingOverflow(by: Int64(rounds))
            return overflows ? Self.never : sum(now, all)
        case .forever: return Self.never
        case .during: return first
        case .whileTrue, .computed: return now
        }
    }

    private func sum(_ a: Int64, _ b: Int64) -> Int64 { min(Self.never, a &+ min(b, Self.never)) }

    private func seconds(_ nanoseconds: Int64) -> String { Duration(nanoseconds: nanoseconds).secondsText }
}
