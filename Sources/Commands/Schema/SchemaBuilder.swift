import JSONText
import Quantities
import ScenarioLanguage

/// Builds the JSON Schema of scenario files or of plugin files out of the tables of the language.
///
/// The documents say draft 2020-12 and use only what draft-07 means in the same way, because language servers of editors know that one: behind
/// `$ref` stand only titles and explanations.
final class SchemaBuilder {
    /// Kinds of files.
    enum File: String, CaseIterable {
        case scenario, plugin
    }

    /// Which names can stand in a part of a file.
    enum Names {
        /// What comes with the tool.
        case builtIn
        /// Names of plugins too.
        case open
        /// Names of plugins too, and `=name` for a setting in place of any value.
        case settings
    }

    let registry: Registry
    private var definitions: [(name: String, schema: JSONValue)] = []

    init(registry: Registry) { self.registry = registry }

    /// The schema of a kind of files.
    func document(for file: File) -> JSONValue {
        definitions = []
        return file == .scenario ? scenario() : plugin()
    }

    private func scenario() -> JSONValue {
        let top = ScenarioSchema.top
        let depends = ["nodes", "sequences", "steps", "detectors"]
        var schema = section(top, .builtIn, hollow: depends)
        func branch(_ names: Names) -> JSONValue {
            ["properties": .object(top.keys.filter { depends.contains($0.name) }.map { .init($0.name, type(of: $0, names)) })]
        }
        schema.add("if", ["required": ["uses"]])
        schema.add("then", branch(.open))
        schema.add("else", branch(.builtIn))
        return head("evsim scenario, format 1", "One YAML file that describes charge points, what goes wrong there, and what must be found.", schema)
    }

    private func plugin() -> JSONValue {
        head(
            "evsim plugin, format 1", "One YAML file that declares kinds, attacks, detectors, sequences, frames and messages.",
            section(PluginSchema.top, .settings))
    }

    private func head(_ title: String, _ about: String, _ schema: JSONValue) -> JSONValue {
        var document: JSONValue = [
            "$schema": "https://json-schema.org/draft/2020-12/schema", "title": .string(title), "description": .string(about),
            "markdownDescription": .string(about),
        ]
        for member in schema.members ?? [] where document[member.key] == nil { document.add(member.key, member.value) }
        document.add("$defs", .object(definitions.map { .init($0.name, $0.schema) }))
        return document
    }

    // MARK: Definitions

    /// A reference to a definition, which is made when it is named for the first time.
    func define(_ name: String, _ make: () -> JSONValue) -> JSONValue {
        if !definitions.contains(where: { $0.name == name }) {
            let place = definitions.count
            definitions.append((name, .null))
            definitions[place].schema = make()
        }
        return ["$ref": .string("#/$defs/\(name)")]
    }

    /// What distinguishes the definitions of a part of the file; most are the same with and without plugins.
    func suffix(_ names: Names, byPlugins: Bool) -> String {
        switch names {
        case .builtIn: ""
        case .open: byPlugins ? "-with-plugins" : ""
        case .settings: "-in-plugin"
        }
    }

    // MARK: Sections

