import CZlib
import Glibc

/// The objects of a BLF file as one stream of bytes: containers are inflated piece by piece, and what lies outside them is passed on.
final class BLFContainers {
    private enum Part {
        case none
        case stored(UInt64)
        case deflated(UInt64)
    }

    private static let containerType: UInt32 = 10
    private let input: LogInput
    private var part = Part.none
    /// The state of zlib, whose address must not change.
    private let stream: UnsafeMutablePointer<z_stream>
    private var isInflating = false
    /// What broke the file, once all before it is handed out.
    private(set) var failure: CANLogError?
    /// The error number of the file's source, or 0.
    var errorNumber: Int32 { input.errorNumber }

    init(_ input: LogInput) {
        self.input = input
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
    }

    deinit {
        if isInflating { inflateEnd(stream) }
        stream.deallocate()
    }

    /// The next bytes; 0 at the end or behind what cannot be read.
    func fill(_ room: UnsafeMutableRawBufferPointer) -> Int {
        while failure == nil {
            switch part {
            case .none:
                if !nextObject() { return 0 }
            case .stored(let rest):
                guard rest > 0 else {
                    part = .none
                    continue
                }
                guard input.need(1) else {
                    fail("the file ends inside an object")
                    return 0
                }
                let count = min(room.count, input.available, Int(clamping: rest))
                room.copyMemory(from: UnsafeRawBufferPointer(start: input.cursor, count: count))
                input.advance(count)
                part = .stored(rest - UInt64(count))
                return count
            case .deflated(let rest):
                let got = inflate(room, rest)
                if got > 0 { return got }
            }
        }
        return 0
    }

    private func fail(_ reason: String) { failure = CANLogError(.byte(input.position), reason, isFatal: true) }

    /// Finds the next object; `false` at the end of the file.
    private func nextObject() -> Bool {
        // Behind an object stand up to three bytes that fill it up, by some writers' rule more.
        var skipped = 0
        while true {
            guard input.need(16) else {
                let rest = UnsafeRawBufferPointer(start: input.cursor, count: input.available)
                if rest.contains(where: { $0 != 0 }) { fail("the file ends inside the head of an object") }
                return false
            }
            let head = PacketBytes(input.cursor, 16)
            if head.number(0, as: UInt32.self) == BLFParser.signature { break }
            guard skipped < 8 else {
                fail("an object is expected here")
                return false
            }
            skipped += 1
            input.advance(1)
        }
        let head = PacketBytes(input.cursor, 16)
        let (length, type): (UInt32, UInt32) = (head.number(8), head.number(12))
        guard type == Self.containerType else {
            guard length >= 16 else {
                fail("an object of \(length) bytes cannot be")
                return false
            }
            part = .stored(UInt64(length))
            return true
        }
        guard length >= 32, input.need(32) else {
            fail(length < 32 ? "a container of \(length) bytes cannot be" : "the file ends inside the head of a container")
            return false
        }
        let method: UInt16 = PacketBytes(input.cursor, 32).number(16)
        input.advance(32)
        switch method {
        case 0: part = .stored(UInt64(length) - 32)
        case 2:
            if isInflating { inflateEnd(stream) }
            stream.pointee = z_stream()
            isInflating = inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
            guard isInflating else {
                fail("there is no memory to inflate a container")
                return false
            }
            part = .deflated(UInt64(length) - 32)
        default:
            fail("a container is packed by method \(method), which is not known")
            return false
        }
        return true
    }

    /// Inflates into the room; 0 at the end of the container.
    private func inflate(_ room: UnsafeMutableRawBufferPointer, _ rest: UInt64) -> Int {
        var rest = rest
        stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(clamping: room.count)
        let most = stream.pointee.avail_out
        while stream.pointee.avail_out > 0 {
            if rest > 0, !input.need(1) {
                fail("the file ends inside a container")
                break
            }
            let given = UInt32(clamping: min(UInt64(input.available), rest))
            stream.pointee.next_in = input.cursor
            stream.pointee.avail_in = given
            let code = CZlib.inflate(stream, Z_NO_FLUSH)
            let used = given - stream.pointee.avail_in
            input.advance(Int(used))
            rest -= UInt64(used)
            part = .deflated(rest)
            if code == Z_STREAM_END {
                part = input.skip(rest) ? .none : .stored(0)
                break
            }
            guard code == Z_OK || code == Z_BUF_ERROR && rest > 0 && used > 0 else {
                fail(rest == 0 && code != Z_DATA_ERROR ? "a container ends before its data does" : "the data of a container is damaged")
                break
            }
        }
        return Int(most - stream.pointee.avail_out)
    }
}
