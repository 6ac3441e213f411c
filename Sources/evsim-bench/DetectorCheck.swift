import Detection
import Glibc
import JSONText
import Quantities

/// `evsim-bench detector-check`: reads streams of samples and prints what a detector makes of each, for judges that were not written here.
///
/// Input: JSON lines with `kind`, `settings` (times in seconds, quantities in base units), `x` (samples, `null` for none) and, unless they are a
/// second apart, `t` (seconds). Output, a line for each: `score`, `statistic` and `onset` (seconds) of every sample, or `error`.
enum DetectorCheck {
    static func run() {
        while let line = readLine() {
            let answer = (try? JSONValue(parsing: line)).map(check) ?? .object([.init("error", .string("no JSON"))])
            print(answer.text())
        }
    }

    private static func check(_ line: JSONValue) -> JSONValue {
        guard let name = line["kind"]?.string, let x = line["x"]?.array,
            let kind = (DetectorKind.all + DetectorKind.signalKinds).first(where: { $0.name == name })
        else { return .object([.init("error", .string("no such kind, or no samples"))]) }
        let detector: Detector
        do {
            detector = try kind.makeDetector(settings(line["settings"]?.members ?? [], kind))
        } catch {
            return .object([.init("error", .string(error.description))])
        }
        let times = line["t"]?.array
        var (scores, statistics, onsets): ([JSONValue], [JSONValue], [JSONValue]) = ([], [], [])
        for (index, item) in x.enumerated() {
            let seconds = times.flatMap { index < $0.count ? $0[index].double : nil } ?? Double(index)
            let instant = Instant(nanoseconds: seconds.magnitude < 9e9 ? Int64((seconds * 1e9).rounded()) : 0)
            let score = detector.update(at: instant, value: item.double ?? .nan)
            scores.append(number(score))
            statistics.append(number(detector.statistic))
            onsets.append(score.map { $0 >= 1 } == true ? number(detector.onset?.seconds) : .null)
        }
        return .object([.init("score", .array(scores)), .init("statistic", .array(statistics)), .init("onset", .array(onsets))])
    }

    private static func number(_ value: Double?) -> JSONValue { value.flatMap { $0.isFinite ? .double($0) : nil } ?? .null }

    private static func settings(_ members: [JSONValue.Member], _ kind: DetectorKind) -> [String: DetectorSettingValue] {
        var values: [String: DetectorSettingValue] = [:]
        for member in members {
            let type = kind.settings.first { $0.name == member.key }?.type
            switch (type, member.value) {
            case (.duration?, let value): values[member.key] = value.double.flatMap { Duration(seconds: $0) }.map { .duration($0) }
            case (.count?, let value): values[member.key] = value.integer.map { .count(Int($0)) }
            case (.texts?, .array(let items)): values[member.key] = .texts(items.map { $0.string ?? $0.text() })
            case (_, .string(let word)): values[member.key] = .word(word)
            case (_, let value): values[member.key] = value.double.map { .number($0) }
            }
        }
        return values
    }
}
