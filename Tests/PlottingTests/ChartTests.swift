import Testing

@testable import Plotting

@Suite("Charts") struct ChartTests {
    private func chart(_ values: [Double], style: Series.Style = .line, step: Double = 1) -> Chart {
        Chart(
            title: "t",
            panels: [
                Panel(
                    label: "Current",
                    series: [
                        Series(
                            name: "i", unit: "A", style: style, samples: values.enumerated().map { Sample(time: Double($0.offset) * step, value: $0.element) })
                    ])
            ])
    }

    @Test("Steps of an axis are 1, 2 or 5 times a power of ten, and no smaller than asked")
    func niceSteps() {
        for (least, step) in [(0.9, 1.0), (1, 1), (1.1, 2), (2.3, 5), (5.1, 10), (0.03, 0.05), (1400, 2000), (9.9e-7, 1e-6)] {
            #expect((Ticks.niceStep(least).step / step - 1).magnitude < 1e-12)
        }
        #expect(Ticks.niceStep(.nan).step == 1 && Ticks.niceStep(0).step == 1)
    }

    @Test("A value axis has round ticks with even texts")
    func valueTicks() {
        let prefix = UnitPrefix(unit: "A", magnitude: 110)
        #expect(Ticks.values(from: 0, to: 110, length: 300, spacing: 50, prefix: prefix).texts == ["0", "20", "40", "60", "80", "100"])
        #expect(Ticks.values(from: -1, to: 0.6, length: 200, spacing: 50, prefix: prefix).texts == ["−1.0", "−0.5", "0.0", "0.5"])
        let kilo = UnitPrefix(unit: "W", magnitude: 22_000)
        let ticks = Ticks.values(from: 0, to: 22_000, length: 200, spacing: 50, prefix: kilo)
        #expect(ticks.texts == ["0", "10", "20"] && ticks.unit == "kW" && ticks.values == [0, 10_000, 20_000])
    }

    @Test("The time axis counts in the unit that suits its length")
    func timeTicks() {
        func texts(_ from: Double, _ to: Double) -> (String, String, String) {
            let ticks = Ticks.times(from: from, to: to, length: 900) { Double($0.count) * 8 }
            return (ticks.unit, ticks.texts.first ?? "", ticks.texts.last ?? "")
        }
        #expect(texts(0, 64) == ("s", "0", "60"))
        #expect(texts(0, 3600) == ("min", "0", "60"))
        #expect(texts(0, 86_400) == ("h:min", "0:00", "24:00"))
        #expect(texts(0, 864_000) == ("days", "0", "10"))
        #expect(texts(0, 0.02) == ("ms", "0", "20"))
        #expect(texts(0, 2e-5) == ("µs", "0", "20"))
        #expect(texts(90_000, 90_060) == ("h:min:s", "25:00:00", "25:01:00"))
    }

    @Test("No texts of a time axis overlap, at any length", arguments: [0.001, 1.0, 59, 61, 600, 7201, 90_000, 1e6, 1e9])
    func timeTexts(_ span: Double) {
        for length in [60.0, 200, 1100] {
            let ticks = Ticks.times(from: 0, to: span, length: length) { Double($0.count) * 8 }
            for index in ticks.values.indices.dropFirst() {
                let room = (ticks.values[index] - ticks.values[index - 1]) / span * length
                #expect(room >= Double(ticks.texts[index].count + ticks.texts[index - 1].count) * 4)
            }
        }
    }

    @Test("Numbers are written with a real minus, rounded, and without idle zeros")
    func numbers() {
        #expect(NumberText.fixed(-2.345, decimals: 2) == "−2.35" || NumberText.fixed(-2.345, decimals: 2) == "−2.34")
        #expect(NumberText.fixed(-0.001, decimals: 1) == "0.0")
        #expect(NumberText.significant(23.640625, digits: 4) == "23.64")
        #expect(NumberText.significant(43, digits: 4) == "43")
        #expect(NumberText.significant(0.05, digits: 4) == "0.05")
        #expect(NumberText.significant(-1.5e12, digits: 4) == "−1.5×10¹²")
        #expect(NumberText.significant(9.99999e-9, digits: 3) == "1×10⁻⁸")
        #expect(NumberText.fixed(.nan, decimals: 0) == "–")
        #expect(UnitPrefix(unit: "A", magnitude: 2e-9).unit == "nA")
        #expect(UnitPrefix(unit: "%", magnitude: 20_000).unit == "%")
        #expect(UnitPrefix(unit: "", magnitude: 3e12).unit == "×10¹²")
    }

