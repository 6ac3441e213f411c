import Foundation
import JSONText
import Quantities
import SimulationKernel
import Testing

@testable import Engine

/// How long answers took: buckets, counters, formulas and pictures.
@Suite("answer times")
struct LatencyTests {
    @Test("quantiles are right within 0.4 %, count, least, greatest and mean are exact", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func quantiles(seed: UInt64) throws {
        var stream = RandomStream(seed: seed, run: 0, path: RandomStream.hash("latency"), site: 0)
        let histogram = LatencyHistogram()
        var values: [Int64] = []
        for _ in 0..<5000 {
            // Eight decades, from nanoseconds on.
            let value = Int64(exp(stream.uniform(0, 20)))
            values.append(value)
            histogram.add(Duration(nanoseconds: value))
        }
        values.sort()
        #expect(histogram.count == 5000)
        #expect(histogram.least.nanoseconds == values[0] && histogram.greatest.nanoseconds == values[4999])
        let mean = try #require(histogram.mean)
        #expect(abs(mean - values.map(Double.init).reduce(0, +) / 5000 / 1e9) < 1e-9)
        for share in [0.001, 0.01, 0.1, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1] {
            let exact = Double(values[Int((share * 5000).rounded(.up)) - 1])
            let found = Double(try #require(histogram.quantile(share)).nanoseconds)
            #expect(abs(found - exact) <= exact * 0.004, "\(share): \(found), not \(exact), seed \(seed)")
        }
    }

    @Test("bins hold every value once, in order and without overlap")
    func bins() {
        let histogram = LatencyHistogram()
        var total: UInt64 = 0
        for shift in 0..<47 {
            for offset: Int64 in [-1, 0, 1] {
                histogram.add(Duration(nanoseconds: max(0, 1 << Int64(shift) + offset)))
                total += 1
            }
        }
        histogram.add(Duration(nanoseconds: -5))
        histogram.add(Duration(nanoseconds: .max))
        let bins = histogram.bins
        #expect(bins.reduce(0) { $0 + $1.count } == total + 2)
        #expect(zip(bins, bins.dropFirst()).allSatisfy { $0.to <= $1.from && $0.from < $0.to })
        #expect(bins[0].from == .zero && bins[0].to.nanoseconds == 1)
        for bin in bins where bin.from.nanoseconds >= 16 { #expect(bin.to.nanoseconds <= bin.from.nanoseconds * 9 / 8, "\(bin)") }
        for shift in 4..<46 { #expect(bins.contains { $0.from.nanoseconds == 1 << shift }, "a bin begins at 2^\(shift)") }
    }

    @Test("two histograms add up, and one without values has no quantile")
    func sum() {
        let (one, other, both) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        #expect(both.quantile(0.5) == nil && both.mean == nil && both.bins.isEmpty)
        for index in 1...100 { one.add(Duration(nanoseconds: Int64(index))) }
        for index in 101...200 { other.add(Duration(nanoseconds: Int64(index))) }
        both.add(one)
        both.add(other)
        both.add(LatencyHistogram())
        #expect(both.count == 200 && both.least.nanoseconds == 1 && both.greatest.nanoseconds == 200)
        #expect(both.quantile(0.5)?.nanoseconds == 100 && both.mean == 100.5e-9)
    }

    private let network = """
        evsim: 1
        scenario: network
        run: {for: 10min}
        nodes:
          csms: {is: csms, heartbeat_every: 60s}
          near: {is: charge-point, csms: csms}
          far: {is: charge-point, csms: csms}
        links:
          road: {between: [csms, far], latency: 100ms}
        plots:
          - {title: All, latencies: [ocpp.*]}
          - {title: Some, latencies: [far.ocpp.Heartbeat, near.ocpp.Heartbeat, ocpp.Authorize]}

        """

    @Test("a call takes as long as both ways of its link; the report has it by action and direction")
    func report() throws {
        let outcome = try run(network + "expect: [=count(ocpp.Heartbeat) > 0]\n")
        #expect(outcome.verdict == .pass)
        let rows = try #require(outcome.report["messages"]?.array)
        let heartbeat = try #require(rows.first { $0["action"]?.string == "Heartbeat" })
        #expect(heartbeat["direction"]?.string == "cp-to-csms")
        let calls = try #require(heartbeat["calls"]?.integer), answers = try #require(heartbeat["answers"]?.integer)
        #expect(calls >= 18 && answers == calls && heartbeat["errors"]?.integer == 0 && heartbeat["unanswered"]?.integer == 0)
        #expect(heartbeat["latency_s"]?["p50"]?.double == 0)
        #expect(heartbeat["latency_s"]?["max"]?.double == 0.2)
        let plots = try #require(outcome.report["plots"]?.array)
        #expect(plots[0]["latencies"]?.array?.map { $0["name"]?.string } == ["BootNotification", "Heartbeat", "StatusNotification"])
        #expect(plots[1]["latencies"]?.array?.map { $0["values_s"]?.array?.last?.double } == [0.2, 0, nil])
        #expect(plots[0]["window_s"] == nil && plots[0]["panels"] == nil)
    }

    @Test("formulas reduce the answer times of all nodes or of one")
    func formulas() throws {
        let outcome = try run(
            network + """
                expect:
                  - =p95(latency(ocpp.Heartbeat)) == 200 ms
                  - =min(latency(ocpp.Heartbeat)) == 0 s
                  - =avg(latency(far.ocpp.Heartbeat)) == 200 ms and max(latency(near.ocpp.Heartbeat)) == 0 s
                  - =max(latency(ocpp.Authorize)) < 1 s

                """)
        #expect(outcome.expectations.map(\.isFulfilled) == [true, true, true, false])
        #expect(outcome.expectations[3].sentence.contains("has no value"), "\(outcome.expectations[3].sentence)")
    }

    @Test("a call that gets no answer is counted as such")
    func unanswered() throws {
        let outcome = try run(
            """
            evsim: 1
            scenario: cut
            run: {for: 60500ms}
            nodes:
              csms: {is: csms, heartbeat_every: 60s}
              cp: {is: charge-point, csms: csms}
            links:
              road: {between: [csms, cp], latency: 400ms}
            expect: [=count(ocpp.Heartbeat) == 1]

            """)
        let rows = try #require(outcome.report["messages"]?.array)
        let heartbeat = try #require(rows.first { $0["action"]?.string == "Heartbeat" })
        #expect(heartbeat["calls"]?.integer == 1)
        // The answer is on its way when the run ends: it was sent, so it counts.
        #expect((heartbeat["answers"]?.integer ?? 0) + (heartbeat["unanswered"]?.integer ?? 0) == 1)
    }

    @Test("the pictures are drawn again from the report, byte for byte")
    func redrawn() throws {
        let run = try Recorded(network, drawsPlots: true)
        let first = try run.directory.bytes("plots/01-all.png"), second = try run.directory.bytes("plots/02-some.png")
        #expect(first.count > 2000 && second.count > 2000)
        _ = try Runner.redraw(runDirectory: run.directory.path)
        #expect(try run.directory.bytes("plots/01-all.png") == first && run.directory.bytes("plots/02-some.png") == second)
    }
}
