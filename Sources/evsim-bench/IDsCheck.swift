import Detection
import JSONText
import OCPP
import Quantities

/// `evsim-bench ids-check [KIND]`: reads a `messages.jsonl` from standard input and prints what a detector over messages, `ocpp-ids` by default, says.
enum IDsCheck {
    static func run(kind name: String) -> Int32 {
        guard let kind = DetectorKind.messageKinds.first(where: { $0.name == name }),
            let detector = try? kind.makeObject(["watch": .word("ocpp")]) as? any MessagesDetecting
        else {
            print("there is no detector '\(name)' over messages that needs no settings")
            return 2
        }
        var numbers: [String: Int] = [:]
        var count = 0
        var alarms = 0
        while let line = readLine() {
            guard let row = try? JSONValue(parsing: line), let name = row["chargePointId"]?.string, let raw = row["raw"]?.string,
                let time = row["t_s"]?.double, let span = Duration(seconds: time)
            else { continue }
            count += 1
            let number = numbers[name] ?? numbers.count
            numbers[name] = number
            let action = row["action"]?.string.flatMap { OCPPAction(name: $0) }
            let event = MessageEvent(
                instant: Instant(nanoseconds: span.nanoseconds), connection: number, identity: name, isUp: row["direction"]?.string == "cp-to-csms",
                content: .message(.frame(Array(raw.utf8)), action: action))
            if let score = detector.update(event), score >= 1 {
                alarms += 1
                print("\(span.secondsText) \(detector.blame)")
            }
        }
        print("\(count) messages, \(alarms) anomalous")
        return alarms > 0 ? 1 : 0
    }
}
