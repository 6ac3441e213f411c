import CAN
import Quantities

/// Reads Vector's text form (.asc), as CANoe, CANalyzer, python-can and log2asc write it.
///
/// ```
/// date Sat Nov 21 03:00:00.123 2026
/// base hex  timestamps absolute
///    0.001000 1  300             Rx   d 2 D2 04
///    0.400100 CANFD   1 Rx        301   name   1 0 9 12 00 01 … 0B   0   0   3000   0 0 0 0 0
///    0.600000 1  ErrorFrame
/// ```
/// Times count from the date, which is taken as UTC, as the file names no zone. An error frame has no class here: it becomes 0x20000080
/// with eight zero bytes, as in asc2log.
final class ASCParser: LogParser {
    /// The error report that stands for every error frame of the format: a bus error without details.
    static let errorFrame = CANFrame(id: 0x80, isError: true, lengthCode: 8, payload: 0)

    let input: LogInput
    private var numbered = NumberedInterfaces()
    private(set) var omissions = [UInt64](repeating: 0, count: CANLogOmission.allCases.count)
    private(set) var hasDate = false
    private var start: Int64 = 0
    private var isDecimal = false
    private var isRelative = false
    /// Time of the event before, for relative times.
    private var before: Int64 = 0

    init(_ input: LogInput) { self.input = input }

    var interfaces: [String] { numbered.names }

    func next(_ record: inout CANLogRecord) throws(CANLogError) -> Bool {
        while let line = try input.nextLine() {
            var p = UnsafePointer(line.start)
            TextScan.skipBlanks(&p)
            if TextScan.isEnd(p) { continue }
            guard p[0] &- 0x30 < 10 || p[0] == UInt8(ascii: "-") else {
                try header(UnsafeBufferPointer(start: line.start, count: line.count))
                continue
            }
            try time(&p, &record)
            if p[0] &- 0x30 < 10 {
                if try classic(p, &record) { return true }
            } else if TextScan.word(p, is: "CANFD") {
                if try flexible(p + 5, &record) { return true }
            } else if !TextScan.word(p, is: "Start") {
                omit(isOtherBus(p) ? .otherBus : .event)
            }
        }
        return false
    }

    /// An error in this line.
    func bad(_ reason: String) -> CANLogError { CANLogError(input.place, reason) }

    /// Counts an entry that is left out.
    func omit(_ kind: CANLogOmission) { omissions[kind.rawValue] += 1 }

    private func isOtherBus(_ p: UnsafePointer<UInt8>) -> Bool {
        switch p[0] {
        case UInt8(ascii: "L"): p[1] &- 0x30 < 10 || p[1] | 0x20 == UInt8(ascii: "i")
        case UInt8(ascii: "F"): p[1] | 0x20 == UInt8(ascii: "r")
        case UInt8(ascii: "E"): p[1] | 0x20 == UInt8(ascii: "t")
        case UInt8(ascii: "M"): p[1] | 0x20 == UInt8(ascii: "o")
        default: false
        }
    }

    // MARK: Times

    private func time(_ p: inout UnsafePointer<UInt8>, _ record: inout CANLogRecord) throws(CANLogError) {
        let isNegative = p[0] == UInt8(ascii: "-")
        if isNegative { p += 1 }
        let (digits, seconds) = TextScan.decimal(p)
        p += digits
        guard digits > 0, digits <= 18 else { throw bad("the line begins with no number of seconds like 0.001000") }
        var nanoseconds: Int64 = 0
        if p[0] == UInt8(ascii: ".") {
            let decimals = TextScan.fraction(p + 1)
            p += decimals.count + 1
            nanoseconds = decimals.nanoseconds
        }
        guard p[0] == 0x20 || p[0] == 0x09, let offset = Instant.log(seconds: seconds, nanoseconds: nanoseconds) else {
            throw bad("the line begins with no number of seconds like 0.001000")
        }
        TextScan.skipBlanks(&p)
        let (sum, overflow) = (isRelative ? before : start).addingReportingOverflow(isNegative ? -offset.nanoseconds : offset.nanoseconds)
        guard !overflow else { throw bad("the time is beyond the year 2262") }
        before = sum
        record.instant = Instant(nanoseconds: sum)
    }

