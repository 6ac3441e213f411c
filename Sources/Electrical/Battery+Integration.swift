import Quantities

extension Battery {
    /// A state on its way: charge, and the seconds it took.
    struct Travel {
        var charge: Double
        var seconds = 0.0
    }

    /// A power that is linear in the state of charge: `power` here, `slope` in W per unit of charge.
    struct Line {
        var power: Double
        var slope: Double
    }

    /// The charge and the energy taken at an instant.
    func state(at instant: Instant) -> (charge: Double, taken: Double) {
        let start = chargeAtChange
        guard instant > start.since, demand != .none else { return (start.charge, start.taken) }
        let limit = (instant - start.since).seconds
        var travel = Travel(charge: start.charge)
        while travel.seconds < limit, travel.charge < 1 {
            guard advance(&travel, seconds: limit, stop: 1) else { break }
        }
        return (travel.charge, start.taken + (travel.charge - start.charge) * model.capacity / model.efficiency)
    }

    /// The power that the battery takes at a state of charge, with its slope; the least of all limits.
    func acceptedPower(at charge: Double) -> Line {
        ruling(lines(at: charge), at: charge)
    }

    /// The line that is the least from a state of charge on: of lines that meet there within rounding, the one that falls fastest.
    private func ruling(_ lines: [Line], at charge: Double) -> Line {
        var least = lines.min { ($0.power, $0.slope) < ($1.power, $1.slope) } ?? Line(power: 0, slope: 0)
        for line in lines where line.slope < least.slope && crossing(of: line, with: least, from: charge) <= charge { least = line }
        return least
    }

    /// Where a line that falls faster comes under the ruling one.
    private func crossing(of line: Line, with ruling: Line, from charge: Double) -> Double {
        charge + (line.power - ruling.power) / (ruling.slope - line.slope)
    }

    /// The current at which the terminals take a power.
    func current(forPower power: Double, at charge: Double) -> Double {
        guard power > 0 else { return 0 }
        let open = model.openCircuitVoltage.value(at: charge)
        // The stable root of R I² + U I = P.
        return 2 * power / (open + (open * open + 4 * model.internalResistance * power).squareRoot())
    }

    private func lines(at charge: Double) -> [Line] {
        guard charge < 1, demand != .none else { return [Line(power: 0, slope: 0)] }
        var current = model.maximumCurrent
        var lines = [Line(power: model.acceptance.value(at: charge), slope: model.acceptance.slope(rightOf: charge))]
        switch demand {
        case .power(let watts): lines.append(Line(power: watts > 0 ? watts : 0, slope: 0))
        case .current(let amperes): current = amperes > 0 ? min(amperes, current) : 0
        case .none: break
        }
        let open = model.openCircuitVoltage
        lines.append(Line(power: current * (open.value(at: charge) + current * model.internalResistance), slope: current * open.slope(rightOf: charge)))
        return lines
    }

    /// Moves on to the end of the stretch on which one limit rules, to the time limit, or to a state of charge; `false` when the battery takes nothing.
    func advance(_ travel: inout Travel, seconds limit: Double, stop: Double) -> Bool {
        let lines = lines(at: travel.charge)
        let ruling = ruling(lines, at: travel.charge)
        guard ruling.power > 0 else { return false }
        var end = min(stop, 1)
        if let next = model.acceptance.nextBreak(after: travel.charge) { end = min(end, next) }
        if let next = model.openCircuitVoltage.nextBreak(after: travel.charge) { end = min(end, next) }
        for line in lines where line.slope < ruling.slope {
            let crossing = crossing(of: line, with: ruling, from: travel.charge)
            if crossing > travel.charge { end = min(end, crossing) }
        }
        // d(charge)/dt = rate · (power + slope · (charge − start)).
        let rate = model.efficiency / (model.capacity * 3600)
        let distance = end - travel.charge
        let left = limit - travel.seconds
        let growth = ruling.slope * rate
        let seconds: Double
        if ruling.slope == 0 {
            seconds = distance / (ruling.power * rate)
        } else {
            seconds = Elementary.log1p(ruling.slope * distance / ruling.power) / growth
        }
        guard seconds <= left else {
            let gain = ruling.slope == 0 ? ruling.power * rate * left : ruling.power / ruling.slope * Elementary.expm1(growth * left)
            travel.charge = min(travel.charge + max(gain, 0), end)
            travel.seconds = limit
            return true
        }
        travel.charge = end
        travel.seconds += seconds
        return true
    }
}
