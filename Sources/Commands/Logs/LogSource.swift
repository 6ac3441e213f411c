import CANLogs
import Glibc
import SimulationKernel

/// The bytes of a file, a pipe or a terminal for a reader of logs; an interruption is their end.
enum LogSource {
    /// Reads from a descriptor; `wake` is readable once the process shall end, so that nobody waits for a pipe that stays silent.
    static func bytes(of descriptor: Int32, wake: Int32, _ interrupt: InterruptFlag) -> (UnsafeMutableRawBufferPointer) -> Int {
        var status = stat()
        let isWaiting = wake >= 0 && fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
        return { room in
            while !interrupt.isRaised {
                if isWaiting {
                    var list = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
                    if poll(&list, 2, -1) < 0, errno != EINTR { return -Int(errno) }
                    if list[1].revents != 0 { return 0 }
                    if list[0].revents == 0 { continue }
                }
                let count = read(descriptor, room.baseAddress, room.count)
                if count >= 0 { return count }
                if errno != EINTR { return -Int(errno) }
            }
            return 0
        }
    }
}

/// Takes the bytes of a log to a descriptor; the first error ends it.
final class LogSink {
    private let descriptor: Int32
    /// The first error number, or 0.
    private(set) var errorNumber: Int32 = 0

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Writes all of it.
    func write(_ bytes: UnsafeRawBufferPointer) {
        var done = 0
        while done < bytes.count, errorNumber == 0 {
            let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if count >= 0 {
                done += count
            } else if errno != EINTR {
                errorNumber = errno
            }
        }
    }

    /// Whether a path is the regular file that is open as this descriptor.
    static func isSame(_ path: String, as descriptor: Int32) -> Bool {
        var (a, b) = (stat(), stat())
        guard path != "-", stat(path, &a) == 0, fstat(descriptor, &b) == 0 else { return false }
        return a.st_mode & S_IFMT == S_IFREG && a.st_dev == b.st_dev && a.st_ino == b.st_ino
    }
}
