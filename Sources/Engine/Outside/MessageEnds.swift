import JSONText
import OCPP

/// Tells which end sent a message of a log that does not say it: a call by its action, an answer by the call that it answers.
struct MessageEnds {
    private static let mostCalls = 4096
    private var callers: [String: Bool] = [:]
    private var order: [String] = []
    private var oldest = 0

    /// Whether the charge point sent a message.
    func isUp(_ raw: [UInt8], identity: String) -> Bool {
        guard let (type, id, action) = MessageEnds.head(raw) else { return true }
        if type == 2 { return action.flatMap { OCPPAction(name: $0) }?.isSentByChargePoint ?? true }
        // An answer to nothing that was seen: the log begins behind the call, and most calls are those of charge points.
        return callers["\(identity) \(id)"].map { !$0 } ?? false
    }

    /// Remembers who called.
    mutating func note(_ raw: [UInt8], identity: String, isUp: Bool) {
        guard let (type, id, _) = MessageEnds.head(raw), type == 2 else { return }
        let key = "\(identity) \(id)"
        if callers.updateValue(isUp, forKey: key) != nil { return }
        if order.count < MessageEnds.mostCalls {
            order.append(key)
        } else {
            callers[order[oldest]] = nil
            order[oldest] = key
            oldest = (oldest + 1) % MessageEnds.mostCalls
        }
    }

    /// Type, id and action of a message.
    private static func head(_ raw: [UInt8]) -> (type: Int64, id: String, action: String?)? {
        guard raw.count < 1 << 20, let parts = (try? JSONValue(parsing: raw))?.array, parts.count >= 2, let type = parts[0].integer else { return nil }
        return (type, parts[1].string ?? parts[1].text(.compact), parts.count > 2 ? parts[2].string : nil)
    }
}
