import Quantities
public import YAMLTree

/// What a plugin file offers, for `describe`, pages and lists.
public struct PluginDescription: Sendable {
    /// One thing that the plugin defines.
    public struct Entry: Sendable {
        /// `kind`, `attack`, `detector kind`, `sequence`, `set of frames` or `message`.
        public let sort: String
        /// Section of the plugin file: `kinds`, `attacks`, ….
        public let section: String
        /// Name as other files write it.
        public let name: String
        /// One sentence.
        public let about: String
        /// Its settings.
        public let settings: [SettingManifest]
        /// Arguments without a type.
        public let needs: [String]
        /// Parts of a kind or detector: name and kind.
        public var parts: [(name: String, kind: String)] = []
        /// Signals of a kind besides its settings.
        public var signals: [SignalManifest] = []
        /// States of a kind, the first one first.
        public var states: [String] = []
        /// Frames of a set: name and identifier as written.
        public var frames: [(name: String, id: String)] = []
        /// Message that a preset sends, or kind that a detector is made of.
        public var base: String?
        /// Kind of label of an attack.
        public var label: String?
        /// Severity of that label where the plugin gives one.
        public var severity: String?
    }

    /// Name of the plugin.
    public let name: String
    /// What it is for.
    public let about: String
    /// Its file.
    public let file: SourceFile
    /// Addresses that it uses.
    public let uses: [String]
    /// What it defines, in the order of the sections.
    public internal(set) var entries: [Entry]

    init(_ plugin: PluginFile) {
        name = plugin.name
        about = plugin.about
        file = plugin.file
        uses = plugin.uses.map(\.file.name)
        entries = plugin.definitions.map { definition in
            var entry = Entry(
                sort: definition.sort.word, section: definition.sort.rawValue, name: definition.name, about: definition.about, settings: definition.settings,
                needs: definition.needs)
            let body = definition.body
            entry.parts = (body["parts"]?.entries ?? []).map { ($0.name, $0.value["is"]?.text ?? "") }
            entry.frames = (definition.sort == .frames ? body["frames"]?.entries ?? [] : []).map { ($0.name, $0.value["id"]?.text ?? "") }
            entry.base = body["send"]?.text ?? (definition.sort == .detectors ? body["is"]?.text ?? "rule" : nil)
            if definition.sort == .attacks { entry.label = body["label"].flatMap { $0.text ?? $0["kind"]?.text } ?? definition.name }
            entry.severity = body["label"]?["severity"]?.text
            if let kind = definition as? KindDefinition, !kind.states.isEmpty {
                let names = kind.states.map { $0.key.text ?? "" }
                entry.states = (kind.startsIn.map { [names[$0]] } ?? []) + names.indices.filter { $0 != kind.startsIn }.map { names[$0] }
            }
            return entry
        }
    }
}