    // MARK: Lines without a time

    private func header(_ line: UnsafeBufferPointer<UInt8>) throws(CANLogError) {
        let words = line.split(whereSeparator: { $0 <= 0x20 }).prefix(12).map { String(decoding: $0, as: UTF8.self) }
        switch words.first?.lowercased() {
        case "date":
            if let date = ASCDate.instant(Array(words.dropFirst())) {
                (start, before, hasDate) = (date.nanoseconds, date.nanoseconds, true)
            } else {
                throw bad("the date is not like 'date Sat Nov 21 03:00:00.123 2026'; times count from 0")
            }
        case "base":
            let values = words.dropFirst().map { $0.lowercased() }
            guard values.first == "hex" || values.first == "dec" else { throw bad("the base is 'hex' or 'dec'") }
            isDecimal = values.first == "dec"
            isRelative = values.contains("relative")
        case "internal", "no", "begin", "end", "previous": break
        case let word? where word.hasPrefix("//") || word.hasPrefix(";"): break
        default: throw bad("the line begins with neither a time nor a word that heads a line of an ASC file")
        }
    }
}

// MARK: - Frames

extension ASCParser {
    /// `1  300  Rx   d 2 D2 04`; `false` for what is left out.
    private func classic(_ start: UnsafePointer<UInt8>, _ record: inout CANLogRecord) throws(CANLogError) -> Bool {
        var p = start
        guard try channel(&p, &record) else { return false }
        if TextScan.word(p, is: "ErrorFrame") {
            record.direction = .unknown
            record.set(Self.errorFrame)
            return true
        }
        var identifier = identifier(&p)
        guard try direction(&p, &record, isFrame: identifier != nil) else { return false }
        var frame = CANFrame(id: 0, lengthCode: 0, payload: 0)
        let isRemote = p[0] == UInt8(ascii: "r")
        guard isRemote || p[0] == UInt8(ascii: "d"), p[1] <= 0x20 else {
            omit(.event)
            return false
        }
        p += 1
        TextScan.skipBlanks(&p)
        let (digits, code) = number(p)
        if isRemote {
            if digits == 1, code <= 15 { frame.lengthCode = UInt8(code) }
            frame.rawIdentifier = CANFrame.remoteFlag
        } else {
            guard digits == 1 || digits == 2 && isDecimal, code <= 15 else { throw bad("behind 'd' stands no length of 0 to 8") }
            p += digits
            frame.lengthCode = UInt8(code)
            frame.payload = try bytes(&p, min(code, 8))
        }
        if identifier == nil { identifier = trailingIdentifier(p) }
        guard let identifier else { throw bad("a frame that has a name needs 'ID = …' at the end of its line") }
        guard identifier & CANFrame.extendedFlag != 0 || identifier <= 0x7FF else { throw bad("an identifier above 7FF needs an x behind it") }
        frame.rawIdentifier |= identifier
        record.set(frame)
        return true
    }

