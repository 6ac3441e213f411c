import Testing

@testable import Plotting

/// Pictures of how long things took.
@Suite("Distributions") struct DistributionTests {
    /// Rows of three kinds: spread, two humps with answers that took no time, and nothing at all.
    static func chart() -> DistributionChart {
        func bins(_ values: [(Double, Double)]) -> [DistributionChart.Row.Bin] { values.map { .init(from: $0.0, to: $0.0 * 1.125, count: $0.1) } }
        var chart = DistributionChart(
            title: "Answer times",
            rows: [
                .init(
                    name: "Heartbeat", note: "1200 calls",
                    bins: bins([(0.008, 20), (0.009, 80), (0.0102, 300), (0.0115, 500), (0.013, 200), (0.0147, 80), (0.0166, 20)]),
                    values: [0.0118, 0.0139, 0.0164, 0.0178]),
                .init(
                    name: "MeterValues", note: "900 calls, 12 unanswered",
                    bins: [.init(from: 0, to: 1e-9, count: 100)] + bins([(0.01, 300), (0.012, 300), (1.1, 60), (1.3, 120), (1.5, 20)]),
                    values: [0.012, 1.31, 1.6, 1.65]),
                .init(name: "Authorize", note: "3 calls, 3 unanswered", bins: [], values: []),
            ])
        chart.subtitle = "two networks · seed 1"
        chart.axis = "Time from call to answer"
        (chart.width, chart.height) = (760, 360)
        return chart
    }

    @Test("Answer times look as they should")
    func golden() throws {
        try compareGolden("distribution", Self.chart().render())
        var dark = Self.chart()
        dark.theme = .dark
        dark.scale = 2
        (dark.width, dark.height) = (420, 240)
        try compareGolden("distribution-dark-2x", dark.render())
    }

    @Test("Every size and every number of rows can be drawn, and a size that cannot is an error")
    func sizes() throws {
        for (width, height) in [(200.0, 120.0), (300, 900), (1600, 120)] {
            for count in [0, 1, 3, 40] {
                var chart = Self.chart()
                chart.rows = (0..<count).map { chart.rows[$0 % 3] }
                (chart.width, chart.height) = (width, height)
                #expect(try chart.render().count > 100)
            }
        }
        var chart = Self.chart()
        chart.width = 100
        #expect(throws: PlotError.self) { try chart.render() }
        chart = Self.chart()
        chart.rows = [
            .init(name: "x", bins: [.init(from: .nan, to: .infinity, count: 3), .init(from: 3, to: 2, count: -1)], values: [.nan, .infinity, -1, 0])
        ]
        #expect(try chart.render().count > 100)
    }

    @Test("The axis begins and ends at 1, 2 or 5 of a decade, and holds all times")
    func axis() {
        let cases: [(Double, Double, String, String)] = [
            (0.013, 1.3, "10 ms", "2 s"), (0.2, 0.2, "50 ms", "500 ms"), (1e-9, 3600, "1 ns", "1.39 h"), (0.001, 0.001, "200 µs", "5 ms"),
            (7, 9, "2 s", "20 s"),
        ]
        for (least, greatest, first, last) in cases {
            let axis = LogarithmicAxis(least, greatest)
            let ticks = axis.ticks(labelled: false)
            #expect(axis.place(least) >= 0 && axis.place(greatest) <= 1 && axis.high - axis.low > 0.5)
            #expect(ticks.first?.text == first && ticks.last?.text == last, "\(least) to \(greatest): \(ticks.first?.text ?? "") … \(ticks.last?.text ?? "")")
        }
        #expect(LogarithmicAxis(.infinity, 0).place(0.01) > 0)
        for value in [1e-9, 3.3e-4, 0.7, 1, 2, 9.99, 10, 12_345.678, 1e12] {
            let digits = LogarithmicAxis.log10(value)
            var power = 1.0
            // 10^x by its series, to check the logarithm without one.
            let x = (digits - digits.rounded()) * 2.302585092994046
            var term = 1.0
            for index in 1..<30 {
                term *= x / Double(index)
                power += term
            }
            #expect(abs(NumberText.scaled(power, by: Int(digits.rounded())) / value - 1) < 1e-11, "\(value)")
        }
    }
}
