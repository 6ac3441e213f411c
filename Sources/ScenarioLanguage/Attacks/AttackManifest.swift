/// What an attack can act on.
public struct AttackLinks: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    /// A set out of its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Frames of a CAN bus.
    public static let can = AttackLinks(rawValue: 1)
    /// Messages between charge points and their central system.
    public static let ocpp = AttackLinks(rawValue: 2)
    /// Values of signals, between the node that publishes them and whoever reads them.
    public static let signal = AttackLinks(rawValue: 4)

    /// The words of pages, in their order.
    public static let words: [(links: AttackLinks, word: String, about: String)] = [
        (.can, "CAN", "a bus or a declared frame: can0, can0.limit"),
        (.ocpp, "OCPP", "a charge point or its messages: cp1, cp1.ocpp, cp1.ocpp.MeterValues, ocpp.Heartbeat"),
        (.signal, "signal", "a signal: charger.voltage"),
    ]

    /// Those in the set in words: `CAN, OCPP`.
    public var text: String { Self.words.filter { contains($0.links) }.map(\.word).joined(separator: ", ") }
}

/// How hard an attack is: decides what `with` does not give.
public enum AttackSeverity: Int, Sendable, CaseIterable {
    case low, medium, high, critical

    /// The word of files.
    public var word: String { ScenarioSchema.severities[rawValue] }
}

/// What a setting of an attack takes.
public enum AttackSettingType: Sendable, Hashable {
    /// One value, as settings of nodes have them.
    case plain(SettingType)
    /// Fields with values of their own, `{limit: 80 A}`; on a signal one value. `asNumbers`: plain numbers, whatever the field measures.
    case changes(asNumbers: Bool)
    /// Names of fields, or one of them; on a signal true or false.
    case fields
    /// A value in the unit of the signal, and per time with `perTime`.
    case size(perTime: Bool)
    /// Numbers of bits of the data: 0 is the lowest of the first byte.
    case bits
    /// What the attack is confined to: identifiers of frames (or names of declared ones), or actions.
    case only
    /// An identifier of a frame.
    case identifier
    /// Bytes in hexadecimal digits.
    case bytes
    /// A message: `{action: NAME, with: {FIELD: value}}`.
    case message

    /// The type as pages name it.
    public var words: String {
        switch self {
        case .plain(let type): type.name
        case .changes(let asNumbers): asNumbers ? "FIELD: number" : "FIELD: value"
        case .fields: "list of fields"
        case .size(let perTime): perTime ? "value of the signal per time" : "value of the signal"
        case .bits: "list of bit numbers"
        case .only: "list of identifiers or actions"
        case .identifier: "0x…"
        case .bytes: "hexadecimal bytes"
        case .message: "{action: NAME, with: {…}}"
        }
    }
}

/// One setting of an attack: the only source of its check, its page, its schema and its completion.
public struct AttackSetting: Sendable {
    /// Key in `with`.
    public let name: String
    /// What it takes.
    public let type: AttackSettingType
    /// Where it means something.
    public let links: AttackLinks
    /// Defaults for low, medium, high and critical on CAN and signals, or one for all; empty when there is none.
    public let defaults: [String]
    /// The same on OCPP where it differs.
    public let messageDefaults: [String]
    /// Least and greatest value, as they would be written.
    public let bounds: (least: String?, greatest: String?)
    /// Settings of which at most one is given; the default of this one counts only when none is.
    public let excludes: [String]
    /// One sentence for pages.
    public let about: String

    init(
        _ name: String, _ type: AttackSettingType, _ links: AttackLinks, _ defaults: [String] = [], messages: [String]? = nil, least: String? = nil,
        greatest: String? = nil, excludes: [String] = [], about: String
    ) {
        self.name = name
        self.type = type
        self.links = links
        self.defaults = defaults
        messageDefaults = messages ?? defaults
        bounds = (least, greatest)
        self.excludes = excludes
        self.about = about
    }

    /// The default on a link at a severity, as it would be written.
    public func defaultText(_ link: AttackLinks, _ severity: AttackSeverity) -> String? {
        let texts = link == .ocpp ? messageDefaults : defaults
        return texts.count == 1 ? texts[0] : texts.indices.contains(severity.rawValue) ? texts[severity.rawValue] : nil
    }

    /// The defaults in words: `25 %`, or `10% 25% 50% 100%` from low to critical; OCPP's own behind a semicolon.
    public var defaultWords: String {
        let own = links.isDisjoint(with: [.can, .signal]) ? messageDefaults : defaults
        let other = links.contains(.ocpp) && messageDefaults != own ? messageDefaults : []
        guard !own.isEmpty else { return other.isEmpty ? "" : "OCPP: \(other.joined(separator: " "))" }
        return own.joined(separator: " ") + (other.isEmpty ? "" : "; OCPP: \(other.joined(separator: " "))")
    }

    /// The setting as nodes have them, for one value.
    public var manifest: SettingManifest? {
        guard case .plain(let type) = type else { return nil }
        return SettingManifest(name, type, min: bounds.least, max: bounds.greatest, follows: true, about: about)
    }
}

/// A built-in attack.
public struct AttackManifest: Sendable {
    /// Name as `attack:` has it.
    public let name: String
    /// Kind of the label that it makes.
    public let kind: String
    /// Its severity when the step gives none.
    public let severity: AttackSeverity
    /// What it can act on.
    public let links: AttackLinks
    /// What `with` can give.
    public let settings: [AttackSetting]
    /// Settings of which at least one must be given, on each link; none where it is empty.
    public let needs: [(links: AttackLinks, oneOf: [String])]
    /// One sentence for pages.
    public let about: String
    /// Steps, one for each link where it helps.
    public let examples: [String]

    /// The place of a setting.
    public func settingIndex(_ name: String) -> Int? { settings.firstIndex { $0.name == name } }
}
