import CReference
import Detection
import Quantities

/// How many samples a second each kind of detector takes, in rows and one by one, beside plain C loops in the same process.
enum DetectorBenchmark {
    private static let count = 1 << 19

    /// The kinds with settings under which every sample is judged, and what is accepted in millions of samples a second in rows.
    private static let kinds: [(kind: String, name: String, values: [String: DetectorSettingValue], bar: Double?)] = [
        ("threshold", "threshold", ["above": .number(50)], nil),
        ("moving-range", "moving-range", ["above": .number(20)], 100),
        ("moving-variance", "moving-variance", ["above": .number(400)], 100),
        ("moving-std", "moving-std", ["above": .number(20)], 100),
        ("rate-of-change", "rate-of-change", ["above": .number(40)], nil),
        ("oscillation", "oscillation", ["swing": .number(20)], nil),
        ("band", "band", ["above": .number(50), "below": .number(5)], nil),
        ("flatline", "flatline", ["epsilon": .number(1)], nil),
        ("zscore", "zscore.alpha", ["alpha": .number(0.05)], 100),
        ("zscore", "zscore.window", ["samples": .count(50)], nil),
        ("zscore", "zscore.all", [:], nil),
        ("ewma-residual", "ewma-residual", [:], nil),
        ("hampel", "hampel.200", [:], 3),
        ("quantile", "quantile", [:], nil),
        ("iqr", "iqr.window", ["samples": .count(200)], nil),
        ("ewma-chart", "ewma-chart", ["mean": .number(30), "sigma": .number(17)], 100),
        ("cusum", "cusum", ["mean": .number(30), "sigma": .number(17)], 100),
        ("page-hinkley", "page-hinkley", [:], nil),
        ("adwin", "adwin", [:], 15),
        ("spot", "spot", [:], nil),
        ("dspot", "dspot", [:], nil),
        ("goertzel", "goertzel.2", ["frequencies": .texts(["0.1", "0.125"]), "above": .number(10)], nil),
        ("autocorrelation", "autocorrelation", [:], nil),
        ("seasonal-baseline", "seasonal-baseline", ["period": .duration(.seconds(3600)), "slots": .count(60)], nil),
        ("histogram-rarity", "histogram-rarity", ["from": .number(0), "to": .number(60)], 15),
        ("rarity2d", "rarity2d", ["from": .number(0), "to": .number(60)], nil),
        ("markov", "markov", ["from": .number(0), "to": .number(60)], nil),
        ("monotonic", "monotonic", [:], nil),
    ]

    static func run() -> [Measurement] {
        let times = (0..<count).map { Instant(nanoseconds: Int64($0) * 1_000_000_000) }
        var state: UInt64 = 1
        let values = (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) * 0x1p-53 * 60
        }
        var scores = [Double](repeating: 0, count: count)
        var results: [Measurement] = []
        var batch: [String: Double] = [:]
        times.withUnsafeBufferPointer { times in
            values.withUnsafeBufferPointer { values in
                scores.withUnsafeMutableBufferPointer { scores in
                    for entry in kinds {
                        let (rows, single) = measure(entry.kind, entry.values, times, values, scores)
                        batch[entry.name] = rows
                        results.append(Measurement(name: "detectors.\(entry.name)", value: rows, unit: "M samples/s in rows", bar: entry.bar))
                        results.append(Measurement(name: "detectors.\(entry.name)", value: single, unit: "M samples/s one by one"))
                    }
                    results += references(values, scores, batch)
                }
            }
        }
        return results
    }

    /// The best of some rounds of each way, in millions of samples a second.
    private static func measure(
        _ kind: String, _ settings: [String: DetectorSettingValue], _ times: UnsafeBufferPointer<Instant>, _ values: UnsafeBufferPointer<Double>,
        _ scores: UnsafeMutableBufferPointer<Double>
    ) -> (rows: Double, single: Double) {
        guard let made = (DetectorKind.all + DetectorKind.signalKinds).first(where: { $0.name == kind }) else { return (0, 0) }
        var check = 0.0
        let least = leastTimes(
            repeats: 5,
            [
                {
                    guard let detector = try? made.makeDetector(settings) else { return }
                    detector.update(times: times, values: values, scores: scores)
                },
                {
                    guard let detector = try? made.makeDetector(settings) else { return }
                    for index in 0..<count { check += detector.update(at: times[index], value: values[index]) ?? 0 }
                },
            ])
        guard check.isFinite else { return (0, 0) }
        return (Double(count) / least[0] / 1e6, Double(count) / least[1] / 1e6)
    }

    /// The same work in C, and how the detectors compare with it.
    private static func references(
        _ values: UnsafeBufferPointer<Double>, _ scores: UnsafeMutableBufferPointer<Double>, _ batch: [String: Double]
    ) -> [Measurement] {
        let (x, out, number) = (values.baseAddress, scores.baseAddress, UInt64(count))
        let least = leastTimes(
            repeats: 5,
            [
                { creference_windowed_variance(x, number, 10, 400, out) },
                { creference_ewma_z(x, number, 0.05, 3, out) },
                { creference_histogram_rarity(x, number, 0, 60, 100, 2000, 2.7, out) },
            ])
        let names = ["moving-variance", "zscore.alpha", "histogram-rarity"]
        return zip(names, least).flatMap { name, time in
            let rate = Double(count) / time / 1e6
            return [
                Measurement(name: "detectors.c.\(name)", value: rate, unit: "M samples/s"),
                Measurement(name: "detectors.\(name)", value: (batch[name] ?? 0) / rate, unit: "of the C loop"),
            ]
        }
    }
}
