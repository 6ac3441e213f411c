/// A node (ECU) of the network: an entry of `BU_`.
public struct DatabaseNode: Hashable, Sendable {
    /// Name.
    public var name: String
    /// Comment.
    public var comment = ""
    /// Place of the name.
    public var place = DatabasePlace.none

    /// A node.
    public init(_ name: String) { self.name = name }
}

/// A message: `BO_` with its signals.
public struct Message: Hashable, Sendable {
    /// Identifier of 11 or 29 bits.
    public var id: UInt32
    /// Whether the identifier has 29 bits; bit 31 of the number in the file.
    public var isExtended: Bool
    /// Name.
    public var name: String
    /// Number of data bytes, 0 to 64.
    public var length: Int
    /// Node that sends it; `Vector__XXX` means none.
    public var sender: String
    /// Further nodes that can send it (`BO_TX_BU_`).
    public var transmitters: [String] = []
    /// Signals in the order of the file.
    public var signals: [Signal]
    /// Comment.
    public var comment = ""
    /// Place of the name.
    public var place = DatabasePlace.none
    /// Place of the identifier.
    public var idPlace = DatabasePlace.none
    /// The number of the file when it is no identifier of CAN.
    var wrongNumber: UInt64?

    /// A message.
    public init(id: UInt32, isExtended: Bool = false, name: String, length: Int, sender: String = Message.nobody, signals: [Signal] = []) {
        self.id = id
        self.isExtended = isExtended
        self.name = name
        self.length = length
        self.sender = sender
        self.signals = signals
    }

    /// The sender of a message that no node sends.
    public static let nobody = "Vector__XXX"

    /// The number of the message in the file.
    public var number: UInt32 { isExtended ? id | 1 << 31 : id }

    /// The signal of a name.
    public func signal(_ name: String) -> Signal? { signals.first { $0.name == name } }
}

/// A table of texts with a name of its own (`VAL_TABLE_`).
public struct ValueTable: Hashable, Sendable {
    /// Name.
    public var name: String
    /// Texts of raw values.
    public var labels: [ValueLabel]

    /// A table.
    public init(name: String, labels: [ValueLabel]) {
        self.name = name
        self.labels = labels
    }
}

/// What an attribute, comment or kept statement is about.
public enum DatabaseObject: Hashable, Sendable {
    case network
    case node(String)
    case message(UInt32)
    case signal(UInt32, String)
    case environmentVariable(String)
}

/// The definition of an attribute (`BA_DEF_`) with its default (`BA_DEF_DEF_`).
public struct AttributeDefinition: Hashable, Sendable {
    /// What kind of object has it.
    public enum Owner: String, Hashable, Sendable, CaseIterable {
        case network = ""
        case node = "BU_"
        case message = "BO_"
        case signal = "SG_"
        case environmentVariable = "EV_"
    }

    /// What its values are.
    public enum ValueType: Hashable, Sendable {
        case integer(DatabaseNumber, DatabaseNumber)
        case hexadecimal(DatabaseNumber, DatabaseNumber)
        case real(DatabaseNumber, DatabaseNumber)
        case text
        case choice([String])
    }

    /// Name.
    public var name: String
    /// What kind of object has it.
    public var owner: Owner
    /// What its values are.
    public var type: ValueType
    /// Value where none is given.
    public var defaultValue: AttributeValue?

    /// A definition.
    public init(name: String, owner: Owner, type: ValueType, defaultValue: AttributeValue? = nil) {
        self.name = name
        self.owner = owner
        self.type = type
        self.defaultValue = defaultValue
    }
}

/// The value of an attribute.
public enum AttributeValue: Hashable, Sendable {
    case number(DatabaseNumber)
    case text(String)
}

/// One `BA_` statement.
public struct Attribute: Hashable, Sendable {
    /// Name.
    public var name: String
    /// What it belongs to.
    public var object: DatabaseObject
    /// The value; a choice is its number or its text.
    public var value: AttributeValue

    /// A value of an object.
    public init(name: String, object: DatabaseObject, value: AttributeValue) {
        self.name = name
        self.object = object
        self.value = value
    }
}

/// A DBC database: the messages of a CAN network with their signals.
public struct Database: Hashable, Sendable {
    /// Text of `VERSION`.
    public var version = ""
    /// Nodes.
    public var nodes: [DatabaseNode] = []
    /// Messages in the order of the file.
    public var messages: [Message] = []
    /// Named tables of texts.
    public var valueTables: [ValueTable] = []
    /// Definitions of attributes.
    public var attributeDefinitions: [AttributeDefinition] = []
    /// Values of attributes.
    public var attributes: [Attribute] = []
    /// Comment on the network.
    public var comment = ""
    /// Statements that mean nothing here, such as signal groups and environment variables, as tokens with single blanks.
    public var kept: [String] = []

    /// An empty database.
    public init() {}

    /// The message of a name.
    public func message(_ name: String) -> Message? { messages.first { $0.name == name } }

    /// The value of an attribute of an object, or its default; a choice as its text.
    public func attribute(_ name: String, of object: DatabaseObject) -> AttributeValue? {
        let definition = attributeDefinitions.first { $0.name == name }
        let given = attributes.last { $0.name == name && $0.object == object }?.value
        return resolved(given ?? definition?.defaultValue, definition)
    }

    func resolved(_ value: AttributeValue?, _ definition: AttributeDefinition?) -> AttributeValue? {
        guard case .number(let number)? = value, case .choice(let texts)? = definition?.type, let whole = number.whole, whole >= 0, whole < texts.count
        else { return value }
        return .text(texts[Int(whole)])
    }
}
