/// The reservations of a charge point (OCPP 1.6 sections 5.3 and 5.13).
public struct ReservationBook: Sendable, Equatable {
    /// One reservation.
    public struct Reservation: Sendable, Equatable {
        public let id: Int
        /// 0 = any connector.
        public let connector: Int
        public let idTag: String
        public let parentIdTag: String?
        public let expiry: OCPPTimestamp

        /// True if a tag, or a tag of the same parent, is the one that this is for.
        public func isFor(_ tag: String, parent: String?) -> Bool {
            if tag.lowercased() == idTag.lowercased() { return true }
            guard let parent, let parentIdTag else { return false }
            return parent.lowercased() == parentIdTag.lowercased()
        }
    }

    /// In the order in which they were made.
    public private(set) var all: [Reservation] = []

    public init() {}

    /// Answers ReserveNow and books; a reservation with the same id is replaced.
    ///
    /// - Parameters:
    ///   - statuses: the states of the charge point (0) and of its connectors (1, 2, …). A connector that is Reserved counts as free if only the
    ///     reservation that is replaced holds it.
    ///   - zeroIsSupported: ReserveConnectorZeroSupported.
    public mutating func reserve(
        id: Int, connector: Int, idTag: String, parentIdTag: String? = nil, expiry: OCPPTimestamp, at now: OCPPTimestamp,
        statuses: [ChargePointStatus], zeroIsSupported: Bool
    ) -> ReservationStatus {
        guard statuses.indices.contains(connector), expiry > now, connector > 0 || (zeroIsSupported && statuses.count > 1) else { return .rejected }
        var others = self
        others.all.removeAll { $0.id == id }
        let status = others.availability(connector, statuses)
        guard status == .accepted else { return status }
        others.all.append(Reservation(id: id, connector: connector, idTag: idTag, parentIdTag: parentIdTag, expiry: expiry))
        self = others
        return .accepted
    }

    /// Whether a connector, or any of them, could be reserved now.
    private func availability(_ connector: Int, _ statuses: [ChargePointStatus]) -> ReservationStatus {
        switch statuses.first {
        case .faulted: return .faulted
        case .unavailable: return .unavailable
        default: break
        }
        let free = freeConnectors(statuses)
        let floating = all.count { $0.connector == 0 }
        if connector > 0 {
            switch statuses[connector] {
            case .faulted: return .faulted
            case .unavailable: return .unavailable
            default: break
            }
            return free.contains(connector) && free.count > floating ? .accepted : .occupied
        }
        if free.count > floating { return .accepted }
        let connectors = statuses.dropFirst()
        if connectors.allSatisfy({ $0 == .faulted }) { return .faulted }
        return connectors.allSatisfy { $0 == .unavailable || $0 == .faulted } ? .unavailable : .occupied
    }

    private func freeConnectors(_ statuses: [ChargePointStatus]) -> [Int] {
        statuses.indices.dropFirst().filter { (statuses[$0] == .available || statuses[$0] == .reserved) && !isReserved($0) }
    }

    /// True if this connector itself is reserved.
    public func isReserved(_ connector: Int) -> Bool { connector > 0 && all.contains { $0.connector == connector } }

    /// The reservation of a connector itself.
    public func reservation(connector: Int) -> Reservation? { all.first { $0.connector == connector } }

    /// True if somebody with this tag may start on a connector: it is not reserved for another, and enough connectors stay free for those who have
    /// reserved any.
    public func allows(idTag: String, parentIdTag: String? = nil, connector: Int, statuses: [ChargePointStatus]) -> Bool {
        if let own = reservation(connector: connector) { return own.isFor(idTag, parent: parentIdTag) }
        let floating = all.filter { $0.connector == 0 }
        if floating.isEmpty || floating.contains(where: { $0.isFor(idTag, parent: parentIdTag) }) { return true }
        return freeConnectors(statuses).filter { $0 != connector }.count >= floating.count
    }

    /// The reservation that a start on a connector would use.
    public func match(idTag: String, parentIdTag: String? = nil, connector: Int) -> Reservation? {
        all.first { $0.connector == connector && connector > 0 && $0.isFor(idTag, parent: parentIdTag) }
            ?? all.first { $0.connector == 0 && $0.isFor(idTag, parent: parentIdTag) }
    }

    /// A transaction starts: the reservation it ends, for StartTransaction.
    public mutating func use(idTag: String, parentIdTag: String? = nil, connector: Int) -> Int? {
        guard let found = match(idTag: idTag, parentIdTag: parentIdTag, connector: connector) else { return nil }
        all.removeAll { $0.id == found.id }
        return found.id
    }

    /// Answers CancelReservation: the connector that was reserved (0 = any), `nil` = Rejected.
    public mutating func cancel(_ id: Int) -> Int? {
        guard let place = all.firstIndex(where: { $0.id == id }) else { return nil }
        return all.remove(at: place).connector
    }

    /// A connector has become Unavailable or Faulted (0: the whole charge point): its reservations end. The ids that ended.
    public mutating func drop(connector: Int) -> [Int] {
        let ended = all.filter { connector == 0 || $0.connector == connector }.map(\.id)
        all.removeAll { ended.contains($0.id) }
        return ended
    }

    /// When the next reservation ends by itself.
    public var nextExpiry: OCPPTimestamp? { all.map(\.expiry).min() }

    /// Ends what is over; the connectors that were reserved, each once, in the order of the reservations.
    public mutating func expire(at now: OCPPTimestamp) -> [Int] {
        var connectors: [Int] = []
        for reservation in all where reservation.expiry <= now && !connectors.contains(reservation.connector) {
            connectors.append(reservation.connector)
        }
        all.removeAll { $0.expiry <= now }
        return connectors
    }
}
