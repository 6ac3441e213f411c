import Quantities

extension MessageOrder {
    /// One outstanding call for each side, and every id once.
    mutating func checkFraming(_ id: MessageID, _ action: OCPPAction?, _ side: Int, _ now: Instant, _ findings: inout [MessageOrderFinding]) {
        if !used[side].note(id) {
            report(.framing, "the id \(id) was used before by the \(name(side)) on this connection", &findings)
        }
        if let action, side == 0 ? !action.isSentByChargePoint : !action.isSentByCentralSystem {
            report(.framing, "\(action.name) is not a call of the \(name(side))", &findings)
        }
        guard !open[side].isEmpty else { return }
        var place = 0
        while place < open[side].count {
            if now - open[side][place].sent >= settings.callTimeout { timedOut(open[side][place].id, side) } else { place += 1 }
        }
        // While a boot is unanswered, what else is sent is a matter of registration.
        if let other = open[side].first, !(side == 0 && phase == .booting && action != .bootNotification) {
            report(.framing, "the call \(other.id) of the \(name(side)) is still without answer", &findings)
        }
    }

    /// The call of the other side that an answer ends.
    mutating func answered(_ id: MessageID, _ side: Int, _ now: Instant, _ findings: inout [MessageOrderFinding]) -> OpenCall? {
        let asker = 1 - side
        guard let place = open[asker].firstIndex(where: { $0.id == id }) else {
            // An answer that comes too late is dropped by its receiver.
            var known = expired[asker]
            if known.note(id) { report(.framing, "nobody waits for the answer \(id) of the \(name(side))", &findings) }
            return nil
        }
        let call = open[asker].remove(at: place)
        if side == 0 {
            if case .rejected = phase { report(.registration, "a charge point that was rejected does not answer", &findings) }
        }
        return call
    }

    /// A call counts as unanswered.
    mutating func timedOut(_ id: MessageID, _ side: Int) {
        guard let place = open[side].firstIndex(where: { $0.id == id }) else { return }
        let call = open[side].remove(at: place)
        _ = expired[side].note(id)
        if side == 0, call.action == .bootNotification, phase == .booting { phase = .off }
        if side == 1, call.isTrigger { openTrigger = nil }
    }

    mutating func connectionLost() {
        isConnected = false
        heard = nil
        openTrigger = nil
        for side in 0...1 {
            open[side].removeAll(keepingCapacity: true)
            used[side].removeAll()
            expired[side].removeAll()
        }
        if phase == .booting { phase = .off }
        // What happened meanwhile is not reported, but for the present state.
        for place in connectors.indices { connectors[place].forget() }
        refusedTags.removeAll()
        failed = nil
        softReset = false
        firmware.hasGap = true
        signedFirmware.hasGap = true
        diagnostics.hasGap = true
        logs.hasGap = true
    }

    func name(_ side: Int) -> String { side == 0 ? "charge point" : "central system" }
}
