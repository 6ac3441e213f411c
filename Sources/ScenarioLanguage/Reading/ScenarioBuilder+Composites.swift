import Quantities
import YAMLTree

/// A node that is declared, whose settings wait to be read.
struct PendingNode {
    let body: YAMLNode
    /// Index of the kind in the registry.
    let kind: Int
    /// Index of the declaration.
    let index: Int
    /// The definition that the node is a part of.
    let enclosure: Enclosure?
    /// The definition of its kind when that is made of parts.
    let definition: KindDefinition?
    /// Where the definitions around it are used.
    let trail: [(span: Span, text: String)]
    /// What is inside each instance.
    var inner: [Enclosure] = []
}

/// A derived signal that nothing has mentioned so far.
struct PendingSignal {
    let node: Int
    let formula: YAMLNode
    let unit: YAMLNode?
    let enclosure: Enclosure
    let trail: [(span: Span, text: String)]
}

extension ScenarioBuilder {
    func trail(_ pending: PendingNode) -> [(span: Span, text: String)] {
        let declaration = scenario.nodes[pending.index]
        return pending.trail + [(declaration.span, "the node '\(declaration.name)' is made of it")]
    }

    // MARK: Buses inside

    func addPrivateBuses() {
        for pending in pendingNodes {
            for enclosure in pending.inner {
                for bus in pending.definition?.buses ?? [] {
                    addBus(BusDeclaration(name: enclosure.full(bus.name), bitrate: 500_000, frames: [], span: bus.key.span))
                }
            }
        }
    }

    func readPrivateBuses() {
        for pending in pendingNodes {
            for enclosure in pending.inner {
                for bus in pending.definition?.buses ?? [] {
                    inside(enclosure, trail(pending)) { readBus(enclosure.full(bus.name), bus.value) }
                }
            }
        }
    }

    /// Reads a set of frames into a bus: its name, or `{is: NAME}` with settings.
    ///
    /// With `sharing` frames that the bus has from the same set already are no mistake; `prefix` stands in front of their names.
    func readFrameSet(_ node: YAMLNode, into bus: Int, known: [String] = ["is"], prefix: String = "", sharing: Bool = false) {
        guard let nameNode = node.entries != nil ? node["is"] : node else {
            reading.error(.missingKey, node.span, "a set of frames needs the key 'is'", label: "its name")
            return
        }
        guard let name = reading.text(nameNode, "a set of frames") else { return }
        guard let set = definition(name, .frames, nameNode, scope.enclosure, code: .unknownFrameSet, known: []) else { return }
        let enclosure = enter(set, node, known: known, prefix: "")
        inside(enclosure, reading.instances + [(node.span, "the set of frames '\(set.name)' is used here")]) {
            readFrames(set.body["frames"], into: bus, prefix: prefix, sharing: sharing)
        }
    }

    // MARK: Settings of definitions

    /// Names what the settings of each node made of parts stand for, all but signals.
    func bindReferences() {
        for pending in pendingNodes {
            guard let definition = pending.definition else { continue }
            inside(pending.enclosure, pending.trail) { reportMissingSettings(definition.settings, pending) }
            let bindings = inside(pending.enclosure, pending.trail) {
                definition.settings.filter { !$0.type.isSignal && $0.type != .signal }.map { ($0.name, binding($0, pending.body)) }
            }
            for enclosure in pending.inner {
                enclosure.bindings += bindings
                for setting in definition.signalSettings {
                    guard let index = scope.table.signal(enclosure.full(setting.name)) else { continue }
                    enclosure.bindings.append((setting.name, .symbol(.signal(index: index, setting.type.dimension, isFlag: setting.type == .flag))))
                }
            }
        }
    }

    /// What must be given is told before anything mentions it.
    private func reportMissingSettings(_ settings: [SettingManifest], _ pending: PendingNode) {
        for setting in settings where setting.required && pending.body[setting.name] == nil {
            reading.error(
                .missingKey, pending.body.span, "the kind '\(registry.kinds[pending.kind].name)' needs the setting '\(setting.name)'",
                label: setting.about.isEmpty ? nil : setting.about)
        }
    }

    /// The same for settings that are signals: each is looked up when it is first mentioned, the rest at the end.
    func bindSignals() {
        var late: [LateSignal] = []
        for pending in pendingNodes {
            guard let definition = pending.definition else { continue }
            for setting in definition.settings where setting.type == .signal {
                let signal = LateSignal { [unowned self] in
                    self.inside(pending.enclosure, pending.trail) { self.signalBinding(setting, pending.body, definition) }
                }
                late.append(signal)
                for enclosure in pending.inner { enclosure.bindings.append((setting.name, .later(signal))) }
            }
        }
        registerSignals()
        deriveSignals()
        for signal in late { _ = signal.resolved() }
        scope.derive = nil
    }

