import OCPP
import ScenarioLanguage

extension CentralSystemNode {
    /// A step wants a message sent.
    func send(_ request: MessageRequest, link: Int) {
        let connection = simulation.links.connection(of: link)
        guard connection >= 0 else {
            let target = simulation.scenario.symbols.nodes[request.chargePoint]
            simulation.warn(.notAnswered, "\(request.action) to \(target): not sent, because there is no connection", span: request.step.span)
            return simulation.stepRunner.callEnded(request.strand)
        }
        switch resolved(request) {
        case .failure(let problems):
            simulation.fail(.badNode, "\(request.action): \(problems.text)", span: request.step.span)
        case .success(let wanted):
            lastToken += 1
            let token = lastToken
            waiting[token] = (request, now)
            presentLabel = request.label ?? -1
            drive { $0.send(wanted, to: connection, token: token, at: now, into: &$1) }
            presentLabel = -1
        }
    }

    /// The request of a step; the fields of a step without formulas are read once.
    private func resolved(_ request: MessageRequest) -> Result<CentralSystemRequest, RequestProblems> {
        if let known = requests[request.step.number] { return .success(known) }
        let result = MessageFields.request(request)
        if request.isConstant, case .success(let wanted) = result { requests[request.step.number] = wanted }
        return result
    }

    /// A call of a step has ended.
    func ended(_ connection: Int, _ token: UInt64, _ outcome: CallOutcome) {
        guard let (request, _) = waiting.removeValue(forKey: token) else { return }
        let reason = simulation.links.takeReason(toChargePoint: request.chargePoint)
        if !outcome.isAccepted {
            let target = simulation.scenario.symbols.nodes[request.chargePoint]
            simulation.warn(.notAnswered, "\(request.action) to \(target): \(outcome.text)\(reason.map { ", because \($0)" } ?? "")", span: request.step.span)
        }
        simulation.stepRunner.callEnded(request.strand)
    }
}

extension CallOutcome {
    /// What came back, in words.
    fileprivate var text: String {
        switch self {
        case .result: refusal.map { $0 == "Rejected" ? "refused" : "answered with \($0)" } ?? "answered"
        case .error(let error, _): "answered with \(error.code.name)\(error.description.isEmpty ? "" : ", \(error.description)")"
        case .timedOut: "not answered in time"
        case .dropped: "not sent"
        case .notRegistered: "not sent, because its registration was rejected"
        }
    }
}
