import Quantities
import Testing

@testable import Electrical

struct SupplyFaultTests {
    @Test("without faults a supply is healthy and nothing trips")
    func healthy() {
        let condition = SupplyCondition([])
        #expect(condition == SupplyCondition())
        #expect(condition.yield(phases: 3) == 1 && condition.yield(phases: 1) == 1)
        for isEnergised in [true, false] { #expect(condition.trip(voltage: 230, current: 32, limit: 32, isEnergised: isEnergised) == nil) }
    }

    @Test("faults of one kind add up: shares multiply, and the worse value rules")
    func together() {
        let condition = SupplyCondition([
            .voltage(share: 1.1), .voltage(share: 1.1), .phase(1, share: 0), .phase(2, share: 0.5), .ground(amperes: 0.01, isDirect: false),
            .ground(amperes: 0.02, isDirect: true), .insulation(ohms: 50_000), .insulation(ohms: 20_000), .weld(amperes: 0), .weld(amperes: 5),
            .looseContact(noise: 0.01, resistance: 3), .looseContact(noise: 0, resistance: 2), .phase(7, share: 0),
        ])
        #expect(abs(condition.voltageShare - 1.21) < 1e-12)
        #expect(abs(condition.yield(phases: 3) - 0.5) < 1e-12)
        #expect(condition.yield(phases: 1) == 1)
        #expect(abs(condition.residual - SupplyCondition.healthyLeakage - 0.03) < 1e-12 && condition.directResidual == 0.02)
        #expect(condition.insulation == 20_000 && condition.leak == 5 && condition.voltageNoise == 0.01 && condition.contactResistance == 6)
    }

    @Test("a distorted current has the power factor of its harmonics and of its fundamental")
    func distortion() {
        let condition = SupplyCondition([.distortion(share: 0.3, powerFactor: 0.9)])
        #expect(abs(condition.powerFactor - 0.9 / 1.09.squareRoot()) < 1e-12)
        #expect(condition.distortion == 0.3)
    }

    @Test(
        "the protection acts on what is beyond its limits, and on nothing within them",
        arguments: [
            ([.voltage(share: 1.11)], true, .overVoltage), ([.voltage(share: 1.1)], true, nil), ([.voltage(share: 0.84)], false, .underVoltage),
            ([.voltage(share: 0.86)], true, nil), ([.overcurrent(share: 1.2)], true, .overCurrent), ([.overcurrent(share: 1.05)], true, nil),
            ([.overcurrent(share: 1.2)], false, nil), ([.ground(amperes: 0.031, isDirect: false)], true, .groundFailure),
            ([.ground(amperes: 0.02, isDirect: false)], true, nil), ([.ground(amperes: 0.007, isDirect: true)], true, .groundFailure),
            ([.ground(amperes: 0.031, isDirect: false)], false, nil), ([.insulation(ohms: 22_000)], true, .insulation),
            ([.insulation(ohms: 24_000)], true, nil), ([.weld(amperes: 0)], false, .contactor), ([.weld(amperes: 0)], true, nil),
            ([.pilot(state: .e, dutyOffset: 0)], true, .pilot), ([.pilot(state: .b, dutyOffset: 0)], true, nil),
        ] as [([SupplyFault], Bool, SupplyTrip?)])
    func trips(_ faults: [SupplyFault], _ isEnergised: Bool, _ wanted: SupplyTrip?) {
        let condition = SupplyCondition(faults)
        let current = isEnergised ? 32 * condition.currentShare : 0
        #expect(condition.trip(voltage: 230, current: current, limit: 32, isEnergised: isEnergised) == wanted)
    }

    @Test("a body warms in closed form, however often it is looked at")
    func thermal() {
        var once = ThermalBody(temperature: 25, timeConstant: 240)
        var often = once
        once.advance(towards: 55, for: .seconds(240))
        for _ in 0..<480 { often.advance(towards: 55, for: .milliseconds(500)) }
        #expect(abs(once.temperature - (25 + 30 * (1 - 0.36787944117144233))) < 1e-9)
        #expect(abs(once.temperature - often.temperature) < 1e-9)
        once.advance(towards: .nan, for: .seconds(1))
        #expect(once.temperature.isFinite)
        #expect(ThermalBody.contactRise(current: 16, rated: 32, riseAtRated: 30, resistance: 2) == 15)
    }

    @Test("the duty cycle of the control pilot and its current are each other's inverse", arguments: [6.0, 10, 16, 32, 50, 53, 63, 80])
    func pilot(_ current: Double) {
        #expect(abs(ControlPilot.current(duty: ControlPilot.duty(current: current)) - current) < 1e-9)
        #expect(ControlPilot.duty(current: 5) == 1 && ControlPilot.current(duty: 0.05) == 0)
    }

    @Test("a module with a fault moves to what the fault makes of its limit, and back")
    func module() {
        var module = ChargerModuleState(ramp: Ramp(.immediate), limit: 100)
        _ = module.start()
        module.condition = SupplyCondition([.overcurrent(share: 1.2), .voltage(share: 0.5)])
        module.tick()
        #expect(module.current == 120 && module.power == 120 * 200)
        module.condition = SupplyCondition([.weld(amperes: 7)])
        _ = module.stop()
        module.tick()
        #expect(module.current == 7)
        module.condition = SupplyCondition([.reverse(amperes: 10)])
        _ = module.start()
        let before = module.energy
        module.tick()
        #expect(module.current == -10 && module.energy < before)
        module.condition = nil
        module.tick()
        #expect(module.current == 100)
    }
}
