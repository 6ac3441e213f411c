/// SHA-256 (FIPS 180-4).
public enum SHA256 {
    /// The digest of some bytes, 32 bytes. O(n).
    public static func digest(_ bytes: [UInt8]) -> [UInt8] {
        var state = initial
        var w = [UInt32](repeating: 0, count: 64)
        forEachBlock(bytes, 64, 8) { block in
            for index in 0..<16 {
                let at = index * 4
                w[index] = UInt32(block[at]) << 24 | UInt32(block[at + 1]) << 16 | UInt32(block[at + 2]) << 8 | UInt32(block[at + 3])
            }
            mix(&state, &w)
        }
        return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * $0)) } }
    }

    /// The digest as 64 lower-case hexadecimal digits.
    public static func hex(_ bytes: [UInt8]) -> String { hexadecimal(digest(bytes)) }

    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    private static let constants = primes(64).map { UInt32(truncatingIfNeeded: fraction(ofCubeRootOf: $0) >> 32) }
    /// The first 32 bits of the fractional parts of the square roots of the first 8 primes.
    private static let initial = primes(8).map { UInt32(truncatingIfNeeded: fraction(ofSquareRootOf: $0) >> 32) }

    private static func mix(_ state: inout [UInt32], _ w: inout [UInt32]) {
        for index in 16..<64 {
            let s0 = rotated(w[index - 15], 7) ^ rotated(w[index - 15], 18) ^ (w[index - 15] >> 3)
            let s1 = rotated(w[index - 2], 17) ^ rotated(w[index - 2], 19) ^ (w[index - 2] >> 10)
            w[index] = w[index - 16] &+ s0 &+ w[index - 7] &+ s1
        }
        var (a, b, c, d, e, f, g, h) = (state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7])
        let k = constants
        for index in 0..<64 {
            let s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
            let first = h &+ s1 &+ ((e & f) ^ (~e & g)) &+ k[index] &+ w[index]
            let s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
            let second = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
        }
        for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
    }

    @inline(__always)
    private static func rotated(_ value: UInt32, _ count: UInt32) -> UInt32 { value >> count | value << (32 - count) }
}
