/// One sampled value: a decimal number with its measurand and unit, in 32 bytes.
public struct SampledValue: Hashable, Sendable {
    /// The digits of the value as one integer, with `scale` of them after the point; the text on the wire is exact.
    public var mantissa: Int
    /// The number of decimals, 0 to 18.
    public var scale: UInt8
    public var context: ReadingContext?
    public var format: ValueFormat?
    public var measurand: Measurand?
    public var phase: MeterPhase?
    public var location: MeterLocation?
    public var unit: MeterUnit?
    /// The value of a message whose text is no plain decimal number: signed data, `+1`, `1e3`.
    public var text: Text?

    /// A text that is shared, not copied.
    public final class Text: Hashable, Sendable {
        public let string: String

        public init(_ string: String) { self.string = string }

        public static func == (a: Text, b: Text) -> Bool { a.string == b.string }
        public func hash(into hasher: inout Hasher) { hasher.combine(string) }
    }

    public init(mantissa: Int, scale: UInt8 = 0, measurand: Measurand? = nil, unit: MeterUnit? = nil) {
        self.mantissa = mantissa
        self.scale = scale
        self.measurand = measurand
        self.unit = unit
    }

    /// A measured value, rounded half away from zero to at most `decimals` decimals; trailing zeros are dropped.
    ///
    /// What is not finite or beyond ±9·10^15 / 10^decimals becomes the nearest value that can be written, not-a-number 0.
    public init(_ value: Double, decimals: UInt8 = 3, measurand: Measurand? = nil, unit: MeterUnit? = nil) {
        var scale = min(decimals, 6)
        var power = 1.0
        for _ in 0..<scale { power *= 10 }
        let scaled = (value * power).rounded()
        var mantissa = scaled.isNaN ? 0 : Int(min(max(scaled, -9e15), 9e15))
        while scale > 0, mantissa % 10 == 0 {
            mantissa /= 10
            scale -= 1
        }
        self.init(mantissa: mantissa, scale: scale, measurand: measurand, unit: unit)
    }

    /// The value as a number; `nil` if its text is none.
    public var double: Double? {
        if let text { return Double(text.string).flatMap { $0.isFinite ? $0 : nil } }
        if scale == 0 { return Double(mantissa) }
        var power = 1.0
        for _ in 0..<scale { power *= 10 }
        return Double(mantissa) / power
    }

    /// The measurand, with the standard's default.
    public var effectiveMeasurand: Measurand { measurand ?? .energyActiveImportRegister }
}

/// The samples of one instant; the first lies in the value itself, since most messages carry only one.
public struct MeterValue: Hashable, Sendable {
    public var timestamp: OCPPTimestamp
    /// The first sample; `nil` only in a StopTransaction of a peer, whose schema allows an empty list.
    public var first: SampledValue?
    public var others: [SampledValue]

    public init(timestamp: OCPPTimestamp, first: SampledValue?, others: [SampledValue] = []) {
        self.timestamp = timestamp
        self.first = first
        self.others = others
    }

    /// The samples in order.
    public var samples: [SampledValue] { (first.map { [$0] } ?? []) + others }

    /// The first sample of a measurand.
    public subscript(measurand: Measurand) -> SampledValue? {
        if let first, first.effectiveMeasurand == measurand { return first }
        return others.first { $0.effectiveMeasurand == measurand }
    }
}

/// MeterValues.req: what a meter shows.
public struct MeterValues: Hashable, Sendable {
    public var connectorID: Int
    /// The running transaction; `nil` outside of one.
    public var transactionID: Int?
    public var value: MeterValue
    /// Samples of further instants; mostly empty.
    public var further: [MeterValue]

    public init(connectorID: Int, transactionID: Int? = nil, value: MeterValue, further: [MeterValue] = []) {
        self.connectorID = connectorID
        self.transactionID = transactionID
        self.value = value
        self.further = further
    }
}
