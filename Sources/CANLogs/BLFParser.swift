import CAN
import Quantities

/// Reads Vector's binary form (.blf): objects `LOBJ` of many types, most of them inside compressed containers.
///
/// Frames are the types 1 and 86 (CAN_MESSAGE), 100 and 101 (CAN_FD_MESSAGE), 2, 73 and 104 (errors); all others are counted and left
/// out. Layouts as python-can's can/io/blf.py and Wireshark's wiretap/blf.h have them. The date of the header is taken as UTC.
final class BLFParser: LogParser {
    /// `LOBJ` as a little-endian number.
    static let signature: UInt32 = 0x4A42_4F4C
    private let containers: BLFContainers
    /// Objects one after the other.
    private let objects: LogInput
    private var start: Int64 = 0
    private var numbered = NumberedInterfaces()
    private(set) var omissions = [UInt64](repeating: 0, count: CANLogOmission.allCases.count)
    private(set) var hasDate = false
    var interfaces: [String] { numbered.names }

    init(_ input: LogInput) throws(CANLogError) {
        guard input.need(72) else { throw CANLogError(.byte(0), "the file ends inside its header", isFatal: true) }
        let head = PacketBytes(input.cursor, 72)
        guard head.number(0, as: UInt32.self) == 0x4747_4F4C else { throw CANLogError(.byte(0), "it does not begin as a BLF file does", isFatal: true) }
        let time = (0..<8).map { Int(head.number(40 + 2 * $0, as: UInt16.self)) }
        // year, month, day of the week, day, hour, minute, second, milliseconds
        let date = CivilDate.instant(
            year: time[0], month: time[1], day: time[3], hour: time[4], minute: time[5], second: time[6], nanoseconds: Int64(time[7]) * 1_000_000)
        if let date { (start, hasDate) = (date.nanoseconds, true) }
        let size: UInt32 = head.number(4)
        guard size >= 72, input.skip(UInt64(size)) else { throw CANLogError(.byte(4), "the file ends inside its header", isFatal: true) }
        let containers = BLFContainers(input)
        self.containers = containers
        objects = LogInput { containers.fill($0) }
    }

    func next(_ record: inout CANLogRecord) throws(CANLogError) -> Bool {
        while true {
            guard try findObject() else { return false }
            let position = objects.position
            let head = PacketBytes(objects.cursor, 16)
            let headSize = Int(head.number(4, as: UInt16.self))
            let (length, type): (UInt32, UInt32) = (head.number(8), head.number(12))
            guard length >= 16 else {
                objects.advance(4)
                throw CANLogError(.byte(position), "an object of \(length) bytes cannot be")
            }
            guard length <= LogInput.capacity else {
                guard objects.skip(UInt64(length)) else {
                    throw containers.failure ?? CANLogError(.byte(position), "the file ends inside an object", isFatal: true)
                }
                omissions[CANLogOmission.event.rawValue] += 1
                continue
            }
            guard objects.need(Int(length)) else {
                objects.advance(Int(length))
                throw containers.failure ?? CANLogError(.byte(position), "the file ends inside an object", isFatal: true)
            }
            let object = PacketBytes(objects.cursor, Int(length))
            objects.advance(Int(length))
            guard let kind = Kind(rawValue: type) else {
                omissions[(Self.isOtherBus(type) ? CANLogOmission.otherBus : .event).rawValue] += 1
                continue
            }
            guard headSize >= 32, headSize < object.count else { throw CANLogError(.byte(position), "the head of an object of \(headSize) bytes cannot be") }
            let ticks: UInt64 = object.number(24)
            let unit: UInt64 = object.number(16, as: UInt32.self) == 1 ? 10_000 : 1
            let (time, tooLong) = ticks.multipliedReportingOverflow(by: unit)
            let (sum, overflow) = start.addingReportingOverflow(Int64(clamping: time))
            guard !tooLong, time <= UInt64(Int64.max), !overflow else { throw CANLogError(.byte(position), "the time of an object is beyond the year 2262") }
            record.instant = Instant(nanoseconds: sum)
            if let reason = read(kind, object.from(headSize), headSize, &record) { throw CANLogError(.byte(position), reason) }
            return true
        }
    }

