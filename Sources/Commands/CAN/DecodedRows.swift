import CAN
import CANDatabase
import CANLogs
import JSONText

/// Turns frames of a log into rows of text, a frame at a time.
final class DecodedRows {
    enum Format {
        case text, csv, json
    }

    /// A signal with the parts of its rows that are always the same.
    private struct Column {
        let index: Int
        let text: SignalText
        let isFloat: Bool
        let labels: [Int128: String]
        /// In front of the value: ` Voltage=`, or `,"Voltage":` for JSON.
        let before: [UInt8]
        /// Behind the value: ` V`.
        let after: [UInt8]
    }

    private struct Row {
        let codec: MessageCodec
        let columns: [Column]
        let head: [UInt8]
        let isShown: Bool
    }

    /// What is to be written.
    var bytes: [UInt8] = []
    private let format: Format
    private let codecs: [DatabaseCodec]
    private let rows: [[Row]]
    private var unknownIds: [UInt32: Int] = [:]
    private var frames = 0

    init(_ databases: [Database], _ selection: MessageSelection, _ format: Format) {
        self.format = format
        let codecs = databases.map(DatabaseCodec.init)
        self.codecs = codecs
        rows = codecs.map { codec in codec.messages.map { Self.row($0, selection, format) } }
    }

    private static func row(_ codec: MessageCodec, _ selection: MessageSelection, _ format: Format) -> Row {
        let message = codec.message
        let id = String(message.id, radix: 16, uppercase: true)
        let shownId = String(repeating: "0", count: max(0, (message.isExtended ? 8 : 3) - id.utf8.count)) + id
        var columns: [Column] = []
        for (index, signal) in message.signals.enumerated() where selection.shows(message.name, signal.name) {
            guard let signalCodec = codec.signals[index] else { continue }
            let before: String
            let after: String
            switch format {
            case .text: (before, after) = (" \(signal.name)=", signal.unit.isEmpty ? "" : " \(signal.unit)")
            case .csv: (before, after) = (",\(signal.name),", ",\(csv(signal.unit)),")
            case .json: (before, after) = ("\(quoted(signal.name)):", "")
            }
            columns.append(
                Column(
                    index: index, text: SignalText(signal, signalCodec), isFloat: signal.form == .floating,
                    labels: Dictionary(signal.labels.map { ($0.raw, $0.text) }) { first, _ in first }, before: Array(before.utf8), after: Array(after.utf8)))
        }
        let head: String
        switch format {
        case .text: head = " \(message.name)(\(shownId)):"
        case .csv: head = ",\(shownId),\(message.name)"
        case .json: head = ",\"id\":\(message.id),\"extended\":\(message.isExtended),\"message\":\(quoted(message.name)),\"signals\":{"
        }
        return Row(codec: codec, columns: columns, head: Array(head.utf8), isShown: selection.shows(message.name))
    }

    private static func quoted(_ text: String) -> String { JSONValue.string(text).text(.compact) }

    private static func csv(_ text: String) -> String {
        text.utf8.contains { $0 == 0x2C || $0 == 0x22 || $0 < 0x20 }
            ? "\"\(text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\"" : text
    }

    // MARK: Rows

    func begin() {
        switch format {
        case .text: break
        case .csv: append("time,bus,id,message,signal,value,unit,label\n")
        case .json: append("{\"frames\":[")
        }
    }

    func end() {
        guard format == .json else { return }
        append("\n],\"unknown\":[")
        append(
            unknownIds.sorted { $0.key < $1.key }.map { "{\"id\":\($0.key & 0x1FFF_FFFF),\"extended\":\($0.key >> 31 == 1),\"frames\":\($0.value)}" }.joined(
                separator: ","))
        append("]}\n")
    }

    /// Identifiers that no database knows, in their order, with the number of their frames.
    var unknown: [(String, Int)] {
        unknownIds.sorted { $0.key < $1.key }.map { key, count in
            let id = String(key & 0x1FFF_FFFF, radix: 16, uppercase: true)
            return ("0x\(id)\(key >> 31 == 1 ? " (extended)" : "")", count)
        }
    }

