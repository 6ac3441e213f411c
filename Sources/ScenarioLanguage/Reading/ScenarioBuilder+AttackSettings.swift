import Quantities
import YAMLTree

extension ScenarioBuilder {
    /// The settings of a built-in attack in the order of its manifest; `nil` when one is wrong.
    func readAttackSettings(
        _ with: YAMLNode, _ manifest: AttackManifest, _ link: AttackLinks, _ severity: AttackSeverity, _ targets: [AttackTarget], _ use: YAMLNode
    ) -> [AttackValue]? {
        let before = reading.errorCount
        let here = manifest.settings.filter { $0.links.contains(link) }.map(\.name)
        let hasCut = (with.entries ?? []).contains { SectionReader.isCut($0.value) }
        for entry in with.entries ?? [] where !here.contains(entry.name) && !hasCut {
            if let other = manifest.settings.first(where: { $0.name == entry.name }) {
                reading.error(
                    .settingOfOtherLink, entry.key.span, "'\(entry.name)' of '\(manifest.name)' goes with \(other.links.text), not with \(link.text)",
                    label: "here: \(here.joined(separator: ", "))")
            } else {
                reading.error(
                    .unknownKey, entry.key.span, "the attack '\(manifest.name)' has no setting \(Diagnostic.quoted(entry.name))",
                    label: reading.cutText(entry) ?? reading.suggestion(entry.name, here) ?? "settings: \(here.joined(separator: ", "))")
            }
        }
        for setting in manifest.settings where setting.links.contains(link) {
            guard let entry = with.entry(setting.name), let other = setting.excludes.first(where: { with[$0] != nil }), let second = with.entry(other),
                (entry.key.span.line, entry.key.span.column) > (second.key.span.line, second.key.span.column)
            else { continue }
            reading.error(
                .settingsClash, entry.key.span, "'\(setting.name)' and '\(other)' say the same in two ways", label: "leave one of them out",
                related: [(second.key.span, "the other")])
        }
        for need in manifest.needs where need.links.contains(link) && !need.oneOf.contains(where: { with[$0] != nil }) && !hasCut {
            reading.error(
                .attackNeeds, use.span, "'\(manifest.name)' against \(link.text) needs to be told what it does",
                label: "one of: \(need.oneOf.joined(separator: ", "))",
                help: manifest.examples.map { "- \($0)" }.first { text in need.oneOf.contains { text.contains("\($0): ") } })
        }
        if link == .can { checkFrameSource(with, manifest, targets, use) }
        if link == .can, let entry = with.entry("repair"), entry.value.text == "true" { checkRepair(entry.key, targets) }
        let values = manifest.settings.map { setting -> AttackValue in
            guard setting.links.contains(link) else { return .absent }
            if let node = with[setting.name] { return readAttackSetting(node, setting, link, targets, manifest) ?? .absent }
            guard !setting.excludes.contains(where: { with[$0] != nil }), let text = setting.defaultText(link, severity) else { return .absent }
            return readAttackSetting(YAMLNode(kind: .scalar(YAMLNode.Scalar(given: text)), span: with.span), setting, link, targets, manifest) ?? .absent
        }
        return reading.errorCount == before ? values : nil
    }

    /// An attack that makes frames against a bus needs their identifier; against declared frames it has them.
    private func checkFrameSource(_ with: YAMLNode, _ manifest: AttackManifest, _ targets: [AttackTarget], _ use: YAMLNode) {
        let bus = targets.lazy.compactMap { target -> Int? in if case .bus(let bus) = target { bus } else { nil } }.first
        if manifest.name == "inject" || manifest.name == "spoof", let bus, with["id"] == nil || manifest.name == "spoof" {
            let name = scenario.buses[bus].name
            let frames = scenario.buses[bus].frames.map { "\(name).\($0.name)" }
            reading.error(
                .attackNeeds, use.span, "'\(manifest.name)' against a bus needs to know the frame",
                label: frames.isEmpty ? "help: write 'with: {id: 0x123, data: 01 02}'" : "for example 'against: \(frames[0])'",
                help: manifest.name == "inject" ? "'with: {id: 0x123, data: 01 02}' sends a frame of your own" : nil)
        }
        for case .frame(let number) in targets where manifest.name != "inject" && manifest.name != "confuse" {
            let place = scope.table.frames[number]
            guard scenario.buses[place.bus].frames[place.frame].transport != nil else { continue }
            reading.error(
                .attackOfOtherLink, use.span, "'\(manifest.name)' acts on single frames, and '\(scope.table.frames[number].name)' is sent as several",
                label: "help: write 'against: \(scenario.buses[place.bus].name)' and the identifiers in 'only'")
        }
        if manifest.name == "confuse", let bus {
            let names = scenario.buses[bus].frames.map(\.name)
            if !["start", "stop"].allSatisfy({ word in names.contains { $0.hasPrefix(word) } }) {
                reading.error(
                    .attackNeeds, use.span, "'confuse' against a bus needs frames whose names begin with 'start' and 'stop'",
                    label: names.isEmpty ? nil : "for example 'against: \(scenario.buses[bus].name).\(names[0])', which gets contradicting values")
            }
        }
        if bus == nil, manifest.name == "inject", let entry = with.entry("id") ?? with.entry("fd") ?? with.entry("extended") {
            reading.error(.settingOfOtherLink, entry.key.span, "a declared frame has its own '\(entry.name)'", label: "leave it out, or attack the bus")
        }
    }

