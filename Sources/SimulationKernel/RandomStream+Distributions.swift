extension RandomStream {
    /// A normally distributed number with this mean and standard deviation; one draw.
    public mutating func normal(_ mean: Double, _ deviation: Double) -> Double {
        mean + deviation * Portable.normalQuantile(openUnit())
    }

    /// A number whose logarithm is normally distributed: `median` times e to the power of `sigma` times a standard normal number; one draw.
    public mutating func lognormal(_ median: Double, _ sigma: Double) -> Double {
        median * Portable.exp(sigma * Portable.normalQuantile(openUnit()))
    }

    /// An exponentially distributed number with this mean: the time to the next event of a Poisson process; one draw.
    public mutating func exponential(_ mean: Double) -> Double {
        -mean * Portable.log(openUnit())
    }

    /// The number of events in a span in which `mean` are expected; 0 when `mean` is not positive, means above 1e15 count as 1e15.
    ///
    /// Under 10 by multiplication of uniform numbers, from 10 up by transformed rejection with squeeze (PTRS) of W. Hörmann,
    /// doi:10.1016/0167-6687(93)90997-4.
    public mutating func poisson(_ mean: Double) -> Int {
        guard mean > 0 else { return 0 }
        let mean = min(mean, 1e15)
        if mean < 10 {
            let bound = Portable.exp(-mean)
            var product = openUnit()
            var count = 0
            while product > bound {
                product *= openUnit()
                count += 1
            }
            return count
        }
        let logMean = Portable.log(mean)
        let b = 0.931 + 2.53 * mean.squareRoot()
        let a = -0.059 + 0.02483 * b
        let inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
        let likely = 0.9277 - 3.6224 / (b - 2)
        while true {
            let u = unit() - 0.5
            let v = openUnit()
            let us = 0.5 - u.magnitude
            guard us > 0 else { continue }
            let k = ((2 * a / us + b) * u + mean + 0.43).rounded(.down)
            if us >= 0.07, v <= likely { return Int(k) }
            if k < 0 || (us < 0.013 && v > us) { continue }
            if Portable.log(v * inverseAlpha / (a / (us * us) + b)) <= k * logMean - mean - RandomStream.logFactorial(k) { return Int(k) }
        }
    }

    /// Natural logarithm of a factorial: exact sum for small numbers, Stirling's series from 10 up.
    private static func logFactorial(_ k: Double) -> Double {
        if k < 10 {
            var product = 1.0
            var factor = 2.0
            while factor <= k {
                product *= factor
                factor += 1
            }
            return Portable.log(product)
        }
        let halfLogTwoPi = 0.918_938_533_204_672_741_8
        let inverse = 1 / k
        let square = inverse * inverse
        let series = inverse * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square / 1680)))
        return (k + 0.5) * Portable.log(k) - k + halfLogTwoPi + series
    }
}
