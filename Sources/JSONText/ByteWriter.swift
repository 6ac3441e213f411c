#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A growing byte buffer that owns its memory; the target of every encoder.
///
/// Appending is amortised O(n) in the bytes appended. The buffer is reused by `removeAll()`, so a recorder that keeps one writer allocates only
/// while its longest record grows.
@frozen
public struct ByteWriter: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>
    @usableFromInline var capacity: Int
    /// The number of bytes written.
    public internal(set) var count: Int {
        @inlinable get { length }
        set { length = newValue }
    }
    @usableFromInline var length: Int

    /// An empty buffer with room for the given number of bytes.
    public init(capacity: Int = 512) {
        self.capacity = max(capacity, 64)
        base = .allocate(capacity: self.capacity)
        length = 0
    }

    deinit { base.deallocate() }

    /// Makes room for `extra` more bytes.
    @inlinable
    @inline(__always)
    public mutating func reserve(_ extra: Int) {
        if capacity &- length < extra { grow(extra) }
    }

    @inline(never)
    @usableFromInline
    mutating func grow(_ extra: Int) {
        let larger = max(capacity * 2, count + extra)
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        memory.update(from: base, count: count)
        base.deallocate()
        base = memory
        capacity = larger
    }

    /// Forgets what was written and keeps the memory.
    public mutating func removeAll() { count = 0 }

    /// Forgets everything after the first `length` bytes.
    public mutating func truncate(to length: Int) { count = min(count, max(0, length)) }

    /// Appends one byte.
    @inlinable
    @inline(__always)
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        base[length] = byte
        length &+= 1
    }

    /// Appends a constant text as it stands.
    @inlinable
    @inline(__always)
    public mutating func append(_ text: StaticString) {
        let extra = text.utf8CodeUnitCount
        reserve(extra)
        UnsafeMutableRawPointer(base + length).copyMemory(from: text.utf8Start, byteCount: extra)
        length &+= extra
    }

    /// Appends exactly `extra` bytes that `body` writes at the pointer it is given.
    @inlinable
    @inline(__always)
    public mutating func append(exactly extra: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Void) {
        reserve(extra)
        body(base + length)
        length &+= extra
    }

    /// Appends bytes as they stand.
    public mutating func append(bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        reserve(bytes.count)
        memcpy(base + count, start, bytes.count)
        count += bytes.count
    }

    /// Appends bytes as they stand.
    public mutating func append(bytes: [UInt8]) { bytes.withUnsafeBytes { append(bytes: $0) } }

    /// Appends a text as it stands, without quotes or escapes.
    public mutating func append(text: String) {
        var text = text
        text.withUTF8 { append(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Calls `body` with the bytes written so far; they are valid only during the call.
    @inlinable
    public borrowing func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// A copy of the bytes written so far.
    public var bytes: [UInt8] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// The bytes written so far as a text; ill-formed UTF-8 is repaired with U+FFFD.
    public var text: String { String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self) }
}

extension ByteWriter {
    /// Appends a decimal integer.
    public mutating func append(integer value: Int) {
        reserve(20)
        if value < 0 {
            base[count] = 0x2D
            count += 1
        }
        writeDigits(UInt64(value.magnitude))
    }

    /// Appends the digits of a number below ten to the twentieth; room must have been made.
    @inline(__always)
    private mutating func writeDigits(_ value: UInt64) {
        if value < 10 {
            base[count] = 0x30 &+ UInt8(truncatingIfNeeded: value)
            count += 1
            return
        }
        var digits = 2
        var bound: UInt64 = 100
        while value >= bound {
            digits += 1
            if digits == 20 { break }
            bound &*= 10
        }
        var rest = value
        var place = count + digits
        count = place
        repeat {
            place -= 1
            let quotient = rest / 10
            base[place] = 0x30 &+ UInt8(truncatingIfNeeded: rest &- quotient &* 10)
            rest = quotient
        } while rest > 0
    }

    /// Appends `value` with exactly `width` digits, leading zeros included; higher digits are lost.
    @inline(__always)
    public mutating func append(integer value: Int, width: Int) {
        reserve(width)
        var rest = UInt64(value.magnitude)
        var place = count + width
        count = place
        for _ in 0..<width {
            place -= 1
            let quotient = rest / 10
            base[place] = 0x30 &+ UInt8(truncatingIfNeeded: rest &- quotient &* 10)
            rest = quotient
        }
    }

    /// Appends the shortest decimal that reads back as the same double; whole numbers have no point, and what is not finite becomes `null`.
    public mutating func append(double value: Double) {
        guard value.isFinite else { return append("null") }
        if value == value.rounded(.towardZero), value.magnitude < 9_007_199_254_740_992 {
            if value == 0, value.sign == .minus { return append("-0") }
            return append(integer: Int(value))
        }
        append(text: value.description)
    }

    /// Appends `mantissa` · 10^−`scale` with exactly `scale` decimals, as in `16.50` for 1650 and 2.
    public mutating func append(mantissa: Int, scale: Int) {
        guard scale > 0 else { return append(integer: mantissa) }
        reserve(scale + 22)
        if mantissa < 0 { append(0x2D) }
        let magnitude = UInt64(mantissa.magnitude)
        var power: UInt64 = 1
        for _ in 0..<min(scale, 19) { power &*= 10 }
        let whole = scale > 19 ? 0 : magnitude / power
        writeDigits(whole)
        base[count] = 0x2E
        count += 1
        var rest = scale > 19 ? magnitude : magnitude % power
        var place = count + scale
        count = place
        for _ in 0..<scale {
            place -= 1
            base[place] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}

extension ByteWriter {
    /// Appends a text as a JSON string: quotes around it, and only the escapes that RFC 8259 demands.
    public mutating func appendQuoted(_ text: String) {
        var text = text
        text.withUTF8 { appendQuoted(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Appends UTF-8 bytes, a whole JSON text for instance, as one JSON string.
    public mutating func appendQuoted(bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count * 6 + 2)
        var out = base + count
        out.pointee = 0x22
        out += 1
        if let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) {
            for index in 0..<bytes.count {
                let byte = start[index]
                guard byte >= 0x20 else {
                    out = Self.escape(byte, out)
                    continue
                }
                // Without a branch: quotes are frequent and come irregularly.
                let isSpecial = (byte == 0x22 ? 1 : 0) | (byte == 0x5C ? 1 : 0)
                out[0] = 0x5C
                out[isSpecial] = byte
                out += 1 + isSpecial
            }
        }
        out.pointee = 0x22
        count = out + 1 - base
    }

    @inline(__always)
    private static func escape(_ byte: UInt8, _ out: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        out[0] = 0x5C
        switch byte {
        case 0x08: out[1] = 0x62
        case 0x09: out[1] = 0x74
        case 0x0A: out[1] = 0x6E
        case 0x0C: out[1] = 0x66
        case 0x0D: out[1] = 0x72
        default:
            out[1] = 0x75
            out[2] = 0x30
            out[3] = 0x30
            out[4] = 0x30 + byte >> 4
            out[5] = byte & 15 < 10 ? 0x30 + byte & 15 : 0x57 + byte & 15
            return out + 6
        }
        return out + 2
    }
}
