/// How a meter writes its values.
public struct MeterStyle: Hashable, Sendable {
    /// How the unit of temperature is written.
    public enum Temperature: Sendable { case celsius, celcius, kelvin, fahrenheit }

    /// True: kW, kWh, kvar, kvarh instead of W, Wh, var, varh.
    public var inKilo = false
    public var temperature = Temperature.celsius
    /// Where the meter sits; SoC is always `EV`. `nil` leaves the field out.
    public var location: MeterLocation? = .outlet
    /// False leaves out the context `Sample.Periodic`, which is the standard's default.
    public var writesDefaults = true
    /// True: a measurand without phase is written once for each phase and once in total, where both exist.
    public var expandsPhases = false
    /// True for the transactionData of StopTransaction, whose schema has no unit Hertz.
    public var isForStopTransaction = false
    /// The phases of the installation: 3 for three-phase, 1 for single-phase, 0 for direct current.
    public var installedPhases = 3

    public init() {}
}

/// Makes the MeterValues of one list of measurands (sampled or aligned data of one connector) from operating points.
///
/// Each list has its own sampler, so that Interval measurands count from the last sample of that list.
public struct MeterSampler: Sendable, Equatable {
    /// The registers in hundredths of a Wh or varh that intervals count from.
    private struct Registers: Sendable, Equatable {
        var activeImport = 0
        var activeExport = 0
        var reactiveImport = 0
        var reactiveExport = 0

        init(_ point: OperatingPoint) {
            activeImport = MeterSampler.whole(point.energyImportWh)
            activeExport = MeterSampler.whole(point.energyExportWh)
            reactiveImport = MeterSampler.whole(point.reactiveImport)
            reactiveExport = MeterSampler.whole(point.reactiveExport)
        }
    }

    public private(set) var specs: [MeasurandSpec]
    public var style: MeterStyle
    private var base: Registers?

    public init(_ specs: [MeasurandSpec], style: MeterStyle = MeterStyle()) {
        self.style = style
        self.specs = style.expandsPhases ? Self.expanded(specs, style) : specs
    }

    /// Intervals count from here: the start of a transaction, for instance.
    public mutating func begin(_ point: OperatingPoint) { base = Registers(point) }

    /// Forgets the last sample.
    public mutating func reset() { base = nil }

    /// The values of an instant; `nil` if nothing of the list can be measured.
    ///
    /// Samples of the contexts Sample.Periodic and Sample.Clock move the start of the next interval; others, as of a trigger, do not. O(specs), with
    /// at most one allocation.
    public mutating func sample(_ point: OperatingPoint, at timestamp: OCPPTimestamp, context: ReadingContext = .samplePeriodic) -> MeterValue? {
        var result = MeterValue(timestamp: timestamp, first: nil)
        for spec in specs {
            guard var value = value(spec, point) else { continue }
            if context != .samplePeriodic || style.writesDefaults { value.context = context }
            value.phase = spec.phase
            if let location = style.location { value.location = spec.measurand == .soc ? .ev : location }
            if result.first == nil {
                result.first = value
            } else {
                if result.others.isEmpty { result.others.reserveCapacity(specs.count - 1) }
                result.others.append(value)
            }
        }
        if base == nil || context == .samplePeriodic || context == .sampleClock { base = Registers(point) }
        return result.first == nil ? nil : result
    }

    /// Hundredths of a unit, rounded; bounded where a register could not be written.
    @inline(__always)
    fileprivate static func whole(_ value: Double) -> Int { fixed(value, 100) }

    /// A number as an integer count of its last decimal, rounded half away from zero.
    @inline(__always)
    private static func fixed(_ value: Double, _ power: Double) -> Int {
        let scaled = (value * power).rounded()
        return scaled.isNaN ? 0 : Int(min(max(scaled, -9e15), 9e15))
    }
}

