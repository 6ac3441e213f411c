import Glibc
import Quantities

/// Why a file of a run could not be written.
public struct OutputError: Error, Sendable, Equatable {
    /// The file.
    public let path: String
    /// What the system said.
    public let reason: String
}

/// A file that is written from front to back through a buffer of its own; the first error is kept and ends all writing.
final class OutputFile {
    let path: String
    private let descriptor: Int32
    /// Writes full buffers; only files that outgrow one buffer have it.
    private var writer: BackgroundWriter?
    private let state: UnsafeMutablePointer<State>
    private static let capacity = 1 << 17

    private struct State {
        /// Buffer that is being filled.
        var buffer: UnsafeMutablePointer<UInt8>
        /// Buffer that may be on its way.
        var spare: UnsafeMutablePointer<UInt8>?
        var used = 0
        var errorNumber: Int32 = 0
    }

    /// Creates or empties a file.
    init(path: String) throws(OutputError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw OutputError(path: path, reason: systemMessage(errno)) }
        state = .allocate(capacity: 1)
        state.initialize(to: State(buffer: .allocate(capacity: Self.capacity)))
    }

    deinit {
        writer = nil
        close(descriptor)
        state.pointee.buffer.deallocate()
        state.pointee.spare?.deallocate()
        state.deallocate()
    }

    /// The first error, if any.
    var error: OutputError? { state.pointee.errorNumber == 0 ? nil : OutputError(path: path, reason: systemMessage(state.pointee.errorNumber)) }
    /// Whether writing still works.
    var isSound: Bool { state.pointee.errorNumber == 0 }

    /// Makes room for a number of bytes, at most half the buffer, and hands out the place; `advance` says how many were used.
    @inline(__always)
    func reserve(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        if state.pointee.used + count > Self.capacity { flush() }
        return state.pointee.buffer + state.pointee.used
    }

    /// Takes bytes that were written to the reserved place.
    @inline(__always)
    func advance(_ count: Int) { state.pointee.used += count }

    func append(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            let part = min(bytes.count - done, Self.capacity / 2)
            reserve(part).update(from: base.advanced(by: done).assumingMemoryBound(to: UInt8.self), count: part)
            advance(part)
            done += part
        }
    }

    func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    func append(byte: UInt8) {
        reserve(1)[0] = byte
        advance(1)
    }

    /// Exact decimal seconds.
    func append(seconds nanoseconds: Int64) {
        let place = reserve(32)
        advance(writeSeconds(nanoseconds, to: place))
    }

    /// The shortest decimal that reads back as the same double; `NaN` becomes nothing.
    func append(_ value: Double) {
        let place = reserve(40)
        advance(writeNumber(value, to: place))
    }

    /// Hands a full buffer to the writer and goes on with the other one.
    @inline(never)
    func flush() {
        guard state.pointee.used > 0 else { return }
        defer { state.pointee.used = 0 }
        guard isSound else { return }
        if writer == nil { writer = BackgroundWriter(descriptor: descriptor) }
        guard let writer else {
            state.pointee.errorNumber = writeAll(descriptor, state.pointee.buffer, state.pointee.used)
            return
        }
        state.pointee.errorNumber = writer.submit(state.pointee.buffer, state.pointee.used)
        let other = state.pointee.spare ?? .allocate(capacity: Self.capacity)
        state.pointee.spare = state.pointee.buffer
        state.pointee.buffer = other
    }

    /// Writes what is left; the error if there was one.
    func finish() throws(OutputError) {
        if let writer {
            flush()
            let error = writer.drain()
            if isSound { state.pointee.errorNumber = error }
        } else if state.pointee.used > 0, isSound {
            state.pointee.errorNumber = writeAll(descriptor, state.pointee.buffer, state.pointee.used)
            state.pointee.used = 0
        }
        if let error { throw error }
    }
}

/// The system's text for an error number, without the locale.
func systemMessage(_ number: Int32) -> String {
    switch number {
    case ENOSPC: "no space left on the device"
    case EACCES, EPERM: "permission denied"
    case ENOENT: "no such directory"
    case EROFS: "the file system is read-only"
    case ENOTDIR: "a part of the path is not a directory"
    case EISDIR: "it is a directory"
    case EDQUOT: "the disk quota is used up"
    case EIO: "input/output error"
    case EFBIG: "the file would be too large"
    case EMFILE, ENFILE: "too many open files"
    default: "error \(number)"
    }
}

/// Writes exact decimal seconds and returns the number of bytes, at most 24.
func writeSeconds(_ nanoseconds: Int64, to start: UnsafeMutablePointer<UInt8>) -> Int {
    var place = start
    if nanoseconds < 0 {
        place[0] = 0x2D
        place += 1
    }
    let magnitude = nanoseconds.magnitude
    place += writeUnsigned(magnitude / 1_000_000_000, to: place)
    var fraction = magnitude % 1_000_000_000
    if fraction > 0 {
        place[0] = 0x2E
        place += 1
        var unit: UInt64 = 100_000_000
        while fraction > 0 {
            place[0] = UInt8(0x30 + fraction / unit)
            place += 1
            fraction %= unit
            unit /= 10
        }
    }
    return place - start
}

/// Writes a decimal without sign and returns the number of bytes, at most 20.
func writeUnsigned(_ value: UInt64, to start: UnsafeMutablePointer<UInt8>) -> Int {
    if value < 10 {
        start[0] = UInt8(0x30 + value)
        return 1
    }
    var digits = 1
    var rest = value
    while rest >= 10 {
        rest /= 10
        digits += 1
    }
    rest = value
    var index = digits - 1
    while index >= 0 {
        start[index] = UInt8(0x30 + rest % 10)
        rest /= 10
        index -= 1
    }
    return digits
}

/// Writes the shortest decimal of a double and returns the number of bytes, at most 32; nothing for NaN.
func writeNumber(_ value: Double, to start: UnsafeMutablePointer<UInt8>) -> Int {
    if value.isNaN { return 0 }
    if value.rounded(.towardZero) == value, value.magnitude < 1e15 {
        if value < 0 {
            start[0] = 0x2D
            return 1 + writeUnsigned(UInt64(-value), to: start + 1)
        }
        return writeUnsigned(UInt64(value), to: start)
    }
    var text = value.description
    return text.withUTF8 { bytes in
        guard let base = bytes.baseAddress else { return 0 }
        let count = min(bytes.count, 32)
        start.update(from: base, count: count)
        return count
    }
}
