import JSONText
import Quantities

extension ChargePointMachine {
    /// Answers TriggerMessage and ExtendedTriggerMessage, then sends the message.
    mutating func trigger(
        _ id: MessageID, _ action: OCPPAction, _ fields: JSONValue, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        let connector = fields.whole("connectorId")
        let isKnown = connector.map { 0...connectors.count ~= $0 } ?? true
        let wanted = fields["requestedMessage"]?.string ?? ""
        func answer(_ isPossible: Bool) -> Bool {
            reply(id, action, isPossible ? "Accepted" : "Rejected", &out)
            return isPossible
        }
        switch wanted {
        case "BootNotification":
            // An accepted charge point that introduces itself again would count as rebooted.
            guard answer(registration != .accepted) else { return }
            boot(now, &out)
        case "Heartbeat":
            guard answer(true) else { return }
            call(.empty(.heartbeat), .triggered, now, &out)
        case "MeterValues":
            guard answer(isKnown && !samplers.sampled.isEmpty) else { return }
            for each in connector.map({ [$0] }) ?? Array(1...connectors.count) { triggeredMeterValues(each, now, meter, &out) }
        case "StatusNotification":
            guard answer(isKnown) else { return }
            for each in connector.map({ [$0] }) ?? Array(0...connectors.count) { report(each, now, &out, triggered: true) }
        case "SignChargePointCertificate":
            guard answer(canSign) else { return }
            signCertificate(now, &out)
        default:
            guard let payload = transferStatus(wanted, now) else { return reply(id, action, "NotImplemented", &out) }
            guard answer(true) else { return }
            call(payload, .triggered, now, &out)
        }
    }
}