    /// A section with its keys; those of `hollow` get their type elsewhere.
    func section(_ section: Section, _ names: Names, hollow: [String] = []) -> JSONValue {
        let required = section.keys.filter(\.required).map { JSONValue.string($0.name) }
        let isOfPlugin = PluginSchema.all.contains { $0.path == section.path }
        var schema: JSONValue = [
            "title": .string(section.path.isEmpty ? "scenario" : KeyType.noun(section.path)), "description": .string(section.about),
            "type": required.isEmpty ? ["object", "null"] : "object",
            "properties": .object(
                section.keys.map { key in
                    let type = hollow.contains(key.name) ? .object([]) : type(of: key, names, scalars: isOfPlugin ? .open : names)
                    return .init(key.name, describe(key, type))
                }),
        ]
        if !required.isEmpty { schema.add("required", .array(required)) }
        schema.add("additionalProperties", false)
        if section.path == ScenarioSchema.frame.path {
            schema.add("if", ["properties": ["id": ["type": "integer", "minimum": 2048]], "required": ["id"]])
            schema.add("then", ["properties": ["extended": ["const": true]], "required": ["extended"]])
            schema.add("oneOf", [["required": ["id"]], ["required": ["pgn"]]])
        }
        if section.path == ScenarioSchema.plot.path { schema.add("oneOf", [["required": ["lines"]], ["required": ["latencies"]]]) }
        if section.path == ScenarioSchema.expectation.path {
            schema.add("allOf", .array(oneOf(["that", "exchange", "never"], only: ["strictly": "exchange"])))
        }
        if section.path == ScenarioSchema.pattern.path { schema.add("allOf", .array(oneOf(["call", "result", "error"]) + [fieldsOfPattern()])) }
        if section.path == ScenarioSchema.exchangeElement.path {
            schema.add("allOf", .array(oneOf(["call", "result", "error", "never"]) + [fieldsOfPattern()]))
        }
        if section.path == PluginSchema.setting.path { schema.add("allOf", .array(typesOfSettings())) }
        if section.path == PluginSchema.kind.path {
            schema.add("if", ["required": ["states"]])
            schema.add("then", ["required": ["starts_in"]])
            // A signal that is handed to a node must say what it measures.
            let signal: JSONValue = ["if": ["properties": ["type": ["const": "signal"]], "required": ["type"]], "then": ["required": ["of"]]]
            schema.add("allOf", [["if": ["required": ["settings"]], "then": ["properties": ["settings": ["additionalProperties": signal]]]]])
        }
        if section.path == PluginSchema.rule.path {
            schema.add("anyOf", .array(["when", "on", "after"].map { ["required": [.string($0)]] }))
            schema.add("if", ["not": ["required": ["go"]]])
            schema.add("then", ["required": ["set", "on"]])
        }
        if section.path == PluginSchema.message.path { schema.add("allOf", .array(registry.messages.map { fieldsOfPreset($0) })) }
        return schema
    }

    /// Exactly one of some keys, and keys that stand only beside a certain one.
    private func oneOf(_ keys: [String], only: KeyValuePairs<String, String> = [:]) -> [JSONValue] {
        [["oneOf": .array(keys.map { ["required": [.string($0)]] })]]
            + only.map { key, beside in ["if": ["required": [.string(key)]], "then": ["required": [.string(beside)]]] }
    }

    /// The section of a path as a definition.
    func section(at path: String, _ names: Names) -> JSONValue {
        let known = (ScenarioSchema.all + PluginSchema.all).first { $0.path == path }
        guard let known else { return .object([]) }
        let name = path.split(whereSeparator: { ".[]".contains($0) }).filter { !["NAME", "STATE", "i"].contains($0) }.joined(separator: "-")
        let byPlugins = path == ScenarioSchema.sequence.path
        return define(name + suffix(names, byPlugins: byPlugins)) { section(known, names) }
    }

    /// Title, explanation and default of a key before its type.
    func describe(_ key: KeyManifest, _ type: JSONValue) -> JSONValue {
        described(
            key.name, key.about, words: key.type, required: key.required, default: key.defaultText.flatMap { value($0, key.takes) }, text: key.defaultText, type
        )
    }

    /// Title, explanation and default before a type.
    func described(
        _ name: String, _ about: String, words: String, required: Bool, default defaultValue: JSONValue?, text: String?, _ type: JSONValue
    ) -> JSONValue {
        let note = "*\(words)\(required ? ", required*" : text.map { "*, by default `\($0)`" } ?? "*")"
        var schema: JSONValue = ["title": .string(name), "description": .string(about), "markdownDescription": .string("\(about)\n\n\(note)")]
        if let defaultValue { schema.add("default", defaultValue) }
        for member in type.members ?? [] where schema[member.key] == nil { schema.add(member.key, member.value) }
        return schema
    }

    /// A default as an editor would write it.
    private func value(_ text: String, _ type: KeyType) -> JSONValue? {
        switch type {
        case .flag: return .bool(text == "true")
        case .whole, .number: return Int64(text).map { .integer($0) } ?? .string(text)
        case .fields, .arguments: return .object([])
        case .list, .steps:
            let words = text.dropFirst().dropLast().split(separator: ",").map { String($0.drop { $0 == " " }) }
            return .array(words.map { .string($0) })
        default: return .string(text)
        }
    }
}

extension JSONValue {
    /// Adds a member to an object.
    mutating func add(_ key: String, _ value: JSONValue) {
        guard case .object(let members) = self else { return }
        self = .object(members + [Member(key, value)])
    }
}
