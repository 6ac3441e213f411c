/// Draws without state: a number out of a seed and a few counters, the same in every run and on every machine.
///
/// Neighbouring counters give unrelated numbers, so that whoever knows some of them does not know the next; the mixing function is that of SplitMix64.
enum CounterHash {
    /// A number with 64 random bits.
    static func bits(_ seed: UInt64, _ counters: UInt64...) -> UInt64 {
        var state = mix(seed &+ 0x9E37_79B9_7F4A_7C15)
        for counter in counters { state = mix(state ^ mix(counter &+ 0xD1B5_4A32_D192_ED03)) }
        return state
    }

    /// A number in 0 ..< 1.
    static func unit(_ bits: UInt64) -> Double { Double(bits >> 11) * 0x1p-53 }

    /// The bits of a text, for use as a counter.
    static func key(_ text: String) -> UInt64 { text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 } }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// What others need of the draws of this module.
public enum OCPPDraws {
    /// A key out of a text, for seeds of their own.
    public static func key(_ text: String) -> UInt64 { CounterHash.key(text) }
}
