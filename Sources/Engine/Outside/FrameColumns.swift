import CAN
import Quantities

/// Where a table of frames has what.
public struct FrameColumns: Sendable {
    let id: Int
    /// One column with all bytes.
    let data: Int?
    /// A column for each byte.
    let bytes: [Int]
    let length: Int?
    /// Whether identifiers are hexadecimal.
    let hasHexIDs: Bool
    /// Whether columns of single bytes are hexadecimal.
    let hasHexBytes: Bool
    /// Whether the length is in bits.
    let isInBits: Bool
    /// Whether the flag stands behind the last byte, so that it moves with the length.
    let hasTrailingFlag: Bool
    /// The columns `extended`, `remote` and `error` of python-can, whose data are in base 64; -1 for other tables.
    private let kinds: (extended: Int, remote: Int, error: Int)

    private static let trailing = "label_behind_data"

    /// Gives names to the columns of a table that begins with a frame: time, identifier, length, bytes and a flag.
    static func name(_ table: TableReader) {
        let first = table.header
        guard first.count >= 4, Double(first[0]) != nil, UInt32(first[1], radix: 16) != nil, let length = Int(first[2]), (0...8).contains(length),
            first.count >= 3 + length, first[3..<(3 + length)].allSatisfy({ UInt8($0, radix: 16) != nil })
        else { return }
        table.nameColumns(["time", "id", "dlc"] + (0..<8).map { "d\($0)" } + [trailing])
    }

    /// The columns; `nil` when the table has no frames. Looks at the first rows to tell how numbers are written.
    init?(_ table: TableReader, path: String) throws(TableError) {
        guard let id = table.column(["id", "can_id", "canid", "arbitration_id", "identifier", "arbitrationid", "can id", "message_id"]) else { return nil }
        let data = table.column(["data", "payload", "data_bytes", "databytes", "can_data", "data field", "datafield", "data_field"])
        var bytes: [Int] = []
        for names in [["d", ""], ["data", ""], ["byte", ""], ["b", ""], ["data_", ""], ["data[", "]"], ["payload", ""], ["byte_", ""]] where bytes.isEmpty {
            for first in [0, 1] where bytes.isEmpty {
                for number in 0..<64 {
                    guard let place = table.column(["\(names[0])\(first + number)\(names[1])"]) else { break }
                    bytes.append(place)
                }
            }
        }
        guard data != nil || bytes.count >= 2 else { return nil }
        self.id = id
        self.data = data
        self.bytes = data == nil ? bytes : []
        length = table.column(["dlc", "len", "length", "dlc_bits"])
        hasTrailingFlag = table.column([Self.trailing]) != nil
        if data != nil, let extended = table.column(["extended"]), let remote = table.column(["remote"]), let error = table.column(["error"]) {
            kinds = (extended, remote, error)
        } else {
            kinds = (-1, -1, -1)
        }
        var (hexIDs, hexBytes, inBits) = (hasTrailingFlag, hasTrailingFlag, false)
        var ids: Set<Int> = []
        var rows = 0
        let other = try OutsideFile.table(path, name: "")
        while rows < 5000, try other.next() {
            rows += 1
            let text = other.text(id)
            ids.insert(text.utf8.count)
            if text.hasPrefix("0x") || text.hasPrefix("0X") || text.hasPrefix("0") && text.utf8.count > 2 && !text.contains(".") { hexIDs = true }
            if !text.contains("."), text.utf8.contains(where: { (0x41...0x46).contains($0 & 0xDF) }) { hexIDs = true }
            for place in self.bytes where other.text(place).utf8.contains(where: { (0x41...0x46).contains($0 & 0xDF) }) { hexBytes = true }
            if let length, let value = other.number(length), value > 8, value.truncatingRemainder(dividingBy: 8) == 0 { inBits = true }
        }
        // Lengths above 8 that are no multiples of 8 are those of CAN FD; 16, 32 … could be both, and 64 bits are by far the commonest.
        (hasHexIDs, hasHexBytes, isInBits) = (hexIDs, hexBytes, inBits)
    }