    /// `   1 Rx  301  name  1 0 9 12 00 … 0B  duration bits flags crc …`; `false` for what is left out.
    private func flexible(_ start: UnsafePointer<UInt8>, _ record: inout CANLogRecord) throws(CANLogError) -> Bool {
        var p = start
        TextScan.skipBlanks(&p)
        guard p[0] &- 0x30 < 10 else {
            if !TextScan.word(p, is: "Start") { omit(.event) }
            return false
        }
        guard try channel(&p, &record), try direction(&p, &record, isFrame: false) else { return false }
        if TextScan.word(p, is: "ErrorFrame") {
            record.set(Self.errorFrame)
            return true
        }
        guard let identifier = identifier(&p) else { throw bad("behind the direction of a CANFD line stands no identifier") }
        TextScan.skipBlanks(&p)
        guard identifier & CANFrame.extendedFlag != 0 || identifier <= 0x7FF else { throw bad("an identifier above 7FF needs an x behind it") }
        // A name may stand here; it never is a single 0 or 1, as the switch of bit rates that follows.
        if !(p[0] &- 0x30 < 2 && p[1] <= 0x20) {
            while p[0] > 0x20 { p += 1 }
            TextScan.skipBlanks(&p)
        }
        guard p[0] &- 0x30 < 2, p[1] == 0x20, p[2] &- 0x30 < 2, p[3] == 0x20 else { throw bad("BRS and ESI of a CANFD line are 0 or 1") }
        var flags: CANFrameFlags = .fd
        if p[0] == UInt8(ascii: "1") { flags.insert(.bitRateSwitch) }
        if p[2] == UInt8(ascii: "1") { flags.insert(.errorStateIndicator) }
        p += 4
        TextScan.skipBlanks(&p)
        let (digits, code) = number(p)
        guard digits == 1 || digits == 2, code <= 15 else { throw bad("the length code of a CANFD line is 0 to F") }
        p += digits
        TextScan.skipBlanks(&p)
        let (lengthDigits, length) = TextScan.decimal(p)
        guard lengthDigits == 1 || lengthDigits == 2, length <= 64 else { throw bad("the data length of a CANFD line is 0 to 64") }
        p += lengthDigits
        record.frame.wide = CANData()
        try fill(&record.frame.wide, Int(length), &p)
        let bits = trailingFlags(p)
        let isClassic = bits.map { $0 & 0x1000 == 0 } ?? false && length <= 8 && flags == .fd
        var frame = CANFrame(id: 0, lengthCode: UInt8(code), payload: 0)
        frame.rawIdentifier = identifier
        frame.flags = isClassic ? [] : flags
        if isClassic, let bits, bits & 0x10 != 0 { frame.rawIdentifier |= CANFrame.remoteFlag }
        guard frame.count == length else { throw bad("the length code \(code) does not mean \(length) bytes") }
        frame.payload = record.frame.wide.firstEight
        record.set(frame)
        return true
    }

    /// Reads so many bytes.
    private func fill(_ data: inout CANData, _ count: Int, _ p: inout UnsafePointer<UInt8>) throws(CANLogError) {
        var place = 0
        while place < count {
            // Eight at a time; a vector is slow to write byte by byte.
            let part = min(8, count - place)
            var word: UInt64 = 0
            var shift: UInt64 = 0
            for _ in 0..<part {
                word |= UInt64(try byte(&p)) &<< shift
                shift &+= 8
            }
            withUnsafeMutableBytes(of: &data.bytes) { $0.storeBytes(of: word.littleEndian, toByteOffset: place, as: UInt64.self) }
            place += 8
        }
    }

    /// The number of the channel and the blanks behind it; `false` when no channel stands here.
    @inline(__always)
    private func channel(_ p: inout UnsafePointer<UInt8>, _ record: inout CANLogRecord) throws(CANLogError) -> Bool {
        let (digits, value) = TextScan.decimal(p)
        guard digits <= 4, p[digits] == 0x20 || p[digits] == 0x09 else {
            omit(.event)
            return false
        }
        guard let place = numbered.place(Int(value)) else { throw bad("the channel is above \(InterfaceTable.most - 1)") }
        record.channel = UInt16(truncatingIfNeeded: place)
        p += digits
        TextScan.skipBlanks(&p)
        return true
    }

    /// Rx or Tx, perhaps behind a name; `false` for a request to send, and for what is no frame.
    @inline(__always)
    private func direction(_ p: inout UnsafePointer<UInt8>, _ record: inout CANLogRecord, isFrame: Bool) throws(CANLogError) -> Bool {
        var words = 0
        while true {
            TextScan.skipBlanks(&p)
            if p[1] == UInt8(ascii: "x"), p[2] <= 0x20 {
                if p[0] == UInt8(ascii: "R") {
                    record.direction = .received
                    break
                }
                if p[0] == UInt8(ascii: "T") {
                    record.direction = .transmitted
                    break
                }
            }
            words += 1
            if words > 2 || TextScan.isEnd(p) || TextScan.word(p, is: "TxRq") {
                if isFrame, !TextScan.word(p, is: "TxRq") { throw bad("behind the identifier stands neither Rx nor Tx") }
                omit(.event)
                return false
            }
            while p[0] > 0x20 { p += 1 }
        }
        p += 2
        TextScan.skipBlanks(&p)
        return true
    }

