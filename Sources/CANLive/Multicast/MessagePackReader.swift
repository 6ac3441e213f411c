/// Reads values of MessagePack from bytes that may be anything (github.com/msgpack/msgpack, spec.md).
struct MessagePackReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Whether all bytes were read.
    var isAtEnd: Bool { position == bytes.count }

    /// The next byte, which is not taken; `nil` at the end.
    private var type: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// A number of bytes as an integer, the most significant first.
    private mutating func integer(_ count: Int) -> UInt64? {
        guard bytes.count - position >= count else { return nil }
        var value: UInt64 = 0
        for index in 0..<count { value = value << 8 | UInt64(bytes[position + index]) }
        position += count
        return value
    }

    private mutating func part(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, bytes.count - position >= count else { return nil }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    /// A value of which only the type byte is taken when it has the form that `wanted` maps to a length.
    private mutating func lengthed(_ wanted: (UInt8) -> (fixed: Int?, width: Int)?) -> Int? {
        guard let type, let form = wanted(type) else { return nil }
        position += 1
        if let fixed = form.fixed { return fixed }
        return integer(form.width).flatMap { Int(exactly: $0) }
    }

    /// Number of entries of a map.
    mutating func map() -> Int? {
        lengthed { $0 & 0xF0 == 0x80 ? (Int($0 & 15), 0) : $0 == 0xDE ? (nil, 2) : $0 == 0xDF ? (nil, 4) : nil }
    }

    /// Text or bytes.
    mutating func string() -> UnsafeRawBufferPointer? {
        lengthed {
            switch $0 {
            case 0xA0...0xBF: (Int($0 & 31), 0)
            case 0xD9, 0xC4: (nil, 1)
            case 0xDA, 0xC5: (nil, 2)
            case 0xDB, 0xC6: (nil, 4)
            default: nil
            }
        }.flatMap { part($0) }
    }

    mutating func flag() -> Bool? {
        guard let type, type == 0xC2 || type == 0xC3 else { return nil }
        position += 1
        return type == 0xC3
    }

    /// A whole number that is not negative.
    mutating func unsigned() -> UInt64? {
        guard let type else { return nil }
        switch type {
        case 0...0x7F:
            position += 1
            return UInt64(type)
        case 0xCC, 0xCD, 0xCE, 0xCF:
            position += 1
            return integer(1 << Int(type - 0xCC))
        default: return nil
        }
    }

    /// Passes over one value of any type; `false` when it is cut off or nested deeper than 8.
    mutating func skip(depth: Int = 0) -> Bool {
        guard let type, depth < 8 else { return false }
        position += 1
        switch type {
        case 0...0x7F, 0xE0...0xFF, 0xC0, 0xC2, 0xC3: return true
        case 0x80...0x8F: return skip(2 * Int(type & 15), depth)
        case 0x90...0x9F: return skip(Int(type & 15), depth)
        case 0xA0...0xBF: return part(Int(type & 31)) != nil
        case 0xC4, 0xD9, 0xC7: return skipLengthed(1, type)
        case 0xC5, 0xDA, 0xC8: return skipLengthed(2, type)
        case 0xC6, 0xDB, 0xC9: return skipLengthed(4, type)
        case 0xCC, 0xD0: return part(1) != nil
        case 0xCD, 0xD1: return part(2) != nil
        case 0xCA, 0xCE, 0xD2: return part(4) != nil
        case 0xCB, 0xCF, 0xD3: return part(8) != nil
        case 0xD4...0xD8: return part(1 + 1 << Int(type - 0xD4)) != nil
        case 0xDC, 0xDD: return integer(type == 0xDC ? 2 : 4).map { skip(Int(clamping: $0), depth) } ?? false
        case 0xDE, 0xDF: return integer(type == 0xDE ? 2 : 4).map { skip(2 * Int(clamping: $0), depth) } ?? false
        default: return false
        }
    }

    /// An extension has a byte for its type more than its length says.
    private mutating func skipLengthed(_ width: Int, _ type: UInt8) -> Bool {
        guard let count = integer(width).flatMap({ Int(exactly: $0) }) else { return false }
        return part(count + ((0xC7...0xC9).contains(type) ? 1 : 0)) != nil
    }

    private mutating func skip(_ count: Int, _ depth: Int) -> Bool {
        // Each value has at least one byte: what announces more is cut off.
        guard count <= bytes.count - position else { return false }
        for _ in 0..<count where !skip(depth: depth + 1) { return false }
        return true
    }
}
