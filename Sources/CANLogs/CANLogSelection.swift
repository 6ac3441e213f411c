import CAN

/// Which frames of a log are wanted, by identifier.
///
/// ```
/// 300           the 11-bit identifier 0x300
/// 18FF50E5      29 bits, because it has more than three digits
/// 300:7F0       0x300 to 0x30F: the bits of the mask must be those of the identifier
/// error         error reports
/// ```
public struct CANLogSelection: Hashable, Sendable {
    /// A frame must match one of these, if there are any.
    public var only: [CANBus.Filter] = []
    /// A frame must match none of these.
    public var except: [CANBus.Filter] = []

    /// Every frame.
    public init() {}

    /// Whether nothing is left out.
    public var isEverything: Bool { only.isEmpty && except.isEmpty }

    /// Whether a frame is wanted.
    @inline(__always)
    public func admits(_ frame: CANFrame) -> Bool { isEverything || matches(frame.rawIdentifier) }

    @inline(never)
    private func matches(_ rawIdentifier: UInt32) -> Bool {
        if !only.isEmpty, !only.contains(where: { rawIdentifier & $0.mask == $0.match }) { return false }
        return !except.contains { rawIdentifier & $0.mask == $0.match }
    }

    /// Reads one item; `nil` if it is none. Remote frames of the identifier match too.
    public static func filter(_ text: some StringProtocol) -> CANBus.Filter? {
        if text == "error" { return CANBus.Filter(mask: CANFrame.errorFlag, match: CANFrame.errorFlag) }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = number(parts[0]) else { return nil }
        let isExtended = first.digits > 3
        guard first.value <= (isExtended ? 0x1FFF_FFFF : 0x7FF) else { return nil }
        var mask: UInt32 = isExtended ? 0x1FFF_FFFF : 0x7FF
        if parts.count == 2 {
            guard let given = number(parts[1]), given.value <= 0x1FFF_FFFF else { return nil }
            mask = given.value
        }
        let flags = CANFrame.extendedFlag | CANFrame.errorFlag
        return CANBus.Filter(mask: mask | flags, match: first.value | (isExtended ? CANFrame.extendedFlag : 0))
    }

    /// Reads items between commas; the first that is none on failure.
    public static func filters(_ text: String) -> Result<[CANBus.Filter], CANLogSelectionError> {
        var filters: [CANBus.Filter] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let item = item.drop { $0 == " " }
            guard let filter = filter(item) else { return .failure(CANLogSelectionError(item: String(item))) }
            filters.append(filter)
        }
        return .success(filters)
    }

    /// Up to eight hexadecimal digits, with or without `0x`.
    private static func number(_ text: some StringProtocol) -> (value: UInt32, digits: Int)? {
        let digits = text.hasPrefix("0x") || text.hasPrefix("0X") ? String(text.dropFirst(2)) : String(text)
        guard !digits.isEmpty, digits.utf8.count <= 8, digits.utf8.allSatisfy({ TextScan.digit($0) < 16 }), let value = UInt32(digits, radix: 16) else {
            return nil
        }
        return (value, digits.utf8.count)
    }
}

/// An item of a selection that is none.
public struct CANLogSelectionError: Error, Hashable, Sendable {
    /// The item.
    public let item: String
}
