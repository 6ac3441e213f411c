/// One period of a composite schedule.
public struct CompositePeriod: Hashable, Sendable {
    /// Seconds since the start of the schedule.
    public var startPeriod: Int
    /// The limit in tenths of the unit, rounded down.
    public var limitTenths: Int
    /// The number of phases, if a profile that counts has named one.
    public var numberPhases: Int?
}

extension SmartCharging {
    /// The limit of a connector in amperes at an instant, as if a transaction were running; whole tenths.
    public func limit(connector: Int, at now: OCPPTimestamp) -> Double {
        Double(value(connector, now, now, .amperes).limitTenths) / 10
    }

    /// The next instant after `now` at which the limit of any connector may change; `nil` = never.
    public func nextChange(after now: OCPPTimestamp) -> OCPPTimestamp? {
        var next: Int64?
        for entry in installed {
            let connectors = entry.connector == 0 ? 1...max(1, station.connectors) : entry.connector...entry.connector
            for connector in connectors {
                guard let boundary = boundary(entry.profile, connector, now.milliseconds, nil) else { continue }
                next = min(next ?? boundary, boundary)
            }
        }
        return next.map(OCPPTimestamp.init(milliseconds:))
    }

    /// The schedule that GetCompositeSchedule reports for a connector, 0 for the whole station; `nil` = answer Rejected.
    ///
    /// The first period begins at 0, equal neighbours are merged, and the last one lasts to the end. A `duration` of 0 reports the limit in force.
    /// At most 10 000 changes are followed.
    public func composite(connector: Int, duration: Int, unit: ChargingRateUnit, at query: OCPPTimestamp) -> [CompositePeriod]? {
        guard 0...station.connectors ~= connector, station.units.contains(unit) else { return nil }
        let end = query.milliseconds + Int64(min(max(duration, 1), 1 << 31)) * 1000
        var periods: [CompositePeriod] = []
        var now = query.milliseconds
        for _ in 0..<10_000 where now < end {
            var period = value(connector, OCPPTimestamp(milliseconds: now), query, unit)
            period.startPeriod = Int((now - query.milliseconds) / 1000)
            if let last = periods.last, last.limitTenths == period.limitTenths, last.numberPhases == period.numberPhases {
                // The same limit goes on.
            } else {
                periods.append(period)
            }
            guard let next = nextBoundary(connector, now, query.milliseconds) else { break }
            // Schedules are in whole seconds of the query: a change in between counts from the next one.
            now = query.milliseconds + (next - query.milliseconds + 999) / 1000 * 1000
        }
        return periods
    }

    private func nextBoundary(_ connector: Int, _ now: Int64, _ query: Int64) -> Int64? {
        var next: Int64?
        for entry in installed {
            let connectors = connector == 0 ? 0...station.connectors : connector...connector
            for connector in connectors where entry.connector == 0 || entry.connector == connector {
                guard let boundary = boundary(entry.profile, connector, now, query) else { continue }
                next = min(next ?? boundary, boundary)
            }
        }
        return next
    }

    // MARK: One instant

    /// Limit and phases of a connector, or of the station for 0, in a unit.
    private func value(_ connector: Int, _ now: OCPPTimestamp, _ query: OCPPTimestamp, _ unit: ChargingRateUnit) -> CompositePeriod {
        var limit = 0.0
        var phases: Int?
        for each in connector == 0 ? 1...max(1, station.connectors) : connector...connector {
            let own = connectorValue(each, now, query, unit)
            limit += own.limit
            if let named = own.phases { phases = max(phases ?? 0, named) }
        }
        if let top = pick(.chargePointMaxProfile, 0, now, query, connector) {
            limit = min(limit, convert(top.period, top.unit, unit))
            if let named = top.period.numberPhases { phases = min(phases ?? 3, named) }
        }
        // A quotient that is whole in exact arithmetic may come out a hair below.
        let tenths = (limit + 1e-6).rounded(.down)
        return CompositePeriod(startPeriod: 0, limitTenths: Int(min(max(tenths, 0), 9e15)), numberPhases: phases)
    }

