import SimulationKernel

/// Quantiles of the chi-squared distribution.
enum ChiSquared {
    /// The value that a sum of `degrees` squared standard normal numbers exceeds with a probability.
    static func upperQuantile(_ probability: Double, degrees: Int) -> Double {
        if degrees == 1 {
            let z = Portable.normalQuantile(probability / 2)
            return z * z
        }
        let a = Double(degrees) / 2
        var (low, high) = (0.0, a + 10)
        while upperTail(a, high) > probability { high *= 2 }
        for _ in 0..<200 {
            let middle = (low + high) / 2
            if middle == low || middle == high { break }
            if upperTail(a, middle) > probability { low = middle } else { high = middle }
        }
        // Half of the sum of squares is gamma distributed: twice the middle.
        return low + high
    }

    /// The regularised incomplete gamma function Q(a, x) for a = n/2: by its series below a + 1, by Lentz's continued fraction above.
    ///
    /// Abramowitz and Stegun, "Handbook of Mathematical Functions", 6.5.29 and 6.5.31.
    private static func upperTail(_ a: Double, _ x: Double) -> Double {
        guard x > 0 else { return 1 }
        let front = Portable.exp(a * Portable.log(x) - x - logGamma(a))
        if x < a + 1 {
            var term = 1 / a
            var sum = term
            var n = a
            while term > sum * 1e-17 {
                n += 1
                term *= x / n
                sum += term
            }
            return 1 - sum * front
        }
        var b = x + 1 - a
        var c = 1e300
        var d = 1 / b
        var h = d
        for i in 1...10_000 {
            let an = -Double(i) * (Double(i) - a)
            b += 2
            d = 1 / (an * d + b)
            c = b + an / c
            let factor = c * d
            h *= factor
            if (factor - 1).magnitude < 1e-16 { break }
        }
        return h * front
    }

    /// ln Γ(a) for a = n/2 with n > 0, by the recurrence from Γ(1/2) and Γ(1).
    private static func logGamma(_ a: Double) -> Double {
        var sum = a.rounded() == a ? 0 : 0.5723649429247001
        var x = a.rounded() == a ? 1 : 0.5
        while x < a {
            sum += Portable.log(x)
            x += 1
        }
        return sum
    }
}
