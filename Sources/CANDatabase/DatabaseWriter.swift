import CAN

/// Writes DBC files in one canonical form, which reads back as the same database.
public enum DatabaseWriter {
    /// The file: Windows-1252 as other tools expect it, UTF-8 where a character is not in that code page.
    public static func bytes(_ database: Database) -> [UInt8] {
        let text = text(database)
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return Array(text.utf8) }
        // Bytes that are UTF-8 by chance would be read as UTF-8.
        if let bytes = Windows1252.bytes(text), String(validating: bytes, as: UTF8.self) == nil { return bytes }
        return Array(text.utf8)
    }

    /// The file as text.
    public static func text(_ database: Database) -> String {
        var out = "VERSION \(quoted(database.version))\n\nNS_ :\n"
        for symbol in newSymbols { out += "\t\(symbol)\n" }
        out += "\nBS_:\n\nBU_:"
        for node in database.nodes { out += " \(node.name)" }
        out += "\n"
        for table in database.valueTables { out += "VAL_TABLE_ \(table.name)\(labels(table.labels)) ;\n" }
        out += "\n"
        for message in database.messages { write(message, to: &out) }
        for message in database.messages where !message.transmitters.isEmpty {
            out += "BO_TX_BU_ \(message.number) : \(message.transmitters.joined(separator: ","));\n"
        }
        let early = ["EV_ ", "ENVVAR_DATA_ ", "EV_DATA_ ", "SGTYPE_ "]
        let late = ["BA_REL_ ", "BA_DEF_DEF_REL_ ", "VAL_ ", "SIG_GROUP_ ", "SIGTYPE_VALTYPE_ ", "SIG_TYPE_REF_ ", "BA_SGTYPE_ "]
        for line in database.kept where early.contains(where: line.hasPrefix) { out += line + "\n" }
        writeComments(database, to: &out)
        for line in database.kept where !(early + late).contains(where: line.hasPrefix) { out += line + "\n" }
        writeAttributes(database, to: &out)
        for line in database.kept where late.contains(where: line.hasPrefix) { out += line + "\n" }
        for message in database.messages { writeValues(message, to: &out) }
        return out
    }

    /// A text between quotes.
    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" { out += "\\" }
            out.unicodeScalars.append(scalar)
        }
        // A backslash in front of the closing quote would be read as a quote inside the text.
        return out + (text.unicodeScalars.last == "\\" ? " \"" : "\"")
    }

    /// Keywords that the file may use, as other writers list them.
    private static let newSymbols = [
        "NS_DESC_", "CM_", "BA_DEF_", "BA_", "VAL_", "CAT_DEF_", "CAT_", "FILTER", "BA_DEF_DEF_", "EV_DATA_", "ENVVAR_DATA_", "SGTYPE_", "SGTYPE_VAL_",
        "BA_DEF_SGTYPE_", "BA_SGTYPE_", "SIG_TYPE_REF_", "VAL_TABLE_", "SIG_GROUP_", "SIG_VALTYPE_", "SIGTYPE_VALTYPE_", "BO_TX_BU_", "BA_DEF_REL_",
        "BA_REL_", "BA_DEF_DEF_REL_", "BU_SG_REL_", "BU_EV_REL_", "BU_BO_REL_", "SG_MUL_VAL_",
    ]

    private static func write(_ message: Message, to out: inout String) {
        out += "BO_ \(message.number) \(message.name): \(message.length) \(message.sender)\n"
        for signal in message.signals {
            var mark = signal.multiplexing.map { " m\($0.ranges.first?.lowerBound ?? 0)" } ?? ""
            if signal.isMultiplexer { mark = mark.isEmpty ? " M" : mark + "M" }
            out += " SG_ \(signal.name)\(mark) : \(signal.start)|\(signal.bits)@\(signal.order == .littleEndian ? 1 : 0)\(signal.form == .unsigned ? "+" : "-")"
            out += " (\(signal.factor.text),\(signal.offset.text)) [\(signal.minimum.text)|\(signal.maximum.text)] \(quoted(signal.unit))"
            out += "  \(signal.receivers.isEmpty ? Message.nobody : signal.receivers.joined(separator: ","))\n"
        }
        out += "\n"
    }

    private static func writeComments(_ database: Database, to out: inout String) {
        if !database.comment.isEmpty { out += "CM_ \(quoted(database.comment)) ;\n" }
        for node in database.nodes where !node.comment.isEmpty { out += "CM_ BU_ \(node.name) \(quoted(node.comment)) ;\n" }
        for message in database.messages {
            if !message.comment.isEmpty { out += "CM_ BO_ \(message.number) \(quoted(message.comment)) ;\n" }
            for signal in message.signals where !signal.comment.isEmpty {
                out += "CM_ SG_ \(message.number) \(signal.name) \(quoted(signal.comment)) ;\n"
            }
        }
    }

    private static func writeAttributes(_ database: Database, to out: inout String) {
        for definition in database.attributeDefinitions {
            let owner = definition.owner == .network ? "" : definition.owner.rawValue + " "
            let type: String
            switch definition.type {
            case .integer(let low, let high): type = "INT \(low.text) \(high.text)"
            case .hexadecimal(let low, let high): type = "HEX \(low.text) \(high.text)"
            case .real(let low, let high): type = "FLOAT \(low.text) \(high.text)"
            case .text: type = "STRING "
            case .choice(let texts): type = "ENUM  " + texts.map(quoted).joined(separator: ",")
            }
            out += "BA_DEF_ \(owner) \(quoted(definition.name)) \(type);\n"
        }
        for definition in database.attributeDefinitions {
            guard let value = definition.defaultValue else { continue }
            out += "BA_DEF_DEF_  \(quoted(definition.name)) \(text(value));\n"
        }
        for attribute in database.attributes {
            let object: String
            switch attribute.object {
            case .network: object = ""
            case .node(let name): object = "BU_ \(name) "
            case .message(let number): object = "BO_ \(number) "
            case .signal(let number, let name): object = "SG_ \(number) \(name) "
            case .environmentVariable(let name): object = "EV_ \(name) "
            }
            out += "BA_ \(quoted(attribute.name)) \(object)\(text(attribute.value));\n"
        }
    }

    private static func text(_ value: AttributeValue) -> String {
        switch value {
        case .number(let number): number.text
        case .text(let text): quoted(text)
        }
    }

    private static func writeValues(_ message: Message, to out: inout String) {
        for signal in message.signals where !signal.labels.isEmpty { out += "VAL_ \(message.number) \(signal.name)\(labels(signal.labels)) ;\n" }
        for signal in message.signals where signal.form == .floating {
            out += "SIG_VALTYPE_ \(message.number) \(signal.name) : \(signal.bits == 32 ? 1 : 2);\n"
        }
        // With one multiplexer and single values the marks say it all.
        let multiplexers = message.signals.count { $0.isMultiplexer }
        let isSimple =
            multiplexers <= 1
            && message.signals.allSatisfy { $0.multiplexing.map { $0.ranges.count == 1 && $0.ranges[0].lowerBound == $0.ranges[0].upperBound } ?? true }
        guard !isSimple else { return }
        let only = message.signals.first { $0.isMultiplexer && $0.multiplexing == nil }?.name
        for signal in message.signals {
            guard let multiplexing = signal.multiplexing, let multiplexer = multiplexing.multiplexer ?? only else { continue }
            let ranges = multiplexing.ranges.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ", ")
            out += "SG_MUL_VAL_ \(message.number) \(signal.name) \(multiplexer) \(ranges);\n"
        }
    }

    private static func labels(_ labels: [ValueLabel]) -> String {
        var out = ""
        for label in labels { out += " \(label.raw) \(quoted(label.text))" }
        return out
    }
}
