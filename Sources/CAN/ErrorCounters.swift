/// How far a station may disturb the bus (ISO 11898-1, fault confinement), with the warning level that controllers report.
public enum CANErrorState: UInt8, Comparable, CaseIterable, Sendable {
    /// Both counters below 96: the station marks errors with six dominant bits.
    case active
    /// A counter of 96 to 127: still error-active.
    case warning
    /// A counter of 128 or more: the station marks errors with recessive bits and waits eight bits more after it sent.
    case passive
    /// The transmit counter reached 256: the station neither sends nor acknowledges.
    case busOff

    public static func < (a: CANErrorState, b: CANErrorState) -> Bool { a.rawValue < b.rawValue }
}

/// The transmit and the receive error counter of a station, with the rules that move them (ISO 11898-1, fault confinement).
public struct ErrorCounters: Hashable, Sendable {
    /// TEC, 0 to 256 and a few more; 256 and above is bus-off.
    public private(set) var transmit = 0
    /// REC, 0 to 255; it stops there as it does in controllers of eight bits.
    public private(set) var receive = 0

    /// Both counters zero.
    public init() {}

    /// The state that the counters mean.
    public var state: CANErrorState {
        if transmit >= 256 { return .busOff }
        let larger = max(transmit, receive)
        return larger >= 128 ? .passive : larger >= 96 ? .warning : .active
    }

    /// Whether errors are marked with recessive bits: TEC or REC of 128 or more.
    public var isPassive: Bool { transmit >= 128 || receive >= 128 }

    /// A frame was sent and acknowledged: TEC - 1.
    public mutating func sent() { if transmit > 0 { transmit -= 1 } }

    /// A frame was received: REC - 1, and to 127 from above.
    public mutating func received() {
        if receive > 127 { receive = 127 } else if receive > 0 { receive -= 1 }
    }

    /// A sender marked an error, or saw eight dominant bits too many after its flag: TEC + 8.
    public mutating func transmitError() { transmit = min(transmit + 8, 511) }

    /// A receiver noticed an error: REC + 1, and + 8 more if it saw a dominant bit right after its own error flag.
    public mutating func receiveError(sawDominantAfterFlag: Bool) { receive = min(receive + (sawDominantAfterFlag ? 9 : 1), 255) }

    /// A receiver saw eight dominant bits too many after its flag: REC + 8.
    public mutating func receiveDominant() { receive = min(receive + 8, 255) }

    /// The bus was recessive long enough after bus-off: both counters zero.
    public mutating func restart() { self = ErrorCounters() }
}

extension CANFrame {
    /// What a controller's error frame reports: the classes of linux/can/error.h.
    public struct ErrorClass: OptionSet, Hashable, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// `CAN_ERR_CRTL`: a controller's state, in data byte 1.
        public static let controller = ErrorClass(rawValue: 0x004)
        /// `CAN_ERR_PROT`: a protocol violation, in data bytes 2 and 3.
        public static let protocolViolation = ErrorClass(rawValue: 0x008)
        /// `CAN_ERR_ACK`: no acknowledgement.
        public static let acknowledgement = ErrorClass(rawValue: 0x020)
        /// `CAN_ERR_BUSOFF`.
        public static let busOff = ErrorClass(rawValue: 0x040)
        /// `CAN_ERR_BUSERROR`.
        public static let busError = ErrorClass(rawValue: 0x080)
        /// `CAN_ERR_RESTARTED`.
        public static let restarted = ErrorClass(rawValue: 0x100)
        /// `CAN_ERR_CNT`: TEC and REC in data bytes 6 and 7.
        public static let counters = ErrorClass(rawValue: 0x200)
    }

    /// An error frame as SocketCAN delivers it: classes as identifier, always eight data bytes.
    public init(errorClass: ErrorClass, detail: [UInt8] = [], counters: ErrorCounters? = nil) {
        var bytes = Array(detail.prefix(8))
        bytes += Array(repeating: 0, count: 8 - bytes.count)
        if let counters {
            bytes[6] = UInt8(min(counters.transmit, 255))
            bytes[7] = UInt8(min(counters.receive, 255))
        }
        var payload: UInt64 = 0
        for byte in bytes.reversed() { payload = payload << 8 | UInt64(byte) }
        self.init(id: errorClass.rawValue, isError: true, lengthCode: 8, payload: payload)
    }

    /// The report that a station's error state changed, as drivers make it: `CAN_ERR_CRTL` with data byte 1, bus-off or restart.
    public static func errorFrame(state: CANErrorState, isRestart: Bool = false, counters: ErrorCounters) -> CANFrame {
        if isRestart { return CANFrame(errorClass: .restarted, counters: counters) }
        let byTransmit = counters.transmit >= counters.receive
        switch state {
        case .active: return CANFrame(errorClass: .controller, detail: [0, 0x40], counters: counters)
        case .warning: return CANFrame(errorClass: .controller, detail: [0, byTransmit ? 0x08 : 0x04], counters: counters)
        case .passive: return CANFrame(errorClass: .controller, detail: [0, byTransmit ? 0x20 : 0x10], counters: counters)
        case .busOff: return CANFrame(errorClass: .busOff, counters: counters)
        }
    }

    /// The report of a broken rule: `CAN_ERR_PROT` with kind and place, or `CAN_ERR_ACK`, each with `CAN_ERR_BUSERROR`.
    ///
    /// `level` is what a sender sent when it read another level; `isSender` whether the reporting station was sending.
    public static func errorFrame(
        _ kind: WireErrorKind, sent level: UInt8 = 1, at location: BitLocation, isSender: Bool, counters: ErrorCounters
    ) -> CANFrame {
        let direction: UInt8 = isSender ? 0x80 : 0
        let detail: UInt8
        switch kind {
        case .bit: detail = level == 0 ? 0x08 : 0x10
        case .stuff: detail = 0x04
        case .form: detail = 0x02
        case .crc: detail = 0
        case .acknowledgement:
            return CANFrame(errorClass: [.acknowledgement, .busError], counters: counters)
        }
        return CANFrame(
            errorClass: [.protocolViolation, .busError],
            detail: [0, 0, detail | direction, kind == .crc ? BitLocation.crcSequence.rawValue : location.rawValue],
            counters: counters)
    }
}
