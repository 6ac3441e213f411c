import CLinux
import Glibc

/// An IPv4 or IPv6 address with a port.
public struct SocketAddress: Sendable, CustomStringConvertible {
    var storage: sockaddr_storage
    var length: socklen_t

    /// AF_INET or AF_INET6.
    package var family: Int32 { Int32(storage.ss_family) }

    /// The addresses of a host name or numeric address. Asks the name service, which may take seconds: do it before a run starts.
    public static func resolve(host: String, port: UInt16, isListening: Bool = false) throws(TransportError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | (isListening ? AI_PASSIVE : 0)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else { throw TransportError("the host \(host) cannot be found: \(String(cString: gai_strerror(code)))") }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            if let raw = entry.ai_addr, entry.ai_family == AF_INET || entry.ai_family == AF_INET6 {
                found.append(SocketAddress(raw: raw, length: entry.ai_addrlen))
            }
            next = entry.ai_next
        }
        guard !found.isEmpty else { throw TransportError("the host \(host) has no IPv4 or IPv6 address") }
        return found
    }

    init(raw: UnsafePointer<sockaddr>, length: socklen_t) {
        storage = sockaddr_storage()
        self.length = min(length, socklen_t(MemoryLayout<sockaddr_storage>.size))
        withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: UnsafeRawBufferPointer(start: raw, count: Int(self.length))) }
    }

    package init(storage: sockaddr_storage, length: socklen_t) { (self.storage, self.length) = (storage, length) }

    /// The address that a socket is bound to.
    package init?(of descriptor: Int32) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { return nil }
        (self.storage, self.length) = (storage, length)
    }

    /// Calls with the address as the socket functions take it.
    package func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) } }
    }

    /// The port.
    public var port: UInt16 {
        withUnsafePointer(to: storage) {
            if family == AF_INET6 { return $0.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin6_port) } }
            return $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
        }
    }

    /// Such as `127.0.0.1:9000` or `[::1]:9000`.
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        withUnsafePointer(to: storage) {
            if family == AF_INET6 {
                $0.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    var address = $0.pointee.sin6_addr
                    _ = inet_ntop(AF_INET6, &address, &text, socklen_t(text.count))
                }
            } else {
                $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    var address = $0.pointee.sin_addr
                    _ = inet_ntop(AF_INET, &address, &text, socklen_t(text.count))
                }
            }
        }
        let host = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return family == AF_INET6 ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// The words of an errno.
package func words(of error: Int32) -> String {
    switch error {
    case ECONNREFUSED: "refused: nothing listens there"
    case ETIMEDOUT: "timed out"
    case EHOSTUNREACH, ENETUNREACH: "there is no way to this network"
    case ECONNRESET, EPIPE: "the peer reset the connection"
    case EADDRINUSE: "the port is in use"
    case EACCES: "not allowed for this user (ports below 1024 are for root)"
    case EADDRNOTAVAIL: "this machine does not have the address"
    case EMFILE, ENFILE: "no more open files are allowed (ulimit -n)"
    default: String(cString: strerror(error))
    }
}
