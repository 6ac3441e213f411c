import OCPP
import Quantities

/// Messages that come twice: the same key fields within a window.
final class DuplicateRule: MessageRule {
    /// A part of the key.
    enum Part: Equatable {
        /// The connection since it was opened last.
        case connection
        case chargePoint
        case direction
        case type
        case action
        case id
        case payload
        case field(FieldPath)
    }

    private let parts: [Part]
    private let window: UInt64
    /// The last time of each key.
    @exclusivity(unchecked) private var seen: GroupTable<Int64>
    /// How often each connection was opened.
    @exclusivity(unchecked) private var epochs: GroupTable<Int64>
    private(set) var reason = ""

    init(parts: [Part], window: Duration, capacity: Int, maximumGroups: Int) {
        self.parts = parts
        self.window = UInt64(max(0, window.nanoseconds))
        seen = GroupTable(capacity: capacity)
        epochs = GroupTable(capacity: maximumGroups)
    }

    var evictions: Int { epochs.evictions }

    func judge(_ view: MessageView) -> Double? {
        let connection = epochs.place(of: view.identityKey &+ UInt64(truncatingIfNeeded: view.connection)) { 0 }
        switch view.kind {
        case .opened, .closed, .broken:
            epochs[connection] &+= 1
            return nil
        case .call, .result, .error: break
        case .malformed: return nil
        }
        // After a boot ids may begin anew, also where nobody reports connections.
        if view.kind == .call, view.action == .bootNotification { epochs[connection] &+= 1 }
        var hash = KeyHash()
        for part in parts {
            switch part {
            case .connection:
                hash.add(view.identityKey)
                hash.add(UInt64(truncatingIfNeeded: view.connection))
                hash.add(UInt64(bitPattern: epochs[connection]))
            case .chargePoint: hash.add(view.identityKey)
            case .direction: hash.add(view.isUp ? 1 : 0)
            case .type: hash.add(UInt64(view.kind.rawValue))
            case .action: hash.add(UInt64(view.action?.rawValue ?? 255))
            case .id:
                switch view.message?.id {
                case .number(let number)?: hash.add(UInt64(number))
                case .text(let text)?: hash.add(text)
                case nil: return nil
                }
            case .payload: view.withFields(ofCall: false) { hash.add($0) }
            case .field(let path):
                path.visit(view) { value in
                    value.add(to: &hash)
                    return true
                }
            }
        }
        let now = view.now
        let last = seen.exchange(hash.value, now) { age(of: $0, at: now) >= window }
        guard let last, age(of: last, at: view.now) < window else { return 0 }
        reason = "\(view.identity): the \(view.kind.name) \(view.message?.id?.description ?? "") came before"
        return 1
    }

    func save(_ writer: inout StateWriter) {
        seen.save(&writer) { $1.put($0) }
        epochs.save(&writer) { $1.put($0) }
        writer.put(reason)
    }
    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try seen.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> Int64 in try reader.integer() }
        try epochs.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> Int64 in try reader.integer() }
        reason = try reader.text()
    }
}
