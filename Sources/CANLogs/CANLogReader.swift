import CAN
import Glibc
import Quantities

/// Reads a log of any format record by record, without holding it in memory.
///
/// ```swift
/// let reader = try CANLogReader(descriptor: file, name: "capture.asc")
/// var record = CANLogRecord.empty
/// while try reader.next(&record) { use(record, reader.interfaces[Int(record.channel)]) }
/// ```
///
/// A bad line or packet throws; the next call goes on behind it unless the error is fatal. With `skipsBad` such entries are counted
/// and the first of them kept in `problems`. A file that ends in the middle of something gives what comes before, and then the error.
public final class CANLogReader {
    /// The format that is read.
    public let format: CANLogFormat
    /// Whether bad entries are left out instead of thrown.
    public let skipsBad: Bool
    /// The first of the bad entries that were left out, at most twenty.
    public private(set) var problems: [CANLogError] = []
    /// Number of bad entries that were left out.
    public private(set) var badEntries: UInt64 = 0
    /// Number of records given.
    public private(set) var records: UInt64 = 0
    private let parser: any LogParser
    private let input: LogInput
    private var hasEnded = false

    /// A reader of an open file, which the caller closes; `name` helps where the content does not tell the format.
    public convenience init(descriptor: Int32, name: String = "", format: CANLogFormat? = nil, skipsBad: Bool = false) throws(CANLogError) {
        try self.init(source: LogInput.source(descriptor: descriptor), name: name, format: format, skipsBad: skipsBad)
    }

    /// A reader of bytes in memory.
    public convenience init(bytes: [UInt8], name: String = "", format: CANLogFormat? = nil, skipsBad: Bool = false) throws(CANLogError) {
        try self.init(source: LogInput.source(bytes), name: name, format: format, skipsBad: skipsBad)
    }

    /// A reader of what a closure gives: the number of bytes that it put into the buffer, 0 at the end, or a negative error number.
    public init(
        source: @escaping (UnsafeMutableRawBufferPointer) -> Int, name: String = "", format: CANLogFormat? = nil, skipsBad: Bool = false
    ) throws(CANLogError) {
        input = LogInput(source)
        self.skipsBad = skipsBad
        _ = input.need(1)
        if input.available < 4 { _ = input.need(4) }
        let start = UnsafeRawBufferPointer(start: input.cursor, count: input.available)
        if input.errorNumber != 0 { throw CANLogError(.file, "it cannot be read: \(Self.message(input.errorNumber))", isUnreadable: true) }
        guard let known = format ?? CANLogFormat.detect(start) ?? CANLogFormat(path: name) else {
            throw CANLogError(.file, start.isEmpty ? "it is empty" : "its format is none of candump, ASC, pcap, pcapng and BLF", isFatal: true)
        }
        self.format = known
        switch known {
        case .candump: parser = CandumpParser(input)
        case .asc: parser = ASCParser(input)
        case .pcap: parser = try PcapParser(input)
        case .pcapng: parser = PcapngParser(input)
        case .blf: parser = try BLFParser(input)
        }
    }

    /// Names of the interfaces that have appeared so far, by the `channel` of records.
    public var interfaces: [String] { parser.interfaces }
    /// Whether times count from 1970; `false` where the log has no date, so that they count from its beginning.
    public var hasDate: Bool { parser.hasDate }

    /// Whether the last record was marked as an attack, by a 1 behind it in a candump log.
    public var isMarked: Bool { parser.isMarked }

    /// How many entries were left out that are right but no CAN frames.
    public func omitted(_ kind: CANLogOmission) -> UInt64 { parser.omissions[kind.rawValue] }

    /// Reads the next record; `false` at the end.
    @inline(__always)
    public func next(_ record: inout CANLogRecord) throws(CANLogError) -> Bool {
        if hasEnded { return false }
        do throws(CANLogError) {
            if try parser.next(&record) {
                records &+= 1
                return true
            }
            return try end()
        } catch {
            return try goOn(error, &record)
        }
    }

    /// The end of the file, or of what can be read of it.
    private func end() throws(CANLogError) -> Bool {
        hasEnded = true
        if input.errorNumber != 0 { throw CANLogError(.file, "it cannot be read on: \(Self.message(input.errorNumber))", isUnreadable: true) }
        return false
    }

    @inline(never)
    private func goOn(_ first: CANLogError, _ record: inout CANLogRecord) throws(CANLogError) -> Bool {
        var error = first
        while true {
            if error.isFatal { hasEnded = true }
            guard skipsBad else { throw error }
            badEntries += 1
            if problems.count < 20 { problems.append(error) }
            if hasEnded { return false }
            do throws(CANLogError) {
                if try parser.next(&record) {
                    records &+= 1
                    return true
                }
                return try end()
            } catch let further {
                error = further
            }
        }
    }

    private static func message(_ number: Int32) -> String {
        switch number {
        case EISDIR: "it is a directory"
        case EIO: "input/output error"
        default: "error \(number) of the system"
        }
    }
}

/// One format's part of a reader.
protocol LogParser: AnyObject {
    /// Names of the interfaces that have appeared.
    var interfaces: [String] { get }
    /// Whether times count from 1970.
    var hasDate: Bool { get }
    /// Entries left out, by `CANLogOmission`.
    var omissions: [UInt64] { get }
    /// Whether the last record is marked as an attack.
    var isMarked: Bool { get }

    /// Reads the next record; `false` at the end. After an error that is not fatal it goes on behind the bad entry.
    func next(_ record: inout CANLogRecord) throws(CANLogError) -> Bool
}

extension LogParser {
    var isMarked: Bool { false }
}

extension CANLogRecord {
    /// A record to read into.
    public static var empty: CANLogRecord { CANLogRecord(instant: .zero, frame: CANWideFrame(CANFrame(id: 0, lengthCode: 0, payload: 0))) }

    /// Puts a frame of at most eight bytes in place.
    @inline(__always)
    mutating func set(_ frame: CANFrame) { self.frame.frame = frame }

    /// Puts data in place: the first bytes into the frame, and all of a wide one beside it.
    @inline(__always)
    mutating func setWide(_ data: UnsafeRawPointer, _ count: Int) {
        frame.wide = CANData()
        withUnsafeMutableBytes(of: &frame.wide.bytes) { $0.copyMemory(from: UnsafeRawBufferPointer(start: data, count: min(count, 64))) }
        frame.frame.payload = frame.wide.firstEight
    }
}
