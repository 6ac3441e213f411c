import JSONText
import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel

/// The exchanges that a scenario expects, followed while its messages pass.
///
/// What it holds does not grow with the run. A message of an action that no expectation names costs a look into a table.
final class ExchangeBank {
    private(set) var followers: [ExchangeFollower]
    /// Followers by kind of message and action that they look at.
    private var interested: [[Int]]
    private unowned(unsafe) let simulation: Simulation

    /// `nil` when no expectation is about messages.
    init?(_ simulation: Simulation) {
        let exchanges = simulation.scenario.exchanges
        guard !exchanges.isEmpty else { return nil }
        self.simulation = simulation
        followers = exchanges.map(ExchangeFollower.init)
        interested = Array(repeating: [], count: OCPPAction.allCases.count * MessagePattern.Verb.allCases.count)
        for (index, exchange) in exchanges.enumerated() {
            for pattern in exchange.elements.map(\.pattern) {
                // A bad answer in place of a good one, and the other way round, is worth telling.
                for verb in pattern.verb == .call ? [MessagePattern.Verb.call] : [.result, .error] {
                    let place = ExchangeBank.place(verb, pattern.number)
                    if interested[place].last != index { interested[place].append(index) }
                }
            }
        }
    }

    private static func place(_ verb: MessagePattern.Verb, _ action: Int) -> Int {
        action * 3 + (verb == .call ? 0 : verb == .result ? 1 : 2)
    }

    /// A message is sent over the link between two nodes; `action` is its number in the catalogue, or -1.
    func saw(_ message: OCPPMessage, action: Int, chargePoint: Int, centralSystem: Int, up: Bool) {
        guard action >= 0 else { return }
        let verb: MessagePattern.Verb
        switch message {
        case .call: verb = .call
        case .result: verb = .result
        case .error: verb = .error
        case .frame: return
        }
        let wanted = interested[ExchangeBank.place(verb, action)]
        guard !wanted.isEmpty else { return }
        let now = simulation.kernel.now
        var payload = JSONValue.object([])
        var code: String?
        if case .error(_, let error) = message {
            code = error.code.name
        } else if let content = message.payload {
            var writer = ByteWriter()
            content.encode(into: &writer)
            payload = (try? JSONValue(parsing: String(decoding: writer.bytes, as: UTF8.self))) ?? .null
        }
        let seen = SeenMessage(
            verb: verb, action: action, name: OCPPAction.allCases[action].name.description, from: up ? chargePoint : centralSystem,
            to: up ? centralSystem : chargePoint, instant: now, payload: payload, code: code)
        for index in wanted {
            followers[index].saw(seen) { since in
                since.map { now - $0 } ?? (simulation.hasOrigin ? now - simulation.origin : .zero)
            }
        }
    }

    /// What became of each exchange.
    func judged(warnings: inout [RunWarning]) -> [JudgedExpectation] {
        followers.map { follower in
            let time = { [simulation] (instant: Instant) in "\(simulation.time(instant).secondsText) s" }
            let expectation = follower.expectation
            let holds = follower.isFulfilled
            let isIdle = holds && expectation.isNever && expectation.elements[0].pattern.with != nil && !follower.wasExercised
            if isIdle {
                warnings.append(
                    RunWarning(
                        code: .neverExercised, text: "the expectation 'never \(expectation.elements[0].pattern.words)' holds, but no such message was sent",
                        span: expectation.span))
            }
            return JudgedExpectation(
                that: expectation.text, value: follower.found(time: time), isFulfilled: holds, isExercised: !isIdle, because: expectation.because,
                span: expectation.span, sentence: follower.sentence(time: time))
        }
    }
}
