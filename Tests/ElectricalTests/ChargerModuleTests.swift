import Foundation
import Quantities
import Testing

@testable import Electrical

/// One reference trace: a file, a ramp, and the commands at their instants.
struct ReferenceTrace: CustomTestStringConvertible, Sendable {
    enum Command: Sendable { case limit(Double), start, stop }

    let file: String
    let ramp: RampLaw
    /// Instants of the ticks in milliseconds.
    var phase = 500
    var count = 64
    var commands: [(at: Int, Command)]
    var ticksFirst = false
    var followsLimit = false

    var testDescription: String { file }

    static func cycle(_ times: [Int], period: Int, until end: Int) -> [(at: Int, Command)] {
        stride(from: 0, to: end, by: period).flatMap { base in
            [(base + times[0], Command.limit(0)), (base + times[1], .limit(100)), (base + times[2], .start), (base + times[3], .stop)]
        }
    }

    static let all: [ReferenceTrace] = [("exponential", RampLaw.exponential(share: 0.2)), ("linear", .linear(perSecond: 20))].flatMap { law, ramp in
        let reference = cycle([0, 2_000, 3_000, 5_000], period: 8_000, until: 64_000)
        let isExponential = law == "exponential"
        let full =
            isExponential
            ? cycle([0, 2_000, 3_000, 27_000], period: 48_000, until: 96_000) : cycle([0, 2_000, 3_000, 8_000], period: 11_000, until: 66_000)
        return [
            ReferenceTrace(file: "current-\(law)", ramp: ramp, commands: reference),
            ReferenceTrace(file: "current-\(law)-phase-0-commands-first", ramp: ramp, phase: 0, commands: reference),
            ReferenceTrace(file: "current-\(law)-phase-0-tick-first", ramp: ramp, phase: 0, commands: reference, ticksFirst: true),
            ReferenceTrace(file: "follow-limit-\(law)", ramp: ramp, commands: reference, followsLimit: true),
            ReferenceTrace(file: "full-swing-\(law)", ramp: ramp, count: isExponential ? 96 : 66, commands: full),
            ReferenceTrace(file: "latency-500ms-\(law)", ramp: ramp, commands: cycle([250, 2_750, 4_250, 6_750], period: 10_000, until: 64_000)),
            ReferenceTrace(file: "normal-start-\(law)", ramp: ramp, commands: [(2_000, .limit(100)), (3_000, .start)]),
            ReferenceTrace(file: "one-cycle-then-idle-\(law)", ramp: ramp, commands: Array(reference.prefix(4))),
        ]
    }

    func rows() throws -> [[String]] {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors").appending(path: file + ".csv")
        return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").dropFirst().map { $0.split(separator: ",").map(String.init) }
    }

    /// Runs the module and calls back after each tick.
    func run(_ body: (_ tick: Int, _ at: Int, ChargerModuleState) -> Void) {
        var module = ChargerModuleState(ramp: Ramp(ramp), followsLimit: followsLimit)
        var next = 0
        for tick in 0..<count {
            let now = phase + 1000 * tick
            while next < commands.count, ticksFirst ? commands[next].at < now : commands[next].at <= now {
                switch commands[next].1 {
                case .limit(let amperes): _ = module.setLimit(amperes)
                case .start: _ = module.start()
                case .stop: _ = module.stop()
                }
                next += 1
            }
            module.tick()
            body(tick, now, module)
        }
    }
}

struct ChargerModuleTests {
    @Test("the module reproduces every reference trace to the last digit", arguments: ReferenceTrace.all)
    func traces(_ trace: ReferenceTrace) throws {
        let rows = try trace.rows()
        #expect(rows.count == trace.count)
        trace.run { tick, at, module in
            let found = [
                String(format: "%.1f", Double(at) / 1000), String(Int(module.limit)), module.isCharging ? "1" : "0",
                String(format: "%.6f", module.current), String(module.published),
            ]
            #expect(found == rows[tick])
        }
    }

    @Test("charge and energy after 24 and 64 ticks are those of the closed form", arguments: [0, 8])
    func energy(_ index: Int) {
        let expected = index == 0 ? [0.142174, 56.8697, 0.419836, 167.934, 1513] : [0.066667, 26.6667, 0.177778, 71.111, 640]
        var sum = 0
        ReferenceTrace.all[index].run { tick, _, module in
            sum += Int(module.published)
            if tick == 23 {
                #expect(abs(module.charge - expected[0]) < 5e-7)
                #expect(abs(module.energy - expected[1]) < 5e-5)
            }
            if tick == 63 {
                #expect(abs(module.charge - expected[2]) < 5e-7)
                #expect(abs(module.energy - expected[3]) < 5e-4)
            }
        }
        #expect(Double(sum) == expected[4])
    }

