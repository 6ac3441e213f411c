import Glibc

/// Writes whole files for commands.
enum FileWriting {
    /// Writes a file, in place of one that is there; what went wrong, or `nil`.
    static func replace(_ path: String, with bytes: [UInt8]) -> String? { write(path, bytes, flags: O_WRONLY | O_CREAT | O_TRUNC) }

    /// Writes a file that must not exist yet; what went wrong, or `nil`.
    static func create(_ path: String, with bytes: [UInt8]) -> String? { write(path, bytes, flags: O_WRONLY | O_CREAT | O_EXCL) }

    /// Whether anything has this name, be it a link to nowhere.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    private static func write(_ path: String, _ bytes: [UInt8], flags: Int32) -> String? {
        let descriptor = open(path, flags | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return text(errno) }
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + start }, $0.count - start) }
            if count < 0 {
                if errno == EINTR { continue }
                let problem = text(errno)
                close(descriptor)
                return problem
            }
            start += count
        }
        return close(descriptor) == 0 ? nil : text(errno)
    }

    /// Error numbers in words that no locale changes.
    static func text(_ number: Int32) -> String {
        switch number {
        case EEXIST: "it exists already"
        case ENOENT: "its directory does not exist"
        case ENOTDIR: "a part of its path is not a directory"
        case EISDIR: "it is a directory"
        case EACCES, EPERM: "permission denied"
        case EROFS: "the file system is read-only"
        case ENOSPC: "no space left on the device"
        case EDQUOT: "the disk quota is used up"
        case ENAMETOOLONG: "its name is too long"
        default: "error \(number) of the system"
        }
    }
}
