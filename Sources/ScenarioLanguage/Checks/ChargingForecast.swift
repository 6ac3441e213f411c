import Quantities
import YAMLTree

/// What a charger module's current will be under steps whose waits and limits are all written down.
///
/// The steps are unrolled, repetitions up to a hundred rounds, and the charger is stepped with its own ramp, as the run will do it:
/// a limit that its current never comes near is found before the run. Anything that only the run can know ends the forecast.
struct ChargingForecast {
    /// A command on the line of time.
    private struct Command {
        enum Kind {
            case limit(Double, Span)
            case start
            case stop
        }
        var at: Int64
        var kind: Kind
    }

    /// One charger: how its current follows.
    struct Charger {
        var share: Double?
        var slope: Double?
        var followsLimit: Bool
        var period: Int64
        var phase: Int64
        var limit: Double
    }

    /// A finding about one limit step.
    struct Finding {
        enum Kind {
            /// Charging lasts so long (s), and the current reaches so much in the first and in the last round.
            case neverReached(charging: Double, first: Double, steady: Double, needed: Double?)
            /// Nothing charges while the limit stands above what it was.
            case raisedWhileIdle
        }
        var kind: Kind
        var limit: Double
        var span: Span
    }

    private var commands: [Command] = []
    private var now: Int64 = 0
    private var isKnown = true
    private static let mostRounds = 100
    private static let mostCommands = 4000

    /// The findings for one charge point's steps.
    static func findings(_ steps: [Step], chargePoint: Int, charger: Charger, end: Duration) -> [Finding] {
        var forecast = ChargingForecast()
        forecast.unroll(steps, chargePoint, end.nanoseconds)
        guard forecast.commands.contains(where: { if case .start = $0.kind { true } else { false } }) else { return [] }
        return forecast.judge(charger, end: end.nanoseconds)
    }

    // MARK: Unrolling

    private mutating func unroll(_ steps: [Step], _ chargePoint: Int, _ end: Int64) {
        for step in steps {
            guard isKnown, now < end, commands.count < Self.mostCommands else { return }
            switch step.action {
            case .wait(.constant(let time)): now = now > Int64.max / 2 - time.nanoseconds ? end : now + time.nanoseconds
            case .at(.constant(let time)): now = max(now, time.nanoseconds)
            case .send(let send): add(send, step, chargePoint)
            case .repeatSteps(let mode, let body):
                var rounds = Self.mostRounds
                if case .times(let count) = mode { rounds = min(count, rounds) }
                if case .whileTrue = mode { isKnown = false }
                let start = now
                for _ in 0..<rounds {
                    let before = now
                    if case .during(let time) = mode, now - start >= time.nanoseconds { break }
                    unroll(body, chargePoint, end)
                    if !isKnown || now >= end || now == before { break }
                }
            case .call(_, _, let body): unroll(body, chargePoint, end)
            case .set: continue
            default: isKnown = false
            }
        }
    }

    private mutating func add(_ send: SendStep, _ step: Step, _ chargePoint: Int) {
        guard case .constant(let nodes) = send.to, send.payload == nil else {
            isKnown = false
            return
        }
        guard nodes.contains(chargePoint) else { return }
        switch send.action {
        case "SetChargingProfile":
            guard case .object(let fields) = send.fields, let value = fields.first(where: { $0.name == "limit" })?.value, case .quantity(let limit) = value
            else {
                isKnown = false
                return
            }
            commands.append(Command(at: now, kind: .limit(limit.value, step.limitSpan ?? step.span)))
        case "RemoteStartTransaction": commands.append(Command(at: now, kind: .start))
        case "RemoteStopTransaction": commands.append(Command(at: now, kind: .stop))
        default: break
        }
    }

    // MARK: Judging

    /// What is known of one limit step over all its rounds.
    private struct Stand {
        var span: Span
        var limit: Double
        var greatest: [Double] = []
        var longestCharge: Int64 = 0
        var charged = false
        var wasStopped = false
        var raisedIdle = false
    }

    private func judge(_ charger: Charger, end: Int64) -> [Finding] {
        var stands: [Stand] = []
        var present: Int?
        var limit = charger.limit
        var isCharging = false
        var startedAt: Int64 = 0
        var current = 0.0
        var tick = charger.phase
        var index = 0
        let last = min(end, (commands.last?.at ?? 0) + 100 * charger.period)
        while tick < last {
            while index < commands.count, commands[index].at <= tick {
                let command = commands[index]
                index += 1
                switch command.kind {
                case .limit(let amperes, let span):
                    let raised = amperes > limit
                    limit = amperes
                    if charger.followsLimit { isCharging = amperes > 0 }
                    if let known = stands.firstIndex(where: { $0.span == span }) {
                        present = known
                    } else {
                        stands.append(Stand(span: span, limit: amperes))
                        present = stands.count - 1
                    }
                    if let present {
                        stands[present].greatest.append(0)
                        stands[present].raisedIdle = stands[present].raisedIdle || (raised && !isCharging)
                    }
                case .start:
                    isCharging = true
                    startedAt = command.at
                case .stop:
                    if isCharging, let present {
                        stands[present].longestCharge = max(stands[present].longestCharge, command.at - startedAt)
                        stands[present].wasStopped = true
                    }
                    isCharging = false
                }
            }
            let target = isCharging ? limit : 0
            if let share = charger.share {
                current += share * (target - current)
            } else if let slope = charger.slope {
                let most = slope * Double(charger.period) / 1e9
                current += min(max(target - current, -most), most)
            }
            if isCharging, let present, !stands[present].greatest.isEmpty {
                stands[present].charged = true
                stands[present].greatest[stands[present].greatest.count - 1] = max(stands[present].greatest[stands[present].greatest.count - 1], current)
            }
            tick += charger.period
        }
        return stands.flatMap { findings($0, charger) }
    }

    private func findings(_ stand: Stand, _ charger: Charger) -> [Finding] {
        guard stand.limit > 0 else { return [] }
        var result: [Finding] = []
        let reached = stand.greatest.contains { stand.limit - $0 < 0.5 }
        if stand.charged, stand.wasStopped, !reached, let first = stand.greatest.first(where: { $0 > 0 }), let steady = stand.greatest.last(where: { $0 > 0 }) {
            result.append(
                Finding(
                    kind: .neverReached(charging: Double(stand.longestCharge) / 1e9, first: first, steady: steady, needed: needed(stand.limit, charger)),
                    limit: stand.limit,
                    span: stand.span))
        }
        if stand.raisedIdle, !charger.followsLimit { result.append(Finding(kind: .raisedWhileIdle, limit: stand.limit, span: stand.span)) }
        return result
    }

    /// Seconds from 0 A until the limit is published as a whole number.
    private func needed(_ limit: Double, _ charger: Charger) -> Double? {
        var current = 0.0
        for step in 1...10_000 {
            if let share = charger.share {
                current += share * (limit - current)
            } else if let slope = charger.slope {
                current = min(limit, current + slope * Double(charger.period) / 1e9)
            }
            if limit - current < 0.5 { return Double(step) * Double(charger.period) / 1e9 }
        }
        return nil
    }
}
