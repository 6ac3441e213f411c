import JSONText
import Quantities

extension MessageOrder {
    /// What is known of a connector.
    struct Connector: Sendable {
        var id: Int
        var status: ChargePointStatus?
        /// True if a state from before the last reconnection was reported since.
        var hasOldReport = false

        mutating func forget() {
            status = nil
            hasOldReport = false
        }
    }

    /// A reservation that the charge point has accepted.
    struct Reservation: Sendable {
        var id: Int
        var connector: Int
        var tag: UInt64
        var parent: UInt64?
        var expiry: OCPPTimestamp?
    }

    private mutating func place(of connector: Int) -> Int {
        if connectors.indices.contains(connector), connectors[connector].id == connector { return connector }
        if let place = connectors.firstIndex(where: { $0.id == connector }) { return place }
        // Connectors beyond a thousand share what is remembered of the last one.
        if connectors.count >= 1024 { connectors.removeLast() }
        connectors.append(Connector(id: connector))
        return connectors.count - 1
    }

    // MARK: Status

    mutating func status(_ status: StatusNotification, _ now: Instant, _ findings: inout [MessageOrderFinding]) {
        let connector = status.connectorID
        let place = place(of: connector)
        let next = status.status
        if connector == 0, next != .available, next != .unavailable, next != .faulted {
            report(.statusTransition, "connector 0 is \(next.name), and it can only be Available, Unavailable or Faulted", &findings)
        } else if let last = connectors[place].status, !last.canBecome(next) {
            report(.statusTransition, "connector \(connector) goes from \(last.name) to \(next.name)", &findings)
        }
        if let restoredAt, let time = status.timestamp, time < restoredAt {
            if connectors[place].hasOldReport {
                report(.offline, "a further state of connector \(connector) from before the reconnection; only the present one is reported", &findings)
            }
            connectors[place].hasOldReport = true
        }
        connectors[place].status = next
        if next == .charging { checkEnergy(status, connector, now, &findings) }
        if next == .unavailable || next == .faulted { reservations.removeAll { $0.connector == connector } }
    }

    /// Charging with a tag that the central system has refused.
    private func checkEnergy(_ status: StatusNotification, _ connector: Int, _ now: Instant, _ findings: inout [MessageOrderFinding]) {
        guard settings.maxEnergyOnInvalidId ?? 0 <= 0 else { return }
        for transaction in transactions where transaction.connector == connector && transaction.state == .running {
            guard let refused = transaction.refused, status.timestamp ?? refused >= refused else { continue }
            report(.authorization, "connector \(connector) charges, and the id tag of transaction \(transaction.id) is not accepted", &findings)
        }
    }

    // MARK: Availability

    mutating func availabilityAnswered(_ asked: OCPPPayload, _ result: OCPPPayload, _ findings: inout [MessageOrderFinding]) {
        guard result.statusName == "Accepted", let fields = asked.fields, fields["type"]?.string == "Inoperative",
            let connector = fields["connectorId"]?.integer.map({ Int($0) })
        else { return }
        for transaction in transactions where transaction.state == .running && (connector == 0 || transaction.connector == connector) {
            let place = place(of: transaction.connector)
            if connectors[place].status == .unavailable { continue }
            return report(.availability, "a change to Inoperative was accepted, not scheduled, and transaction \(transaction.id) runs", &findings)
        }
    }

    // MARK: Profiles

    mutating func profileAccepted(_ set: SetChargingProfile, _ findings: inout [MessageOrderFinding]) {
        switch set.profile.purpose {
        case .chargePointMaxProfile:
            if set.connectorID != 0 { report(.smartCharging, "a ChargePointMaxProfile was accepted for connector \(set.connectorID)", &findings) }
        case .txProfile:
            guard settings.knowsHistory || set.connectorID == 0 else { return }
            guard set.connectorID > 0, isBusy(set.connectorID) else {
                return report(.smartCharging, "a TxProfile was accepted for connector \(set.connectorID), where no transaction runs", &findings)
            }
            guard let id = set.profile.transactionID, offlineStarts == 0 else { return }
            let isKnown = transactions.contains { $0.connector == set.connectorID && $0.state == .running }
            if isKnown, !transactions.contains(where: { $0.connector == set.connectorID && $0.id == id }) {
                report(.smartCharging, "a TxProfile of transaction \(id) was accepted for connector \(set.connectorID), where another one runs", &findings)
            }
        case .txDefaultProfile: break
        }
    }

    // MARK: Reservations

    mutating func reserved(_ asked: OCPPPayload) {
        guard let fields = asked.fields, let id = fields["reservationId"]?.integer, let connector = fields["connectorId"]?.integer,
            let tag = fields["idTag"]?.string
        else { return }
        let expiry = fields["expiryDate"]?.string.flatMap { OCPPTimestamp(rfc3339: $0) }
        let parent = fields["parentIdTag"]?.string.map { $0.mark(foldingCase: true) }
        reservations.removeAll { $0.id == Int(id) }
        reservations.append(
            Reservation(id: Int(id), connector: Int(connector), tag: tag.mark(foldingCase: true), parent: parent, expiry: expiry), atMost: 64)
    }

    mutating func cancelled(_ asked: OCPPPayload, _ findings: inout [MessageOrderFinding]) {
        guard let id = asked.fields?["reservationId"]?.integer.map({ Int($0) }) else { return }
        if settings.knowsHistory, !reservations.contains(where: { $0.id == id }) {
            report(.reservation, "CancelReservation of reservation \(id), which there is not, was accepted", &findings)
        }
        reservations.removeAll { $0.id == id }
    }

    mutating func checkReservation(_ start: StartTransaction, _ tag: UInt64, _ findings: inout [MessageOrderFinding]) {
        reservations.removeAll { ($0.expiry ?? start.timestamp) < start.timestamp }
        if let id = start.reservationID {
            let isKnown = reservations.contains { $0.id == id }
            reservations.removeAll { $0.id == id }
            if !isKnown, settings.knowsHistory { report(.reservation, "StartTransaction names reservation \(id), which there is not", &findings) }
            if isKnown { return }
        }
        guard let place = reservations.firstIndex(where: { $0.connector == start.connectorID }) else { return }
        let reservation = reservations[place]
        let parent = parents.first { $0.tag == tag }?.parent
        // A tag whose parent is not known may be of the same family.
        if reservation.tag != tag, reservation.parent == nil || (parent != nil && parent != reservation.parent) {
            report(.reservation, "connector \(start.connectorID) is reserved for another id tag than \(start.idTag)", &findings)
        }
        reservations.remove(at: place)
    }
}