    /// What is to be right again must be known: a field of an attacked frame says how it is computed.
    private func checkRepair(_ key: YAMLNode, _ targets: [AttackTarget]) {
        guard !attackedFields(targets).contains(where: { $0.field.computed != nil }) else { return }
        reading.error(
            .noAttackedField, key.span, "no attacked frame has a field that is 'computed'",
            label: "for example 'check: {at: 24, bits: 8, computed: crc8}' in the data of the frame")
    }

    // MARK: One setting

    private func readAttackSetting(_ node: YAMLNode, _ setting: AttackSetting, _ link: AttackLinks, _ targets: [AttackTarget], _ manifest: AttackManifest)
        -> AttackValue?
    {
        let what = "'\(setting.name)'"
        switch setting.type {
        case .plain:
            guard let plain = setting.manifest, let value = readSetting(node, plain, body: node, watchDimension: nil) else { return nil }
            if case .oneOf(let words) = plain.type, case .number(let index) = value {
                return checkWord(words[Int(index)], node, setting, link) ? .plain(.text(words[Int(index)])) : nil
            }
            return .plain(value)
        case .changes(let asNumbers): return readChanges(node, what, asNumbers, link, targets, isLimit: manifest.name == "overdraw").map { .changes($0) }
        case .fields: return readFieldNames(node, what, link, targets).map { .fields($0) }
        case .size(let perTime):
            guard let dimension = signalDimension(targets, node) else { return nil }
            return value(node, perTime ? (dimension / .time) ?? dimension : dimension, .live, what).map { .plain($0) }
        case .bits:
            var bits: [Int] = []
            for item in node.items ?? [node] {
                guard let bit = reading.whole(item, what, in: 0...511) else { return nil }
                bits.append(Int(bit))
            }
            return .bits(bits)
        case .only: return readOnly(node, what, link, targets)
        case .identifier:
            guard let id = reading.whole(node, what, in: 0...0x1FFF_FFFF) else { return nil }
            return .identifier(UInt32(id))
        case .bytes: return hexadecimal(node, limit: 64).map { .bytes($0) }
        case .message: return readAttackMessage(node, what)
        }
    }

    /// Words that mean something on one link only.
    private func checkWord(_ word: String, _ node: YAMLNode, _ setting: AttackSetting, _ link: AttackLinks) -> Bool {
        let onBus = ["id", "payload", "both", "fields", "start-stop"]
        guard setting.name == "what", onBus.contains(word) != (link == .can), case .plain(.oneOf(let words)) = setting.type else { return true }
        let others = words.filter { onBus.contains($0) == (link == .can) }
        reading.error(.settingOfOtherLink, node.span, "'\(word)' does not go with \(link.text)", label: "here: \(others.joined(separator: ", "))")
        return false
    }

    /// The dimension of the attacked signals, which must have one in common.
    private func signalDimension(_ targets: [AttackTarget], _ node: YAMLNode) -> Dimension? {
        var found: (name: String, dimension: Dimension)?
        for target in targets {
            guard case .signal(let signal) = target else { continue }
            let symbol = scope.table.signals[signal]
            if let found, found.dimension != symbol.dimension {
                reading.error(
                    .mixedDimensions, node.span,
                    "one value cannot go with '\(found.name)' (\(found.dimension.name)) and '\(symbol.name)' (\(symbol.dimension.name))",
                    label: "write two attacks, side by side in 'parallel'")
                return nil
            }
            found = (symbol.name, symbol.dimension)
        }
        return found?.dimension
    }

    /// The fields of declared frames that an attack meets, by name.
    private func attackedFields(_ targets: [AttackTarget]) -> [(frame: String, field: FieldDeclaration)] {
        targets.flatMap { target -> [(frame: String, field: FieldDeclaration)] in
            switch target {
            case .bus(let bus):
                return scenario.buses[bus].frames.flatMap { frame in frame.fields.map { ("\(scenario.buses[bus].name).\(frame.name)", $0) } }
            case .frame(let number):
                let place = scope.table.frames[number]
                return scenario.buses[place.bus].frames[place.frame].fields.map { (scope.table.frames[number].name, $0) }
            default: return []
            }
        }
    }

