/// Writes the state of a detector as bytes, least significant first; the same state gives the same bytes on every machine.
public struct StateWriter {
    /// What was written.
    public private(set) var bytes: [UInt8] = []

    /// Nothing yet.
    public init() {}

    /// A whole number.
    public mutating func put(_ value: Int64) { put(bits: UInt64(bitPattern: value)) }
    /// A whole number.
    public mutating func put(_ value: Int) { put(Int64(value)) }
    /// 64 bits.
    public mutating func put(bits value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
    /// A number with all its bits.
    public mutating func put(_ value: Double) { put(bits: value.bitPattern) }
    /// True or false.
    public mutating func put(_ value: Bool) { put(value ? 1 : 0) }
    /// A whole number, or that there is none.
    public mutating func put(_ value: Int64?) {
        put(value != nil)
        put(value ?? 0)
    }
    /// A text, its length first.
    public mutating func put(_ text: String) {
        put(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }
}

/// Reads what a `StateWriter` wrote; everything that does not fit is an error.
public struct StateReader {
    private let bytes: [UInt8]
    private var position = 0

    /// A state to be read from its start.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether all was read.
    public var isAtEnd: Bool { position == bytes.count }
    /// Bytes that are left: an upper bound for every number of items.
    public var remaining: Int { bytes.count - position }

    /// 64 bits.
    public mutating func bits() throws(DetectionError) -> UInt64 {
        guard remaining >= 8 else { throw .badState("it ends too early") }
        var value: UInt64 = 0
        for place in 0..<8 { value |= UInt64(bytes[position + place]) << UInt64(place * 8) }
        position += 8
        return value
    }
    /// A whole number.
    public mutating func integer() throws(DetectionError) -> Int64 { Int64(bitPattern: try bits()) }
    /// A whole number.
    public mutating func int() throws(DetectionError) -> Int { Int(try integer()) }
    /// A whole number within a range.
    public mutating func int(in range: ClosedRange<Int>) throws(DetectionError) -> Int {
        let value = try int()
        guard range.contains(value) else { throw .badState("a number in it is out of range") }
        return value
    }
    /// A whole number, or none.
    public mutating func optionalInteger() throws(DetectionError) -> Int64? {
        let isThere = try flag()
        let value = try integer()
        return isThere ? value : nil
    }
    /// A number of items that follow, each of so many bytes at least.
    public mutating func count(itemBytes: Int = 8) throws(DetectionError) -> Int {
        let value = try integer()
        guard value >= 0, value <= Int64(remaining / max(itemBytes, 1)) else { throw .badState("a length in it is wrong") }
        return Int(value)
    }
    /// A number.
    public mutating func number() throws(DetectionError) -> Double { Double(bitPattern: try bits()) }
    /// True or false.
    public mutating func flag() throws(DetectionError) -> Bool {
        switch try bits() {
        case 0: return false
        case 1: return true
        default: throw .badState("a flag in it is neither 0 nor 1")
        }
    }
    /// A text.
    public mutating func text() throws(DetectionError) -> String {
        let length = try count(itemBytes: 1)
        defer { position += length }
        return String(decoding: bytes[position..<position + length], as: UTF8.self)
    }
}
