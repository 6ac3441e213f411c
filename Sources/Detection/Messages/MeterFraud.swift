import Quantities

/// The preset against wrong billing: rules over the messages of charge points, and over the signals of a meter, or both: `meter-fraud`.
///
/// Of the signals the register must not go back, must not rise faster than any power allows, and must count what the power makes, each stretch of
/// `leastEnergy` judged by itself. The power is a signal, or the product of voltage and current.
final class MeterFraud: MessagesDetecting, SignalsDetecting {
    /// What the inputs are, in the order of the settings.
    enum Role: String, CaseIterable {
        case register, power, voltage, current
    }

    private let messages: MessageRuleSet?
    private let roles: [Role]
    /// What alarms of the signals are about.
    private let meter: String
    private let phases: Double
    private let hold: Int64
    private var monotonic: Monotonic
    private let balance: EnergyBalance?
    private var voltage = Double.nan
    private var current = Double.nan
    /// Until when an alarm of the signals is held.
    private var until: Int64?
    private(set) var blame = ""
    private(set) var onset: Instant?

    init(
        messages: MessageRuleSet?, roles: [Role], meter: String, phases: Int, balance: EnergyBalance.Settings, hold: Duration
    ) throws(DetectionError) {
        let has = { (role: Role) in roles.contains(role) }
        guard messages != nil || has(.register) else { throw .missing(setting: "watch") }
        if has(.register) {
            guard has(.power) || has(.voltage) && has(.current) else {
                throw .outOfRange(setting: "register", requirement: "given with 'power', or with 'voltage' and 'current'")
            }
        } else if let first = roles.first {
            throw .outOfRange(setting: first.rawValue, requirement: "given with 'register'")
        }
        if has(.power), let more = roles.first(where: { $0 == .voltage || $0 == .current }) {
            throw .outOfRange(setting: more.rawValue, requirement: "absent, or 'power' is")
        }
        self.messages = messages
        self.roles = roles
        self.meter = meter
        self.phases = Double(phases)
        self.hold = hold.nanoseconds
        monotonic = try Monotonic(resolution: balance.resolution)
        self.balance = has(.register) ? try EnergyBalance(balance) : nil
    }

    var judgedInput: Int { roles.firstIndex(of: .register) ?? 0 }

    // MARK: Signals

    func update(at instant: Instant, input: Int, value: Double) -> Double? {
        guard roles.indices.contains(input), let balance else { return nil }
        switch roles[input] {
        case .power: return settled(balance.update(at: instant, input: 0, value: value), "", at: instant)
        case .voltage:
            voltage = value
            return takeProduct(at: instant)
        case .current:
            current = value
            return takeProduct(at: instant)
        case .register:
            let back = monotonic.update(at: instant, value: value) ?? 0
            let differs = balance.update(at: instant, input: 1, value: value)
            if back >= 1 {
                // Power and register are compared from here on anew: one step back is one anomaly.
                balance.resume()
                return settled(max(2, back), "the register goes back", at: instant)
            }
            return settled(differs, "the register does not count what the power makes", at: instant)
        }
    }

    private func takeProduct(at instant: Instant) -> Double? {
        guard !voltage.isNaN, !current.isNaN else { return nil }
        return settled(balance?.update(at: instant, input: 0, value: voltage * current * phases), "", at: instant)
    }

    private func settled(_ score: Double?, _ reason: String, at instant: Instant) -> Double? {
        guard let score else { return nil }
        let now = instant.nanoseconds
        if score >= 1 {
            blame = "\(meter): \(reason)"
            onset = nil
            let (end, overflow) = now.addingReportingOverflow(hold)
            until = hold > 0 ? (overflow ? .max : end) : nil
            return score
        }
        if messages?.nextTimer != nil { return nil }
        if let until, now < until { return nil }
        until = nil
        return score
    }

    // MARK: Messages

    func update(_ event: MessageEvent) -> Double? {
        guard let messages, let score = messages.update(event) else { return nil }
        if score >= 1 {
            blame = messages.blame
            onset = messages.onset
        } else if let until, event.instant.nanoseconds < until {
            return nil
        }
        return score
    }

    var nextTimer: Instant? {
        let own = until.map { Instant(nanoseconds: $0) }
        guard let other = messages?.nextTimer else { return own }
        return own.map { min($0, other) } ?? other
    }

    func timer(at instant: Instant) -> Double? {
        var score = messages?.timer(at: instant)
        if let until, instant.nanoseconds >= until {
            self.until = nil
            score = score ?? 0
        }
        return nextTimer == nil ? score : nil
    }

    var health: DetectorHealth {
        var health = messages?.health ?? DetectorHealth()
        for own in [monotonic.health, balance?.health ?? DetectorHealth()] {
            health.invalid = max(health.invalid, own.invalid)
            health.late = max(health.late, own.late)
        }
        return health
    }

    func resume() {
        messages?.resume()
        balance?.resume()
        voltage = .nan
        current = .nan
    }

    // MARK: State

    func save(_ writer: inout StateWriter) {
        messages?.save(&writer)
        monotonic.save(&writer)
        balance?.save(&writer)
        writer.put(voltage)
        writer.put(current)
        writer.put(until)
        writer.put(blame)
        writer.put(onset?.nanoseconds)
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try messages?.restore(&reader)
        try monotonic.restore(&reader)
        try balance?.restore(&reader)
        voltage = try reader.number()
        current = try reader.number()
        until = try reader.optionalInteger()
        blame = try reader.text()
        onset = try reader.optionalInteger().map { Instant(nanoseconds: $0) }
    }
}
