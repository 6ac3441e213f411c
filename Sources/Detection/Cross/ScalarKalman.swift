/// A Kalman filter for one number: a prediction with its variance, corrected by measurements.
///
/// R. E. Kalman, "A new approach to linear filtering and prediction problems", Journal of Basic Engineering 82 (1960) 35-45.
struct ScalarKalman {
    /// The state and its variance.
    var x: Double
    var p: Double

    /// What a measurement says about the prediction.
    struct Innovation {
        /// Measurement minus prediction.
        var difference: Double
        /// Its variance.
        var variance: Double
        /// Squared difference over variance: chi-squared with one degree of freedom when the model is right.
        var squared: Double { difference * difference / variance }
    }

    /// The state moves by itself: `x = keep * x + shift`, and gains a variance.
    @inline(__always)
    mutating func predict(keep: Double, shift: Double, variance: Double) {
        x = keep * x + shift
        p = keep * keep * p + variance
    }

    @inline(__always)
    func innovation(_ y: Double, noise: Double) -> Innovation { Innovation(difference: y - x, variance: p + noise) }

    /// The state takes the measurement in.
    @inline(__always)
    mutating func correct(_ innovation: Innovation) {
        let gain = p / innovation.variance
        x += gain * innovation.difference
        p *= 1 - gain
    }
}
