import CLinux
import Glibc

/// An echo of bytes over bare epoll, without frames, checks or queues: what loopback and the kernel allow, to which the WebSocket echo is a ratio.
enum RawEcho {
    private static let readable = UInt32(clinux_readable)

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func with<Result>(_ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result) -> Result {
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) } }
    }

    /// Sends back what comes, until it is killed.
    static func server() -> Int32 {
        let (epoll, listener) = (clinux_epoll_create(), clinux_socket(AF_INET))
        var address = loopback(0)
        guard with(&address, { bind(listener, $0, $1) }) == 0, listen(listener, 4096) == 0 else { return 4 }
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = with(&address, { bound, _ in getsockname(listener, bound, &size) })
        _ = clinux_epoll_add(epoll, listener, readable, UInt64(listener))
        EchoPrograms.say("port \(UInt16(bigEndian: address.sin_port))")
        let events = UnsafeMutablePointer<clinux_event>.allocate(capacity: 256)
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: 65536, alignment: 64)
        while true {
            for index in 0..<max(0, Int(clinux_epoll_wait(epoll, events, 256, -1))) {
                let descriptor = Int32(truncatingIfNeeded: events[index].token)
                if descriptor == listener {
                    var (storage, length) = (sockaddr_storage(), socklen_t(0))
                    let accepted = clinux_accept(listener, &storage, &length)
                    guard accepted >= 0 else { continue }
                    _ = clinux_set_no_delay(accepted)
                    _ = clinux_epoll_add(epoll, accepted, readable, UInt64(accepted))
                    continue
                }
                let got = clinux_receive(descriptor, buffer, 65536)
                if got > 0 { _ = clinux_send(descriptor, buffer, Int(got)) } else { close(descriptor) }
            }
        }
    }

    /// Round trips of `message` over many connections: how many, and the seconds that passed.
    static func roundTrips(port: UInt16, connections: Int, seconds: UInt64, message: [UInt8]) -> (count: Int, passed: Double)? {
        let epoll = clinux_epoll_create()
        defer { close(epoll) }
        var descriptors: [Int32] = []
        defer { for descriptor in descriptors { close(descriptor) } }
        for _ in 0..<connections {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            descriptors.append(descriptor)
            var address = loopback(port)
            guard descriptor >= 0, with(&address, { connect(descriptor, $0, $1) }) == 0 else { return nil }
            _ = clinux_set_no_delay(descriptor)
            _ = clinux_epoll_add(epoll, descriptor, readable, UInt64(descriptor))
        }
        let events = UnsafeMutablePointer<clinux_event>.allocate(capacity: 256)
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: 65536, alignment: 64)
        defer {
            events.deallocate()
            buffer.deallocate()
        }
        let begin = clinux_now()
        let end = begin + seconds * 1_000_000_000
        for descriptor in descriptors { _ = message.withUnsafeBytes { clinux_send(descriptor, $0.baseAddress, $0.count) } }
        var count = 0
        while clinux_now() < end {
            for index in 0..<max(0, Int(clinux_epoll_wait(epoll, events, 256, 100_000_000))) {
                let descriptor = Int32(truncatingIfNeeded: events[index].token)
                let got = clinux_receive(descriptor, buffer, 65536)
                guard got > 0 else { return nil }
                count += 1
                _ = clinux_send(descriptor, buffer, Int(got))
            }
        }
        return (count, Double(clinux_now() - begin) * 1e-9)
    }
}
