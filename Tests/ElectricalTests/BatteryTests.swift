import Quantities
import Testing

@testable import Electrical

struct BatteryTests {
    func at(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

    @Test("constant power charges linearly up to the knee")
    func constantPower() throws {
        let model = try BatteryModel(capacity: 50_000, maximumPower: 50_000, efficiency: 0.9)
        var battery = Battery(model, stateOfCharge: 0.2)
        battery.setDemand(.power(20_000), at: .zero)
        let later = battery.reading(at: at(3600))
        #expect(abs(later.stateOfCharge - (0.2 + 0.9 * 20_000 / 50_000)) < 1e-12)
        #expect(abs(later.energy - 20_000) < 1e-6)
        #expect(later.power == 20_000)
        #expect(abs(later.voltage * later.current - 20_000) < 1e-6)
    }

    @Test("above the knee the power approaches its end exponentially and the battery gets full in finite time")
    func taper() throws {
        let model = try BatteryModel(capacity: 50_000, maximumPower: 100_000, knee: 0.8, maximumCurrent: 1000)
        var battery = Battery(model, stateOfCharge: 0.8)
        battery.setDemand(.power(1e9), at: .zero)
        let (a, b, c) = (battery.reading(at: at(60)).power, battery.reading(at: at(120)).power, battery.reading(at: at(180)).power)
        #expect(a < 100_000 && b < a && c < b)
        #expect(abs((a / b) / (b / c) - 1) < 1e-9)
        let full = try #require(battery.instant(reaching: 1))
        #expect(full.seconds > 600 && full.seconds < 7200)
        #expect(battery.reading(at: full + .seconds(1)).power == 0)
        #expect(battery.reading(at: full + .seconds(1)).stateOfCharge == 1)
        #expect(battery.reading(at: full - .seconds(1)).power > 3_900)
    }

    @Test("the closed form agrees with small steps for power, current and none", arguments: 0..<30 as Range<UInt64>)
    func smallSteps(_ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let model = try BatteryModel(
            capacity: .random(in: 5_000...90_000, using: &random), internalResistance: .random(in: 0...0.3, using: &random),
            maximumPower: .random(in: 20_000...200_000, using: &random), knee: .random(in: 0.3...0.9, using: &random),
            maximumCurrent: .random(in: 30...500, using: &random))
        let start = Double.random(in: 0...0.9, using: &random)
        let demand: ChargeDemand = seed % 2 == 0 ? .power(.random(in: 0...250_000, using: &random)) : .current(.random(in: 0...400, using: &random))
        var battery = Battery(model, stateOfCharge: start)
        battery.setDemand(demand, at: .zero)
        var (charge, energy) = (start, 0.0)
        for _ in 0..<7200 where charge < 1 {
            let open = model.openCircuitVoltage.value(at: charge)
            var power = model.acceptance.value(at: charge)
            var current = model.maximumCurrent
            if case .current(let amperes) = demand { current = min(current, amperes) }
            if case .power(let watts) = demand { power = min(power, watts) }
            power = min(power, current * (open + current * model.internalResistance))
            energy += power / 3600 / 4
            charge = min(charge + power * model.efficiency / model.capacity / 3600 / 4, 1)
        }
        let exact = battery.reading(at: at(1800))
        #expect(abs(exact.stateOfCharge - charge) < 2e-3, "seed \(seed)")
        #expect(abs(exact.energy - energy) < 3e-3 * model.capacity, "seed \(seed)")
    }

    @Test("readings do not depend on when the battery was read before", arguments: 0..<20 as Range<UInt64>)
    func independence(_ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let model = try BatteryModel(capacity: 60_000)
        var once = Battery(model, stateOfCharge: 0.1)
        var often = once
        once.setDemand(.current(250), at: at(1))
        often.setDemand(.current(250), at: at(1))
        for step in 1..<50 {
            _ = often.reading(at: at(Double(step) * 37))
            often.setDemand(.current(250), at: at(Double(step) * 37))
        }
        let instant = at(.random(in: 2000...4000, using: &random))
        #expect(once.reading(at: instant) == often.reading(at: instant), "seed \(seed)")
    }

    @Test("a state of charge is reached at the instant that is foretold", arguments: [0.3, 0.79, 0.8, 0.95, 1.0])
    func foretold(_ target: Double) throws {
        var battery = Battery(try BatteryModel(capacity: 40_000, maximumPower: 80_000), stateOfCharge: 0.15)
        #expect(battery.instant(reaching: target) == nil)
        battery.setDemand(.current(120), at: at(10))
        let instant = try #require(battery.instant(reaching: target))
        #expect(abs(battery.reading(at: instant).stateOfCharge - target) < 1e-9)
        #expect(battery.reading(at: instant - .seconds(2)).stateOfCharge < target)
    }

    @Test("energy is conserved: stored = taken x efficiency, over random demands", arguments: 0..<20 as Range<UInt64>)
    func conservation(_ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let model = try BatteryModel(capacity: 30_000, efficiency: 0.93)
        var battery = Battery(model, stateOfCharge: 0.05)
        var previous = battery.reading(at: .zero)
        for step in 1..<60 {
            battery.setDemand(Bool.random(using: &random) ? .power(.random(in: -100...90_000, using: &random)) : .none, at: at(Double(step) * 60))
            let reading = battery.reading(at: at(Double(step) * 60 + 30))
            #expect(reading.stateOfCharge >= previous.stateOfCharge && reading.stateOfCharge <= 1)
            #expect(abs((reading.stateOfCharge - 0.05) * 30_000 - reading.energy * 0.93) < 1e-6, "seed \(seed)")
            previous = reading
        }
    }

    @Test("any curve ends, never runs backwards, and foretells its own readings", arguments: 0..<200 as Range<UInt64>)
    func anyCurve(_ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        func curve(_ values: ClosedRange<Double>, zeros: Bool) throws -> PiecewiseLinear {
            let count = Int.random(in: 1...8, using: &random)
            let places = Set((0..<count).map { _ in Double(Int.random(in: 0...20, using: &random)) / 20 }).sorted()
            return try #require(
                PiecewiseLinear(places.map { .init($0, zeros && Int.random(in: 0..<4, using: &random) == 0 ? 0 : .random(in: values, using: &random)) }))
        }
        let model = try BatteryModel(
            capacity: .random(in: 10...1e5, using: &random), openCircuitVoltage: curve(1...900, zeros: false),
            internalResistance: Bool.random(using: &random) ? 0 : .random(in: 0...2, using: &random), acceptance: curve(1e-6...2e5, zeros: true))
        var battery = Battery(model, stateOfCharge: .random(in: 0...1, using: &random))
        battery.setDemand(
            Bool.random(using: &random) ? .power(.random(in: 0...1e5, using: &random)) : .current(.random(in: 0...600, using: &random)), at: .zero)
        var previous = battery.reading(at: .zero)
        for step in 1...60 {
            let reading = battery.reading(at: at(Double(step * step) * 7))
            #expect(reading.stateOfCharge >= previous.stateOfCharge && reading.stateOfCharge <= 1, "seed \(seed)")
            #expect(reading.power >= 0 && reading.power.isFinite && reading.voltage > 0 && reading.energy >= previous.energy, "seed \(seed)")
            previous = reading
        }
        let target = Double.random(in: 0...1, using: &random)
        if let instant = battery.instant(reaching: target), instant > .zero, instant.seconds < 1e8 {
            #expect(abs(battery.reading(at: instant).stateOfCharge - target) < 1e-6, "seed \(seed)")
        }
    }

