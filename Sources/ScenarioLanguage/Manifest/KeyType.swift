public import Quantities

/// What a key of a section takes: behind the words of pages and the JSON schema.
public indirect enum KeyType: Sendable, Hashable {
    /// The version of the format.
    case version
    /// A name; with dashes for scenarios, plugins, sequences and labels.
    case name(dashes: Bool)
    /// The name of something that is declared elsewhere, in the words of the field: `node`, `signal`, `kind`.
    case reference(Reference)
    /// A path of a plugin file, or `evsim/NAME`.
    case plugin
    /// Any text.
    case text
    /// `true` or `false`.
    case flag
    /// A whole number in a range.
    case whole(ClosedRange<UInt64>)
    /// An identifier of a CAN frame.
    case identifier
    /// A plain number.
    case number
    /// A time that is known when the file is read; zero only where it makes sense.
    case duration(allowsZero: Bool)
    /// A time, or a formula that gives one when it is needed.
    case time
    /// A quantity of this dimension.
    case quantity(Dimension)
    /// A number with any unit, or a flag.
    case value
    /// A text, a number with any unit, or a flag.
    case anything
    /// A level in the unit of the signal that is watched.
    case level
    /// An instant of RFC 3339 in UTC.
    case instant
    /// A size of a picture.
    case size
    /// A formula.
    case formula
    /// The symbol of a unit.
    case unit
    /// The layout of a field in its short form.
    case layout
    /// One of these words.
    case word([String])
    /// A speed of simulated time.
    case pace
    /// The code of a warning.
    case warning
    /// How often steps are repeated.
    case repetition
    /// A message of the catalogue, or of a plugin.
    case message
    /// A frame, `BUS.FRAME`, or a bus.
    case frame
    /// Bytes in hexadecimal digits.
    case bytes
    /// An action of a kind of node.
    case action
    /// Nodes: a name, `cp.*`, a list, or a formula that gives nodes.
    case target
    /// What an attack acts on: a bus, a frame, nodes, messages or signals, or a list of such.
    case attacked
    /// Signals; a list inside the list is a panel of its own.
    case lines
    /// Fields of a message.
    case fields
    /// A mapping of names to values that something else defines.
    case arguments
    /// Signals with the values that they get.
    case settings
    /// A state of a kind, or a list of them.
    case states
    /// Named lists of steps.
    case tracks
    /// Steps.
    case steps
    /// A section, by its path; `short` is what can stand in its place.
    case section(String, short: KeyType? = nil)
    /// Entries with names of their own, each of this type.
    case named(KeyType, key: String, dashes: Bool = false)
    /// A list; with the least and the greatest number of items where it matters.
    case list(KeyType, count: ClosedRange<Int>? = nil)

    /// What a reference names.
    public enum Reference: String, Sendable, Hashable {
        case kind, node, signal, state, sequence, attack, detector
        case detectorKind = "detector kind"
        case frameSet = "set of frames"
        case labels = "labels or detector"
        case messages = "stream of messages"
        case typeOrRole = "type or role"
    }

    /// The type in words.
    public var words: String {
        switch self {
        case .version: "1"
        case .name(let dashes): dashes ? "slug" : "name"
        case .reference(.detectorKind): "kind"
        case .reference(let what): what.rawValue
        case .plugin: "plugin"
        case .text: "text"
        case .flag: "true or false"
        case .whole(let range): range.upperBound > 1_000_000_000 ? "whole number" : "\(range.lowerBound)…\(range.upperBound)"
        case .identifier: "0x…"
        case .number: "number"
        case .duration, .time: "time"
        case .quantity(let dimension): dimension.name
        case .value, .anything: "value"
        case .level: "level"
        case .instant: "RFC 3339 instant"
        case .size: "WIDTHxHEIGHT"
        case .formula: "formula"
        case .unit: "unit"
        case .layout: "layout"
        case .word(let words): words.joined(separator: " | ")
        case .pace: "fast, real or Nx"
        case .warning: "code"
        case .repetition: "number, forever, time or formula"
        case .message: "message"
        case .frame: "BUS.FRAME or BUS"
        case .bytes: "hexadecimal bytes"
        case .action: "action"
        case .target: "nodes"
        case .attacked: "target or list of targets"
        case .lines: "list of signals"
        case .fields: "FIELD: value"
        case .arguments: "NAME: value"
        case .settings: "SIGNAL: value"
        case .states: "state or list of states"
        case .tracks: "TRACK: steps"
        case .steps: "list of steps"
        case .section(let path, let short): short.map { _ in KeyType.noun(path) } ?? "section"
        case .named(let type, let key, _): "\(key): \(type.one)"
        case .list(let type, let count): count == 2...2 ? "[\(type.one), \(type.one)]" : "list of \(type.many)"
        }
    }

    /// One of it.
    private var one: String {
        switch self {
        case .section(let path, _): KeyType.noun(path)
        case .list(let type, _): "list of \(type.many)"
        default: words
        }
    }

    /// Several of it.
    private var many: String {
        switch self {
        case .word: "words"
        case .reference(.labels): "labels and detectors"
        case .reference(.frameSet): "sets of frames"
        case .section("frames.NAME", _), .section("buses.NAME.sets[i]", _), .section("kinds.NAME.sets[i]", _): "sets of frames"
        case .formula: "formulas"
        default: "\(one)s"
        }
    }

    /// What a section is called where something takes it.
    public static func noun(_ path: String) -> String {
        switch path {
        case "params.NAME": "value"
        case "kinds.NAME": "kind"
        case "settings.NAME": "setting"
        case "kinds.NAME.signals.NAME": "signal"
        case "kinds.NAME.states.STATE[i]": "rule"
        case "kinds.NAME.keeps.NAME": "kept value"
        case "kinds.NAME.sends.NAME": "frame that is sent"
        case "kinds.NAME.sets[i]": "set of frames"
        case "plugin.detectors.NAME": "detector kind"
        case "frames.NAME": "set of frames"
        case "buses.NAME.frames.NAME.data.NAME": "layout"
        case "steps[i].label": "label"
        case "expect[i]": "expectation"
        case "expect[i].exchange[i]", "expect[i].never": "message"
        case "nodes.NAME.replies.MESSAGE[i]": "reply"
        default:
            // `plots[i]` is a plot, `nodes.NAME` a node, `buses.NAME` a bus.
            switch path.split(whereSeparator: { $0 == "." || $0 == "[" }).last(where: { $0 != "NAME" && $0 != "i]" }).map(String.init) ?? path {
            case "buses": "bus"
            case let word: word.hasSuffix("s") ? String(word.dropLast()) : word
            }
        }
    }
}
