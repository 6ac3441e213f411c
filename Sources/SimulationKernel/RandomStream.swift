/// A stream of random numbers that belongs to one draw site of one node in one run, independent of every other stream.
///
/// The numbers are a function of (seed, run, node path, draw site, n) alone, through `Philox`: adding a node, a step or a thread changes no
/// other stream. They are the same on every machine: the distributions use only `+ - * /`, square roots and `Portable`.
public struct RandomStream: Sendable {
    private let key: SIMD2<UInt32>
    private let high: SIMD2<UInt32>
    private var block: SIMD4<UInt32>
    /// How many 64-bit numbers were drawn.
    public private(set) var position: UInt64

    /// The stream of a draw site; `path` and `site` are hashes such as `RandomStream.hash` gives.
    public init(seed: UInt64, run: UInt64, path: UInt64, site: UInt64) {
        let key = RandomStream.spread(seed &+ RandomStream.spread(run ^ 0x6A09_E667_F3BC_C908))
        let place = RandomStream.spread(path &+ RandomStream.spread(site ^ 0xBB67_AE85_84CA_A73B))
        self.key = SIMD2(UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32))
        high = SIMD2(UInt32(truncatingIfNeeded: place), UInt32(truncatingIfNeeded: place >> 32))
        block = SIMD4()
        position = 0
    }

    /// The stream of a draw site of a node that is given by its path, such as `cp.17`.
    public init(seed: UInt64, run: UInt64, path: String, site: UInt64) {
        self.init(seed: seed, run: run, path: RandomStream.hash(path), site: site)
    }

    /// A 64-bit hash of a text, for paths and draw sites.
    public static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return spread(hash)
    }

    /// A bijection of 64 bits whose every output bit depends on every input bit.
    private static func spread(_ value: UInt64) -> UInt64 {
        var x = value &+ 0x9E37_79B9_7F4A_7C15
        x = (x ^ x >> 32) &* 0xD6E8_FEB8_6659_FD93
        x = (x ^ x >> 32) &* 0xD6E8_FEB8_6659_FD93
        return x ^ x >> 32
    }

    // MARK: Uniform numbers

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        let isSecond = position & 1 == 1
        if !isSecond {
            let index = position >> 1
            block = Philox.block(SIMD4(UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32), high.x, high.y), key: key)
        }
        position &+= 1
        return isSecond ? UInt64(block.w) << 32 | UInt64(block.z) : UInt64(block.y) << 32 | UInt64(block.x)
    }

    /// A number in [0, 1), a multiple of 2^-53.
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A number in (0, 1), never 0 and never 1: odd multiples of 2^-53.
    public mutating func openUnit() -> Double { (Double(next() >> 12) + 0.5) * 0x1p-52 }

    /// A number between two bounds, the first included; the first when they are equal.
    public mutating func uniform(_ low: Double, _ high: Double) -> Double {
        let share = unit()
        let value = low * (1 - share) + high * share
        return low <= high ? max(low, min(value, high)) : max(high, min(value, low))
    }

    /// A whole number in [0, count), each equally likely; 0 when `count` is less than 2.
    ///
    /// D. Lemire, "Fast random integer generation in an interval", doi:10.1145/3230636.
    public mutating func choice(_ count: Int) -> Int {
        guard count > 1 else { return 0 }
        let range = UInt64(count)
        var product = range.multipliedFullWidth(by: next())
        if product.low < range {
            let threshold = (0 &- range) % range
            while product.low < threshold { product = range.multipliedFullWidth(by: next()) }
        }
        return Int(product.high)
    }

    /// Whether something of this probability happens; never for 0 and less, always for 1 and more.
    public mutating func chance(_ probability: Double) -> Bool { unit() < probability }

    /// `size` different numbers of 0 to `count` - 1 in ascending order, each such set equally likely; O(`count`).
    ///
    /// A `size` outside 0 to `count` is brought inside.
    public mutating func sample(_ size: Int, of count: Int) -> [Int] {
        let count = max(0, count)
        var wanted = max(0, min(size, count))
        var chosen: [Int] = []
        chosen.reserveCapacity(wanted)
        var index = 0
        while wanted > 0 {
            if choice(count - index) < wanted {
                chosen.append(index)
                wanted -= 1
            }
            index += 1
        }
        return chosen
    }
}
