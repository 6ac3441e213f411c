/// Checks UTF-8 as it arrives, in any chunking; fails at the first byte that cannot go on to a character (RFC 3629).
public struct UTF8Validator: Sendable {
    /// How many bytes of the present character are missing.
    private var missing: UInt8 = 0
    /// The range of the next byte: 80…BF, less after E0, ED, F0 and F4.
    private var least: UInt8 = 0x80
    private var most: UInt8 = 0xBF

    /// A validator at the start of a text.
    public init() {}

    /// Whether the text so far ends with a whole character.
    public var isComplete: Bool { missing == 0 }

    /// Takes more bytes; false as soon as one is wrong.
    public mutating func accepts(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        var at = 0
        let count = bytes.count
        while at < count {
            if missing == 0 {
                // Sixteen ASCII bytes at a time.
                while at &+ 16 <= count {
                    let both = base.loadUnaligned(fromByteOffset: at, as: UInt64.self) | base.loadUnaligned(fromByteOffset: at &+ 8, as: UInt64.self)
                    if both & 0x8080_8080_8080_8080 != 0 { break }
                    at &+= 16
                }
                if at == count { return true }
                let byte = base.load(fromByteOffset: at, as: UInt8.self)
                at &+= 1
                if byte < 0x80 { continue }
                guard begin(byte) else { return false }
            } else {
                let byte = base.load(fromByteOffset: at, as: UInt8.self)
                guard byte >= least, byte <= most else { return false }
                at &+= 1
                missing &-= 1
                (least, most) = (0x80, 0xBF)
            }
        }
        return true
    }

    /// The first byte of a character that is not ASCII.
    private mutating func begin(_ byte: UInt8) -> Bool {
        (least, most) = (0x80, 0xBF)
        switch byte {
        case 0xC2...0xDF: missing = 1
        case 0xE0: (missing, least) = (2, 0xA0)
        case 0xED: (missing, most) = (2, 0x9F)
        case 0xE1...0xEF: missing = 2
        case 0xF0: (missing, least) = (3, 0x90)
        case 0xF1...0xF3: missing = 3
        case 0xF4: (missing, most) = (3, 0x8F)
        default: return false
        }
        return true
    }

    /// Whether these bytes are a whole text.
    public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var validator = UTF8Validator()
        return validator.accepts(bytes) && validator.isComplete
    }
}
