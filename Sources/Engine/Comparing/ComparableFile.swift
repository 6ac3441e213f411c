import Glibc

/// A regular file that is read at any place.
final class ComparableFile {
    let path: String
    private let descriptor: Int32

    /// One line without its end.
    struct Line {
        /// Its number, from 1.
        var number: Int
        /// Where it begins.
        var offset: Int64
        /// Its bytes, at most those that were read.
        var bytes: ArraySlice<UInt8>
        /// Whether the file ends before the line does.
        var isCutOff: Bool
    }

    /// Opens a file; `nil` when there is none.
    init?(path: String) throws(OutputError) {
        self.path = path
        var number: Int32 = 0
        // Without O_NONBLOCK a named pipe would wait for a writer.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if descriptor < 0 {
            number = errno
            if number == ENOENT { return nil }
            throw OutputError(path: path, reason: systemMessage(number))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw OutputError(path: path, reason: "it is not a file") }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Fills the buffer from a place; fewer bytes only at the end of the file.
    func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(OutputError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset) + off_t(done))
            if count < 0 {
                if errno == EINTR { continue }
                throw OutputError(path: path, reason: systemMessage(errno))
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// At most so many bytes from a place.
    func bytes(at offset: Int64, count: Int) throws(OutputError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(count, 0))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 16)
        defer { buffer.deallocate() }
        let done = try read(UnsafeMutableRawBufferPointer(rebasing: buffer[..<max(count, 0)]), at: offset)
        bytes.withUnsafeMutableBytes { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<done])) }
        bytes.removeLast(bytes.count - done)
        return bytes
    }

    /// The lines from a place where one begins: at most `most`, of at most `limit` bytes in all.
    func lines(from offset: Int64, number: Int, most: Int = 256, limit: Int = 1 << 20) throws(OutputError) -> [Line] {
        // Most differences need a few lines only.
        var bytes = try bytes(at: offset, count: min(limit, 1 << 16))
        if bytes.count == 1 << 16, bytes.count(where: { $0 == 0x0A }) < most { bytes = try self.bytes(at: offset, count: limit) }
        let isWhole = bytes.count < limit
        var lines: [Line] = []
        var start = 0
        while start < bytes.count, lines.count < most {
            let end = bytes[start...].firstIndex(of: 0x0A)
            // A line that goes on behind what was read counts only when it is the first.
            if end == nil, !isWhole, !lines.isEmpty { break }
            lines.append(
                Line(number: number + lines.count, offset: offset + Int64(start), bytes: bytes[start..<(end ?? bytes.count)], isCutOff: end == nil && isWhole))
            start = (end ?? bytes.count) + 1
        }
        return lines
    }

    /// The last lines before a place where one begins: at most `most`, as far as the last 64 KiB hold them.
    func lines(before offset: Int64, number: Int, most: Int) throws(OutputError) -> [Line] {
        let start = max(0, offset - 1 << 16)
        let bytes = try bytes(at: start, count: Int(offset - start))
        var lines: [Line] = []
        var end = bytes.count - 1
        while end > 0 || (end == 0 && bytes.first != 0x0A), lines.count < most {
            let begin = bytes[..<end].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            lines.append(
                Line(number: number - 1 - lines.count, offset: start + Int64(begin), bytes: bytes[begin..<end], isCutOff: begin == 0 && start > 0))
            end = begin - 1
        }
        return lines.reversed()
    }

    /// Where two files part, as the beginning of a line.
    struct Parting {
        var offset: Int64
        var line: Int
    }

    /// The first line that is not the same in both; `nil` when they are the same byte for byte.
    static func parting(_ a: ComparableFile, _ b: ComparableFile, piece: Int = 1 << 18) throws(OutputError) -> Parting? {
        let first = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 64)
        let second = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 64)
        defer {
            first.deallocate()
            second.deallocate()
        }
        var offset: Int64 = 0
        var place = Parting(offset: 0, line: 1)
        while true {
            let one = try a.read(first, at: offset)
            let two = try b.read(second, at: offset)
            let both = min(one, two)
            guard let left = first.baseAddress, let right = second.baseAddress else { return nil }
            var same = both
            if memcmp(left, right, both) != 0 {
                same = 0
                while first[same] == second[same] { same += 1 }
            }
            var index = 0
            while index < same, let found = memchr(left + index, 0x0A, same - index) {
                index = left.distance(to: UnsafeMutableRawPointer(found)) + 1
                place.offset = offset + Int64(index)
                place.line += 1
            }
            if same < both || one != two { return place }
            if both < piece { return nil }
            offset += Int64(both)
        }
    }
}
