import Quantities
import SimulationKernel

/// The preset `rows`: rows of several columns of which nothing is known, and which of them are odd.
///
/// It learns the first rows. Then a row is held against what was learnt: each column by itself, far outside of what it ever was, and all together, in
/// directions in which they did not vary (the distance of P. C. Mahalanobis with a covariance that is shrunk to its diagonal, O. Ledoit and M. Wolf,
/// J. Multivariate Analysis 88 (2004) 365-411, here by a fixed tenth). Columns are bent by the inverse hyperbolic sine, so that counts and bytes with long
/// tails are judged by their magnitude.
final class RowsDetector: SignalsDetecting {
    private let features: Int
    private let needed: Int
    private let learnFor: Duration?
    private let risk: Double
    private let names: [String]
    private var row: SignalRow
    private var last = Instant(nanoseconds: .min)
    private var first: Instant?
    private var learnt: [[Double]] = []
    private var model: RowsModel?
    private var tail: TailThreshold
    private(set) var blame = ""

    init(names: [String], needed: Int, learnFor: Duration?, risk: Double) throws(DetectionError) {
        guard risk > 0, risk < 0.5 else { throw .outOfRange(setting: "risk", requirement: "between 0 and 0.5") }
        guard names.count <= 400 else { throw .outOfRange(setting: "watch", requirement: "at most 400 signals") }
        features = names.count
        self.names = names
        self.needed = needed
        self.learnFor = learnFor
        self.risk = risk
        row = SignalRow(count: names.count)
        tail = TailThreshold(risk: risk, needed: 50)
    }

    var health: DetectorHealth { row.clock.health }

    func resume() { row.restart() }

    func update(at instant: Instant, input: Int, value: Double) -> Double? {
        // A row that lacks a column is none: its rest is not part of the next one.
        if instant > last { row.restart() }
        last = max(last, instant)
        guard row.take(at: instant, input: input, value: value) else { return nil }
        if model == nil {
            let start = first ?? instant
            first = start
            let isOver = learnt.count >= needed && (learnFor.map { instant - start >= $0 } ?? true)
            if !isOver, learnt.count < 50_000 {
                learnt.append(row.values)
                return nil
            }
            begin()
        }
        guard let model else { return nil }
        let (distance, column, reach) = model.judge(row.values)
        let threshold = max(tail.value ?? .infinity, 1.2 * model.greatest)
        let together = threshold.isFinite && threshold > 0 ? distance / threshold : 0
        let score = max(reach, together)
        if score > 1 { blame = column >= 0 && reach >= together ? names[column] : "" } else { tail.learn(distance) }
        return Score.settled(hit: score > 1, raw: score)
    }

    private func begin() {
        var made = RowsModel(learnt, features: features)
        tail = TailThreshold(risk: risk, needed: max(50, learnt.count / 2))
        for values in learnt {
            let distance = made.judge(values).distance
            made.greatest = max(made.greatest, distance)
            tail.learn(distance)
        }
        model = made
        learnt = []
    }

    func save(_ writer: inout StateWriter) {
        row.save(&writer)
        writer.put(last.nanoseconds)
        writer.put(first?.nanoseconds)
        writer.put(learnt.count)
        for values in learnt { for value in values { writer.put(value) } }
        writer.put(blame)
        writer.put(model != nil)
        model?.save(&writer)
        tail.save(&writer)
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try row.restore(&reader)
        last = Instant(nanoseconds: try reader.integer())
        first = try reader.optionalInteger().map { Instant(nanoseconds: $0) }
        learnt = []
        for _ in 0..<(try reader.count(itemBytes: 8 * features)) {
            var values: [Double] = []
            for _ in 0..<features { values.append(try reader.number()) }
            learnt.append(values)
        }
        blame = try reader.text()
        model = nil
        if try reader.flag() {
            var made = RowsModel([], features: features)
            try made.restore(&reader)
            model = made
        }
        try tail.restore(&reader)
    }
}

/// What `rows` learnt: middle, scale and reach of each column, and how they vary together.
struct RowsModel {
    private var middles: [Double]
    private var scales: [Double]
    private var means: [Double]
    /// How far each column was from its middle, bent.
    private var reaches: [Double]
    /// The lower triangle of the Cholesky factor of the covariance, row by row.
    private var factor: [Double]
    private var margin = 1.3
    /// The greatest distance of a learnt row.
    var greatest = 0.0

