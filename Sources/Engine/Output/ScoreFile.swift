import Detection
import Quantities

/// Writes each score of each detector as a row of CSV, while the run goes on: time, detector, score, alarm, label, number of
/// the row in its file, and what it is about: the identifier of a frame, or the charge point.
final class ScoreFile {
    private let file: OutputFile

    /// Joins a file with the detectors of a run, which must keep rows.
    init(_ path: String, _ simulation: Simulation) throws(OutputError) {
        file = try OutputFile(path: path)
        file.append("time_s,detector,score,alarm,label,row,id\n")
        let file = file
        for entry in simulation.detectors.entries {
            let monitor = entry.monitor
            monitor.onRow = { [unowned monitor, unowned(unsafe) simulation] score, instant, isLabelled in
                let begin = (simulation.outside?.judgedFrom.nanoseconds ?? 0) - simulation.origin.nanoseconds
                guard instant.nanoseconds >= begin else { return }
                let outside = simulation.outside
                let truth: Bool
                if let isLabelled, outside?.hasIntervals != true || outside?.marks != nil {
                    // A frame says it of itself.
                    truth = isLabelled
                } else {
                    truth = isLabelled == true || simulation.isLabelled(at: instant)
                }
                let text = score.map { decimalText(($0 * 1e6).rounded() / 1e6) } ?? ""
                file.append(
                    "\(Duration(nanoseconds: instant.nanoseconds).secondsText),\(monitor.name),\(text),\(monitor.isFiring ? 1 : 0),\(truth ? 1 : 0),\(ScoreFile.row(outside, at: instant + Duration(nanoseconds: simulation.origin.nanoseconds), isFrame: isLabelled != nil))\n"
                )
            }
        }
    }

    /// Number of the row that is played and what it is about; empty for what came by the clock.
    private static func row(_ outside: OutsideTruth?, at instant: Instant, isFrame: Bool) -> String {
        guard let outside, outside.row > 0 else { return "," }
        if instant.nanoseconds != outside.rowInstant.nanoseconds { return "," }
        guard isFrame, let identifier = outside.identifier else { return "\(outside.row),\(outside.identity)" }
        let digits = String(identifier & 0x1FFF_FFFF, radix: 16, uppercase: true)
        let width = identifier & 0x8000_0000 != 0 ? 8 : 3
        return "\(outside.row),0x\(String(repeating: "0", count: max(0, width - digits.utf8.count)))\(digits)"
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
