/// Attributes of messages that say how they are sent, looked up once for all messages.
public struct MessageTraits: Sendable {
    /// Period in milliseconds by message number (`GenMsgCycleTime`), where it is over 0.
    public private(set) var cycleTimes: [UInt32: Double] = [:]
    /// Numbers of the messages whose `VFrameFormat` says CAN FD.
    public private(set) var fd: Set<UInt32> = []
    /// Numbers of those among them that switch the bit rate (`CANFD_BRS`).
    public private(set) var bitRateSwitch: Set<UInt32> = []
    private let defaultCycle: Double
    private let isFDByDefault: Bool
    private var said: Set<UInt32> = []

    /// Period of a message in milliseconds; 0 when it has none.
    public func cycleTime(of message: Message) -> Double { cycleTimes[message.number] ?? defaultCycle }

    /// Whether a message has the FD format: its attribute says so, or it has more than eight bytes.
    public func isFD(_ message: Message) -> Bool {
        fd.contains(message.number) || isFDByDefault && !said.contains(message.number) || message.length > 8
    }

    /// Whether the attribute says that a message is FD, whatever its length.
    func isDeclaredFD(_ message: Message) -> Bool { fd.contains(message.number) || isFDByDefault && !said.contains(message.number) }

    /// The traits of a database. Complexity: O(attributes).
    public init(_ database: Database) {
        func number(_ value: AttributeValue?) -> Double {
            if case .number(let number)? = value { return number.value }
            return 0
        }
        func isFD(_ value: AttributeValue?) -> Bool {
            guard case .text(let text)? = value else { return false }
            return text.hasSuffix("CAN_FD")
        }
        let formats = database.attributeDefinitions.first { $0.name == "VFrameFormat" }
        let switching = database.attributeDefinitions.first { $0.name == "CANFD_BRS" }
        defaultCycle = number(database.attributeDefinitions.first { $0.name == "GenMsgCycleTime" }?.defaultValue)
        isFDByDefault = isFD(database.resolved(formats?.defaultValue, formats))
        for attribute in database.attributes {
            guard case .message(let message) = attribute.object else { continue }
            switch attribute.name {
            case "GenMsgCycleTime": cycleTimes[message] = number(attribute.value)
            case "VFrameFormat":
                said.insert(message)
                if isFD(database.resolved(attribute.value, formats)) { fd.insert(message) } else { fd.remove(message) }
            case "CANFD_BRS":
                let value = database.resolved(attribute.value, switching)
                if value == .text("1") || number(value) == 1 { bitRateSwitch.insert(message) } else { bitRateSwitch.remove(message) }
            default: break
            }
        }
    }
}
