import Quantities
import YAMLTree

/// J1939 identifiers and messages longer than a frame.
extension ScenarioBuilder {
    /// Keys of frames that go with one transport, or with a parameter group.
    private static let keysOfTransports: [(keys: [String], needs: String)] = [
        (["answers", "block_size", "separation", "padding", "frame_length", "address", "answer_address"], "transport: isotp"),
        (["window", "spacing", "transport_priority"], "transport: j1939"),
        (["priority", "source", "destination"], "pgn"),
    ]

    /// The addresses of the nodes on a bus.
    func readAddresses(_ node: YAMLNode?, into bus: Int) {
        for entry in node.flatMap({ reading.mapping($0, "'addresses'", example: "{bms: 0xF4, charger: 0x56}") }) ?? [] {
            guard let set = nodeSet(entry.key), let address = reading.whole(entry.value, "an address", in: 0...253) else { continue }
            guard set.count == 1 else {
                reading.error(.outOfRange, entry.key.span, "an address belongs to one node, not to \(set.count)")
                continue
            }
            if let other = scenario.buses[bus].addresses.first(where: { $0.address == UInt8(address) || $0.node == set[0] }) {
                let name = scope.table.nodes[other.node]
                reading.error(
                    .addressTwice, entry.key.span,
                    other.node == set[0]
                        ? "'\(name)' has the address \(Self.hexadecimal(other.address)) already"
                        : "the address \(Self.hexadecimal(other.address)) belongs to '\(name)' already")
                continue
            }
            scenario.buses[bus].addresses.append((set[0], UInt8(address)))
        }
    }

    /// Whether each key goes with the others; says so otherwise.
    func checkKeys(of section: SectionReader) -> Bool {
        func reject(_ key: String, _ text: String, _ label: String?) -> Bool {
            reading.error(.keyOfOtherFrame, (section.key(key) ?? section.node).span, text, label: label)
            return false
        }
        if section["pgn"] != nil {
            for key in ["id", "extended", "fd", "remote"] where section[key] != nil {
                return reject(key, "'\(key)' has no place beside 'pgn'", "the 29-bit identifier is composed of 'pgn', 'priority' and the addresses")
            }
        }
        let transport = section["transport"]?.text
        for (keys, needs) in Self.keysOfTransports {
            let isThere = needs == "pgn" ? section["pgn"] != nil : transport.map { needs.hasSuffix($0) } ?? false
            guard !isThere, let key = keys.first(where: { section[$0] != nil }) else { continue }
            return reject(key, "'\(key)' goes with '\(needs)'", transport == nil || needs == "pgn" ? "help: add '\(needs)', or leave it out" : nil)
        }
        if section["to"] != nil, section["pgn"] == nil, transport == nil {
            return reject("to", "a frame is heard by every node of the bus", "'to' goes with 'pgn' and with 'transport'")
        }
        guard transport != nil else { return true }
        for key in ["remote"] + (transport == "j1939" ? ["fd"] : []) where section[key] != nil {
            return reject(key, "'\(key)' does not go with 'transport: \(transport ?? "")'", nil)
        }
        return true
    }

