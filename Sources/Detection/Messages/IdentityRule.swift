import OCPP
import Quantities

/// Who speaks under a name: a second connection beside a live one, two ends that take turns, an end that connects again and again.
final class IdentityRule: MessageRule {
    private struct Connection {
        var number: Int
        var host: UInt64
        var opened: Int64
        var spoke: Int64
        var isOpen: Bool
    }
    private struct Identity {
        var connections: [Connection] = []
        /// The hosts that held the name before, the newest last.
        var hosts: [UInt64] = []
        var hostTime: Int64 = .min
        var speaker = Int.min
        /// A leaky count of connections.
        var level = 0.0
        var levelTime: Int64 = .min
    }

    private let alive: UInt64
    private let most: Double
    private let within: Double
    @exclusivity(unchecked) private var identities: GroupTable<Identity>
    private(set) var reason = ""

    init(alive: Duration, opens: Int, within: Duration, maximumGroups: Int) {
        self.alive = UInt64(max(0, alive.nanoseconds))
        most = Double(opens)
        self.within = max(1, Double(within.nanoseconds))
        identities = GroupTable(capacity: maximumGroups)
    }

    var evictions: Int { identities.evictions }
    var interest: MessageInterest { MessageInterest(calls: .max, results: .max, errors: true, malformed: true, connections: true) }

    /// The address without its port.
    private static func host(_ address: String) -> UInt64 {
        address.isEmpty ? 0 : KeyHash.of(String(decoding: AddressRange.host(Array(address.utf8)), as: UTF8.self))
    }

    func judge(_ view: MessageView) -> Double? {
        guard view.isUp || view.kind.rawValue >= MessageKind.opened.rawValue else { return nil }
        let place = identities.place(of: view.identityKey) { Identity() }
        switch view.kind {
        case .opened: return opened(&identities[place], view)
        case .closed, .broken:
            if let at = identities[place].connections.firstIndex(where: { $0.number == view.connection }) {
                identities[place].connections[at].isOpen = false
                if identities[place].speaker == view.connection { identities[place].speaker = .min }
            }
            return nil
        default: return spoke(&identities[place], view)
        }
    }

    private func find(_ identity: inout Identity, _ view: MessageView) -> Int {
        if let at = identity.connections.firstIndex(where: { $0.number == view.connection }) { return at }
        if identity.connections.count >= 4 {
            let oldest = identity.connections.indices.min { identity.connections[$0].spoke < identity.connections[$1].spoke } ?? 0
            identity.connections.remove(at: oldest)
        }
        identity.connections.append(
            Connection(number: view.connection, host: IdentityRule.host(view.address), opened: view.now, spoke: .min, isOpen: true))
        return identity.connections.count - 1
    }

    private func opened(_ identity: inout Identity, _ view: MessageView) -> Double {
        let at = find(&identity, view)
        let host = IdentityRule.host(view.address)
        identity.connections[at].host = host
        identity.connections[at].opened = view.now
        identity.connections[at].isOpen = true
        if identity.speaker == view.connection { identity.speaker = .min }
        var score = 0.0
        for other in identity.connections where other.number != view.connection && other.isOpen && other.host != host {
            guard other.host != 0, host != 0, other.spoke != .min, age(of: other.spoke, at: view.now) < alive else { continue }
            reason = "a second connection, from \(view.address), while the first is in use"
            score = 2
        }
        score = max(score, turn(host, &identity, view))
        if identity.levelTime != .min { identity.level = max(0, identity.level - most * Double(age(of: identity.levelTime, at: view.now)) / within) }
        identity.levelTime = view.now
        identity.level = min(identity.level + 1, 4 * most)
        if identity.level > most {
            reason = "it connects again and again"
            score = max(score, identity.level / most)
        } else {
            score = max(score, Score.settled(hit: false, raw: identity.level / most))
        }
        return score
    }

    /// Two hosts that take turns under one name.
    private func turn(_ host: UInt64, _ identity: inout Identity, _ view: MessageView) -> Double {
        guard host != 0, identity.hosts.last != host else { return 0 }
        let wasHere = identity.hosts.contains(host) && age(of: identity.hostTime, at: view.now) < 3_600_000_000_000
        identity.hosts.append(host)
        if identity.hosts.count > 3 { identity.hosts.removeFirst() }
        identity.hostTime = view.now
        guard wasHere else { return 0 }
        reason = "two ends take turns, now \(view.address)"
        return 1
    }

    private func spoke(_ identity: inout Identity, _ view: MessageView) -> Double {
        let at = find(&identity, view)
        let mine = identity.connections[at]
        var score = 0.0
        if identity.speaker != view.connection, identity.speaker != .min, let other = identity.connections.first(where: { $0.number == identity.speaker }),
            other.isOpen, mine.isOpen, mine.opened <= other.opened, mine.spoke != .min || mine.opened < other.opened
        {
            reason = "two connections speak in turn"
            score = 2
        }
        identity.speaker = view.connection
        identity.connections[at].spoke = view.now
        return score
    }

    // MARK: State

    func save(_ writer: inout StateWriter) {
        identities.save(&writer) { identity, writer in
            writer.put(identity.connections.count)
            for connection in identity.connections {
                writer.put(connection.number)
                writer.put(bits: connection.host)
                writer.put(connection.opened)
                writer.put(connection.spoke)
                writer.put(connection.isOpen)
            }
            writer.put(identity.hosts.count)
            for host in identity.hosts { writer.put(bits: host) }
            writer.put(identity.hostTime)
            writer.put(identity.speaker)
            writer.put(identity.level)
            writer.put(identity.levelTime)
        }
        writer.put(reason)
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try identities.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> Identity in
            var identity = Identity()
            for _ in 0..<(try reader.count(itemBytes: 40)) {
                identity.connections.append(
                    Connection(
                        number: Int(try reader.integer()), host: try reader.bits(), opened: try reader.integer(), spoke: try reader.integer(),
                        isOpen: try reader.flag()))
            }
            for _ in 0..<(try reader.count()) { identity.hosts.append(try reader.bits()) }
            identity.hostTime = try reader.integer()
            identity.speaker = Int(try reader.integer())
            identity.level = try reader.number()
            identity.levelTime = try reader.integer()
            return identity
        }
        reason = try reader.text()
    }
}
