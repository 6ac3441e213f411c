import Quantities

extension ChargePointMachine {
    /// Sends a call that a scenario asks for, behind those that wait; its answer changes nothing here.
    public mutating func send(_ payload: OCPPPayload, at now: Instant, into out: inout [ChargePointOutput]) {
        call(payload, .status, now, &out)
    }
}
