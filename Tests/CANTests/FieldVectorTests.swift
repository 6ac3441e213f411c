import CAN
import Foundation
import Testing

/// One signal of the DBC file of the vectors, read just as far as these tests need.
private struct Signal {
    let name: String
    let layout: FieldLayout
    let minimum: Double
    let maximum: Double

    /// `SG_ Name [mux] : 8|16@1+ (0.1,-40) [0|0] "unit" A`
    init?(_ line: String, isFloat: (String) -> Bool) throws {
        let parts = line.split(separator: " ")
        guard parts.first == "SG_", let colon = parts.firstIndex(of: ":") else { return nil }
        name = String(parts[1])
        let place = parts[colon + 1].split { "|@".contains($0) }
        let factors = parts[colon + 2].split { "(,)".contains($0) }
        let range = parts[colon + 3].split { "[|]".contains($0) }
        guard let at = Int(place[0]), let bits = Int(place[1]), let scale = Double(factors[0]), let offset = Double(factors[1]),
            let minimum = Double(range[0]), let maximum = Double(range[1])
        else { return nil }
        let form: FieldLayout.Form = isFloat(name) ? .floating : place[2].hasSuffix("-") ? .signed : .unsigned
        self.minimum = minimum
        self.maximum = maximum
        // Fields beyond eight bytes belong to CAN FD.
        guard at + bits <= 64 || place[2].hasPrefix("0"), at < 64 else { return nil }
        layout = try FieldLayout(
            at: at, bits: bits, order: place[2].hasPrefix("0") ? .bigEndian : .littleEndian, form: form, scale: scale, offset: offset, rounding: .halfToEven)
    }
}

/// The messages of the DBC file by name.
private func messages() throws -> [String: [Signal]] {
    let lines = try VectorFile.lines("evsim-vectors.dbc")
    let floats = Set(lines.filter { $0.hasPrefix("SIG_VALTYPE_") }.map { $0.split(separator: " ")[1...2].joined(separator: " ") })
    var result: [String: [Signal]] = [:]
    var current = ("", "")
    for line in lines {
        let words = line.split(separator: " ")
        if words.first == "BO_" { current = (String(words[1]), String(words[2].dropLast())) }
        if let signal = try Signal(line, isFloat: { floats.contains("\(current.0) \($0)") }) { result[current.1, default: []].append(signal) }
    }
    return result
}

private struct Vectors: Decodable {
    struct Case: Decodable {
        let message: String
        let values: [String: Decimal]?
        let strict: Bool?
        let data: String?
        let error: String?
        let raw: [String: Decimal]?
        let decoded: [String: Decimal]?
    }
    let encode: [Case]
    let encode_checks: [Case]
    let decode: [Case]
}

private func double(_ value: Decimal) -> Double { Double("\(value)") ?? .nan }

@Test("Values packed as a DBC file says give the bytes of the reference, and come back")
func packsAsTheReference() throws {
    let vectors = try VectorFile.json(Vectors.self, "dbc-packing.json")
    let messages = try messages()
    var count = 0
    for vector in vectors.encode where vector.message != "FD24" {
        let signals = try #require(messages[vector.message])
        let expected = payload(bytes(try #require(vector.data)))
        var packed: UInt64 = 0
        for (name, value) in vector.values ?? [:] {
            let layout = try #require(signals.first { $0.name == name }).layout
            let raw = try #require(vector.raw?[name])
            if layout.scale == 1, layout.offset == 0, layout.form != .floating, value.magnitude > 1e15 {
                // More digits than a Double has: the integer itself.
                layout.setRaw(value < 0 ? UInt64(bitPattern: try #require(Int64("\(value)"))) : try #require(UInt64("\(value)")), in: &packed)
                let text = layout.form == .signed ? "\(layout.signedRaw(in: packed))" : "\(layout.raw(in: packed))"
                #expect(text == "\(raw)")
            } else {
                #expect(layout.setValue(double(value), in: &packed), "\(vector.message) \(name) = \(value)")
                if layout.form != .floating { #expect("\(layout.signedRawOrRaw(in: packed))" == "\(raw)") }
            }
            let decoded = double(try #require(vector.decoded?[name]))
            #expect(abs(layout.value(in: expected) - decoded) <= 1e-12 * abs(decoded), "\(vector.message) \(name)")
        }
        #expect(packed == expected, "\(vector.message) \(vector.values ?? [:])")
        count += 1
    }
    #expect(count == 75)
}

@Test("Frames unpacked as a DBC file says give the values of the reference")
func unpacksAsTheReference() throws {
    let vectors = try VectorFile.json(Vectors.self, "dbc-packing.json")
    let messages = try messages()
    #expect(vectors.decode.count == 11)
    for vector in vectors.decode {
        let frame = payload(bytes(try #require(vector.data)))
        for (name, value) in try #require(vector.decoded) {
            let layout = try #require(messages[vector.message]?.first { $0.name == name }).layout
            #expect(abs(layout.value(in: frame) - double(value)) <= 1e-12 * abs(double(value)), "\(vector.message) \(name)")
            #expect("\(layout.signedRawOrRaw(in: frame))" == "\(try #require(vector.raw?[name]))")
        }
    }
}

@Test("A value that does not fit the bits is reported where the reference refuses it")
func refusesAsTheReference() throws {
    let vectors = try VectorFile.json(Vectors.self, "dbc-packing.json")
    let messages = try messages()
    var count = 0
    for vector in vectors.encode_checks where vector.message == "RANGE" && vector.strict == false {
        let layout = try #require(messages["RANGE"]?.first).layout
        var packed: UInt64 = 0
        let fits = layout.setValue(double(try #require(vector.values?["S"])), in: &packed)
        #expect(fits == (vector.error == nil))
        if let data = vector.data { #expect(packed == payload(bytes(data))) }
        count += 1
    }
    #expect(count == 6)
}

extension FieldLayout {
    /// The raw number with the sign that the field has.
    fileprivate func signedRawOrRaw(in payload: UInt64) -> Decimal {
        form == .signed ? Decimal(string: "\(signedRaw(in: payload))")! : Decimal(string: "\(raw(in: payload))")!
    }
}
