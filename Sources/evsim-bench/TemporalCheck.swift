import Detection
import Engine
import Glibc
import Quantities
import ScenarioLanguage

/// Reads formulas and traces from standard input and prints robustness, for the judge beside RTAMT.
///
/// Lines: `formula TEXT` begins a case, `names x y z` gives the plain signals, `sample T V…` a sample in seconds, `end T` the end of the trace and the rows to
/// print: the robustness at every sample, then that of the monitor that reports as early as it can, at every sample. Numbers are printed in full.
enum TemporalCheck {
    private struct Names: FormulaScope {
        var known: [String] = []
        func symbol(named name: String) -> FormulaSymbol? { known.firstIndex(of: name).map { .signal(index: $0, .none) } }
        var knownNames: [String] { known }
    }

    static func run() {
        var scope = Names()
        var text = ""
        var samples: [(time: Double, values: [Double])] = []
        while let line = readLine() {
            let words = line.split(separator: " ").map(String.init)
            switch words.first {
            case "names": scope.known = Array(words.dropFirst())
            case "formula":
                text = String(line.dropFirst(8))
                samples = []
            case "sample": samples.append((Double(words[1]) ?? 0, words.dropFirst(2).map { Double($0) ?? .nan }))
            case "end": judge(text, scope, samples, end: Double(words[1]) ?? 0)
            default: break
            }
        }
    }

    private static func judge(_ text: String, _ scope: Names, _ samples: [(time: Double, values: [Double])], end: Double) {
        do {
            let reading = try TemporalFormulaReader.read(text, scope: scope)
            let formula = reading.formula(scales: [(.none, 1)])
            let exact = try TemporalMonitor(formula, verdict: .exact)
            let early = try TemporalMonitor(formula)
            var rows: [Double] = []
            var worst: [Double] = []
            let horizon = exact.horizon.seconds
            for sample in samples {
                let now = instant(sample.time)
                for (input, condition) in reading.conditions.enumerated() {
                    let number = condition.number { value(of: $0, sample.values) }
                    exact.update(at: now, input: input, number: number)
                    early.update(at: now, input: input, number: number)
                }
                exact.advance(to: now)
                early.advance(to: now)
                worst.append(early.takeWorst()?.robustness ?? .infinity)
                if rows.count < samples.count, samples[rows.count].time + horizon <= sample.time { rows.append(exact.robustness ?? .nan) }
            }
            exact.finish(at: instant(end))
            while rows.count < samples.count {
                exact.advance(to: instant(samples[rows.count].time + horizon))
                rows.append(exact.robustness ?? .nan)
            }
            print("exact", rows.map { "\($0)" }.joined(separator: " "))
            print("early", worst.map { "\($0)" }.joined(separator: " "))
        } catch {
            print("error", "\(error)".replacingNewlines)
        }
    }

    private static func instant(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64((seconds * 1e9).rounded())) }

    private static func value(of formula: Formula, _ values: [Double]) -> Double {
        values.withUnsafeBufferPointer { signals in
            guard let base = signals.baseAddress else { return .nan }
            return formula.evaluate(FormulaInputs(signals: base, aggregates: base, scores: base))
        }
    }
}

extension String {
    fileprivate var replacingNewlines: String { String(map { $0.isNewline ? " " : $0 }) }
}

/// Prints left matrix profiles and scores of forests, for the judge beside a direct search and River.
///
/// Lines: `profile LENGTH LOOKBACK V…` prints the distances, `nan` for none; `forest TREES HEIGHT WINDOW SEED FEATURES V…` the scores row by row.
enum ShapeCheck {
    static func run() {
        while let line = readLine() {
            let words = line.split(separator: " ")
            let numbers = words.dropFirst().map { Double($0) ?? .nan }
            do {
                switch words.first {
                case "profile" where numbers.count > 2: try profile(numbers)
                case "forest" where numbers.count > 5: try forest(numbers)
                default: break
                }
            } catch {
                print("error \(error)")
            }
        }
    }

    private static func profile(_ numbers: [Double]) throws {
        var profile = try MatrixProfile(length: Int(numbers[0]), lookback: Int(numbers[1]), above: 1e9)
        var row: [String] = []
        for (index, value) in numbers.dropFirst(2).enumerated() {
            _ = profile.update(at: Instant(nanoseconds: Int64(index) * 1_000_000_000), value: value)
            row.append("\(profile.statistic ?? .nan)")
        }
        print(row.joined(separator: " "))
    }

    private static func forest(_ numbers: [Double]) throws {
        var shape = HalfSpaceForestShape()
        shape.trees = Int(numbers[0])
        shape.height = Int(numbers[1])
        shape.window = Int(numbers[2])
        shape.seed = UInt64(numbers[3])
        let features = Int(numbers[4])
        let forest = try HalfSpaceForest(shape, features: features)
        let values = numbers.dropFirst(5).map { Float($0) }
        var row: [String] = []
        for start in stride(from: 0, to: values.count - features + 1, by: features) {
            row.append("\(forest.update(Array(values[start..<start + features])) ?? .nan)")
        }
        print(row.joined(separator: " "))
    }
}
