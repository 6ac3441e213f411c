import Detection
import Quantities
import ScenarioLanguage

/// The ground truth of a run: intervals in which steps said that something was wrong.
final class TruthKeeper {
    private(set) var labels: [GroundTruthLabel] = []
    private let kinds: [String]
    private var open = 0

    init(kinds: [String]) { self.kinds = kinds }

    /// Whether a label is open.
    var isAnyOpen: Bool { open > 0 }

    /// Something that the label stands for is there to be seen: a frame or message that an attack changed or made.
    func evidence(_ number: Int, at now: Instant) {
        guard labels.indices.contains(number), labels[number].evidence == nil else { return }
        labels[number].evidence = now
    }

    /// What carries a label.
    func carried(_ number: Int, by link: String) { if labels.indices.contains(number) { labels[number].link = link } }

    /// What units of a label carry: its number from 1, or 0 for none and for more than they can hold.
    static func mark(_ number: Int?) -> UInt16 { number.flatMap { UInt16(exactly: $0 + 1) } ?? 0 }

    /// Opens a label and returns its number.
    func begin(_ label: LabelDeclaration, name: String, target: String, at now: Instant) -> Int {
        open += 1
        labels.append(
            GroundTruthLabel(start: now, end: .never, kind: kinds[label.kind], severity: Severity(name: label.severity) ?? .medium, name: name, target: target))
        return labels.count - 1
    }

    /// Closes a label; it lasts some time past the end of its step.
    func end(_ number: Int, past: Duration, at now: Instant) {
        open -= 1
        labels[number].end = now + past
    }

    /// The labels of a run, cut at its end, in the order of their start.
    func finished(end: Instant) -> [GroundTruthLabel] {
        labels.map { label in
            var label = label
            label.end = min(label.end, end)
            return label
        }
    }

    /// Kind and name of a label.
    func words(of number: Int) -> (kind: String, name: String) {
        labels.indices.contains(number) ? (labels[number].kind, labels[number].name) : ("", "")
    }

    func kind(of number: Int) -> String { labels[number].kind }
}
