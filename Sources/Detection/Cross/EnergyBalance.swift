public import Quantities

/// A meter counts another energy than the power gives: `energy-balance`. Input 0 is the power, input 1 the register of the meter.
public final class EnergyBalance: SignalsDetecting {
    /// Everything that can be set; energies in joules, powers in watts.
    public struct Settings: Sendable {
        /// The difference that is normal, as a part of the energy.
        public var tolerance = 0.03
        /// Energy before there is a score.
        public var minimumEnergy = 720_000.0
        /// The step of the register.
        public var resolution = 3600.0
        /// The greatest power that the site can have; `nil` for no such bound.
        public var maximumPower: Double?
        /// After a longer gap of the power the sums start anew.
        public var maximumGap = Duration.seconds(300)
        /// The sums start anew after so much energy; `nil` for never.
        public var block: Double?

        /// The usual settings.
        public init() {}
    }

    private let settings: Settings
    private var clock = SampleClock()
    private var power = Double.nan
    private var powerTime: Int64 = 0
    /// The energy since the start of the sums, with what rounding has cut off (W. Kahan, Communications of the ACM 8 (1965) 40).
    private var energy = 0.0
    private var lost = 0.0
    /// What the sums cannot know: a power that changed by d between two samples dt apart may have done so at any instant between them, d · dt / 2 to each side.
    private var open = 0.0
    private var register = Double.nan
    private var registerTime: Int64 = 0
    /// The register and the energy at its start.
    private var start: (register: Double, energy: Double)?

    /// A detector that has seen nothing; throws when a number is out of range.
    public init(_ settings: Settings) throws(DetectionError) {
        guard settings.tolerance > 0, settings.tolerance.isFinite else { throw .outOfRange(setting: "tolerance", requirement: "above 0") }
        guard settings.minimumEnergy > 0, settings.minimumEnergy.isFinite else { throw .outOfRange(setting: "min_energy", requirement: "above 0") }
        guard settings.resolution >= 0, settings.resolution.isFinite else { throw .outOfRange(setting: "resolution", requirement: "not negative") }
        guard settings.maximumPower ?? 1 > 0 else { throw .outOfRange(setting: "max_power", requirement: "above 0") }
        guard settings.block ?? settings.minimumEnergy >= settings.minimumEnergy else {
            throw .outOfRange(setting: "block", requirement: "at least 'min_energy'")
        }
        guard settings.maximumGap > .zero else { throw .outOfRange(setting: "max_gap", requirement: "longer than 0 s") }
        self.settings = settings
    }

    /// Input that could not be used.
    public var health: DetectorHealth { clock.health }

    public func resume() {
        power = .nan
        register = .nan
        start = nil
    }

    /// Takes a value; there is a score at a value of the register once enough energy has flown.
    /// The register is judged by the power.
    public var judgedInput: Int { 1 }

    public func update(at instant: Instant, input: Int, value: Double) -> Double? {
        guard input == 0 || input == 1, clock.admits(instant, value) else { return nil }
        let now = instant.nanoseconds
        let value = max(-1e50, min(1e50, value))
        return input == 0 ? takePower(value, at: now) : takeRegister(value, at: now)
    }

    private func isWithinGap(_ older: Int64, _ now: Int64) -> Bool { distance(from: older, to: now) <= UInt64(settings.maximumGap.nanoseconds) }

    private func takePower(_ value: Double, at now: Int64) -> Double? {
        if !power.isNaN, isWithinGap(powerTime, now) {
            let seconds = Double(now &- powerTime) * 1e-9
            add((value + power) / 2 * seconds)
            open += (value - power).magnitude / 2 * seconds
        } else {
            start = nil
        }
        power = value
        powerTime = now
        return nil
    }

    private func add(_ amount: Double) {
        let corrected = amount - lost
        let sum = energy + corrected
        lost = (sum - energy) - corrected
        energy = sum
    }

    private func takeRegister(_ value: Double, at now: Int64) -> Double? {
        let before = register
        let since = registerTime
        register = value
        registerTime = now
        if let most = settings.maximumPower, !before.isNaN {
            // More than the site can deliver is wrong at once.
            let bound = most * Double(now &- since) * 1e-9 * 1.02 + settings.resolution
            if value - before > bound { return max(2, Score.settled(hit: true, raw: (value - before) / max(bound, 1e-9))) }
        }
        guard !power.isNaN, isWithinGap(powerTime, now) else {
            start = nil
            return nil
        }
        // The power holds from its newest value to now.
        let total = energy + power * Double(now &- powerTime) * 1e-9
        guard let start else {
            energy = 0
            lost = 0
            open = 0
            // What the power gave before this instant does not count.
            self.start = (value, power * Double(now &- powerTime) * 1e-9)
            return nil
        }
        let counted = value - start.register
        let flown = total - start.energy
        guard flown.magnitude >= settings.minimumEnergy else { return nil }
        let bound = settings.tolerance * flown.magnitude + settings.resolution + open
        let difference = (counted - flown).magnitude
        if let block = settings.block, flown.magnitude >= block { self.start = nil }
        return Score.settled(hit: difference > bound, raw: difference / bound)
    }

    /// Energy of the register over that of the power since the sums began; `nil` before.
    var ratio: Double? {
        guard let start else { return nil }
        let flown = energy + power * Double(registerTime &- powerTime) * 1e-9 - start.energy
        return flown == 0 ? nil : (register - start.register) / flown
    }

    /// The energy of the power since the sums began, in joules.
    var flown: Double { energy - (start?.energy ?? 0) }

    public func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        let begin = start ?? (register: Double.nan, energy: 0.0)
        for number in [power, energy, lost, open, register, begin.register, begin.energy] { writer.put(number) }
        writer.put(powerTime)
        writer.put(registerTime)
    }

    public func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        power = try reader.number()
        energy = try reader.number()
        lost = try reader.number()
        open = try reader.number()
        register = try reader.number()
        let (from, at) = (try reader.number(), try reader.number())
        start = from.isNaN ? nil : (from, at)
        powerTime = try reader.integer()
        registerTime = try reader.integer()
    }
}
