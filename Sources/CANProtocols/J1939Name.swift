/// The 64-bit NAME by which controller applications are told apart and contend for addresses (SAE J1939-81 §4.1.1); the lower one wins.
public struct J1939Name: Hashable, Comparable, Sendable {
    /// All bits; the data of an address claim carries them with the lowest byte first.
    public let rawValue: UInt64

    /// A NAME of 64 bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// A NAME from its fields; bits beyond a field's width are dropped.
    public init(
        identity: UInt32, manufacturer: UInt16, ecuInstance: UInt8 = 0, functionInstance: UInt8 = 0, function: UInt8, vehicleSystem: UInt8 = 0,
        vehicleSystemInstance: UInt8 = 0, industryGroup: UInt8 = 0, isArbitraryAddressCapable: Bool = false
    ) {
        var value = UInt64(identity & 0x1F_FFFF)
        value |= UInt64(manufacturer & 0x7FF) << 21
        value |= UInt64(ecuInstance & 7) << 32
        value |= UInt64(functionInstance & 0x1F) << 35
        value |= UInt64(function) << 40
        value |= UInt64(vehicleSystem & 0x7F) << 49
        value |= UInt64(vehicleSystemInstance & 15) << 56
        value |= UInt64(industryGroup & 7) << 60
        rawValue = value | (isArbitraryAddressCapable ? 1 << 63 : 0)
    }

    /// The NAME in the data of an address claim; `nil` when there are not eight bytes.
    public init?(data: [UInt8]) {
        guard data.count == 8 else { return nil }
        rawValue = data.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Identity number, 21 bits.
    public var identity: UInt32 { UInt32(rawValue & 0x1F_FFFF) }
    /// Manufacturer code, 11 bits.
    public var manufacturer: UInt16 { UInt16(rawValue >> 21 & 0x7FF) }
    /// ECU instance, 3 bits.
    public var ecuInstance: UInt8 { UInt8(rawValue >> 32 & 7) }
    /// Function instance, 5 bits.
    public var functionInstance: UInt8 { UInt8(rawValue >> 35 & 0x1F) }
    /// Function, 8 bits.
    public var function: UInt8 { UInt8(rawValue >> 40 & 0xFF) }
    /// Vehicle system, 7 bits.
    public var vehicleSystem: UInt8 { UInt8(rawValue >> 49 & 0x7F) }
    /// Vehicle system instance, 4 bits.
    public var vehicleSystemInstance: UInt8 { UInt8(rawValue >> 56 & 15) }
    /// Industry group, 3 bits.
    public var industryGroup: UInt8 { UInt8(rawValue >> 60 & 7) }
    /// Whether the application may take another address when it loses its own.
    public var isArbitraryAddressCapable: Bool { rawValue >> 63 == 1 }

    /// The eight bytes of an address claim.
    public var data: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: rawValue >> UInt64($0 * 8)) } }

    public static func < (a: J1939Name, b: J1939Name) -> Bool { a.rawValue < b.rawValue }
}