    @Test("Thinning keeps the extremes of every column and at most four samples of it")
    func thinning() {
        let samples = (0..<100_000).map { Sample(time: Double($0), value: Double(($0 &* 7919) % 10_007)) }
        let trace = Trace(samples, from: 0, to: 100_000, includesStart: true, columns: 100, carries: true)
        #expect(trace.runs.count == 1 && trace.runs[0].count <= 404)
        for column in 0..<100 {
            let inside = { (sample: Sample) in Int(sample.time / 1000) == column }
            let all = samples.filter(inside).map(\.value), kept = trace.runs[0].filter(inside).map(\.value)
            #expect(all.min() == kept.min() && all.max() == kept.max() && all.first == kept.first && all.last == kept.last)
        }
        #expect(zip(trace.runs[0], trace.runs[0].dropFirst()).allSatisfy { $0.time < $1.time })
    }

    @Test("values that are kept have a mean over time, and the one before the window counts")
    func meanOverTime() {
        let samples = [Sample(time: 0, value: 10), Sample(time: 8, value: 50), Sample(time: 9, value: 0)]
        let trace = Trace(samples, from: 4, to: 14, includesStart: true, columns: 100, carries: true, isKept: true)
        // 10 for four seconds, 50 for one, 0 for five.
        #expect(trace.mean == 9)
        #expect(Trace(samples, from: 4, to: 14, includesStart: true, columns: 100, carries: true).mean == 25)
    }

    @Test("A short series keeps its shape, and gaps split it")
    func gaps() {
        let values = [1, 2, .nan, 3, .infinity, 4, 5]
        let samples = values.enumerated().map { Sample(time: Double($0.offset), value: $0.element) }
        let trace = Trace(samples, from: 0, to: 6, includesStart: true, columns: 100, carries: true)
        #expect(trace.runs.map { $0.map(\.value) } == [[1, 2], [3], [4, 5]])
        #expect(trace.minimum == 1 && trace.maximum == 5 && trace.mean == 3 && trace.last == 5)
    }

    @Test("A window of 60 s at one sample a second holds 60 samples")
    func window() throws {
        var chart = chart((0..<100).map(Double.init))
        chart.timeRange = .last(60, end: nil)
        let drawing = try ChartDrawing(chart)
        #expect(drawing.start == 39 && drawing.end == 99)
        #expect(drawing.panels[0].traces[0].count == 60 && drawing.panels[0].traces[0].minimum == 40)
    }

