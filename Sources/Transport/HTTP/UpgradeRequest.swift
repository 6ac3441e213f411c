/// A client's request to speak WebSocket (RFC 6455 section 4.1), as a value: written by the client, read by the server.
public struct UpgradeRequest: Equatable, Sendable {
    /// The path with its escapes, such as `/ocpp/CP%7C1`.
    public var path: String
    /// The value of the Host field.
    public var host: String
    /// Sixteen bytes in Base64.
    public var key: String
    /// The subprotocols that the client offers, the one that it prefers first.
    public var protocols: [String]
    /// User and password, when there are any.
    public var credentials: BasicCredentials?
    /// The extensions that the client offers, each with its parameters.
    public var extensions: [String]
    /// Further fields, for requests that are wrong on purpose or carry a proxy's marks.
    public var extraFields: [String]

    /// A request.
    public init(
        path: String, host: String, key: String, protocols: [String] = ["ocpp1.6"], credentials: BasicCredentials? = nil, extensions: [String] = [],
        extraFields: [String] = []
    ) {
        (self.path, self.host, self.key, self.protocols) = (path, host, key, protocols)
        (self.credentials, self.extensions, self.extraFields) = (credentials, extensions, extraFields)
    }

    /// The charge point identity: the last part of the path without its escapes; `nil` when it is empty or broken.
    public var identity: String? {
        let clean = path.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        guard let last = clean.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).last, !last.isEmpty,
            let identity = PercentCoding.decode(last), !identity.utf8.contains(where: { $0 < 32 || $0 == 127 })
        else { return nil }
        return identity
    }

    /// The answer that proves that the server read the key: Base64 of SHA-1 of the key and a fixed text.
    public static func accept(for key: String) -> String {
        Base64.encode(SHA1.digest(Array(key.utf8) + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)))
    }

    /// A key of 16 bytes.
    public static func key(from keys: inout MaskKeys) -> String {
        var bytes: [UInt8] = []
        for _ in 0..<4 {
            let word = keys.next()
            bytes.append(contentsOf: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) })
        }
        return Base64.encode(bytes)
    }

    /// The request as it goes over the wire.
    public var bytes: [UInt8] {
        var text = "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        text += "Sec-WebSocket-Key: \(key)\r\nSec-WebSocket-Version: 13\r\n"
        if !protocols.isEmpty { text += "Sec-WebSocket-Protocol: \(protocols.joined(separator: ", "))\r\n" }
        if !extensions.isEmpty { text += "Sec-WebSocket-Extensions: \(extensions.joined(separator: ", "))\r\n" }
        if let credentials { text += "Authorization: \(credentials.field)\r\n" }
        for field in extraFields { text += field + "\r\n" }
        return Array((text + "\r\n").utf8)
    }

    /// What a server has read so far.
    public enum Outcome: Equatable, Sendable {
        /// The blank line has not come yet.
        case incomplete
        /// A request, and how many bytes it took; frames may follow.
        case whole(UpgradeRequest, size: Int)
        /// No request to speak WebSocket; answer with the status and end.
        case wrong(UpgradeError)
    }

    /// Looks for a whole request at the front of `bytes`: at most 8192 bytes and 100 fields.
    public static func read(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        if let first = bytes.first, first == 0x16 { return .wrong(UpgradeError(400, "the client speaks TLS, this port does not: wss:// should be ws://")) }
        if let first = bytes.first, !HTTPHead.isToken(first) { return .wrong(UpgradeError(400, "this is no HTTP request")) }
        switch HTTPHead.read(bytes) {
        case .incomplete: return .incomplete
        case .wrong(let error): return .wrong(error)
        case .whole(let head, let size):
            do throws(UpgradeError) { return .whole(try request(head), size: size) } catch { return .wrong(error) }
        }
    }

    private static func request(_ head: HTTPHead) throws(UpgradeError) -> UpgradeRequest {
        let words = head.firstLine.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2].hasPrefix("HTTP/") else { throw UpgradeError(400, "the first line is not a request line of HTTP") }
        guard words[2] == "HTTP/1.1" else { throw UpgradeError(505, "\(words[2]) instead of HTTP/1.1") }
        guard words[0] == "GET" else { throw UpgradeError(405, "the method \(words[0]) instead of GET") }
        guard let host = try head.one("host") else { throw UpgradeError(400, "no Host field") }
        if let length = try head.one("content-length"), length != "0" { throw UpgradeError(400, "a request with a body") }
        guard head.all("transfer-encoding").isEmpty else { throw UpgradeError(400, "a request with a body") }
        guard head.list("upgrade", holds: "websocket"), head.list("connection", holds: "upgrade") else {
            throw UpgradeError(426, "this is a WebSocket port: the fields Upgrade: websocket and Connection: Upgrade are missing")
        }
        let version = try head.one("sec-websocket-version")
        guard version == "13" else { throw UpgradeError(426, "WebSocket version \(version ?? "none") instead of 13") }
        guard let key = try head.one("sec-websocket-key"), Base64.decode(Array(key.utf8))?.count == 16 else {
            throw UpgradeError(400, "Sec-WebSocket-Key is not 16 bytes in Base64")
        }
        let path = try self.path(String(words[1]))
        var request = UpgradeRequest(path: path, host: host, key: key, protocols: head.list("sec-websocket-protocol"))
        for name in request.protocols where !name.utf8.allSatisfy(HTTPHead.isToken) { throw UpgradeError(400, "a subprotocol that is not a token") }
        if let field = try head.one("authorization") {
            guard let credentials = BasicCredentials(field: field) else {
                throw UpgradeError(401, "an Authorization field that is not Basic with user:password")
            }
            request.credentials = credentials
        }
        request.extensions = head.list("sec-websocket-extensions")
        return request
    }

    /// The path of a request target, which may be a whole URL.
    private static func path(_ target: String) throws(UpgradeError) -> String {
        if target.hasPrefix("/") { return target }
        for scheme in ["ws://", "wss://", "http://", "https://"] where target.lowercased().hasPrefix(scheme) {
            let rest = target.dropFirst(scheme.count)
            return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? "/"
        }
        throw UpgradeError(400, "a request target that is no path")
    }
}
