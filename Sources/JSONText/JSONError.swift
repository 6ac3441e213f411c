/// What is wrong with a text that should be JSON, and where.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of fault.
    public enum Code: UInt8, Hashable, Sendable {
        /// The text ends inside a value.
        case unexpectedEnd
        /// A byte stands where the grammar does not allow it.
        case unexpectedByte
        /// A number breaks the grammar of RFC 8259 section 6 (leading zero, bare point, plus sign).
        case invalidNumber
        /// A backslash is not followed by a legal escape.
        case invalidEscape
        /// A byte below 0x20 stands unescaped in a string.
        case controlCharacter
        /// The bytes of a string are not well-formed UTF-8.
        case invalidUTF8
        /// Arrays and objects are nested deeper than the reader's limit.
        case depthLimit
        /// The text is longer than the reader's limit.
        case sizeLimit
        /// Something other than white space follows the value.
        case trailingContent
        /// A `\u` escape names half of a surrogate pair.
        case loneSurrogate
        /// An object holds the same key twice.
        case duplicateKey
    }

    /// The kind of fault.
    public var code: Code
    /// The byte at which the fault was seen, counted from 0.
    public var offset: Int
    /// JSON pointer (RFC 6901) of the value that holds the fault; empty for the whole text or when it was not asked for.
    public var pointer: String

    public init(_ code: Code, at offset: Int, pointer: String = "") {
        self.code = code
        self.offset = offset
        self.pointer = pointer
    }

    public var description: String { "\(code) at byte \(offset)" + (pointer.isEmpty ? "" : " in \(pointer)") }
}