    /// The identifier as it is written, or composed of group and addresses.
    func readIdentifier(_ section: SectionReader, _ body: YAMLNode, into frame: inout FrameDeclaration, _ bus: Int) -> Bool {
        if let node = section["to"] {
            guard let set = nodeSet(node) else { return false }
            guard set.count == 1 else {
                reading.error(.outOfRange, node.span, "a message goes to one node, or to all without 'to'")
                return false
            }
            frame.to = set[0]
        }
        guard let node = section["pgn"] else { return readWrittenIdentifier(section, body, into: &frame) }
        guard let pgn = reading.whole(node, "'pgn'", in: 0...0x3FFFF), let priority = number(section, "priority", in: 0...7, 6) else { return false }
        guard pgn >> 8 & 0xFF >= 240 || pgn & 0xFF == 0 else {
            reading.error(
                .outOfRange, node.span, "the group 0x\(String(pgn, radix: 16, uppercase: true)) has a destination, so its last two digits are 00",
                label: "the destination is the address of 'to'")
            return false
        }
        guard let source = address(section, "source", of: frame.from, "from", in: 0...254, bus, node) else { return false }
        let isToAll = section["destination"] == nil && frame.to == nil
        guard let destination = isToAll ? 255 : address(section, "destination", of: frame.to, "to", in: 0...255, bus, node) else { return false }
        let group = GroupDeclaration(priority: UInt8(priority), pgn: UInt32(pgn), source: source, destination: destination)
        frame.group = group
        frame.id = group.identifier
        frame.isExtended = true
        return true
    }

    private func readWrittenIdentifier(_ section: SectionReader, _ body: YAMLNode, into frame: inout FrameDeclaration) -> Bool {
        guard let node = section["id"] else {
            reading.error(
                .missingKey, body.span, "a frame needs the key 'id'", label: "11 bits, or 29 with 'extended'; or 'pgn', for a J1939 identifier of addresses")
            return false
        }
        guard let id = identifier(node) else { return false }
        if let node = section["extended"] { frame.isExtended = reading.flag(node, "'extended'") ?? false }
        frame.id = UInt32(id)
        return checkIdentifier(id, frame.isExtended, node)
    }

    /// An address: written, or that of the node.
    private func address(
        _ section: SectionReader, _ key: String, of node: Int?, _ role: String, in range: ClosedRange<Int64>, _ bus: Int, _ place: YAMLNode
    ) -> UInt8? {
        if let written = section[key] { return reading.whole(written, "'\(key)'", in: range).map { UInt8($0) } }
        let name = scenario.buses[bus].name
        guard let node else {
            reading.error(.noAddress, place.span, "the message has no \(key) address", label: "give '\(role)', or '\(key)'")
            return nil
        }
        if let known = scenario.buses[bus].addresses.first(where: { $0.node == node }) { return known.address }
        reading.error(
            .noAddress, (section[role] ?? place).span, "'\(scope.table.nodes[node])' has no address on '\(name)'",
            label: "help: add 'addresses: {\(scope.table.nodes[node]): 0x56}' to the bus, or '\(key)' to the frame")
        return nil
    }

    /// How a message longer than a frame is carried.
    func readTransport(_ section: SectionReader, into frame: inout FrameDeclaration) -> Bool {
        guard let node = section["transport"] else { return true }
        guard let index = reading.word(node, "'transport'", among: ["isotp", "j1939"]) else { return false }
        var transport = TransportDeclaration(index == 0 ? .isotp : .j1939)
        let isRead = index == 0 ? readISOTP(section, into: &transport, frame) : readJ1939(section, into: &transport, &frame, node)
        frame.transport = transport
        return isRead
    }

    private func readJ1939(
        _ section: SectionReader, into transport: inout TransportDeclaration, _ frame: inout FrameDeclaration, _ node: YAMLNode
    ) -> Bool {
        if frame.group == nil {
            guard frame.isExtended else {
                reading.error(.keyOfOtherFrame, node.span, "J1939 has identifiers of 29 bits", label: "help: give 'pgn', or 'extended: true'")
                return false
            }
            frame.group = GroupDeclaration(identifier: frame.id)
        }
        guard let window = number(section, "window", in: 1...255, 255) else { return false }
        transport.window = UInt8(window)
        if section["transport_priority"] != nil {
            guard let priority = number(section, "transport_priority", in: 0...7, 7) else { return false }
            transport.priority = UInt8(priority)
        }
        guard section["spacing"] != nil else { return true }
        guard let spacing = time(section, "spacing", upTo: .milliseconds(200)) else { return false }
        transport.spacing = spacing
        return true
    }

