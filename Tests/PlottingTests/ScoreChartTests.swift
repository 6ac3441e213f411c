import Testing

@testable import Plotting

/// Pictures of what detectors made of runs.
@Suite("Timelines and matrices") struct ScoreChartTests {
    static func timeline() -> TimelineChart {
        var chart = TimelineChart(
            title: "Truth and alarms",
            lanes: [
                .init(name: "CAN_INJECTION", kind: .label, intervals: [(12, 30), (80, 95)]), .init(name: "DOS_ATTACK", kind: .label, intervals: [(50, 58)]),
                .init(name: "fluctuation", note: "2 of 3, 1 false", kind: .alarm(.high), intervals: [(4, 5), (13, 33), (81, nil)]),
                .init(name: "silent", note: "0 of 3", kind: .alarm(.low), intervals: []),
            ], range: (0, 100))
        chart.subtitle = "a run · seed 1"
        (chart.width, chart.height) = (760, 300)
        return chart
    }

    static func matrix() -> MatrixChart {
        var chart = MatrixChart(
            title: "Recall of detectors by kind of label", rows: ["can-ids", "oscillation"], columns: ["CAN_INJECTION", "DOS_ATTACK", "SPOOFING"],
            cells: [
                [
                    .init(share: 1, text: "100 %", note: "P 98 %"), .init(share: 0.64, text: "64 %", note: "P 100 %"),
                    .init(share: 0, text: "0 %", note: "no alarm"),
                ],
                [.init(share: 0.2, text: "20 %", note: "P 10 %"), .init(share: nil, text: ""), .init(share: 0.5, text: "50 %", note: "P 50 %")],
            ])
        chart.subtitle = "20 scenarios · 2 seeds each"
        chart.margin = "false alarms/h"
        chart.marginTexts = ["0.1", "12"]
        chart.legend = "recall from 0 % to 100 %; P: precision"
        return chart
    }

    @Test("The same chart gives the same bytes, and a dark one others")
    func themes() throws {
        var timeline = Self.timeline()
        var matrix = Self.matrix()
        let (light, lightMatrix) = (try timeline.render(), try matrix.render())
        #expect(try Self.timeline().render() == light && Self.matrix().render() == lightMatrix)
        timeline.theme = .dark
        matrix.theme = .dark
        #expect(try timeline.render() != light && matrix.render() != lightMatrix)
        timeline.theme = .light
        timeline.lanes[2].intervals.removeFirst()
        matrix.theme = .light
        matrix.cells[0][1].share = 0.3
        #expect(try timeline.render() != light && matrix.render() != lightMatrix)
    }

    @Test("Nothing to show, more than fits and odd numbers are drawn")
    func edges() throws {
        #expect(try !TimelineChart(title: "", lanes: [], range: (0, 0)).render().isEmpty)
        var many = TimelineChart(
            title: "Many", lanes: (0..<500).map { .init(name: "lane \($0)", kind: .alarm(.medium), intervals: [(.nan, 1), (5, 2), (-10, nil)]) },
            range: (.nan, .infinity))
        (many.width, many.height) = (200, 120)
        #expect(try !many.render().isEmpty)
        #expect(try !MatrixChart(title: "Nothing", rows: [], columns: [], cells: []).render().isEmpty)
        let row = (0..<400).map { MatrixChart.Cell(share: Double($0) / 300, text: "\($0)") }
        let wide = MatrixChart(
            title: "Wide", rows: (0..<300).map { "row \($0)" }, columns: (0..<400).map { "column \($0)" }, cells: Array(repeating: row, count: 300))
        #expect(try !wide.render().isEmpty)
        #expect(throws: PlotError.self) {
            var large = Self.timeline()
            large.width = 100_000
            _ = try large.render()
        }
    }
}
