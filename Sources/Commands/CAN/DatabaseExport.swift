import CAN
import CANDatabase
import Quantities
import ScenarioLanguage

/// The frames of a bus as a database.
enum DatabaseExport {
    /// The database of a bus, and what has no place in it.
    static func database(of bus: BusDeclaration, in scenario: Scenario) -> (database: Database, notes: [String]) {
        var database = Database()
        var notes: [String] = []
        var nodes: [Int] = []
        var cycles: [(UInt32, Int64)] = []
        var formats: [(UInt32, Bool)] = []
        for frame in bus.frames {
            guard !frame.isRemote else {
                notes.append("the remote frame '\(frame.name)' has no place in a DBC file")
                continue
            }
            if let from = frame.from, !nodes.contains(from) { nodes.append(from) }
            var message = CANDatabase.Message(
                id: frame.id, isExtended: frame.isExtended, name: frame.name, length: frame.length,
                sender: frame.from.map { nodeName($0, scenario) } ?? CANDatabase.Message.nobody)
            let deciding = Set(frame.fields.compactMap { $0.multiplexing?.field })
            for (index, field) in frame.fields.enumerated() {
                var signal = signal(field, frame)
                signal.isMultiplexer = deciding.contains(index)
                message.signals.append(signal)
            }
            database.messages.append(message)
            if let every = frame.every {
                if every.nanoseconds % 1_000_000 == 0 {
                    cycles.append((message.number, every.nanoseconds / 1_000_000))
                } else {
                    notes.append("the period of '\(frame.name)' is no whole number of milliseconds and is left out")
                }
            }
            if frame.isFD { formats.append((message.number, frame.switchesBitRate)) }
            if frame.fill != 0 { notes.append("the bytes of '\(frame.name)' that belong to no field are 0 in a DBC file, not \(frame.fill)") }
        }
        database.nodes = nodes.map { DatabaseNode(nodeName($0, scenario)) }
        database.comment = "Bus \(bus.name) of the scenario \(scenario.name)."
        addAttributes(cycles, formats, extended: Set(database.messages.filter(\.isExtended).map(\.number)), to: &database)
        return (database, notes)
    }

    private static func addAttributes(_ cycles: [(UInt32, Int64)], _ formats: [(UInt32, Bool)], extended: Set<UInt32>, to database: inout Database) {
        func add(_ name: String, _ owner: AttributeDefinition.Owner, _ type: AttributeDefinition.ValueType, _ value: AttributeValue) {
            database.attributeDefinitions.append(AttributeDefinition(name: name, owner: owner, type: type, defaultValue: value))
        }
        func whole(_ number: Int64) -> DatabaseNumber { DatabaseNumber(Int128(number)) }
        if !cycles.isEmpty { add("GenMsgCycleTime", .message, .integer(.zero, whole(86_400_000)), .number(.zero)) }
        if !formats.isEmpty {
            add("BusType", .network, .text, .text("CAN"))
            add("VFrameFormat", .message, .choice(frameFormats), .text(frameFormats[0]))
            add("CANFD_BRS", .message, .choice(["0", "1"]), .text("0"))
            database.attributes.append(Attribute(name: "BusType", object: .network, value: .text("CAN FD")))
        }
        for (message, milliseconds) in cycles {
            database.attributes.append(Attribute(name: "GenMsgCycleTime", object: .message(message), value: .number(whole(milliseconds))))
        }
        for (message, switchesBitRate) in formats {
            database.attributes.append(
                Attribute(name: "VFrameFormat", object: .message(message), value: .number(whole(extended.contains(message) ? 15 : 14))))
            if switchesBitRate { database.attributes.append(Attribute(name: "CANFD_BRS", object: .message(message), value: .number(.one))) }
        }
    }

    /// Formats of frames by the numbers that tools expect.
    private static let frameFormats =
        ["StandardCAN", "ExtendedCAN"] + [String](repeating: "reserved", count: 12) + ["StandardCAN_FD", "ExtendedCAN_FD"]

    /// `cp.1` as a name of a database: `cp_1`.
    private static func nodeName(_ instance: Int, _ scenario: Scenario) -> String {
        String(scenario.symbols.nodes[instance].map { $0 == "." ? "_" : $0 })
    }

    private static func signal(_ field: FieldDeclaration, _ frame: FrameDeclaration) -> Signal {
        let unit = Unit.named(field.unit)
        /// A value in base units as the unit of the field has it, without the noise of the division.
        func shown(_ value: Double) -> DatabaseNumber {
            let number = unit?.fromBase(value) ?? value
            return DatabaseNumber(decimalText(number)) ?? DatabaseNumber(number)
        }
        var signal = Signal(
            name: field.name, start: field.startBit, bits: field.bits, order: field.order == .intel ? .littleEndian : .bigEndian,
            form: field.coding == .float ? .floating : field.coding == .signed ? .signed : .unsigned, factor: shown(field.scale), offset: shown(field.offset),
            unit: field.unit)
        if let limits = field.limits {
            (signal.minimum, signal.maximum) = (shown(limits.lowerBound), shown(limits.upperBound))
        } else if field.coding != .float, field.bits <= 52 {
            let (low, high) = signal.representable
            (signal.minimum, signal.maximum) = (DatabaseNumber(decimalText(low)) ?? .zero, DatabaseNumber(decimalText(high)) ?? .zero)
        }
        signal.labels = field.words.map { ValueLabel(Int128($0.raw), $0.text) }
        if let multiplexing = field.multiplexing {
            signal.multiplexing = Multiplexing(multiplexer: frame.fields[multiplexing.field].name, ranges: multiplexing.ranges)
        }
        return signal
    }
}