    /// The signal that a setting names, of the dimension that the definition wants.
    private func signalBinding(_ setting: SettingManifest, _ body: YAMLNode?, _ definition: Definition) -> Binding {
        guard let node = body?[setting.name], let index = signal(node, "'\(setting.name)'") else { return .absent }
        if let wanted = definition.signalDimensions[setting.name], scope.table.signals[index].dimension != wanted {
            reading.error(
                .wrongDimension, node.span,
                "'\(setting.name)' takes \(reading.article(wanted.name)), and '\(scope.table.signals[index].name)' is \(reading.article(scope.table.signals[index].dimension.name))"
            )
        }
        return .signals([index])
    }

    /// What a setting that is no number stands for.
    private func binding(_ setting: SettingManifest, _ body: YAMLNode?) -> Binding {
        let node =
            body?[setting.name] ?? setting.defaultText.flatMap { text in body.map { YAMLNode(kind: .scalar(YAMLNode.Scalar(given: text)), span: $0.span) } }
        guard let body, let node, let value = readSetting(node, setting, body: body, watchDimension: nil) else { return .absent }
        switch value {
        case .number(let number):
            if case .oneOf(let words) = setting.type { return .symbol(.text(words[Int(number)])) }
            return .symbol(.number(number, .none))
        case .text(let text): return .symbol(.text(text))
        case .nodes(let nodes): return .nodes(nodes)
        case .bus(let bus): return .bus(bus)
        // A ramp is handed on as it is written.
        case .ramp: return .bus(-1)
        default: return .absent
        }
    }

    /// The inside of a definition that is no node: its settings are read from a mapping at the place of use.
    ///
    /// Numbers that are drawn get a slot that holds the value of the run.
    func enter(_ definition: Definition, _ use: YAMLNode, known: [String], prefix: String) -> Enclosure {
        let body = use.entries != nil ? use : YAMLNode(kind: .mapping([]), span: use.span)
        let enclosure = Enclosure(prefix: prefix, home: definition.home, body: body, outer: scope.enclosure, settings: definition.settings)
        checkKeys(definition, body, known)
        for setting in definition.settings {
            guard body[setting.name] != nil || setting.defaultText != nil else {
                reading.error(
                    .missingKey, use.span, "the \(definition.sort.word) '\(definition.name)' needs the setting '\(setting.name)'",
                    label: setting.about.isEmpty ? nil : setting.about)
                enclosure.bindings.append((setting.name, .absent))
                continue
            }
            enclosure.bindings.append((setting.name, constantBinding(setting, body, definition, prefix)))
        }
        return enclosure
    }

    /// Complains about keys that a definition does not have.
    func checkKeys(_ definition: Definition, _ body: YAMLNode, _ known: [String]) {
        let names = definition.settings.map(\.name)
        let hasCut = (body.entries ?? []).contains { SectionReader.isCut($0.value) }
        for entry in body.entries ?? [] where !hasCut && !names.contains(entry.name) && !known.contains(entry.name) {
            reading.error(
                .unknownKey, entry.key.span, "the \(definition.sort.word) '\(definition.name)' has no setting \(Diagnostic.quoted(entry.name))",
                label: reading.suggestion(entry.name, names + known) ?? (names.isEmpty ? "it has no settings" : "settings: \(names.joined(separator: ", "))"))
        }
    }

    private func constantBinding(_ setting: SettingManifest, _ body: YAMLNode, _ definition: Definition, _ prefix: String) -> Binding {
        if setting.type == .signal { return signalBinding(setting, body, definition) }
        guard setting.type.isSignal else { return binding(setting, body) }
        let node = body[setting.name] ?? YAMLNode(kind: .scalar(YAMLNode.Scalar(text: setting.defaultText ?? "")), span: body.span)
        let fixed = SettingManifest(setting.name, setting.type, min: setting.min, max: setting.max, about: setting.about)
        switch readSetting(node, fixed, body: body, watchDimension: nil) {
        case .number(let value)?: return .symbol(setting.type == .flag ? .flag(value == 1) : .number(value, setting.type.dimension))
        case .duration(let time)?: return .symbol(.number(time.seconds, .time))
        case .formula(let formula)?:
            guard definition.sort != .frames else {
                reading.error(.settingIsFixed, node.span, "'\(setting.name)' must be known when the file is read", label: "no draws here")
                return .absent
            }
            let slot = newSlot()
            scenario.drawnSlots.append((slot, formula, "\(prefix).\(setting.name)"))
            return .symbol(.signal(index: slot, setting.type.dimension, isFlag: setting.type == .flag))
        default: return .absent
        }
    }

