import Quantities

/// Reads digits from text that ends with a line end, several at a time.
enum TextScan {
    /// Up to eight hexadecimal digits: how many of them there are, and four bytes of two digits each, the first byte lowest.
    ///
    /// Bytes beyond `count` digits mean nothing. Eight bytes are looked at.
    @inline(__always)
    static func hexadecimal(_ p: UnsafePointer<UInt8>) -> (count: Int, bytes: UInt32) {
        let text = UInt64(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt64.self))
        let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        let digit = text ^ 0x3030_3030_3030_3030
        let noDigit = ((digit & low) &+ 0x7676_7676_7676_7676) | digit
        let letter = (text | 0x2020_2020_2020_2020) ^ 0x6060_6060_6060_6060
        let noLetter = ((letter & low) &+ 0x7979_7979_7979_7979) | letter | ~((letter & low) &+ low)
        let wrong = noDigit & noLetter & 0x8080_8080_8080_8080
        // What is no digit may give more than 15: it must not spill into its neighbour.
        let nibbles = ((text & 0x0F0F_0F0F_0F0F_0F0F) &+ (text &>> 6 & 0x0101_0101_0101_0101) &* 9) & 0x0F0F_0F0F_0F0F_0F0F
        var bytes = (nibbles &<< 4 | nibbles &>> 8) & 0x00FF_00FF_00FF_00FF
        bytes = (bytes | bytes &>> 8) & 0x0000_FFFF_0000_FFFF
        return (wrong.trailingZeroBitCount &>> 3, UInt32(truncatingIfNeeded: bytes | bytes &>> 16))
    }

    /// The number that the first `count` of these digits are, at most eight.
    @inline(__always)
    static func number(_ bytes: UInt32, _ count: Int) -> UInt32 {
        count == 0 ? 0 : bytes.byteSwapped &>> UInt32(truncatingIfNeeded: 32 &- 4 &* count)
    }

    /// The value of a hexadecimal digit, or 16.
    @inline(__always)
    static func digit(_ byte: UInt8) -> UInt8 {
        let value = byte &- 0x30
        if value < 10 { return value }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : 16
    }

    /// Decimal digits as a number and how many there are; more than 18 give a count above 18 and no number.
    @inline(__always)
    static func decimal(_ p: UnsafePointer<UInt8>) -> (count: Int, value: UInt64) {
        var value: UInt64 = 0
        var count = 0
        while p[count] &- 0x30 < 10 {
            value = value &* 10 &+ UInt64(p[count] &- 0x30)
            count &+= 1
        }
        return (count, value)
    }

    /// The decimals behind a point as nanoseconds, those beyond the ninth dropped, and how many there are.
    @inline(__always)
    static func fraction(_ p: UnsafePointer<UInt8>) -> (count: Int, nanoseconds: Int64) {
        var value: Int64 = 0
        var count = 0
        while p[count] &- 0x30 < 10 {
            if count < 9 { value = value &* 10 &+ Int64(p[count] &- 0x30) }
            count &+= 1
        }
        if count == 6 { return (6, value &* 1000) }
        var missing = 9 - count
        while missing > 0 {
            value &*= 10
            missing -= 1
        }
        return (count, value)
    }

    /// Skips blanks and tabs.
    @inline(__always)
    static func skipBlanks(_ p: inout UnsafePointer<UInt8>) {
        while p.pointee == 0x20 || p.pointee == 0x09 { p += 1 }
    }

    /// Whether the line ends here: at its end, or at a carriage return before it.
    @inline(__always)
    static func isEnd(_ p: UnsafePointer<UInt8>) -> Bool { p.pointee == 0x0A || (p.pointee == 0x0D && p[1] == 0x0A) }
}

extension Instant {
    /// Whole seconds and nanoseconds; `nil` beyond what an instant holds.
    @inline(__always)
    static func log(seconds: UInt64, nanoseconds: Int64) -> Instant? {
        // The last whole second below 2^63 nanoseconds, in the year 2262.
        guard seconds < 9_223_372_036 else { return nil }
        return Instant(nanoseconds: Int64(seconds) &* 1_000_000_000 &+ nanoseconds)
    }
}
