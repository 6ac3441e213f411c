import OCPP

/// What a meter shows at an instant: the register and the power over all phases.
struct MeterReading {
    /// Milliseconds of the time stamp.
    var time: Int64
    /// Wh; not a number if the message does not say.
    var register = Double.nan
    /// Wh between two values that the register can show.
    var resolution = 1.0
    /// W.
    var power = Double.nan
    /// A, over all phases or of the only one that is given.
    var current = Double.nan

    init(_ value: MeterValue) {
        time = value.timestamp.milliseconds
        var powerSum = 0.0
        var hasPower = false
        var phases: [(current: Double, voltage: Double)] = []
        var plain = (current: Double.nan, voltage: Double.nan)
        func take(_ sample: SampledValue) {
            guard sample.format != .signedData, let number = sample.double, sample.location == nil || sample.location == .outlet else { return }
            switch sample.effectiveMeasurand {
            case .energyActiveImportRegister:
                guard sample.phase == nil else { return }
                let scale = sample.unit == .kilowattHours ? 1000.0 : 1
                register = number * scale
                var step = scale
                for _ in 0..<min(sample.scale, 6) { step /= 10 }
                resolution = max(1, step)
            case .powerActiveImport:
                let watts = sample.unit == .kilowatts ? number * 1000 : number
                if sample.phase == nil {
                    power = watts
                } else {
                    powerSum += watts
                    hasPower = true
                }
            case .currentImport:
                if let phase = sample.phase { MeterReading.put(number, phase, \.current, &phases) } else { plain.current = number }
            case .voltage:
                if let phase = sample.phase { MeterReading.put(number, phase, \.voltage, &phases) } else { plain.voltage = number }
            default: break
            }
        }
        if let first = value.first { take(first) }
        for sample in value.others { take(sample) }
        if power.isNaN, hasPower { power = powerSum }
        if phases.contains(where: { !$0.current.isNaN }) {
            current = phases.reduce(0) { $0 + ($1.current.isNaN ? 0 : $1.current) }
            let voltage = plain.voltage
            if power.isNaN, phases.allSatisfy({ $0.current.isNaN || !$0.voltage.isNaN || !voltage.isNaN }) {
                power = phases.reduce(0) { $0 + ($1.current.isNaN ? 0 : $1.current * ($1.voltage.isNaN ? voltage : $1.voltage)) }
            }
        } else if !plain.current.isNaN {
            current = plain.current
            if power.isNaN, !plain.voltage.isNaN { power = plain.current * plain.voltage }
        }
    }

    private static func put(
        _ number: Double, _ phase: MeterPhase, _ field: WritableKeyPath<(current: Double, voltage: Double), Double>,
        _ phases: inout [(current: Double, voltage: Double)]
    ) {
        let place: Int
        switch phase {
        case .l1, .l1N: place = 0
        case .l2, .l2N: place = 1
        case .l3, .l3N: place = 2
        default: return
        }
        while phases.count <= place { phases.append((.nan, .nan)) }
        phases[place][keyPath: field] = number
    }
}

/// The register of a meter against the power that it shows, and both against what is possible.
struct MeterTrack {
    private var time: Int64 = .min
    /// When the last reading came, nanoseconds.
    private var arrival: Int64 = .min
    private var register = Double.nan
    private var power = Double.nan
    /// Since the last verdict: energy out of the power, energy out of the register, and what the ramps between the samples leave open; Wh.
    private var fromPower = 0.0
    private var fromRegister = 0.0
    private var open = 0.0
    /// Phases behind a current that is given once: 0 while it is not known.
    private var phases = 0.0

    /// The last register, Wh.
    var lastRegister: Double { register }

    /// What is wrong with a reading.
    enum Verdict {
        case none
        case fine(Double)
        case back(by: Double)
        case tooMuch(Double)
        case differs(Double, measured: Double, register: Double)
    }

    /// A transaction has begun with this register.
    mutating func begin(_ register: Double, at time: Int64) {
        self = MeterTrack()
        self.register = register
        self.time = time
    }

    /// Takes a reading.
    ///
    /// - Parameters:
    ///   - now: when it came, nanoseconds; where that does not go with the time stamps, because a clock was set or a queue was emptied, energies are not
    ///     compared.
    ///   - greatest: W that no connector can exceed.
    ///   - tolerance: the greatest relative difference between register and power.
    ///   - least: Wh before the two are compared.
    mutating func take(_ reading: MeterReading, at now: Int64, greatest: Double, tolerance: Double, least: Double) -> Verdict {
        guard !reading.register.isNaN else { return .none }
        defer {
            time = max(time, reading.time)
            arrival = now
            register = reading.register
            power = reading.power
        }
        guard !register.isNaN, time != .min else { return .none }
        let rise = reading.register - register
        if rise < -1.5 * reading.resolution { return .back(by: -rise) }
        guard reading.time > time else { return .none }
        let stamped = Double(age(of: time, at: reading.time)) / 1000
        let waited = arrival == .min ? stamped : Double(age(of: arrival, at: now)) / 1e9
        let seconds = max(stamped, waited)
        let bound = greatest * seconds / 3600 * 1.02 + 2 * reading.resolution + greatest / 3600
        if rise > bound { return .tooMuch(rise / bound) }
        guard !reading.power.isNaN, !power.isNaN, seconds <= 1200, abs(stamped - waited) <= 5 else {
            (fromPower, fromRegister, open) = (0, 0, 0)
            return .none
        }
        fromPower += (power + reading.power) / 2 * seconds / 3600
        fromRegister += rise
        open += abs(reading.power - power) / 2 * seconds / 3600
        let size = max(abs(fromPower), fromRegister)
        guard size >= least else { return .none }
        // What swings more than it charges says nothing until there is more of it.
        if open > size / 2, size < 20 * least { return .none }
        defer { (fromPower, fromRegister, open) = (0, 0, 0) }
        if phases == 0, fromPower > 0 {
            let ratio = fromRegister / fromPower
            phases = [1.0, 2, 3].first { abs(ratio / $0 - 1) < 0.15 } ?? 1
        }
        let measured = fromPower * max(1, phases)
        let difference = max(0, abs(fromRegister - measured) - open - 2 * reading.resolution)
        let ratio = difference / (tolerance * max(measured, fromRegister))
        return ratio > 1 ? .differs(ratio, measured: measured, register: fromRegister) : .fine(ratio)
    }

    func save(_ writer: inout StateWriter) {
        writer.put(time)
        writer.put(arrival)
        for value in [register, power, fromPower, fromRegister, open, phases] { writer.put(value) }
    }

    init() {}

    init(_ reader: inout StateReader) throws(DetectionError) {
        time = try reader.integer()
        arrival = try reader.integer()
        register = try reader.number()
        power = try reader.number()
        fromPower = try reader.number()
        fromRegister = try reader.number()
        open = try reader.number()
        phases = try reader.number()
    }
}