    private func readChanges(
        _ node: YAMLNode, _ what: String, _ asNumbers: Bool, _ link: AttackLinks, _ targets: [AttackTarget], isLimit: Bool
    ) -> [FieldChange]? {
        if node.scalar != nil {
            if link == .signal {
                guard let dimension = signalDimension(targets, node) else { return nil }
                return readNumber(node, asNumbers ? .none : dimension, what).map { [FieldChange(path: "", value: $0)] }
            }
            // One value is meant for the only field that there is.
            let fields = Set(attackedFields(targets).map(\.field.name))
            if link == .can, fields.count == 1, let name = fields.first { return readChange(name, node, node, asNumbers, link, targets).map { [$0] } }
            if link == .can, isLimit, !hasLimit(targets) {
                reading.error(
                    .noAttackedField, node.span, "no attacked frame has a field that is a limit",
                    label: "its name has 'limit' or 'max' in it, or it is the only one of its frame; else name it: {FIELD: …}")
                return nil
            }
            if link == .ocpp || isLimit, let dimension = asNumbers ? Dimension.none : (try? Quantity.parse(node.text ?? ""))?.dimension {
                return readNumber(node, dimension, what).map { [FieldChange(path: "", value: $0)] }
            }
        }
        let names = attackedFields(targets).map(\.field.name)
        let example = link == .signal ? "10 A" : "{\(names.first ?? (link == .ocpp ? "value" : "limit")): \(asNumbers ? "1.5" : "80 A")}"
        guard link != .signal, let entries = node.entries else {
            reading.error(
                .notAMapping, node.span, "\(what) takes \(link == .signal ? "one value" : "fields and their values")",
                label: "for example '\(what.dropFirst().dropLast()): \(example)'")
            return nil
        }
        var changes: [FieldChange] = []
        for entry in entries {
            guard let change = readChange(entry.name, entry.key, entry.value, asNumbers, link, targets) else { return nil }
            changes.append(change)
        }
        return changes
    }

    /// Whether an attacked frame has a field that `overdraw` takes for a limit.
    private func hasLimit(_ targets: [AttackTarget]) -> Bool {
        let fields = attackedFields(targets)
        return fields.contains { one in
            let name = one.field.name.lowercased()
            return name.contains("limit") || name.contains("max") || fields.count { $0.frame == one.frame } == 1
        }
    }

    private func readChange(
        _ name: String, _ key: YAMLNode, _ value: YAMLNode, _ asNumbers: Bool, _ link: AttackLinks, _ targets: [AttackTarget]
    ) -> FieldChange? {
        let what = "'\(name)'"
        if link == .ocpp {
            if asNumbers { return readNumber(value, .none, what).map { FieldChange(path: name, value: $0) } }
            return messageValue(value).map { FieldChange(path: name, value: $0) }
        }
        let fields = attackedFields(targets)
        guard let field = fields.first(where: { $0.field.name == name })?.field else {
            reportNoField(name, key, fields)
            return nil
        }
        if !asNumbers, let text = value.text, let word = field.words.first(where: { $0.text == text }) {
            return FieldChange(path: name, value: .quantity(Quantity(Double(word.raw) * field.scale + field.offset, field.dimension)))
        }
        return readNumber(value, asNumbers ? .none : field.dimension, what).map { FieldChange(path: name, value: $0) }
    }

    private func reportNoField(_ name: String, _ node: YAMLNode, _ fields: [(frame: String, field: FieldDeclaration)]) {
        var names: [String] = []
        for field in fields where !names.contains(field.field.name) { names.append(field.field.name) }
        reading.error(
            .noAttackedField, node.span, "no attacked frame has a field \(Diagnostic.quoted(name))",
            label: reading.suggestion(name, names)
                ?? (names.isEmpty
                    ? "the frames have no fields: use 'data', 'flip' or 'bits'"
                    : "fields: \(names.prefix(10).joined(separator: ", "))\(names.count > 10 ? ", …" : "")"))
    }

    /// A number of a dimension, or a formula that gives one when the step is reached.
    private func readNumber(_ node: YAMLNode, _ dimension: Dimension, _ what: String) -> FieldValue? {
        if node.text?.hasPrefix("=") == true {
            guard let formula = formula(node, .live, expecting: .number(dimension), what) else { return nil }
            return formula.isConstant ? .quantity(Quantity(formula.constantValue, dimension)) : .formula(formula)
        }
        return reading.quantity(node, dimension, what).map { .quantity($0) }
    }

