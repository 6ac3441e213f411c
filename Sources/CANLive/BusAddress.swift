/// A real bus that a run joins.
public enum BusAddress: Hashable, Sendable {
    /// An interface of SocketCAN: `socketcan:vcan0`.
    case socketCAN(interface: String)
    /// A bus of a socketcand server: `socketcand://HOST:PORT/BUS`.
    case socketcand(host: String, port: UInt16, bus: String)
    /// python-can's datagrams: `udp-multicast:GROUP:PORT`.
    case multicast(group: String, port: UInt16)
}
