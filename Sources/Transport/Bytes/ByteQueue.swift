import Glibc

/// Bytes that are appended at the end and taken from the front; owns its memory and gives it back when it is empty.
///
/// Blocks of 4 kB come from the C library's allocator, which keeps freed ones at hand; a queue that is empty owns none.
public struct ByteQueue: ~Copyable {
    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private var start = 0
    private var end = 0

    static let block = 4096

    /// An empty queue.
    public init() {}

    deinit { free(base) }

    /// How many bytes wait.
    public var count: Int { end &- start }

    /// Whether nothing waits.
    public var isEmpty: Bool { end == start }

    /// What waits; good until the next change.
    public var bytes: UnsafeRawBufferPointer {
        guard let base else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: base + start, count: count)
    }

    /// What waits, to be changed in place.
    public var mutableBytes: UnsafeMutableRawBufferPointer {
        guard let base else { return UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        return UnsafeMutableRawBufferPointer(start: base + start, count: count)
    }

    /// Room for `extra` more bytes at the end; fill it, then call `commit`.
    public mutating func room(_ extra: Int) -> UnsafeMutableRawPointer {
        if let base, capacity &- end >= extra { return base + end }
        return grow(extra)
    }

    private mutating func grow(_ extra: Int) -> UnsafeMutableRawPointer {
        let live = count
        if let base, live + extra <= capacity, start >= capacity / 2 {
            memmove(base, base + start, live)
            (start, end) = (0, live)
            return base + end
        }
        var larger = max(ByteQueue.block, capacity)
        while larger < live + extra { larger *= 2 }
        let memory = Memory.allocate(larger)
        if let base {
            memcpy(memory, base + start, live)
            free(base)
        }
        base = memory
        capacity = larger
        (start, end) = (0, live)
        return memory + live
    }

    /// Counts bytes that were written to `room`.
    public mutating func commit(_ written: Int) { end &+= written }

    /// Appends bytes.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        memcpy(room(bytes.count), source, bytes.count)
        end &+= bytes.count
    }

    /// Appends bytes.
    public mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    /// Forgets bytes at the front; an empty queue gives its memory back.
    public mutating func consume(_ taken: Int) {
        start &+= taken
        if start >= end { release() }
    }

    /// Forgets bytes at the end.
    public mutating func truncate(to length: Int) { end = min(end, start + length) }

    /// Forgets everything and gives the memory back.
    public mutating func release() {
        free(base)
        base = nil
        (capacity, start, end) = (0, 0, 0)
    }

    /// Forgets everything and keeps the memory.
    public mutating func removeAll() { (start, end) = (0, 0) }
}