    /// A value of a message: numbers with a unit are in base units, formulas are evaluated when the step is reached.
    private func messageValue(_ node: YAMLNode) -> FieldValue? {
        switch node.kind {
        case .scalar(let scalar):
            if !scalar.isQuoted, scalar.text.hasPrefix("=") { return formula(node, .live, expecting: nil, "a field").map { .formula($0) } }
            if !scalar.isQuoted, let quantity = try? Quantity.parse(scalar.text), quantity.dimension != .none { return .quantity(quantity) }
            return .text(scalar.text, quoted: scalar.isQuoted)
        case .sequence(let items):
            var values: [FieldValue] = []
            for item in items {
                guard let value = messageValue(item) else { return nil }
                values.append(value)
            }
            return .list(values)
        case .mapping(let entries):
            var values: [(name: String, value: FieldValue)] = []
            for entry in entries {
                guard let value = messageValue(entry.value) else { return nil }
                values.append((entry.name, value))
            }
            return .object(values)
        }
    }

    private func readFieldNames(_ node: YAMLNode, _ what: String, _ link: AttackLinks, _ targets: [AttackTarget]) -> [String]? {
        if link == .signal { return reading.flag(node, what).map { $0 ? [""] : [] } }
        var names: [String] = []
        let fields = attackedFields(targets)
        for item in node.items ?? [node] {
            guard let name = reading.text(item, what) else { return nil }
            guard link == .ocpp || fields.contains(where: { $0.field.name == name }) else {
                reportNoField(name, item, fields)
                return nil
            }
            names.append(name)
        }
        return names
    }

    private func readOnly(_ node: YAMLNode, _ what: String, _ link: AttackLinks, _ targets: [AttackTarget]) -> AttackValue? {
        var identifiers: [UInt32] = []
        var actions: [String] = []
        for item in node.items ?? [node] {
            guard let text = reading.text(item, what) else { return nil }
            if link == .ocpp {
                guard registry.message(text) != nil else {
                    reading.error(
                        .unknownMessage, item.span, "there is no message \(Diagnostic.quoted(text))",
                        label: reading.suggestion(text, registry.messages.map(\.name)))
                    return nil
                }
                actions.append(text)
            } else if let declared = declaredIdentifier(text, targets) {
                identifiers.append(declared)
            } else {
                guard text.hasPrefix("0x") || text.utf8.first.map({ (0x30...0x39).contains($0) }) == true else {
                    reading.error(
                        .unknownFrame, item.span, "there is no frame \(Diagnostic.quoted(text))",
                        label: reading.suggestion(text, scope.table.frames.map(\.name)) ?? "an identifier such as 0x210, or the name of a declared frame")
                    return nil
                }
                guard let id = reading.whole(item, what, in: 0...0x1FFF_FFFF) else { return nil }
                identifiers.append(id > 0x7FF ? UInt32(id) | 1 << 31 : UInt32(id))
            }
        }
        return .only(identifiers: identifiers, actions: actions)
    }

    /// The identifier of a declared frame by its name, with or without that of the bus.
    private func declaredIdentifier(_ name: String, _ targets: [AttackTarget]) -> UInt32? {
        for (index, frame) in scope.table.frames.enumerated() {
            let short = frame.name.split(separator: ".").last.map(String.init)
            let isHere = targets.contains {
                if case .bus(let bus) = $0 { bus == frame.bus } else if case .frame(let number) = $0 { number == index } else { false }
            }
            guard scope.absolute(name) == frame.name || (isHere && short == name) else { continue }
            let declaration = scenario.buses[frame.bus].frames[frame.frame]
            return declaration.id | (declaration.isExtended ? 1 << 31 : 0)
        }
        return nil
    }

    private func readAttackMessage(_ node: YAMLNode, _ what: String) -> AttackValue? {
        guard let entries = reading.mapping(node, what, example: "{action: Heartbeat}") else { return nil }
        for entry in entries where entry.name != "action" && entry.name != "with" {
            reading.error(
                .unknownKey, entry.key.span, "unknown key \(Diagnostic.quoted(entry.name))",
                label: reading.suggestion(entry.name, ["action", "with"]) ?? "known here: action, with")
            return nil
        }
        guard let given = node["action"] else {
            reading.error(.missingKey, node.span, "\(what) needs the key 'action'", label: "for example '{action: Heartbeat}'")
            return nil
        }
        guard let action = reading.text(given, "'action'") else { return nil }
        guard registry.message(action) != nil else {
            reading.error(
                .unknownMessage, given.span, "there is no message \(Diagnostic.quoted(action))",
                label: reading.suggestion(action, registry.messages.map(\.name)))
            return nil
        }
        guard let with = node["with"] else { return .message(action: action, fields: .object([])) }
        guard reading.mapping(with, "'with'", example: "{type: Hard}") != nil, let fields = messageValue(with) else { return nil }
        return .message(action: action, fields: fields)
    }
}
