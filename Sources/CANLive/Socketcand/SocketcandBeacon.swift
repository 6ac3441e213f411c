import CLinux
import Glibc
import Transport

/// Tells others every three seconds where a socketcand server is: UDP broadcasts to port 42000.
struct SocketcandBeacon: ~Copyable {
    /// When the next one is due, monotonic nanoseconds.
    private(set) var next: UInt64 = 0
    private let descriptor: Int32
    private let target: SocketAddress?
    private let text: [UInt8]
    private static let port: UInt16 = 42000
    private static let interval: UInt64 = 3_000_000_000

    /// A server on an address of this machine alone is told to this machine alone.
    init(bus: String, host: String, port: UInt16, isLocal: Bool) {
        descriptor = clinux_datagram_socket(AF_INET)
        if descriptor >= 0 { _ = clinux_allow_broadcast(descriptor) }
        target = try? SocketAddress.resolve(host: isLocal ? "127.255.255.255" : "255.255.255.255", port: Self.port).first
        let place = host.contains(":") ? "[\(host)]" : host
        text = Array(
            """
            <CANBeacon name="evsim" type="SocketCAN" description="simulated bus"><URL>can://\(place):\(port)</URL><Bus name="\(Self.escaped(bus))"/></CANBeacon>
            """.utf8)
    }

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

    /// Sends one if its time has come; a network that takes none is no reason to stop.
    mutating func due(at now: UInt64) {
        guard now >= next, let target, descriptor >= 0 else { return }
        next = now &+ Self.interval
        _ = text.withUnsafeBytes { bytes in
            target.withPointer { address, length in sendto(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT), address, length) }
        }
    }

    private static func escaped(_ text: String) -> String {
        text.map { $0 == "&" ? "&amp;" : $0 == "<" ? "&lt;" : $0 == "\"" ? "&quot;" : String($0) }.joined()
    }
}
