/// Something that a person or the world does to a node of a kind: plugs in, pulls a cable, switches off.
public struct ActionManifest: Sendable {
    /// Name as `do:` has it.
    public let name: String
    /// What `with` can give; formulas are evaluated when the step is reached.
    public let settings: [SettingManifest]
    /// One sentence for pages.
    public let about: String

    /// An action of a kind.
    public init(_ name: String, settings: [SettingManifest] = [], about: String) {
        self.name = name
        self.settings = settings.map(\.whenReached)
        self.about = about
    }

    /// The place of a setting in the manifest's order.
    public func settingIndex(_ name: String) -> Int? { settings.firstIndex { $0.name == name } }
}

extension SettingManifest {
    /// The same setting with formulas that may use whatever the run knows when a step is reached.
    fileprivate var whenReached: SettingManifest {
        SettingManifest(
            name, type, default: defaultText, required: required, min: min, max: max, drawnAtEachUse: drawnAtEachUse, follows: true, about: about)
    }
}
