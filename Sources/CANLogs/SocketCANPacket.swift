import CAN

/// Frames in packets of pcap and pcapng (tcpdump.org/linktypes: 113, 227 and 276).
enum SocketCANPacket {
    /// Link types that hold CAN frames.
    enum Link: UInt32 {
        case cooked = 113
        case socketCAN = 227
        case cookedSecond = 276
    }

    /// What a packet is.
    enum Outcome {
        case frame
        case omitted(CANLogOmission)
        case bad(StaticString)
    }

    /// Bytes of a `can_frame` in memory, and of a `canfd_frame`: packets straight from the kernel have one of these sizes.
    private static let kernelFDSize = 72

    /// Reads a packet of which `packet.count` of `original` bytes were kept.
    @inline(__always)
    static func read(_ packet: PacketBytes, original: Int, link: Link, _ record: inout CANLogRecord) -> Outcome {
        record.direction = .unknown
        switch link {
        case .socketCAN: return frame(packet, original: original, &record)
        case .cooked: return cooked(packet, original, &record, kind: 0, machine: 2, protocol: 14, size: 16)
        case .cookedSecond: return cooked(packet, original, &record, kind: 10, machine: 8, protocol: 0, size: 20)
        }
    }

    /// A packet behind a header of Linux's "any" device: who sent it, hardware type 280 of CAN, and a protocol of 12, 13 or 14.
    private static func cooked(
        _ packet: PacketBytes, _ original: Int, _ record: inout CANLogRecord, kind: Int, machine: Int, protocol place: Int, size: Int
    ) -> Outcome {
        let header = PacketBytes(packet.start, packet.count, isBigEndian: true)
        guard packet.count >= size else { return .bad("the packet is too short for the header of its link type") }
        let direction: UInt16 = kind == 10 ? UInt16(header.number(kind, as: UInt8.self)) : header.number(kind)
        record.direction = direction == 4 ? .transmitted : .received
        let number: UInt16 = header.number(place)
        guard header.number(machine, as: UInt16.self) == 280 || (0x000C...0x000E).contains(number) else { return .omitted(.otherLink) }
        if number == 0x000E { return .omitted(.xlFrame) }
        return frame(packet.from(size), original: original - size, &record)
    }

    /// `identifier (big-endian) | length | FD flags | reserved | raw length code | data`.
    @inline(__always)
    private static func frame(_ packet: PacketBytes, original: Int, _ record: inout CANLogRecord) -> Outcome {
        guard packet.count >= 8 else { return .bad("the packet is too short for a frame") }
        let identifier = UInt32(bigEndian: packet.start.loadUnaligned(as: UInt32.self))
        let head = PacketBytes(packet.start, packet.count)
        let length = Int(head.number(4, as: UInt8.self))
        let bits = head.number(5, as: UInt8.self)
        if length >= 0x80 { return .omitted(.xlFrame) }
        // Older captures do not have the flag FDF (4), but classic frames have neither BRS nor ESI.
        let isFD = bits & 7 != 0 || length > 8 || original == kernelFDSize
        var frame = CANFrame(id: 0, lengthCode: 0, payload: 0)
        frame.rawIdentifier = identifier
        if identifier & (CANFrame.extendedFlag | CANFrame.errorFlag) == 0 {
            guard identifier & 0x1FFF_FFFF <= 0x7FF else { return .bad("an identifier of 11 bits is at most 7FF") }
        }
        if frame.isError { frame.rawIdentifier &= ~(CANFrame.extendedFlag | CANFrame.remoteFlag) }
        guard length <= 64 else { return .bad("the frame has more than 64 bytes") }
        if isFD {
            guard !frame.isRemote, !frame.isError else { return .bad("a frame of the FD format is neither a remote nor an error frame") }
            guard packet.count >= 8 + length else { return .bad("the packet was cut off inside the data") }
            frame.flags = CANFrameFlags(rawValue: bits & 3).union(.fd)
            frame.lengthCode = CANFrame.lengthCode(holding: length)
            record.set(frame)
            record.setWide(packet.start + 8, length)
            return .frame
        }
        frame.lengthCode = UInt8(truncatingIfNeeded: length)
        if frame.isRemote {
            record.set(frame)
            return .frame
        }
        guard packet.count >= 8 + length else { return .bad("the packet was cut off inside the data") }
        if packet.count >= 16 {
            let payload: UInt64 = head.number(8)
            frame.payload = length == 8 ? payload : payload & ((1 &<< UInt64(length &* 8)) &- 1)
        } else {
            for index in 0..<length { frame.payload |= UInt64(head.number(8 + index, as: UInt8.self)) << UInt64(index * 8) }
        }
        let code = head.number(7, as: UInt8.self)
        if length == 8, code >= 9, code <= 15 { frame.lengthCode = code }
        record.set(frame)
        return .frame
    }
}