    @Test("a model that makes no physical sense is refused")
    func models() {
        #expect(throws: BatteryModel.ModelError.outOfRange(property: "capacity", requirement: "above 0 Wh and at most 1 GWh")) {
            try BatteryModel(capacity: 0)
        }
        #expect(throws: BatteryModel.ModelError.self) { try BatteryModel(capacity: 1, efficiency: 1.2) }
        #expect(throws: BatteryModel.ModelError.self) { try BatteryModel(capacity: 1, internalResistance: .nan) }
        #expect(PiecewiseLinear([]) == nil)
        #expect(PiecewiseLinear([.init(1, 0), .init(1, 2)]) == nil)
    }
}

struct VehicleTests {
    func at(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

    @Test("an AC vehicle draws the offer up to its own limit and pauses below 6 A")
    func ac() throws {
        let battery = Battery(try BatteryModel(capacity: 50_000), stateOfCharge: 0.3)
        var vehicle = ElectricVehicle(battery: battery, coupling: .ac(OnBoardCharger(phases: 3, maximumCurrent: 16)))
        for (offered, drawn) in [(32.0, 16.0), (10, 10), (6, 6), (5.99, 0), (0, 0), (.nan, 0)] {
            vehicle.offer(current: offered, at: .zero)
            let reading = vehicle.reading(at: .zero)
            #expect(abs(reading.current - drawn) < 1e-9)
            #expect(abs(reading.power - 3 * 230 * drawn) < 1e-6)
        }
    }

    @Test("an AC vehicle draws less near full")
    func nearFull() throws {
        let battery = Battery(try BatteryModel(capacity: 50_000, maximumPower: 50_000), stateOfCharge: 0.99)
        var vehicle = ElectricVehicle(battery: battery, coupling: .ac(OnBoardCharger(phases: 3, maximumCurrent: 32)))
        vehicle.offer(current: 32, at: .zero)
        #expect(vehicle.reading(at: .zero).current < 10)
        let full = try #require(vehicle.instant(reaching: 1))
        #expect(vehicle.reading(at: full + .seconds(1)).current == 0)
    }

    @Test("a DC vehicle takes the current of the supply at its own voltage")
    func dc() throws {
        let model = try BatteryModel(capacity: 75_000, internalResistance: 0.1)
        var vehicle = ElectricVehicle(battery: Battery(model, stateOfCharge: 0.5), coupling: .dc(maximumCurrent: 200))
        vehicle.offer(current: 300, at: .zero)
        let reading = vehicle.reading(at: .zero)
        #expect(abs(reading.current - 200) < 1e-9)
        #expect(abs(reading.voltage - (355.2 + 20)) < 1e-9)
        #expect(abs(reading.power - reading.current * reading.voltage) < 1e-6)
    }
}

struct EnergyMeterTests {
    @Test("the register is exact between changes and rounds down to whole Wh")
    func register() {
        var meter = EnergyMeter(register: 1000.5)
        meter.setPower(EnergyMeter.power(voltage: 230, current: 16, phases: 3), at: .zero)
        #expect(abs(meter.energy(at: Instant.zero + .seconds(3600)) - 12_040.5) < 1e-9)
        #expect(meter.reading(at: Instant.zero + .seconds(3600)) == 12_040)
        meter.setPower(-5, at: Instant.zero + .seconds(3600))
        #expect(meter.power == 0)
        meter.add(energy: 10)
        meter.add(energy: -10)
        #expect(abs(meter.energy(at: Instant.zero + .seconds(9999)) - 12_050.5) < 1e-9)
    }

    @Test("the register never falls, whatever it is told", arguments: 0..<10 as Range<UInt64>)
    func monotonic(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        var meter = EnergyMeter()
        var last = 0.0
        var now = Instant.zero
        for _ in 0..<200 {
            now += .milliseconds(.random(in: 0...60_000, using: &random))
            let value = [Double.nan, -.infinity, .infinity, -3, .random(in: 0...1e5, using: &random)].randomElement(using: &random) ?? 0
            meter.setPower(value, at: now)
            let energy = meter.energy(at: now)
            #expect(energy >= last, "seed \(seed)")
            last = energy
        }
    }
}
