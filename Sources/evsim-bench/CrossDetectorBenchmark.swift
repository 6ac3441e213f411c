import Detection
import Quantities

/// Samples a second of the detectors over several signals.
enum CrossDetectorBenchmark {
    static func run(repeats: Int = 5) -> [Measurement] {
        do {
            return try temporal(repeats) + forests(repeats) + others(repeats)
        } catch {
            return [Measurement(name: "detectors-cross.error \(error)", value: 0, unit: "", bar: 1)]
        }
    }

    private static let second: Int64 = 1_000_000_000

    /// Numbers that swing and jitter, as many as asked for.
    private static func numbers(_ count: Int) -> [Double] {
        var state: UInt64 = 88_172_645_463_325_252
        return (0..<count).map { index in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Double(index % 97) / 10 + Double(state >> 40) / Double(1 << 24)
        }
    }

    private static func temporal(_ repeats: Int) throws -> [Measurement] {
        let x = TemporalFormula.atom(TemporalAtom(input: 0, .atMost))
        let y = TemporalFormula.atom(TemporalAtom(input: 1, .atLeast))
        func bounds(_ from: Int64, _ to: Int64) -> TemporalBounds { TemporalBounds(from: .seconds(from), to: .seconds(to)) }
        let formulas: [(String, TemporalFormula, TemporalMonitor.Verdict, Double?)] = [
            ("always", .always(bounds(0, 10), x), .exact, 20), ("eventually", .eventually(bounds(0, 10), x), .exact, 20),
            ("historically", .historically(bounds(0, 10), x), .exact, 20), ("once-late", .once(bounds(2, 10), x), .exact, nil),
            ("since", .since(bounds(0, 10), x, y), .exact, nil), ("until", .until(bounds(0, 10), x, y), .exact, nil),
            ("limit-obeyed", .always(.all, .implies(x, .eventually(bounds(0, 5), y))), .earliest, nil),
        ]
        let count = 2_000_000
        let values = numbers(count).map { $0 - 8 }
        var sums = [Double](repeating: 0, count: formulas.count)
        let bodies: [() throws -> Void] = formulas.enumerated().map { place, item in
            {
                let monitor = try TemporalMonitor(item.1, verdict: item.2)
                let inputs = item.1.inputCount
                var sum = 0.0
                for index in 0..<count {
                    let now = Instant(nanoseconds: Int64(index) * second)
                    monitor.update(at: now, input: 0, number: values[index])
                    if inputs > 1 { monitor.update(at: now, input: 1, number: values[count - 1 - index]) }
                    monitor.advance(to: now)
                    sum += monitor.robustness ?? 0
                }
                sums[place] = sum
            }
        }
        let times = leastTimes(repeats: repeats, bodies.map { body in { try? body() } })
        return zip(formulas, times).map { Measurement(name: "detectors-cross.mtl-\($0.0)", value: Double(count) / $1 / 1e6, unit: "M samples/s", bar: $0.3) }
    }

    private static func forests(_ repeats: Int) throws -> [Measurement] {
        let count = 60_000
        let features = 4
        let values = numbers(count * features).map { Float($0 / 12) }
        var results: [Measurement] = []
        for (trees, height, bar) in [(25, 15, 0.5), (10, 8, nil)] as [(Int, Int, Double?)] {
            var shape = HalfSpaceForestShape()
            shape.trees = trees
            shape.height = height
            let forest = try HalfSpaceForest(shape, features: features)
            var sum = 0.0
            let times = leastTimes(
                repeats: repeats,
                [
                    {
                        values.withUnsafeBufferPointer { buffer in
                            guard let base = buffer.baseAddress else { return }
                            for row in 0..<count { sum += forest.update(base + row * features) ?? 0 }
                        }
                    }
                ])
            results.append(
                Measurement(name: "detectors-cross.half-space-trees-\(trees)x\(height)", value: Double(count) / times[0] / 1e6, unit: "M samples/s", bar: bar))
            if !sum.isFinite { results.append(Measurement(name: "detectors-cross.sum", value: 0, unit: "", bar: 1)) }
        }
        return results
    }

    private static func others(_ repeats: Int) throws -> [Measurement] {
        let count = 1_000_000
        let values = numbers(count)
        var sum = 0.0
        let short = 50_000
        let times = leastTimes(
            repeats: repeats,
            [
                {
                    guard let detector = try? Consistency(Consistency.Settings()) else { return }
                    for index in 0..<count {
                        sum += detector.update(at: Instant(nanoseconds: Int64(index) * second), input: index & 1, value: values[index]) ?? 0
                    }
                },
                {
                    guard let detector = try? PhysicsModel(PhysicsModel.Settings()) else { return }
                    for index in 0..<count { sum += detector.update(at: Instant(nanoseconds: Int64(index) * second), input: 0, value: values[index]) ?? 0 }
                },
                {
                    guard var profile = try? MatrixProfile(length: 50, lookback: 2000, above: 100) else { return }
                    for index in 0..<short { sum += profile.update(at: Instant(nanoseconds: Int64(index) * second), value: values[index]) ?? 0 }
                },
            ])
        return [
            Measurement(name: "detectors-cross.consistency", value: Double(count) / times[0] / 1e6, unit: "M samples/s"),
            Measurement(name: "detectors-cross.physics-model", value: Double(count) / times[1] / 1e6, unit: "M samples/s"),
            Measurement(name: "detectors-cross.matrix-profile-50-of-2000", value: Double(short) / times[2] / 1e6, unit: "M samples/s"),
            Measurement(name: "detectors-cross.sums", value: sum.isFinite ? 1 : 0, unit: "finite", bar: 1),
        ]
    }
}
