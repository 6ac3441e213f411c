/// The counter-based generator Philox4x32-10: a bijection of 128 bits under a key of 64 bits.
///
/// J. K. Salmon and others, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, doi:10.1145/2063384.2063405. A counter always gives the
/// same block, whatever was drawn before.
public enum Philox {
    /// The block of four 32-bit words that belongs to a counter and a key.
    @inlinable
    public static func block(_ counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var (x0, x1, x2, x3) = (counter.x, counter.y, counter.z, counter.w)
        var (k0, k1) = (key.x, key.y)
        for _ in 0..<10 {
            let a = UInt64(x0) &* 0xD251_1F53
            let b = UInt64(x2) &* 0xCD9E_8D57
            (x0, x2) = (UInt32(truncatingIfNeeded: b &>> 32) ^ x1 ^ k0, UInt32(truncatingIfNeeded: a &>> 32) ^ x3 ^ k1)
            (x1, x3) = (UInt32(truncatingIfNeeded: b), UInt32(truncatingIfNeeded: a))
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return SIMD4(x0, x1, x2, x3)
    }
}
