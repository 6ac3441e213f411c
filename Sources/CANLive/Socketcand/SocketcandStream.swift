import CLinux
import Glibc
import Transport

/// A TCP connection that carries socketcand's messages: bytes out, messages in.
final class SocketcandStream {
    /// Why a stream ended.
    enum End: Error {
        /// The peer closed it.
        case closed
        /// errno of a socket function.
        case failed(Int32)
        /// The peer sends what is no message.
        case notUnderstood
        /// The peer does not read.
        case tooSlow
    }

    private(set) var descriptor: Int32
    var watchID: WatchID?
    var output = ByteQueue()
    private var input = ByteQueue()
    private var isWaitingForRoom = false
    /// Bytes between messages, where nothing belongs.
    private(set) var strayBytes: UInt64 = 0

    /// How many bytes may wait until the peer reads them.
    static let outputLimit = 8 << 20
    private static let readSize = 65536

    /// Takes over a connected or connecting socket.
    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
        output.release()
        input.release()
    }

    /// Writes what waits as far as the peer takes it.
    func write(_ loop: EventLoop) throws(End) {
        while descriptor >= 0, !output.isEmpty {
            let bytes = output.bytes
            let sent = clinux_send(descriptor, bytes.baseAddress, bytes.count)
            if sent == -Int64(EAGAIN) { break }
            guard sent >= 0 else { throw .failed(Int32(truncatingIfNeeded: -sent)) }
            output.consume(Int(sent))
        }
        if output.count > Self.outputLimit { throw .tooSlow }
        guard let watchID, isWaitingForRoom == output.isEmpty else { return }
        isWaitingForRoom = !output.isEmpty
        loop.watch(watchID, for: isWaitingForRoom ? [.readable, .writable] : .readable)
    }

    /// Reads once and hands each whole message to `body`, the words between the angle brackets. `body` must not change the stream's input.
    func read(_ body: (UnsafeRawBufferPointer) -> Void) throws(End) {
        let got = clinux_receive(descriptor, input.room(Self.readSize), Self.readSize)
        if got == -Int64(EAGAIN) { return }
        guard got >= 0 else { throw .failed(Int32(truncatingIfNeeded: -got)) }
        guard got > 0 else { throw .closed }
        input.commit(Int(got))
        let bytes = input.bytes
        guard let base = bytes.baseAddress else { return }
        var position = 0
        while position < bytes.count, descriptor >= 0 {
            guard let begin = memchr(base + position, 0x3C, bytes.count - position).map({ UnsafeRawPointer($0) - base }) else {
                strayBytes += UInt64(bytes.count - position)
                position = bytes.count
                break
            }
            strayBytes += UInt64(bytes[position..<begin].count { $0 > 0x20 })
            position = begin
            guard let end = memchr(base + begin, 0x3E, bytes.count - begin).map({ UnsafeRawPointer($0) - base }) else { break }
            body(UnsafeRawBufferPointer(rebasing: bytes[begin + 1..<end]))
            position = end + 1
        }
        guard descriptor >= 0 else { return }
        input.consume(position)
        if input.count > SocketcandMessage.longest || strayBytes > 65536 { throw .notUnderstood }
    }
}
