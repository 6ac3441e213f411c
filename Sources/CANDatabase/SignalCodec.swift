public import CAN

/// A number exactly as a signal has it: whole numbers of up to 64 bits never pass through a double.
public enum SignalNumber: Hashable, Sendable {
    case whole(Int128)
    case real(Double)

    /// The nearest double.
    public var double: Double {
        switch self {
        case .whole(let whole): Double(whole)
        case .real(let real): real
        }
    }

    /// `4660`, `-12.3`.
    public var text: String {
        switch self {
        case .whole(let whole): return "\(whole)"
        case .real(let real):
            let text = "\(real)"
            return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        }
    }
}

/// What happens to a value that a signal cannot hold.
public enum RangePolicy: String, Hashable, Sendable, CaseIterable {
    /// It is refused.
    case error
    /// It becomes the nearest value that fits.
    case saturate
    /// Its raw number loses the bits that do not fit; limits of the file do not count.
    case wrap
}

/// Why a value cannot be packed.
public enum CodecError: Error, Hashable, Sendable {
    case unknownSignal(String)
    /// A signal that the frame has was not given.
    case missing(String)
    /// A signal that the frame does not have with these multiplexer values was given.
    case inactive(String)
    /// The value is outside the limits of the file, or its raw number outside the bits.
    case range(String, SignalNumber)
    case unknownLabel(String, String)
    /// No signal belongs to this raw value of a multiplexer.
    case selector(String, UInt64)
}

/// A signal ready to be packed and unpacked.
public struct SignalCodec: Sendable {
    /// Where its bits lie.
    public let field: FieldBits
    /// Unsigned, signed or IEEE 754.
    public let form: FieldLayout.Form
    @usableFromInline let factor: Double
    @usableFromInline let offset: Double
    private let wholeFactor: Int128
    private let wholeOffset: Int128
    /// Whether values of whole raw numbers are whole.
    public let isWhole: Bool
    private let minimum: Double
    private let maximum: Double

    /// A codec; throws when the signal has no place in 64 bytes.
    public init(_ signal: Signal) throws(FieldError) {
        field = try signal.fieldBits()
        guard signal.form != .floating || signal.bits == 32 || signal.bits == 64 else { throw .width(bits: signal.bits) }
        guard signal.factor.value != 0 else { throw .scale }
        form = signal.form
        factor = signal.factor.value
        offset = signal.offset.value
        let limit = Int128(1) << 62
        if signal.form != .floating, let whole = signal.factor.whole, let base = signal.offset.whole, whole.magnitude < limit, base.magnitude < limit {
            isWhole = true
            (wholeFactor, wholeOffset) = (whole, base)
        } else {
            isWhole = false
            (wholeFactor, wholeOffset) = (1, 0)
        }
        // As cantools: a millionth of a step beyond the limit is still inside.
        let tolerance = factor.magnitude * 1e-6
        minimum = signal.hasRange ? signal.minimum.value - tolerance : -.infinity
        maximum = signal.hasRange ? signal.maximum.value + tolerance : .infinity
        limits = signal.hasRange ? (signal.minimum.value, signal.maximum.value) : (-.infinity, .infinity)
    }

    private let limits: (low: Double, high: Double)

    // MARK: Unpacking

    /// The value of raw bits.
    @inlinable
    public func value(of raw: UInt64) -> Double {
        switch form {
        case .unsigned: Double(raw) * factor + offset
        case .signed: Double(signed(raw)) * factor + offset
        case .floating: (field.bits == 32 ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: raw))) : Double(bitPattern: raw)) * factor + offset
        }
    }

    /// Raw bits as a number in two's complement.
    @inlinable
    public func signed(_ raw: UInt64) -> Int64 {
        let unused = UInt64(64 &- field.bits)
        return Int64(bitPattern: raw &<< unused) &>> Int64(bitPattern: unused)
    }

    /// The number before factor and offset.
    public func rawNumber(of raw: UInt64) -> SignalNumber {
        switch form {
        case .unsigned: .whole(Int128(raw))
        case .signed: .whole(Int128(signed(raw)))
        case .floating: .real(field.bits == 32 ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: raw))) : Double(bitPattern: raw))
        }
    }

    /// The value of raw bits, exact where factor and offset are whole.
    public func number(of raw: UInt64) -> SignalNumber {
        guard isWhole, case .whole(let whole) = rawNumber(of: raw) else { return .real(value(of: raw)) }
        return .whole(whole * wholeFactor + wholeOffset)
    }

    // MARK: Packing

    /// The raw bits of a value; `nil` when it does not fit and the policy is to refuse it.
    ///
    /// Halves go to the even neighbour, as cantools does it. Where `checksLimits` is false only the bits decide what fits.
    public func raw(of value: SignalNumber, range policy: RangePolicy = .error, checksLimits: Bool = true) -> UInt64? {
        var value = value
        let double = value.double
        if checksLimits, policy != .wrap, !(double >= minimum && double <= maximum) {
            guard policy == .saturate, !double.isNaN else { return policy == .saturate ? 0 : nil }
            value = DatabaseNumber(double < minimum ? limits.low : limits.high).number
        }
        if form == .floating { return floatBits((value.double - offset) / factor, policy) }
        if isWhole, case .whole(let whole) = value, whole.magnitude < 1 << 100 { return bits(of: quotient(whole - wholeOffset), policy) }
        let number = ((value.double - offset) / factor).rounded(.toNearestOrEven)
        guard number.isFinite else { return policy == .error ? nil : number.isNaN ? 0 : number > 0 ? highest : lowest }
        if number.magnitude < 0x1p120 { return bits(of: Int128(number), policy) }
        return policy == .error ? nil : policy == .wrap ? 0 : number > 0 ? highest : lowest
    }

    private func floatBits(_ number: Double, _ policy: RangePolicy) -> UInt64? {
        guard field.bits == 32 else { return number.bitPattern }
        let float = Float(number)
        if float.isInfinite, number.isFinite {
            guard policy != .error else { return nil }
            return UInt64((number > 0 ? Float.greatestFiniteMagnitude : -Float.greatestFiniteMagnitude).bitPattern)
        }
        return UInt64(float.bitPattern)
    }

    /// Division by the factor, halves to even.
    private func quotient(_ number: Int128) -> Int128 {
        var (quotient, remainder) = number.quotientAndRemainder(dividingBy: wholeFactor)
        guard remainder != 0 else { return quotient }
        let step: Int128 = (remainder < 0) == (wholeFactor < 0) ? 1 : -1
        remainder = Int128(remainder.magnitude)
        let twice = UInt128(remainder) * 2
        if twice > wholeFactor.magnitude || twice == wholeFactor.magnitude && quotient & 1 != 0 { quotient += step }
        return quotient
    }

    private var lowest: UInt64 { form == .signed ? 1 << UInt64(field.bits - 1) : 0 }
    private var highest: UInt64 { form == .signed ? field.allOnes >> 1 : field.allOnes }

    private func bits(of number: Int128, _ policy: RangePolicy) -> UInt64? {
        let low = form == .signed ? -(Int128(1) << Int128(field.bits - 1)) : 0
        let high = Int128(highest)
        if number >= low, number <= high { return UInt64(truncatingIfNeeded: number) & field.allOnes }
        switch policy {
        case .error: return nil
        case .saturate: return number < low ? lowest : highest
        case .wrap: return UInt64(truncatingIfNeeded: number) & field.allOnes
        }
    }
}

extension DatabaseNumber {
    /// The number as signals have it.
    var number: SignalNumber { whole.map { .whole($0) } ?? .real(value) }
}
