import CAN
import Quantities

/// Reads pcapng files (draft-ietf-opsawg-pcapng): sections of both byte orders, several interfaces, any resolution of times.
final class PcapngParser: LogParser {
    /// One interface of the section.
    private struct Interface {
        let link: SocketCANPacket.Link?
        var name: String?
        /// Number of the interface in the log; -1 until its first frame.
        var place = -1
        /// Exponent of the unit of time, to the base of 10 or 2.
        var exponent: UInt8 = 6
        var isBinary = false
        /// Seconds to add.
        var offset: Int64 = 0
    }

    private enum Block {
        static let section: UInt32 = 0x0A0D_0D0A
        static let interface: UInt32 = 1
        static let oldPacket: UInt32 = 2
        static let simplePacket: UInt32 = 3
        static let packet: UInt32 = 6
    }

    /// The most interfaces of a section.
    private static let mostInterfaces = 4096
    private let input: LogInput
    private var isBigEndian = false
    private var isInSection = false
    private var declared: [Interface] = []
    private var table = InterfaceTable()
    private(set) var omissions = [UInt64](repeating: 0, count: CANLogOmission.allCases.count)
    let hasDate = true
    var interfaces: [String] { table.names }

    init(_ input: LogInput) { self.input = input }

    func next(_ record: inout CANLogRecord) throws(CANLogError) -> Bool {
        while true {
            let position = input.position
            guard input.need(12) else {
                if input.available == 0 { return false }
                input.advance(12)
                throw CANLogError(.byte(position), "the file ends inside the head of a block", isFatal: true)
            }
            var head = PacketBytes(input.cursor, 12, isBigEndian: isBigEndian)
            if head.number(0, as: UInt32.self) == Block.section {
                switch head.number(8, as: UInt32.self) {
                case 0x1A2B_3C4D: break
                case 0x4D3C_2B1A: isBigEndian.toggle()
                default: throw CANLogError(.byte(position + 8), "the section's mark of byte order is none", isFatal: true)
                }
                (isInSection, declared) = (true, [])
                head = PacketBytes(input.cursor, 12, isBigEndian: isBigEndian)
            }
            let (type, length): (UInt32, UInt32) = (head.number(0), head.number(4))
            guard isInSection else { throw CANLogError(.byte(position), "it does not begin as a pcapng file does", isFatal: true) }
            guard length >= 12, length % 4 == 0 else { throw CANLogError(.byte(position + 4), "a block of \(length) bytes cannot be", isFatal: true) }
            guard length <= LogInput.capacity else {
                guard input.skip(UInt64(length)) else { throw CANLogError(.byte(position), "the file ends inside a block", isFatal: true) }
                if type == Block.interface { throw CANLogError(.byte(position), "the description of an interface is too long", isFatal: true) }
                if type == Block.packet || type == Block.simplePacket || type == Block.oldPacket { omissions[CANLogOmission.otherLink.rawValue] += 1 }
                continue
            }
            guard input.need(Int(length)) else { throw CANLogError(.byte(position), "the file ends inside a block", isFatal: true) }
            let body = PacketBytes(input.cursor + 8, Int(length) - 12, isBigEndian: isBigEndian)
            input.advance(Int(length))
            switch type {
            case Block.interface: try declare(body, position)
            case Block.packet, Block.oldPacket, Block.simplePacket:
                if try packet(body, type, position, &record) { return true }
            default: break
            }
        }
    }

    // MARK: Interfaces

    private func declare(_ body: PacketBytes, _ position: UInt64) throws(CANLogError) {
        guard declared.count < Self.mostInterfaces else { throw CANLogError(.byte(position), "there are too many interfaces", isFatal: true) }
        var interface = Interface(link: SocketCANPacket.Link(rawValue: UInt32(body.number(0, as: UInt16.self))))
        forEachOption(body.from(8)) { code, value in
            switch code {
            case 2:
                let text = UnsafeRawBufferPointer(start: value.start, count: min(value.count, 256)).prefix { $0 != 0 }
                if !text.isEmpty { interface.name = String(decoding: text, as: UTF8.self) }
            case 9:
                let resolution: UInt8 = value.number(0)
                (interface.exponent, interface.isBinary) = (resolution & 0x7F, resolution & 0x80 != 0)
            case 14: interface.offset = value.number(0)
            default: break
            }
        }
        declared.append(interface)
    }

