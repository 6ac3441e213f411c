extension CANBus.Filter {
    /// The filter of a text: an identifier, or `IDENTIFIER:MASK` as candump has it; hexadecimal with or without `0x`.
    ///
    /// Up to 3 digits mean the base format, 4 to 8 the extended one. A mask tells which bits of the identifier count. Frames of data and remote frames
    /// both match, error reports never do. `nil` when the text is no filter.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let id = Self.identifier(parts[0]) else { return nil }
        let all: UInt32 = id.isExtended ? 0x1FFF_FFFF : 0x7FF
        var mask = all
        if parts.count == 2 {
            guard let value = Self.hexadecimal(parts[1]), value <= all else { return nil }
            mask = value
        }
        self.init(
            mask: mask | CANFrame.extendedFlag | CANFrame.errorFlag,
            match: id.value & mask | (id.isExtended ? CANFrame.extendedFlag : 0))
    }

    /// An identifier with its format by the number of digits.
    public static func identifier(_ text: some StringProtocol) -> (value: UInt32, isExtended: Bool)? {
        let digits = text.hasPrefix("0x") || text.hasPrefix("0X") ? text.utf8.count - 2 : text.utf8.count
        guard let value = hexadecimal(text) else { return nil }
        if digits <= 3 { return value <= 0x7FF ? (value, false) : nil }
        return value <= 0x1FFF_FFFF ? (value, true) : nil
    }

    private static func hexadecimal(_ text: some StringProtocol) -> UInt32? {
        let digits = text.hasPrefix("0x") || text.hasPrefix("0X") ? text.dropFirst(2) : text.dropFirst(0)
        guard (1...8).contains(digits.utf8.count), digits.utf8.allSatisfy({ $0 != 0x2B && $0 != 0x2D }) else { return nil }
        return UInt32(digits, radix: 16)
    }

    /// Whether a frame of this identifier passes.
    @inlinable
    public func matches(_ rawIdentifier: UInt32) -> Bool { rawIdentifier & mask == match }
}