    /// The frame of the current row; `nil` when it is none.
    func frame(_ table: TableReader) -> CANWideFrame? {
        guard let identifier = number(table.text(id), isHex: hasHexIDs), identifier < 1 << 29 else { return nil }
        var length = self.length.flatMap { table.number($0) }.flatMap { $0 >= 0 && $0 <= 512 ? Int($0) : nil }
        if isInBits { length = length.map { $0 / 8 } }
        var bytes: [UInt8] = []
        if kinds.error >= 0, let data {
            guard table.number(kinds.error) == 0, let list = Self.base64(table.text(data)) else { return nil }
            bytes = list
        } else if let data {
            var high: UInt8?
            var wasPrefix = false
            for byte in table.text(data).utf8 {
                var digit: UInt8?
                switch byte {
                case 0x30...0x39: digit = byte - 0x30
                case 0x41...0x46, 0x61...0x66: digit = (byte & 0xDF) - 0x37
                case 0x78, 0x58: wasPrefix = true
                default: break
                }
                if wasPrefix {
                    // The 0 of 0x is no digit.
                    high = nil
                    wasPrefix = false
                    continue
                }
                guard let digit else {
                    // A single digit between separators is a byte of its own.
                    if let single = high { bytes.append(single) }
                    high = nil
                    continue
                }
                if let first = high {
                    bytes.append(first << 4 | digit)
                    high = nil
                } else {
                    high = digit
                }
            }
            if let single = high { bytes.append(single) }
        } else {
            for place in self.bytes.prefix(length ?? self.bytes.count) {
                if table.isEmpty(place) { break }
                guard let value = number(table.text(place), isHex: hasHexBytes), value <= 255 else { break }
                bytes.append(UInt8(value))
            }
        }
        guard bytes.count <= 64 else { return nil }
        if let length, length < bytes.count { bytes.removeLast(bytes.count - length) }
        let isExtended = identifier > 0x7FF || kinds.extended >= 0 && table.number(kinds.extended) == 1
        if kinds.remote >= 0, table.number(kinds.remote) == 1 {
            var frame = CANFrame(id: identifier, isExtended: isExtended, data: [])
            frame.rawIdentifier |= CANFrame.remoteFlag
            return CANWideFrame(frame)
        }
        guard bytes.count > 8 else { return CANWideFrame(CANFrame(id: identifier, isExtended: isExtended, data: bytes)) }
        let sizes = [8, 12, 16, 20, 24, 32, 48, 64]
        let place = sizes.firstIndex { $0 >= bytes.count } ?? 7
        return CANWideFrame(CANFrame(fd: identifier, isExtended: isExtended, lengthCode: UInt8(8 + place), payload: 0), wide: CANData(bytes))
    }

    /// The bytes of a text in base 64 (RFC 4648, section 4); `nil` for any other text.
    static func base64(_ text: String) -> [UInt8]? {
        var (bytes, bits, held) = ([UInt8](), 0, UInt32(0))
        for letter in text.utf8 {
            let value: UInt8
            switch letter {
            case 0x41...0x5A: value = letter - 0x41
            case 0x61...0x7A: value = letter - 0x61 + 26
            case 0x30...0x39: value = letter - 0x30 + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            case UInt8(ascii: "="): continue
            default: return nil
            }
            held = held << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: held >> UInt32(bits)))
            }
        }
        return bytes.count <= 64 ? bytes : nil
    }

    private func number(_ text: String, isHex: Bool) -> UInt32? {
        var text = Substring(text)
        // Some tools write identifiers as 1.0.
        if let point = text.firstIndex(of: "."), text[text.index(after: point)...].allSatisfy({ $0 == "0" }) { text = text[..<point] }
        if text.hasPrefix("0x") || text.hasPrefix("0X") { return UInt32(text.dropFirst(2), radix: 16) }
        return UInt32(text, radix: isHex ? 16 : 10)
    }

    /// The flag of the current row, when it stands behind the bytes.
    func trailingFlag(_ table: TableReader) -> String? {
        guard hasTrailingFlag, let length, let bytes = table.number(length), bytes >= 0, bytes <= 8 else { return nil }
        return LabelTable.kind(ofFlag: table.text(3 + Int(bytes)))
    }
}

/// Rows of a table of frames.
final class FrameTableRows: OutsideRows {
    private let table: TableReader
    private let columns: FrameColumns
    private var clock: RowClock
    private var flags: RowFlags
    private let hasList: Bool
    private var current: CANWideFrame?
    private(set) var flag: String?
    private(set) var problems = RowProblems()
    var joinsFlags: Bool { true }
    var time: TableTime { clock.format ?? .seconds }

    init(_ file: OutsideFile, _ columns: FrameColumns, flags: [String?]?) throws(TableError) {
        table = try file.table()
        self.columns = columns
        clock = try RowClock(table, file.settings)
        hasList = flags != nil
        let flag = columns.hasTrailingFlag ? nil : OutsideFile.flagColumn(table, file.settings)
        // Where each byte has a column, the flag behind short frames comes sooner.
        let shortens = !columns.bytes.isEmpty && flag == table.header.count - 1
        self.flags = RowFlags(column: flag, list: flags, detail: table.column(TableShape.kindColumns), shortens: shortens)
    }

    func next() throws(TableError) -> Int64? {
        while try table.next() {
            flag = flags.next(table)
            if columns.hasTrailingFlag, !hasList { flag = columns.trailingFlag(table) }
            do {
                let instant = try clock.time(table)
                problems.right()
                current = columns.frame(table)
                return instant
            } catch {
                try problems.note(error.message, line: error.line, isFirstFatal: true)
            }
        }
        try problems.end()
        return nil
    }

    func emit(_ node: OutsideNode) {
        guard let current else { return node.badValues += 1 }
        node.send(current, channel: 0, isLabelled: flag != nil)
    }
}
