import CLinux
import Glibc

/// Bytes of a connection that trickle out, one after the other.
struct TrickledBytes {
    /// Places in the stream of all bytes that were written since the connection began to trickle.
    var start: Int
    let end: Int
    /// Nanoseconds from one byte to the next.
    let gap: UInt64
}

extension EventLoop {
    /// Sends a text message so slowly that only some bytes a second go out; what is sent behind it waits.
    ///
    /// The peer has the beginning of a frame and waits for its end, as with a "slow loris". False when the connection is not open.
    @discardableResult
    public func send(text: UnsafeRawBufferPointer, bytesPerSecond: Double, to id: ConnectionID) -> Bool {
        guard let connection = living(id), connection.state == .open else { return false }
        let gap = UInt64(min(max(1e9 / max(bytesPerSecond, 1e-6), 1), 1e15))
        // What waits already goes out as it was meant to.
        if connection.trickled.isEmpty { connection.written = 0 }
        let start = connection.written + connection.output.count
        frame(connection) { codec, output in codec.encode(text: text, into: &output) }
        guard living(id) != nil else { return true }
        connection.trickled.append(TrickledBytes(start: start, end: connection.written + connection.output.count, gap: gap))
        return true
    }

    /// Lets everything that trickles go out at once.
    public func hurry(_ id: ConnectionID) {
        guard let connection = living(id), !connection.trickled.isEmpty else { return }
        connection.trickled = []
        connection.nextByte = .max
        markDirty(connection)
    }

    /// How many of the bytes that wait may go out now; 0 while the next one has to wait.
    func room(_ connection: Connection) -> Int {
        while let first = connection.trickled.first, first.end <= connection.written { connection.trickled.removeFirst() }
        guard let first = connection.trickled.first else {
            connection.nextByte = .max
            return connection.output.count
        }
        if connection.written < first.start { return min(first.start - connection.written, connection.output.count) }
        let now = clinux_now()
        if connection.nextByte == .max { connection.nextByte = now }
        guard connection.nextByte <= now else {
            schedule(connection)
            return 0
        }
        let due = (now - connection.nextByte) / first.gap + 1
        let count = min(Int(clamping: due), first.end - connection.written, connection.output.count)
        connection.nextByte &+= UInt64(count) &* first.gap
        return count
    }
}
