/// Elementary functions that give the same bits on every machine: `+ - * /` and bit operations only.
///
/// A C library picks variants by processor that differ in the last place; these do not. The error bounds are stated with each function
/// and tested against the C library.
public enum Portable {
    // ln 2 in two parts: the first has 33 significant bits, so that its product with an exponent is exact.
    private static let logTwoHigh = 0x1.62e42feep-1
    private static let logTwoLow = 0x1.a39ef35793c76p-33

    /// Natural logarithm, relative error under 4e-16; `nan` for negative numbers, -infinity for zero.
    ///
    /// With x = 2^k m, m in [sqrt(1/2), sqrt(2)) and s = (m - 1)/(m + 1): log m = 2s + 2s^3/3 + 2s^5/5 + ...; s^2 < 0.0295, so that the
    /// first term left out is under 2^-58 of the sum.
    public static func log(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? -.infinity : .nan }
        guard x < .infinity else { return x }
        var exponent = Double(x.exponent)
        var m = x.significand
        if m > 0x1.6a09e667f3bcdp0 {
            m *= 0.5
            exponent += 1
        }
        let f = m - 1
        let s = f / (2 + f)
        let z = s * s
        var sum: Double = 2 / 23
        sum = sum * z + 2.0 / 21
        sum = sum * z + 2.0 / 19
        sum = sum * z + 2.0 / 17
        sum = sum * z + 2.0 / 15
        sum = sum * z + 2.0 / 13
        sum = sum * z + 2.0 / 11
        sum = sum * z + 2.0 / 9
        sum = sum * z + 2.0 / 7
        sum = sum * z + 2.0 / 5
        sum = sum * z + 2.0 / 3
        // 2s = f - s f, so log m = f - s (f - z sum): the leading term is exact.
        let tail = s * (f - z * sum)
        return exponent * logTwoHigh + (f - (tail - exponent * logTwoLow))
    }

    /// The exponential function, relative error under 4e-16 where the result is a normal number.
    ///
    /// With x = k ln 2 + r, |r| < 0.35, the Taylor series of r up to r^14/14!; what is left out is under 2^-60.
    public static func exp(_ x: Double) -> Double {
        guard !x.isNaN else { return x }
        if x > 709.79 { return .infinity }
        if x < -745.2 { return 0 }
        let k = (x * 0x1.71547652b82fep0).rounded(.toNearestOrEven)
        let high = x - k * logTwoHigh
        let low = k * logTwoLow
        let r = high - low
        var sum: Double = 1.0 / 87_178_291_200
        sum = sum * r + 1.0 / 6_227_020_800
        sum = sum * r + 1.0 / 479_001_600
        sum = sum * r + 1.0 / 39_916_800
        sum = sum * r + 1.0 / 3_628_800
        sum = sum * r + 1.0 / 362_880
        sum = sum * r + 1.0 / 40_320
        sum = sum * r + 1.0 / 5_040
        sum = sum * r + 1.0 / 720
        sum = sum * r + 1.0 / 120
        sum = sum * r + 1.0 / 24
        sum = sum * r + 1.0 / 6
        sum = sum * r + 0.5
        // exp r = 1 + (r + r^2 sum), and r itself was rounded: its lost part goes back in.
        let lost = (high - r) - low
        let result = 1 + (r + (r * r * sum + lost))
        // In two steps, so that neither scale overflows.
        let half = Int(k) / 2
        return result * scale(half) * scale(Int(k) - half)
    }

    /// A power of two with an exponent of -1022 to 1023.
    private static func scale(_ exponent: Int) -> Double { Double(bitPattern: UInt64(exponent + 1023) << 52) }

    /// Sine and cosine of an angle in radians, absolute error under 4e-16 for angles up to 1e5; larger ones lose digits, `nan` beyond 1e9.
    public static func sineAndCosine(_ x: Double) -> (sine: Double, cosine: Double) {
        guard x.magnitude <= 1e9 else { return (.nan, .nan) }
        // pi/2 in three parts of 33, 33 and 53 bits.
        let quarter = (x * 0x1.45f306dc9c883p-1).rounded(.toNearestOrEven)
        let a = x - quarter * 0x1.921fb544p0
        let b = quarter * 0x1.0b4611a6p-34
        let high = a - b
        let low = quarter * 0x1.3198a2e037073p-69 - ((a - high) - b)
        let r = high - low
        let z = r * r
        var s: Double = -1.0 / 121_645_100_408_832_000
        s = s * z + 1.0 / 355_687_428_096_000
        s = s * z - 1.0 / 1_307_674_368_000
        s = s * z + 1.0 / 6_227_020_800
        s = s * z - 1.0 / 39_916_800
        s = s * z + 1.0 / 362_880
        s = s * z - 1.0 / 5_040
        s = s * z + 1.0 / 120
        s = s * z - 1.0 / 6
        let lost = (high - r) - low
        let sine = r + (r * z * s + lost)
        var c: Double = 1.0 / 2_432_902_008_176_640_000
        c = c * z - 1.0 / 6_402_373_705_728_000
        c = c * z + 1.0 / 20_922_789_888_000
        c = c * z - 1.0 / 87_178_291_200
        c = c * z + 1.0 / 479_001_600
        c = c * z - 1.0 / 3_628_800
        c = c * z + 1.0 / 40_320
        c = c * z - 1.0 / 720
        c = c * z + 1.0 / 24
        let cosine = 1 - (z * 0.5 - (z * z * c - r * lost))
        switch Int(quarter) & 3 {
        case 0: return (sine, cosine)
        case 1: return (cosine, -sine)
        case 2: return (-sine, -cosine)
        default: return (-cosine, sine)
        }
    }

    /// The standard normal number that a share `p` of all lies below, relative error under 1e-15; -infinity at 0, infinity at 1.
    ///
    /// The rational approximations PPND16 of M. J. Wichura, algorithm AS 241, doi:10.2307/2347330.
    public static func normalQuantile(_ p: Double) -> Double {
        guard p > 0, p < 1 else { return p == 0 ? -.infinity : p == 1 ? .infinity : .nan }
        let q = p - 0.5
        if q.magnitude <= 0.425 {
            let r = 0.180625 - q * q
            let numerator = polynomial(
                r, 2.509_080_928_730_122_672_7e3, 3.343_057_558_358_812_810_5e4, 6.726_577_092_700_870_085_3e4, 4.592_195_393_154_987_145_7e4,
                1.373_169_376_550_946_112_5e4, 1.971_590_950_306_551_442_7e3, 1.331_416_678_917_843_774_5e2, 3.387_132_872_796_366_608_0)
            let denominator = polynomial(
                r, 5.226_495_278_852_854_561_0e3, 2.872_908_573_572_194_267_4e4, 3.930_789_580_009_271_061_0e4, 2.121_379_430_158_659_586_7e4,
                5.394_196_021_424_751_107_7e3, 6.871_870_074_920_579_082_6e2, 4.231_333_070_160_091_125_2e1, 1)
            return q * numerator / denominator
        }
        let tail = (-log(q < 0 ? p : 1 - p)).squareRoot()
        let magnitude: Double
        if tail <= 5 {
            let r = tail - 1.6
            let numerator = polynomial(
                r, 7.745_450_142_783_414_076_40e-4, 2.272_384_498_926_918_458_33e-2, 2.417_807_251_774_506_117_70e-1, 1.270_458_252_452_368_382_58,
                3.647_848_324_763_204_605_04, 5.769_497_221_460_691_405_50, 4.630_337_846_156_545_295_90, 1.423_437_110_749_683_577_34)
            let denominator = polynomial(
                r, 1.050_750_071_644_416_843_24e-9, 5.475_938_084_995_344_946_00e-4, 1.519_866_656_361_645_719_66e-2, 1.481_039_764_274_800_745_90e-1,
                6.897_673_349_851_000_045_50e-1, 1.676_384_830_183_803_849_40, 2.053_191_626_637_758_821_87, 1)
            magnitude = numerator / denominator
        } else {
            let r = tail - 5
            let numerator = polynomial(
                r, 2.010_334_399_292_288_132_65e-7, 2.711_555_568_743_487_578_15e-5, 1.242_660_947_388_078_438_60e-3, 2.653_218_952_657_612_309_30e-2,
                2.965_605_718_285_048_912_30e-1, 1.784_826_539_917_291_335_80, 5.463_784_911_164_114_369_90, 6.657_904_643_501_103_777_20)
            let denominator = polynomial(
                r, 2.044_263_103_389_939_785_64e-15, 1.421_511_758_316_445_888_70e-7, 1.846_318_317_510_054_681_80e-5, 7.868_691_311_456_132_591_00e-4,
                1.487_536_129_085_061_485_25e-2, 1.369_298_809_227_358_053_10e-1, 5.998_322_065_558_879_376_90e-1, 1)
            magnitude = numerator / denominator
        }
        return q < 0 ? -magnitude : magnitude
    }

    /// A polynomial of degree seven by Horner's rule, highest power first.
    private static func polynomial(
        _ x: Double, _ c7: Double, _ c6: Double, _ c5: Double, _ c4: Double, _ c3: Double, _ c2: Double, _ c1: Double, _ c0: Double
    ) -> Double {
        var sum = c7 * x + c6
        sum = sum * x + c5
        sum = sum * x + c4
        sum = sum * x + c3
        sum = sum * x + c2
        sum = sum * x + c1
        return sum * x + c0
    }
}
