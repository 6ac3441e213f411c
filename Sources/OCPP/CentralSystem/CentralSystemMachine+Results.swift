import JSONText

extension CentralSystemMachine {
    /// Takes down what the answer of a charge point tells about it.
    mutating func learn(_ call: PendingCall, _ outcome: CallOutcome, _ connection: Int, _ out: inout [CentralSystemOutput]) {
        guard case .result(.object(let action, let text)) = outcome else { return }
        let point = connections[connection].point
        let answer = (try? JSONValue(parsing: text)) ?? .null
        let request = call.payload.flatMap { try? JSONValue(parsing: $0.text) } ?? .null
        switch action {
        case .getLocalListVersion: memory.chargePoints[point].localListVersion = answer["listVersion"]?.integer.flatMap { Int(exactly: $0) }
        case .sendLocalList where outcome.isAccepted:
            memory.chargePoints[point].localListVersion = request["listVersion"]?.integer.flatMap { Int(exactly: $0) }
        case .reserveNow where outcome.isAccepted:
            guard let id = request["reservationId"]?.integer, let connector = request["connectorId"]?.integer else { return }
            memory.chargePoints[point].reservations.removeAll { $0.id == Int(id) }
            memory.chargePoints[point].reservations.append(ReservationNote(id: Int(id), connectorID: Int(connector)))
            if memory.chargePoints[point].reservations.count > 100 { memory.chargePoints[point].reservations.removeFirst() }
        case .cancelReservation where outcome.isAccepted:
            guard let id = request["reservationId"]?.integer else { return }
            memory.chargePoints[point].reservations.removeAll { $0.id == Int(id) }
        case .getConfiguration: takeConfiguration(answer, point)
        case .changeConfiguration where outcome.isAccepted:
            guard let key = request["key"]?.string,
                let place = memory.chargePoints[point].configuration.firstIndex(where: { $0.key.lowercased() == key.lowercased() })
            else { return }
            memory.chargePoints[point].configuration[place].value = request["value"]?.string
        default: return
        }
        out.append(.learned(connection: connection, action))
    }

    /// Takes the keys of GetConfiguration.conf; those known before keep their places.
    private mutating func takeConfiguration(_ answer: JSONValue, _ point: Int) {
        var places: [String: Int] = [:]
        for (place, note) in memory.chargePoints[point].configuration.enumerated() { places[note.key.lowercased()] = place }
        for entry in answer["configurationKey"]?.array ?? [] {
            guard let key = entry["key"]?.string else { continue }
            let note = ConfigurationNote(key: key, value: entry["value"]?.string, isReadOnly: entry["readonly"]?.bool ?? false)
            if let place = places[key.lowercased()] {
                memory.chargePoints[point].configuration[place] = note
            } else if memory.chargePoints[point].configuration.count < 1000 {
                places[key.lowercased()] = memory.chargePoints[point].configuration.count
                memory.chargePoints[point].configuration.append(note)
            }
        }
    }
}
