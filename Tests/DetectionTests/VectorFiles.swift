import Foundation
import Quantities
import Testing

@testable import Detection

/// Files of the folder Vectors beside this file.
enum VectorFile {
    private struct Document<Item: Decodable>: Decodable { let cases: [Item] }

    static func data(_ name: String) throws -> Data {
        try Data(contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors").appending(path: name))
    }

    static func cases<Case: Decodable>(_ name: String, as type: Case.Type) throws -> [Case] {
        try JSONDecoder().decode(Document<Case>.self, from: data(name)).cases
    }

    static func rows(_ name: String) throws -> [[String]] {
        let text = String(decoding: try data(name), as: UTF8.self)
        return text.split(separator: "\n").dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }
}

extension Instant {
    /// The nearest instant to a number of seconds.
    init(seconds: Double) { self.init(nanoseconds: Int64((seconds * 1e9).rounded())) }
}

func isClose(_ a: Double?, _ b: Double?, relative: Double, absolute: Double) -> Bool {
    switch (a, b) {
    case (nil, nil): true
    case (let a?, let b?): abs(a - b) <= max(absolute, relative * max(abs(a), abs(b)))
    default: false
    }
}

/// SplitMix64, for properties that print their seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
