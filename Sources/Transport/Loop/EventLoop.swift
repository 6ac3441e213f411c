// The live transport, from the outside. One thread, no locks, no callbacks: the owner asks for the next event and stays the master of time.
//
//     let loop = try EventLoop()
//     let server = try OCPPServer(loop: loop, address: "127.0.0.1", port: 0, admission: Admission(known: ["CP1"]))   // server.port: the one chosen
//     let client = try OCPPClient(url: try WebSocketURL("ws://127.0.0.1:\(server.port)/ocpp"), identity: "CP1")
//     let connection = client.connect(loop)                       // answers later: .opened or .closed
//     while true {
//         while let event = loop.next(until: nextSimulatedEvent) {    // monotonic nanoseconds, EventLoop.now()
//             if let heard = server.handle(event) {                   // nil: not of this server, or settled (a request that was judged)
//                 switch heard {
//                 case .connected(let id, let peer): …                // peer.identity, .subprotocol, .credentials, .address, .certificateName
//                 case .text(let id, let bytes): …                    // bytes: UnsafeRawBufferPointer, good until the next call of next()
//                 case .closed(let id, let identity, let closing): …  // closing.code, .reason, .detail (words for people)
//                 case .refused(_, let identity, let closing): …      // closing.httpStatus 401, 404, 409
//                 case .other(let event): …                           // .pong, .congested, .relieved, .binary
//                 }
//             } else {
//                 switch event { case .opened(let id, let opening): … case .text(let id, let bytes): … default: break }   // the clients'
//             }
//         }
//         runSimulationUntilNow()
//     }
//
// EventLoop
//   next(until: UInt64) -> TransportEvent?   the next event, or nil when the deadline has come. With a deadline in the past it looks once and
//                                            hands out what one look found, so that a busy network never starves the owner.
//   listen(address:port:tls:) throws(TransportError) -> ListenerID, port(of:), stopListening(_:)
//   connect(to: [SocketAddress], request: UpgradeRequest, tls: TLSContext?, hostName:) -> ConnectionID
//   accept(_:subprotocol:) and refuse(_:_ error: UpgradeError)  answer an .upgrade (OCPPServer does it by its Admission)
//   send(text:to:) send(binary:to:) ping(_:) close(_:code:reason:) abort(_:reset:)   what is sent leaves together at the next call of next() or flush()
//   sendRaw(_:to:) sendFrame(first:_:masked:to:) shutdownWrite(_:) pauseReading(_:) resumeReading(_:)   faults on purpose
//   setPing(_:interval:deadline:)            dead-peer detection; 0 = off
//   queued(_:) -> Int                        bytes that wait for the peer
//   closeAll(code:) and isIdle               an orderly end: closeAll(code: 1001), then next() until isIdle or a deadline of the owner
//   watch(_:for:) -> WatchID, unwatch(_:)    a descriptor of the owner's, such as a CAN socket: .ready tells when it can be read or written
//   waker: Waker                             its wake() makes next() return .interrupted from another thread or a signal handler
//
// TransportEvent
//   .upgrade(ConnectionID, ListenerID, UpgradeRequest)   a client asks; answer with accept or refuse
//   .opened(ConnectionID, Opening)                       messages may flow
//   .text / .binary(ConnectionID, UnsafeRawBufferPointer)
//   .pong(ConnectionID)
//   .congested(ConnectionID, queued: Int) / .relieved(ConnectionID)
//   .closed(ConnectionID, Closing)                       exactly one for each connection, also for one that never opened, also after abort
//   .ready(WatchID, Readiness)                           a watched descriptor
//   .interrupted                                         a signal or the waker
//
// A ConnectionID that is over is harmless: calls with it do nothing, and numbers are never reused.
import CLinux
import Glibc

