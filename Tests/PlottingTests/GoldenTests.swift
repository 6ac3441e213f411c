import Foundation
import Testing

@testable import Plotting

/// Pictures compared with those that were looked at and found good; `EVSIM_UPDATE_GOLDEN=1` writes them anew.
@Suite("Golden pictures") struct GoldenTests {
    /// The charging current of the fault that the tool was first built for, with its limit.
    static func reference() -> Chart {
        var values: [Double] = [0, 0, 0, 20, 36, 29, 23, 18, 15, 12, 9, 28, 42, 34, 27, 22, 17, 14, 11, 29, 43, 34, 28, 22]
        for _ in 0..<5 { values += [18, 14, 11, 29, 43, 35, 28, 22] }
        let current = values.enumerated().map { Sample(time: Double($0.offset) + 0.5, value: $0.element) }
        var limit: [Sample] = []
        for cycle in 0..<8 {
            limit.append(Sample(time: Double(8 * cycle), value: 0))
            limit.append(Sample(time: Double(8 * cycle + 2), value: 100))
        }
        var chart = Chart(
            title: "Charging current",
            panels: [
                Panel(
                    label: "Current",
                    series: [
                        Series(name: "charger.current", unit: "A", style: .area, samples: current),
                        Series(name: "cp1.limit", unit: "A", style: .step, samples: limit),
                    ])
            ])
        chart.subtitle = "repeated-current-fluctuation, seed 1"
        chart.timeRange = .from(0, to: 64)
        chart.bands = [
            Band(name: "repeated-current-fluctuation", start: 0, end: 64, kind: .label), Band(name: "repeated", start: 16.5, kind: .alarm(.medium)),
        ]
        return chart
    }

    /// A little chart.
    static func small() -> Chart {
        var chart = reference()
        (chart.width, chart.height) = (300, 180)
        return chart
    }

    /// A state with names on its axis; the second of the four never occurs.
    static func states() -> Chart {
        let status = [(0.0, 0.0), (12, 2), (30, 3), (33, 2), (50, 0)].map { Sample(time: $0.0, value: $0.1) }
        var panel = Panel(label: "Status", series: [Series(name: "cp1.status", unit: "", style: .step, samples: status)])
        panel.names = ["Available", "Preparing", "Charging", "Finishing"]
        var chart = Chart(title: "What the charge point says", panels: [panel])
        (chart.width, chart.height) = (640, 320)
        chart.timeRange = .from(0, to: 60)
        return chart
    }

    /// Three panels in the dark, with everything that a chart can show.
    static func panels() -> Chart {
        func ramp(_ count: Int, _ step: Double, _ value: (Double) -> Double) -> [Sample] {
            (0..<count).map { Sample(time: Double($0) * step, value: value(Double($0) * step)) }
        }
        func swing(_ time: Double) -> Double {
            let part = (time / 15).truncatingRemainder(dividingBy: 2)
            return part < 1 ? 4 * part * (1 - part) : -4 * (part - 1) * (2 - part)
        }
        var chart = Chart(
            title: "Şarj akımı: tekrarlayan dalgalanma ığüşöçİ",
            panels: [
                Panel(label: "Akım", series: [Series(name: "charger.current", unit: "A", style: .area, samples: ramp(601, 0.1) { 16 + 12 * swing($0) })]),
                Panel(
                    label: "Power",
                    series: [
                        Series(name: "charger.power", unit: "W", samples: ramp(601, 0.1) { 6400 + 4800 * swing($0) }),
                        Series(name: "limit", unit: "W", style: .step, samples: ramp(7, 10) { $0 > 25 ? 11_000 : 7400 }),
                    ]),
                Panel(label: "Temperature", series: [Series(name: "battery ϑ", unit: "°C", style: .points, samples: ramp(61, 1) { -5 + $0 / 4 })]),
            ])
        chart.subtitle = "Ω ≤ 0.1 ±2 % — Δt = 100 ms, η ≈ 0.94 … αβγ"
        (chart.width, chart.height, chart.theme) = (900, 640, .dark)
        chart.bands = [
            Band(name: "spoof", start: 12, end: 20, kind: .label), Band(name: "flood", start: 17, end: 33, kind: .label),
            Band(name: "a", start: 14, end: 15.5, kind: .alarm(.low)), Band(name: "b", start: 40, end: 48, kind: .alarm(.critical)),
        ]
        chart.marks = [Mark(time: 5, label: "earlier"), Mark(time: 52)]
        return chart
    }

