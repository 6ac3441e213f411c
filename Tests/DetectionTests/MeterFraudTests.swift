import Quantities
import Testing

@testable import Detection

/// `meter-fraud` over the signals of a meter.
struct MeterFraudTests {
    private static let power: [String: DetectorSettingValue] = ["register": .word("r"), "power": .word("p"), "p_max": .number(22_000)]
    private static let product: [String: DetectorSettingValue] = [
        "register": .word("r"), "voltage": .word("v"), "current": .word("i"), "phases": .count(3), "p_max": .number(22_000),
    ]

    private func make(_ values: [String: DetectorSettingValue]) throws -> MeterFraud {
        let kind = try #require(DetectorKind.named("meter-fraud"))
        return try #require(try kind.makeObject(values) as? MeterFraud)
    }

    /// An hour at 11 kW with a sample each second; the register, in steps of 1 Wh, is what `meter` makes of the energy.
    private func run(_ detector: MeterFraud, _ meter: (_ second: Int, _ joules: Double) -> Double, from: Int = 0, to: Int = 3600) -> [(Int, String)] {
        var found: [(Int, String)] = []
        for second in from..<to {
            let instant = Instant(seconds: Double(second))
            var scores: [Double?] = []
            if inputs == 2 {
                scores.append(detector.update(at: instant, input: 1, value: 11_000))
            } else {
                scores.append(detector.update(at: instant, input: 1, value: 230))
                scores.append(detector.update(at: instant, input: 2, value: 11_000 / 690))
            }
            scores.append(detector.update(at: instant, input: 0, value: (meter(second, 11_000 * Double(second)) / 3600).rounded(.down) * 3600))
            for case let score? in scores where score >= 1 { found.append((second, detector.blame)) }
        }
        return found
    }
    private var inputs = 2

    @Test("an honest meter is silent, one that counts less, more or backwards is found", arguments: [2, 3])
    func frauds(_ inputs: Int) throws {
        var test = self
        test.inputs = inputs
        let values = inputs == 2 ? Self.power : Self.product
        #expect(test.run(try make(values)) { $1 }.isEmpty)
        #expect(test.run(try make(values)) { $1 * 0.97 }.isEmpty)
        let under = test.run(try make(values)) { second, energy in second < 1200 ? energy : 11_000 * 1200 + (energy - 11_000 * 1200) * 0.8 }
        #expect(under.first.map { 1300...2000 ~= $0.0 } == true)
        #expect(test.run(try make(values)) { $1 * 1.2 }.first?.1 == "r: the register does not count what the power makes")
        #expect(test.run(try make(values)) { second, energy in second < 600 ? energy : energy - 500_000 }.first?.1 == "r: the register goes back")
        #expect(!test.run(try make(values)) { second, energy in min(energy, 11_000 * 900) }.isEmpty)
        #expect(test.run(try make(values)) { second, energy in second < 600 ? energy : energy + 5e6 }.first?.0 == 600)
    }

    @Test("a state that is saved in the middle goes on the same, and an alarm is held and ends by its timer")
    func saved() throws {
        let fraud = { (second: Int, energy: Double) in second == 700 ? energy - 500_000 : energy }
        let whole = run(try make(Self.power), fraud)
        let first = try make(Self.power)
        let begin = run(first, fraud, to: 701)
        #expect(first.nextTimer == Instant(seconds: 730))
        var writer = StateWriter()
        first.save(&writer)
        let second = try make(Self.power)
        var reader = StateReader(writer.bytes)
        try second.restore(&reader)
        #expect(reader.isAtEnd && second.nextTimer == first.nextTimer && second.blame == first.blame)
        #expect(second.timer(at: Instant(seconds: 729)) == nil)
        let rest = run(second, fraud, from: 701)
        #expect((begin + rest).map(\.0) == whole.map(\.0))
        #expect(first.timer(at: Instant(seconds: 730)) == 0 && first.nextTimer == nil)
        var short = StateReader(Array(writer.bytes.dropLast(8)))
        #expect(throws: DetectionError.self) { try second.restore(&short) }
    }

    @Test("signals that do not belong together are named")
    func wrong() {
        let wrong: [([String: DetectorSettingValue], String)] = [
            ([:], "watch"), (["register": .word("r")], "register"), (["register": .word("r"), "voltage": .word("v")], "register"),
            (["power": .word("p"), "watch": .word("ocpp")], "power"), (["register": .word("r"), "power": .word("p"), "current": .word("i")], "current"),
        ]
        for (values, name) in wrong {
            do {
                _ = try make(values)
                Issue.record("\(values)")
            } catch {
                switch error as? DetectionError {
                case .missing(let setting), .outOfRange(let setting, _): #expect(setting == name)
                default: Issue.record("\(error)")
                }
            }
        }
    }

    @Test("odd values and instants do no harm")
    func garbage() throws {
        var random = SplitMix(state: 5)
        for values in [Self.power, Self.product] {
            let detector = try make(values)
            for step in 0..<4000 {
                let time: Int64 = Int.random(in: 0..<30, using: &random) == 0 ? [.min, .max, 0][step % 3] : Int64(step) * 1_000_000_000
                let value = Int.random(in: 0..<6, using: &random) == 0 ? [.nan, .infinity, 1e308, -1e308, 0][step % 5] : Double(step) * 3600
                for score in [
                    detector.update(at: Instant(nanoseconds: time), input: step % 5 - 1, value: value), detector.nextTimer.flatMap { detector.timer(at: $0) },
                ] {
                    if let score, !(score >= 0 && score <= Score.cap) { Issue.record("\(score)") }
                }
            }
            #expect(detector.health.invalid > 0 && detector.health.late > 0)
        }
    }
}
