import JSONText
import Quantities

extension ChargePointMachine {
    func canSign(_ now: Instant) -> Bool { false }
    mutating func signCertificate(_ now: Instant, _ out: inout [ChargePointOutput]) {}
    mutating func certificate(_ id: MessageID, _ action: OCPPAction, _ fields: JSONValue, _ now: Instant, _ out: inout [ChargePointOutput]) {
        reply(id, error: .notSupported, action.name.description, &out)
    }
}
