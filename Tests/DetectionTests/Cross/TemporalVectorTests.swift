import Foundation
import Quantities
import Testing

@testable import Detection

/// A number of a vector file, where infinities are texts and no value is null.
struct VectorNumber: Decodable {
    let value: Double?

    init(from decoder: any Decoder) throws {
        let single = try decoder.singleValueContainer()
        if single.decodeNil() {
            value = nil
        } else if let text = try? single.decode(String.self) {
            value = text == "inf" ? .infinity : text == "-inf" ? -.infinity : nil
        } else {
            value = try single.decode(Double.self)
        }
    }
}

struct DiscreteFile: Decodable {
    struct Case: Decodable, CustomTestStringConvertible {
        let name: String
        let formula: String
        let horizon_samples: Int?
        let robustness: [String: [VectorNumber]]
        var testDescription: String { name }
    }
    let traces: [String: [String: [Double]]]
    let cases: [Case]

    static let shared = try? JSONDecoder().decode(DiscreteFile.self, from: VectorFile.data("stl_discrete.json"))
}

struct DenseFile: Decodable {
    struct Case: Decodable, CustomTestStringConvertible {
        let name: String
        let formula: String
        let horizon_s: Double
        let query_t: [Double]
        let robustness: [VectorNumber]
        var testDescription: String { name }
    }
    let signals: [String: [[Double]]]
    let cases: [Case]

    static let shared = try? JSONDecoder().decode(DenseFile.self, from: VectorFile.data("stl_dense.json"))
}

struct TemporalVectorTests {
    private func same(_ a: Double?, _ b: Double?) -> Bool {
        guard let a, let b else { return (a == nil) == (b == nil) }
        return a == b || abs(a - b) <= 1e-8
    }

    /// The robustness of every row, with the state saved and restored, or the monitor cut, as asked.
    private func rows(_ text: String, _ trace: [String: [Double]], restoringAt cut: Int? = nil) throws -> [Double?] {
        let (formula, atoms) = STLText.read(text)
        var monitor = try TemporalMonitor(formula, verdict: .exact)
        let count = trace.values.first?.count ?? 0
        let horizon = Int(monitor.horizon.seconds)
        var rows: [Double?] = []
        for row in 0..<count {
            if row == cut {
                var writer = StateWriter()
                monitor.save(&writer)
                monitor = try TemporalMonitor(formula, verdict: .exact)
                var reader = StateReader(writer.bytes)
                try monitor.restore(&reader)
                #expect(reader.isAtEnd)
            }
            let now = Instant(seconds: Double(row))
            monitor.feed(atoms, trace.mapValues { $0[row] }, at: now)
            monitor.advance(to: now)
            if row >= horizon { rows.append(monitor.robustness) }
        }
        monitor.finish(at: Instant(seconds: Double(count)))
        while rows.count < count {
            monitor.advance(to: Instant(seconds: Double(rows.count + horizon)))
            rows.append(monitor.robustness)
        }
        monitor.advance(to: Instant(seconds: Double(count + horizon)))
        #expect(monitor.robustness == nil)
        return rows
    }

    @Test("formulas over samples have the robustness of RTAMT", arguments: DiscreteFile.shared?.cases ?? [])
    func discrete(_ item: DiscreteFile.Case) throws {
        // RTAMT's iff is the distance of both sides, whatever their truth: other tests look at ours.
        guard !["iff", "xor", "unbounded-future"].contains(item.name) else { return }
        for (name, trace) in try #require(DiscreteFile.shared).traces.sorted(by: { $0.key < $1.key }) {
            let found = try rows(item.formula, trace)
            let expected = try #require(item.robustness[name])
            #expect(found.count == expected.count)
            for (row, (a, b)) in zip(found, expected).enumerated() where !same(a, b.value) {
                Issue.record("\(name) row \(row): \(String(describing: a)) instead of \(String(describing: b.value))")
                break
            }
            for cut in [1, 7, 60] { #expect(try rows(item.formula, trace, restoringAt: cut).elementsEqual(found)) }
        }
    }

    @Test("all temporal vectors are there")
    func count() {
        #expect(DiscreteFile.shared?.cases.count == 25)
        #expect(DenseFile.shared?.cases.count == 8)
    }

    @Test("an unbounded future is refused below the top, and an outermost always without an end is judged at every instant")
    func unbounded() throws {
        let item = try #require(DiscreteFile.shared?.cases.first { $0.name == "unbounded-future" })
        let (formula, atoms) = STLText.read(item.formula)
        #expect(throws: DetectionError.self) { try TemporalMonitor(formula, verdict: .exact) }
        #expect(throws: DetectionError.self) { try TemporalMonitor(.eventually(.all, formula)) }
        for (name, trace) in try #require(DiscreteFile.shared).traces.sorted(by: { $0.key < $1.key }) {
            let monitor = try TemporalMonitor(formula)
            for row in 0..<120 { monitor.feed(atoms, trace.mapValues { $0[row] }, at: Instant(seconds: Double(row))) }
            monitor.advance(to: Instant(seconds: 119))
            #expect(same(monitor.takeWorst()?.robustness, item.robustness[name]?.first?.value))
        }
    }

    @Test("formulas over steps at irregular times have the robustness of RTAMT", arguments: DenseFile.shared?.cases ?? [])
    func dense(_ item: DenseFile.Case) throws {
        let signals = try #require(DenseFile.shared).signals
        let (formula, atoms) = STLText.read(item.formula)
        let monitor = try TemporalMonitor(formula, verdict: .exact)
        var steps = signals.flatMap { name, steps in steps.map { (t: $0[0], name: name, value: $0[1]) } }
        steps.sort { ($0.t, $0.name) < ($1.t, $1.name) }
        var sample: [String: Double] = [:]
        var place = 0
        func feed(until time: Double) {
            while place < steps.count, steps[place].t <= time {
                let now = steps[place].t
                while place < steps.count, steps[place].t == now {
                    sample[steps[place].name] = steps[place].value
                    place += 1
                }
                monitor.feed(atoms, sample, at: Instant(seconds: now))
            }
            monitor.advance(to: Instant(seconds: time))
        }
        for (time, expected) in zip(item.query_t, item.robustness) {
            feed(until: time + item.horizon_s)
            #expect(same(monitor.robustness, expected.value), "at \(time)")
        }
    }
}
