public import CANDatabase
import Quantities
public import YAMLTree

extension ScenarioBuilder {
    /// The most bytes of a DBC file that a scenario reads.
    private static let mostDatabaseBytes = 16 << 20

    /// Reads `dbc`: the messages of the file become frames of the bus.
    func readDatabase(_ node: YAMLNode, senders: YAMLNode?, into bus: Int) {
        guard let path = reading.text(node, "'dbc'") else { return }
        let raw: SourceFile
        do {
            raw = try plugins.file(path, usedBy: node.span.file, limit: Self.mostDatabaseBytes)
        } catch {
            reading.error(.noDatabase, node.span, error.message, help: error.help)
            return
        }
        let (database, problems) = DatabaseReader.read(raw.bytes)
        let file = SourceFile(path: raw.path, bytes: DatabaseReader.utf8(raw.bytes))
        databaseFiles.append(raw)
        let findings = (problems + DatabaseLint.findings(in: database)).filter(\.code.isError)
        guard findings.isEmpty else {
            for finding in findings.prefix(20) { report(finding, file, usedAt: node.span) }
            reading.markBroken(scenario.buses[bus].name)
            return
        }
        let from = readSenders(senders, database)
        addFrames(database, file, from, to: bus, path, node)
    }

    private func report(_ finding: DatabaseFinding, _ file: SourceFile, usedAt use: Span) {
        func span(_ place: DatabasePlace) -> Span { Span(file: file, line: place.line, column: place.column, length: place.length) }
        reading.add(
            Diagnostic(
                finding.code.rawValue, finding.message, at: span(finding.place), help: finding.help.isEmpty ? nil : finding.help,
                related: (finding.related.map { [(span($0), "the other one")] } ?? []) + [(use, "the database is used here")]))
    }

    /// `{Charger: charger}`: nodes of the database with the node that sends their messages.
    private func readSenders(_ node: YAMLNode?, _ database: Database) -> [String: Int] {
        var from: [String: Int] = [:]
        for entry in node.flatMap({ reading.mapping($0, "'senders'", example: "{Charger: charger}") }) ?? [] {
            guard database.nodes.contains(where: { $0.name == entry.name }) || database.messages.contains(where: { $0.sender == entry.name }) else {
                let names = database.nodes.map(\.name)
                reading.error(
                    .unknownSender, entry.key.span, "the database has no node \(Diagnostic.quoted(entry.name))",
                    label: reading.suggestion(entry.name, names) ?? (names.isEmpty ? "it has no nodes" : "nodes: \(names.prefix(12).joined(separator: ", "))"))
                continue
            }
            guard let set = nodeSet(entry.value) else { continue }
            guard set.count == 1 else {
                reading.error(.outOfRange, entry.value.span, "messages come from one node")
                continue
            }
            from[entry.name] = set[0]
        }
        return from
    }

    private func addFrames(_ database: Database, _ file: SourceFile, _ from: [String: Int], to bus: Int, _ path: String, _ node: YAMLNode) {
        let traits = MessageTraits(database)
        var translation = DatabaseTranslation()
        var names = Set(scenario.buses[bus].frames.map(\.name))
        var frames: [FrameDeclaration] = []
        var fieldCount = 0
        for message in database.messages {
            fieldCount += message.signals.count
            guard fieldCount <= 500_000 else {
                reading.error(.tooMany, node.span, "the database has more than 500 000 signals")
                return
            }
            var frame = translation.frame(message, traits, file)
            guard names.insert(frame.name).inserted else {
                reading.error(
                    .nameTwice, frame.span ?? node.span, "two messages of the database would be the frame '\(frame.name)'", related: [(node.span, "used here")])
                continue
            }
            if let sender = from[message.sender] {
                frame.from = sender
                let milliseconds = traits.cycleTime(of: message)
                if milliseconds > 0, let every = Duration(seconds: milliseconds / 1000), every > .zero { frame.every = every }
            }
            frame.switchesBitRate = frame.isFD && scenario.buses[bus].dataBitrate != nil
            frames.append(frame)
        }
        scenario.buses[bus].frames += frames
        scenario.buses[bus].databases.append(BusDatabase(path: path, messages: frames.count, notes: translation.notes))
    }
}

