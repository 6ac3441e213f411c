import Glibc

/// One result of a benchmark: a rate, a ratio or a time, and what is accepted.
struct Measurement {
    let name: String
    let value: Double
    let unit: String
    /// The least value that passes; `nil` when the figure is for information.
    var bar: Double?
    /// The greatest value that passes, for times.
    var most: Double?

    var passes: Bool { value >= bar ?? -.infinity && value <= most ?? .infinity }

    /// One JSON object without a line break.
    var json: String {
        let bar = self.bar.map { Measurement.decimal($0) } ?? "null"
        let most = self.most.map { ",\"most\":" + Measurement.decimal($0) } ?? ""
        return #"{"name":"\#(name)","value":\#(Measurement.decimal(value)),"unit":"\#(unit)","bar":\#(bar)\#(most),"pass":\#(passes)}"#
    }

    /// A line for people.
    var text: String {
        let padded = name + String(repeating: " ", count: max(1, 36 - name.utf8.count))
        let verdict = (bar ?? most).map { "   bar \(Measurement.decimal($0)) \(passes ? "met" : "MISSED")" } ?? ""
        return padded + Measurement.decimal(value) + " " + unit + verdict
    }

    /// Three decimals.
    static func decimal(_ value: Double) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "null" }
        let thousandths = Int64((value.magnitude * 1000).rounded())
        let fraction = String(thousandths % 1000)
        return (value < 0 ? "-" : "") + "\(thousandths / 1000)." + String(repeating: "0", count: 3 - fraction.utf8.count) + fraction
    }
}

/// Processor time of this process in seconds.
func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// The least processor time of several runs of each body; the bodies take turns, so that a busy moment hits all of them.
func leastTimes(repeats: Int, _ bodies: [() -> Void]) -> [Double] {
    var least = [Double](repeating: .infinity, count: bodies.count)
    for _ in 0..<repeats {
        for (index, body) in bodies.enumerated() {
            let begin = processorTime()
            body()
            least[index] = min(least[index], processorTime() - begin)
        }
    }
    return least
}
