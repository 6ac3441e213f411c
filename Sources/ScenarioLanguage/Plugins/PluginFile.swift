import Quantities
import YAMLTree

/// Something that a plugin file defines: its name, its settings and its body.
class Definition {
    /// The section of the file that it stands in.
    enum Sort: String, CaseIterable {
        case kinds, attacks, detectors, sequences, frames, messages

        /// The word for one of them in messages.
        var word: String {
            switch self {
            case .kinds: "kind"
            case .attacks: "attack"
            case .detectors: "detector kind"
            case .sequences: "sequence"
            case .frames: "set of frames"
            case .messages: "message"
            }
        }

        /// The word for several.
        var words: String {
            switch self {
            case .detectors: "kinds"
            case .frames: "sets of frames"
            default: word + "s"
            }
        }
    }

    let sort: Sort
    let name: String
    let key: YAMLNode
    let body: YAMLNode
    let about: String
    /// The file that has it.
    unowned let home: PluginFile
    var settings: [SettingManifest] = []
    /// Dimension of each setting of the type `signal` that says so.
    var signalDimensions: [String: Dimension] = [:]
    /// Arguments without a type, as sequences have them.
    var needs: [String] = []

    init(_ sort: Sort, _ name: String, _ key: YAMLNode, _ body: YAMLNode, home: PluginFile) {
        self.sort = sort
        self.name = name
        self.key = key
        self.body = body
        self.home = home
        about = body["about"]?.text ?? ""
    }

    /// The name with that of its plugin in front: unmistakable.
    var qualifiedName: String { home.isScenario ? name : "\(home.name)/\(name)" }
}

/// A node kind made of parts.
final class KindDefinition: Definition {
    /// Parts in the order of the file.
    var parts: [YAMLNode.Entry] = []
    var buses: [YAMLNode.Entry] = []
    /// Derived signals by name, with the formula and the rest of the long form.
    var signals: [(key: YAMLNode, formula: YAMLNode, unit: YAMLNode?, about: String)] = []
    var states: [(key: YAMLNode, rules: YAMLNode)] = []
    var startsIn: Int?
    /// Rules of every state.
    var always: [YAMLNode] = []
    /// Sets of frames that it brings.
    var sets: [YAMLNode] = []
    /// Values that rules set, with the first one, the unit and the meaning.
    var keeps: [(key: YAMLNode, start: YAMLNode, unit: YAMLNode?, about: String)] = []
    /// Frames that it sends.
    var sends: [YAMLNode.Entry] = []
    var reaction = Duration.milliseconds(100)
    /// Index among all kinds of the reading.
    var kindIndex = -1
    var roles: [SettingType.Role] = []
    /// Whether roles and sizes are known.
    var isResolved = false
    /// Whether it contains itself or too much.
    var isEndless = false
    /// Kinds inside each other, this one included.
    var depth = 1
    /// Least number of nodes and of signals of one instance, parts counted.
    var size = (nodes: 1, signals: 0)

    /// Settings that are signals of the node as well: those that are numbers or flags.
    var signalSettings: [SettingManifest] { settings.filter { $0.type.isSignal } }
}

/// One file of definitions: a plugin, or the scenario itself with its sequences.
final class PluginFile {
    let name: String
    let about: String
    let file: SourceFile
    /// Whether it is the file that is run.
    let isScenario: Bool
    /// The place of its name.
    let span: Span
    /// Plugins that it uses, with the place in `uses`.
    var uses: [(file: PluginFile, span: Span)] = []
    var definitions: [Definition] = []
    /// Whether a plugin that it uses could not be had: names that are unknown then are no further mistake.
    var lacksPlugins = false
    /// Whether anything that it defines was named by another file.
    var isUsed = false

    init(name: String, about: String, file: SourceFile, isScenario: Bool, span: Span) {
        self.name = name
        self.about = about
        self.file = file
        self.isScenario = isScenario
        self.span = span
    }

    /// What a name means in this file.
    enum Found {
        case one(Definition)
        case none
        case ambiguous(Definition, Definition)
    }

    /// Looks a name up among the own definitions and those of the plugins that the file uses; `PLUGIN/NAME` names one of them.
    func find(_ name: String, _ sort: Definition.Sort) -> Found {
        if let slash = name.utf8.firstIndex(of: 0x2F) {
            let plugin = name[..<slash]
            let rest = name[name.utf8.index(after: slash)...]
            for file in [self] + uses.map(\.file) where file.name == plugin && !file.isScenario {
                if let found = file.definitions.first(where: { $0.sort == sort && $0.name == rest }) { return .one(found) }
            }
            return .none
        }
        if let own = definitions.first(where: { $0.sort == sort && $0.name == name }) { return .one(own) }
        var found: Definition?
        for use in uses {
            guard let other = use.file.definitions.first(where: { $0.sort == sort && $0.name == name }) else { continue }
            if let found, found !== other { return .ambiguous(found, other) }
            found = other
        }
        return found.map { .one($0) } ?? .none
    }

    /// Names that can be written in this file.
    func names(_ sort: Definition.Sort) -> [String] {
        (definitions + uses.flatMap(\.file.definitions)).filter { $0.sort == sort }.map(\.name)
    }
}

extension SettingType {
    /// Whether a setting of the type is a signal of the node too.
    var isSignal: Bool {
        switch self {
        case .quantity, .number, .percent, .duration, .flag: true
        default: false
        }
    }

    /// Dimension of its value; flags and shares are plain.
    var dimension: Dimension {
        switch self {
        case .quantity(let dimension): dimension
        case .duration: .time
        default: .none
        }
    }
}
