import Detection
import Quantities

/// Writes each score of each detector as a row of CSV, while the run goes on: time, detector, score, alarm, label.
final class ScoreFile {
    private let file: OutputFile

    /// Joins a file with the detectors of a run, which must keep rows.
    init(_ path: String, _ simulation: Simulation) throws(OutputError) {
        file = try OutputFile(path: path)
        file.append("time_s,detector,score,alarm,label\n")
        let file = file
        for entry in simulation.detectors.entries {
            let monitor = entry.monitor
            monitor.onRow = { [unowned monitor, unowned(unsafe) simulation] score, instant, isLabelled in
                let begin = (simulation.outside?.judgedFrom.nanoseconds ?? 0) - simulation.origin.nanoseconds
                guard instant.nanoseconds >= begin else { return }
                let truth = isLabelled ?? simulation.isLabelled(at: instant)
                let text = score.map { decimalText(($0 * 1e6).rounded() / 1e6) } ?? ""
                file.append("\(Duration(nanoseconds: instant.nanoseconds).secondsText),\(monitor.name),\(text),\(monitor.isFiring ? 1 : 0),\(truth ? 1 : 0)\n")
            }
        }
    }

    /// Writes what is left; what went wrong, or `nil`.
    func finish() -> OutputError? {
        do {
            try file.finish()
            return nil
        } catch {
            return error
        }
    }
}

extension Simulation {
    /// Whether a label covers an instant of the run, as far as it is known by then.
    func isLabelled(at instant: Instant) -> Bool {
        if truth.isAnyOpen || outside?.isLabelled == true { return true }
        let now = Instant(nanoseconds: instant.nanoseconds + origin.nanoseconds)
        return outside?.covers(now) ?? false
    }
}
