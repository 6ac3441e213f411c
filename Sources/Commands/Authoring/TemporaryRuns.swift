import Glibc

/// A directory for runs that nobody keeps; it goes away with the value.
final class TemporaryRuns {
    let path: String

    /// Makes a directory below that of temporary files; `nil` when that cannot be.
    init?(_ console: Console) {
        let parent = console.environment("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? P_tmpdir
        var name = Array("\(parent)/evsim-XXXXXX".utf8CString)
        guard name.withUnsafeMutableBufferPointer({ $0.baseAddress.flatMap { mkdtemp($0) } }) != nil else { return nil }
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { TemporaryRuns.remove(path) }

    /// Removes a directory with all that is in it; links are removed, not followed.
    static func remove(_ path: String, depth: Int = 0) {
        if depth < 8 {
            for name in names(in: path) {
                var status = stat()
                guard lstat("\(path)/\(name)", &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR { remove("\(path)/\(name)", depth: depth + 1) } else { _ = unlink("\(path)/\(name)") }
            }
        }
        _ = rmdir(path)
    }

    /// Names in a directory but `.` and `..`.
    static func names(in path: String) -> [String] {
        guard let handle = opendir(path) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