    /// Goes to the next object; bytes between objects that are more than filling are an error.
    private func findObject() throws(CANLogError) -> Bool {
        let position = objects.position
        var skipped = 0
        while objects.need(16) {
            if UnsafeRawPointer(objects.cursor).loadUnaligned(as: UInt32.self).littleEndian == Self.signature {
                if skipped > 8 { throw CANLogError(.byte(position), "\(skipped) bytes are no object") }
                return true
            }
            objects.advance(1)
            skipped += 1
        }
        let hasRest = UnsafeBufferPointer(start: objects.cursor, count: objects.available).contains { $0 != 0 }
        objects.advance(objects.available)
        if let failure = containers.failure { throw failure }
        if containers.errorNumber != 0 { throw CANLogError(.file, "it cannot be read on: error \(containers.errorNumber) of the system", isUnreadable: true) }
        if hasRest { throw CANLogError(.byte(position), "the file ends inside the head of an object", isFatal: true) }
        return false
    }

    /// Types of LIN, FlexRay, MOST, Ethernet, WLAN, AFDX and A429.
    private static func isOtherBus(_ type: UInt32) -> Bool {
        switch type {
        case 11...30, 32...47, 50...64, 66...71, 74...85, 87...89, 93...95, 97...99, 102, 103, 105...122: true
        default: false
        }
    }
}

// MARK: - Objects

extension BLFParser {
    /// Types of objects that are frames.
    private enum Kind: UInt32 {
        case message = 1
        case error = 2
        case errorExtended = 73
        case messageSecond = 86
        case flexible = 100
        case flexible64 = 101
        case errorFlexible64 = 104
    }

    /// Reads the body of an object; what is wrong with it, or `nil`.
    private func read(_ kind: Kind, _ body: PacketBytes, _ headSize: Int, _ record: inout CANLogRecord) -> String? {
        let channel = kind == .flexible64 || kind == .errorFlexible64 ? Int(body.number(0, as: UInt8.self)) : Int(body.number(0, as: UInt16.self))
        guard let place = numbered.place(channel) else { return "the channel is above \(InterfaceTable.most - 1)" }
        record.channel = UInt16(truncatingIfNeeded: place)
        record.direction = .unknown
        switch kind {
        case .message, .messageSecond: return message(body, &record)
        case .flexible: return flexible(body, &record)
        case .flexible64: return flexible64(body, headSize, &record)
        case .errorExtended: return error(body, &record)
        case .error, .errorFlexible64:
            record.set(ASCParser.errorFrame)
            return nil
        }
    }

    private static func identifier(_ value: UInt32) -> UInt32? {
        if value & CANFrame.extendedFlag != 0 { return value & 0x1FFF_FFFF | CANFrame.extendedFlag }
        return value <= 0x7FF ? value : nil
    }

    /// Channel 2, flags 1 (1 sent, 0x80 remote), length code 1, identifier 4, data 8.
    private func message(_ body: PacketBytes, _ record: inout CANLogRecord) -> String? {
        guard body.count >= 16 else { return "a frame of \(body.count) bytes is too short" }
        guard let identifier = Self.identifier(body.number(4)) else { return "an identifier of 11 bits is at most 7FF" }
        let (flags, code): (UInt8, UInt8) = (body.number(2), body.number(3))
        guard code <= 15 else { return "the length code \(code) is above 15" }
        record.direction = flags & 1 != 0 ? .transmitted : .received
        var frame = CANFrame(id: 0, isRemote: flags & 0x80 != 0, lengthCode: code, payload: 0)
        frame.rawIdentifier |= identifier
        let payload: UInt64 = body.number(8)
        frame.payload = frame.count == 8 ? payload : payload & ((1 &<< UInt64(frame.count * 8)) &- 1)
        record.set(frame)
        return nil
    }

