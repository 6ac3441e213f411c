/// The head of an HTTP/1.1 request or response: a first line and header fields (RFC 9112), with limits.
struct HTTPHead {
    /// What a stream has so far.
    enum Outcome {
        /// The blank line has not come yet.
        case incomplete
        /// A head, and how many bytes it took.
        case whole(HTTPHead, size: Int)
        case wrong(UpgradeError)
    }

    static let mostBytes = 8192
    static let mostFields = 100

    var firstLine: String
    var fields: [(name: String, value: String)]

    /// Looks for a whole head at the front of `bytes`.
    static func read(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        let window = min(bytes.count, mostBytes)
        var end = 0
        while end + 4 <= window {
            if bytes[end] == 13, bytes[end + 1] == 10, bytes[end + 2] == 13, bytes[end + 3] == 10 { break }
            end += 1
        }
        guard end + 4 <= window else {
            if bytes.count >= mostBytes { return .wrong(UpgradeError(431, "a head of more than \(mostBytes) bytes")) }
            return .incomplete
        }
        do throws(UpgradeError) {
            return .whole(try parse(UnsafeRawBufferPointer(rebasing: bytes[..<end])), size: end + 4)
        } catch {
            return .wrong(error)
        }
    }

    private static func parse(_ bytes: UnsafeRawBufferPointer) throws(UpgradeError) -> HTTPHead {
        var lines: [UnsafeRawBufferPointer.SubSequence] = []
        var start = 0
        for at in bytes.indices where bytes[at] == 10 {
            guard at > 0, bytes[at - 1] == 13 else { throw UpgradeError(400, "a line that does not end with CR LF") }
            lines.append(bytes[start..<at - 1])
            start = at + 1
        }
        lines.append(bytes[start...])
        for line in lines where line.contains(where: { $0 < 32 && $0 != 9 || $0 == 127 }) {
            throw UpgradeError(400, "a control character in the head")
        }
        guard lines.count - 1 <= mostFields else { throw UpgradeError(431, "more than \(mostFields) header fields") }
        var head = HTTPHead(firstLine: String(decoding: lines[0], as: UTF8.self), fields: [])
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw UpgradeError(400, "a header field without a colon") }
            let name = line[..<colon]
            guard !name.isEmpty, name.allSatisfy(isToken) else { throw UpgradeError(400, "a header field whose name is not a token") }
            head.fields.append((String(decoding: name, as: UTF8.self).lowercased(), trimmed(line[(colon + 1)...])))
        }
        return head
    }

    /// The values of a field in their order.
    func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    /// The value of a field that may stand once.
    func one(_ name: String) throws(UpgradeError) -> String? {
        let values = all(name)
        guard values.count <= 1 else { throw UpgradeError(400, "the field \(name) stands \(values.count) times") }
        return values.first
    }

    /// The elements of a comma-separated list, over all fields of the name.
    func list(_ name: String) -> [String] {
        all(name).flatMap { $0.utf8.split(separator: UInt8(ascii: ",")).map { HTTPHead.trimmed($0) } }.filter { !$0.isEmpty }
    }

    /// Whether a list holds a token, in either case.
    func list(_ name: String, holds token: String) -> Bool { list(name).contains { $0.lowercased() == token } }

    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// Text without blanks at its ends.
    static func trimmed(_ bytes: some BidirectionalCollection<UInt8>) -> String {
        let isBlank: (UInt8) -> Bool = { $0 == 32 || $0 == 9 }
        let front = bytes.drop(while: isBlank)
        var end = front.endIndex
        while end > front.startIndex, isBlank(front[front.index(before: end)]) { end = front.index(before: end) }
        return String(decoding: front[..<end], as: UTF8.self)
    }
}

/// Why a handshake cannot go on: the HTTP status that a server answers with, and words.
public struct UpgradeError: Error, Equatable, Sendable {
    /// 400, 401, 404, 405, 409, 426, 431, 503 or 505; for a client the status that it got, or 0.
    public let status: Int
    /// What is wrong, in words.
    public let text: String

    /// An error.
    public init(_ status: Int, _ text: String) {
        self.status = status
        self.text = text
    }
}
