/// The short names of field encodings: `u8`, `u16`, `i16`, `u32` and `f32`, the last four also big-endian with `be`.
public enum FieldEncoding: String, CaseIterable, Sendable {
    /// A whole number of 8 bits from 0 up.
    case u8
    /// A whole number of 16 bits from 0 up.
    case u16
    /// A whole number of 16 bits in two's complement.
    case i16
    /// A whole number of 32 bits from 0 up.
    case u32
    /// An IEEE 754 number of 32 bits.
    case f32

    /// Number of bits.
    public var bits: Int {
        switch self {
        case .u8: 8
        case .u16, .i16: 16
        case .u32, .f32: 32
        }
    }

    /// What the raw bits are.
    public var form: FieldLayout.Form {
        switch self {
        case .u8, .u16, .u32: .unsigned
        case .i16: .signed
        case .f32: .floating
        }
    }
}

/// Places the fields of a frame one after the other.
public struct FieldSequence: Sendable {
    /// The bytes taken so far.
    public private(set) var byteCount = 0

    /// A frame without fields.
    public init() {}

    /// Places the next field at the first whole byte that is free.
    public mutating func append(
        _ encoding: FieldEncoding, order: FieldLayout.Order = .littleEndian, scale: Double = 1, offset: Double = 0, unit: String = ""
    ) throws(FieldError) -> FieldLayout {
        guard byteCount * 8 + encoding.bits <= 64 else { throw .tooLong(bits: byteCount * 8 + encoding.bits) }
        let at = order == .littleEndian ? byteCount * 8 : byteCount * 8 + 7
        let field = try FieldLayout(at: at, bits: encoding.bits, order: order, form: encoding.form, scale: scale, offset: offset, unit: unit)
        byteCount += encoding.bits / 8
        return field
    }

    /// Takes a field that says its own place; the next field comes behind it.
    public mutating func place(_ field: FieldLayout) { byteCount = max(byteCount, field.byteCount) }
}
