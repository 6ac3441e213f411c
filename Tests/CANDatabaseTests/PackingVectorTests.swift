import CAN
import CANDatabase
import Foundation
import Testing

/// Packed frames of an independent implementation (cantools 45.1).
private struct PackingVectors: Decodable {
    struct Case: Decodable {
        let message: String
        let id: UInt32
        let ext: Bool
        let values: [String: Decimal]?
        let strict: Bool?
        let data: String?
        let error: String?
        let raw: [String: Decimal]?
        let decoded: [String: Decimal]?
        let labels: [String: String]?
    }
    let encode: [Case]
    let encode_checks: [Case]
    let decode: [Case]

    static func load() throws -> PackingVectors {
        try JSONDecoder().decode(PackingVectors.self, from: Data(contentsOf: Vectors.url("dbc-packing.json")))
    }
}

private func database() throws -> Database {
    let (database, findings) = DatabaseReader.read(Array(try Data(contentsOf: Vectors.url("evsim-vectors.dbc"))))
    #expect(findings.isEmpty)
    return database
}

private func number(_ value: Decimal) -> SignalNumber { DatabaseNumber("\(value)").flatMap { $0.whole.map { .whole($0) } ?? .real($0.value) } ?? .real(.nan) }

private func input(_ values: [String: Decimal]?) -> [(name: String, value: MessageCodec.Input)] {
    (values ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, .number(number($0.value))) }
}

private func frame(_ vector: PackingVectors.Case, length: Int, data: CANData) -> CANWideFrame {
    if length > 8 {
        return CANWideFrame(CANFrame(fd: vector.id, isExtended: vector.ext, lengthCode: CANFrame.lengthCode(holding: length), payload: 0), wide: data)
    }
    return CANWideFrame(CANFrame(id: vector.id, isExtended: vector.ext, lengthCode: UInt8(length), payload: data.firstEight))
}

/// Compares values of signals with a reference; whole ones exactly.
private func compare(_ readings: [MessageCodec.Reading], _ codec: MessageCodec, _ vector: PackingVectors.Case) {
    let names = readings.map { codec.message.signals[$0.signal].name }
    #expect(Set(names) == Set((vector.decoded ?? [:]).keys), "\(vector.message)")
    for reading in readings {
        let signal = codec.message.signals[reading.signal]
        let wanted = vector.decoded?[signal.name] ?? .nan
        if case .whole(let whole) = reading.value { #expect("\(whole)" == "\(wanted)", "\(vector.message).\(signal.name)") }
        let double = Double("\(wanted)") ?? .nan
        #expect(abs(reading.value.double - double) <= 1e-12 * abs(double), "\(vector.message).\(signal.name)")
        if signal.form != .floating { #expect(reading.raw.text == "\(vector.raw?[signal.name] ?? .nan)", "\(vector.message).\(signal.name)") }
    }
}

@Test("All 76 packed frames of the reference are packed to the same bytes and unpacked to the same values")
func packsLikeTheReference() throws {
    let database = try database()
    let vectors = try PackingVectors.load()
    #expect(vectors.encode.count == 76)
    for vector in vectors.encode {
        let message = try #require(database.message(vector.message))
        #expect(message.id == vector.id && message.isExtended == vector.ext)
        let codec = MessageCodec(message)
        let data = try codec.encode(input(vector.values), checksLimits: vector.strict ?? true, needsAll: vector.strict ?? true)
        let frame = frame(vector, length: message.length, data: data)
        #expect(frame.data.map { String(format: "%02X", $0) }.joined() == vector.data, "\(vector.message) \(vector.values ?? [:])")
        compare(codec.readings(frame), codec, vector)
    }
}

@Test("All 15 checks of the reference: the same values are refused, the others packed to the same bytes")
func refusesLikeTheReference() throws {
    let database = try database()
    let vectors = try PackingVectors.load()
    #expect(vectors.encode_checks.count == 15)
    for vector in vectors.encode_checks {
        let codec = MessageCodec(try #require(database.message(vector.message)))
        let data = try? codec.encode(input(vector.values), checksLimits: vector.strict ?? true, needsAll: vector.strict ?? true)
        #expect((data == nil) == (vector.error != nil), "\(vector.message) \(vector.values ?? [:])")
        if let data, let wanted = vector.data {
            let bytes = (0..<codec.message.length).map { String(format: "%02X", data[$0]) }.joined()
            #expect(bytes == wanted)
        }
    }
}

@Test("All 11 frames of the reference are unpacked to the same values and texts")
func unpacksLikeTheReference() throws {
    let database = try database()
    let codecs = DatabaseCodec(database)
    let vectors = try PackingVectors.load()
    #expect(vectors.decode.count == 11)
    for vector in vectors.decode {
        let text = Array(try #require(vector.data))
        let bytes = stride(from: 0, to: text.count, by: 2).compactMap { UInt8(String(text[$0...($0 + 1)]), radix: 16) }
        let frame = frame(vector, length: bytes.count, data: CANData(bytes))
        let codec = codecs.messages[try #require(codecs.message(of: frame.frame))]
        #expect(codec.message.name == vector.message)
        let readings = codec.readings(frame)
        compare(readings, codec, vector)
        for reading in readings { #expect(codec.label(reading.signal, reading.raw) == vector.labels?[codec.message.signals[reading.signal].name]) }
        // The fast way gives the same numbers.
        let values = UnsafeMutableBufferPointer<Double>.allocate(capacity: codec.message.signals.count)
        defer { values.deallocate() }
        codec.decode(frame.frame, into: values)
        for (index, value) in values.enumerated() {
            let slow = readings.first { $0.signal == index }?.value.double
            #expect(slow.map { $0 == value } ?? value.isNaN)
        }
    }
}