    /// `300`, `18FF50E5x`; `nil` for a name, which is left where it is.
    @inline(__always)
    private func identifier(_ p: inout UnsafePointer<UInt8>) -> UInt32? {
        let (digits, value) = number(p)
        guard digits > 0, digits <= 10, value <= 0x1FFF_FFFF else { return nil }
        let isExtended = p[digits] == UInt8(ascii: "x")
        let end = isExtended ? digits + 1 : digits
        guard p[end] <= 0x20 else { return nil }
        p += end
        return UInt32(value) | (isExtended ? CANFrame.extendedFlag : 0)
    }

    /// Digits of the file's base as a number and how many there are; a hexadecimal number of more than 8 digits has none.
    @inline(__always)
    private func number(_ p: UnsafePointer<UInt8>) -> (count: Int, value: UInt64) {
        if isDecimal { return TextScan.decimal(p) }
        let (count, bytes) = TextScan.hexadecimal(p)
        return (count, UInt64(TextScan.number(bytes, count)))
    }

    /// Up to eight bytes behind blanks, the first one lowest.
    @inline(__always)
    private func bytes(_ p: inout UnsafePointer<UInt8>, _ count: UInt64) throws(CANLogError) -> UInt64 {
        var payload: UInt64 = 0
        var shift: UInt64 = 0
        while shift < count &* 8 {
            payload |= UInt64(try byte(&p)) &<< shift
            shift &+= 8
        }
        if p[0] == 0x20, TextScan.digit(p[1]) < 16, TextScan.digit(p[2]) < 16, p[3] <= 0x20, !isDecimal {
            throw bad("the frame has more bytes than its length says")
        }
        return payload
    }

    /// One byte behind blanks, in the file's base.
    @inline(__always)
    private func byte(_ p: inout UnsafePointer<UInt8>) throws(CANLogError) -> UInt8 {
        TextScan.skipBlanks(&p)
        if isDecimal {
            let (digits, value) = TextScan.decimal(p)
            guard digits > 0, digits <= 3, value <= 255 else { throw bad("the frame has fewer bytes than its length says") }
            p += digits
            return UInt8(truncatingIfNeeded: value)
        }
        let (high, low) = (TextScan.digit(p[0]), TextScan.digit(p[1]))
        guard high < 16, low < 16, p[2] <= 0x20 else { throw bad("the frame has fewer bytes than its length says") }
        p += 2
        return high &<< 4 | low
    }

    /// The identifier of `ID = 256` or `ID = 2566844672x` at the end of a line; decimal.
    private func trailingIdentifier(_ start: UnsafePointer<UInt8>) -> UInt32? {
        var p = start
        while p[0] != 0x0A {
            if p[0] == UInt8(ascii: "I"), p[1] == UInt8(ascii: "D"), p[2] == 0x20, p[3] == UInt8(ascii: "="), p[4] == 0x20 {
                let (digits, value) = TextScan.decimal(p + 5)
                let isExtended = p[5 + digits] == UInt8(ascii: "x")
                guard digits > 0, digits <= 10, value & 0x7FFF_FFFF <= 0x1FFF_FFFF else { return nil }
                return UInt32(value & 0x1FFF_FFFF) | (isExtended || value > 0x7FFF_FFFF ? CANFrame.extendedFlag : 0)
            }
            p += 1
        }
        return nil
    }

    /// The flags behind duration and number of bits; `nil` when the line ends before.
    private func trailingFlags(_ start: UnsafePointer<UInt8>) -> UInt32? {
        var p = start
        for _ in 0..<2 {
            TextScan.skipBlanks(&p)
            while p[0] > 0x20 { p += 1 }
        }
        TextScan.skipBlanks(&p)
        let (count, bytes) = TextScan.hexadecimal(p)
        return count > 0 ? TextScan.number(bytes, count) : nil
    }
}

extension TextScan {
    /// Whether a whole word stands here.
    @inline(__always)
    static func word(_ p: UnsafePointer<UInt8>, is word: StaticString) -> Bool {
        for index in 0..<word.utf8CodeUnitCount where p[index] != word.utf8Start[index] { return false }
        return p[word.utf8CodeUnitCount] <= 0x20
    }
}
