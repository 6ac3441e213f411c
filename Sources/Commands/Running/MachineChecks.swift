import CANLive
import Glibc

/// What `evsim doctor` looks at outside of evsim.
enum MachineChecks {
    typealias Check = DoctorCommand.Check

    /// Whether results can be written here and in the temporary directory.
    static func directories(_ console: Console) -> [Check] {
        let temporary = console.environment("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        return [
            writable("current directory", ".", shown: workingDirectory()),
            writable("temporary directory", temporary, shown: temporary),
        ]
    }

    /// Creates and removes a file, which tells more than permission bits.
    static func writable(_ name: String, _ path: String, shown: String) -> Check {
        let file = "\(path)/.evsim-doctor-\(getpid())"
        let descriptor = open(file, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            return Check(name: name, result: .warning, text: "\(shown) cannot be written (\(reason)); give runs a directory with -o")
        }
        close(descriptor)
        unlink(file)
        return Check(name: name, result: .ok, text: "\(shown) can be written")
    }

    private static func workingDirectory() -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&buffer, buffer.count) != nil else { return "." }
        return buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "." }
    }

    /// Free space in the current directory.
    static func disk() -> Check {
        var status = statvfs()
        guard statvfs(".", &status) == 0 else { return Check(name: "free disk", result: .note, text: "unknown") }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        let isLow = free < 100 << 20
        return Check(
            name: "free disk", result: isLow ? .warning : .ok,
            text: "\(TextLayout.grouped(free >> 20)) MiB\(isLow ? "; long runs that record frames need more" : "")")
    }

    /// Terminal, colour and character set.
    static func terminal(_ console: Console) -> [Check] {
        let output = console.output.isTerminal ? "a terminal of \(console.output.columns) columns" : "no terminal"
        let color = console.isColored(console.output) ? "on" : "off"
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { console.environment($0) }.first { !$0.isEmpty } ?? ""
        let folded = locale.lowercased()
        let isUnicode = folded.contains("utf-8") || folded.contains("utf8")
        let doubtful = console.output.isTerminal && !isUnicode
        return [
            Check(name: "terminal", result: .ok, text: "standard output is \(output), colours are \(color)"),
            Check(
                name: "locale", result: doubtful ? .warning : .ok,
                text:
                    "\(locale.isEmpty ? "not set" : locale)\(doubtful ? "; evsim writes UTF-8, set LC_ALL=C.UTF-8 to see all characters" : "; results do not depend on it")"
            ),
        ]
    }

    /// Whether the kernel has CAN sockets, and the interfaces that `attach` can name; nothing but live runs needs them.
    static func socketCAN() -> Check {
        let name = "SocketCAN"
        if let obstacle = SocketCAN.obstacle() { return Check(name: name, result: .note, text: "not here: \(obstacle); simulated buses do not need it") }
        let interfaces = SocketCAN.interfaces.map { interface in
            "\(interface.name) (\(interface.isUp ? "up" : "down")\(interface.takesFD ? ", FD" : ""))"
        }
        let remedy = "for a virtual one 'ip link add vcan0 type vcan; ip link set vcan0 mtu 72 up' as root"
        return Check(name: name, result: .note, text: interfaces.isEmpty ? "available, no interface; \(remedy)" : interfaces.joined(separator: ", "))
    }
}
