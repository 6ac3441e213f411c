import Quantities
import Testing

@testable import Commands
@testable import Engine

@Suite("Text for people")
struct LayoutTests {
    @Test("paragraphs are wrapped at blanks, and a long word stands alone")
    func wrap() {
        #expect(TextLayout.wrap("one two three", width: 7) == ["one two", "three"])
        #expect(TextLayout.wrap("a verylongword b", width: 4) == ["a", "verylongword", "b"])
        #expect(TextLayout.wrap("", width: 4).isEmpty)
    }

    @Test("numbers are grouped, times and rates have few digits")
    func numbers() {
        #expect(TextLayout.grouped(1_234_567) == "1 234 567" && TextLayout.grouped(12) == "12")
        #expect(Stopwatch.text(0.003) == "3 ms" && Stopwatch.text(1.23) == "1.2 s" && Stopwatch.text(125) == "2 min 5 s" && Stopwatch.text(7300) == "2 h 1 min")
        #expect(
            Stopwatch.rate(21_333) == "21 000" && Stopwatch.rate(3) == "3" && Stopwatch.rate(0.5) == "0.5" && Stopwatch.rate(.infinity) == "very many"
                && Stopwatch.rate(.nan) == "0")
        #expect(Stopwatch.text(1e9) == "over 100 h" && Stopwatch.text(1e300) == "over 100 h")
    }

    @Test("the progress line tells time, speed, events and what is left, and fits the terminal")
    func progress() {
        let progress = RunProgress(simulated: .seconds(1200), length: .seconds(4800), events: 36_000)
        #expect(ProgressLine.line(progress, elapsed: 2, columns: 120) == "1 200 s of 4 800 s (25 %), 600 × real time, 18 000 events/s, 6.0 s left")
        #expect(ProgressLine.line(progress, elapsed: 2, columns: 50) == "1 200 s of 4 800 s (25 %), 600 × real time")
        let nothing = RunProgress(simulated: .zero, length: .zero, events: 0)
        #expect(ProgressLine.line(nothing, elapsed: 1, columns: 120) == "0 s of 0 s (0 %), 0 × real time, 0 events/s")
    }

    @Test("progress is shown after half a second, on a terminal only, at most ten times a second, and is removed at the end")
    func progressOnTerminal() {
        let (console, errors) = console(isTerminal: true)
        var now = 0.0
        let line = ProgressLine(console, isQuiet: false, elapsed: { now })
        var shown: [Double] = []
        for tick in 0..<100 {
            now = Double(tick) / 100
            let before = errors.text.utf8.count
            line.update(RunProgress(simulated: .seconds(Int64(tick)), length: .seconds(100), events: UInt64(tick)))
            if errors.text.utf8.count > before { shown.append(now) }
        }
        #expect(
            shown.first == 0.5 && (4...5).contains(shown.count), "\(shown)")
        #expect(!errors.text.contains("\n"))
        line.clear()
        #expect(errors.text.hasSuffix("\r\u{1B}[K"))
    }

    @Test("without a terminal nothing is shown, but in continuous integration a line each 10 %")
    func progressElsewhere() {
        for (environment, lines) in [([:], 0), (["CI": "true"], 5)] {
            let (console, errors) = console(isTerminal: false, environment)
            var now = 0.0
            let line = ProgressLine(console, isQuiet: false, elapsed: { now })
            for tick in 0..<100 {
                now = Double(tick) / 100
                line.update(RunProgress(simulated: .seconds(Int64(tick)), length: .seconds(100), events: UInt64(tick)))
            }
            line.clear()
            #expect(errors.text.split(separator: "\n").count == lines && !errors.text.contains("\u{1B}"))
        }
    }

    private func console(isTerminal: Bool, _ environment: [String: String] = [:]) -> (Console, Channel) {
        let errors = Channel(isTerminal: isTerminal)
        return (Console(output: Channel(), errors: errors, environment: { environment[$0] }), errors)
    }
}
