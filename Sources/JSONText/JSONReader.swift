/// A strict pull parser of RFC 8259 over bytes that the caller keeps alive.
///
/// The caller asks for what it expects: `beginObject()`, `nextKey()`, `string()`, `number()` and so on. Nothing is allocated; strings and numbers
/// come as tokens that point into the text. Any breach of the grammar throws a ``JSONError`` with the byte offset. Time is linear in the text.
@frozen
public struct JSONReader {
    /// What kind of value comes next.
    public enum Kind: UInt8, Hashable, Sendable {
        case object, array, string, number, bool, null
    }

    @usableFromInline let base: UnsafePointer<UInt8>
    /// The number of bytes of the text.
    public let count: Int
    /// The bytes that are read.
    public var source: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
    /// The byte that is read next.
    public var offset: Int { place }
    @usableFromInline var place = 0
    /// How many arrays and objects are open.
    public var depth: Int { level }
    @usableFromInline var level = 0
    /// How many arrays and objects may be open at once.
    public let depthLimit: Int
    @usableFromInline var needsComma = false

    /// A reader at the start of the bytes; `depthLimit` is bounded to 512.
    public init(_ bytes: UnsafeRawBufferPointer, depthLimit: Int = 64) {
        let nothing: StaticString = ""
        base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? nothing.utf8Start
        count = bytes.count
        self.depthLimit = min(max(depthLimit, 1), 512)
    }

    /// Skips white space and returns the next byte without taking it; 0 at the end.
    @inlinable
    @inline(__always)
    mutating func next() -> UInt8 {
        while place < count {
            let byte = base[place]
            if byte > 0x20 { return byte }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            place += 1
        }
        return 0
    }

    @inline(never)
    @usableFromInline
    func failure(at fault: Int? = nil) -> JSONError {
        let fault = fault ?? place
        return JSONError(fault >= count ? .unexpectedEnd : .unexpectedByte, at: min(fault, count))
    }

    /// The kind of the value that comes next, without taking it.
    @inlinable
    public mutating func peek() throws(JSONError) -> Kind {
        switch next() {
        case 0x7B: return .object
        case 0x5B: return .array
        case 0x22: return .string
        case 0x2D, 0x30...0x39: return .number
        case 0x74, 0x66: return .bool
        case 0x6E: return .null
        default: throw failure()
        }
    }

    @inlinable
    @inline(__always)
    mutating func begin(_ bracket: UInt8) throws(JSONError) {
        guard next() == bracket else { throw failure() }
        guard level < depthLimit else { throw JSONError(.depthLimit, at: place) }
        level += 1
        place += 1
        needsComma = false
    }

    /// Takes the `{` of an object.
    @inlinable
    public mutating func beginObject() throws(JSONError) { try begin(0x7B) }

    /// Takes the `[` of an array.
    @inlinable
    public mutating func beginArray() throws(JSONError) { try begin(0x5B) }

    /// Takes the next key of the open object with its colon, or its `}`: then the answer is `nil`.
    @inlinable
    public mutating func nextKey() throws(JSONError) -> JSONStringToken? {
        var byte = next()
        if byte == 0x7D {
            level -= 1
            place += 1
            needsComma = true
            return nil
        }
        if needsComma {
            guard byte == 0x2C else { throw failure() }
            place += 1
            byte = next()
        }
        guard byte == 0x22 else { throw failure() }
        let key = try string()
        guard next() == 0x3A else { throw failure() }
        place += 1
        needsComma = false
        return key
    }

    /// True if the open array has another element, which comes next; false after its `]` has been taken.
    @inlinable
    public mutating func nextElement() throws(JSONError) -> Bool {
        let byte = next()
        if byte == 0x5D {
            level -= 1
            place += 1
            needsComma = true
            return false
        }
        if needsComma {
            guard byte == 0x2C else { throw failure() }
            place += 1
            guard next() != 0x5D else { throw failure() }
            needsComma = false
        }
        return true
    }

    /// Takes `true` or `false`.
    public mutating func bool() throws(JSONError) -> Bool {
        if next() == 0x74 {
            try literal("true")
            return true
        }
        try literal("false")
        return false
    }

    /// Takes `null`.
    public mutating func null() throws(JSONError) {
        _ = next()
        try literal("null")
    }

    private mutating func literal(_ word: StaticString) throws(JSONError) {
        let length = word.utf8CodeUnitCount
        for index in 0..<length where place + index >= count || base[place + index] != word.utf8Start[index] {
            throw failure(at: place + index)
        }
        place += length
        needsComma = true
    }

    /// Takes the next value of any kind, checks its grammar, and returns the range of its bytes.
    @discardableResult
    public mutating func skipValue() throws(JSONError) -> Range<Int> {
        let kind = try peek()
        let start = place
        switch kind {
        case .object:
            try beginObject()
            while try nextKey() != nil { try skipValue() }
        case .array:
            try beginArray()
            while try nextElement() { try skipValue() }
        case .string: _ = try string()
        case .number: _ = try number()
        case .bool: _ = try bool()
        case .null: try null()
        }
        return start..<place
    }

    /// Checks that nothing but white space follows.
    public mutating func end() throws(JSONError) {
        _ = next()
        guard place == count else { throw JSONError(.trailingContent, at: place) }
    }
}