    /// Channel 2, flags 1, length code 1, identifier 4, frame length 4, bits 1, FD flags 1, bytes 1, reserved 5, data 64.
    private func flexible(_ body: PacketBytes, _ record: inout CANLogRecord) -> String? {
        guard body.count >= 20 else { return "a frame of \(body.count) bytes is too short" }
        guard let identifier = Self.identifier(body.number(4)) else { return "an identifier of 11 bits is at most 7FF" }
        let (flags, code, bits): (UInt8, UInt8, UInt8) = (body.number(2), body.number(3), body.number(13))
        record.direction = flags & 1 != 0 ? .transmitted : .received
        return data(
            identifier, code, isFD: bits & 1 != 0, isRemote: flags & 0x80 != 0, switches: bits & 2 != 0, isPassive: bits & 4 != 0, body.from(20), &record)
    }

    /// Channel 1, length code 1, bytes 1, count 1, identifier 4, frame length 4, flags 4, …, direction at 34, end of the data at 35; data at 40.
    private func flexible64(_ body: PacketBytes, _ headSize: Int, _ record: inout CANLogRecord) -> String? {
        guard body.count >= 40 else { return "a frame of \(body.count) bytes is too short" }
        guard let identifier = Self.identifier(body.number(4)) else { return "an identifier of 11 bits is at most 7FF" }
        let (code, bytes, bits): (UInt8, UInt8, UInt32) = (body.number(1), body.number(2), body.number(12))
        record.direction = body.number(34, as: UInt8.self) == 0 ? .received : .transmitted
        let end = Int(body.number(35, as: UInt8.self))
        let room = end == 0 ? body.count - 40 : min(body.count, max(40, end - headSize)) - 40
        // Data that the object does not hold is zero, as in Vector's own tools.
        let data = PacketBytes(body.start + 40, min(room, Int(bytes)))
        return self.data(
            identifier, code, isFD: bits & 0x1000 != 0, isRemote: bits & 0x10 != 0, switches: bits & 0x2000 != 0, isPassive: bits & 0x4000 != 0, data, &record)
    }

    private func data(
        _ identifier: UInt32, _ code: UInt8, isFD: Bool, isRemote: Bool, switches: Bool, isPassive: Bool, _ data: PacketBytes, _ record: inout CANLogRecord
    ) -> String? {
        guard code <= 15 else { return "the length code \(code) is above 15" }
        guard !isFD || !isRemote else { return "a frame of the FD format is no remote frame" }
        var frame = CANFrame(id: 0, isRemote: isRemote, lengthCode: code, payload: 0)
        frame.rawIdentifier |= identifier
        if isFD {
            frame.flags = .fd
            if switches { frame.flags.insert(.bitRateSwitch) }
            if isPassive { frame.flags.insert(.errorStateIndicator) }
        }
        record.set(frame)
        record.setWide(data.start, min(data.count, frame.count))
        return nil
    }

    /// Channel 2, length 2, flags 4, error code 1, position 1, length code 1, reserved 1, frame length 4, identifier 4, flags 2, reserved 2, data 8.
    ///
    /// With bit 0 of the flags the error code is that of an SJA1000: kind, direction and place of the error. Without it, as python-can
    /// writes, identifier and data are those of a SocketCAN error report.
    private func error(_ body: PacketBytes, _ record: inout CANLogRecord) -> String? {
        guard body.count >= 32 else { return "an error of \(body.count) bytes is too short" }
        let (flags, code): (UInt32, UInt8) = (body.number(4), body.number(8))
        if flags & 1 != 0 {
            let kind: UInt64 = [0x01, 0x02, 0x04, 0x00][Int(code >> 6)]
            let payload = (kind | (code & 0x20 == 0 ? 0x80 : 0)) << 16 | UInt64(code & 0x1F) << 24
            record.set(CANFrame(id: 0x88, isError: true, lengthCode: 8, payload: payload))
            return nil
        }
        let classes = body.number(16, as: UInt32.self) & 0x1FFF_FFFF
        record.set(CANFrame(id: classes == 0 ? 0x80 : classes, isError: true, lengthCode: 8, payload: body.number(24)))
        return nil
    }
}
