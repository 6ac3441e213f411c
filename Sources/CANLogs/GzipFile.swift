import CZlib
import Glibc

/// Unpacks gzip files (RFC 1952), as logs are often kept in them.
public enum GzipFile {
    /// Whether a file begins like one.
    public static func begins(_ bytes: [UInt8]) -> Bool { bytes.count >= 3 && bytes[0] == 0x1F && bytes[1] == 0x8B && bytes[2] == 8 }

    /// Unpacks what one descriptor gives, from where it stands, into another; constant memory. Several members one after the other are one file.
    ///
    /// - Parameter first: bytes that were read from the descriptor already.
    /// - Returns: what went wrong, or `nil`.
    public static func unpack(_ first: [UInt8], from source: Int32, into target: Int32) -> String? {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        // 15 bits of window, and 16 for the header of gzip.
        guard inflateInit2_(stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return "there is no memory to unpack it" }
        defer { inflateEnd(stream) }
        var input = first
        var output = [UInt8](repeating: 0, count: 1 << 17)
        var isOver = false
        while true {
            if input.isEmpty {
                input = [UInt8](repeating: 0, count: 1 << 16)
                let count = input.withUnsafeMutableBytes { LogInput.source(descriptor: source)($0) }
                guard count >= 0 else { return "it cannot be read on: error \(-count) of the system" }
                guard count > 0 else { return isOver ? nil : "it ends in the middle of what is packed" }
                input.removeLast(input.count - count)
            }
            if isOver {
                // What follows is another member, or filling.
                guard GzipFile.begins(input) else { return nil }
                guard inflateReset(stream) == Z_OK else { return "there is no memory to unpack it" }
                isOver = false
            }
            var used = 0
            var problem: String?
            input.withUnsafeMutableBufferPointer { given in
                stream.pointee.next_in = given.baseAddress
                stream.pointee.avail_in = UInt32(clamping: given.count)
                repeat {
                    let code = output.withUnsafeMutableBufferPointer { room in
                        stream.pointee.next_out = room.baseAddress
                        stream.pointee.avail_out = UInt32(clamping: room.count)
                        return inflate(stream, Z_NO_FLUSH)
                    }
                    let made = output.count - Int(stream.pointee.avail_out)
                    guard put(output, made, target) else {
                        problem = "it cannot be unpacked into a temporary file; TMPDIR names the directory"
                        return
                    }
                    if code == Z_STREAM_END {
                        isOver = true
                        break
                    }
                    guard code == Z_OK || code == Z_BUF_ERROR else {
                        problem = "what is packed in it is damaged"
                        return
                    }
                } while stream.pointee.avail_out == 0
                used = given.count - Int(stream.pointee.avail_in)
            }
            if let problem { return problem }
            input.removeFirst(used)
        }
    }

    private static func put(_ bytes: [UInt8], _ count: Int, _ target: Int32) -> Bool {
        var done = 0
        while done < count {
            let written = bytes.withUnsafeBytes { write(target, $0.baseAddress.map { $0 + done }, count - done) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return false }
            done += written
        }
        return true
    }
}