    @Test("The box with the statistics and the legend cover no line, in whatever corner the line runs")
    func free() throws {
        for shape in 0..<6 {
            let shapes: [(Int) -> Double] = [
                { Double($0) }, { 200 - Double($0) }, { Double($0 % 40 * 3) }, { Double(abs($0 - 100)) }, { _ in 3 }, { _ in 100 },
            ]
            var chart = chart((0..<200).map(shapes[shape]), style: .step)
            chart.panels[0].series.append(Series(name: "limit", unit: "A", samples: (0..<20).map { Sample(time: Double($0) * 10, value: 120) }))
            let drawing = try ChartDrawing(chart)
            let placed = drawing.panels[0]
            let boxes = [drawing.statistics, placed.legend].compactMap { $0 }
            #expect(drawing.statistics != nil || drawing.statisticsBelow)
            #expect(placed.legend != nil || placed.legendAbove)
            if boxes.count == 2 { #expect(!boxes[0].intersects(boxes[1])) }
            for (series, trace) in zip(placed.panel.series, placed.traces) {
                let points = placed.points(trace.runs[0], style: series.style, until: drawing.end) { drawing.x($0) }
                for (a, b) in zip(points, points.dropFirst()) {
                    for part in stride(from: 0.0, through: 1, by: 0.02) {
                        let point = Rectangle(x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part, width: 0.01, height: 0.01)
                        #expect(!boxes.contains { $0.intersects(point) })
                    }
                }
            }
        }
    }

    @Test("The red box shows while an alarm lasts beyond the visible times, and not after")
    func banner() throws {
        var chart = chart((0..<64).map(Double.init))
        for (start, end, active) in [(10.0, nil as Double?, true), (10, 20, false), (10, 64, true), (10, 63, false), (70, nil, false)] {
            chart.bands = [Band(name: "d", start: start, end: end, kind: .alarm(.medium))]
            #expect(try ChartDrawing(chart).showsBanner == active)
        }
        chart.bands = [Band(name: "truth", start: 0, kind: .label)]
        #expect(try !ChartDrawing(chart).showsBanner)
    }

    @Test("Zero is on the axis of currents, and the axis grows with the values")
    func ranges() throws {
        func range(_ values: [Double], _ kind: Panel.ValueRange = .automatic) throws -> (Double, Double) {
            var chart = chart(values)
            chart.panels[0].valueRange = kind
            let placed = try ChartDrawing(chart).panels[0]
            return (placed.low, placed.high)
        }
        #expect(try range([50, 100]) == (0, 108))
        #expect(try range([-10, -20]).1 == 0)
        #expect(try range([400, 401], .tight).0 > 399)
        #expect(try range([3, 4], .fixed(-1, 9)) == (-1, 9))
        #expect(try range([0, 0]) == (0, 1.08))
        #expect(throws: PlotError.valueRangeInvalid(panel: 0)) { _ = try range([1], .fixed(2, 2)) }
    }

    @Test("Strange series make sane pictures")
    func strange() throws {
        let cases: [[Double]] = [
            [], [5], [.nan, .nan], [7, 7, 7, 7], [0, 0], [-3, -4], [1e-9, 2e-9], [1e12, -1e12], [1e308, -1e308], [.infinity, 1],
            [Double.leastNonzeroMagnitude, 1e-307], [5, .nan, 6],
        ]
        for style in [Series.Style.area, .step, .points] {
            for values in cases {
                var chart = chart(values, style: style)
                (chart.width, chart.height, chart.scale) = (240, 140, 0.5)
                #expect(PictureReader(try chart.render()).faults.isEmpty, "\(values)")
            }
        }
        var late = chart([1, 2], step: 1e-7)
        late.panels[0].series[0].samples = [Sample(time: 1e15, value: 1), Sample(time: 1e15 + 1, value: 2)]
        (late.width, late.height) = (240, 140)
        #expect(PictureReader(try late.render()).faults.isEmpty)
    }

    @Test("A hundred thousand alarms, labels and marks are drawn as fast as a column of pixels each")
    func crowded() throws {
        var chart = chart([1, 2, 3], step: 50_000)
        (chart.width, chart.height) = (240, 140)
        for index in 0..<100_000 {
            let time = Double(index)
            chart.bands.append(Band(name: "d", start: time, end: time + 0.5, kind: index % 2 == 0 ? .label : .alarm(.high)))
            chart.marks.append(Mark(time: time))
        }
        let clock = ContinuousClock()
        let start = clock.now
        #expect(PictureReader(try chart.render()).faults.isEmpty)
        let elapsed = clock.now - start
        #expect(elapsed < .seconds(10))
    }

    @Test("What cannot be drawn is refused with a reason")
    func errors() {
        func refuses(_ error: PlotError, _ change: (inout Chart) -> Void) {
            var chart = chart([1, 2, 3])
            change(&chart)
            #expect(throws: error) { _ = try chart.render() }
        }
        refuses(.sizeOutOfRange(width: 100, height: 600)) { $0.width = 100 }
        refuses(.sizeOutOfRange(width: 20_000, height: 600)) { $0.width = 20_000 }
        refuses(.sizeOutOfRange(width: 9600, height: 4800)) { $0.scale = 8 }
        refuses(.timeRangeInvalid) { $0.timeRange = .from(5, to: 5) }
        refuses(.timeRangeInvalid) { $0.timeRange = .last(.nan, end: nil) }
        refuses(.timeRangeInvalid) { $0.timeRange = .last(1e-3, end: 1e18) }
        refuses(.panelCountOutOfRange(0)) { $0.panels = [] }
        refuses(.timesNotAscending(series: "i", index: 2)) { $0.panels[0].series[0].samples[2].time = 0.5 }
        refuses(.timesNotAscending(series: "i", index: 1)) { $0.panels[0].series[0].samples[1].time = .nan }
    }
}