    /// Calls with the code and the value of each option.
    private func forEachOption(_ options: PacketBytes, _ body: (UInt16, PacketBytes) -> Void) {
        var place = 0
        while place + 4 <= options.count {
            let (code, length): (UInt16, UInt16) = (options.number(place), options.number(place + 2))
            if code == 0 || place + 4 + Int(length) > options.count { return }
            body(code, PacketBytes(options.start + place + 4, Int(length), isBigEndian: isBigEndian))
            place += 4 + (Int(length) + 3) / 4 * 4
        }
    }

    // MARK: Packets

    private func packet(_ body: PacketBytes, _ type: UInt32, _ position: UInt64, _ record: inout CANLogRecord) throws(CANLogError) -> Bool {
        let isSimple = type == Block.simplePacket
        let number = isSimple ? 0 : type == Block.oldPacket ? Int(body.number(0, as: UInt16.self)) : Int(body.number(0, as: UInt32.self))
        guard declared.indices.contains(number) else { throw CANLogError(.byte(position), "the packet is of an interface that the file does not describe") }
        guard let link = declared[number].link else {
            omissions[CANLogOmission.otherLink.rawValue] += 1
            return false
        }
        let head = isSimple ? 4 : 20
        let original: UInt32 = body.number(head - 4)
        let kept = isSimple ? min(Int(original), body.count - 4) : Int(body.number(12, as: UInt32.self))
        guard body.count >= head, kept <= body.count - head else { throw CANLogError(.byte(position), "the packet is longer than its block") }
        if isSimple {
            record.instant = .zero
        } else {
            let ticks = UInt64(body.number(4, as: UInt32.self)) << 32 | UInt64(body.number(8, as: UInt32.self))
            guard let instant = instant(ticks, declared[number]) else { throw CANLogError(.byte(position), "the packet's time is beyond the year 2262") }
            record.instant = instant
        }
        switch SocketCANPacket.read(PacketBytes(body.start + head, kept), original: Int(original), link: link, &record) {
        case .omitted(let kind):
            omissions[kind.rawValue] += 1
            return false
        case .bad(let reason): throw CANLogError(.byte(position), "\(reason)")
        case .frame: break
        }
        if declared[number].place < 0 {
            guard let place = table.number(declared[number].name ?? "can\(number)") else {
                throw CANLogError(.byte(position), "there are more than \(InterfaceTable.most) interfaces")
            }
            declared[number].place = place
        }
        record.channel = UInt16(truncatingIfNeeded: declared[number].place)
        if type == Block.packet, body.count > head + kept + 4 { direction(body.from(head + (kept + 3) / 4 * 4), &record) }
        return true
    }

    /// The two lowest bits of option 2 of a packet, `epb_flags`: 1 inbound, 2 outbound.
    private func direction(_ options: PacketBytes, _ record: inout CANLogRecord) {
        var found = CANLogRecord.Direction.unknown
        forEachOption(options) { code, value in
            guard code == 2, value.count == 4 else { return }
            switch value.number(0, as: UInt32.self) & 3 {
            case 1: found = .received
            case 2: found = .transmitted
            default: break
            }
        }
        if found != .unknown { record.direction = found }
    }

    @inline(__always)
    private func instant(_ ticks: UInt64, _ interface: Interface) -> Instant? {
        var nanoseconds: UInt128
        if interface.isBinary {
            nanoseconds = (UInt128(ticks) * 1_000_000_000) >> UInt128(interface.exponent)
        } else if interface.exponent == 9 {
            nanoseconds = UInt128(ticks)
        } else {
            nanoseconds = UInt128(ticks)
            var exponent = interface.exponent
            while exponent < 9 {
                nanoseconds *= 10
                exponent += 1
            }
            while exponent > 9, nanoseconds > 0 {
                nanoseconds /= 10
                exponent -= 1
            }
        }
        guard nanoseconds <= UInt128(Int64.max) else { return nil }
        let (offset, a) = interface.offset.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, b) = Int64(nanoseconds).addingReportingOverflow(offset)
        return a || b ? nil : Instant(nanoseconds: sum)
    }
}
