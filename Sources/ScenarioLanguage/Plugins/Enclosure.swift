import YAMLTree

/// What a setting or argument stands for inside the definition that has it.
enum Binding {
    /// A number, flag or text, known or in a signal.
    case symbol(FormulaSymbol)
    /// Nodes that are known when the file is read.
    case nodes([Int])
    /// Nodes that a call hands over at run time.
    case localNodes(Int)
    /// A bus.
    case bus(Int)
    /// A signal or several.
    case signals([Int])
    /// A signal that is looked up when it is first mentioned, because it may be derived from others.
    case later(LateSignal)
    /// Not given, and without default.
    case absent
}

/// A setting that names a signal, of all instances of one node.
final class LateSignal {
    private enum State {
        case waiting(() -> Binding)
        /// Being looked up; how many signals were being derived when that began.
        case busy
        case known(Binding)
    }
    private var state: State

    init(_ lookUp: @escaping () -> Binding) { state = .waiting(lookUp) }

    /// What it is; `nil` when it is needed to find out what it is.
    func resolved() -> Binding? {
        switch state {
        case .known(let binding): return binding
        case .busy: return nil
        case .waiting(let lookUp):
            state = .busy
            let binding = lookUp()
            state = .known(binding)
            return binding
        }
    }
}

/// A definition in use: the names inside mean its settings and parts, and nothing of the file that uses it.
final class Enclosure {
    /// Name of the instance, in front of the names of its parts; empty for steps.
    let prefix: String
    /// The file whose kinds, sequences and the like can be named inside.
    let home: PluginFile
    /// Settings, arguments, `target` and the like.
    var bindings: [(name: String, binding: Binding)] = []
    /// Parts, buses and signals of the instance.
    var ownNames: Set<String> = []
    /// Names in front of those of the frames that it has brought, by bus.
    var framePrefixes: [(bus: Int, prefix: String)] = []
    /// Whether names of the scenario can be used inside: true for its own sequences.
    let isOpen: Bool
    /// Settings as they are written where the definition is used, and what is around that place.
    let body: YAMLNode?
    let outer: Enclosure?
    /// Settings of the definition, for defaults.
    let settings: [SettingManifest]

    init(prefix: String, home: PluginFile, isOpen: Bool = false, body: YAMLNode? = nil, outer: Enclosure? = nil, settings: [SettingManifest] = []) {
        self.prefix = prefix
        self.home = home
        self.isOpen = isOpen
        self.body = body
        self.outer = outer
        self.settings = settings
    }

    func binding(_ name: String) -> Binding? {
        guard let found = bindings.first(where: { $0.name == name })?.binding else { return nil }
        guard case .later(let late) = found else { return found }
        return late.resolved() ?? found
    }

    /// Names in front of those of the frames that it has brought to a bus.
    func framePrefixes(of bus: Int) -> [String] { framePrefixes.filter { $0.bus == bus }.map(\.prefix) }

    /// The full name of a thing of the instance.
    func full(_ name: String) -> String { prefix.isEmpty ? name : "\(prefix).\(name)" }

    /// The text behind `=name` where only a setting can stand, followed outwards to where it was written.
    static func text(of node: YAMLNode, in enclosure: Enclosure?) -> String? {
        guard let text = node.text else { return nil }
        guard text.hasPrefix("="), let enclosure else { return text }
        let name = String(text.dropFirst()).trimmed
        guard let setting = enclosure.settings.first(where: { $0.name == name }) else { return nil }
        if let given = enclosure.body?[name] { return Enclosure.text(of: given, in: enclosure.outer) }
        return setting.defaultText
    }
}
