import Foundation
import Quantities
import Testing

@testable import Detection

/// A vector file as plain JSON: the cases of each kind differ too much for one type.
struct Vector: CustomTestStringConvertible, @unchecked Sendable {
    let file: String
    let name: String
    let json: [String: Any]

    var testDescription: String { "\(file) \(name)" }
    var x: [Double] { numbers("x").map { $0 ?? .nan } }
    var samples: [(Instant, Double)] {
        let times = json["t"] == nil ? nil : numbers("t")
        return x.enumerated().map { (Instant(seconds: times?[$0].flatMap { $0 } ?? Double($0)), $1) }
    }
    var expected: [String: Any] { json["expected"] as? [String: Any] ?? [:] }

    func numbers(_ key: String) -> [Double?] { Vector.numbers(json[key]) }
    func wanted(_ key: String) -> [Double?] { Vector.numbers(expected[key]) }
    func rows(_ key: String) -> [Int] { expected[key] as? [Int] ?? [] }
    func parameter(_ key: String) -> Double? { ((json["params"] as? [String: Any])?[key] as? NSNumber)?.doubleValue }
    func number(_ key: String) throws -> Double { try #require(parameter(key)) }
    func flag(_ key: String) -> Bool { ((json["params"] as? [String: Any])?[key] as? NSNumber)?.boolValue ?? false }
    func text(_ key: String) -> String { (json["params"] as? [String: Any])?[key] as? String ?? "" }

    static func numbers(_ value: Any?) -> [Double?] {
        (value as? [Any] ?? []).map { item in
            switch item {
            case let text as String: text == "inf" ? .infinity : -.infinity
            default: (item as? NSNumber)?.doubleValue
            }
        }
    }

    static func all(_ file: String) -> [Vector] {
        guard let data = try? VectorFile.data(file + ".json"), let document = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else { return [] }
        return (document["cases"] as? [[String: Any]] ?? []).map { Vector(file: file, name: $0["name"] as? String ?? "", json: $0) }
    }
}

/// The rows at which two series differ.
func differences(_ found: [Double?], _ wanted: [Double?], relative: Double, absolute: Double) -> [Int] {
    guard found.count == wanted.count else { return [-1, found.count, wanted.count] }
    return found.indices.filter { row in
        guard let a = found[row], let b = wanted[row], a.isInfinite || b.isInfinite else {
            return !isClose(found[row], wanted[row], relative: relative, absolute: absolute)
        }
        return a != b
    }
}

extension Detector {
    /// The bits of the scores of samples, one by one.
    func scores(_ samples: some Sequence<(Instant, Double)>) -> [UInt64?] { samples.map { update(at: $0.0, value: $0.1)?.bitPattern } }

    /// The same by the batch path.
    func batch(_ samples: [(Instant, Double)]) -> [UInt64?] {
        let times = samples.map(\.0)
        let values = samples.map(\.1)
        var scores = [Double](repeating: -1, count: samples.count)
        times.withUnsafeBufferPointer { times in
            values.withUnsafeBufferPointer { values in
                scores.withUnsafeMutableBufferPointer { update(times: times, values: values, scores: $0) }
            }
        }
        return scores.map { $0.isNaN ? nil : $0.bitPattern }
    }
}

/// Samples one by one, in chunks of random length, and with a save and a restore in the middle give the same bits.
func expectSameBits(_ samples: [(Instant, Double)], seed: UInt64 = 7, _ name: String, _ make: () throws -> Detector) throws {
    let whole = try make().scores(samples)
    var random = SplitMix(state: seed)
    let chunked = try make()
    var found: [UInt64?] = []
    var start = 0
    while start < samples.count {
        let end = min(start + Int.random(in: 1...97, using: &random), samples.count)
        found += chunked.batch(Array(samples[start..<end]))
        start = end
    }
    #expect(found == whole, "\(name) in chunks, row \(zip(found, whole).enumerated().first { $1.0 != $1.1 }?.offset ?? -1)")
    for middle in [samples.count / 3, samples.count * 9 / 10] {
        let first = try make()
        let before = first.scores(samples[..<middle])
        var writer = StateWriter()
        first.save(&writer)
        // What happens to the first afterwards does not matter, and the second has seen something else before.
        let second = try make()
        _ = second.scores(samples.suffix(samples.count / 2))
        var reader = StateReader(writer.bytes)
        try second.restore(&reader)
        #expect(reader.isAtEnd)
        let after = second.scores(samples[middle...])
        #expect(
            before + after == whole, "\(name) with a restore at \(middle), row \(zip(before + after, whole).enumerated().first { $1.0 != $1.1 }?.offset ?? -1)")
        #expect(second.health.late + second.health.invalid >= first.health.late + first.health.invalid)
    }
}
