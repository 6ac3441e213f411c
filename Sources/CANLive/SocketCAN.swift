import CAN
import CLinux
import Glibc

/// What SocketCAN is on this machine, and the layouts of its frames.
public enum SocketCAN {
    /// Why an interface cannot be used, in one line with the remedy; `nil` when it can.
    public static func obstacle(to interface: String) -> String? {
        if let missing = obstacle() { return missing }
        switch clinux_can_state(interface) {
        case Int32(clinux_can_up): return nil
        case Int32(clinux_can_down): return "the interface \(interface) is down: 'ip link set \(interface) up' (a real bus needs its bitrate too)"
        case Int32(clinux_other_interface): return "\(interface) is no CAN interface"
        case Int32(clinux_no_interface):
            let remedy = "'modprobe vcan; ip link add \(interface) type vcan; ip link set \(interface) mtu 72 up'"
            return "there is no interface \(interface): for a virtual one \(remedy) as root"
        case let error: return words(of: -error, interface)
        }
    }

    /// Why this kernel has no CAN sockets; `nil` when it has.
    public static func obstacle() -> String? {
        // AF_CAN and CAN_RAW of linux/can.h.
        let descriptor = socket(29, Int32(SOCK_RAW.rawValue), 1)
        guard descriptor < 0 else {
            Glibc.close(descriptor)
            return nil
        }
        return words(of: errno, "")
    }

    /// Whether nothing but programs of this machine is behind an interface: vcan and vxcan.
    public static func isVirtual(_ interface: String) -> Bool {
        let answer = clinux_can_is_virtual(interface)
        return answer < 0 ? interface.hasPrefix("vcan") || interface.hasPrefix("vxcan") : answer == 1
    }

    /// The CAN interfaces of this machine by name.
    public static var interfaces: [(name: String, isUp: Bool, takesFD: Bool)] {
        guard let list = if_nameindex() else { return [] }
        defer { if_freenameindex(list) }
        var names: [String] = []
        var next = list
        while next.pointee.if_index != 0 {
            if let name = next.pointee.if_name { names.append(String(cString: name)) }
            next += 1
        }
        return names.sorted().compactMap { name in
            let state = clinux_can_state(name)
            guard state == Int32(clinux_can_up) || state == Int32(clinux_can_down) else { return nil }
            return (name, state == Int32(clinux_can_up), clinux_can_frame_size(name) >= 72)
        }
    }

    /// The words of an errno of a CAN socket.
    static func words(of error: Int32, _ interface: String) -> String {
        switch error {
        case EAFNOSUPPORT, EPROTONOSUPPORT:
            "this kernel has no CAN sockets: 'modprobe can-raw', or a kernel with CONFIG_CAN; 'evsim doctor' shows what there is"
        case ENETDOWN: "the interface \(interface) is down: 'ip link set \(interface) up'"
        case ENODEV, ENXIO: "there is no CAN interface \(interface)"
        case EPERM, EACCES: "not allowed for this user: \(String(cString: strerror(error)))"
        default: "the interface \(interface): \(String(cString: strerror(error)))"
        }
    }

    // MARK: Layouts

    /// Writes a frame into 72 bytes: `can_frame` or `canfd_frame`.
    static func store(_ frame: CANWideFrame, at place: UnsafeMutableRawPointer) {
        let head = frame.frame
        place.storeBytes(of: head.rawIdentifier, as: UInt32.self)
        place.storeBytes(of: 0, toByteOffset: 4, as: UInt32.self)
        if head.isFD {
            place.storeBytes(of: UInt8(head.count), toByteOffset: 4, as: UInt8.self)
            place.storeBytes(of: head.flags.rawValue & 3 | 4, toByteOffset: 5, as: UInt8.self)
            var data = frame.wide
            if !head.isWide {
                data = CANData()
                data.firstEight = head.payload
            }
            withUnsafeBytes(of: data.bytes) { (place + 8).copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(place), byteCount: 64) }
        } else {
            place.storeBytes(of: min(head.lengthCode, 8), toByteOffset: 4, as: UInt8.self)
            if head.lengthCode > 8 { place.storeBytes(of: head.lengthCode, toByteOffset: 7, as: UInt8.self) }
            place.storeBytes(of: head.payload.littleEndian, toByteOffset: 8, as: UInt64.self)
        }
    }

    /// Length of the kernel's structure that was stored.
    static func length(at place: UnsafeRawPointer) -> UInt32 { place.load(fromByteOffset: 5, as: UInt8.self) & 4 != 0 ? 72 : 16 }

    /// The frame of a structure; `nil` when it is none.
    static func frame(at place: UnsafeRawPointer, length: UInt32) -> CANWideFrame? {
        let raw = place.load(as: UInt32.self)
        let count = place.load(fromByteOffset: 4, as: UInt8.self)
        let isExtended = raw & CANFrame.extendedFlag != 0
        if length == 16 {
            guard count <= 8 else { return nil }
            let rawCode = place.load(fromByteOffset: 7, as: UInt8.self)
            let code = count == 8 && (9...15).contains(rawCode) ? rawCode : count
            return CANWideFrame(
                CANFrame(
                    id: raw, isExtended: isExtended, isRemote: raw & CANFrame.remoteFlag != 0, isError: raw & CANFrame.errorFlag != 0, lengthCode: code,
                    payload: UInt64(littleEndian: place.load(fromByteOffset: 8, as: UInt64.self))))
        }
        guard length == 72, count <= 64 else { return nil }
        let flags = CANFrameFlags(rawValue: place.load(fromByteOffset: 5, as: UInt8.self) & 3)
        var data = CANData()
        withUnsafeMutableBytes(of: &data.bytes) { $0.copyMemory(from: UnsafeRawBufferPointer(start: place + 8, count: Int(count))) }
        let code = CANFrame.lengthCode(holding: Int(count))
        return CANWideFrame(
            CANFrame(fd: raw, isExtended: isExtended, flags: flags, lengthCode: code, payload: data.firstEight), wide: code > 8 ? data : CANData())
    }
}
