import Quantities

extension ChargePointMachine {
    // MARK: What is known here

    /// What the local list says of a tag, else what the cache says.
    func known(_ idTag: String, _ now: Instant) -> IdTagInfo? {
        if store.configuration[bool: .localAuthListEnabled], let info = store.localList.info(idTag) { return info.effective(at: time(now)) }
        return store.configuration[bool: .authorizationCacheEnabled] ? store.cache.info(idTag, at: time(now)) : nil
    }

    /// The judgement of the charge point itself; `nil` = the central system must be asked.
    mutating func judge(_ idTag: String, isOnline: Bool, _ now: Instant) -> IdTagInfo? {
        LocalAuthorization.decide(
            idTag: idTag, at: time(now), isOnline: isOnline, list: store.localList, cache: &store.cache, configuration: store.configuration)
    }

    /// The central system has said something about a tag: the cache keeps it.
    mutating func learn(_ idTag: String, _ info: IdTagInfo, _ now: Instant) {
        guard store.configuration[bool: .authorizationCacheEnabled] else { return }
        store.cache.update(idTag, info)
    }

    // MARK: Answers to Authorize

    /// Authorize was answered.
    mutating func authorized(
        _ connector: Int, _ info: IdTagInfo, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        guard connectors.indices.contains(connector - 1) else { return }
        learn(connectors[connector - 1].idTag, info, now)
        decide(connector, info, now, meter, &out)
    }

    /// The central system cannot be asked for a tag: the lists decide.
    mutating func decideOffline(_ connector: Int, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        guard connectors.indices.contains(connector - 1) else { return }
        decide(connector, judge(connectors[connector - 1].idTag, isOnline: false, now) ?? IdTagInfo(status: .invalid), now, meter, &out)
    }

    private mutating func decide(
        _ connector: Int, _ info: IdTagInfo, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        guard connectors[connector - 1].phase == .authorizing else { return }
        guard info.status == .accepted, connectors[connector - 1].fault?.isFatal != true, stationFault?.isFatal != true else {
            return abandon(connector, now, &out)
        }
        connectors[connector - 1].parentIdTag = info.parentIdTag
        guard isAdmitted(connectors[connector - 1].idTag, info.parentIdTag, connector: connector) else { return abandon(connector, now, &out) }
        connectors[connector - 1].phase = .idle
        proceed(connector, now, meter, &out)
    }

    /// True if the reservations let this tag charge at a connector.
    func isAdmitted(_ idTag: String, _ parent: String?, connector: Int) -> Bool {
        store.reservations.all.isEmpty || store.reservations.allows(idTag: idTag, parentIdTag: parent, connector: connector, statuses: statuses)
    }

    /// Authorize for a tag that wants to stop a transaction of another was answered.
    mutating func authorizedStop(
        _ connector: Int, _ info: IdTagInfo, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        guard connectors.indices.contains(connector - 1) else { return }
        let idTag = connectors[connector - 1].idTag
        learn(idTag, info, now)
        guard let record = record(connector) else { return }
        connectors[connector - 1].idTag = record.idTag
        guard info.status == .accepted, let parent = info.parentIdTag, let own = record.parentIdTag, Self.isSame(parent, own) else { return }
        stop(connector, .local, idTag, now, meter, &out)
    }

    /// True if two tags are the same: case does not count.
    static func isSame(_ a: String, _ b: String) -> Bool { a == b || a.lowercased() == b.lowercased() }

    // MARK: A tag is shown

    /// A driver shows an id tag: it starts a transaction, or stops the one that runs. Without a connector the charge point chooses.
    public mutating func presentTag(
        _ idTag: String, connector: Int? = nil, at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]
    ) {
        guard isOn else { return }
        store.lastAlive = time(now)
        if let connector {
            guard connectors.indices.contains(connector &- 1) else { return }
            if connectors[connector - 1].transaction != nil { return presentToStop(idTag, connector, now, meter, &out) }
            if connectors[connector - 1].phase == .waitingForCable, Self.isSame(connectors[connector - 1].idTag, idTag) { return abandon(connector, now, &out) }
            return localStart(connector: connector, idTag: idTag, at: now, meter: meter, into: &out)
        }
        let own = connectors.indices.first { index in connectors[index].transaction != nil && Self.isSame(record(index + 1)?.idTag ?? "", idTag) }
        if let own { return presentToStop(idTag, own + 1, now, meter, &out) }
        let all = Array(1...connectors.count)
        let chosen =
            all.first { connectors[$0 - 1].isPlugged && canStart($0, idTag) } ?? all.first { canStart($0, idTag) }
            ?? all.first { connectors[$0 - 1].transaction != nil }
        guard let chosen else { return out.append(.violation(.invalidState, "a tag: \(whyNot(1))")) }
        if connectors[chosen - 1].transaction != nil { return presentToStop(idTag, chosen, now, meter, &out) }
        localStart(connector: chosen, idTag: idTag, at: now, meter: meter, into: &out)
    }

    private mutating func presentToStop(_ idTag: String, _ connector: Int, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        guard let record = record(connector) else { return }
        if Self.isSame(record.idTag, idTag) { return stop(connector, .local, idTag, now, meter, &out) }
        if let info = known(idTag, now), info.status == .accepted, let parent = info.parentIdTag, let own = record.parentIdTag, Self.isSame(parent, own) {
            return stop(connector, .local, idTag, now, meter, &out)
        }
        guard isConnected, registration == .accepted else {
            return out.append(.violation(.invalidState, "tag \(idTag) may not stop the transaction of \(record.idTag)"))
        }
        connectors[connector - 1].idTag = idTag
        call(.authorize(idTag: idTag), .authorizeStop(connector: connector), now, &out)
    }

    /// A driver shows an id tag to start.
    public mutating func localStart(
        connector: Int, idTag: String, at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]
    ) {
        guard isOn, connectors.indices.contains(connector &- 1) else { return }
        guard mayCharge, canStart(connector, idTag) else {
            return out.append(.violation(.invalidState, "a local start: \(whyNot(connector))"))
        }
        connectors[connector - 1].idTag = idTag
        connectors[connector - 1].parentIdTag = nil
        connectors[connector - 1].isRemote = false
        connectors[connector - 1].pendingProfile = nil
        prepare(connector, authorizing: settings.authorizesLocal, now, meter, &out)
    }
}