    @Test("mean current of the first eight cycles", arguments: [0, 8])
    func means(_ index: Int) {
        var means = Array(repeating: 0.0, count: 8)
        ReferenceTrace.all[index].run { tick, _, module in means[tick / 8] += module.current / 8 }
        let exponential = [15.784, 23.4538, 24.7406, 24.9565, 24.9927, 24.9988, 24.9998, 25]
        for (mean, expected) in zip(means, index == 0 ? exponential : Array(repeating: 10, count: 8)) { #expect(abs(mean - expected) < 5e-5) }
    }

    @Test("energy of the first three sessions, START to STOP", arguments: [0, 8])
    func sessions(_ index: Int) {
        var sessions: [Double] = []
        var before = 0.0
        var wasCharging = false
        var start = 0.0
        ReferenceTrace.all[index].run { _, _, module in
            if module.isCharging, !wasCharging { start = before }
            if !module.isCharging, wasCharging { sessions.append(before - start) }
            wasCharging = module.isCharging
            before = module.energy
        }
        for (energy, expected) in zip(sessions, index == 0 ? [6.222, 7.732, 7.986] : [6.667, 6.667, 6.667]) { #expect(abs(energy - expected) < 6e-4) }
    }

    @Test("a repeated start, stop or limit is a no-op")
    func commands() {
        var module = ChargerModuleState()
        #expect(module.stop() == .noChange)
        #expect(module.start() == .changed)
        #expect(module.start() == .noChange)
        #expect(module.stop() == .changed)
        #expect(module.setLimit(32) == .noChange)
        #expect(module.setLimit(.nan) == .changed)
        #expect(module.limit == 0)
        #expect(module.setLimit(-5) == .noChange)
    }

    @Test("the published value rounds half away from zero and saturates")
    func published() {
        let pairs: [(Double, UInt16)] = [
            (0.5, 1), (1.5, 2), (2.5, 3), (2.499999, 2), (-3, 0), (.nan, 0), (65_534.5, 65_535), (65_535.4, 65_535), (1e300, 65_535), (.infinity, 65_535),
        ]
        for (value, expected) in pairs { #expect(ChargerModuleState.publishedU16(value) == expected) }
    }
}

struct RampLawTests {
    @Test("the continuous law equals the exponential one at whole seconds, however finely it is stepped")
    func continuous() throws {
        let law = try #require(RampLaw.continuous(share: 0.2, period: .seconds(1)))
        if case .continuous(let time) = law { #expect(abs(time - 4.481420117724551) < 1e-14) }
        var (coarse, fine) = (0.0, 0.0)
        for _ in 0..<20 {
            coarse = RampLaw.exponential(share: 0.2).step(current: coarse, target: 100, dt: .seconds(1))
            for _ in 0..<10 { fine = law.step(current: fine, target: 100, dt: .milliseconds(100)) }
            #expect(abs(fine - coarse) < 1e-11)
        }
    }

    @Test("a fall law of its own applies to falling values only")
    func fall() {
        let ramp = Ramp(.linear(perSecond: 20), fall: .immediate)
        #expect(ramp.step(current: 0, target: 100, dt: .seconds(2)) == 40)
        #expect(ramp.step(current: 40, target: 10, dt: .seconds(1)) == 10)
    }

    @Test("a linear ramp does not overshoot")
    func linear() { #expect(RampLaw.linear(perSecond: 20).step(current: 95, target: 100, dt: .seconds(1)) == 100) }

    @Test("shares, rates and times outside their range are not valid")
    func validity() {
        #expect(RampLaw.exponential(share: 1).isValid && !RampLaw.exponential(share: 1.01).isValid && !RampLaw.exponential(share: .nan).isValid)
        #expect(!RampLaw.linear(perSecond: 0).isValid && !RampLaw.continuous(timeConstant: .infinity).isValid)
        #expect(RampLaw.continuous(share: 1, period: .seconds(1)) == nil)
    }
}

struct ElementaryFunctionTests {
    @Test("exponential and logarithm agree with the C library to a few units in the last place", arguments: 0..<4 as Range<UInt64>)
    func agreement(_ seed: UInt64) {
        var generator = SplitMix(state: seed)
        for _ in 0..<5000 {
            let x = Double.random(in: -30...30, using: &generator)
            let small = Double.random(in: -0.5...0.5, using: &generator)
            let wide = Foundation.exp(Double.random(in: -40...40, using: &generator))
            #expect(abs(Elementary.exp(x) - Foundation.exp(x)) <= 4 * Foundation.exp(x).ulp)
            #expect(abs(Elementary.expm1(small) - Foundation.expm1(small)) <= 4 * abs(Foundation.expm1(small)).ulp)
            #expect(abs(Elementary.log1p(small) - Foundation.log1p(small)) <= 4 * abs(Foundation.log1p(small)).ulp)
            #expect(abs(Elementary.log1p(wide) - Foundation.log1p(wide)) <= 4 * abs(Foundation.log1p(wide)).ulp)
        }
        #expect(Elementary.exp(1000) == .infinity && Elementary.exp(-1000) == 0 && Elementary.exp(0) == 1)
        #expect(Elementary.exp(709.7).isFinite && Elementary.exp(-740) > 0)
        #expect(Elementary.log1p(-1) == -.infinity && Elementary.log1p(-2).isNaN && Elementary.log1p(0) == 0)
    }
}

/// SplitMix64, for properties that print their seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