    /// The limit of one connector in tenths of a unit, without ChargePointMaxProfile.
    private func connectorValue(
        _ connector: Int, _ now: OCPPTimestamp, _ query: OCPPTimestamp, _ unit: ChargingRateUnit
    ) -> (limit: Double, phases: Int?) {
        let hardware = station.connectorLimit * 10 * (unit == .amperes ? 1 : station.voltage * Double(station.defaultPhases))
        var found = start(connector) == nil ? nil : pick(.txProfile, connector, now, query, connector)
        found = found ?? pick(.txDefaultProfile, connector, now, query, connector) ?? pick(.txDefaultProfile, 0, now, query, connector)
        guard let found else { return (hardware, nil) }
        return (min(hardware, convert(found.period, found.unit, unit)), found.period.numberPhases)
    }

    /// The period in force of the highest stack level of a purpose among the profiles of one connector.
    private func pick(
        _ purpose: ChargingProfilePurpose, _ owner: Int, _ now: OCPPTimestamp, _ query: OCPPTimestamp, _ connector: Int
    ) -> (period: ChargingSchedulePeriod, unit: ChargingRateUnit)? {
        var best: (level: Int, period: ChargingSchedulePeriod, unit: ChargingRateUnit)?
        for entry in installed where entry.connector == owner && entry.profile.purpose == purpose && entry.profile.stackLevel > best?.level ?? -1 {
            guard let period = period(entry.profile, now.milliseconds, query.milliseconds, connector) else { continue }
            best = (entry.profile.stackLevel, period, entry.profile.schedule.unit)
        }
        return best.map { ($0.period, $0.unit) }
    }

    private func convert(_ period: ChargingSchedulePeriod, _ from: ChargingRateUnit, _ to: ChargingRateUnit) -> Double {
        let limit = Double(period.limitTenths)
        if from == to { return limit }
        let factor = station.voltage * Double(period.numberPhases ?? station.defaultPhases)
        return to == .watts ? limit * factor : limit / factor
    }

    /// From when a profile's periods count; `nil` if only a query could tell and there is none.
    private func origin(_ profile: ChargingProfile, _ query: Int64?, _ connector: Int) -> Int64? {
        if profile.kind != .relative, let start = profile.schedule.startSchedule { return start.milliseconds }
        return start(connector)?.milliseconds ?? query
    }

    /// The period of a profile that is in force at `now`.
    private func period(_ profile: ChargingProfile, _ now: Int64, _ query: Int64, _ connector: Int) -> ChargingSchedulePeriod? {
        if let from = profile.validFrom, now < from.milliseconds { return nil }
        if let to = profile.validTo, now >= to.milliseconds { return nil }
        guard let origin = origin(profile, query, connector), now >= origin else { return nil }
        let offset = Self.cycle(profile).map { (now - origin) % $0 } ?? (now - origin)
        if let duration = profile.schedule.duration, offset >= Self.milliseconds(duration) { return nil }
        return profile.schedule.periods.last { Self.milliseconds($0.startPeriod) <= offset }
    }

    /// The length of a recurrence in milliseconds.
    private static func cycle(_ profile: ChargingProfile) -> Int64? {
        guard profile.kind == .recurring else { return nil }
        return profile.recurrency == .weekly ? 604_800_000 : 86_400_000
    }

    /// Milliseconds of seconds, bounded to a thousand years so that sums do not overflow.
    private static func milliseconds(_ seconds: Int) -> Int64 { Int64(min(max(seconds, 0), 31_557_600_000)) * 1000 }

    /// The first instant after `now` at which a profile begins, ends, or changes its period.
    private func boundary(_ profile: ChargingProfile, _ connector: Int, _ now: Int64, _ query: Int64?) -> Int64? {
        var next: Int64?
        func offer(_ instant: Int64) { if instant > now { next = min(next ?? instant, instant) } }
        if let from = profile.validFrom { offer(from.milliseconds) }
        if let to = profile.validTo { offer(to.milliseconds) }
        guard let origin = origin(profile, query, connector) else { return next }
        var starts = [origin]
        if let cycle = Self.cycle(profile) {
            let passed = max(0, now - origin) / cycle
            starts = [origin + passed * cycle, origin + (passed + 1) * cycle]
        }
        for start in starts {
            for period in profile.schedule.periods { offer(start + Self.milliseconds(period.startPeriod)) }
            if let duration = profile.schedule.duration { offer(start + Self.milliseconds(duration)) }
        }
        return next
    }
}
