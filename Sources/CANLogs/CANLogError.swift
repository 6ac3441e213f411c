/// What is wrong in a log file, and where.
public struct CANLogError: Error, Hashable, Sendable {
    /// Where in the file.
    public enum Place: Hashable, Sendable {
        /// A line of a text, from 1.
        case line(UInt64)
        /// A byte of a binary file, from 0; inside a compressed part, that of the part.
        case byte(UInt64)
        /// The file as a whole.
        case file
    }

    /// Where.
    public let place: Place
    /// What is wrong, in words without full stop.
    public let reason: String
    /// Whether nothing behind it can be read.
    public let isFatal: Bool
    /// Whether the system gave no bytes, so that the file itself may be right.
    public let isUnreadable: Bool

    init(_ place: Place, _ reason: String, isFatal: Bool = false, isUnreadable: Bool = false) {
        self.place = place
        self.reason = reason
        self.isFatal = isFatal || isUnreadable
        self.isUnreadable = isUnreadable
    }

    /// `capture.log:17: reason`, `capture.pcap: at byte 1024: reason` or `capture.log: reason`.
    public func text(_ name: String) -> String {
        switch place {
        case .line(let line): "\(name):\(line): \(reason)"
        case .byte(let byte): "\(name): at byte \(byte): \(reason)"
        case .file: "\(name): \(reason)"
        }
    }
}

/// What a reader leaves out though it is right, because it is no CAN frame.
public enum CANLogOmission: Int, CaseIterable, Sendable {
    case xlFrame, otherBus, event, otherLink

    /// What it is, in the plural.
    public var text: String {
        switch self {
        case .xlFrame: "CAN XL frames"
        case .otherBus: "events of LIN, FlexRay and other buses"
        case .event: "entries that are no frames, such as statistics"
        case .otherLink: "packets of links that are not CAN"
        }
    }
}

/// What a format has no room for, so that a writer drops or changes it.
public enum CANLogLoss: Int, CaseIterable, Sendable {
    case errorDetails, direction, unknownDirection, fractions, lengthCode, interface, date

    /// What is lost, for counting: `12 frames: …`.
    public var text: String {
        switch self {
        case .errorDetails: "the class and the data of an error frame have no place in this format"
        case .direction: "whether a frame was received or sent has no place in this format"
        case .unknownDirection: "a frame of unknown direction is written as received"
        case .fractions: "its time has more decimals than are written"
        case .lengthCode: "the length code above 8 of a classic frame is written as 8"
        case .interface: "the format has one interface only, or too few"
        case .date: "its time is before the first year, or beyond the last one, that the format can tell"
        }
    }
}
