import Foundation
import SimulationKernel
import Testing

@Test("The logarithm agrees with the C library within 4e-16")
func logarithm() {
    var random = TestGenerator(state: 7)
    for _ in 0..<20_000 {
        let x = Double(bitPattern: random.next() >> 1)
        guard x.isFinite, x > 0 else { continue }
        let expected = log(x)
        #expect(abs(Portable.log(x) - expected) <= 4e-16 * abs(expected))
        let near = 1 + (Double(random.next() >> 11) * 0x1p-53 - 0.5)
        #expect(abs(Portable.log(near) - log(near)) <= 4e-16 * abs(log(near)))
    }
    #expect(Portable.log(1) == 0)
    #expect(Portable.log(0) == -.infinity)
    #expect(Portable.log(-1).isNaN)
    #expect(Portable.log(.nan).isNaN)
    #expect(Portable.log(.infinity) == .infinity)
    #expect(abs(Portable.log(Double.leastNonzeroMagnitude) - log(Double.leastNonzeroMagnitude)) < 1e-13)
}

@Test("The exponential function agrees with the C library within 4e-16")
func exponential() {
    var random = TestGenerator(state: 8)
    for _ in 0..<20_000 {
        let x = (Double(random.next() >> 11) * 0x1p-53 - 0.5) * 1400
        let expected = exp(x)
        #expect(abs(Portable.exp(x) - expected) <= 4e-16 * expected)
        let small = x / 1400
        #expect(abs(Portable.exp(small) - exp(small)) <= 4e-16 * exp(small))
    }
    #expect(Portable.exp(0) == 1)
    #expect(Portable.exp(710) == .infinity)
    #expect(Portable.exp(-.infinity) == 0)
    #expect(Portable.exp(.nan).isNaN)
    #expect(abs(Portable.exp(-740) - exp(-740)) <= Double.leastNonzeroMagnitude)
}

@Test("Sine and cosine agree with the C library within 4e-16")
func sineAndCosine() {
    var random = TestGenerator(state: 9)
    for _ in 0..<20_000 {
        let x = (Double(random.next() >> 11) * 0x1p-53 - 0.5) * 2e5
        let (sine, cosine) = Portable.sineAndCosine(x)
        #expect(abs(sine - sin(x)) <= 4e-16)
        #expect(abs(cosine - cos(x)) <= 4e-16)
        let small = Portable.sineAndCosine(x / 1e5)
        #expect(abs(small.sine - sin(x / 1e5)) <= 4e-16)
    }
    #expect(Portable.sineAndCosine(.infinity).sine.isNaN)
    #expect(Portable.sineAndCosine(.nan).cosine.isNaN)
    #expect(Portable.sineAndCosine(0) == (0, 1))
}

@Test("The normal quantile gives published values and inverts the error function")
func quantile() {
    #expect(Portable.normalQuantile(0.5) == 0)
    #expect(abs(Portable.normalQuantile(0.25) + 0.674_489_750_196_081_7) < 1e-15)
    #expect(abs(Portable.normalQuantile(0.975) - 1.959_963_984_540_054) < 2e-15)
    #expect(abs(Portable.normalQuantile(0.001) + 3.090_232_306_167_813_5) < 3e-15)
    #expect(abs(Portable.normalQuantile(1e-20) + 9.262_340_089_798_408) < 1e-14)
    for step in 1..<2000 {
        let p = Double(step) / 2000
        let x = Portable.normalQuantile(p)
        #expect(abs(0.5 * erfc(-x / 2.0.squareRoot()) - p) < 4e-16)
        #expect(abs(x + Portable.normalQuantile(1 - p)) < 1e-12)
    }
    #expect(Portable.normalQuantile(0) == -.infinity)
    #expect(Portable.normalQuantile(1) == .infinity)
    #expect(Portable.normalQuantile(1.5).isNaN)
}