/// Connections, listeners and deadlines of one thread over epoll; the page above says how to use it.
///
/// epoll is level triggered: one `epoll_wait` for up to 256 sockets, one `recv` for what is ready and one `send` for what was answered. Edge
/// triggering would need a second `recv` that fails for every message. Bytes are read into one buffer that all connections share, and messages are
/// handed out where they lie in it; a connection owns memory for bytes only while a message is incomplete or its peer does not read.
public final class EventLoop {
    let epoll: Int32
    private let wakeDescriptor: Int32
    let readBuffer: UnsafeMutableRawBufferPointer
    /// Plaintext of TLS: what one read brings and one record that was incomplete before.
    let plainBuffer: UnsafeMutableRawBufferPointer
    private let events: UnsafeMutablePointer<clinux_event>
    private var eventIndex = 0
    private var eventCount = 0
    private var hasLooked = false

    var connections: [Connection?] = []
    var freeSlots: [UInt32] = []
    var lastSerial: UInt32 = 0
    /// How many connections there are, also those whose end is told and not yet over.
    public internal(set) var connectionCount = 0
    var listeners: [Listener] = []
    var sleepingListeners = false
    /// Descriptors of others by the number of their watch.
    var watched: [UInt32: Int32] = [:]
    var lastWatch: UInt32 = 0
    var deadlines = DeadlineHeap()
    var dirty: [Connection] = []
    var keys: MaskKeys
    var tlsBuffers: TLSBuffers?
    /// Frames on their way into TLS.
    var scratch = ByteQueue()

    /// Events that wait, from `pendingHead` on.
    private var pending: [TransportEvent] = []
    private var pendingHead = 0
    /// Connections that have bytes from their handshake.
    var withLeftover: [Connection] = []
    /// The connection whose bytes are being decoded, and what is left of them.
    var current: Connection?
    var cursor = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// Whether the peer ended behind what is left.
    var currentEnds = false
    /// The present time as of the last look.
    var time: UInt64

    static let readSize = 65536
    static let wakeToken = UInt64.max
    static let listenerTokens: UInt64 = 0xFFFF_FFFF_0000_0000

    /// A loop without sockets. A seed decides masking keys and handshake keys; without one nobody can foresee them.
    ///
    /// Raises the limit of open descriptors to what the system allows.
    public init(seed: UInt64? = nil) throws(TransportError) {
        let epoll = clinux_epoll_create()
        guard epoll >= 0 else { throw TransportError("epoll: \(words(of: -epoll))") }
        let wake = clinux_eventfd()
        guard wake >= 0, clinux_epoll_add(epoll, wake, UInt32(clinux_readable), EventLoop.wakeToken) == 0 else {
            Glibc.close(epoll)
            throw TransportError("eventfd: \(words(of: -wake))")
        }
        (self.epoll, wakeDescriptor) = (epoll, wake)
        readBuffer = .allocate(byteCount: EventLoop.readSize, alignment: 64)
        plainBuffer = .allocate(byteCount: EventLoop.readSize + 32768, alignment: 64)
        events = .allocate(capacity: 256)
        keys = seed.map { MaskKeys(seed: $0) } ?? MaskKeys()
        time = clinux_now()
        _ = clinux_raise_descriptor_limit()
    }

    deinit {
        for connection in connections where connection != nil && (connection?.descriptor ?? -1) >= 0 { Glibc.close(connection?.descriptor ?? -1) }
        for listener in listeners where listener.descriptor >= 0 { Glibc.close(listener.descriptor) }
        Glibc.close(wakeDescriptor)
        Glibc.close(epoll)
        readBuffer.deallocate()
        plainBuffer.deallocate()
        events.deallocate()
    }

    /// Monotonic nanoseconds, the scale of all deadlines.
    public static func now() -> UInt64 { clinux_now() }

    /// Wakes the loop from elsewhere.
    public var waker: Waker { Waker(descriptor: wakeDescriptor) }

    /// Whether nothing is open and nothing waits to be told.
    public var isIdle: Bool { connectionCount == 0 && pendingHead == pending.count }

