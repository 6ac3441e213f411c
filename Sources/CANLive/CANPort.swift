import CAN
import CLinux
import Transport

/// What became of a frame that was handed to a port.
public enum CANSendResult: Hashable, Sendable {
    /// It leaves at the next flush, or as soon as the other side takes it.
    case accepted
    /// Too many wait already; the frame is lost.
    case full
    /// The port is down, or its carrier cannot take such a frame; the frame is lost.
    case failed
}

/// What a port has seen so far.
public struct CANPortCounters: Hashable, Sendable {
    /// Frames that the other side took.
    public var sent: UInt64 = 0
    /// Frames that came from outside.
    public var received: UInt64 = 0
    /// Frames not sent because too many waited, or the port was down.
    public var unsent: UInt64 = 0
    /// Frames not sent because the carrier cannot take them, such as FD over socketcand.
    public var unsendable: UInt64 = 0
    /// What came from outside and was no frame.
    public var malformed: UInt64 = 0
    /// Frames that the kernel dropped because they were not read in time.
    public var lost: UInt64 = 0
    /// How often the bus was reached, first time included.
    public var connections: UInt64 = 0

    /// Nothing seen.
    public init() {}
}

/// How ports treat their bus.
public struct CANPortSettings: Sendable {
    /// What is taken from outside: frames that match one of these; every frame when there is none.
    public var filters: [CANBus.Filter] = []
    /// How many frames may wait until the other side takes them.
    public var queueLimit = 16_384
    /// How many clients a server takes.
    public var clientLimit = 64
    /// Shortest and longest pause before a bus that is gone is looked for again, nanoseconds; each pause is twice the one before.
    public var pauses: (first: UInt64, last: UInt64) = (100_000_000, 5_000_000_000)
    /// Size that is asked for the kernel's buffers, bytes.
    public var bufferSize: Int32 = 8 << 20

    /// The usual settings.
    public init() {}

    /// Whether a frame passes the filters; error reports always do.
    func accepts(_ rawIdentifier: UInt32) -> Bool {
        filters.isEmpty || rawIdentifier & CANFrame.errorFlag != 0 || filters.contains { rawIdentifier & $0.mask == $0.match }
    }
}

/// Why a bus cannot be reached: one line for people, with the remedy where there is one.
public struct CANPortError: Error, Hashable, Sendable {
    /// The words.
    public let text: String

    /// An error with its words.
    public init(text: String) { self.text = text }
}

/// Who opened ports hears of them.
public protocol CANPortOwner: AnyObject {
    /// A frame came from outside; `arrival` is the kernel's time in nanoseconds since 1970, 0 when it is unknown.
    func received(_ frame: CANWideFrame, arrival: Int64, from port: Int)
    /// A port reached its bus or lost it, or something else happened that a person should know.
    func told(_ text: String, by port: Int)
}

/// One real bus: frames go out by `send`, frames that come in are handed to the owner of its ``CANPorts``.
public class CANPort {
    /// Index among the ports of its loop.
    public let number: Int
    /// Where the bus is.
    public let address: BusAddress
    /// What was seen so far.
    public internal(set) var counters = CANPortCounters()
    /// Whether frames can go out now.
    public internal(set) var isUp = false
    /// Why the port is down, in words.
    public internal(set) var trouble: String?

    unowned(unsafe) let ports: CANPorts
    let settings: CANPortSettings
    /// When `due` is to be called, in monotonic nanoseconds.
    var deadline = UInt64.max
    private var isDirty = false
    private var pause: UInt64

    init(_ ports: CANPorts, _ address: BusAddress, _ settings: CANPortSettings) {
        (self.ports, self.address, self.settings) = (ports, address, settings)
        number = ports.ports.count
        pause = settings.pauses.first
    }

    /// TCP port on which others can connect; `nil` when the port is no server.
    public var listeningPort: UInt16? { nil }
    /// How many frames or bytes wait until the other side takes them.
    public var waiting: Int { 0 }

    /// Hands a frame to the bus; it leaves with others at `CANPorts.flush`.
    public func send(_ frame: CANWideFrame) -> CANSendResult { .failed }

    /// Writes what waits, as far as it is taken.
    func flush() {}
    /// A descriptor of the port is ready.
    func ready(_ id: WatchID, _ readiness: Readiness) {}
    /// The deadline has come; it was taken away before.
    func due(at now: UInt64) {}
    /// Gives everything back.
    func close() {}

    // MARK: For the carriers

    /// What was appended is written with the next flush.
    final func markDirty() {
        guard !isDirty else { return }
        isDirty = true
        ports.dirty.append(self)
    }

    final func flushDirty() {
        isDirty = false
        flush()
    }

    /// Hands on a frame from outside that passes the filters.
    @inline(__always)
    final func receive(_ frame: CANWideFrame, arrival: Int64) {
        counters.received &+= 1
        ports.owner?.received(frame, arrival: arrival, from: number)
    }

    /// The bus is reached.
    final func wentUp() {
        guard !isUp else { return }
        isUp = true
        trouble = nil
        counters.connections += 1
        pause = settings.pauses.first
        if counters.connections > 1 { tell("it is back") }
    }

    /// The bus is gone, or could not be reached; it is looked for again after a pause.
    final func wentDown(_ text: String) {
        if isUp || trouble != text { tell(text) }
        isUp = false
        trouble = text
        deadline = clinux_now() &+ pause
        pause = min(pause &* 2, settings.pauses.last)
    }

    final func tell(_ text: String) { ports.owner?.told("\(address.text): \(text)", by: number) }

    /// Watches a descriptor for this port.
    final func watch(_ descriptor: Int32, for readiness: Readiness) throws(TransportError) -> WatchID {
        let id = try ports.loop.watch(descriptor, for: readiness)
        ports.watchers[id] = self
        return id
    }

    final func unwatch(_ id: WatchID?) {
        guard let id else { return }
        ports.loop.unwatch(id)
        ports.watchers[id] = nil
    }
}
