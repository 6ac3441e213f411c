import JSONText
import OCPP
import Quantities
import ScenarioLanguage

extension LinkAttack: AttackMachine {}

/// Makes what acts on messages between charge points and central systems.
enum OCPPAttackMachines {
    /// The machine of an attack; `nil` when it cannot act, which ends the run.
    static func make(_ context: AttackContext) -> (any AttackMachine)? {
        let aim = aim(context)
        guard let attack = attack(context, aim) else {
            context.simulation.fail(.badNode, "the attack '\(context.name)' does not act on messages", span: context.step.span)
            return nil
        }
        attack.isDone = { [unowned context] in context.finish() }
        attack.context = context
        return attack
    }

    /// The links and messages that an attack is aimed at.
    private static func aim(_ context: AttackContext) -> LinkAim {
        var nodes: [Int] = []
        var actions: Set<Int> = []
        var isOfAll = false
        for case .messages(let chargePoints, let names) in context.targets {
            nodes += chargePoints
            isOfAll = isOfAll || names.isEmpty
            actions.formUnion(numbers(names))
        }
        if isOfAll { actions = [] }
        let only = numbers(context.only.actions)
        if !only.isEmpty { actions = actions.isEmpty ? Set(only) : actions.intersection(only) }
        let links = context.simulation.links
        let wanted = Set(nodes)
        var aim = LinkAim(links: links.links.indices.filter { wanted.contains(links.chargePoint(of: $0)) })
        aim.proxies = wanted.filter { context.simulation.nodes[$0] is ProxyNode }
        aim.actions = actions
        let direction = context.text("direction")
        aim.up = direction != "down"
        aim.down = direction != "up"
        aim.takesAnswers = actions.isEmpty || direction == "up" || direction == "down"
        aim.label = context.label ?? -1
        aim.path = context.path
        return aim
    }

    private static func numbers(_ names: [String]) -> [Int] { names.compactMap { OCPPAction(name: $0).map { Int($0.rawValue) } } }

    private static func attack(_ context: AttackContext, _ aim: LinkAim) -> LinkAttack? {
        let simulation = context.simulation
        let chance = context.number("chance") ?? 1
        let count = context.count("count")
        switch context.name {
        case "drop": return DropAttack(aim, chance: chance, simulation)
        case "delay":
            return DelayAttack(aim, delay: context.duration("delay") ?? .zero, jitter: context.duration("jitter") ?? .zero, chance: chance, simulation)
        case "jitter":
            return DelayAttack(
                aim, delay: .zero, jitter: context.duration("jitter") ?? .zero, bytesPerSecond: context.number("drip"), chance: chance, simulation)
        case "duplicate":
            return DuplicateAttack(aim, copies: context.count("copies") ?? 1, after: context.duration("after") ?? .zero, chance: chance, simulation)
        case "reorder": return ReorderAttack(aim, depth: context.count("depth") ?? 1, chance: chance, simulation)
        case "modify": return ModifyAttack(aim, edits(context), bits: context.count("bits") ?? 0, chance: chance, simulation)
        case "overdraw": return ModifyAttack(aim, limits(context, aim), chance: chance, simulation)
        case "replay":
            return ReplayAttack(
                aim, record: context.duration("record") ?? .seconds(60), age: context.duration("age") ?? .zero, times: context.count("times") ?? 1,
                speed: context.number("speed") ?? 1, simulation)
        case "inject": return inject(context, aim)
        case "flood":
            let action = context.text("action") ?? "Heartbeat"
            return FloodAttack(
                aim, action: action, up: isUp(context, action), connections: context.count("connections"), every: context.interval, count: count, simulation)
        case "spoof":
            return SpoofAttack(
                aim, after: context.duration("after") ?? .zero, closesOld: context.flag("close_old"),
                message: context.message("message").map { ($0.action, json($0.fields)) }, simulation)
        case "confuse":
            return ConfuseAttack(
                aim, what: context.text("what").flatMap { ConfuseAttack.Violation(rawValue: $0) }, every: context.interval, count: count, simulation)
        case "fuzz": return fuzz(context, aim)
        default: return nil
        }
    }

