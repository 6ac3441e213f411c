/// A server's answer to a request to speak WebSocket: written by the server, read and judged by the client.
public struct UpgradeResponse: Equatable, Sendable {
    /// 101, or why not.
    public var status: Int
    /// The subprotocol that the server chose.
    public var selected: String?
    /// The extensions that the server chose.
    public var extensions: [String]
    /// What the server says besides, for statuses other than 101.
    public var text: String
    /// Where a redirection points.
    public var location: String?
    private var acceptance: String?
    private var upgrades = false

    /// The answer that completes the handshake.
    public init(accepting request: UpgradeRequest, subprotocol: String?, extensions: [String] = []) {
        (status, selected, self.extensions, text) = (101, subprotocol, extensions, "")
        acceptance = UpgradeRequest.accept(for: request.key)
        upgrades = true
    }

    /// An answer that refuses.
    public init(refusing status: Int, _ text: String) {
        (self.status, self.text) = (status, text)
        extensions = []
    }

    private init(status: Int, head: HTTPHead) throws(UpgradeError) {
        self.status = status
        selected = try head.one("sec-websocket-protocol")
        extensions = head.list("sec-websocket-extensions")
        acceptance = try head.one("sec-websocket-accept")
        location = head.all("location").first
        upgrades = head.list("upgrade", holds: "websocket") && head.list("connection", holds: "upgrade")
        text = head.firstLine.split(separator: " ", maxSplits: 2).dropFirst(2).first.map(String.init) ?? ""
    }

    /// The answer as it goes over the wire.
    public var bytes: [UInt8] {
        guard status == 101 else {
            let body = text.isEmpty ? "" : text + "\n"
            var head = "HTTP/1.1 \(status) \(UpgradeResponse.phrase(status))\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
            if status == 401 { head += "WWW-Authenticate: Basic realm=\"ocpp\"\r\n" }
            if status == 426 { head += "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" }
            if status == 405 { head += "Allow: GET\r\n" }
            if status == 503 { head += "Retry-After: 10\r\n" }
            return Array((head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body).utf8)
        }
        var head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(acceptance ?? "")\r\n"
        if let selected { head += "Sec-WebSocket-Protocol: \(selected)\r\n" }
        if !extensions.isEmpty { head += "Sec-WebSocket-Extensions: \(extensions.joined(separator: ", "))\r\n" }
        return Array((head + "\r\n").utf8)
    }

    /// What a client has read so far.
    public enum Outcome: Equatable, Sendable {
        case incomplete
        /// An answer, and how many bytes it took; frames may follow.
        case whole(UpgradeResponse, size: Int)
        case wrong(UpgradeError)
    }

    /// Looks for a whole answer at the front of `bytes`: at most 8192 bytes and 100 fields.
    public static func read(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        for (at, byte) in "HTTP/".utf8.enumerated() where at < bytes.count && bytes[at] != byte {
            return .wrong(UpgradeError(0, bytes[0] == 0x15 ? "the server speaks TLS: ws:// should be wss://" : "the server does not speak HTTP"))
        }
        switch HTTPHead.read(bytes) {
        case .incomplete: return .incomplete
        case .wrong(let error): return .wrong(UpgradeError(0, "the answer of the server: " + error.text))
        case .whole(let head, let size):
            let words = head.firstLine.split(separator: " ", maxSplits: 2)
            guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3, let status = Int(words[1]), status >= 100 else {
                return .wrong(UpgradeError(0, "the first line of the answer is not a status line of HTTP"))
            }
            do throws(UpgradeError) {
                return .whole(try UpgradeResponse(status: status, head: head), size: size)
            } catch {
                return .wrong(UpgradeError(status, "the answer of the server: " + error.text))
            }
        }
    }

    /// Throws when this is not the answer that the request asked for. A missing subprotocol is no error here: the client closes the open connection.
    public func check(against request: UpgradeRequest) throws(UpgradeError) {
        guard status == 101 else { throw UpgradeError(status, explanation) }
        guard upgrades else { throw UpgradeError(status, "the answer lacks Upgrade: websocket or Connection: Upgrade") }
        guard acceptance == UpgradeRequest.accept(for: request.key) else {
            throw UpgradeError(status, "Sec-WebSocket-Accept does not fit the key of the request")
        }
        if let selected, !request.protocols.contains(selected) {
            throw UpgradeError(status, "the server chose the subprotocol \(selected), which was not offered (\(request.protocols.joined(separator: ", ")))")
        }
        let offered = request.extensions.map(UpgradeResponse.name)
        for name in extensions.map(UpgradeResponse.name) where !offered.contains(name) {
            throw UpgradeError(status, "the server chose the extension \(name), which was not offered")
        }
    }

    /// What the status means to a charge point.
    private var explanation: String {
        let told = text.isEmpty ? "" : " (\(text))"
        switch status {
        case 401: return "401\(told): the central system does not accept the user or the key"
        case 403: return "403\(told): the central system does not let this charge point in"
        case 404: return "404\(told): the central system does not know this charge point or this path"
        case 409: return "409\(told): a charge point with this identity is connected already"
        case 426: return "426\(told): the server wants another protocol version"
        case 300..<400: return "\(status)\(told): the server points to \(location ?? "another place"); put that URL into the settings"
        case 503: return "503\(told): the central system takes no connections now"
        default: return "\(status)\(told) instead of 101"
        }
    }

    private static func name(_ text: String) -> String { HTTPHead.trimmed(text.utf8.prefix { $0 != UInt8(ascii: ";") }) }

    private static func phrase(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 426: "Upgrade Required"
        case 431: "Request Header Fields Too Large"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}
