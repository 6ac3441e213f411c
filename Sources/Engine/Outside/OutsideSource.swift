import CANLogs
import Glibc

/// Where the bytes of a file from outside are: the file itself, or a temporary one without a name that holds the standard input or what was unpacked.
final class OutsideSource: Sendable {
    /// A path under which this process can open it as often as it likes.
    let path: String
    private let memory: MemoryFile?

    /// Looks at a path: `-` is the standard input, and what begins like a gzip file is unpacked.
    init(_ path: String) throws(TableError) {
        let opened = path == "-" ? STDIN_FILENO : Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else {
            throw TableError(message: errno == ENOENT ? "there is no such file" : "cannot be read: \(systemMessage(errno))", isUnreadable: true)
        }
        defer { if opened != STDIN_FILENO { close(opened) } }
        let first = try OutsideSource.read(opened)
        let isPacked = GzipFile.begins(first)
        // A pipe, such as <(command) of a shell, can be read once only.
        var status = stat()
        let isPipe = fstat(opened, &status) != 0 || status.st_mode & S_IFMT != S_IFREG
        guard path == "-" || isPacked || isPipe else {
            self.path = path
            memory = nil
            return
        }
        guard let memory = MemoryFile("") else {
            throw TableError(message: "cannot be kept in a temporary file; TMPDIR names the directory", isUnreadable: true)
        }
        self.memory = memory
        self.path = memory.path
        if isPacked {
            if let problem = GzipFile.unpack(first, from: opened, into: memory.descriptor) { throw TableError(message: problem) }
            return
        }
        var block = first
        while !block.isEmpty {
            let count = block.count
            guard block.withUnsafeMutableBufferPointer({ buffer in buffer.baseAddress.map { writeAll(memory.descriptor, $0, count) } ?? 0 }) == 0 else {
                throw TableError(message: "cannot be kept in a temporary file; TMPDIR names the directory", isUnreadable: true)
            }
            block = try OutsideSource.read(opened)
        }
    }

    /// The next bytes; none at the end.
    private static func read(_ descriptor: Int32) throws(TableError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &bytes, bytes.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw TableError(message: "cannot be read: \(systemMessage(errno))", isUnreadable: true) }
            return Array(bytes[..<count])
        }
    }
}
