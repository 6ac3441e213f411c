import CAN

/// Looks for what makes a database wrong or doubtful, beyond what the reader says.
public struct DatabaseLint {
    private let database: Database
    private let traits: MessageTraits
    private let nodes: Set<String>
    private var used: Set<String> = []
    private var findings: [DatabaseFinding] = []
    /// Pairs of signals that may still be compared: bounds the work on files made to be slow.
    private var budget = 20_000_000
    private var isExhausted = false

    /// Findings in the order of the file. Complexity: O(n) but for the signals of one message, which are compared with each other.
    public static func findings(in database: Database) -> [DatabaseFinding] {
        var lint = DatabaseLint(database)
        lint.check()
        return lint.findings.enumerated().sorted { a, b in
            (a.element.place.line, a.element.place.column, a.offset) < (b.element.place.line, b.element.place.column, b.offset)
        }.map(\.element)
    }

    private init(_ database: Database) {
        self.database = database
        traits = MessageTraits(database)
        nodes = Set(database.nodes.map(\.name))
    }

    private mutating func report(_ code: DatabaseCode, _ place: DatabasePlace, _ message: String, help: String = "", related: DatabasePlace? = nil) {
        if findings.count < DatabaseReader.maximumFindings { findings.append(DatabaseFinding(code, place, message, help: help, related: related)) }
    }

    private mutating func check() {
        var names: [String: DatabasePlace] = [:]
        for node in database.nodes {
            if let other = names[node.name] {
                report(.nodeTwice, node.place, "the node '\(node.name)' is there twice", related: other)
            } else {
                names[node.name] = node.place
            }
            checkLength(of: node.name, "node", node.place)
        }
        var ids: [UInt32: Int] = [:]
        var messages: [String: DatabasePlace] = [:]
        for (index, message) in database.messages.enumerated() {
            if message.wrongNumber == nil {
                if let other = ids[message.number] {
                    report(
                        .idTwice, message.idPlace,
                        "the messages '\(database.messages[other].name)' and '\(message.name)' have the same identifier 0x\(String(message.id, radix: 16, uppercase: true))",
                        related: database.messages[other].idPlace)
                } else {
                    ids[message.number] = index
                }
            }
            if let other = messages[message.name] {
                report(.messageNameTwice, message.place, "two messages have the name '\(message.name)'", related: other)
            } else {
                messages[message.name] = message.place
            }
            check(message)
        }
        for node in database.nodes where !used.contains(node.name) && names[node.name] == node.place && node.name != Message.nobody {
            report(.unusedNode, node.place, "the node '\(node.name)' neither sends nor reads anything")
        }
    }

    private mutating func checkLength(of name: String, _ what: String, _ place: DatabasePlace) {
        guard name.utf8.count > 32 else { return }
        report(.longName, place, "the name of the \(what) '\(name.prefix(40))' has \(name.utf8.count) characters; many tools take 32")
    }

    private mutating func checkNode(_ name: String, _ place: DatabasePlace, _ what: String) {
        used.insert(name)
        guard !nodes.contains(name), name != Message.nobody else { return }
        report(.unknownNode, place, "\(what) '\(name)' is no node of this file", help: "add it to BU_, or write \(Message.nobody)")
    }

    private mutating func check(_ message: Message) {
        checkLength(of: message.name, "message", message.place)
        checkNode(message.sender, message.place, "the sender of '\(message.name)',")
        for name in message.transmitters { checkNode(name, message.place, "a sender of '\(message.name)',") }
        if message.length > 8, !traits.isDeclaredFD(message) {
            report(
                .notFD, message.place, "the message '\(message.name)' has \(message.length) bytes, and its attribute VFrameFormat does not say CAN FD",
                help: "it is taken for an FD frame")
        }
        if message.length > 8, CANFrame.dataLength(ofCode: CANFrame.lengthCode(holding: message.length)) != message.length {
            report(.badLength, message.place, "the message '\(message.name)' has \(message.length) bytes; CAN FD has 12, 16, 20, 24, 32, 48 or 64")
        }
        var names: [String: DatabasePlace] = [:]
        for signal in message.signals {
            if let other = names[signal.name] {
                report(.signalNameTwice, signal.place, "the message '\(message.name)' has two signals '\(signal.name)'", related: other)
            } else {
                names[signal.name] = signal.place
            }
            check(signal, of: message)
        }
        checkMultiplexing(message)
        checkOverlaps(message)
    }

