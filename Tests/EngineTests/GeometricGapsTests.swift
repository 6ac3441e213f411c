import SimulationKernel
import Testing

@testable import Engine

@Suite("gaps between successes")
struct GeometricGapsTests {
    @Test("gaps have the mean, the share of none and the tail of the geometric distribution", arguments: [0.5, 0.1, 0.03, 0.02, 0.019, 0.002])
    func distribution(_ probability: Double) {
        let gaps = GeometricGaps(probability)
        var stream = RandomStream(seed: 7, run: 0, path: "gaps", site: 0)
        let draws = 40_000
        var (sum, none, long) = (0.0, 0, 0)
        let far = Int(2 / probability)
        for _ in 0..<draws {
            let gap = gaps.next(&stream)
            sum += Double(gap)
            if gap == 0 { none += 1 }
            if gap >= far { long += 1 }
        }
        let mean = (1 - probability) / probability
        #expect(abs(sum / Double(draws) - mean) < 5 * mean / Double(draws).squareRoot() + 0.01)
        #expect(abs(Double(none) / Double(draws) - probability) < 5 * (probability / Double(draws)).squareRoot())
        let tail = Portable.exp(Double(far) * Portable.log(1 - probability))
        #expect(abs(Double(long) / Double(draws) - tail) < 5 * (tail / Double(draws)).squareRoot())
    }

    @Test("probabilities at the ends and beyond them end at once", arguments: [-1, 0, 1e-300, 1, 2, .nan])
    func ends(_ probability: Double) {
        let gaps = GeometricGaps(probability)
        var stream = RandomStream(seed: 7, run: 0, path: "gaps", site: 0)
        #expect(gaps.next(&stream) >= 0)
    }
}
