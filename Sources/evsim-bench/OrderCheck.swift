import Glibc
import JSONText
import OCPP
import Quantities

/// `evsim-bench ocpp-order`: reads a `messages.jsonl` from standard input and prints what breaks the order of messages, one line each.
enum OrderCheck {
    static func run() {
        var checkers: [(name: String, checker: MessageOrder, lines: [Int])] = []
        var number = 0
        while let line = readLine() {
            number += 1
            guard let row = try? JSONValue(parsing: line), let name = row["chargePointId"]?.string, let raw = row["raw"]?.string,
                let time = row["t_s"]?.double
            else { continue }
            let place =
                checkers.firstIndex { $0.name == name }
                ?? {
                    checkers.append((name, MessageOrder(), []))
                    return checkers.count - 1
                }()
            var findings: [MessageOrderFinding] = []
            let sender: OCPPRole = row["direction"]?.string == "cp-to-csms" ? .chargePoint : .centralSystem
            let now = Instant(nanoseconds: Int64((time * 1e9).rounded()))
            checkers[place].checker.observe(.frame(Array(raw.utf8)), from: sender, at: now, into: &findings)
            for finding in findings { print("\(name) line \(number): \(finding.rule.rawValue): \(finding.reason)") }
        }
    }
}
