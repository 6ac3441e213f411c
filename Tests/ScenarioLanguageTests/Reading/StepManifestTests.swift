import Testing

@testable import ScenarioLanguage

@Suite("tables of the language")
struct StepManifestTests {
    @Test("the table of verbs has the verbs and keys of the reader")
    func verbs() {
        #expect(StepManifest.all.map(\.verb) == StepVerb.allCases.map(\.rawValue))
        for manifest in StepManifest.all { #expect(manifest.keys.map(\.name) == StepVerb(rawValue: manifest.verb)?.keys, "\(manifest.verb)") }
    }

    @Test("every section of plugin files has unique keys and a sentence for each")
    func plugins() {
        for section in PluginSchema.all {
            #expect(Set(section.keys.map(\.name)).count == section.keys.count, "\(section.path)")
            #expect(section.keys.allSatisfy { !$0.about.isEmpty && $0.about.hasSuffix(".") && !$0.type.isEmpty }, "\(section.path)")
        }
    }

    @Test("types name sections that there are")
    func sections() {
        let paths = (ScenarioSchema.all + PluginSchema.all).map(\.path)
        func check(_ type: KeyType) {
            switch type {
            case .section(let path, _): #expect(paths.contains(path), "\(path)")
            case .named(let inner, _, _), .list(let inner, _): check(inner)
            default: break
            }
        }
        for section in ScenarioSchema.all + PluginSchema.all { section.keys.forEach { check($0.takes) } }
    }
}
