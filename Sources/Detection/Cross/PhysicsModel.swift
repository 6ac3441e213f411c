public import Quantities
import SimulationKernel

/// How a watched signal should move.
public enum PhysicsMotion: Sendable {
    /// It wanders about: no law, only a drift.
    case randomWalk
    /// It follows the first input with a time constant, as the current of a charger follows its limit.
    case firstOrder(tau: Double)
    /// It integrates the first input: the state of charge of a battery of a capacity in joules, with an efficiency.
    case stateOfCharge(capacity: Double, efficiency: Double)
    /// It warms up by the square of the first input, a current, and cools down to the ambient temperature.
    case connectorTemperature(resistance: Double, ambient: Double, tau: Double)
    /// A charging current: the least of the limit, of the power limit over the voltage, and of the current at constant voltage, that falls with the
    /// state of charge. Inputs: limit, voltage, state of charge.
    case chargingCurrent(maximumPower: Double, knee: Double, kneeCurrent: Double, fall: Double, tau: Double)

    /// How many inputs it has beside the watched signal.
    public var inputCount: Int {
        switch self {
        case .randomWalk: 0
        case .firstOrder, .stateOfCharge, .connectorTemperature: 1
        case .chargingCurrent: 3
        }
    }
}

/// What a `physics-model` judges.
public enum PhysicsForm: String, Sendable, CaseIterable {
    /// Every measurement by itself.
    case each
    /// The sum over the last measurements, for changes too small to be seen in one.
    case window
    /// A lasting difference in one direction, by a CUSUM of the normalised differences.
    case bias
}

/// A measurement does not fit what physics says: `physics-model`. Input 0 is the watched signal, the others are those of the motion in its order.
public final class PhysicsModel: SignalsDetecting {
    /// Everything that can be set.
    public struct Settings: Sendable {
        /// How the signal should move.
        public var motion = PhysicsMotion.randomWalk
        /// Standard deviation of a measurement.
        public var noise = 1.0
        /// Standard deviation that the model gains in a second.
        public var drift = 0.1
        /// Probability with which a right measurement is called wrong.
        public var p = 1e-4
        /// What is judged.
        public var form = PhysicsForm.each
        /// Measurements in the window form.
        public var samples = 20
        /// Allowance and limit of the bias form, in standard deviations.
        public var k = 0.5
        public var h = 5.0
        /// After a longer gap the model starts anew.
        public var maximumGap = Duration.seconds(300)
        /// How long the size of the differences is learnt first; 0 s takes `noise` as it is.
        public var learnFor = Duration.zero

        /// The usual settings.
        public init() {}
    }

    private let settings: Settings
    private let gate: Double
    private let windowGate: Double
    private var clock = SampleClock()
    private var inputs: [Double]
    private var filter: ScalarKalman?
    private var last: Int64 = 0
    private var first: Int64?
    /// How much larger the variance of the differences is than the model says.
    private var inflation = 1.0
    private var learnt = 0.0
    private var learntCount = 0
    private var ring: [Double]
    private var ringCount = 0
    private var ringSum = 0.0
    private var up = 0.0
    private var down = 0.0
    private var upSince: Int64?
    private var downSince: Int64?
    /// When what the last anomalous score is about began.
    public private(set) var onset: Instant?

    /// A model that has seen nothing; throws when a number is out of range.
    public init(_ settings: Settings) throws(DetectionError) {
        guard settings.noise > 0, settings.noise.isFinite else { throw .outOfRange(setting: "noise", requirement: "above 0") }
        guard settings.drift >= 0, settings.drift.isFinite else { throw .outOfRange(setting: "drift", requirement: "not negative") }
        guard settings.p > 1e-15, settings.p < 0.5 else { throw .outOfRange(setting: "p", requirement: "between 1e-15 and 0.5") }
        guard (1...100_000).contains(settings.samples) else { throw .outOfRange(setting: "samples", requirement: "between 1 and 100000") }
        guard settings.k >= 0, settings.h > 0, settings.h.isFinite, settings.k.isFinite else {
            throw .outOfRange(setting: "h", requirement: "above 0, and 'k' not negative")
        }
        self.settings = settings
        gate = ChiSquared.upperQuantile(settings.p, degrees: 1)
        windowGate = settings.form == .window ? ChiSquared.upperQuantile(settings.p, degrees: settings.samples) : 0
        inputs = [Double](repeating: .nan, count: settings.motion.inputCount)
        ring = [Double](repeating: 0, count: settings.form == .window ? settings.samples : 0)
    }

    /// Input that could not be used.
    public var health: DetectorHealth { clock.health }

    public func resume() { filter = nil }

    /// Takes a value; there is a score for a measurement once all inputs are known.
    public func update(at instant: Instant, input: Int, value: Double) -> Double? {
        guard input >= 0, input <= inputs.count, clock.admits(instant, value) else { return nil }
        let value = max(-1e100, min(1e100, value))
        if input > 0 {
            // The model runs with the old input until now.
            advance(to: instant.nanoseconds)
            inputs[input - 1] = value
            return nil
        }
        for input in inputs where input.isNaN { return nil }
        guard filter != nil, distance(from: last, to: instant.nanoseconds) <= UInt64(max(0, settings.maximumGap.nanoseconds)) else {
            start(value, at: instant.nanoseconds)
            return nil
        }
        advance(to: instant.nanoseconds)
        return measure(value, at: instant)
    }

