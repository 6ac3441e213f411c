import Detection
import Quantities

/// Frames a second through each detector over frames and through the preset `can-ids`, beside a plain pass over the same frames.
///
/// The bus: 64 identifiers with periods of 10 ms to 200 ms and 2 % jitter, eight bytes with a counter, a slow value, noise and constants. Only frames
/// after the time to learn are timed, all of them legitimate, as nearly all frames are.
enum CANIDSBenchmark {
    struct Frame {
        var time: Int64
        var identifier: UInt32
        var bits: Int32
        var data: UInt64
    }

    /// The time to learn in seconds of the bus.
    private static let learn: Int64 = 20

    static func run(repeats: Int = 3) -> [Measurement] {
        let frames = traffic(seconds: 220)
        let start = frames.firstIndex { $0.time >= learn * 1_000_000_000 } ?? 0
        let millions = Double(frames.count - start) / 1e6
        var plain = Double.infinity
        var sum: UInt64 = 0
        for _ in 0..<repeats {
            let begin = processorTime()
            for index in start..<frames.count { sum &+= pass(frames[index]) }
            plain = min(plain, processorTime() - begin)
        }
        var results = [Measurement(name: "can-ids.plain-pass", value: sum == 0 ? 0 : millions / plain, unit: "M frames/s")]
        for kind in DetectorKind.frameKinds {
            guard let time = time(kind, frames, start, repeats) else {
                results.append(Measurement(name: "can-ids." + kind.name, value: 0, unit: "made", bar: 1))
                continue
            }
            let isPreset = kind.name == "can-ids"
            results.append(
                Measurement(name: "can-ids." + (isPreset ? "preset" : kind.name), value: millions / time, unit: "M frames/s", bar: isPreset ? 3 : nil))
            if isPreset { results.append(Measurement(name: "can-ids.preset.of-plain-pass", value: time / plain, unit: "x")) }
        }
        return results
    }

    @inline(never)
    private static func pass(_ frame: Frame) -> UInt64 { UInt64(bitPattern: frame.time) ^ UInt64(frame.identifier) ^ frame.data }

    /// The least processor time of the judged frames; `nil` when the detector cannot be made.
    private static func time(_ kind: DetectorKind, _ frames: [Frame], _ start: Int, _ repeats: Int) -> Double? {
        var settings: [String: DetectorSettingValue] = ["watch": .word("can0")]
        if kind.settings.contains(where: { $0.name == "learn_for" }) { settings["learn_for"] = .duration(.seconds(learn)) }
        if kind.name == "bus-load" { settings["bitrate"] = .number(500_000) }
        if kind.name == "rate" {
            settings["count"] = .count(100)
            settings["timespan"] = .duration(.milliseconds(100))
        }
        var least = Double.infinity
        for _ in 0..<repeats {
            guard let detector = try? kind.makeObject(settings) as? any FramesDetecting else { return nil }
            var anomalies = feed(detector, frames, 0..<start)
            let begin = processorTime()
            anomalies += feed(detector, frames, start..<frames.count)
            least = min(least, processorTime() - begin)
            if anomalies < 0 { return nil }
        }
        return least
    }

    private static func feed(_ detector: any FramesDetecting, _ frames: [Frame], _ range: Range<Int>) -> Int {
        var anomalies = 0
        frames.withUnsafeBufferPointer { frames in
            for index in range {
                let frame = frames[index]
                withUnsafeBytes(of: frame.data) { data in
                    let score = detector.update(
                        at: Instant(nanoseconds: frame.time), identifier: frame.identifier, data: data, bits: Int(frame.bits))
                    if let score, score >= 1 { anomalies += 1 }
                }
            }
        }
        return anomalies
    }

    static func traffic(seconds: Int) -> [Frame] {
        let periods: [Int64] = [10, 10, 20, 20, 50, 100, 100, 200]
        var frames: [Frame] = []
        var random: UInt64 = 7
        func draw() -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return random >> 33
        }
        for sender in 0..<64 {
            let period = periods[sender % periods.count] * 1_000_000
            let end = Int64(seconds) * 1_000_000_000
            var count: UInt64 = 0
            for slot in stride(from: Int64(sender) * 137_000, to: end, by: Int64.Stride(period)) {
                count += 1
                let jitter = Int64(draw() % UInt64(period / 50))
                let value = (count / 40) & 0xFFFF
                let data = UInt64(count & 15) | value << 8 | (draw() & 7) << 24 | 0x1200_3400_0000_0000
                frames.append(Frame(time: slot + jitter, identifier: UInt32(0x80 + sender * 13), bits: 120, data: data))
            }
        }
        frames.sort { ($0.time, $0.identifier) < ($1.time, $1.identifier) }
        return frames
    }
}