    private mutating func check(_ signal: Signal, of message: Message) {
        checkLength(of: signal.name, "signal", signal.place)
        for receiver in signal.receivers { checkNode(receiver, signal.place, "a reader of '\(signal.name)',") }
        guard signal.bits >= 1, signal.bits <= 64 else {
            return report(.badWidth, signal.place, "the signal '\(signal.name)' has \(signal.bits) bits; 1 to 64 are possible")
        }
        let needed = (try? signal.fieldBits()).map { Int($0.byteCount) } ?? .max
        if needed > message.length {
            let end =
                needed == .max ? "leaves the 64 bytes of the longest frame" : "needs \(needed) bytes, and the message '\(message.name)' has \(message.length)"
            report(.outsideFrame, signal.place, "the signal '\(signal.name)' (\(signal.start)|\(signal.bits)) \(end)")
        }
        if signal.factor.value == 0 {
            report(
                .zeroFactor, signal.place, "the factor of '\(signal.name)' is 0: every raw value would mean \(signal.offset.text)",
                help: "1 is the plain number")
            return
        }
        if signal.hasRange { checkRange(signal) }
        checkLabels(signal)
    }

    private mutating func checkRange(_ signal: Signal) {
        if signal.minimum.value > signal.maximum.value {
            return report(
                .minimumAboveMaximum, signal.place, "the limits of '\(signal.name)' are [\(signal.minimum.text)|\(signal.maximum.text)]: no value is inside")
        }
        guard signal.form != .floating else { return }
        let (low, high) = signal.representable
        let step = signal.factor.value.magnitude
        if signal.minimum.value < low - step * 0.999 || signal.maximum.value > high + step * 0.999 {
            report(
                .rangeBeyondBits, signal.place,
                "the limits of '\(signal.name)' are [\(signal.minimum.text)|\(signal.maximum.text)], and its \(signal.bits) bits hold \(DatabaseNumber(low).text) to \(DatabaseNumber(high).text)"
            )
        }
    }

    private mutating func checkLabels(_ signal: Signal) {
        guard signal.form != .floating else { return }
        let low: Int128 = signal.form == .signed ? -(1 << Int128(signal.bits - 1)) : 0
        let high: Int128 = signal.form == .signed ? (1 << Int128(signal.bits - 1)) - 1 : (1 << Int128(signal.bits)) - 1
        var seen: Set<Int128> = []
        for label in signal.labels {
            if label.raw < low || label.raw > high {
                report(
                    .labelBeyondBits, signal.place, "the value \(label.raw) of '\(signal.name)' has a text, and its \(signal.bits) bits hold \(low) to \(high)")
            }
            if !seen.insert(label.raw).inserted { report(.labelTwice, signal.place, "the value \(label.raw) of '\(signal.name)' has two texts") }
        }
    }

    // MARK: Multiplexing