extension MeterSampler {
    /// The sample of one spec without context and place; `nil` if the point does not have it.
    private func value(_ spec: MeasurandSpec, _ point: OperatingPoint) -> SampledValue? {
        switch spec.measurand {
        case .powerActiveImport: return power(max(point.activePower, 0), .watts, .kilowatts, spec, point)
        case .powerActiveExport: return power(max(-point.activePower, 0), .watts, .kilowatts, spec, point)
        case .powerOffered: return power(point.offeredPower, .watts, .kilowatts, spec, point)
        case .powerReactiveImport: return power(max(point.reactivePower, 0), .vars, .kilovars, spec, point)
        case .powerReactiveExport: return power(max(-point.reactivePower, 0), .vars, .kilovars, spec, point)
        case .energyActiveImportRegister: return energy(Self.whole(point.energyImportWh), nil, .wattHours, .kilowattHours, spec, point)
        case .energyActiveExportRegister: return energy(Self.whole(point.energyExportWh), nil, .wattHours, .kilowattHours, spec, point)
        case .energyReactiveImportRegister: return energy(Self.whole(point.reactiveImport), nil, .varHours, .kilovarHours, spec, point)
        case .energyReactiveExportRegister: return energy(Self.whole(point.reactiveExport), nil, .varHours, .kilovarHours, spec, point)
        case .energyActiveImportInterval:
            return energy(Self.whole(point.energyImportWh), base?.activeImport, .wattHours, .kilowattHours, spec, point, isInterval: true)
        case .energyActiveExportInterval:
            return energy(Self.whole(point.energyExportWh), base?.activeExport, .wattHours, .kilowattHours, spec, point, isInterval: true)
        case .energyReactiveImportInterval:
            return energy(Self.whole(point.reactiveImport), base?.reactiveImport, .varHours, .kilovarHours, spec, point, isInterval: true)
        case .energyReactiveExportInterval:
            return energy(Self.whole(point.reactiveExport), base?.reactiveExport, .varHours, .kilovarHours, spec, point, isInterval: true)
        case .currentImport: return current(max(point.current, 0), spec, point)
        case .currentExport: return current(max(-point.current, 0), spec, point)
        case .currentOffered: return current(max(point.offeredCurrent, 0), spec, point)
        case .voltage: return voltage(spec, point)
        case .powerFactor: return spec.phase == nil || carries(spec.phase, point) ? plain(point.powerFactor, 3, .powerFactor, nil) : nil
        case .frequency: return whole(spec, point.frequency, 2, style.isForStopTransaction ? nil : .hertz)
        case .temperature: return temperature(spec, point.temperature)
        case .soc: return whole(spec, point.socPercent, 1, .percent)
        case .rpm: return whole(spec, point.rpm, 0, nil)
        }
    }

    private func plain(_ value: Double, _ decimals: UInt8, _ measurand: Measurand, _ unit: MeterUnit?) -> SampledValue {
        SampledValue(value, decimals: decimals, measurand: measurand, unit: unit)
    }

    /// A measurand that knows no phases.
    private func whole(_ spec: MeasurandSpec, _ value: Double?, _ decimals: UInt8, _ unit: MeterUnit?) -> SampledValue? {
        guard spec.phase == nil, let value else { return nil }
        return plain(value, decimals, spec.measurand, unit)
    }

    /// A count of hundredths with trailing zeros dropped; with `kilo` a thousand times smaller.
    private func exact(_ hundredths: Int, kilo: Bool, _ measurand: Measurand, _ unit: MeterUnit) -> SampledValue {
        var (mantissa, scale) = (hundredths, UInt8(kilo ? 5 : 2))
        while scale > 0, mantissa % 10 == 0 {
            mantissa /= 10
            scale -= 1
        }
        return SampledValue(mantissa: mantissa, scale: scale, measurand: measurand, unit: unit)
    }

    /// The part of a total that a phase has; the parts add up to the total exactly. `nil` if the phase is none of the load's.
    @inline(__always)
    private func share(_ total: Int, _ spec: MeasurandSpec, _ point: OperatingPoint) -> Int? {
        guard let phase = spec.phase else { return total }
        guard let line = line(phase) else { return nil }
        let count = max(point.phases, 1)
        if line > count { return 0 }
        let part = total / count
        return line == 1 ? total - part * (count - 1) : part
    }

