import Foundation
import JSONText
import Quantities
import Testing

@testable import OCPP

/// The JSON of a file in the folder `Vectors` beside this one.
func vectors(_ name: String) throws -> JSONValue {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Vectors")
    return try JSONValue(parsing: [UInt8](Data(contentsOf: folder.appendingPathComponent(name))))
}

extension JSONValue {
    subscript(path: String...) -> JSONValue? { path.reduce(Optional(self)) { $0?[$1] } }
    func int(_ key: String) -> Int? { self[key]?.integer.map { Int($0) } }
    func text(_ key: String) -> String { self[key]?.string ?? "" }
    var list: [JSONValue] { array ?? [] }

    /// The same value with keys in order and numbers in one form, for comparison.
    var canonical: JSONValue {
        switch self {
        case .array(let elements): .array(elements.map(\.canonical))
        case .object(let members): .object(members.map { .init($0.key, $0.value.canonical) }.sorted { $0.key < $1.key })
        case .number, .double: integer.map { .integer($0) } ?? double.map { .double($0) } ?? self
        default: self
        }
    }
}

/// A meter whose reading a test sets.
final class TestMeter: MeterSource {
    var value = MeterReading(currentA: 0, voltageV: 400, powerW: 0, energyWh: 1000)
    func reading(connector: Int, at instant: Instant) -> MeterReading { value }
}

/// Small repeatable random numbers; a failing test prints the seed.
struct TestRandom: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

func seconds(_ value: Double) -> Instant { Instant(nanoseconds: Int64((value * 1e9).rounded())) }

extension OCPPMessage {
    var string: String { String(decoding: bytes, as: UTF8.self) }
}

/// A value that must be there; unlike `#require` it takes calls that change something.
func required<Value>(_ value: Value?) throws -> Value { try #require(value) }

/// The value itself; lets `#expect` take calls that change something.
func same<Value>(_ value: Value) -> Value { value }
