/// A walk over the Distinguished Encoding Rules (ITU-T X.690) of a certificate; anything out of bounds ends as `nil`.
struct DERReader {
    /// One element: its tag, the place of its content and of the whole.
    struct Element: Equatable {
        let tag: UInt8
        let whole: Range<Int>
        let content: Range<Int>
    }

    let bytes: [UInt8]
    private(set) var place: Int
    let end: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        place = 0
        end = bytes.count
    }

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        place = range.lowerBound
        end = range.upperBound
    }

    /// The tag of the next element, `nil` at the end.
    var tag: UInt8? { place < end ? bytes[place] : nil }

    /// Takes the next element; `nil` if there is none or its length is wrong.
    mutating func next() -> Element? {
        let start = place
        guard end - start >= 2 else { return nil }
        var at = start + 1
        var length = Int(bytes[at])
        at += 1
        if length >= 0x80 {
            let count = length & 0x7F
            guard 1...4 ~= count, end - at >= count else { return nil }
            length = bytes[at..<at + count].reduce(0) { $0 << 8 | Int($1) }
            at += count
        }
        guard length <= end - at, bytes[start] & 0x1F != 0x1F else { return nil }
        place = at + length
        return Element(tag: bytes[start], whole: start..<place, content: at..<place)
    }

    /// Takes the next element if it has this tag.
    mutating func next(_ tag: UInt8) -> Element? {
        guard self.tag == tag else { return nil }
        return next()
    }

    /// A reader of what is inside an element.
    func inside(_ element: Element) -> DERReader { DERReader(bytes, element.content) }
}

/// Writes elements of the Distinguished Encoding Rules.
enum DERWriter {
    /// One element with its content.
    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        if count < 0x80 { return [tag, UInt8(count)] + content }
        if count < 0x100 { return [tag, 0x81, UInt8(count)] + content }
        let low = [UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
        return (count < 0x10000 ? [tag, 0x82] : [tag, 0x83, UInt8(truncatingIfNeeded: count >> 16)]) + low + content
    }

    /// A positive integer from its bytes, the highest first.
    static func integer(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array(bytes.drop { $0 == 0 })
        return element(0x02, (digits.first ?? 0x80) >= 0x80 ? [0] + digits : digits)
    }

    static func sequence(_ parts: [UInt8]...) -> [UInt8] { element(0x30, parts.flatMap { $0 }) }
    static func set(_ content: [UInt8]) -> [UInt8] { element(0x31, content) }
    static func identifier(_ content: [UInt8]) -> [UInt8] { element(0x06, content) }
    static func text(_ text: String) -> [UInt8] { element(0x0C, Array(text.utf8)) }
    static func bits(_ content: [UInt8]) -> [UInt8] { element(0x03, [0] + content) }
}
