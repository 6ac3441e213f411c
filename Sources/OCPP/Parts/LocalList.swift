import JSONText

/// Id tags with what is known about them, in the order of their folded names; id tags compare without regard to case.
struct IdTagTable<Value: Sendable & Equatable>: Sendable, Equatable {
    struct Row: Sendable, Equatable {
        let key: String
        var value: Value
    }

    private(set) var rows: [Row] = []

    /// The place of a key, or where it would go. O(log n).
    private func place(_ key: String) -> (Int, Bool) {
        var (low, high) = (0, rows.count)
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return (low, low < rows.count && rows[low].key == key)
    }

    /// The value of an id tag; setting `nil` removes it.
    subscript(idTag: String) -> Value? {
        get {
            let (at, found) = place(idTag.lowercased())
            return found ? rows[at].value : nil
        }
        set {
            let key = idTag.lowercased()
            let (at, found) = place(key)
            switch (newValue, found) {
            case (let value?, true): rows[at].value = value
            case (let value?, false): rows.insert(Row(key: key, value: value), at: at)
            case (nil, true): rows.remove(at: at)
            case (nil, false): break
            }
        }
    }

    mutating func removeAll() { rows = [] }
    mutating func remove(at place: Int) { rows.remove(at: place) }
}

extension IdTagInfo {
    /// The same with the status Expired if it was accepted and its time is over.
    public func effective(at now: OCPPTimestamp) -> IdTagInfo {
        guard status == .accepted, let expiryDate, expiryDate <= now else { return self }
        return IdTagInfo(status: .expired, expiryDate: expiryDate, parentIdTag: parentIdTag)
    }

    /// Reads an idTagInfo of a message; `nil` if it is none.
    public init?(_ value: JSONValue) {
        guard let status = value["status"]?.string.flatMap({ AuthorizationStatus(name: $0) }) else { return nil }
        var expiry: OCPPTimestamp?
        if let text = value["expiryDate"]?.string {
            guard let read = OCPPTimestamp(rfc3339: text) else { return nil }
            expiry = read
        }
        self.init(status: status, expiryDate: expiry, parentIdTag: value["parentIdTag"]?.string)
    }
}

/// The local authorization list of a charge point (OCPP 1.6 section 3.5.2).
public struct LocalList: Sendable, Equatable {
    /// The version of the last accepted update; 0 before the first.
    public private(set) var listVersion = 0
    private var table = IdTagTable<IdTagInfo>()

    public init() {}

    /// The number of id tags.
    public var count: Int { table.rows.count }

    /// What GetLocalListVersion answers: −1 if lists are off, 0 for an empty list.
    public func version(isEnabled: Bool) -> Int { isEnabled ? (count == 0 ? 0 : listVersion) : -1 }

    /// What the list says about an id tag. O(log n).
    public func info(_ idTag: String) -> IdTagInfo? { table[idTag] }

    /// Answers SendLocalList and changes the list; what is not accepted changes nothing.
    ///
    /// - Parameters:
    ///   - limit: LocalAuthListMaxLength.
    ///   - sendLimit: SendLocalListMaxLength.
    public mutating func apply(_ request: JSONValue, isEnabled: Bool = true, limit: Int, sendLimit: Int) -> SendLocalListStatus {
        guard isEnabled, limit > 0 else { return .notSupported }
        guard let version = request["listVersion"]?.integer, version > 0, version <= 2_147_483_647, let update = request["updateType"]?.string else {
            return .failed
        }
        let entries = request["localAuthorizationList"]?.array ?? []
        guard entries.count <= sendLimit else { return .failed }
        var next = table
        switch update {
        case "Full": next.removeAll()
        case "Differential":
            if version <= listVersion { return .versionMismatch }
        default: return .failed
        }
        var seen = IdTagTable<Bool>()
        for entry in entries {
            guard let idTag = entry["idTag"]?.string, !idTag.isEmpty, idTag.unicodeScalars.count <= 20, seen[idTag] == nil else { return .failed }
            seen[idTag] = true
            if let info = entry["idTagInfo"] {
                guard let info = IdTagInfo(info) else { return .failed }
                next[idTag] = info
            } else {
                guard update == "Differential" else { return .failed }
                next[idTag] = nil
            }
        }
        guard next.rows.count <= limit else { return .failed }
        table = next
        listVersion = Int(version)
        return .accepted
    }
}

/// The authorization cache of a charge point: the id tags that the central system has judged last (OCPP 1.6 section 3.5.1).
public struct AuthorizationCache: Sendable, Equatable {
    private struct Slot: Sendable, Equatable {
        var info: IdTagInfo
        var used: UInt64
    }

    private var table = IdTagTable<Slot>()
    private var uses: UInt64 = 0
    /// The greatest number of id tags; beyond it the one that was used longest ago is forgotten.
    public let capacity: Int

    public init(capacity: Int = 100) { self.capacity = max(capacity, 0) }

    /// The number of id tags.
    public var count: Int { table.rows.count }

    /// Keeps what a confirmation says about an id tag. O(n) when the cache is full, else O(log n).
    public mutating func update(_ idTag: String, _ info: IdTagInfo) {
        guard capacity > 0 else { return }
        // A tag that is busy elsewhere is a good tag.
        var info = info
        if info.status == .concurrentTx { info.status = .accepted }
        uses += 1
        if table[idTag] == nil, count >= capacity, let oldest = table.rows.indices.min(by: { table.rows[$0].value.used < table.rows[$1].value.used }) {
            table.remove(at: oldest)
        }
        table[idTag] = Slot(info: info, used: uses)
    }

    /// What the cache says about an id tag now; counts as a use.
    public mutating func lookup(_ idTag: String, at now: OCPPTimestamp) -> IdTagInfo? {
        guard var slot = table[idTag] else { return nil }
        uses += 1
        slot.used = uses
        table[idTag] = slot
        return slot.info.effective(at: now)
    }

    /// What the cache says about an id tag now, without counting as a use.
    public func info(_ idTag: String, at now: OCPPTimestamp) -> IdTagInfo? { table[idTag]?.info.effective(at: now) }

    /// Forgets everything (ClearCache).
    public mutating func clear() { table.removeAll() }
}

/// The rules by which a charge point authorises an id tag itself (OCPP 1.6 section 3.5).
public enum LocalAuthorization {
    /// The judgement of the charge point; `nil` = the central system must be asked. Offline there is always a judgement.
    ///
    /// An entry of the local list beats the cache. Online only an accepted entry counts, and only with LocalPreAuthorize; offline an entry that is
    /// not accepted refuses the tag even if AllowOfflineTxForUnknownId admits unknown ones.
    public static func decide(
        idTag: String, at now: OCPPTimestamp, isOnline: Bool, list: LocalList, cache: inout AuthorizationCache, configuration: ConfigurationStore
    ) -> IdTagInfo? {
        var known: IdTagInfo?
        if configuration[bool: .localAuthListEnabled] { known = list.info(idTag)?.effective(at: now) }
        if known == nil, configuration[bool: .authorizationCacheEnabled] { known = cache.lookup(idTag, at: now) }
        if isOnline {
            guard configuration[bool: .localPreAuthorize], let known, known.status == .accepted else { return nil }
            return known
        }
        if let known {
            if known.status != .accepted { return known }
            if configuration[bool: .localAuthorizeOffline] { return known }
            return IdTagInfo(status: .invalid)
        }
        return IdTagInfo(status: configuration[bool: .allowOfflineTxForUnknownId] ? .accepted : .invalid)
    }
}
