/// Affiliation precision and recall: how near predictions lie to the events, and events to the predictions.
///
/// A. Huet, J. M. Navarro, D. Rossi: Local Evaluation of Time Series Anomaly Detection Algorithms, KDD 2022. Rows are intervals of length 1; the trace is
/// cut halfway between neighbouring events into zones, one for each event, and each zone is scored against a prediction at random.
public struct AffiliationScores: Equatable, Sendable {
    /// The mean of the zones with a prediction; `nil` without one.
    public var precision: Double?
    /// The mean of all zones; `nil` without events.
    public var recall: Double?
    /// Precision of each zone; `nil` without a prediction.
    public var zonePrecision: [Double?] = []
    /// Recall of each zone.
    public var zoneRecall: [Double] = []
    /// F1.
    public var f1: Double? { Scores.harmonicMean(precision, recall) }

    /// Scores of windows against episodes of a trace of `count` rows, both ascending and disjoint. O(n) in windows and episodes, and exact.
    public init(windows: [ClosedRange<Int>], episodes: [ClosedRange<Int>], count: Int) {
        let events = windows.map { Stretch(from: Double($0.lowerBound), to: Double($0.upperBound) + 1) }
        let predicted = episodes.map { Stretch(from: Double($0.lowerBound), to: Double($0.upperBound) + 1) }
        var first = 0
        for (number, event) in events.enumerated() {
            let zone = Stretch(
                from: number == 0 ? 0 : (events[number - 1].to + event.from) / 2,
                to: number + 1 == events.count ? Double(count) : (event.to + events[number + 1].from) / 2)
            while first < predicted.count, predicted[first].to <= zone.from { first += 1 }
            var inside: [Stretch] = []
            var next = first
            while next < predicted.count, predicted[next].from < zone.to {
                inside.append(Stretch(from: max(predicted[next].from, zone.from), to: min(predicted[next].to, zone.to)))
                next += 1
            }
            zonePrecision.append(Self.precision(of: inside, event: event, zone: zone))
            zoneRecall.append(Self.recall(of: inside, event: event, zone: zone))
        }
        let defined = zonePrecision.compactMap { $0 }
        if !defined.isEmpty { precision = defined.reduce(0, +) / Double(defined.count) }
        if !zoneRecall.isEmpty { recall = zoneRecall.reduce(0, +) / Double(zoneRecall.count) }
    }

    /// An interval of the trace.
    private struct Stretch {
        var from: Double
        var to: Double
        var length: Double { to - from }
    }

    /// The chance that a point drawn from the zone lies farther from the event than a predicted one, on average over the prediction.
    private static func precision(of predicted: [Stretch], event: Stretch, zone: Stretch) -> Double? {
        guard !predicted.isEmpty else { return nil }
        let margin = min(event.from - zone.from, zone.to - event.to)
        /// The integral over distances 0...d outside the event.
        func integral(_ d: Double) -> Double {
            let near = d <= margin ? d * d / 2 : margin * margin / 2 + margin * (d - margin)
            return d - (event.length * d + near + d * d / 2) / zone.length
        }
        var sum = 0.0
        var length = 0.0
        for piece in predicted {
            length += piece.length
            sum += max(min(piece.to, event.to) - max(piece.from, event.from), 0)
            if piece.from < event.from { sum += integral(event.from - piece.from) - integral(max(event.from - piece.to, 0)) }
            if piece.to > event.to { sum += integral(piece.to - event.to) - integral(max(piece.from - event.to, 0)) }
        }
        return sum / length
    }

    /// The chance that a prediction drawn from the zone lies farther from a point of the event than the nearest one, on average over the event.
    private static func recall(of predicted: [Stretch], event: Stretch, zone: Stretch) -> Double {
        var sum = 0.0
        for (number, piece) in predicted.enumerated() {
            // The part of the event that is nearest to this piece.
            let from = max(number == 0 ? zone.from : (predicted[number - 1].to + piece.from) / 2, event.from)
            let to = min(number + 1 == predicted.count ? zone.to : (piece.to + predicted[number + 1].from) / 2, event.to)
            guard from < to else { continue }
            sum += max(min(to, piece.to) - max(from, piece.from), 0)
            if from < piece.from, piece.from < zone.to { sum += outside(piece.from, from, min(to, piece.from), zone) }
            if to > piece.to, piece.to > zone.from { sum += outside(piece.to, max(from, piece.to), to, zone) }
        }
        return sum / event.length
    }

    /// The integral for the points from...to of an event whose nearest predicted point is `nearest`; linear between its kinks.
    private static func outside(_ nearest: Double, _ from: Double, _ to: Double, _ zone: Stretch) -> Double {
        guard from < to else { return 0 }
        func value(_ y: Double) -> Double {
            let distance = abs(y - nearest)
            return 1 - (min(distance, y - zone.from, zone.to - y) + distance) / zone.length
        }
        let kinks = [(zone.from + nearest) / 2, (zone.to + nearest) / 2, (zone.from + zone.to) / 2].filter { $0 > from && $0 < to }.sorted()
        var sum = 0.0
        var last = from
        for kink in kinks + [to] {
            sum += (value(last) + value(kink)) / 2 * (kink - last)
            last = kink
        }
        return sum
    }
}
