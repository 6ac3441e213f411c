public import ScenarioLanguage

/// The kinds, detectors and messages that come with evsim.
public enum BuiltIns {
    /// All that a scenario can name.
    public static let registry = Registry(
        kinds: NodeKind.all.map(\.manifest), detectors: DetectorKinds.manifests, messages: MessageManifests.all,
        checkMessage: { action, fields in MessageManifests.check(action, fields) },
        checkAnswer: { action, fields in MessageManifests.checkAnswer(action, fields) })
}
