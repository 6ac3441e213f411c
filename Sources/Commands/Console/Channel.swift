import Glibc

/// A place that text is written to: a file descriptor, or memory in tests.
public final class Channel {
    /// Whether a person reads it on a terminal.
    public let isTerminal: Bool
    /// Columns of the terminal; 80 where there is none.
    public let columns: Int
    /// What was written to memory; empty for a descriptor.
    public var text: String { String(decoding: descriptor == nil ? bytes : [], as: UTF8.self) }
    /// The error number of the first failed write; EPIPE means that the reader has gone.
    public private(set) var failure: Int32?

    private let descriptor: Int32?
    private var bytes: [UInt8] = []

    /// A channel to a file descriptor; buffered unless it is a terminal.
    public init(descriptor: Int32) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
        var size = winsize()
        let known = isTerminal && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        columns = known ? Int(size.ws_col) : 80
    }

    /// A channel to memory.
    public init(isTerminal: Bool = false, columns: Int = 80) {
        descriptor = nil
        self.isTerminal = isTerminal
        self.columns = columns
    }

    /// Writes text.
    public func write(_ text: String) {
        guard failure == nil else { return }
        bytes.append(contentsOf: text.utf8)
        if isTerminal || bytes.count > 1 << 16 { flush() }
    }

    /// Writes what is buffered.
    public func flush() {
        guard let descriptor, failure == nil else { return }
        var start = 0
        while start < bytes.count {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + start }, $0.count - start) }
            if written < 0 {
                if errno == EINTR { continue }
                failure = errno
                break
            }
            start += written
        }
        bytes.removeAll(keepingCapacity: true)
    }
}
