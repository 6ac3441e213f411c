import Detection
import OCPP
import Quantities

/// Writes the features of flows of messages as CSV, a row for each flow when it is over.
final class FlowFile {
    private let file: OutputFile
    private let table: FlowTable

    /// A file whose rows carry the kind of the label that the flow touches, or `normal`.
    init(_ path: String, _ truth: OutsideTruth, epoch: Int64) throws(OutputError) {
        let file = try OutputFile(path: path)
        file.append(FlowFeatures.header + "\n")
        self.file = file
        table = FlowTable { [unowned truth] flow in
            let label = truth.kind(from: flow.start, to: flow.end) ?? "normal"
            // Flows of a log with dates carry them, to the second.
            let begin = truth.clock.flatMap { $0.time == .date ? $0.origin / 1_000_000_000 : nil }
            file.append(flow.line(epoch: begin ?? epoch, label: label) + "\n")
        }
    }

    func take(_ event: MessageEvent) { table.take(event) }

    /// Writes what is left; what went wrong, or `nil`.
    func finish() -> OutputError? {
        table.finish()
        do {
            try file.finish()
            return nil
        } catch {
            return error
        }
    }
}