    // MARK: Settings

    /// Whether a message goes to the central system: as the step says, else as its action does.
    private static func isUp(_ context: AttackContext, _ action: String?) -> Bool {
        if let direction = context.text("direction") { return direction != "down" }
        return action.flatMap { OCPPAction(name: $0) }?.isSentByChargePoint ?? true
    }

    private static func inject(_ context: AttackContext, _ aim: LinkAim) -> LinkAttack {
        let content: InjectAttack.Content
        let action: String?
        if let text = context.text("payload") {
            content = .text(text)
            action = MessageHead(.frame(Array(text.utf8))).name
        } else {
            let message = context.message("message")
            action = message?.action
            content = .call(action: message?.action ?? "Heartbeat", fields: message.map { json($0.fields) } ?? .object([]))
        }
        return InjectAttack(aim, content, up: isUp(context, action), every: context.interval, count: context.count("count"), context.simulation)
    }

    private static func fuzz(_ context: AttackContext, _ aim: LinkAim) -> LinkAttack {
        var settings = FuzzAttack.Settings()
        settings.style = context.text("what") == "raw" ? .raw : .grammar
        settings.changesRealOnes = context.flag("in_place")
        settings.chance = context.number("chance") ?? 1
        settings.actions = OCPPAction.allCases.filter { aim.actions.contains(Int($0.rawValue)) }
        settings.folder = context.text("save_failing")
        if case .plain(.texts(let texts)) = context.step.value("payload") { settings.given = texts.map { Array($0.utf8) } }
        settings.span = context.step.span
        settings.target = context.step.targetText
        return FuzzAttack(aim, settings, every: context.interval, count: context.count("count"), context.simulation)
    }

    private static func edits(_ context: AttackContext) -> [MessageEdit] {
        var edits = context.changes("set").map { MessageEdit(place: MessageEdit.place($0.path), change: .set(json($0.value))) }
        edits += context.changes("add").compactMap { change in
            number(change.value).map { MessageEdit(place: MessageEdit.place(change.path), change: .add($0)) }
        }
        edits += context.changes("scale").compactMap { change in
            number(change.value).map { MessageEdit(place: MessageEdit.place(change.path), change: .scale($0)) }
        }
        return edits + context.fields("freeze").map { MessageEdit(place: MessageEdit.place($0), change: .freeze) }
    }

    /// Limits of charging profiles, or what a meter reports when the attack is aimed at MeterValues.
    private static func limits(_ context: AttackContext, _ aim: LinkAim) -> [MessageEdit] {
        let isAboutMeter = aim.actions.contains(Int(OCPPAction.meterValues.rawValue)) && aim.actions.count == 1
        let usual: [MessageEdit.Place] = isAboutMeter ? ["Current.Import", "Power.Active.Import"].map { .measurand($0) } : [.all("limit")]
        func edits(_ name: String, _ make: (Double) -> MessageEdit.Change) -> [MessageEdit] {
            context.changes(name).flatMap { change -> [MessageEdit] in
                guard let number = number(change.value) else { return [] }
                let places = change.path.isEmpty ? usual : change.path == "limit" ? [.all("limit")] : [MessageEdit.place(change.path)]
                return places.map { MessageEdit(place: $0, change: make(number)) }
            }
        }
        return edits("add") { .add($0) } + edits("scale") { .scale($0) }
    }

    private static func number(_ value: FieldValue) -> Double? {
        switch value {
        case .quantity(let quantity): quantity.value
        case .text(let text, _): Double(text)
        default: nil
        }
    }

    /// A value of the file as JSON.
    private static func json(_ value: FieldValue) -> JSONValue {
        if case .quantity(let quantity) = value { return .number(decimalText(quantity.value)) }
        return MessageFields.json(value, .heartbeat)
    }
}
