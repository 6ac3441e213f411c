import Detection
import Glibc
import Quantities

/// `evsim-bench detector-memory`: how often each kind of detector allocates in ten thousand updates, once it has reached its usual size.
///
/// It needs a library that counts, loaded before it: see `Tests/Benchmarks/detector-memory.sh`. Exit 1 when a kind allocates or cannot be made.
enum AllocationCheck {
    private typealias Counter = @convention(c) () -> UInt64
    private static let counted = 10_000

    /// Settings of the kinds that their types alone do not tell.
    private static let given: [String: [String: DetectorSettingValue]] = [
        "oscillation": ["swing": .number(20)], "goertzel": ["frequencies": .texts(["0.1", "0.125"]), "above": .number(10)],
        "seasonal-baseline": ["period": .duration(.seconds(3600)), "slots": .count(60)], "zscore": ["samples": .count(50)],
        "iqr": ["samples": .count(200)], "ewma-chart": ["mean": .number(30), "sigma": .number(17)], "cusum": ["mean": .number(30), "sigma": .number(17)],
        "histogram-rarity": ["from": .number(0), "to": .number(60)], "rarity2d": ["from": .number(0), "to": .number(60)],
        "markov": ["from": .number(0), "to": .number(60)], "bus-load": ["bitrate": .number(500_000)],
        "rate": ["count": .count(100), "timespan": .duration(.milliseconds(100))],
        "band": ["above": .number(50), "below": .number(5)], "threshold": ["above": .number(50)],
        "state-band": ["limits": .tree(.entries([(name: "1", value: .entries([(name: "above", value: .number(50, .none))]))]))],
        "correlate": [
            "parts": .tree(.entries([(name: "calls", value: .entries([(name: "type", value: .text("call"))]))])), "within": .duration(.seconds(10)),
            "above": .number(1e6),
        ],
        "signature": ["selection": .tree(.entries([(name: "type", value: .text("call")), (name: "action", value: .text("Reset"))]))],
    ]

    static func run() -> Int32 {
        guard let symbol = dlsym(nil, "evsim_allocations") else {
            say("nothing counts allocations: see Tests/Benchmarks/detector-memory.sh\n")
            return 2
        }
        let count = unsafeBitCast(symbol, to: Counter.self)
        let frames = CANIDSBenchmark.traffic(seconds: 100)
        let messages = MessageIDsBenchmark.fleet(chargePoints: 500, rounds: 60)
        var isFine = true
        for kind in DetectorKind.all where kind.input != .parts && kind.input != .condition {
            let isOCPP = kind.input == .messages
            let start = count()
            do {
                let values = settings(kind, watch: isOCPP ? "ocpp" : "can0")
                let number: UInt64
                if !kind.isObject {
                    number = signal(try kind.makeDetector(values), count)
                } else {
                    switch try kind.makeObject(values) {
                    case let detector as any SignalsDetecting: number = signals(detector, inputs(kind, values), count)
                    case let detector as any FramesDetecting where !isOCPP: number = bus(detector, frames, count)
                    case let detector as any MessagesDetecting: number = fleet(detector, messages, count)
                    default: continue
                    }
                }
                // Making it allocates, or nothing is counted.
                let isCounted = count() > start
                print("\(kind.name) \(isCounted ? String(number) : "not counted")")
                isFine = isFine && isCounted && number == 0
            } catch {
                print("\(kind.name) \(error.description)")
                isFine = false
            }
        }
        return isFine ? 0 : 1
    }

    private static func say(_ text: String) { _ = write(STDERR_FILENO, text, text.utf8.count) }

    /// What a kind needs, by the types of its settings.
    private static func settings(_ kind: DetectorKind, watch: String) -> [String: DetectorSettingValue] {
        var values = given[kind.name] ?? [:]
        for setting in kind.settings where setting.isRequired && values[setting.name] == nil {
            if !kind.isObject, setting.type == .signal { continue }
            switch setting.type {
            case .duration: values[setting.name] = .duration(.seconds(10))
            case .quantity: values[setting.name] = .number(30)
            case .count(let range): values[setting.name] = .count(min(max(50, range.lowerBound), range.upperBound))
            case .oneOf(let words): values[setting.name] = .word(words[0])
            case .signal, .text: values[setting.name] = .word(setting.name)
            case .signals(let least): values[setting.name] = .texts((0..<least).map { "s\($0)" })
            case .stream: values[setting.name] = .word(watch)
            case .plain(let range), .measure(_, let range): values[setting.name] = .number(min(max(1, range.lowerBound), range.upperBound))
            case .texts: values[setting.name] = .texts(["1"])
            case .temporal:
                let atom = TemporalFormula.atom(TemporalAtom(input: 0, .atMost))
                values[setting.name] = .word(TemporalFormula.always(TemporalBounds(from: .zero, to: .seconds(10)), atom).code)
            case .tree, .states, .condition, .detectors: break
            }
        }
        return values
    }

    /// Signals that a kind with these settings takes.
    private static func inputs(_ kind: DetectorKind, _ values: [String: DetectorSettingValue]) -> Int {
        kind.settings.reduce(0) { sum, setting in
            switch (setting.type, values[setting.name]) {
            case (.signal, .some): sum + 1
            case (.signals, .texts(let names)?): sum + names.count
            case (.temporal, .some): sum + 1
            default: sum
            }
        }
    }

    private static func value(_ index: Int, _ state: inout UInt64) -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) * 0x1p-53 * 60
    }

    private static func signal(_ detector: Detector, _ count: Counter) -> UInt64 {
        var state: UInt64 = 1
        var before: UInt64 = 0
        for index in 0..<60_000 + counted {
            if index == 60_000 { before = count() }
            _ = detector.update(at: Instant(nanoseconds: Int64(index) * 1_000_000_000), value: value(index, &state))
        }
        return count() - before
    }

    private static func signals(_ detector: any SignalsDetecting, _ inputs: Int, _ count: Counter) -> UInt64 {
        var state: UInt64 = 1
        var before: UInt64 = 0
        for index in 0..<20_000 + counted {
            if index == 20_000 { before = count() }
            let now = Instant(nanoseconds: Int64(index) * 1_000_000_000)
            if let timer = detector.nextTimer, timer < now { _ = detector.timer(at: timer) }
            for input in 0..<max(inputs, 1) { _ = detector.update(at: now, input: input, value: value(index, &state)) }
            if detector.nextTimer == now { _ = detector.timer(at: now) }
        }
        return count() - before
    }

    private static func bus(_ detector: any FramesDetecting, _ frames: [CANIDSBenchmark.Frame], _ count: Counter) -> UInt64 {
        var before: UInt64 = 0
        for (index, frame) in frames.enumerated() {
            if index == frames.count - counted { before = count() }
            withUnsafeBytes(of: frame.data) { data in
                _ = detector.update(at: Instant(nanoseconds: frame.time), identifier: frame.identifier, data: data, bits: Int(frame.bits))
            }
        }
        return count() - before
    }

    private static func fleet(_ detector: any MessagesDetecting, _ messages: [MessageEvent], _ count: Counter) -> UInt64 {
        var before: UInt64 = 0
        for (index, message) in messages.enumerated() {
            if index == messages.count - counted { before = count() }
            _ = detector.update(message)
        }
        return count() - before
    }
}
