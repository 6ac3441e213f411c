/// SHA-512 (FIPS 180-4).
public enum SHA512 {
    /// The digest of some bytes, 64 bytes. O(n).
    public static func digest(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, initial) }

    /// The digest as 128 lower-case hexadecimal digits.
    public static func hex(_ bytes: [UInt8]) -> String { hexadecimal(digest(bytes)) }

    /// The first 64 bits of the fractional parts of the cube roots of the first 80 primes.
    private static let constants = primes(80).map(fraction(ofCubeRootOf:))
    /// The first 64 bits of the fractional parts of the square roots of the first 8 primes.
    private static let initial = primes(8).map(fraction(ofSquareRootOf:))

    static func digest(_ bytes: [UInt8], _ initial: [UInt64]) -> [UInt8] {
        var state = initial
        var w = [UInt64](repeating: 0, count: 80)
        forEachBlock(bytes, 128, 16) { block in
            for index in 0..<16 { w[index] = (0..<8).reduce(0) { $0 << 8 | UInt64(block[index * 8 + $1]) } }
            mix(&state, &w)
        }
        return state.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
    }

    private static func mix(_ state: inout [UInt64], _ w: inout [UInt64]) {
        for index in 16..<80 {
            let s0 = rotated(w[index - 15], 1) ^ rotated(w[index - 15], 8) ^ (w[index - 15] >> 7)
            let s1 = rotated(w[index - 2], 19) ^ rotated(w[index - 2], 61) ^ (w[index - 2] >> 6)
            w[index] = w[index - 16] &+ s0 &+ w[index - 7] &+ s1
        }
        var (a, b, c, d, e, f, g, h) = (state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7])
        let k = constants
        for index in 0..<80 {
            let s1 = rotated(e, 14) ^ rotated(e, 18) ^ rotated(e, 41)
            let first = h &+ s1 &+ ((e & f) ^ (~e & g)) &+ k[index] &+ w[index]
            let s0 = rotated(a, 28) ^ rotated(a, 34) ^ rotated(a, 39)
            let second = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
        }
        for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
    }

    @inline(__always)
    private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 { value >> count | value << (64 - count) }
}

/// SHA-384 (FIPS 180-4): SHA-512 from another start, cut to 48 bytes.
public enum SHA384 {
    /// The digest of some bytes, 48 bytes. O(n).
    public static func digest(_ bytes: [UInt8]) -> [UInt8] { Array(SHA512.digest(bytes, initial).prefix(48)) }

    /// The digest as 96 lower-case hexadecimal digits.
    public static func hex(_ bytes: [UInt8]) -> String { hexadecimal(digest(bytes)) }

    /// The first 64 bits of the fractional parts of the square roots of the ninth to sixteenth primes.
    private static let initial = primes(16).dropFirst(8).map(fraction(ofSquareRootOf:))
}