    /// A day at one sample a second.
    static func day() -> Chart {
        var seed: UInt64 = 1
        let samples = (0..<86_400).map { second in
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let part = Double(second) / 86_400
            return Sample(time: Double(second), value: 20_000 + 160_000 * part * (1 - part) + 9000 * Double(seed >> 40) / 16_777_216)
        }
        var chart = Chart(
            title: "A day at the site", panels: [Panel(label: "Site power", series: [Series(name: "site.power", unit: "W", style: .area, samples: samples)])])
        (chart.width, chart.height) = (600, 300)
        chart.bands = [Band(name: "overload", start: 30_000, end: 41_000, kind: .alarm(.high))]
        return chart
    }

    @Test("The reference chart looks as it should")
    func referenceChart() throws { try compareGolden("reference", Self.reference().render()) }

    @Test("A small chart at twice the scale looks as it should")
    func smallChart() throws {
        var chart = Self.small()
        chart.scale = 2
        chart.timeRange = .last(30, end: nil)
        try compareGolden("small-2x", chart.render())
    }

    @Test("Panels, bands, marks and Turkish text in the dark look as they should")
    func panelChart() throws { try compareGolden("panels-dark", Self.panels().render()) }

    @Test("States have their names on the axis")
    func stateChart() throws { try compareGolden("states", Self.states().render()) }

    @Test("A day of samples looks as it should")
    func dayChart() throws { try compareGolden("day", Self.day().render()) }

    @Test("The typeface looks as it should at four sizes")
    func specimen() throws {
        var canvas = try Canvas(width: 760, height: 560, background: white)
        let ink = Color(0x1B2430)
        var y = 26.0
        for size in [11.0, 14, 20, 28] {
            for text in ["Charging current (A) 0123456789 — kWh", "Şarj akımı ığüşöçİ ĞÜŞÖÇI ±5 °C ½ Ω µs", "αβγδεζηθλμξπρσφψω ΓΔΘΛΞΠΣΦΨΩ AVATAR"] {
                canvas.draw(text, at: Point(18, y), Font(size: size), ink)
                y += (size * 1.6).rounded()
            }
            canvas.draw("ANOMALY DETECTED 1234567890", at: Point(18, y), Font(size: size, weight: .bold), ink)
            y += (size * 1.9).rounded()
        }
        canvas.draw("… – — ‘a’ “b” € ≤ ≥ ≠ ≈ ∞ √ ∑ ∫ ∂ → ← ↑ ↓ • ✓ ✗ ² ³ ½ ¼ ¾ ‰ ∅ ĄąŁłŐőŘřŢţŻż 字", at: Point(18, y), Font(size: 16), ink)
        try compareGolden("typeface", canvas.png(reduced: true))
    }
}

/// Compares the pixels with those of the golden file; the compressed bytes may differ from one zlib to another.
func compareGolden(_ name: String, _ bytes: [UInt8]) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
    let file = folder.appendingPathComponent(name + ".png")
    if ProcessInfo.processInfo.environment["EVSIM_UPDATE_GOLDEN"] == "1" {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
        return
    }
    let golden = try [UInt8](Data(contentsOf: file))
    if golden == bytes { return }
    let (expected, actual) = (PictureReader(golden), PictureReader(bytes))
    #expect(actual.faults.isEmpty)
    if expected.pixels == actual.pixels && expected.width == actual.width && !actual.pixels.isEmpty { return }
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("evsim-actual-\(name).png")
    try Data(bytes).write(to: copy)
    let different = zip(expected.pixels, actual.pixels).reduce(0) { $0 + ($1.0 == $1.1 ? 0 : 1) }
    Issue.record("\(name): \(different) pixels differ from \(file.path); the picture as it is now: \(copy.path)")
}
