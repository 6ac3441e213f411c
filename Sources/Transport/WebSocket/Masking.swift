import CLinux
import Glibc

/// The exclusive-or of RFC 6455 section 5.3, eight bytes at a time and more where the compiler finds vectors.
enum Masking {
    /// Copies with masking; `source` and `target` may be the same place. `offset` is the place of the first byte in the payload.
    @inline(__always)
    static func apply(_ key: UInt32, offset: Int, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int) {
        let turned = rotated(key, by: offset)
        let wide = UInt64(turned) | UInt64(turned) << 32
        var at = 0
        let vector = SIMD4<UInt64>(repeating: wide)
        while at &+ 32 <= count {
            target.storeBytes(of: source.loadUnaligned(fromByteOffset: at, as: SIMD4<UInt64>.self) ^ vector, toByteOffset: at, as: SIMD4<UInt64>.self)
            at &+= 32
        }
        while at &+ 8 <= count {
            target.storeBytes(of: source.loadUnaligned(fromByteOffset: at, as: UInt64.self) ^ wide, toByteOffset: at, as: UInt64.self)
            at &+= 8
        }
        var rest = wide
        while at < count {
            target.storeBytes(of: source.load(fromByteOffset: at, as: UInt8.self) ^ UInt8(truncatingIfNeeded: rest), toByteOffset: at, as: UInt8.self)
            rest >>= 8
            at &+= 1
        }
    }

    /// The key as it applies from a place in the payload on; the first byte of the key is the lowest one.
    @inline(__always)
    static func rotated(_ key: UInt32, by offset: Int) -> UInt32 {
        let shift = UInt32(truncatingIfNeeded: offset & 3) &* 8
        return key &>> shift | key &<< ((32 &- shift) & 31)
    }
}

/// Where a client takes its masking keys from: a sequence that the seed decides.
public struct MaskKeys: Sendable {
    private var state: UInt64

    /// The sequence of a seed, for runs that must be the same again.
    public init(seed: UInt64) { state = seed }

    /// A sequence that nobody can foresee, as RFC 6455 section 10.3 asks for.
    public init() {
        var seed: UInt64 = 0
        if clinux_random(&seed, 8) != 0 { seed = clinux_now() }
        state = seed
    }

    /// The next key.
    public mutating func next() -> UInt32 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return UInt32(truncatingIfNeeded: mixed >> 31)
    }
}