    /// Adds the rows of a frame; remote frames and error reports have none.
    func add(_ record: CANLogRecord, interfaces: [String]) {
        let frame = record.frame.frame
        guard !frame.isRemote, !frame.isError else { return }
        for (database, codec) in codecs.enumerated() {
            guard let index = codec.message(of: frame) else { continue }
            let row = rows[database][index]
            if row.isShown { add(row, record, interfaces) }
            return
        }
        if unknownIds.count < 1 << 20 || unknownIds[frame.rawIdentifier] != nil { unknownIds[frame.rawIdentifier, default: 0] += 1 }
    }

    private func add(_ row: Row, _ record: CANLogRecord, _ interfaces: [String]) {
        let bus = Int(record.channel) < interfaces.count ? interfaces[Int(record.channel)] : ""
        let data = record.frame.frame.isWide ? record.frame.wide : Self.narrow(record.frame.frame.payload)
        let count = record.frame.frame.count
        if format == .json {
            append(frames == 0 ? "\n{\"time\":" : ",\n{\"time\":")
            appendTime(record.instant.nanoseconds)
            append(",\"bus\":")
            append(Self.quoted(bus))
            bytes.append(contentsOf: row.head)
        } else if format == .text {
            bytes.append(UInt8(ascii: "("))
            appendTime(record.instant.nanoseconds)
            append(") ")
            append(bus)
            bytes.append(contentsOf: row.head)
        }
        frames += 1
        var isFirst = true
        for column in row.columns where row.codec.isPresent(column.index, in: data, count: count) {
            guard let codec = row.codec.signals[column.index] else { continue }
            let raw = codec.field.raw(in: data)
            if format == .csv {
                appendTime(record.instant.nanoseconds)
                append(",")
                append(Self.csv(bus))
                bytes.append(contentsOf: row.head)
            } else if format == .json, !isFirst {
                bytes.append(UInt8(ascii: ","))
            } else if format == .text, !isFirst {
                bytes.append(UInt8(ascii: ","))
            }
            isFirst = false
            bytes.append(contentsOf: column.before)
            append(raw, codec, column)
            if format == .csv { bytes.append(0x0A) }
        }
        if format == .text { bytes.append(0x0A) }
        if format == .json { append("}}") }
    }

    private static func narrow(_ payload: UInt64) -> CANData {
        var data = CANData()
        data.firstEight = payload
        return data
    }

    private func append(_ raw: UInt64, _ codec: SignalCodec, _ column: Column) {
        let label = column.labels.isEmpty || column.isFloat ? nil : column.labels[codec.form == .signed ? Int128(codec.signed(raw)) : Int128(raw)]
        if format == .json, column.isFloat, !codec.value(of: raw).isFinite {
            append("null")
            return
        }
        if format == .json, let label {
            append("{\"value\":")
            column.text.append(raw, to: &bytes)
            append(",\"label\":\(Self.quoted(label))}")
            return
        }
        column.text.append(raw, to: &bytes)
        bytes.append(contentsOf: column.after)
        guard let label else { return }
        switch format {
        case .text: append(" \(Self.quoted(label))")
        case .csv: append(Self.csv(label))
        case .json: break
        }
    }

    private func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Seconds with six decimals, nine where they are needed.
    private func appendTime(_ nanoseconds: Int64) {
        let size = nanoseconds.magnitude
        if nanoseconds < 0 { bytes.append(UInt8(ascii: "-")) }
        let isFine = size % 1000 != 0
        appendDigits(size / 1_000_000_000, least: 1)
        bytes.append(UInt8(ascii: "."))
        appendDigits(isFine ? size % 1_000_000_000 : size % 1_000_000_000 / 1000, least: isFine ? 9 : 6)
    }

    private func appendDigits(_ number: UInt64, least: Int) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var start = 20
            var rest = number
            while rest > 0 || 20 - start < least {
                start -= 1
                digits[start] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
                rest /= 10
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }
}
