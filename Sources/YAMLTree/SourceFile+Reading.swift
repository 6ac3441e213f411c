import Glibc

extension SourceFile {
    /// The greatest size of a file that is read, in bytes: 1 MiB.
    public static let sizeLimit = 1 << 20

    /// Reads a file, a pipe or, for `-`, the standard input; refuses what is missing, unreadable or larger than `limit` bytes.
    ///
    /// A regular file over the limit is refused without reading it; of anything else at most `limit + 1` bytes are read.
    public static func read(path: String, limit: Int = SourceFile.sizeLimit) throws(DiagnosticError) -> SourceFile {
        let isStandardInput = path == "-"
        let name = isStandardInput ? "<stdin>" : path
        guard !path.isEmpty else {
            throw DiagnosticError(Diagnostic("E0101", "the file name is empty", at: nil, help: "name a file, or '-' for the standard input"))
        }
        guard !path.utf8.contains(0) else {
            throw DiagnosticError(Diagnostic("E0101", "a file name cannot hold a NUL byte: \(Diagnostic.quoted(path))", at: nil))
        }
        let descriptor = isStandardInput ? STDIN_FILENO : openForReading(path)
        guard descriptor >= 0 else { throw failure(name, errno) }
        defer { if !isStandardInput { close(descriptor) } }

        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(name, errno) }
        let type = status.st_mode & S_IFMT
        guard type != S_IFDIR else { throw failure(name, EISDIR) }
        let size = Int(status.st_size)
        guard type != S_IFREG || size <= limit else { throw tooLarge(name, size: size, limit: limit) }
        return SourceFile(path: name, bytes: try readBytes(descriptor, name, limit: limit))
    }

    /// `open` that starts again after a signal.
    private static func openForReading(_ path: String) -> Int32 {
        while true {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            if descriptor >= 0 || errno != EINTR { return descriptor }
        }
    }

    /// Reads to the end, or fails once more than `limit` bytes have come.
    private static func readBytes(_ descriptor: Int32, _ name: String, limit: Int) throws(DiagnosticError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let wanted = min(chunk.count, limit + 1 - bytes.count)
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, wanted) }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(name, errno)
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= limit else { throw tooLarge(name, size: nil, limit: limit) }
        }
    }

    /// The finding for a file over the limit; `size` is nil when the whole size is not known.
    static func tooLarge(_ name: String, size: Int?, limit: Int) -> DiagnosticError {
        let what = size.map { "has \($0) bytes" } ?? "has more than \(limit) bytes"
        return DiagnosticError(
            Diagnostic(
                "E0104", "\(Diagnostic.quoted(name, limit: 200)) \(what); the limit is \(limit)", at: nil,
                help: "split the scenario into plugins, or generate less"))
    }

    /// The finding for an error number of the operating system.
    static func failure(_ name: String, _ number: Int32) -> DiagnosticError {
        let shown = Diagnostic.quoted(name, limit: 200)
        let diagnostic =
            switch number {
            case ENOENT, ENOTDIR:
                Diagnostic("E0101", "there is no file \(shown)", at: nil)
            case EISDIR:
                Diagnostic("E0102", "\(shown) is a directory, not a file", at: nil)
            case EACCES, EPERM:
                Diagnostic("E0103", "no permission to read \(shown)", at: nil)
            default:
                Diagnostic("E0105", "cannot read \(shown): \(String(cString: strerror(number)))", at: nil)
            }
        return DiagnosticError(diagnostic)
    }
}
