import Quantities
import YAMLTree

extension StaticChecks {
    /// Limits that the current of a charger module never reaches, and limits that are raised while nothing charges.
    func unreachedLimits() {
        for declaration in scenario.nodes where declaration.count == 1 {
            let kind = builder.registry.kinds[declaration.kind]
            guard let names = kind.rampSettings, let bus = bus(of: declaration, kind), let chargePoint = commander(of: bus, besides: declaration) else {
                continue
            }
            guard let charger = charger(declaration, kind, names, bus) else { continue }
            for finding in ChargingForecast.findings(scenario.steps, chargePoint: chargePoint, charger: charger, end: scenario.run.length) {
                report(finding, charger)
            }
        }
    }

    /// The bus that a node is on.
    func bus(of declaration: NodeDeclaration, _ kind: KindManifest) -> Int? {
        for (setting, value) in zip(kind.settings, declaration.settings) where setting.type == .bus {
            if case .bus(let bus) = value { return bus }
        }
        return nil
    }

    /// The charge point that commands what is on a bus.
    private func commander(of bus: Int, besides charger: NodeDeclaration) -> Int? {
        for declaration in scenario.nodes where declaration.name != charger.name && declaration.count == 1 {
            let kind = builder.registry.kinds[declaration.kind]
            if kind.roles.contains(.chargePoint), self.bus(of: declaration, kind) == bus { return declaration.firstInstance }
        }
        return nil
    }

    private func charger(_ declaration: NodeDeclaration, _ kind: KindManifest, _ names: KindManifest.RampSettings, _ bus: Int) -> ChargingForecast.Charger? {
        func value(_ name: String) -> SettingValue {
            guard let index = kind.settingIndex(name), declaration.settings.indices.contains(index) else { return .absent }
            return declaration.settings[index]
        }
        guard case .ramp(let share, let slope) = value(names.ramp), case .number(let limit) = value(names.limit) else { return nil }
        var follows = false
        if case .number(let flag) = value(names.followsLimit) { follows = flag == 1 }
        guard let frame = scenario.buses[bus].frames.first(where: { $0.name == names.frame }), let every = frame.every, every > .zero else { return nil }
        return ChargingForecast.Charger(
            share: share, slope: slope, followsLimit: follows, period: every.nanoseconds, phase: frame.phase.nanoseconds, limit: limit)
    }

    private func report(_ finding: ChargingForecast.Finding, _ charger: ChargingForecast.Charger) {
        let limit = Quantity(finding.limit, .current).text
        switch finding.kind {
        case .neverReached(let charging, let first, let steady, let needed):
            let ramp = charger.share.map { "ramp \(decimalText($0 * 100))%" } ?? "ramp \(decimalText(charger.slope ?? 0)) A/s"
            func tenth(_ value: Double) -> String { "\(decimalText((value * 10).rounded() / 10)) A" }
            reading.warning(
                .limitNeverReached, finding.span, "the limit of \(limit) is never reached",
                help: needed.map { "hold for \(decimalText($0)) s, or lower the limit" } ?? "lower the limit",
                notes: [
                    "charging lasts \(decimalText(charging)) s; \(ramp) gives \(tenth(first))\(tenth(first) == tenth(steady) ? "" : " in the first cycle, \(tenth(steady)) in the steady one")"
                ])
        case .raisedWhileIdle:
            reading.warning(
                .limitWithoutCharging, finding.span, "the limit is raised to \(limit) while nothing charges",
                help: "that alone moves no current; charging starts with RemoteStartTransaction")
        }
    }

    /// TxProfiles that are sent before the first start of a transaction.
    func earlyProfiles() {
        var hasStarted = false
        earlyProfiles(scenario.steps, &hasStarted)
    }

    private func earlyProfiles(_ steps: [Step], _ hasStarted: inout Bool) {
        for step in steps where !hasStarted {
            switch step.action {
            case .send(let send):
                if send.action == "RemoteStartTransaction" || send.action == "StartTransaction" { hasStarted = true }
                guard send.action == "SetChargingProfile", send.payload == nil, purpose(send.fields) == "TxProfile" else { continue }
                reading.warning(
                    .profileTooEarly, step.span, "a TxProfile is sent before any transaction runs", label: "a charge point refuses it",
                    help: "start a transaction first, or send a TxDefaultProfile")
            case .repeatSteps(_, let body), .call(_, _, let body): earlyProfiles(body, &hasStarted)
            // A driver can start a transaction as well.
            case .act, .until, .when, .parallel, .intercept: hasStarted = true
            default: continue
            }
        }
    }

    private func purpose(_ fields: FieldValue) -> String? {
        guard case .object(let outer) = fields, case .object(let profile)? = outer.first(where: { $0.name == "csChargingProfiles" })?.value,
            case .text(let text, _)? = profile.first(where: { $0.name == "chargingProfilePurpose" })?.value
        else { return nil }
        return text
    }
}
