import Quantities

extension CentralSystemMachine {
    /// A charge point wants to connect: decides by the settings, and ends an older connection where the newest wins.
    public mutating func connect(identity: String, at now: Instant, into out: inout [CentralSystemOutput]) -> ConnectionDecision {
        guard let point = place(of: identity) else { return .refused(.unknownIdentity) }
        let older = points[point].live
        guard older.isEmpty || settings.secondConnection != .refuse else { return .refused(.alreadyConnected) }
        let connection = number(for: point)
        let closing = settings.secondConnection == .replace ? older : []
        for old in closing { disconnect(old, into: &out) }
        points[point].live.append(connection)
        connections[connection].second = now
        connectedCount += 1
        return .accepted(connection: connection, closing: closing)
    }

    /// Takes on a charge point and gives the number of its connection; -1 if it is refused.
    public mutating func connect(identity: String) -> Int {
        var out: [CentralSystemOutput] = []
        return connect(identity: identity, at: .zero, into: &out).connection ?? -1
    }

    /// The connection is gone: calls end as dropped, answers that wait are forgotten; what is known of the charge point stays.
    public mutating func disconnect(_ connection: Int, into out: inout [CentralSystemOutput]) {
        guard isConnected(connection) else { return }
        connections[connection].isConnected = false
        connectedCount -= 1
        points[connections[connection].point].live.removeAll { $0 == connection }
        delayed.removeAll { $0.connection == connection }
        for token in connections[connection].session.drain() { out.append(.callEnded(connection: connection, token: token, .dropped)) }
    }

    /// The charge point of a connection that is over is back under the same number, whatever the settings say of second connections.
    public mutating func reconnect(_ connection: Int) {
        guard connections.indices.contains(connection), !connections[connection].isConnected else { return }
        let point = connections[connection].point
        reopen(connection, point)
        points[point].live.append(connection)
        connectedCount += 1
    }

    /// The connection over which a charge point is called: its newest one.
    public func connection(of identity: String) -> Int? { placeOf[identity].flatMap { points[$0].live.last } }

    /// Ends a connection by the central system's own will.
    mutating func close(_ connection: Int, _ reason: CloseReason, _ out: inout [CentralSystemOutput]) {
        disconnect(connection, into: &out)
        out.append(.close(connection: connection, reason))
    }

    /// The place of an identity in the memory, made when it is new; `nil` if it may not connect.
    private mutating func place(of identity: String) -> Int? {
        if let known, !known.contains(identity) { return nil }
        if let place = placeOf[identity] { return place }
        guard memory.chargePoints.count < settings.identityLimit else { return nil }
        memory.chargePoints.append(ChargePointRecord(identity))
        points.append(Point())
        placeOf[identity] = points.count - 1
        return points.count - 1
    }

    /// A number for a new connection: that of the charge point's first one if it is over, else any that is free.
    private mutating func number(for point: Int) -> Int {
        if let first = points[point].first, !connections[first].isConnected {
            reopen(first, point)
            return first
        }
        // A second connection beside the first is rare, so a search is good enough.
        if points[point].first != nil,
            let free = connections.indices.first(where: { !connections[$0].isConnected && points[connections[$0].point].first != $0 })
        {
            reopen(free, point)
            return free
        }
        var made = Connection(point: point, session: FramingSession(timeout: settings.callTimeout, queueLimit: settings.queueLimit))
        made.registration = memory.chargePoints[point].registration
        connections.append(made)
        if points[point].first == nil { points[point].first = connections.count - 1 }
        return connections.count - 1
    }

    private mutating func reopen(_ connection: Int, _ point: Int) {
        connections[connection].point = point
        connections[connection].isConnected = true
        connections[connection].generation &+= 1
        connections[connection].registration = memory.chargePoints[point].registration
        connections[connection].triggered = 0
        connections[connection].received = 0
    }

    // MARK: Access

    /// Whether user and password of HTTP Basic let a charge point in.
    ///
    /// The user must be the identity. The password may be the key as raw bytes, as the standard has it, or its hexadecimal text, as many charge points
    /// send it. The time that the comparison takes does not depend on where the first difference lies.
    public func authorize(identity: String, user: String, password: [UInt8]) -> Bool {
        guard let entry = settings.passwords.first(where: { $0.identity == identity }) ?? settings.passwords.first(where: { $0.identity == "*" }) else {
            return settings.passwords.isEmpty
        }
        return user == identity && entry.matches(password)
    }

    /// Whether a message may be read: counts the messages of each second where there is a limit.
    @inline(__always)
    mutating func passes(_ connection: Int, _ now: Instant, _ out: inout [CentralSystemOutput]) -> Bool {
        guard let limit = settings.floodLimit else { return true }
        return passes(connection, limit, now, &out)
    }

    private mutating func passes(_ connection: Int, _ limit: Int, _ now: Instant, _ out: inout [CentralSystemOutput]) -> Bool {
        if now - connections[connection].second >= .seconds(1) {
            connections[connection].second = now
            connections[connection].received = 0
        }
        connections[connection].received += 1
        let received = connections[connection].received
        guard received > limit else { return true }
        if received == limit + 1 { out.append(.violation(connection: connection, .flood, "more than \(limit) messages within a second")) }
        if settings.onFlood == .disconnect { close(connection, .flood, &out) }
        return false
    }
}

/// The password of a charge point.
public struct PasswordEntry: Hashable, Sendable {
    /// The charge point, or `*` for all that have no entry of their own.
    public var identity: String
    /// The password: hexadecimal digits stand for bytes as AuthorizationKey has them, any other text for itself.
    public var key: String

    public init(identity: String, key: String) {
        self.identity = identity
        self.key = key
    }

    /// Whether bytes are this password, raw or as text.
    func matches(_ password: [UInt8]) -> Bool {
        let text = Array(key.utf8)
        let isText = Self.equal(text, password)
        guard let raw = Self.bytes(hexadecimal: text) else { return isText }
        // Hexadecimal digits mean the same in upper and lower case.
        let isDigits = Self.bytes(hexadecimal: password).map { Self.equal(raw, $0) } ?? false
        return Self.equal(raw, password) || isText || isDigits
    }

    private static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        var difference: UInt8 = 0
        for (x, y) in zip(a, b) { difference |= x ^ y }
        return difference == 0
    }

    /// The bytes that an even number of hexadecimal digits stands for.
    private static func bytes(hexadecimal text: [UInt8]) -> [UInt8]? {
        guard !text.isEmpty, text.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: text.count, by: 2) {
            guard let high = Self.digit(text[place]), let low = Self.digit(text[place + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