/// Turns messages of a database into frames of the language, and keeps notes of what changes.
public struct DatabaseTranslation {
    /// What does not mean the same in the language.
    public private(set) var notes: [String] = []
    private static let mostNotes = 50

    private mutating func note(_ text: String) {
        if notes.count < Self.mostNotes { notes.append(text) } else if notes.count == Self.mostNotes { notes.append("and more") }
    }

    /// A message as a frame without sender.
    mutating func frame(_ message: Message, _ traits: MessageTraits, _ file: SourceFile) -> FrameDeclaration {
        let name = Self.name(message.name)
        if name != message.name { note("the message '\(message.name)' is called '\(name)' here") }
        var frame = FrameDeclaration(
            name: name, id: message.id, isExtended: message.isExtended, from: nil, every: nil, phase: .zero, fields: [], length: message.length,
            span: Span(file: file, line: message.place.line, column: message.place.column, length: message.place.length))
        frame.isFD = traits.isFD(message)
        let parents = MessageCodec.multiplexers(of: message)
        for (index, signal) in message.signals.enumerated() {
            let fieldName = Self.name(signal.name)
            if fieldName != signal.name { note("the signal '\(message.name).\(signal.name)' is called '\(fieldName)' here") }
            var field = field(signal, fieldName, in: message)
            if let multiplexing = signal.multiplexing, parents[index] >= 0 {
                field.multiplexing = FieldDeclaration.Multiplexing(field: parents[index], ranges: multiplexing.ranges)
            }
            frame.fields.append(field)
        }
        return frame
    }

    private mutating func field(_ signal: Signal, _ name: String, in message: Message) -> FieldDeclaration {
        let unit = DatabaseUnits.unit(signal.unit)
        if unit == nil, !signal.unit.isEmpty { note("the unit '\(signal.unit)' of '\(message.name).\(signal.name)' is not known: it is a plain number") }
        func base(_ number: DatabaseNumber) -> Double { unit?.toBase(number.value) ?? number.value }
        var field = FieldDeclaration(
            name: name, startBit: signal.start, bits: signal.bits, order: signal.order == .littleEndian ? .intel : .motorola,
            coding: signal.form == .floating ? .float : signal.form == .signed ? .signed : .unsigned, scale: base(signal.factor), offset: base(signal.offset),
            dimension: unit?.dimension ?? .none, unit: unit?.symbol ?? "", signal: -1)
        field.range = .error
        field.roundsHalfToEven = true
        if signal.hasRange, signal.minimum.value <= signal.maximum.value { field.limits = base(signal.minimum)...base(signal.maximum) }
        field.words = signal.labels.compactMap { label in Int64(exactly: label.raw).map { ($0, label.text) } }
        if !field.words.isEmpty, field.members == nil {
            note("the texts of '\(message.name).\(signal.name)' are left out: words need at most 8 bits, unsigned, without factor and unit")
        }
        return field
    }

    /// A name that the language can use: letters, digits and '_', beginning with a letter, at most 64 of them.
    static func name(_ name: String) -> String {
        var bytes = name.utf8.prefix(60).map { byte -> UInt8 in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) ? byte : 0x5F
        }
        if let first = bytes.first, !((0x41...0x5A).contains(first) || (0x61...0x7A).contains(first)) { bytes.insert(contentsOf: "x".utf8, at: 0) }
        let text = String(decoding: bytes, as: UTF8.self)
        return ScenarioSchema.reservedNames.contains(text.lowercased()) ? text + "_" : text
    }
}

extension DatabaseTranslation {
    /// A message as a frame, for tools that write scenarios.
    public static func frames(of database: Database, _ file: SourceFile) -> (frames: [FrameDeclaration], notes: [String]) {
        let traits = MessageTraits(database)
        var translation = DatabaseTranslation()
        return (database.messages.map { translation.frame($0, traits, file) }, translation.notes)
    }
}
