public import YAMLTree

/// A built-in attack as a step has it.
public struct InterceptStep: Sendable {
    /// Place in `BuiltInAttacks.all`.
    public var attack: Int
    /// What it acts on; all of one link.
    public var targets: [AttackTarget]
    /// The targets as the file writes them, for labels.
    public var targetText: String
    /// What the targets are.
    public var link: AttackLinks
    /// Node that does it; `nil` for somebody outside the file.
    public var by: Int?
    /// How long it goes on; `nil`: until its own work is done, or the run ends.
    public var duration: TimeValue?
    /// How hard it is.
    public var severity: AttackSeverity
    /// Settings in the order of the manifest, with defaults filled in.
    public var values: [AttackValue]
    /// Its place.
    public var span: Span

    /// What the attack is.
    public var manifest: AttackManifest { BuiltInAttacks.all[attack] }

    /// Whether it goes on to the end of the run: it has neither a time nor work of its own that ends.
    public var isEndless: Bool {
        guard duration == nil else { return false }
        if manifest.name == "replay" { return false }
        if case .plain = value("count") { return false }
        return true
    }

    /// The value of a setting; `.absent` when there is none.
    public func value(_ name: String) -> AttackValue { manifest.settingIndex(name).map { values[$0] } ?? .absent }
}

/// Something that an attack acts on.
public enum AttackTarget: Sendable {
    /// All frames of a bus.
    case bus(Int)
    /// A declared frame by its number in the symbol table.
    case frame(Int)
    /// Messages of charge points with their central systems, and which actions (official names); all when there are none.
    case messages(connections: NodeTarget, actions: [String])
    /// A signal.
    case signal(Int)
}

/// The value of a setting of an attack.
public enum AttackValue: Sendable {
    /// Not given and without default.
    case absent
    /// One value, as nodes have them; formulas are evaluated when the step is reached.
    case plain(SettingValue)
    /// Fields with their values. A path is the name of a field, a JSON pointer, or empty for the signal itself.
    case changes([FieldChange])
    /// Names of fields; one that is empty for the signal itself.
    case fields([String])
    /// Numbers of bits.
    case bits([Int])
    /// Identifiers with the flags of `CANFrame.rawIdentifier`, or actions.
    case only(identifiers: [UInt32], actions: [String])
    /// An identifier.
    case identifier(UInt32)
    /// Bytes.
    case bytes([UInt8])
    /// A message with its fields.
    case message(action: String, fields: FieldValue)
}

/// A field that an attack changes.
public struct FieldChange: Sendable {
    /// Name of the field, JSON pointer (`/meterValue/0/…`), or empty.
    public var path: String
    /// The value; numbers with a unit are in base units.
    public var value: FieldValue

    /// A change of a field.
    public init(path: String, value: FieldValue) {
        self.path = path
        self.value = value
    }
}
