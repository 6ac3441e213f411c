/// Writes digits of text, several at a time.
enum TextPut {
    /// Eight upper-case hexadecimal digits, the first in the lowest byte, of four bytes of which the lowest comes first.
    @inline(__always)
    static func hexadecimal(_ bytes: UInt32) -> UInt64 {
        var spread = UInt64(bytes)
        spread = (spread | spread &<< 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread &<< 8) & 0x00FF_00FF_00FF_00FF
        let nibbles = (spread &>> 4 & 0x000F_000F_000F_000F) | (spread & 0x000F_000F_000F_000F) &<< 8
        let letters = (nibbles &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
        return nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 7
    }

    /// Writes eight bytes, the lowest first.
    @inline(__always)
    static func word(_ value: UInt64, at p: UnsafeMutablePointer<UInt8>) {
        UnsafeMutableRawPointer(p).storeBytes(of: value.littleEndian, as: UInt64.self)
    }

    /// Three decimal digits.
    @inline(__always)
    static func three(_ value: UInt32, at p: UnsafeMutablePointer<UInt8>) {
        let hundreds = (value &* 41) &>> 12
        let rest = value &- hundreds &* 100
        let tens = (rest &* 103) &>> 10
        p[0] = 0x30 &+ UInt8(truncatingIfNeeded: hundreds)
        p[1] = 0x30 &+ UInt8(truncatingIfNeeded: tens)
        p[2] = 0x30 &+ UInt8(truncatingIfNeeded: rest &- tens &* 10)
    }

    /// Nanoseconds below a second as six or nine decimals; where they end.
    @inline(__always)
    static func decimals(_ nanoseconds: UInt32, _ count: Int, at p: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        let micros = nanoseconds / 1000
        let millis = micros / 1000
        three(millis, at: p)
        three(micros &- millis &* 1000, at: p + 3)
        if count != 9 { return p + 6 }
        three(nanoseconds &- micros &* 1000, at: p + 6)
        return p + 9
    }

    /// A decimal number, right-aligned in `width` columns; where it ends.
    static func decimal(_ value: UInt64, width: Int = 1, at start: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        var digits = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        var p = start
        var blanks = width - digits
        while blanks > 0 {
            p[0] = 0x20
            p += 1
            blanks -= 1
        }
        rest = value
        var index = digits - 1
        while index >= 0 {
            p[index] = UInt8(truncatingIfNeeded: 0x30 &+ rest % 10)
            rest /= 10
            index -= 1
        }
        return p + digits
    }

    /// A constant; where it ends.
    @inline(__always)
    static func text(_ text: StaticString, at p: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        p.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        return p + text.utf8CodeUnitCount
    }
}
