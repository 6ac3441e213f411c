import Glibc

/// Replaces a file in one step: whoever reads it sees the old bytes or the new ones.
enum FileReplacement {
    /// What could not be written, and what the system said.
    struct Failure: Error {
        let path: String
        let reason: String
    }

    /// Writes a temporary file beside the file and renames it; a symbolic link stays one, and its target is replaced.
    static func replace(_ path: String, with bytes: [UInt8]) throws(Failure) {
        guard let resolved = realpath(path, nil) else { throw failure(path) }
        let target = String(cString: resolved)
        free(resolved)
        var status = stat()
        guard stat(target, &status) == 0 else { throw failure(target) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(path: target, reason: "it is no regular file") }
        guard access(target, W_OK) == 0 else { throw failure(target) }
        var template = Array("\(target).XXXXXX".utf8CString)
        let descriptor = template.withUnsafeMutableBufferPointer { $0.baseAddress.map { mkstemp($0) } ?? -1 }
        guard descriptor >= 0 else { throw failure(target) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let temporary = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        do throws(Failure) {
            // The owner can be kept by a privileged user only; the mode always.
            _ = fchown(descriptor, status.st_uid, status.st_gid)
            guard fchmod(descriptor, status.st_mode & 0o7777) == 0 else { throw failure(temporary) }
            try write(bytes, descriptor, temporary)
            guard fsync(descriptor) == 0 else { throw failure(temporary) }
            guard rename(temporary, target) == 0 else { throw failure(target) }
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        close(descriptor)
        syncDirectory(of: target)
    }

    private static func write(_ bytes: [UInt8], _ descriptor: Int32, _ path: String) throws(Failure) {
        var start = 0
        while start < bytes.count {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + start }, $0.count - start) }
            if written < 0 {
                if errno == EINTR { continue }
                throw failure(path)
            }
            start += written
        }
    }

    /// Makes the new name last; a file system that cannot do it has done what it can.
    private static func syncDirectory(of path: String) {
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func failure(_ path: String) -> Failure { Failure(path: path, reason: String(cString: strerror(errno))) }
}