    private func readISOTP(_ section: SectionReader, into transport: inout TransportDeclaration, _ frame: FrameDeclaration) -> Bool {
        if let node = section["answers"] {
            guard let id = reading.whole(node, "'answers'", in: 0...0x1FFF_FFFF), checkIdentifier(id, frame.isExtended, node) else { return false }
            guard id != Int64(frame.id) else {
                reading.error(.outOfRange, node.span, "flow controls cannot have the identifier of the message", label: "the two sides would hear themselves")
                return false
            }
            transport.answers = UInt32(id)
        }
        for (key, path) in [
            ("padding", \TransportDeclaration.padding), ("address", \TransportDeclaration.address), ("answer_address", \TransportDeclaration.answerAddress),
        ] where section[key] != nil {
            guard let value = number(section, key, in: 0...255, 0) else { return false }
            transport[keyPath: path] = UInt8(value)
        }
        guard let block = number(section, "block_size", in: 0...255, 0), let separation = time(section, "separation", upTo: .milliseconds(127)) else {
            return false
        }
        transport.blockSize = UInt8(block)
        transport.separation = separation
        if let node = section["frame_length"] {
            let lengths: [Int64] = [8, 12, 16, 20, 24, 32, 48, 64]
            guard let length = reading.whole(node, "'frame_length'", in: 8...64) else { return false }
            guard lengths.contains(length) else {
                reading.error(.outOfRange, node.span, "an FD frame cannot have \(length) bytes", label: "lengths: 8, 12, 16, 20, 24, 32, 48, 64")
                return false
            }
            guard frame.isFD else {
                reading.error(.keyOfOtherFrame, node.span, "'frame_length' goes with 'fd: true'", label: "classic frames have 8 bytes")
                return false
            }
            transport.frameLength = Int(length)
        } else if frame.isFD {
            transport.frameLength = 64
        }
        return true
    }

    /// Whether a message has a length, and what it needs to be sent; says so otherwise.
    func checkLength(of frame: FrameDeclaration, _ section: SectionReader) -> Bool {
        guard let transport = frame.transport else { return true }
        let place = (section.key("transport") ?? section.node).span
        guard !frame.fields.contains(where: { $0.name == "failed" }) else {
            let label = "it counts the transfers of '\(frame.name)' that came to nothing"
            reading.error(.nameTwice, (section.key("data") ?? section.node).span, "a message has the signal 'failed' already", label: label)
            return false
        }
        guard frame.length > 0 else {
            reading.error(
                .messageLength, place, "nothing tells how long the message '\(frame.name)' is", label: "help: give 'length', or fields under 'data'")
            return false
        }
        guard transport.kind == .isotp, transport.answers == nil else { return true }
        let single = (transport.frameLength > 8 ? transport.frameLength - 2 : 7) - (transport.address == nil ? 0 : 1)
        guard frame.length > single else { return true }
        reading.error(
            .messageLength, place, "\(frame.length) bytes do not fit into a single frame, and nobody answers the first one",
            label: "help: give 'answers', the identifier of the receiver's flow controls; \(single) bytes need none")
        return false
    }

    private func number(_ section: SectionReader, _ key: String, in range: ClosedRange<Int64>, _ fallback: Int64) -> Int64? {
        guard let node = section[key] else { return fallback }
        return reading.whole(node, "'\(key)'", in: range)
    }

    private func time(_ section: SectionReader, _ key: String, upTo limit: Duration) -> Duration? {
        guard let node = section[key] else { return .zero }
        guard let time = reading.duration(node, "'\(key)'") else { return nil }
        guard time <= limit else {
            reading.error(.outOfRange, node.span, "'\(key)' is at most \(limit.nanoseconds / 1_000_000) ms")
            return nil
        }
        return time
    }

    private static func hexadecimal(_ address: UInt8) -> String { "0x\(String(address, radix: 16, uppercase: true))" }
}