    private mutating func checkMultiplexing(_ message: Message) {
        let (parents, _) = MessageCodec.resolve(message)
        var hasChildren = Set<Int>()
        for (index, signal) in message.signals.enumerated() {
            guard let multiplexing = signal.multiplexing else { continue }
            guard parents[index] >= 0 else {
                if let name = multiplexing.multiplexer, message.signals.contains(where: { $0.name == name }) {
                    report(.multiplexerLoop, signal.place, "'\(signal.name)' is there depending on '\(name)', which leads back to itself or to no multiplexer")
                } else {
                    let name = multiplexing.multiplexer.map { "signal '\($0)'" } ?? "multiplexer (M)"
                    report(.noMultiplexer, signal.place, "'\(signal.name)' is multiplexed, and the message '\(message.name)' has no \(name)")
                }
                continue
            }
            let parent = message.signals[parents[index]]
            hasChildren.insert(parents[index])
            if !parent.isMultiplexer {
                report(
                    .noMultiplexer, signal.place, "'\(signal.name)' depends on '\(parent.name)', which is not marked as a multiplexer", help: "mark it with M")
            }
            let most: UInt64 = parent.bits >= 64 ? .max : 1 << UInt64(max(parent.bits, 0)) - 1
            if let beyond = multiplexing.ranges.first(where: { $0.upperBound > most }) {
                report(
                    .multiplexBeyondBits, signal.place,
                    "'\(signal.name)' is there when '\(parent.name)' is \(beyond.upperBound), and its \(parent.bits) bits hold 0 to \(most)")
            }
        }
        for (index, signal) in message.signals.enumerated() where signal.isMultiplexer && !hasChildren.contains(index) {
            report(.unusedMultiplexer, signal.place, "no signal depends on the multiplexer '\(signal.name)'")
        }
    }

    private mutating func checkOverlaps(_ message: Message) {
        let masks = message.signals.map { (try? $0.fieldBits()).map(BitSet512.init) }
        let (parents, _) = MessageCodec.resolve(message)
        for index in masks.indices {
            guard let mask = masks[index] else { continue }
            for other in 0..<index {
                budget -= 1
                guard budget > 0 else {
                    if !isExhausted {
                        report(.uncheckedOverlaps, message.place, "the file has too many signals: overlaps are not checked from '\(message.name)' on")
                    }
                    isExhausted = true
                    return
                }
                guard let second = masks[other], let bit = mask.firstCommon(second), !areExclusive(index, other, parents, message) else { continue }
                report(
                    .overlap, message.signals[index].place,
                    "the signals '\(message.signals[other].name)' and '\(message.signals[index].name)' overlap in bit \(bit)",
                    related: message.signals[other].place)
            }
        }
    }

    /// Whether two signals are never in the same frame: somewhere above them one multiplexer must have different values.
    private mutating func areExclusive(_ a: Int, _ b: Int, _ parents: [Int], _ message: Message) -> Bool {
        var first = a
        while parents[first] >= 0 {
            var second = b
            while parents[second] >= 0 {
                budget -= 1
                if parents[first] == parents[second], let x = message.signals[first].multiplexing?.ranges, let y = message.signals[second].multiplexing?.ranges
                {
                    budget -= x.count * y.count
                    if !x.contains(where: { range in y.contains { $0.overlaps(range) } }) { return true }
                }
                second = parents[second]
            }
            first = parents[first]
        }
        return parents[first] == -2
    }
}

extension Signal {
    /// Least and greatest value that the bits can hold.
    public var representable: (low: Double, high: Double) {
        if form == .floating { return (-.infinity, .infinity) }
        let count = form == .signed ? bits - 1 : bits
        let top = Double(sign: .plus, exponent: count, significand: 1) - 1
        let bottom = form == .signed ? -Double(sign: .plus, exponent: count, significand: 1) : 0
        let (a, b) = (bottom * factor.value + offset.value, top * factor.value + offset.value)
        return (Swift.min(a, b), Swift.max(a, b))
    }
}

/// The bits of 64 data bytes.
private struct BitSet512 {
    var bytes = CANData()

    /// The bits of a field.
    init(_ field: FieldBits) { field.setRaw(~0, in: &bytes) }

    /// The first bit that both have.
    func firstCommon(_ other: BitSet512) -> Int? {
        let common = bytes.bytes & other.bytes.bytes
        guard common != SIMD64() else { return nil }
        for index in 0..<64 where common[index] != 0 { return index * 8 + common[index].trailingZeroBitCount }
        return nil
    }
}
