import Quantities
import Testing

@testable import Detection

struct OscillationCase: Decodable, CustomTestStringConvertible {
    struct Parameters: Decodable {
        let swing: Double
        let withinSeconds: Double
        let atLeast: Int

        enum CodingKeys: String, CodingKey {
            case swing
            case withinSeconds = "within_s"
            case atLeast = "at_least"
        }
    }
    struct Expected: Decodable {
        let rows: [Int]
        let countInWindow: [Int]
        let anomalousRows: [Int]

        enum CodingKeys: String, CodingKey {
            case rows
            case countInWindow = "count_in_window"
            case anomalousRows = "anomalous_rows"
        }
    }
    let name: String
    let params: Parameters
    let t: [Double]?
    let x: [Double]
    let expected: [String: Expected]

    var testDescription: String { name }
    static let all: [OscillationCase] = (try? VectorFile.cases("oscillation.json", as: OscillationCase.self)) ?? []
}

struct OscillationTests {
    @Test("swings and reversals are counted in each window", arguments: OscillationCase.all, SwingCount.allCases)
    func vectors(_ item: OscillationCase, _ count: SwingCount) throws {
        let expected = try #require(item.expected[count.rawValue])
        var detector = try Oscillation(
            swing: item.params.swing, atLeast: item.params.atLeast, within: try #require(Duration(seconds: item.params.withinSeconds)), count: count)
        var rows: [Int] = []
        var anomalous: [Int] = []
        for row in item.x.indices {
            let before = detector.total
            let result = detector.update(at: Instant(seconds: item.t?[row] ?? Double(row)), value: item.x[row])
            let score = try #require(result)
            if detector.total > before { rows.append(row) }
            if score >= 1 { anomalous.append(row) }
            let counted = detector.countInWindow
            #expect(counted == min(expected.countInWindow[row], 4 * item.params.atLeast), "row \(row)")
        }
        #expect(rows == expected.rows)
        #expect(anomalous == expected.anomalousRows)
    }

    @Test("all oscillation vectors are there")
    func number() { #expect(OscillationCase.all.count == 12) }

    @Test("period and amplitude of a triangle are reported")
    func report() throws {
        var detector = try Oscillation(swing: 20, within: .seconds(100))
        for index in 0..<80 {
            let phase = Double(index % 8)
            _ = detector.update(at: Instant(seconds: Double(index)), value: phase <= 4 ? 10 * phase : 10 * (8 - phase))
        }
        let (period, amplitude) = (detector.meanPeriod ?? 0, detector.meanAmplitude)
        #expect(abs(period - 8) < 0.3)
        #expect(amplitude == 40)
    }

    @Test("a gap longer than the window starts the zigzag anew")
    func gap() throws {
        var detector = try Oscillation(swing: 5, atLeast: 2, within: .seconds(10))
        for (t, x) in [(0.0, 0.0), (1, 10), (2, 0)] { _ = detector.update(at: Instant(seconds: t), value: x) }
        var counted = detector.countInWindow
        #expect(counted == 2)
        _ = detector.update(at: Instant(seconds: 50), value: 100)
        counted = detector.countInWindow
        let direction = detector.direction
        #expect(counted == 0)
        #expect(direction == 0)
    }
}
