import CLinux
import Glibc

/// A descriptor of somebody else that an event loop watches; numbers are not given twice.
public struct WatchID: Hashable, Sendable {
    let number: UInt32
}

/// What a watched descriptor is ready for.
public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt32

    /// Bits as epoll's shim counts them.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// There is something to read, or the end of it.
    public static let readable = Readiness(rawValue: UInt32(clinux_readable))
    /// There is room to write.
    public static let writable = Readiness(rawValue: UInt32(clinux_writable))
    /// The descriptor failed or its peer is gone.
    public static let hungUp = Readiness(rawValue: UInt32(clinux_hung_up))
}

/// Descriptors that are no WebSockets: the owner opens, reads, writes and closes them; the loop tells when they are ready.
extension EventLoop {
    static let watchTokens: UInt64 = 0xFFFF_FFFE_0000_0000

    /// Watches a non-blocking descriptor, which stays the caller's. `.ready` comes as long as it is ready.
    public func watch(_ descriptor: Int32, for readiness: Readiness) throws(TransportError) -> WatchID {
        lastWatch &+= 1
        let result = clinux_epoll_add(epoll, descriptor, readiness.rawValue, EventLoop.watchTokens | UInt64(lastWatch))
        guard result == 0 else { throw TransportError("epoll: \(words(of: -result))") }
        watched[lastWatch] = descriptor
        return WatchID(number: lastWatch)
    }

    /// Watches for something else from now on.
    public func watch(_ id: WatchID, for readiness: Readiness) {
        guard let descriptor = watched[id.number] else { return }
        _ = clinux_epoll_change(epoll, descriptor, readiness.rawValue, EventLoop.watchTokens | UInt64(id.number))
    }

    /// Watches no more; call it before the descriptor is closed.
    public func unwatch(_ id: WatchID) {
        guard let descriptor = watched.removeValue(forKey: id.number) else { return }
        _ = clinux_epoll_remove(epoll, descriptor)
    }

    func tellReady(_ event: clinux_event) {
        let number = UInt32(truncatingIfNeeded: event.token)
        // It may have been given up since the look.
        guard watched[number] != nil else { return }
        tell(.ready(WatchID(number: number), Readiness(rawValue: event.ready)))
    }
}
