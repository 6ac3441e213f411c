import Engine
import Quantities

/// Shows how far a run has come: one line that is written over on a terminal, a line each 10 % in continuous integration.
final class ProgressLine {
    private enum Mode {
        case terminal, steps, none
    }

    private let console: Console
    private let mode: Mode
    private let elapsed: () -> Double
    private var lastShown = 0.0
    private var lastTenth = 0
    private var isShown = false

    /// Seconds before anything is shown.
    private static let patience = 0.5
    /// Least seconds between two updates.
    private static let period = 0.1

    /// A line for one run; `elapsed` gives the seconds since its start.
    init(_ console: Console, isQuiet: Bool, elapsed: (() -> Double)? = nil) {
        self.console = console
        let watch = Stopwatch.wall()
        self.elapsed = elapsed ?? { watch.seconds }
        let isContinuous = console.environment("CI") == "true"
        mode = isQuiet ? .none : console.errors.isTerminal ? .terminal : isContinuous ? .steps : .none
    }

    /// Takes note of the progress; cheap unless something is to be shown.
    func update(_ progress: RunProgress) {
        switch mode {
        case .none: return
        case .terminal:
            let now = elapsed()
            guard now >= ProgressLine.patience, now - lastShown >= ProgressLine.period else { return }
            lastShown = now
            isShown = true
            console.errors.write("\r\(ProgressLine.line(progress, elapsed: now, columns: console.errors.columns))\u{1B}[K")
        case .steps:
            let tenth = progress.length > .zero ? Int(progress.simulated.seconds / progress.length.seconds * 10) : 0
            let now = elapsed()
            guard tenth > lastTenth, now >= ProgressLine.patience else { return }
            lastTenth = tenth
            console.note(ProgressLine.line(progress, elapsed: now, columns: 200))
            console.errors.flush()
        }
    }

    /// Removes the line.
    func clear() {
        if isShown { console.errors.write("\r\u{1B}[K") }
        isShown = false
    }

    /// `1 200 s of 86 400 s (1 %), 24 000 × real time, 1 200 000 events/s, 3 s left`.
    static func line(_ progress: RunProgress, elapsed: Double, columns: Int) -> String {
        let simulated = max(progress.simulated.seconds, 0)
        let length = progress.length.seconds
        let share = length > 0 ? min(simulated / length, 1) : 0
        var parts = ["\(TextLayout.grouped(UInt64(simulated))) s of \(TextLayout.grouped(UInt64(max(length, 0)))) s (\(Int(share * 100)) %)"]
        if elapsed > 0 {
            parts.append("\(Stopwatch.rate(simulated / elapsed)) × real time")
            parts.append("\(Stopwatch.rate(Double(progress.events) / elapsed)) events/s")
            if share > 0 { parts.append("\(Stopwatch.text(elapsed / share - elapsed)) left") }
        }
        var text = parts.removeFirst()
        for part in parts where text.count + part.count + 2 < columns { text += ", \(part)" }
        return text
    }
}