    // MARK: Derived signals

    /// Derived signals wait until something mentions them, so that each stands behind those that it reads.
    private func registerSignals() {
        for pending in pendingNodes {
            for (instance, enclosure) in pending.inner.enumerated() {
                for signal in pending.definition?.signals ?? [] {
                    let name = enclosure.full(signal.key.text ?? "")
                    let node = scenario.nodes[pending.index].firstInstance + instance
                    pendingSignals[name] = PendingSignal(node: node, formula: signal.formula, unit: signal.unit, enclosure: enclosure, trail: trail(pending))
                    pendingSignalNames.append(name)
                }
            }
        }
        scope.derive = { [unowned self] name in self.derive(name) }
    }

    /// Compiles those that nothing has mentioned yet.
    func deriveSignals() {
        for name in pendingSignalNames { derive(name) }
    }

    /// Signals computed from signals, each behind the next.
    private static let deepestSignals = 100

    private func derive(_ name: String) {
        guard let pending = pendingSignals[name] else { return }
        if let start = deriving.firstIndex(of: name) {
            for name in deriving[start...] { reading.markBroken(name) }
            inside(pending.enclosure, pending.trail) {
                reading.error(
                    .circularSignals, pending.formula.span, "the signal '\(name)' is computed from itself",
                    label: (deriving[start...] + [name]).joined(separator: " → "))
            }
            return
        }
        guard deriving.count < Self.deepestSignals else {
            reading.error(.tooMany, pending.formula.span, "signals that are computed from signals, more than \(Self.deepestSignals) deep")
            for name in deriving + [name] { reading.markBroken(name) }
            return
        }
        deriving.append(name)
        inside(pending.enclosure, pending.trail) { compile(name, pending) }
        deriving.removeLast()
        pendingSignals[name] = nil
    }

    private func compile(_ name: String, _ pending: PendingSignal) {
        guard let formula = formula(pending.formula, .live, expecting: nil, "'\(name)'") else { return reading.markBroken(name) }
        var dimension = Dimension.none
        switch formula.type {
        case .number(let found): dimension = found
        case .flag: break
        default:
            reading.error(.wrongDimension, pending.formula.span, "a signal is a number or true or false, and '\(name)' is \(formula.type.phrase)")
            return reading.markBroken(name)
        }
        if formula.drawCount > 0 {
            reading.error(.formulaNotAllowed, pending.formula.span, "a signal cannot draw random numbers", label: "draw in a setting, and use the setting")
            return reading.markBroken(name)
        }
        var unit = Unit.preferred(for: dimension)?.symbol ?? ""
        if let node = pending.unit, let text = reading.text(node, "'unit'") {
            guard let given = Unit.named(text), given.dimension == dimension else {
                reading.error(
                    .unknownUnit, node.span, "\(Diagnostic.quoted(text)) is no unit of \(reading.article(dimension.name))",
                    label: Unit.all.filter { $0.dimension == dimension }.map(\.symbol).joined(separator: " "))
                return reading.markBroken(name)
            }
            unit = given.symbol
        }
        let signal = scope.table.addSignal(
            SignalSymbol(
                name: name, dimension: dimension, unit: unit, members: nil, isFlag: formula.type == .flag, settable: false, isHeld: true, node: pending.node))
        followed.formUnion(formula.signalsRead)
        scenario.derived.append(DerivedSignal(node: pending.node, signal: signal, formula: formula))
    }

    /// A time that is known when the file is read; inside definitions `=name` of a constant will do.
    func readTime(_ node: YAMLNode, _ what: String) -> Duration? {
        guard scope.enclosure != nil, node.text?.hasPrefix("=") == true else { return reading.duration(node, what) }
        guard let formula = formula(node, .live, expecting: .number(.time), what) else { return nil }
        guard formula.isConstant, let time = Duration(seconds: formula.constantValue), time >= .zero else {
            reading.error(
                .settingIsFixed, node.span, "\(what) must be known when the file is read", label: "a time, or a setting of a detector, an attack or a sequence")
            return nil
        }
        return time
    }

    /// A slot behind the signals for a value of the run; all signals must be known by then.
    func newSlot() -> Int {
        scope.table.slots += 1
        return scope.table.signals.count + scope.table.slots - 1
    }
}
