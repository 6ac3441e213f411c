/// SHA-256 (FIPS 180-4) of the files that a run has read.
enum SHA256 {
    private static let constants: [UInt32] = {
        // The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
        var primes: [UInt32] = []
        var candidate: UInt32 = 2
        while primes.count < 64 {
            if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
            candidate += 1
        }
        return primes.map { fraction(ofRoot: 3, of: $0) }
    }()

    /// 32 bits of the fraction of a square or cube root, by integer bisection.
    private static func fraction(ofRoot power: Int, of prime: UInt32) -> UInt32 {
        // The greatest r with r^power <= prime * 2^(32 * power).
        var low: UInt128 = 0
        var high: UInt128 = 1 << 37
        while high - low > 1 {
            let middle = (low + high) / 2
            let square = middle * middle
            let fits: Bool
            if power == 2 {
                fits = square <= UInt128(prime) << 64
            } else {
                let (product, overflow) = square.multipliedReportingOverflow(by: middle)
                fits = !overflow && product <= UInt128(prime) << 96
            }
            if fits { low = middle } else { high = middle }
        }
        return UInt32(truncatingIfNeeded: low)
    }

    /// The digest as 64 lower-case hexadecimal digits.
    static func hex(_ bytes: [UInt8]) -> String {
        var state: [UInt32] = [2, 3, 5, 7, 11, 13, 17, 19].map { fraction(ofRoot: 2, of: $0) }
        let k = constants
        var message = bytes
        message.append(0x80)
        while message.count % 64 != 56 { message.append(0) }
        let bits = UInt64(bytes.count) * 8
        for shift in stride(from: 56, through: 0, by: -8) { message.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
        var w = [UInt32](repeating: 0, count: 64)
        for block in stride(from: 0, to: message.count, by: 64) {
            for index in 0..<16 {
                let at = block + index * 4
                w[index] = UInt32(message[at]) << 24 | UInt32(message[at + 1]) << 16 | UInt32(message[at + 2]) << 8 | UInt32(message[at + 3])
            }
            for index in 16..<64 {
                let s0 = rotated(w[index - 15], 7) ^ rotated(w[index - 15], 18) ^ (w[index - 15] >> 3)
                let s1 = rotated(w[index - 2], 17) ^ rotated(w[index - 2], 19) ^ (w[index - 2] >> 10)
                w[index] = w[index - 16] &+ s0 &+ w[index - 7] &+ s1
            }
            var v = state
            for index in 0..<64 {
                let s1 = rotated(v[4], 6) ^ rotated(v[4], 11) ^ rotated(v[4], 25)
                let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
                let first = v[7] &+ s1 &+ choice &+ k[index] &+ w[index]
                let s0 = rotated(v[0], 2) ^ rotated(v[0], 13) ^ rotated(v[0], 22)
                let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
                let second = s0 &+ majority
                v = [first &+ second, v[0], v[1], v[2], v[3] &+ first, v[4], v[5], v[6]]
            }
            for index in 0..<8 { state[index] = state[index] &+ v[index] }
        }
        return state.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.utf8.count) + digits
        }.joined()
    }

    private static func rotated(_ value: UInt32, _ count: UInt32) -> UInt32 { value >> count | value << (32 - count) }
}
