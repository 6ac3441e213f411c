import CAN
import Transport

/// Writes messages of socketcand's protocol.
enum SocketcandWriter {
    /// The longest message of a frame in bytes.
    static let longestFrame = 96

    /// `< frame ID SECONDS.MICROSECONDS DATA >`, or `< error CLASS SECONDS.MICROSECONDS >` for an error report.
    static func frame(_ frame: CANFrame, nanoseconds: Int64, into output: inout ByteQueue) {
        let start = output.room(longestFrame)
        var p = start
        put(frame.isError ? "< error " : "< frame ", &p)
        identifier(frame, &p)
        put(" ", &p)
        let micros = UInt64(max(0, nanoseconds)) / 1000
        decimal(micros / 1_000_000, least: 1, &p)
        put(".", &p)
        decimal(micros % 1_000_000, least: 6, &p)
        put(" ", &p)
        if !frame.isError {
            for index in 0..<frame.count {
                digit(frame[index] >> 4, &p)
                digit(frame[index] & 15, &p)
            }
            put(" ", &p)
        }
        put(">", &p)
        output.commit(p - start)
    }

    /// `< send ID LENGTH B B … >`
    static func send(_ frame: CANFrame, into output: inout ByteQueue) {
        let start = output.room(longestFrame)
        var p = start
        put("< send ", &p)
        identifier(frame, &p)
        put(" ", &p)
        decimal(UInt64(frame.count), least: 1, &p)
        put(" ", &p)
        for index in 0..<frame.count {
            if frame[index] > 15 { digit(frame[index] >> 4, &p, isUpper: false) }
            digit(frame[index] & 15, &p, isUpper: false)
            put(" ", &p)
        }
        // python-can's own client puts two spaces where there are no data.
        if frame.count == 0 { put(" ", &p) }
        put(">", &p)
        output.commit(p - start)
    }

    /// Any other message.
    static func text(_ text: String, into output: inout ByteQueue) { output.append(Array("< \(text) >".utf8)) }

    // MARK: Parts

    @inline(__always)
    private static func put(_ text: StaticString, _ p: inout UnsafeMutableRawPointer) {
        p.copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        p += text.utf8CodeUnitCount
    }

    @inline(__always)
    private static func digit(_ value: UInt8, _ p: inout UnsafeMutableRawPointer, isUpper: Bool = true) {
        p.storeBytes(of: value < 10 ? 0x30 &+ value : (isUpper ? 0x37 : 0x57) &+ value, as: UInt8.self)
        p += 1
    }

    @inline(__always)
    private static func identifier(_ frame: CANFrame, _ p: inout UnsafeMutableRawPointer) {
        var place: UInt32 = frame.isExtended ? 28 : 8
        while true {
            digit(UInt8(truncatingIfNeeded: frame.id >> place) & 15, &p)
            if place == 0 { return }
            place -= 4
        }
    }

    @inline(__always)
    private static func decimal(_ value: UInt64, least: Int, _ p: inout UnsafeMutableRawPointer) {
        var count = 1
        var rest = value / 10
        while rest > 0 {
            count += 1
            rest /= 10
        }
        count = max(count, least)
        rest = value
        for place in stride(from: count - 1, through: 0, by: -1) {
            p.storeBytes(of: 0x30 &+ UInt8(truncatingIfNeeded: rest % 10), toByteOffset: place, as: UInt8.self)
            rest /= 10
        }
        p += count
    }
}
