import CAN
import Quantities

extension CandumpParser {
    /// Reads what candump shows on a console behind the interface: `123   [2]  D2 04`, with `-x` also `RX B E  123  [12]  …`.
    func console(_ start: UnsafePointer<UInt8>, _ record: inout CANLogRecord) throws(CANLogError) {
        var p = start
        var flags = CANFrameFlags()
        if (p[0] == UInt8(ascii: "R") || p[0] == UInt8(ascii: "T")) && p[1] == UInt8(ascii: "X") {
            record.direction = p[0] == UInt8(ascii: "R") ? .received : .transmitted
            p += 2
            TextScan.skipBlanks(&p)
            for (letter, flag) in [("B" as Unicode.Scalar, CANFrameFlags.bitRateSwitch), ("E", .errorStateIndicator)] {
                guard p[0] == UInt8(ascii: letter) || p[0] == UInt8(ascii: "-") else { throw bad("the flags behind RX or TX are B and E, or -") }
                if p[0] != UInt8(ascii: "-") { flags.insert(flag) }
                p += 1
                TextScan.skipBlanks(&p)
            }
        }
        let id = TextScan.hexadecimal(p)
        p += id.count
        var frame = CANFrame(id: 0, lengthCode: 0, payload: 0)
        frame.rawIdentifier = try identifier(TextScan.number(id.bytes, id.count), digits: id.count)
        TextScan.skipBlanks(&p)
        let count = try length(&p, &frame)
        TextScan.skipBlanks(&p)
        if frame.isFD { frame.flags.formUnion(flags) }
        if p[0] == UInt8(ascii: "r") {
            guard !frame.isFD, !frame.isError else { throw bad("only a classic frame can be a remote request") }
            frame.rawIdentifier |= CANFrame.remoteFlag
            record.set(frame)
            return
        }
        var data = CANData()
        for index in 0..<count {
            let (high, low) = (TextScan.digit(p[0]), TextScan.digit(p[1]))
            guard high < 16, low < 16 else { throw bad("the frame has fewer bytes than its length says") }
            data[index] = high << 4 | low
            p += 2
            TextScan.skipBlanks(&p)
        }
        // What follows is a text: the bytes as letters, or what an error frame means.
        guard TextScan.digit(p[0]) > 15 || p[-1] != 0x20 || TextScan.digit(p[1]) > 15 else { throw bad("the frame has more bytes than its length says") }
        frame.payload = data.firstEight
        record.frame.wide = data
        record.set(frame)
    }

    /// `[8]`, `[08]` of an FD frame, and `{E}` of a classic frame of eight bytes whose length code is 14.
    private func length(_ p: inout UnsafePointer<UInt8>, _ frame: inout CANFrame) throws(CANLogError) -> Int {
        if p[0] == UInt8(ascii: "{") {
            let code = TextScan.digit(p[1])
            guard code >= 9, code <= 15, p[2] == UInt8(ascii: "}") else { throw bad("the length code between braces is 9 to F") }
            frame.lengthCode = code
            p += 3
            return 8
        }
        guard p[0] == UInt8(ascii: "[") else { throw bad("the length is expected behind the identifier: [2]") }
        let (digits, value) = TextScan.decimal(p + 1)
        guard digits == 1 || digits == 2, p[1 + digits] == UInt8(ascii: "]") else { throw bad("the length between brackets is 0 to 8, or 00 to 64 for FD") }
        p += digits + 2
        if digits == 1 {
            guard value <= 8 else { throw bad("a classic frame has at most 8 bytes") }
            frame.lengthCode = UInt8(value)
            return Int(value)
        }
        guard value <= 64 else { throw bad("a frame has at most 64 bytes") }
        frame.flags = .fd
        frame.lengthCode = CANFrame.lengthCode(holding: Int(value))
        return Int(value)
    }
}
