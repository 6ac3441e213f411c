import CAN
import Quantities

/// Reads lines of `candump -l` and `-L`: `(1436509053.650713) can0 300#1400`.
///
/// ```
/// line  = "(" seconds "." decimals ") " interface " " frame [ " R" | " T" ] [ " 0" | " 1" ]
/// frame = id "#" byte{0..8} [ "_" dlc ]  |  id "#R" [ length [ "_" dlc ] ]  |  id "##" flags byte{0..64}
/// ```
/// The form that candump shows on a console is read too (`CandumpParser+Console.swift`); CAN XL frames are counted and left out.
/// The grammar is that of can-utils: lib.c `parse_canframe` and candump.c.
final class CandumpParser: LogParser {
    let input: LogInput
    var table = InterfaceTable()
    private(set) var omissions = [UInt64](repeating: 0, count: CANLogOmission.allCases.count)

    /// Whether a 1 stands behind the frame: logs for learning mark attacks so.
    private(set) var isMarked = false

    init(_ input: LogInput) { self.input = input }

    var interfaces: [String] { table.names }
    let hasDate = true

    func next(_ record: inout CANLogRecord) throws(CANLogError) -> Bool {
        while let line = try input.nextLine() {
            var p = UnsafePointer(line.start)
            if p[0] != UInt8(ascii: "(") {
                TextScan.skipBlanks(&p)
                if TextScan.isEnd(p) || p[0] == UInt8(ascii: ";") || p[0] == UInt8(ascii: "#") { continue }
            }
            if try parse(p, &record) { return true }
            omissions[CANLogOmission.xlFrame.rawValue] += 1
        }
        return false
    }

    /// `false` for a frame that is left out.
    private func parse(_ start: UnsafePointer<UInt8>, _ record: inout CANLogRecord) throws(CANLogError) -> Bool {
        var p = start
        record.instant = .zero
        if p[0] == UInt8(ascii: "(") {
            p += 1
            try time(&p, &record)
            TextScan.skipBlanks(&p)
        }
        let name = p
        while p[0] > 0x20 { p += 1 }
        guard p > name else { throw bad("an interface is expected behind the time: (1436509053.650713) can0 300#1400") }
        guard let channel = table.number(name, p - name) else { throw bad("there are more than \(InterfaceTable.most) interfaces") }
        record.channel = UInt16(truncatingIfNeeded: channel)
        record.direction = .unknown
        guard p[0] == 0x20 || p[0] == 0x09 else { throw bad("a frame is expected behind the interface: 300#1400") }
        p += 1
        if p[0] == 0x20 || p[0] == 0x09 {
            TextScan.skipBlanks(&p)
            try console(p, &record)
            return true
        }
        return try frame(p, &record)
    }

    /// An error in this line.
    func bad(_ reason: String) -> CANLogError { CANLogError(input.place, reason) }

    // MARK: Times

    /// Reads up to the closing bracket.
    private func time(_ p: inout UnsafePointer<UInt8>, _ record: inout CANLogRecord) throws(CANLogError) {
        let (digits, seconds) = TextScan.decimal(p)
        p += digits
        if digits == 4, p[0] == UInt8(ascii: "-") {
            guard let instant = TextScan.date(year: Int(seconds), &p) else { throw bad("the time is no date like 2026-11-21 03:00:00.123456") }
            record.instant = instant
        } else {
            guard digits > 0, digits <= 18 else { throw bad("the time is no number of seconds like 1436509053.650713") }
            var nanoseconds: Int64 = 0
            if p[0] == UInt8(ascii: ".") {
                let decimals = TextScan.fraction(p + 1)
                p += decimals.count + 1
                nanoseconds = decimals.nanoseconds
            }
            guard let instant = Instant.log(seconds: seconds, nanoseconds: nanoseconds) else { throw bad("the time is beyond the year 2262") }
            record.instant = instant
        }
        guard p[0] == UInt8(ascii: ")") else { throw bad("')' is expected behind the time") }
        p += 1
    }

    // MARK: Frames

    private func frame(_ start: UnsafePointer<UInt8>, _ record: inout CANLogRecord) throws(CANLogError) -> Bool {
        var p = start
        let id = TextScan.hexadecimal(p)
        p += id.count
        guard p[0] == UInt8(ascii: "#") else { throw bad("'#' is expected behind an identifier of 3 or 8 hexadecimal digits") }
        if id.count == 5, p[3] == UInt8(ascii: ":") { return false }
        let identifier = try identifier(TextScan.number(id.bytes, id.count), digits: id.count)
        p += 1
        var frame = CANFrame(id: 0, lengthCode: 0, payload: 0)
        frame.rawIdentifier = identifier
        if p[0] == UInt8(ascii: "#") {
            p += 1
            try flexible(&p, frame, &record)
        } else if p[0] == UInt8(ascii: "R") {
            p += 1
            frame.rawIdentifier |= CANFrame.remoteFlag
            if p[0] &- 0x30 <= 8 {
                frame.lengthCode = p[0] &- 0x30
                p += 1
            }
            try rawLength(&p, &frame)
            record.set(frame)
        } else {
            try classic(&p, &frame)
            record.set(frame)
        }
        try rest(p, &record)
        return true
    }

    /// Identifier and flags of a number of 3 or 8 digits.
    @inline(__always)
    func identifier(_ value: UInt32, digits: Int) throws(CANLogError) -> UInt32 {
        if digits == 3 {
            guard value <= 0x7FF else { throw bad("an identifier of 3 digits is at most 7FF") }
            return value
        }
        guard digits == 8 else { throw bad("an identifier has 3 or 8 hexadecimal digits") }
        guard value < CANFrame.remoteFlag else { throw bad("an identifier of 8 digits is at most 1FFFFFFF, or 3FFFFFFF for an error frame") }
        return value & CANFrame.errorFlag != 0 ? value : value | CANFrame.extendedFlag
    }

