import CLinux
import Glibc

/// Says whether a port can be listened on, in words.
public enum PortProbe {
    /// `nil` when the port is free on the address, otherwise why not and, where it can be seen, who has it.
    public static func obstacle(address: String = "127.0.0.1", port: UInt16) -> String? {
        do throws(TransportError) {
            guard let bound = try SocketAddress.resolve(host: address, port: port, isListening: true).first else { return "no address \(address)" }
            let descriptor = clinux_socket(bound.family)
            guard descriptor >= 0 else { return "no socket: \(words(of: -descriptor))" }
            defer { close(descriptor) }
            var on: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
            guard bound.withPointer({ bind(descriptor, $0, $1) }) == 0, listen(descriptor, 1) == 0 else {
                let error = errno
                let owner = error == EADDRINUSE ? owner(of: port).map { " by \($0)" } ?? "" : ""
                return "port \(port) on \(address): \(words(of: error))\(owner)"
            }
            return nil
        } catch {
            return error.text
        }
    }

    /// The process that listens on a port, such as `python3 (process 4711)`; `nil` when it cannot be seen.
    public static func owner(of port: UInt16) -> String? {
        var inodes: [Substring] = []
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            for line in contents(table).split(separator: "\n").dropFirst() {
                let fields = line.split(separator: " ")
                // State 0A is LISTEN; the port is hexadecimal behind the last colon.
                guard fields.count > 9, fields[3] == "0A", let text = fields[1].split(separator: ":").last, UInt16(text, radix: 16) == port else { continue }
                inodes.append(fields[9])
            }
        }
        guard !inodes.isEmpty else { return nil }
        let wanted = Set(inodes.map { "socket:[\($0)]" })
        for process in entries("/proc") where process.allSatisfy({ $0.isNumber }) {
            for descriptor in entries("/proc/\(process)/fd") where wanted.contains(target("/proc/\(process)/fd/\(descriptor)")) {
                let name = contents("/proc/\(process)/comm").filter { $0 != "\n" }
                return "\(name) (process \(process))"
            }
        }
        return nil
    }

    private static func entries(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func contents(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while bytes.count < 16 << 20 {
            let got = read(descriptor, &buffer, buffer.count)
            guard got > 0 else { break }
            bytes.append(contentsOf: buffer[..<got])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func target(_ path: String) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        let length = readlink(path, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
