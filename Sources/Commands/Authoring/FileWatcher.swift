import Glibc

/// Tells when files may have been saved: at once through inotify, and within a second by looking at them, where inotify says nothing.
///
/// The directories are watched, not the files: many editors write a new file and rename it.
final class FileWatcher {
    /// Readable when something has happened in a directory; -1 without inotify.
    let descriptor: Int32
    private var paths: [String] = []
    private var watched: [String: Int32] = [:]
    private var stamps: [Stamp] = []

    /// What changes with a save.
    private struct Stamp: Equatable {
        var seconds = 0
        var nanoseconds = 0
        var size = 0
        var inode: UInt64 = 0
    }

    /// A watcher of nothing; without inotify it only looks at the files.
    init(usesInotify: Bool = true) { descriptor = usesInotify ? inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC)) : -1 }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Watches these files from now on.
    func watch(_ files: [String]) {
        guard files != paths else { return }
        paths = files
        stamps = files.map(FileWatcher.stamp)
        guard descriptor >= 0 else { return }
        var wanted: [String] = []
        for file in files {
            // A link is saved by writing what it leads to, or by another link.
            for path in [file, FileWatcher.resolved(file)] {
                let directory = FileWatcher.directory(of: path)
                if !wanted.contains(directory) { wanted.append(directory) }
            }
        }
        for (directory, number) in watched.filter({ !wanted.contains($0.key) }) {
            inotify_rm_watch(descriptor, number)
            watched[directory] = nil
        }
        let mask = IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB
        for directory in wanted where watched[directory] == nil {
            let number = inotify_add_watch(descriptor, directory, UInt32(mask))
            if number >= 0 { watched[directory] = number }
        }
    }

    /// Takes what inotify has said; whether it was about one of the files, or more than it could keep.
    func takeEvents() -> Bool {
        guard descriptor >= 0 else { return false }
        let names = (paths + paths.map(FileWatcher.resolved)).map { Array(($0.split(separator: "/").last ?? "").utf8) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 14, alignment: 8)
        defer { buffer.deallocate() }
        let head = MemoryLayout<inotify_event>.size
        var isAboutFiles = false
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return isAboutFiles }
            var place = 0
            while place + head <= count {
                let event = buffer.loadUnaligned(fromByteOffset: place, as: inotify_event.self)
                let length = Int(event.len)
                guard length >= 0, place + head + length <= count else { break }
                let name = buffer[(place + head)..<(place + head + length)].prefix { $0 != 0 }
                if event.mask & UInt32(IN_Q_OVERFLOW) != 0 || names.contains(where: { $0.elementsEqual(name) }) { isAboutFiles = true }
                // A directory that went away is watched anew when it is there again.
                if event.mask & UInt32(IN_IGNORED) != 0 { for (directory, number) in watched where number == event.wd { watched[directory] = nil } }
                place += head + length
            }
        }
    }

    /// Whether a file looks different from the last time that this was asked.
    func looksChanged() -> Bool {
        let now = paths.map(FileWatcher.stamp)
        defer { stamps = now }
        if watched.isEmpty, descriptor >= 0 {
            let files = paths
            paths = []
            watch(files)
        }
        return now != stamps
    }

    private static func stamp(_ path: String) -> Stamp {
        var status = stat()
        guard stat(path, &status) == 0 else { return Stamp() }
        return Stamp(
            seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec, size: Int(clamping: status.st_size), inode: UInt64(clamping: status.st_ino))
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}
