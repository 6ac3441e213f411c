import JSONText

/// What is wrong with the configuration that a charge point was given, as sentences.
public struct ConfigurationProblems: Error, Hashable, Sendable {
    public let problems: [String]
}

/// The configuration keys of a charge point with their values, kept parsed.
///
/// Reading a standard key costs an array access. Values change by ChangeConfiguration (``change(key:value:)``) or by the charge point itself
/// (``set(_:to:)``).
public struct ConfigurationStore: Sendable, Equatable {
    /// A value in the form that programs use.
    enum Value: Sendable, Equatable {
        case absent
        case bool(Bool)
        case integer(Int)
        case list([String])
        case text(String)
    }

    /// A key of a vendor.
    struct Custom: Sendable, Equatable {
        let key: String
        var value: String
        let isReadOnly: Bool
    }

    /// One line of GetConfiguration.conf.
    public struct Entry: Sendable, Hashable {
        public let key: String
        public let isReadOnly: Bool
        /// `nil` if the value may not be read.
        public let value: String?
    }

    var values: [Value]
    /// Values that take effect at the next start.
    var pending: [Value?]
    var custom: [Custom] = []
    /// The keys whose change takes effect only after a reboot.
    public var rebootKeys: [ConfigurationKey]
    /// True if AuthorizationKey may also be a plain password of 16 to 40 characters, which many central systems send.
    public var allowsPlainPassword = false
    /// False if the security profiles 2 and 3 cannot be chosen for want of a root certificate of the central system.
    public var hasCentralSystemRoot = true
    /// False if the security profile 3 cannot be chosen for want of a certificate of the charge point.
    public var hasClientCertificate = true
    /// What the meter can measure; a list of measurands with another one is rejected.
    public var measurable: [Measurand]

    /// The usual values, changed by `overrides`; keys that are no standard ones become keys of the vendor.
    ///
    /// - Parameter overrides: keys and values as texts; read-only keys may be given too. Keys that a meter-related default needs are taken as they are.
    public init(
        profiles: [FeatureProfile] = FeatureProfile.allCases, connectors: Int = 1, overrides: [(key: String, value: String)] = [],
        rebootKeys: [ConfigurationKey] = [], measurable: [Measurand] = Measurand.allCases, allowsPlainPassword: Bool = false
    ) throws(ConfigurationProblems) {
        self.rebootKeys = rebootKeys
        self.measurable = measurable
        self.allowsPlainPassword = allowsPlainPassword
        values = Array(repeating: .absent, count: ConfigurationKey.allCases.count)
        pending = Array(repeating: nil, count: values.count)
        for definition in ConfigurationDefinition.all {
            guard let text = definition.standardValue, profiles.contains(definition.profile) else { continue }
            values[definition.key.rawValue] = parse(text, definition) ?? .absent
        }
        values[ConfigurationKey.supportedFeatureProfiles.rawValue] =
            .list(FeatureProfile.allCases.filter { $0 != .security && profiles.contains($0) }.map(\.wireName))
        values[ConfigurationKey.numberOfConnectors.rawValue] = .integer(connectors)
        var problems: [String] = []
        // Limits first, so that the order of the overrides does not matter.
        var (limits, others): ([(String, String)], [(String, String)]) = ([], [])
        for (key, value) in overrides {
            if key.lowercased().hasSuffix("maxlength") { limits.append((key, value)) } else { others.append((key, value)) }
        }
        for (key, value) in limits + others { override(key, value, &problems) }
        guard problems.isEmpty else { throw ConfigurationProblems(problems: problems) }
    }

    private mutating func override(_ name: String, _ text: String, _ problems: inout [String]) {
        if let key = ConfigurationKey(name: name) {
            guard let value = parse(text, key.definition) else {
                return problems.append("the configuration key \(key.name) cannot be \"\(text)\": \(Self.expected(key.definition))")
            }
            values[key.rawValue] = value
        } else if name.isEmpty || name.unicodeScalars.count > 50 {
            problems.append("the name of a configuration key has 1 to 50 characters, not \(name.unicodeScalars.count)")
        } else if text.unicodeScalars.count > 500 {
            problems.append("the value of the configuration key \(name) has more than 500 characters")
        } else if let place = custom.firstIndex(where: { $0.key.lowercased() == name.lowercased() }) {
            custom[place].value = text
        } else {
            custom.append(Custom(key: name, value: text, isReadOnly: false))
        }
    }

    // MARK: Fast reads

    /// True if the charge point has this key.
    public func has(_ key: ConfigurationKey) -> Bool { values[key.rawValue] != .absent }

    /// The truth of a key; `false` if it is absent.
    public subscript(bool key: ConfigurationKey) -> Bool { if case .bool(let truth) = values[key.rawValue] { truth } else { false } }

    /// The number of a key; 0 if it is absent.
    public subscript(int key: ConfigurationKey) -> Int { if case .integer(let number) = values[key.rawValue] { number } else { 0 } }

    /// The number of a key, `nil` if it is absent.
    public subscript(optionalInt key: ConfigurationKey) -> Int? {
        if case .integer(let number) = values[key.rawValue] { number } else { nil }
    }

    /// The words of a key; none if it is absent.
    public subscript(list key: ConfigurationKey) -> [String] { if case .list(let words) = values[key.rawValue] { words } else { [] } }

    /// The value of a key as messages carry it; empty if it is absent. The text of AuthorizationKey is for the connection only.
    public subscript(text key: ConfigurationKey) -> String { Self.text(values[key.rawValue]) ?? "" }

