import CAN
import JSONText
import Quantities
import ScenarioLanguage

extension WireCarrier {
    private func object(_ members: [(String, JSONValue)]) -> JSONValue { .object(members.map { JSONValue.Member($0.0, $0.1) }) }

    private func count(_ value: UInt64) -> JSONValue { .integer(Int64(clamping: value)) }

    private func share(_ value: Double) -> JSONValue { .double((value * 1e6).rounded() / 1e6) }

    private func time(nanoseconds: Double) -> JSONValue { .double(nanoseconds.rounded() / 1e9) }

    /// Errors by kind, those that happened.
    private var errorsByKind: [(name: String, count: UInt64)] {
        WireErrorKind.allCases.map { ($0.name, wire.totals.errors(of: $0)) }.filter { $0.count > 0 }
    }

    /// Identifiers with what was counted of them, by their priority on the bus.
    private var streams: [(name: String, counters: WireStream)] {
        wire.identifiers.filter { $0.frames > 0 || $0.errors > 0 }.sorted { ArbitrationKey(raw: $0.rawIdentifier) < ArbitrationKey(raw: $1.rawIdentifier) }
            .map { (name(of: $0.rawIdentifier), $0) }
    }

    /// The declared frame of an identifier, or its digits.
    private func name(of rawIdentifier: UInt32) -> String {
        if let frames = simulation.framesByIdentifier[self.bus][rawIdentifier], frames.count == 1, let only = frames.first {
            return simulation.frames[only].declaration.name
        }
        let frame = CANFrame(raw: rawIdentifier)
        let digits = String(frame.id, radix: 16, uppercase: true)
        let text = "0x" + String(repeating: "0", count: max((frame.isExtended ? 8 : 3) - digits.count, 0)) + digits
        return frame.isRemote ? text + " remote" : text
    }

    private func name(ofNode node: Int) -> String { node >= 0 ? simulation.scenario.symbols.nodes[node] : "outside" }

    /// What the report says of a bus with wires.
    var reportMembers: [(String, JSONValue)] {
        let totals = wire.totals
        return [
            ("bits", count(totals.bits)), ("load_mean", share(meanLoad)), ("load_max", share(greatestLoad)), ("errors", count(totals.errorCount)),
            ("errors_by_kind", object(errorsByKind.map { ($0.name, count($0.count)) })), ("flipped_bits", count(totals.flips)),
            ("undetected", count(totals.undetected)), ("refused", count(totals.overflows)), ("muted", count(totals.muted)), ("bus_offs", count(totals.busOffs)),
            (
                "identifiers",
                .array(
                    streams.map { name, counters in
                        let frame = CANFrame(raw: counters.rawIdentifier)
                        return object([
                            ("frame", .string(name)), ("id", .integer(Int64(frame.id))), ("extended", .bool(frame.isExtended)),
                            ("frames", count(counters.frames)),
                            ("errors", count(counters.errors)), ("response_mean_s", time(nanoseconds: counters.mean * 1e9)),
                            ("response_max_s", time(nanoseconds: Double(counters.worst))),
                        ])
                    })
            ),
            (
                "stations",
                .array(
                    nodeOfStation.indices.map { station in
                        let report = wire.report(station)
                        return object([
                            ("node", .string(name(ofNode: nodeOfStation[station]))), ("state", .string(WireDeclaration.states[Int(report.state.rawValue)])),
                            ("tec", .integer(Int64(report.counters.transmit))), ("rec", .integer(Int64(report.counters.receive))), ("sent", count(report.sent)),
                            ("errors", count(report.errors)), ("refused", count(report.overflows)), ("longest_queue", .integer(Int64(report.longestQueue))),
                        ])
                    })
            ),
        ]
    }

    private func text(_ share: Double) -> String { "\(decimalText((share * 1000).rounded() / 10)) %" }

    private func text(nanoseconds: Double) -> String { Quantity((nanoseconds / 100).rounded() / 1e7, .time).text }

    /// The section of `report.md`.
    var markdown: String {
        let totals = wire.totals
        var text = "\n## Bus \(simulation.scenario.buses[bus].name)\n\n"
        text += "\(totals.frames) frames of \(totals.bits) bits, load \(self.text(meanLoad)) in the mean and \(self.text(greatestLoad)) in the busiest second"
        text +=
            totals.errorCount == 0
            ? ", no errors." : ", \(totals.errorCount) errors (\(errorsByKind.map { "\($0.count) \($0.name)" }.joined(separator: ", ")))."
        if totals.overflows > 0 { text += " \(totals.overflows) frames were refused because a queue was full." }
        if totals.busOffs > 0 { text += " A node went bus-off \(totals.busOffs == 1 ? "once" : "\(totals.busOffs) times")." }
        if totals.undetected > 0 { text += " \(totals.undetected) frames were changed without anybody noticing." }
        text += "\n\n| frame | id | frames | errors | mean response | worst response |\n|---|---|---|---|---|---|\n"
        for (name, counters) in streams.prefix(100) {
            let frame = CANFrame(raw: counters.rawIdentifier)
            text += "| \(name) | 0x\(String(frame.id, radix: 16, uppercase: true)) | \(counters.frames) | \(counters.errors) "
            text += "| \(self.text(nanoseconds: counters.mean * 1e9)) | \(self.text(nanoseconds: Double(counters.worst))) |\n"
        }
        text += "\n| node | state | TEC | REC | sent | errors | refused | longest queue |\n|---|---|---|---|---|---|---|---|\n"
        for station in nodeOfStation.indices {
            let report = wire.report(station)
            text += "| \(name(ofNode: nodeOfStation[station])) | \(WireDeclaration.states[Int(report.state.rawValue)]) | \(report.counters.transmit) "
            text += "| \(report.counters.receive) | \(report.sent) | \(report.errors) | \(report.overflows) | \(report.longestQueue) |\n"
        }
        return text
    }
}

extension WireErrorKind {
    /// The kind as reports name it.
    var name: String {
        switch self {
        case .bit: "bit"
        case .stuff: "stuff"
        case .form: "form"
        case .crc: "crc"
        case .acknowledgement: "ack"
        }
    }
}

extension CANFrame {
    /// A frame without data that has this identifier and these flags.
    fileprivate init(raw: UInt32) {
        self.init(id: raw & 0x1FFF_FFFF, isExtended: raw & CANFrame.extendedFlag != 0, isRemote: raw & CANFrame.remoteFlag != 0, lengthCode: 0, payload: 0)
    }
}

extension ArbitrationKey {
    fileprivate init(raw: UInt32) { self.init(CANFrame(raw: raw)) }
}