    init(_ rows: [[Double]], features: Int) {
        middles = [Double](repeating: 0, count: features)
        scales = [Double](repeating: 1, count: features)
        means = [Double](repeating: 0, count: features)
        reaches = [Double](repeating: 0, count: features)
        factor = [Double](repeating: 0, count: features * (features + 1) / 2)
        guard !rows.isEmpty else { return }
        // With few rows more lies beyond what was seen.
        margin = rows.count < 200 ? 1.6 : rows.count < 2000 ? 1.4 : 1.3
        for column in 0..<features {
            let sorted = rows.map { $0[column] }.filter { $0.isFinite }.sorted()
            guard !sorted.isEmpty else { continue }
            middles[column] = sorted[sorted.count / 2]
            let spread = sorted[sorted.count * 3 / 4] - sorted[sorted.count / 4]
            let range = sorted[sorted.count - 1] - sorted[0]
            // Most values may be equal: then a part of the range, and for a constant its own size.
            scales[column] = spread > 0 ? spread : range > 0 ? range / 4 : max(middles[column].magnitude * 0.05, 0.5)
            for value in sorted { reaches[column] = max(reaches[column], bent(value, column).magnitude) }
            reaches[column] = max(reaches[column], 0.75)
        }
        correlate(rows.map { row in row.indices.map { bent(row[$0], $0) } })
    }

    /// A value as multiples of the usual spread from the middle, large ones by their magnitude; 0 for what is no number.
    private func bent(_ value: Double, _ column: Int) -> Double {
        guard value.isFinite else { return 0 }
        let x = max(-1e150, min(1e150, (value - middles[column]) / scales[column]))
        let size = x.magnitude
        let bent = Portable.log(size + (size * size + 1).squareRoot())
        return x < 0 ? -bent : bent
    }

    private mutating func correlate(_ rows: [[Double]]) {
        let (n, features) = (Double(rows.count), means.count)
        for column in 0..<features { means[column] = rows.reduce(0) { $0 + $1[column] } / n }
        var place = 0
        for i in 0..<features {
            for j in 0...i {
                var sum = 0.0
                for row in rows { sum += (row[i] - means[i]) * (row[j] - means[j]) }
                let covariance = sum / n
                factor[place] = i == j ? covariance + 0.01 : 0.9 * covariance
                place += 1
            }
        }
        // Cholesky in place; the diagonal is greater than what the rest can take away.
        for i in 0..<features {
            for j in 0...i {
                var sum = factor[i * (i + 1) / 2 + j]
                for k in 0..<j { sum -= factor[i * (i + 1) / 2 + k] * factor[j * (j + 1) / 2 + k] }
                factor[i * (i + 1) / 2 + j] = i == j ? max(sum, 1e-6).squareRoot() : sum / factor[j * (j + 1) / 2 + j]
            }
        }
    }

    /// The distance of a row from the middle, the column that is farthest outside of its reach, and how far: 1 is the limit.
    func judge(_ row: [Double]) -> (distance: Double, column: Int, reach: Double) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(row.count, 1)) { judge(row, $0) }
    }

    /// The same with a place for the differences that are solved for one after the other.
    private func judge(_ row: [Double], _ solved: UnsafeMutableBufferPointer<Double>) -> (distance: Double, column: Int, reach: Double) {
        var (distance, column, reach) = (0.0, -1, 0.0)
        for i in row.indices {
            let x = bent(row[i], i)
            let share = x.magnitude / (margin * reaches[i])
            if share > reach { (column, reach) = (i, share) }
            var sum = x - means[i]
            let start = i * (i + 1) / 2
            for k in 0..<i { sum -= factor[start + k] * solved[k] }
            solved[i] = sum / factor[start + i]
            distance += solved[i] * solved[i]
        }
        return ((distance / Double(max(row.count, 1))).squareRoot(), column, reach)
    }

    func save(_ writer: inout StateWriter) {
        for list in [middles, scales, means, reaches, factor, [margin, greatest]] { for number in list { writer.put(number) } }
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        for index in middles.indices { middles[index] = try reader.number() }
        for index in scales.indices { scales[index] = try reader.number() }
        for index in means.indices { means[index] = try reader.number() }
        for index in reaches.indices { reaches[index] = try reader.number() }
        for index in factor.indices { factor[index] = try reader.number() }
        margin = try reader.number()
        greatest = try reader.number()
    }
}
