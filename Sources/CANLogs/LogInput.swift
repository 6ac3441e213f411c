import Glibc

/// The bytes of a log, read piece by piece through one buffer.
///
/// Behind the last byte stand at least 64 more that may be looked at, and a line end; lines therefore need no check for their end while
/// a scan stops at the first byte that it does not expect.
final class LogInput {
    /// Gives the next bytes: how many, 0 at the end, or the negative error number.
    typealias Source = (UnsafeMutableRawBufferPointer) -> Int

    private struct State {
        var begin = 0
        var end = 0
        /// Bytes of the file before the buffer's first one.
        var offset: UInt64 = 0
        /// Lines handed out.
        var lines: UInt64 = 0
        var isAtEnd = false
        var errorNumber: Int32 = 0
    }

    /// The longest line, and the largest piece that can be had in one.
    static let capacity = 1 << 18
    private static let slack = 64
    private let buffer: UnsafeMutablePointer<UInt8>
    private let state: UnsafeMutablePointer<State>
    private let source: Source

    init(_ source: @escaping Source) {
        self.source = source
        buffer = .allocate(capacity: Self.capacity + Self.slack)
        memset(buffer, 0, Self.slack)
        state = .allocate(capacity: 1)
        state.initialize(to: State())
    }

    deinit {
        buffer.deallocate()
        state.deallocate()
    }

    /// Number of the line that was handed out last.
    var place: CANLogError.Place { .line(state.pointee.lines) }
    /// Position in the file of the next byte.
    var position: UInt64 { state.pointee.offset + UInt64(state.pointee.begin) }
    /// The error number of the source, or 0.
    var errorNumber: Int32 { state.pointee.errorNumber }
    /// Number of bytes that are there without reading on.
    var available: Int { state.pointee.end - state.pointee.begin }
    /// The next byte.
    var cursor: UnsafeMutablePointer<UInt8> { buffer + state.pointee.begin }

    /// Reads until so many bytes are there; `false` when the file ends before.
    @inline(__always)
    func need(_ count: Int) -> Bool { available >= count || readUntil(count) }

    /// Goes on behind bytes that are there.
    @inline(__always)
    func advance(_ count: Int) { state.pointee.begin += min(count, available) }

    /// Goes on behind bytes that need not be there yet; `false` when the file ends before.
    func skip(_ count: UInt64) -> Bool {
        var rest = count
        while rest > 0 {
            if available == 0, !readUntil(1) { return false }
            let part = min(rest, UInt64(available))
            advance(Int(part))
            rest -= part
        }
        return true
    }

    @inline(never)
    private func readUntil(_ count: Int) -> Bool {
        guard count <= Self.capacity else { return false }
        if state.pointee.begin > 0 {
            memmove(buffer, buffer + state.pointee.begin, available)
            state.pointee.offset += UInt64(state.pointee.begin)
            state.pointee.end -= state.pointee.begin
            state.pointee.begin = 0
        }
        while state.pointee.end < count, !state.pointee.isAtEnd {
            let room = UnsafeMutableRawBufferPointer(start: buffer + state.pointee.end, count: Self.capacity - state.pointee.end)
            let got = source(room)
            if got <= 0 {
                state.pointee.isAtEnd = true
                state.pointee.errorNumber = got < 0 ? Int32(clamping: -got) : 0
            } else {
                state.pointee.end += min(got, room.count)
            }
        }
        // What lies behind is old text: it must not look like the rest of a last line.
        memset(buffer + state.pointee.end, 0, Self.slack)
        return state.pointee.end >= count
    }

    // MARK: Lines

    /// A line without its end; `start[count]` is the line end.
    struct Line {
        let start: UnsafeMutablePointer<UInt8>
        let count: Int
    }

    /// The next line; `nil` at the end.
    @inline(__always)
    func nextLine() throws(CANLogError) -> Line? {
        let start = cursor
        if let end = memchr(start, 0x0A, available) {
            let count = end - UnsafeMutableRawPointer(start)
            state.pointee.begin += count + 1
            state.pointee.lines += 1
            return Line(start: start, count: count)
        }
        return try lineAtEdge()
    }

    /// A line that the buffer does not hold whole.
    @inline(never)
    private func lineAtEdge() throws(CANLogError) -> Line? {
        while true {
            let before = available
            let more = readUntil(before + 1)
            let start = cursor
            if let end = memchr(start, 0x0A, available) {
                let count = end - UnsafeMutableRawPointer(start)
                state.pointee.begin += count + 1
                state.pointee.lines += 1
                return Line(start: start, count: count)
            }
            if !more, available < Self.capacity {
                guard available > 0 else { return nil }
                let count = available
                start[count] = 0x0A
                state.pointee.begin = state.pointee.end
                state.pointee.lines += 1
                return Line(start: start, count: count)
            }
            if available >= Self.capacity {
                state.pointee.lines += 1
                skipLine()
                throw CANLogError(place, "the line is longer than \(Self.capacity) bytes")
            }
        }
    }

    private func skipLine() {
        while true {
            if let end = memchr(cursor, 0x0A, available) {
                state.pointee.begin += end - UnsafeMutableRawPointer(cursor) + 1
                return
            }
            state.pointee.begin = state.pointee.end
            if !readUntil(1) { return }
        }
    }
}

extension LogInput {
    /// The bytes of an open file, whose descriptor stays with the caller.
    static func source(descriptor: Int32) -> Source {
        { room in
            while true {
                let count = read(descriptor, room.baseAddress, room.count)
                if count >= 0 { return count }
                if errno != EINTR { return -Int(errno) }
            }
        }
    }

    /// Bytes in memory.
    static func source(_ bytes: [UInt8]) -> Source {
        var done = 0
        return { room in
            let part = min(room.count, bytes.count - done)
            bytes.withUnsafeBytes { room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[done..<done + part])) }
            done += part
            return part
        }
    }
}