    /// 1, 2 or 3 for L1 or L1-N and so on, if the installation has that phase.
    @inline(__always)
    private func line(_ phase: MeterPhase) -> Int? {
        let line: Int
        switch phase {
        case .l1, .l1N: line = 1
        case .l2, .l2N: line = 2
        case .l3, .l3N: line = 3
        default: return nil
        }
        return line <= style.installedPhases ? line : nil
    }

    private func carries(_ phase: MeterPhase?, _ point: OperatingPoint) -> Bool { phase.flatMap(line).map { $0 <= point.phases } ?? false }

    private func power(_ total: Double, _ unit: MeterUnit, _ kilo: MeterUnit, _ spec: MeasurandSpec, _ point: OperatingPoint) -> SampledValue? {
        share(Self.whole(total), spec, point).map { exact($0, kilo: style.inKilo, spec.measurand, style.inKilo ? kilo : unit) }
    }

    /// A register in whole units of energy, or the difference to an earlier one.
    private func energy(
        _ register: Int, _ earlier: Int?, _ unit: MeterUnit, _ kilo: MeterUnit, _ spec: MeasurandSpec, _ point: OperatingPoint, isInterval: Bool = false
    ) -> SampledValue? {
        let total = isInterval ? Self.shown(register) - Self.shown(earlier ?? register) : Self.shown(register)
        return share(total, spec, point).map { exact($0 * 100, kilo: style.inKilo, spec.measurand, style.inKilo ? kilo : unit) }
    }

    /// Whole units of hundredths, rounded half up as meters with whole registers are read.
    @inline(__always)
    private static func shown(_ hundredths: Int) -> Int { (hundredths + 50) / 100 }

    private func current(_ value: Double, _ spec: MeasurandSpec, _ point: OperatingPoint) -> SampledValue? {
        if let phase = spec.phase, phase != .n {
            guard phase == .l1 || phase == .l2 || phase == .l3, let line = line(phase) else { return nil }
            return plain(line <= max(point.phases, 1) ? value : 0, 2, spec.measurand, .amperes)
        }
        guard spec.phase == .n else { return plain(value, 2, spec.measurand, .amperes) }
        // Balanced three-phase currents cancel in the neutral conductor; of one or two phases the sum has the size of one.
        guard style.installedPhases > 0 else { return nil }
        return plain(point.phases == 3 ? 0 : value, 2, spec.measurand, .amperes)
    }

    private func voltage(_ spec: MeasurandSpec, _ point: OperatingPoint) -> SampledValue? {
        switch spec.phase {
        case nil: return plain(point.voltage, 1, .voltage, .volts)
        case .l1L2, .l2L3, .l3L1: return style.installedPhases == 3 ? plain(point.voltage * 3.0.squareRoot(), 1, .voltage, .volts) : nil
        case .n: return nil
        case let phase?: return line(phase) == nil ? nil : plain(point.voltage, 1, .voltage, .volts)
        }
    }

    private func temperature(_ spec: MeasurandSpec, _ celsius: Double?) -> SampledValue? {
        guard let celsius else { return nil }
        switch style.temperature {
        case .celsius: return whole(spec, celsius, 1, .celsius)
        case .celcius: return whole(spec, celsius, 1, .celcius)
        case .kelvin: return whole(spec, celsius + 273.15, 2, .kelvin)
        case .fahrenheit: return whole(spec, celsius * 1.8 + 32, 1, .fahrenheit)
        }
    }

    /// The list with the phases of each measurand that has them.
    private static func expanded(_ specs: [MeasurandSpec], _ style: MeterStyle) -> [MeasurandSpec] {
        var result: [MeasurandSpec] = []
        for spec in specs {
            var rows = [spec]
            if spec.phase == nil, style.installedPhases > 0 {
                let lines: [MeterPhase]
                switch spec.measurand {
                case .voltage: lines = [.l1N, .l2N, .l3N]
                case .currentImport, .currentExport, .powerActiveImport, .powerActiveExport, .powerReactiveImport, .powerReactiveExport:
                    lines = [.l1, .l2, .l3]
                default: lines = []
                }
                rows += lines.prefix(style.installedPhases).map { MeasurandSpec(spec.measurand, $0) }
            }
            for row in rows where !result.contains(row) { result.append(row) }
        }
        return result
    }
}
