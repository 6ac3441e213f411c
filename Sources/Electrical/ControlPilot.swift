/// The control pilot of IEC 61851-1: states by voltage, and the duty cycle that tells the vehicle its current.
public enum ControlPilot {
    /// State of the vehicle as the pilot shows it.
    public enum State: UInt8, CaseIterable, Sendable {
        case a, b, c, d, e, f

        /// Its letter.
        public var name: String { ["A", "B", "C", "D", "E", "F"][Int(rawValue)] }
        /// Positive voltage of the pilot in V; -12 V in state F.
        public var voltage: Double { [12, 9, 6, 3, 0, -12][Int(rawValue)] }
    }

    /// The duty cycle, 0...1, for a current in A: I / 60 A up to 51 A, I / 250 A + 0.64 above; 1, no pulses, below 6 A.
    public static func duty(current: Double) -> Double {
        guard current >= 6 else { return 1 }
        return current <= 51 ? current / 60 : min(current, 80) / 250 + 0.64
    }

    /// The current in A that a duty cycle allows; 0 outside 10 % to 96 %.
    public static func current(duty: Double) -> Double {
        switch duty {
        case 0.0999..<0.85: duty * 60
        case 0.85...0.9601: (duty - 0.64) * 250
        default: 0
        }
    }
}