    @inline(__always)
    private func classic(_ p: inout UnsafePointer<UInt8>, _ frame: inout CANFrame) throws(CANLogError) {
        let first = TextScan.hexadecimal(p)
        var digits = first.count
        var payload = UInt64(first.bytes)
        if digits == 8 {
            let second = TextScan.hexadecimal(p + 8)
            digits += second.count
            payload |= UInt64(second.bytes) &<< 32
        }
        p += digits
        if p[0] == UInt8(ascii: ".") {
            p -= digits
            var bytes = CANData()
            let count = try data(&p, &bytes, most: 8)
            (payload, digits) = (bytes.firstEight, count * 2)
        }
        guard digits & 1 == 0 else { throw bad("the data has a byte of one digit") }
        frame.payload = digits == 16 ? payload : payload & ((1 &<< UInt64(digits &* 4)) &- 1)
        frame.lengthCode = UInt8(truncatingIfNeeded: digits &>> 1)
        if p[0] == UInt8(ascii: "_") { try rawLength(&p, &frame) }
    }

    /// `_9` to `_F`: the length code on the wire of a classic frame of eight bytes.
    private func rawLength(_ p: inout UnsafePointer<UInt8>, _ frame: inout CANFrame) throws(CANLogError) {
        guard p[0] == UInt8(ascii: "_") else { return }
        let code = TextScan.digit(p[1])
        guard frame.lengthCode == 8, code >= 9, code <= 15 else { throw bad("'_' and a length code of 9 to F stand behind eight bytes only") }
        frame.lengthCode = code
        p += 2
    }

    @inline(never)
    private func flexible(_ p: inout UnsafePointer<UInt8>, _ classic: CANFrame, _ record: inout CANLogRecord) throws(CANLogError) {
        var frame = classic
        guard !frame.isError else { throw bad("an error frame is not of the FD format") }
        let flags = TextScan.digit(p[0])
        guard flags < 16 else { throw bad("'##' is followed by a hexadecimal digit of flags") }
        p += 1
        var count = Self.words(&p, &record.frame.wide)
        if count < 0 {
            count = try data(&p, &record.frame.wide, most: 64)
        }
        frame.flags = CANFrameFlags(rawValue: flags & 3).union(.fd)
        // Lengths that FD does not have are filled with zeros to the next one, as the kernel does.
        frame.lengthCode = CANFrame.lengthCode(holding: count)
        frame.payload = record.frame.wide.firstEight
        record.set(frame)
    }

    /// Reads up to 64 bytes of two digits, four at a time; -1 and nothing read for what needs a closer look.
    private static func words(_ p: inout UnsafePointer<UInt8>, _ data: inout CANData) -> Int {
        data = CANData()
        return withUnsafeMutableBytes(of: &data.bytes) { bytes in
            var place = 0
            var q = p
            while place < 64 {
                let (digits, word) = TextScan.hexadecimal(q)
                if digits & 1 != 0 { return -1 }
                let kept = digits == 8 ? word : word & ((1 &<< UInt32(digits &* 4)) &- 1)
                bytes.storeBytes(of: kept.littleEndian, toByteOffset: place, as: UInt32.self)
                place &+= digits &>> 1
                q += digits
                if digits < 8 { break }
            }
            // More bytes, points between them, or half a byte.
            if q[0] == UInt8(ascii: ".") || TextScan.digit(q[0]) < 16 {
                bytes.withMemoryRebound(to: UInt8.self) { $0.update(repeating: 0) }
                return -1
            }
            p = q
            return place
        }
    }

    /// Reads bytes of two digits with or without points between them.
    private func data(_ p: inout UnsafePointer<UInt8>, _ data: inout CANData, most: Int) throws(CANLogError) -> Int {
        data = CANData()
        var count = 0
        while true {
            let high = TextScan.digit(p[0])
            if high > 15 { break }
            let low = TextScan.digit(p[1])
            guard low < 16 else { throw bad("the data has a byte of one digit") }
            guard count < most else { throw bad("the frame has more than \(most) bytes") }
            data[count] = high << 4 | low
            count += 1
            p += 2
            if p[0] == UInt8(ascii: ".") { p += 1 }
        }
        return count
    }

    /// What stands behind the frame: nothing, or the direction.
    @inline(__always)
    private func rest(_ start: UnsafePointer<UInt8>, _ record: inout CANLogRecord) throws(CANLogError) {
        var p = start
        isMarked = false
        if p[0] == 0x0A { return }
        let hasBlank = p[0] == 0x20 || p[0] == 0x09
        TextScan.skipBlanks(&p)
        if p[0] == UInt8(ascii: "R") {
            record.direction = .received
            p += 1
        } else if p[0] == UInt8(ascii: "T") {
            record.direction = .transmitted
            p += 1
        }
        TextScan.skipBlanks(&p)
        if hasBlank, p[0] == UInt8(ascii: "0") || p[0] == UInt8(ascii: "1"), p[1] <= 0x20 {
            isMarked = p[0] == UInt8(ascii: "1")
            p += 1
            TextScan.skipBlanks(&p)
        }
        guard TextScan.isEnd(p) else {
            throw bad(TextScan.digit(p[0]) < 16 ? "the frame has more than 8 bytes" : "behind the frame stands something that is neither R nor T")
        }
    }
}
