import CAN
import CANDatabase
import Engine
import JSONText
import Quantities
import ScenarioLanguage
import YAMLTree

/// Messages of a database as frames in YAML: a plugin with a set of frames, or the section `buses` of a scenario.
struct DatabaseImport {
    /// The file.
    private(set) var text = ""
    /// What is not the same as in the database.
    private(set) var notes: [String]
    let frames: Int
    let fields: Int
    private let bus: String?

    /// Imports a database that lint calls right.
    init(_ database: Database, name: String, source: String, bus: String?) {
        self.bus = bus
        let file = SourceFile(path: source, bytes: [])
        let (frames, notes) = DatabaseTranslation.frames(of: database, file)
        self.frames = frames.count
        fields = frames.reduce(0) { $0 + $1.fields.count }
        self.notes = notes
        let indent: String
        if let bus {
            text = "buses:\n  \(bus):\n    frames:\n"
            indent = "      "
        } else {
            text = "evsim: 1\nplugin: \(name)\nabout: \(Self.yaml("Frames of \(source)."))\nframes:\n  \(name):\n"
            text += "    about: \(Self.yaml(database.comment.isEmpty ? "The messages of \(source)." : Self.oneLine(database.comment)))\n    frames:\n"
            indent = "      "
        }
        let traits = MessageTraits(database)
        for (message, frame) in zip(database.messages, frames) { write(message, frame, traits, indent) }
        if frames.isEmpty { text = text.replacing("frames:\n", last: "frames: {}\n") }
        // The canonical layout; a section alone is no file that can be formatted.
        if bus == nil, let bytes = try? Formatter.format(SourceFile(path: source, bytes: Array(text.utf8)), registry: BuiltIns.registry) {
            text = String(decoding: bytes, as: UTF8.self)
        }
    }

    private mutating func write(_ message: Message, _ frame: FrameDeclaration, _ traits: MessageTraits, _ indent: String) {
        if !message.comment.isEmpty { text += "\(indent)# \(Self.oneLine(message.comment))\n" }
        let cycle = traits.cycleTime(of: message)
        if message.sender != CANDatabase.Message.nobody || cycle > 0 {
            let sender = message.sender == CANDatabase.Message.nobody ? "sent" : "sent by \(message.sender)"
            text += "\(indent)# \(sender)\(cycle > 0 ? " every \(DatabaseNumber(cycle).text) ms" : "")\n"
        }
        text += "\(indent)\(frame.name):\n"
        let inner = indent + "  "
        text += "\(inner)id: 0x\(String(frame.id, radix: 16, uppercase: true))\n"
        if frame.isExtended { text += "\(inner)extended: true\n" }
        text += "\(inner)length: \(frame.length)\n"
        if frame.isFD { text += "\(inner)fd: true\n" }
        guard !frame.fields.isEmpty else { return }
        text += "\(inner)data:\n"
        for (signal, field) in zip(message.signals, frame.fields) {
            if !signal.comment.isEmpty { text += "\(inner)  # \(Self.oneLine(signal.comment))\n" }
            text += "\(inner)  \(field.name): \(Self.layout(field, frame, signal))\n"
        }
    }

    private static func layout(_ field: FieldDeclaration, _ frame: FrameDeclaration, _ signal: Signal) -> String {
        var parts = ["at: \(field.startBit)", "bits: \(field.bits)"]
        if signal.factor.value != 1 { parts.append("scale: \(plain(signal.factor.value))") }
        if signal.offset.value != 0 { parts.append("offset: \(plain(signal.offset.value))") }
        if !field.unit.isEmpty { parts.append("unit: \(yaml(field.unit))") }
        if field.coding == .signed { parts.append("signed: true") }
        if field.order == .motorola { parts.append("order: motorola") }
        if field.coding == .float { parts.append("float: true") }
        parts.append("range: error")
        if let multiplexing = field.multiplexing {
            let ranges = multiplexing.ranges.map { $0.lowerBound == $0.upperBound ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            let values = ranges.count == 1 ? ranges[0] : "[\(ranges.joined(separator: ", "))]"
            parts.append("mux: {\(frame.fields[multiplexing.field].name): \(values)}")
        }
        if !field.words.isEmpty {
            var seen = Set<Int64>()
            let words = field.words.filter { seen.insert($0.raw).inserted }.map { "\($0.raw): \(yaml($0.text))" }
            parts.append("values: {\(words.joined(separator: ", "))}")
        }
        return "{\(parts.joined(separator: ", "))}"
    }

    /// A number without exponent where that is exact.
    private static func plain(_ value: Double) -> String {
        let text = decimalText(value)
        return Double(text) == value ? text : DatabaseNumber(value).text
    }

    /// A text as a YAML scalar: as it is when nothing in it means something to YAML, else between double quotes.
    static func yaml(_ text: String) -> String {
        let isPlain =
            text.unicodeScalars.first.map { $0.properties.isAlphabetic || $0 == "°" } == true && text.last != " "
            && text.unicodeScalars.allSatisfy { $0.properties.isAlphabetic || ("0"..."9").contains($0) || "°_./ -".unicodeScalars.contains($0) }
        return isPlain && !ScenarioSchema.reservedNames.contains(text.lowercased()) ? text : JSONValue.string(text).text(.compact)
    }

    private static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline || $0.unicodeScalars.allSatisfy { $0.value < 0x20 } ? " " : $0 }.prefix(300))
    }

    /// The name of a plugin from the path of a file: `a/Charger 2.dbc` becomes `charger-2`.
    static func slug(_ path: String) -> String {
        let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        let stem = name.hasSuffix(".dbc") ? String(name.dropLast(4)) : name
        var slug = ""
        for byte in stem.utf8.prefix(60) {
            if (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) {
                slug.unicodeScalars.append(Unicode.Scalar(byte))
            } else if !slug.isEmpty, !slug.hasSuffix("-") {
                slug += "-"
            }
        }
        while slug.hasSuffix("-") { slug.removeLast() }
        guard let first = slug.utf8.first, first >= 0x61 else { return slug.isEmpty ? "database" : "frames-\(slug)" }
        return slug
    }
}

extension String {
    /// The text with the last occurrence of a part replaced.
    fileprivate func replacing(_ part: String, last new: String) -> String {
        guard hasSuffix(part) else { return self }
        return String(dropLast(part.count)) + new
    }
}
