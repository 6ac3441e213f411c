import Quantities
import Testing

@testable import OCPP

@Suite("Meter values from an operating point")
struct MeterSamplerTests {
    private let point = OperatingPoint(
        voltage: 231.4, current: 15.96, phases: 3, powerFactor: 0.98, temperature: 21.25, socPercent: 43.21, offeredCurrent: 16,
        energyImportWh: 12_345.678, energyExportWh: 10.5, rpm: 1200)

    /// `measurand phase value unit` of each sample.
    private func lines(_ value: MeterValue?) -> [String] {
        (value?.samples ?? []).map { sample in
            let number = sample.text?.string ?? decimal(sample.mantissa, Int(sample.scale))
            return "\(sample.effectiveMeasurand.name)\(sample.phase.map { ".\($0.name)" } ?? "") \(number) \(sample.unit?.wireName ?? "-")"
        }
    }

    private func decimal(_ mantissa: Int, _ scale: Int) -> String {
        guard scale > 0 else { return "\(mantissa)" }
        let digits = String(repeating: "0", count: max(0, scale + 1 - "\(abs(mantissa))".count)) + "\(abs(mantissa))"
        return (mantissa < 0 ? "-" : "") + digits.dropLast(scale) + "." + digits.suffix(scale)
    }

    @Test("Every measurand is there, and P = V · I · phases · cos φ")
    func all() throws {
        var sampler = MeterSampler(Measurand.allCases.map { MeasurandSpec($0) })
        sampler.begin(OperatingPoint(energyImportWh: 12_000.4, energyExportWh: 10.4))
        let value = try required(sampler.sample(point, at: clock()))
        #expect(
            lines(value) == [
                "Energy.Active.Export.Register 11 Wh", "Energy.Active.Import.Register 12346 Wh", "Energy.Reactive.Export.Register 2 varh",
                "Energy.Reactive.Import.Register 2507 varh", "Energy.Active.Export.Interval 1 Wh", "Energy.Active.Import.Interval 346 Wh",
                "Energy.Reactive.Export.Interval 2 varh", "Energy.Reactive.Import.Interval 2507 varh", "Power.Active.Export 0 W",
                "Power.Active.Import 10857.84 W", "Power.Offered 10885.06 W", "Power.Reactive.Export 0 var", "Power.Reactive.Import 2204.78 var",
                "Power.Factor 0.98 -", "Current.Import 15.96 A", "Current.Export 0 A", "Current.Offered 16 A", "Voltage 231.4 V",
                "Frequency 50 Hertz", "Temperature 21.3 Celsius", "SoC 43.2 Percent", "RPM 1200 -",
            ])
        #expect(value.samples.allSatisfy { $0.context == .samplePeriodic })
        #expect(value.samples.allSatisfy { $0.location == ($0.measurand == .soc ? .ev : .outlet) })
        #expect(abs(point.activePower * point.activePower + point.reactivePower * point.reactivePower - point.apparentPower * point.apparentPower) < 1e-3)
        let message = OCPPMessage.call(MessageID("1"), .meterValues(MeterValues(connectorID: 1, value: value))).string
        #expect(message.contains(#""value":"10857.84","context":"Sample.Periodic","measurand":"Power.Active.Import","location":"Outlet","unit":"W""#))
    }

    @Test("Phases add up to the total exactly, whatever the point")
    func phases() throws {
        var random = TestRandom(seed: 5)
        for measurand in [Measurand.powerActiveImport, .powerReactiveImport, .energyActiveImportRegister, .energyActiveImportInterval, .powerOffered] {
            var sampler = MeterSampler([nil, .l1, .l2, .l3].map { MeasurandSpec(measurand, $0) })
            sampler.begin(OperatingPoint())
            for _ in 0..<200 {
                let point = OperatingPoint(
                    voltage: .random(in: 200...250, using: &random), current: .random(in: 0...63, using: &random),
                    phases: .random(in: 1...3, using: &random), powerFactor: .random(in: 0.5...1, using: &random),
                    offeredCurrent: .random(in: 0...63, using: &random), energyImportWh: .random(in: 0...1e6, using: &random))
                let values = try required(sampler.sample(point, at: clock())).samples.map { hundredths($0) }
                #expect(values.count == 4 && values[0] == values[1] + values[2] + values[3])
                if point.phases == 1, measurand == .powerActiveImport { #expect(values[2] == 0 && values[3] == 0) }
            }
        }
    }

    private func hundredths(_ sample: SampledValue) -> Int {
        var value = sample.mantissa
        for _ in Int(sample.scale)..<2 { value *= 10 }
        return value
    }

    @Test("Voltages between phases, the neutral current, and phases that are not there")
    func wiring() throws {
        let specs = try #require(MeasurandSpec.list("Voltage.L1-N,Voltage.L1-L2,Current.Import.L2,Current.Import.N,SoC.L1,Voltage.N,Current.Import.L1-N"))
        var three = MeterSampler(specs)
        let threeValue = three.sample(point, at: clock())
        #expect(lines(threeValue) == ["Voltage.L1-N 231.4 V", "Voltage.L1-L2 400.8 V", "Current.Import.L2 15.96 A", "Current.Import.N 0 A"])
        var style = MeterStyle()
        style.installedPhases = 1
        var one = MeterSampler(specs, style: style)
        var single = point
        single.phases = 1
        let oneValue = one.sample(single, at: clock())
        #expect(lines(oneValue) == ["Voltage.L1-N 231.4 V", "Current.Import.N 15.96 A"])
        style.installedPhases = 0
        var direct = MeterSampler(specs + [MeasurandSpec(.voltage), MeasurandSpec(.frequency)], style: style)
        let directValue = direct.sample(OperatingPoint(voltage: 400, phases: 1, frequency: nil), at: clock())
        #expect(lines(directValue) == ["Voltage 400 V"])
        var nothing = MeterSampler([MeasurandSpec(.soc)])
        let none = nothing.sample(OperatingPoint(), at: clock())
        #expect(none == nil)
        style.installedPhases = 3
        style.expandsPhases = true
        #expect(
            MeasurandSpec.text(MeterSampler([MeasurandSpec(.voltage), MeasurandSpec(.soc), MeasurandSpec(.voltage, .l1N)], style: style).specs)
                == "Voltage,Voltage.L1-N,Voltage.L2-N,Voltage.L3-N,SoC")
    }

    @Test("Units and spellings are chosen")
    func style() {
        var style = MeterStyle()
        style.inKilo = true
        style.temperature = .celcius
        style.location = nil
        style.writesDefaults = false
        style.isForStopTransaction = true
        let specs = MeasurandSpec.list("Power.Active.Import,Energy.Active.Import.Register,Temperature,Frequency,Power.Reactive.Import") ?? []
        var sampler = MeterSampler(specs, style: style)
        let value = sampler.sample(point, at: clock())
        #expect(
            lines(value) == [
                "Power.Active.Import 10.85784 kW", "Energy.Active.Import.Register 12.346 kWh", "Temperature 21.3 Celcius", "Frequency 50 -",
                "Power.Reactive.Import 2.20478 kvar",
            ])
        #expect(value?.samples.allSatisfy { $0.context == nil && $0.location == nil } == true)
        let end = sampler.sample(point, at: clock(), context: .transactionEnd)
        #expect(end?.first?.context == .transactionEnd)
        sampler.style.temperature = .kelvin
        let kelvin = sampler.sample(point, at: clock())
        #expect(lines(kelvin)[2] == "Temperature 294.4 K")
        sampler.style.temperature = .fahrenheit
        let fahrenheit = sampler.sample(point, at: clock())
        #expect(lines(fahrenheit)[2] == "Temperature 70.3 Fahrenheit")
    }

    @Test("Intervals add up to the register, and a triggered sample begins none")
    func intervals() throws {
        var sampled = MeterSampler([MeasurandSpec(.energyActiveImportInterval), MeasurandSpec(.energyActiveImportRegister)])
        var aligned = sampled
        var point = OperatingPoint(voltage: 230, current: 16, powerFactor: 0.95, energyImportWh: 1000.3)
        sampled.begin(point)
        aligned.begin(point)
        var (sum, alignedSum) = (0, 0)
        for second in 1...3600 {
            point.integrate(over: .seconds(1))
            if second % 7 == 0 { sum += try required(sampled.sample(point, at: clock(Int64(second)))?.first).mantissa }
            if second % 5 == 0 { _ = sampled.sample(point, at: clock(Int64(second)), context: .trigger) }
            if second % 900 == 0 { alignedSum += try required(aligned.sample(point, at: clock(Int64(second)), context: .sampleClock)?.first).mantissa }
        }
        sum += try required(sampled.sample(point, at: clock(3600))?.first).mantissa
        let register = try required(sampled.sample(point, at: clock(3600))?.others.first).mantissa
        #expect(sum == register - 1000 && alignedSum == sum)
        // Energy = ∫P dt.
        #expect(abs(point.energyImportWh - 1000.3 - 230 * 16 * 3 * 0.95) < 1e-6)
    }

    @Test("The state of charge never falls while charging, and ends at 100 percent")
    func stateOfCharge() throws {
        var point = OperatingPoint(voltage: 230, current: 32, socPercent: 80, energyImportWh: 5)
        var sampler = MeterSampler([MeasurandSpec(.soc)])
        var last = -1.0
        for minute in 0..<60 {
            let value = try required(sampler.sample(point, at: clock(Int64(minute) * 60))?.first?.double)
            #expect(value >= last)
            last = value
            // 22.08 kW into 60 kWh: 36.8 percent an hour.
            #expect(abs(value - min(80 + 36.8 * Double(minute) / 60, 100)) < 0.051)
            point.integrate(over: .seconds(60), capacityWh: 60_000)
        }
        #expect(last == 100 && point.socPercent == 100)
    }

    @Test("What flows back counts as export")
    func export() {
        var point = OperatingPoint(voltage: 230, current: -10, phases: 1, powerFactor: 0.8)
        point.integrate(over: .seconds(3600))
        var sampler = MeterSampler(
            MeasurandSpec.list(
                "Current.Import,Current.Export,Power.Active.Import,Power.Active.Export,Power.Reactive.Export,Energy.Active.Import.Register,"
                    + "Energy.Active.Export.Register,Energy.Reactive.Export.Register") ?? [])
        let value = sampler.sample(point, at: clock())
        #expect(
            lines(value) == [
                "Current.Import 0 A", "Current.Export 10 A", "Power.Active.Import 0 W", "Power.Active.Export 1840 W", "Power.Reactive.Export 1380 var",
                "Energy.Active.Import.Register 0 Wh", "Energy.Active.Export.Register 1840 Wh", "Energy.Reactive.Export.Register 1380 varh",
            ])
    }

    @Test("Numbers that are none do no harm")
    func wrongNumbers() {
        let point = OperatingPoint(
            voltage: .nan, current: .infinity, temperature: -.infinity, socPercent: .nan, offeredCurrent: 1e300, energyImportWh: .infinity,
            energyExportWh: .nan)
        var sampler = MeterSampler(Measurand.allCases.map { MeasurandSpec($0) })
        let value = sampler.sample(point, at: clock())
        #expect(value?.samples.count == 21)
    }

    @Test("The list of a key reads and prints")
    func specs() {
        for measurand in Measurand.allCases {
            #expect(MeasurandSpec(measurand.wireName.uppercased()) == MeasurandSpec(measurand))
            for phase in MeterPhase.allCases {
                let spec = MeasurandSpec(measurand, phase)
                #expect(MeasurandSpec(spec.text) == spec)
            }
        }
        for text in ["", ".", "Voltage.", ".L1", "Voltage.L4", "Voltage.L1.L2", "Voltage L1"] { #expect(MeasurandSpec(text) == nil, "\(text)") }
        #expect(MeasurandSpec.list(" SoC , SoC,,Voltage ")?.count == 2)
    }
}