    /// The measurands of one of the four lists.
    public func measurands(_ key: ConfigurationKey) -> [MeasurandSpec] { self[list: key].compactMap { MeasurandSpec($0) } }

    /// The password of HTTP basic authentication as bytes; `nil` if there is none.
    public var password: [UInt8]? {
        guard case .text(let text) = values[ConfigurationKey.authorizationKey.rawValue] else { return nil }
        return Self.hexadecimal(text) ?? Array(text.utf8)
    }

    static func text(_ value: Value) -> String? {
        switch value {
        case .absent: nil
        case .bool(let truth): truth ? "true" : "false"
        case .integer(let number): String(number)
        case .list(let words): words.joined(separator: ",")
        case .text(let text): text
        }
    }
}

extension ConfigurationStore {
    // MARK: Changes

    /// Answers ChangeConfiguration and changes the value.
    public mutating func change(key name: String, value text: String) -> ChangeConfigurationStatus {
        guard let key = ConfigurationKey(name: name), has(key) || key == .authorizationKey else { return changeCustom(name, text) }
        guard key.definition.access != .read, text.unicodeScalars.count <= 500, let value = parse(text, key.definition), isAllowed(key, value) else {
            return .rejected
        }
        if rebootKeys.contains(key) {
            pending[key.rawValue] = value
            return .rebootRequired
        }
        values[key.rawValue] = value
        return .accepted
    }

    private mutating func changeCustom(_ name: String, _ text: String) -> ChangeConfigurationStatus {
        guard let place = custom.firstIndex(where: { $0.key.lowercased() == name.lowercased() }) else { return .notSupported }
        guard !custom[place].isReadOnly, text.unicodeScalars.count <= 500 else { return .rejected }
        custom[place].value = text
        return .accepted
    }

    private func isAllowed(_ key: ConfigurationKey, _ value: Value) -> Bool {
        guard key == .securityProfile, case .integer(let profile) = value else { return true }
        guard profile >= self[int: .securityProfile] else { return false }
        if profile == self[int: .securityProfile] { return true }
        if profile <= 2, password == nil { return false }
        return (profile < 2 || hasCentralSystemRoot) && (profile < 3 || hasClientCertificate)
    }

    /// Sets a key from inside, a read-only one too; false if the value does not fit the key.
    @discardableResult
    public mutating func set(_ key: ConfigurationKey, to text: String) -> Bool {
        guard let value = parse(text, key.definition) else { return false }
        values[key.rawValue] = value
        pending[key.rawValue] = nil
        return true
    }

    /// Takes a key away, as on a charge point that does not have it.
    public mutating func remove(_ key: ConfigurationKey) { values[key.rawValue] = .absent }

    /// Adds a key of the vendor, or replaces it.
    public mutating func addCustom(key: String, value: String, isReadOnly: Bool = false) {
        custom.removeAll { $0.key.lowercased() == key.lowercased() }
        custom.append(Custom(key: String(key.prefix(50)), value: String(value.prefix(500)), isReadOnly: isReadOnly))
    }

    /// The charge point has started anew: values that waited for that take effect.
    public mutating func rebooted() {
        for index in pending.indices {
            guard let value = pending[index] else { continue }
            values[index] = value
            pending[index] = nil
        }
    }

    /// The value of a vendor's key.
    public func customValue(_ name: String) -> String? { custom.first { $0.key.lowercased() == name.lowercased() }?.value }

    // MARK: GetConfiguration

    /// What GetConfiguration answers: all keys if none is asked for; each key once, in the order asked.
    public func entries(matching names: [String]? = nil) -> (known: [Entry], unknown: [String]) {
        guard let names, !names.isEmpty else {
            return (ConfigurationKey.allCases.compactMap(entry) + custom.map(entry), [])
        }
        var known: [Entry] = []
        var unknown: [String] = []
        for name in names {
            let found: Entry?
            if let key = ConfigurationKey(name: name) {
                found = entry(key)
            } else {
                found = custom.first { $0.key.lowercased() == name.lowercased() }.map(entry)
            }
            if let found {
                if !known.contains(found) { known.append(found) }
            } else if !unknown.contains(name) {
                unknown.append(name)
            }
        }
        return (known, unknown)
    }

    /// True if a GetConfiguration asks for more keys than GetConfigurationMaxKeys allows.
    public func isTooMany(_ names: [String]) -> Bool {
        names.count > self[optionalInt: .getConfigurationMaxKeys] ?? .max
    }

    /// GetConfiguration.conf for the keys of a request.
    public func answer(matching names: [String]? = nil) -> JSONValue {
        let (known, unknown) = entries(matching: names)
        var members = [
            JSONValue.Member(
                "configurationKey",
                .array(
                    known.map { entry in
                        var members: [JSONValue.Member] = [.init("key", .string(entry.key)), .init("readonly", .bool(entry.isReadOnly))]
                        if let value = entry.value { members.append(.init("value", .string(value))) }
                        return .object(members)
                    }))
        ]
        if !unknown.isEmpty { members.append(.init("unknownKey", .array(unknown.map { .string($0) }))) }
        return .object(members)
    }

    private func entry(_ key: ConfigurationKey) -> Entry? {
        let definition = key.definition
        guard let text = Self.text(pending[key.rawValue] ?? values[key.rawValue]) else { return nil }
        return Entry(key: definition.name, isReadOnly: definition.access == .read, value: definition.access == .write ? nil : String(text.prefix(500)))
    }

    private func entry(_ custom: Custom) -> Entry { Entry(key: custom.key, isReadOnly: custom.isReadOnly, value: custom.value) }
}
