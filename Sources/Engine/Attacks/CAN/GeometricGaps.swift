import SimulationKernel

/// How many trials fail before one succeeds, when each succeeds with the same probability and independently of the others.
///
/// A number of the stream is compared with the probabilities of the first 64 counts, in raw memory. When it lies beyond, 64 trials have failed and the
/// rest is drawn anew, as the number of further failures does not depend on those that were. Where successes are rare the logarithm gives the number at
/// once.
final class GeometricGaps {
    /// Probability that there are at most so many failures, in units of 2^-64; none where successes are rare.
    private let bounds: UnsafeMutablePointer<UInt64>?
    /// Failures for each unit of the logarithm of a draw.
    private let spread: Double
    private static let count = 64

    /// Trials of a probability above 0 and below 1; others are brought inside.
    init(_ probability: Double) {
        let failure = 1 - min(max(probability, 0x1p-52), 1 - 0x1p-52)
        spread = 1 / Portable.log(failure)
        guard probability >= 0.02 else {
            bounds = nil
            return
        }
        let bounds = UnsafeMutablePointer<UInt64>.allocate(capacity: Self.count)
        var none = 1.0
        for place in 0..<Self.count {
            none *= failure
            let bound = (1 - none) * 0x1p64
            (bounds + place).initialize(to: bound < 0x1p64 ? UInt64(max(0, bound)) : .max)
        }
        self.bounds = bounds
    }

    deinit { bounds?.deallocate() }

    /// The failures before the next success.
    func next(_ stream: inout RandomStream) -> Int {
        guard let bounds else { return Int(min(0x1p52, Portable.log(stream.openUnit()) * spread)) }
        var failures = 0
        while true {
            let draw = stream.next()
            // The first bounds are met most often.
            for place in 0..<Self.count where draw < bounds[place] { return failures + place }
            failures += Self.count
        }
    }
}
