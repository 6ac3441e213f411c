import OCPP
import Quantities

/// Answers of a charge point that differ from its own, by the script of its setting `replies`.
extension ChargePointNode {
    /// Sends a message of the machine, an answer as the script wants it.
    func send(_ message: OCPPMessage) {
        guard !replies.isEmpty, case .result(_, let payload) = message, let action = payload.action else { return simulation.links.sendUp(link, message) }
        switch replies.reply(to: action, peer: "", number: 0, default: message, at: OCPPTimestamp(epoch: epoch, now)) {
        case .drop: break
        case .disconnect: dropConnection()
        case .send(let answer, let delay):
            guard delay > .zero else { return simulation.links.sendUp(link, answer) }
            lastDelayed &+= 1
            delayed.append((lastDelayed, answer))
            setTimer(Timer.reply, at: now + delay, payload: lastDelayed)
        }
    }

    /// The time of a delayed answer has come; one whose connection is over is lost.
    func replyDue(_ number: UInt32) {
        guard let place = delayed.firstIndex(where: { $0.number == number }) else { return }
        let message = delayed.remove(at: place).message
        if simulation.links.isUp(link) { simulation.links.sendUp(link, message) }
    }
}
