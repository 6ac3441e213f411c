/// One connection of an event loop: its socket, what it is in the middle of, and what waits to be written.
final class Connection {
    enum State {
        /// TCP is being opened.
        case connecting
        case tls
        /// A server waits for the request, or a client for the answer.
        case handshake
        /// A server's owner decides over the request.
        case deciding
        case open
        /// Our close frame is out, the peer's is awaited.
        case closing
        /// The WebSocket is over and told; the rest is written, then the peer's end awaited for a short time.
        case lingering
    }

    let id: ConnectionID
    let listener: ListenerID?
    let settings: ConnectionSettings
    var descriptor: Int32
    var state: State
    var codec: WebSocketCodec
    var tls: TLSSession?
    /// What came during the handshake and is not yet read.
    var input = ByteQueue()
    var output = ByteQueue()
    var request: UpgradeRequest?
    /// A client's TLS context, until TCP is open.
    var context: TLSContext?
    var hostName: String?
    /// The addresses that a client has not yet tried.
    var addresses: ArraySlice<SocketAddress> = []
    var peer = ""

    /// What epoll watches for.
    var interest: UInt32 = 0
    var isDirty = false
    var isReadingPaused = false
    var isCongested = false
    var wantsShutdown = false
    /// What to tell when the peer's close frame comes or its time is over.
    var closing: Closing?

    // Times in monotonic nanoseconds; `.max` is never.
    var stateDeadline = UInt64.max
    var pingInterval: UInt64 = 0
    var pongDeadline: UInt64 = 0
    var nextPing = UInt64.max
    var pongDue = UInt64.max
    /// Bytes that trickle out, how many were written since they began to, and when the next may go.
    var trickled: [TrickledBytes] = []
    var written = 0
    var nextByte = UInt64.max
    /// The time for which the loop's heap has an entry.
    var entryTime = UInt64.max

    init(id: ConnectionID, listener: ListenerID?, settings: ConnectionSettings, descriptor: Int32, state: State, codec: consuming WebSocketCodec) {
        (self.id, self.listener, self.settings, self.descriptor, self.state) = (id, listener, settings, descriptor, state)
        self.codec = codec
    }

    var isServer: Bool { listener != nil }

    /// Whether the owner still counts it among the living.
    var isTold: Bool { state == .lingering }

    var nextDeadline: UInt64 { min(stateDeadline, nextPing, pongDue, trickled.isEmpty ? .max : nextByte) }
}

/// Connections by the time of their next deadline; entries may be out of date, which the owner sees by `entryTime`.
struct DeadlineHeap {
    struct Entry {
        let time: UInt64
        let id: ConnectionID
    }

    private var entries: [Entry] = []

    /// The earliest time; `.max` when there is none.
    var earliest: UInt64 { entries.first?.time ?? .max }

    mutating func insert(_ entry: Entry) {
        entries.append(entry)
        var at = entries.count - 1
        while at > 0, entries[at].time < entries[(at - 1) / 2].time {
            entries.swapAt(at, (at - 1) / 2)
            at = (at - 1) / 2
        }
    }

    mutating func removeEarliest() -> Entry? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        guard !entries.isEmpty else { return first }
        entries[0] = last
        var at = 0
        while true {
            var least = at
            for child in [2 * at + 1, 2 * at + 2] where child < entries.count && entries[child].time < entries[least].time { least = child }
            if least == at { return first }
            entries.swapAt(at, least)
            at = least
        }
    }
}
