import Quantities
import Testing

@testable import Detection

/// The preset `can-ids` on synthetic cars, with the truth of every frame and training and test split by time.
struct CANIntrusionTests {
    struct Outcome {
        var right = 0
        var wrong = 0
        var missed = 0
        var silences: [String] = []
        var precision: Double { Double(right) / Double(max(right + wrong, 1)) }
        var recall: Double { Double(right) / Double(max(right + missed, 1)) }
        var f1: Double { 2 * precision * recall / max(precision + recall, 1e-9) }
    }

    static let learn = 14.0
    static let total = 20.0

    static func judge(_ seed: UInt64, _ attack: SyntheticCar.Attack?) throws -> Outcome {
        var car = SyntheticCar(seed: seed)
        var settings = CANIntrusion.Settings()
        settings.learnFor = Duration(nanoseconds: Int64(learn * 1e9))
        let detector = try CANIntrusion(settings)
        var outcome = Outcome()
        for frame in car.traffic(seconds: total, learn: learn, attack: attack) {
            while let timer = detector.nextTimer, timer.nanoseconds <= frame.time {
                if let score = detector.timer(at: timer), score >= 1 { outcome.silences.append(detector.blame) }
            }
            let score = withUnsafeBytes(of: frame.data) {
                detector.update(
                    at: Instant(nanoseconds: frame.time), identifier: frame.identifier, data: UnsafeRawBufferPointer(rebasing: $0[..<Int(frame.length)]),
                    bits: 0)
            }
            guard let score else { continue }
            switch (score >= 1, frame.isAttack) {
            case (true, true): outcome.right += 1
            case (true, false): outcome.wrong += 1
            case (false, true): outcome.missed += 1
            case (false, false): break
            }
        }
        return outcome
    }

    @Test(
        "attacks are found frame by frame, and the injected frame is blamed, not the legitimate one",
        arguments: [
            (SyntheticCar.Attack.identifierFuzzing, 0.95), (.sequenceReplay, 0.8), (.payloadFuzzing, 0.7), (.floodOfOne, 0.9),
        ])
    func attacks(_ attack: SyntheticCar.Attack, _ least: Double) throws {
        let outcome = try Self.judge(3, attack)
        #expect(outcome.f1 >= least, "\(attack): precision \(outcome.precision), recall \(outcome.recall)")
    }

    @Test("clean traffic after the time to learn raises next to nothing")
    func clean() throws {
        let outcome = try Self.judge(4, nil)
        #expect(outcome.wrong <= 5 && outcome.silences.isEmpty, "\(outcome.wrong)")
    }

    @Test("an identifier that falls silent is named, a bus that falls silent as a whole is not")
    func silence() throws {
        var settings = CANIntrusion.Settings()
        settings.learnFor = .seconds(5)
        let detector = try CANIntrusion(settings)
        var blamed: [String] = []
        func play(_ range: Range<Int>, _ identifiers: [UInt32]) {
            for index in range {
                let time = Instant(nanoseconds: Int64(index) * 10_000_000)
                while let timer = detector.nextTimer, timer <= time { if detector.timer(at: timer) ?? 0 >= 1 { blamed.append(detector.blame) } }
                for identifier in identifiers { _ = FrameKindsTests.send(detector, time.nanoseconds, identifier, [UInt8(index & 15)]) }
            }
        }
        play(0..<700, [0x100, 0x200])
        #expect(blamed.isEmpty)
        play(700..<710, [0x100])
        #expect(blamed == Array(repeating: "0x200 missing", count: 2))
        play(710..<720, [0x100, 0x200])
        play(1500..<1600, [0x100, 0x200])
        #expect(blamed == Array(repeating: "0x200 missing", count: 3))
        #expect(detector.health == DetectorHealth())
    }

    @Test("a sender that changes its state for good is taken for what it is after the third frame")
    func newState() throws {
        var settings = CANIntrusion.Settings()
        settings.learnFor = .seconds(5)
        let detector = try CANIntrusion(settings)
        var scores: [Double] = []
        for index in 0..<1000 {
            let isNew = index >= 900
            let data: [UInt8] = isNew ? [0x55, 0xAA, 0x33, 0xCC, 0x77, 0xEE, 9] : [0, 0, 0, 0, 0, 0, 0]
            let score = FrameKindsTests.send(detector, Int64(index) * 10_000_000, 0x100, data)
            if let score, isNew { scores.append(score) } else { #expect(score ?? 0 < 1) }
        }
        #expect(scores.prefix(2).allSatisfy { $0 >= 1 })
        #expect(scores.dropFirst(3).allSatisfy { $0 < 1 })
        #expect(detector.blame == "0x100 payload" && detector.firedRule == .payload && detector.blamedIdentifier == 0x100)
    }
}