    // MARK: - Events

    /// The next event; `nil` when the deadline, in monotonic nanoseconds, has come. With a deadline in the past it looks at the sockets once and
    /// hands out what it found before it returns `nil`.
    public func next(until deadline: UInt64) -> TransportEvent? {
        while true {
            if pendingHead < pending.count { return takePending() }
            if let event = continueDecoding() { return event }
            if let connection = withLeftover.popLast() {
                beginLeftover(connection)
                continue
            }
            if eventIndex < eventCount {
                let event = events[eventIndex]
                eventIndex &+= 1
                handle(event)
                continue
            }
            flush()
            if pendingHead < pending.count { continue }
            if hasLooked, time >= deadline {
                hasLooked = false
                time = clinux_now()
                return nil
            }
            look(until: deadline)
        }
    }

    private func look(until deadline: UInt64) {
        time = clinux_now()
        let wake = min(deadline, deadlines.earliest, sleepingListeners ? time + 100_000_000 : .max)
        let span: Int64 = wake <= time ? 0 : wake == .max ? -1 : Int64(clamping: wake - time)
        let count = clinux_epoll_wait(epoll, events, 256, span)
        time = clinux_now()
        hasLooked = true
        eventIndex = 0
        eventCount = max(0, Int(count))
        if count == -EINTR { tell(.interrupted) }
        if deadlines.earliest <= time { runDeadlines() }
        if sleepingListeners { wakeListeners() }
    }

    func tell(_ event: TransportEvent) { pending.append(event) }

    private func takePending() -> TransportEvent {
        let event = pending[pendingHead]
        pendingHead += 1
        if pendingHead == pending.count {
            pending.removeAll(keepingCapacity: pending.count < 1024)
            pendingHead = 0
        }
        return event
    }

    private func handle(_ event: clinux_event) {
        if event.token >= EventLoop.listenerTokens {
            if event.token == EventLoop.wakeToken {
                var counter: UInt64 = 0
                _ = Glibc.read(wakeDescriptor, &counter, 8)
                tell(.interrupted)
            } else {
                acceptAll(ListenerID(index: Int(event.token & 0xFFFF_FFFF)))
            }
            return
        }
        if event.token >= EventLoop.watchTokens { return tellReady(event) }
        guard let connection = connection(slot: UInt32(truncatingIfNeeded: event.token), serial: UInt32(truncatingIfNeeded: event.token >> 32)) else { return }
        if connection.state == .connecting {
            connected(connection)
            return
        }
        if event.ready & UInt32(clinux_writable) != 0 { write(connection) }
        if event.ready & UInt32(clinux_readable | clinux_hung_up) != 0, connection.descriptor >= 0 { read(connection) }
    }

    // MARK: - Connections by number

    @inline(__always)
    func connection(slot: UInt32, serial: UInt32) -> Connection? {
        guard slot < connections.count, let connection = connections[Int(slot)], connection.id.serial == serial else { return nil }
        return connection
    }

    /// A connection that the owner may still use.
    @inline(__always)
    func living(_ id: ConnectionID) -> Connection? {
        guard let connection = connection(slot: id.slot, serial: id.serial), !connection.isTold else { return nil }
        return connection
    }

    func token(_ id: ConnectionID) -> UInt64 { UInt64(id.serial) << 32 | UInt64(id.slot) }

    /// Sees to it that the loop wakes for the connection's next deadline.
    func schedule(_ connection: Connection) {
        let next = connection.nextDeadline
        guard next < connection.entryTime else { return }
        connection.entryTime = next
        deadlines.insert(DeadlineHeap.Entry(time: next, id: connection.id))
    }
}

/// Makes `next(until:)` of a loop return `.interrupted`; safe from any thread and in signal handlers while the loop lives.
public struct Waker: Sendable {
    let descriptor: Int32

    /// Wakes the loop.
    public func wake() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }
}
