/// Where a central system listens: `ws://host:port/path` or `wss://…`, IPv6 hosts in brackets.
public struct WebSocketURL: Equatable, Sendable {
    /// Whether the connection is TLS.
    public var isSecure: Bool
    /// A name or an address, without brackets.
    public var host: String
    /// By default 80, with TLS 443.
    public var port: UInt16
    /// The path without a slash at its end.
    public var path: String

    /// Reads a URL; the error says what is wrong with it.
    public init(_ text: String) throws(UpgradeError) {
        guard let schemeEnd = text.range(of: "://") else { throw UpgradeError(0, "\(text) is no URL: write ws://host:port/path") }
        switch text[..<schemeEnd.lower].lowercased() {
        case "ws": isSecure = false
        case "wss": isSecure = true
        default: throw UpgradeError(0, "\(text) begins with \(text[..<schemeEnd.lower]): write ws:// or, for TLS, wss://")
        }
        let rest = text[schemeEnd.upper...]
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        var authority = rest[..<authorityEnd]
        guard !authority.contains("@") else { throw UpgradeError(0, "user and password do not belong into the URL \(text)") }
        guard !text.utf8.contains(where: { $0 <= 32 || $0 == 127 }) else { throw UpgradeError(0, "a blank in the URL \(text)") }
        port = isSecure ? 443 : 80
        let bracket = authority.firstIndex(of: "]")
        if let colon = authority.lastIndex(of: ":"), colon > bracket ?? authority.startIndex || bracket == nil {
            guard let number = UInt16(authority[authority.index(after: colon)...]), number > 0 else {
                throw UpgradeError(0, "\(authority[authority.index(after: colon)...]) is no port in \(text): 1 to 65535")
            }
            port = number
            authority = authority[..<colon]
        }
        if authority.hasPrefix("["), authority.hasSuffix("]") { authority = authority.dropFirst().dropLast() }
        guard !authority.contains(where: { $0 == "[" || $0 == "]" }) else {
            throw UpgradeError(0, "the brackets of the IPv6 address in \(text) are not closed")
        }
        guard !authority.isEmpty else { throw UpgradeError(0, "no host in the URL \(text)") }
        host = String(authority)
        var path = rest[authorityEnd...]
        guard !path.contains("#") else { throw UpgradeError(0, "a fragment (#) in the URL \(text)") }
        while path.hasSuffix("/") { path = path.dropLast() }
        self.path = String(path)
    }

    /// The value of the Host field.
    public var hostField: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// The path of a charge point: base, slash and identity, as OCPP-J says.
    public func path(for identity: String) -> String { path + "/" + PercentCoding.encode(identity) }
}

extension String {
    /// Where a text stands first.
    fileprivate func range(of part: String) -> (lower: Index, upper: Index)? {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(part) { return (at, index(at, offsetBy: part.count)) }
            at = index(after: at)
        }
        return nil
    }
}
