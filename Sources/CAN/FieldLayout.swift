/// Why a field cannot be placed in a frame.
public enum FieldError: Error, Equatable, Sendable {
    /// A field has 1 to 64 bits; a number of the IEEE form 32 or 64.
    case width(bits: Int)
    /// The field reaches outside the data bytes.
    case outside(at: Int, bits: Int)
    /// A scale of zero, or one that is not finite, or such an offset.
    case scale
}

/// Where a field lies in the data bytes of a frame, and how its bits are a value.
///
/// Bits are numbered as in a DBC file: bit k is bit k % 8 of byte k / 8. `at` is the least significant bit of a little-endian (Intel) field,
/// and the most significant bit of a big-endian (Motorola) field, whose next bit is k - 1 and after bit 0 of a byte bit 7 of the next byte.
/// The value is raw * scale + offset.
public struct FieldLayout: Hashable, Sendable {
    /// Which way the bytes of a field run.
    public enum Order: Hashable, Sendable {
        /// Intel: the least significant byte first.
        case littleEndian
        /// Motorola: the most significant byte first.
        case bigEndian
    }

    /// What the raw bits are.
    public enum Form: Hashable, Sendable {
        /// A whole number from 0 up.
        case unsigned
        /// A whole number in two's complement.
        case signed
        /// An IEEE 754 number of 32 or 64 bits.
        case floating
    }

    /// What happens to a value half-way between two raw numbers.
    public enum Rounding: Hashable, Sendable {
        /// 2.5 becomes 3, -2.5 becomes -3.
        case halfAwayFromZero
        /// 2.5 becomes 2, 3.5 becomes 4, as cantools does.
        case halfToEven
    }

    /// The bit that the field starts at.
    public let at: Int
    /// Number of bits.
    public let bits: Int
    /// Which way the bytes run.
    public let order: Order
    /// What the raw bits are.
    public let form: Form
    /// The value of one step of the raw number.
    public let scale: Double
    /// The value of the raw number 0.
    public let offset: Double
    /// The unit of the value as text; means nothing here.
    public let unit: String
    /// What happens to a value half-way between two raw numbers.
    public let rounding: Rounding
    /// Scale and offset as decimal fractions, when they are such.
    private let decimal: DecimalScale?
    /// Where its bits lie, counted from `base`.
    public let place: FieldBits
    /// Byte that `place` counts from: 0 in frames, and more in the long messages of transport protocols.
    public let base: Int

    /// A field at a given place of `dataBytes` data bytes; up to eight, the field can be read from a payload of 64 bits.
    public init(
        at: Int, bits: Int, order: Order = .littleEndian, form: Form = .unsigned, scale: Double = 1, offset: Double = 0, unit: String = "",
        rounding: Rounding = .halfAwayFromZero, dataBytes: Int = 8
    ) throws(FieldError) {
        guard form == .floating ? bits == 32 || bits == 64 : bits >= 1 && bits <= 64 else { throw .width(bits: bits) }
        guard at >= 0, at < dataBytes * 8 else { throw .outside(at: at, bits: bits) }
        guard scale != 0, scale.isFinite, offset.isFinite else { throw .scale }
        let before = order == .littleEndian ? at : at / 8 * 8 + 7 - at % 8
        guard before + bits <= dataBytes * 8 else { throw .outside(at: at, bits: bits) }
        self.at = at
        self.bits = bits
        self.order = order
        self.form = form
        self.scale = scale
        self.offset = offset
        self.unit = unit
        self.rounding = rounding
        decimal = DecimalScale(scale: scale, offset: offset)
        base = before + bits <= 512 ? 0 : before / 8
        place = try FieldBits(at: at - base * 8, bits: bits, order: order)
    }

    /// Number of data bytes that a frame needs to hold the field.
    public var byteCount: Int { base + Int(place.byteCount) }

    /// The bits of a payload that belong to the field; it must lie in the first eight bytes.
    public var coverage: UInt64 {
        var payload: UInt64 = 0
        place.setRaw(~0, in: &payload)
        return payload
    }

    // MARK: Raw bits

    /// The field's bits, right-aligned.
    public func raw(in payload: UInt64) -> UInt64 { place.raw(in: payload) }

    /// The field's bits as a number in two's complement.
    public func signedRaw(in payload: UInt64) -> Int64 {
        Int64(bitPattern: raw(in: payload) << UInt64(64 - bits)) >> Int64(64 - bits)
    }

