import CAN
import Glibc

/// Rows of a listing of frames, as the Hacking and Countermeasure Research Lab publishes clean traffic:
/// `Timestamp: 1479121434.850202        ID: 0350    000    DLC: 8    05 28 84 66 6d 00 00 a2`.
///
/// The three digits behind the identifier are its flags; 100 is a remote frame. What stands behind the bytes, if anything, is a flag of the row.
final class ListingRows: OutsideRows {
    private let lines: LineReader
    private var flags: RowFlags
    private let hasList: Bool
    private var current: CANWideFrame?
    private(set) var flag: String?
    private(set) var problems = RowProblems()
    var joinsFlags: Bool { true }
    let time = TableTime.seconds

    /// Whether a file begins like one.
    static func begins(_ head: [UInt8]) -> Bool {
        let line = String(decoding: head.prefix(200), as: UTF8.self).split(whereSeparator: \.isNewline).first ?? ""
        return line.contains("Timestamp:") && line.contains("ID:") && line.contains("DLC:")
    }

    init(path: String, flags: [String?]?) throws(TableError) {
        lines = try LineReader(path: path)
        hasList = flags != nil
        self.flags = RowFlags(column: nil, list: flags)
    }

    func next() throws(TableError) -> Int64? {
        while let line = try lines.next() {
            let words = String(decoding: line, as: UTF8.self).split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard !words.isEmpty else { continue }
            flag = flags.next(nil)
            guard let instant = read(words) else {
                try problems.note("the line is not 'Timestamp: … ID: … DLC: …'", line: lines.line)
                continue
            }
            problems.right()
            return instant
        }
        try problems.end()
        return nil
    }

    /// The time of a line; the frame and the flag are kept.
    private func read(_ words: [Substring]) -> Int64? {
        func behind(_ name: String) -> Int? { words.firstIndex(of: name[...]).flatMap { $0 + 1 < words.count ? $0 + 1 : nil } }
        guard let time = behind("Timestamp:"), let instant = TableTime.seconds.nanoseconds(String(words[time])), let id = behind("ID:"),
            let identifier = UInt32(words[id], radix: 16), identifier < 1 << 29, let dlc = behind("DLC:"), let length = Int(words[dlc]),
            (0...8).contains(length)
        else { return nil }
        var bytes: [UInt8] = []
        var place = dlc + 1
        while bytes.count < length, place < words.count, let byte = UInt8(words[place], radix: 16) {
            bytes.append(byte)
            place += 1
        }
        if !hasList { flag = place < words.count ? LabelTable.kind(ofFlag: String(words[place])) : nil }
        let isRemote = id + 1 < words.count && words[id + 1] == "100"
        guard isRemote || bytes.count == length else { return nil }
        var frame = CANFrame(id: identifier, isExtended: identifier > 0x7FF, data: isRemote ? [] : bytes)
        if isRemote { frame.rawIdentifier |= CANFrame.remoteFlag }
        current = CANWideFrame(frame)
        return instant
    }

    func emit(_ node: OutsideNode) {
        guard let current else { return node.badValues += 1 }
        node.send(current, channel: 0, isLabelled: flag != nil)
    }
}
