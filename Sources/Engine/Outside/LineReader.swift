import Glibc

/// Reads the lines of a file, one in memory at a time.
final class LineReader {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var start = 0
    private var hasEnded = false
    private static let longest = 4 << 20
    /// Number of the line that was read last, from 1.
    private(set) var line = 0

    init(path: String) throws(TableError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw TableError(message: "cannot be read: \(systemMessage(errno))", isUnreadable: true) }
    }

    deinit { close(descriptor) }

    /// The next line without its end; `nil` at the end of the file.
    func next() throws(TableError) -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                let result = Array(buffer[start..<end])
                start = end + 1
                line += 1
                return result.last == 0x0D ? Array(result.dropLast()) : result
            }
            searched = buffer.count
            guard !hasEnded else {
                guard start < buffer.count else { return nil }
                let result = Array(buffer[start...])
                start = buffer.count
                line += 1
                return result
            }
            guard buffer.count - start < Self.longest else { throw TableError(message: "a line is longer than 4 MiB", line: line + 1) }
            buffer.removeFirst(start)
            searched -= start
            start = 0
            var block = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw TableError(message: "cannot be read: \(systemMessage(errno))", isUnreadable: true) }
            hasEnded = count == 0
            // A byte order mark is no part of the first line.
            if line == 0, buffer.isEmpty, block.starts(with: [0xEF, 0xBB, 0xBF]), count >= 3 {
                buffer += block[3..<count]
                continue
            }
            buffer += block[..<count]
        }
    }
}