    /// Puts bits in place; bits beyond the field are dropped.
    public func setRaw(_ raw: UInt64, in payload: inout UInt64) { place.setRaw(raw, in: &payload) }

    /// The field's bits, right-aligned, in the data bytes of a frame of any length; bytes that are not there count as zero.
    public func raw(in data: UnsafeRawBufferPointer) -> UInt64 {
        base == 0 ? place.raw(in: data) : base < data.count ? place.raw(in: UnsafeRawBufferPointer(rebasing: data[base...])) : 0
    }

    /// Puts bits in place in the data bytes of a frame of any length; bits beyond the field, and bytes that are not there, are dropped.
    public func setRaw(_ raw: UInt64, in data: UnsafeMutableRawBufferPointer) {
        if base == 0 { return place.setRaw(raw, in: data) }
        if base < data.count { place.setRaw(raw, in: UnsafeMutableRawBufferPointer(rebasing: data[base...])) }
    }

    // MARK: Values

    /// The value in a payload; the field must lie in the first eight bytes.
    public func value(in payload: UInt64) -> Double { value(ofRaw: raw(in: payload)) }

    /// The value in the data bytes of a frame of any length.
    public func value(in data: UnsafeRawBufferPointer) -> Double { value(ofRaw: raw(in: data)) }

    /// The value of raw bits.
    public func value(ofRaw raw: UInt64) -> Double {
        let number: Double
        switch form {
        case .unsigned: number = Double(raw)
        case .signed: number = Double(Int64(bitPattern: raw << UInt64(64 - bits)) >> Int64(64 - bits))
        case .floating: number = bits == 32 ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: raw))) : Double(bitPattern: raw)
        }
        if scale == 1 && offset == 0 { return number }
        return decimal.map { $0.value(of: number) } ?? number * scale + offset
    }

    /// Puts the nearest raw number of a value in place; a value out of range becomes the nearest limit, `nan` becomes 0.
    ///
    /// `false` when the value did not fit and was brought into range.
    @discardableResult
    public func setValue(_ value: Double, in payload: inout UInt64) -> Bool {
        let (raw, fits) = raw(of: value)
        setRaw(raw, in: &payload)
        return fits
    }

    /// The same in the data bytes of a frame of any length.
    @discardableResult
    public func setValue(_ value: Double, in data: UnsafeMutableRawBufferPointer) -> Bool {
        let (raw, fits) = raw(of: value)
        setRaw(raw, in: data)
        return fits
    }

    /// The nearest raw number of a value, and whether the value fitted.
    public func raw(of value: Double) -> (raw: UInt64, fits: Bool) {
        let number = (value - offset) / scale
        switch form {
        case .floating:
            return (bits == 32 ? UInt64(Float(number).bitPattern) : number.bitPattern, bits == 64 || Float(number).isFinite || !number.isFinite)
        case .unsigned:
            let rounded = round(number)
            let isInRange = rounded >= 0 && rounded < Double(sign: .plus, exponent: bits, significand: 1)
            return (isInRange ? UInt64(rounded) : rounded > 0 ? place.allOnes : 0, isInRange)
        case .signed:
            let rounded = round(number)
            let limit = Double(sign: .plus, exponent: bits - 1, significand: 1)
            let isInRange = rounded >= -limit && rounded < limit
            let largest = place.allOnes >> 1
            return (isInRange ? UInt64(bitPattern: Int64(rounded)) : rounded > 0 ? largest : rounded < 0 ? ~largest : 0, isInRange)
        }
    }

    /// The raw number of a value with the bits that do not fit dropped; what is no number becomes 0.
    public func wrapped(_ value: Double) -> UInt64 {
        let number = round((value - offset) / scale)
        guard form != .floating, number.magnitude < 0x1p120 else { return form == .floating ? raw(of: value).raw : 0 }
        return UInt64(truncatingIfNeeded: Int128(number)) & place.allOnes
    }

    private func round(_ number: Double) -> Double {
        number.rounded(rounding == .halfToEven ? .toNearestOrEven : .toNearestOrAwayFromZero)
    }

    /// Smallest and largest value that the field can hold; infinite for IEEE numbers.
    public var range: ClosedRange<Double> {
        let a: Double
        let b: Double
        switch form {
        case .unsigned: (a, b) = (0, Double(place.allOnes))
        case .signed: (a, b) = (-Double(place.allOnes >> 1) - 1, Double(place.allOnes >> 1))
        case .floating: return -.infinity ... .infinity
        }
        let (x, y) = (a * scale + offset, b * scale + offset)
        return min(x, y)...max(x, y)
    }
}
