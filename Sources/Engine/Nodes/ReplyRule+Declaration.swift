import OCPP
import ScenarioLanguage

extension ReplyRule {
    /// The rule that an entry of a file stands for; `names` gives the identity of a node instance.
    init(_ declaration: ReplyDeclaration, names: (Int) -> String) {
        let action = declaration.message.flatMap { OCPPAction(name: $0) }
        let form: Form =
            switch declaration.answer {
            case .word("accept"): .accept
            case .word("reject"): .reject
            case .word("ignore"): .ignore
            case .word("disconnect"): .disconnect
            case .word: .standard
            case .with(let fields): .with(MessageFields.json(fields, action ?? .heartbeat))
            case .payload(let text): .payload(text)
            case .error(let code, let description, let details):
                .error(
                    CallError(
                        OCPPErrorCode(name: code), description, details: details.map { MessageFields.json($0, action ?? .heartbeat).text() } ?? "{}"))
            case .malformed(let way): .malformed(Malformation(name: way) ?? .notJSON)
            }
        self.init(
            action, form, delay: declaration.delay, times: declaration.times, fromCall: declaration.fromCall,
            peers: declaration.nodes.map { $0.map(names) } ?? [], chance: declaration.chance)
    }
}

extension ReplyBook {
    /// The script of a node's setting `replies`.
    init(_ context: NodeContext) {
        let scenario = context.simulation.scenario
        let rules = context.replies("replies").map { ReplyRule($0) { scenario.symbols.nodes[$0] } }
        self.init(rules, seed: scenario.run.seed ^ OCPPDraws.key(context.name))
    }
}
