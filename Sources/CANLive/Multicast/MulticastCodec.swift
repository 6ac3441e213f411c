import CAN
import Glibc

/// Frames as python-can's `udp_multicast` puts them into datagrams: a MessagePack map of eleven entries.
public enum MulticastCodec {
    /// The longest datagram that is written.
    public static let maximumLength = 256
    /// The longest datagram that is read.
    public static let longestRead = 4096

    private enum Key: Int, CaseIterable {
        case timestamp, identifier, isExtended, isRemote, isError, channel, count, data, isFD, bitRateSwitch, errorState

        var text: StaticString {
            switch self {
            case .timestamp: "timestamp"
            case .identifier: "arbitration_id"
            case .isExtended: "is_extended_id"
            case .isRemote: "is_remote_frame"
            case .isError: "is_error_frame"
            case .channel: "channel"
            case .count: "dlc"
            case .data: "data"
            case .isFD: "is_fd"
            case .bitRateSwitch: "bitrate_switch"
            case .errorState: "error_state_indicator"
            }
        }
    }

    // MARK: Writing

    /// Writes a frame as a datagram and returns its length, at most `maximumLength`; `timestamp` is seconds since 1970.
    public static func encode(_ frame: CANWideFrame, timestamp: Double, into place: UnsafeMutableRawPointer) -> Int {
        var p = place
        func byte(_ value: UInt8) {
            p.storeBytes(of: value, as: UInt8.self)
            p += 1
        }
        func key(_ key: Key) {
            let text = key.text
            byte(0xA0 | UInt8(text.utf8CodeUnitCount))
            p.copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
            p += text.utf8CodeUnitCount
        }
        func flag(_ name: Key, _ value: Bool) {
            key(name)
            byte(value ? 0xC3 : 0xC2)
        }
        let head = frame.frame
        byte(0x8B)
        key(.timestamp)
        byte(0xCB)
        p.storeBytes(of: timestamp.bitPattern.bigEndian, as: UInt64.self)
        p += 8
        key(.identifier)
        let id = head.id
        if id < 0x80 {
            byte(UInt8(id))
        } else if id < 0x100 {
            byte(0xCC)
            byte(UInt8(id))
        } else if id < 0x1_0000 {
            byte(0xCD)
            p.storeBytes(of: UInt16(id).bigEndian, as: UInt16.self)
            p += 2
        } else {
            byte(0xCE)
            p.storeBytes(of: id.bigEndian, as: UInt32.self)
            p += 4
        }
        flag(.isExtended, head.isExtended || head.isError)
        flag(.isRemote, head.isRemote)
        flag(.isError, head.isError)
        key(.channel)
        byte(0xC0)
        key(.count)
        byte(head.isFD ? UInt8(head.count) : min(head.lengthCode, 8))
        key(.data)
        byte(0xC4)
        byte(UInt8(head.count))
        if head.isWide {
            withUnsafeBytes(of: frame.wide.bytes) { p.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(p), byteCount: head.count) }
        } else {
            p.storeBytes(of: head.payload.littleEndian, as: UInt64.self)
        }
        p += head.count
        flag(.isFD, head.isFD)
        flag(.bitRateSwitch, head.flags.contains(.bitRateSwitch))
        flag(.errorState, head.flags.contains(.errorStateIndicator))
        return p - place
    }

    // MARK: Reading

    /// The frame of a datagram; `nil` when it is none. Entries may stand in any order, and unknown ones are passed over.
    ///
    /// What python-can's own check refuses is refused: lengths beyond 8 or 64, a remote FD frame, data that differ from their length.
    public static func decode(_ bytes: UnsafeRawBufferPointer) -> CANWideFrame? {
        var reader = MessagePackReader(bytes)
        guard let entries = reader.map(), entries <= 64 else { return nil }
        var (id, count): (UInt64?, UInt64?) = (nil, nil)
        var (isExtended, isRemote, isError, isFD, switches, isPassive) = (true, false, false, false, false, false)
        var data = UnsafeRawBufferPointer(start: nil, count: 0)
        for _ in 0..<entries {
            guard let name = reader.string() else { return nil }
            switch key(name) {
            case .identifier:
                guard let value = reader.unsigned() else { return nil }
                id = value
            case .count:
                guard let value = reader.unsigned() else { return nil }
                count = value
            case .data:
                guard let value = reader.string() else { return nil }
                data = value
            case .isExtended: guard take(&reader, &isExtended) else { return nil }
            case .isRemote: guard take(&reader, &isRemote) else { return nil }
            case .isError: guard take(&reader, &isError) else { return nil }
            case .isFD: guard take(&reader, &isFD) else { return nil }
            case .bitRateSwitch: guard take(&reader, &switches) else { return nil }
            case .errorState: guard take(&reader, &isPassive) else { return nil }
            case .timestamp, .channel, nil: guard reader.skip() else { return nil }
            }
        }
        guard reader.isAtEnd, let id, id <= (isExtended || isError ? 0x1FFF_FFFF : 0x7FF) else { return nil }
        let length = Int(clamping: count ?? UInt64(data.count))
        guard length <= (isFD ? 64 : 8), isRemote ? data.isEmpty && !isFD : data.count == length, !(isRemote && isError), isFD || !(switches || isPassive)
        else { return nil }
        var wide = CANData()
        withUnsafeMutableBytes(of: &wide.bytes) { $0.copyMemory(from: data) }
        guard isFD else {
            // A classic error report has eight bytes on SocketCAN; python-can lets it have fewer.
            return CANWideFrame(
                CANFrame(
                    id: UInt32(id), isExtended: isExtended && !isError, isRemote: isRemote, isError: isError, lengthCode: isError ? 8 : UInt8(length),
                    payload: wide.firstEight))
        }
        guard !isError else { return nil }
        let code = CANFrame.lengthCode(holding: length)
        var flags: CANFrameFlags = []
        if switches { flags.insert(.bitRateSwitch) }
        if isPassive { flags.insert(.errorStateIndicator) }
        return CANWideFrame(
            CANFrame(fd: UInt32(id), isExtended: isExtended, flags: flags, lengthCode: code, payload: wide.firstEight), wide: code > 8 ? wide : CANData())
    }

    private static func take(_ reader: inout MessagePackReader, _ flag: inout Bool) -> Bool {
        guard let value = reader.flag() else { return false }
        flag = value
        return true
    }

    private static func key(_ name: UnsafeRawBufferPointer) -> Key? {
        guard let start = name.baseAddress else { return nil }
        for key in Key.allCases where key.text.utf8CodeUnitCount == name.count && memcmp(key.text.utf8Start, start, name.count) == 0 { return key }
        return nil
    }
}