    private func start(_ value: Double, at now: Int64) {
        filter = ScalarKalman(x: value, p: settings.noise * settings.noise)
        last = now
        ringCount = 0
        ringSum = 0
        (up, down) = (0, 0)
    }

    /// The state moves on to an instant.
    private func advance(to now: Int64) {
        guard var moved = filter, now > last else { return }
        for input in inputs where input.isNaN { return }
        let dt = Double(now &- last) * 1e-9
        let variance = settings.drift * settings.drift * dt
        switch settings.motion {
        case .randomWalk: moved.predict(keep: 1, shift: 0, variance: variance)
        case .firstOrder(let tau): follow(&moved, inputs[0], tau, dt, variance)
        case .stateOfCharge(let capacity, let efficiency):
            // Taken out of the battery, the losses come on top.
            let factor = inputs[0] < 0 ? 1 / efficiency : efficiency
            moved.predict(keep: 1, shift: factor * inputs[0] * dt / capacity, variance: variance)
        case .connectorTemperature(let resistance, let ambient, let tau):
            follow(&moved, ambient + resistance * inputs[0] * inputs[0], tau, dt, variance)
        case .chargingCurrent(let maximumPower, let knee, let kneeCurrent, let fall, let tau):
            var target = inputs[0]
            if inputs[1] > 0 { target = min(target, maximumPower / inputs[1]) }
            target = min(target, kneeCurrent * Portable.exp(-(inputs[2] - knee) / fall))
            follow(&moved, target, tau, dt, variance)
        }
        filter = moved
        last = now
    }

    private func follow(_ filter: inout ScalarKalman, _ target: Double, _ tau: Double, _ dt: Double, _ variance: Double) {
        let keep = tau > 0 ? Portable.exp(-dt / tau) : 0
        filter.predict(keep: keep, shift: (1 - keep) * target, variance: variance)
    }

    private func measure(_ y: Double, at instant: Instant) -> Double? {
        guard var filter else { return nil }
        let innovation = filter.innovation(y, noise: settings.noise * settings.noise)
        let now = instant.nanoseconds
        let start = first ?? now
        first = start
        if settings.learnFor > .zero, distance(from: start, to: now) < UInt64(settings.learnFor.nanoseconds) {
            // Single outliers must not widen the model.
            learnt += min(innovation.squared, 25)
            learntCount += 1
            inflation = max(learnt / Double(learntCount), 1e-6)
            filter.correct(innovation)
            self.filter = filter
            return nil
        }
        let squared = innovation.squared / inflation
        let isUsual = squared < gate
        // What is anomalous is not learnt: the prediction stays.
        if isUsual || settings.form == .bias { filter.correct(innovation) }
        self.filter = filter
        switch settings.form {
        case .each: return Score.settled(hit: !isUsual, raw: squared / gate)
        case .window: return window(min(squared, 1e100))
        case .bias: return bias(innovation.difference / (innovation.variance * inflation).squareRoot(), at: now)
        }
    }

    private func window(_ squared: Double) -> Double? {
        let place = ringCount % ring.count
        ringSum += squared - (ringCount >= ring.count ? ring[place] : 0)
        ring[place] = squared
        ringCount += 1
        if place == ring.count - 1 {
            // Once a round the sum is made anew, so that rounding does not pile up.
            ringSum = ring.reduce(0, +)
            ringCount = ring.count
        }
        guard ringCount >= ring.count else { return nil }
        return Score.settled(hit: ringSum > windowGate, raw: ringSum / windowGate)
    }

    private func bias(_ difference: Double, at now: Int64) -> Double {
        let z = max(-1e6, min(1e6, difference))
        up = max(0, up + z - settings.k)
        down = max(0, down - z - settings.k)
        if up == 0 { upSince = nil } else if upSince == nil { upSince = now }
        if down == 0 { downSince = nil } else if downSince == nil { downSince = now }
        let statistic = max(up, down)
        let isHit = statistic > settings.h
        if isHit { onset = (up >= down ? upSince : downSince).map { Instant(nanoseconds: $0) } }
        (up, down) = (min(up, 2 * settings.h), min(down, 2 * settings.h))
        return Score.settled(hit: isHit, raw: statistic / settings.h)
    }

    public func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        for input in inputs { writer.put(input) }
        writer.put(filter != nil)
        for number in [filter?.x ?? 0, filter?.p ?? 0, inflation, learnt, up, down, ringSum] { writer.put(number) }
        for time in [first, upSince, downSince, onset?.nanoseconds] { writer.put(time) }
        writer.put(last)
        writer.put(learntCount)
        writer.put(ringCount)
        for value in ring { writer.put(value) }
    }

    public func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        for index in inputs.indices { inputs[index] = try reader.number() }
        let isRunning = try reader.flag()
        let state = ScalarKalman(x: try reader.number(), p: try reader.number())
        filter = isRunning ? state : nil
        inflation = try reader.number()
        learnt = try reader.number()
        up = try reader.number()
        down = try reader.number()
        ringSum = try reader.number()
        first = try reader.optionalInteger()
        upSince = try reader.optionalInteger()
        downSince = try reader.optionalInteger()
        onset = try reader.optionalInteger().map { Instant(nanoseconds: $0) }
        last = try reader.integer()
        learntCount = try reader.int()
        ringCount = try reader.int(in: 0...max(0, 2 * ring.count))
        for index in ring.indices { ring[index] = try reader.number() }
    }
}
