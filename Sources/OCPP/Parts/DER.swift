import Digests

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

/// The parts of an X.509 certificate (RFC 5280) that OCPP needs.
public struct Certificate: Sendable, Equatable {
    /// The serial number as lower-case hexadecimal digits without leading zeros.
    public let serialNumber: String
    /// The names as they are encoded.
    let issuer: [UInt8]
    let subject: [UInt8]
    /// The content of the public key's bit string, without the count of unused bits.
    let publicKey: [UInt8]
    public let notBefore: OCPPTimestamp
    public let notAfter: OCPPTimestamp
    /// True if the certificate may sign others (basicConstraints); certificates without that extension may only sign themselves.
    let isAuthority: Bool
    /// The common name of the subject.
    public let commonName: String?
    /// The organisation of the subject.
    public let organization: String?

    /// True if issuer and subject are the same, as in a root.
    public var isSelfIssued: Bool { issuer == subject }

    /// Reads a certificate in DER; `nil` if it is none.
    public init?(der bytes: [UInt8]) {
        var file = DERReader(bytes)
        guard let all = file.next(0x30), file.tag == nil else { return nil }
        var outer = file.inside(all)
        guard let signed = outer.next(0x30), outer.next(0x30) != nil, outer.next(0x03) != nil, outer.tag == nil else { return nil }
        var body = outer.inside(signed)
        if body.tag == 0xA0 { guard body.next() != nil else { return nil } }
        guard let serial = body.next(0x02), !serial.content.isEmpty, body.next(0x30) != nil, let issuer = body.next(0x30),
            let validity = body.next(0x30), let subject = body.next(0x30), let keyInfo = body.next(0x30)
        else { return nil }
        var dates = body.inside(validity)
        guard let first = dates.next(), let last = dates.next(), let notBefore = Self.time(first, bytes), let notAfter = Self.time(last, bytes)
        else { return nil }
        var key = body.inside(keyInfo)
        guard key.next(0x30) != nil, let bits = key.next(0x03), bits.content.count >= 2 else { return nil }
        let digits = String(Digests.hexadecimal(bytes[serial.content]).drop { $0 == "0" })
        serialNumber = digits.isEmpty ? "0" : digits
        self.issuer = Array(bytes[issuer.whole])
        self.subject = Array(bytes[subject.whole])
        publicKey = Array(bytes[(bits.content.lowerBound + 1)..<bits.content.upperBound])
        self.notBefore = notBefore
        self.notAfter = notAfter
        var isAuthority = false
        while let element = body.next() {
            if element.tag == 0xA3 { isAuthority = Self.isAuthority(body.inside(element)) }
        }
        guard body.tag == nil else { return nil }
        self.isAuthority = isAuthority
        commonName = Self.attribute([0x55, 0x04, 0x03], body.inside(subject))
        organization = Self.attribute([0x55, 0x04, 0x0A], body.inside(subject))
    }

    /// UTCTime or GeneralizedTime in the only forms that RFC 5280 allows.
    private static func time(_ element: DERReader.Element, _ bytes: [UInt8]) -> OCPPTimestamp? {
        let digits = Array(bytes[element.content])
        guard digits.last == 0x5A, digits.dropLast().allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        let text: String
        switch (element.tag, digits.count) {
        case (0x17, 13): text = (digits[0] < 0x35 ? "20" : "19") + String(decoding: digits, as: UTF8.self)
        case (0x18, 15): text = String(decoding: digits, as: UTF8.self)
        default: return nil
        }
        let part = { (from: Int, count: Int) in String(text.dropFirst(from).prefix(count)) }
        return OCPPTimestamp(rfc3339: "\(part(0, 4))-\(part(4, 2))-\(part(6, 2))T\(part(8, 2)):\(part(10, 2)):\(part(12, 2))Z")
    }

    /// Looks for cA in basicConstraints (2.5.29.19).
    private static func isAuthority(_ extensions: DERReader) -> Bool {
        var outer = extensions
        guard let list = outer.next(0x30) else { return false }
        var reader = outer.inside(list)
        while let element = reader.next(0x30) {
            var one = reader.inside(element)
            guard let name = one.next(0x06), reader.bytes[name.content].elementsEqual([0x55, 0x1D, 0x13]) else { continue }
            if one.tag == 0x01 { _ = one.next() }
            guard let value = one.next(0x04) else { return false }
            var inner = one.inside(value)
            guard let sequence = inner.next(0x30) else { return false }
            var fields = inner.inside(sequence)
            guard let flag = fields.next(0x01) else { return false }
            return reader.bytes[flag.content].first ?? 0 != 0
        }
        return false
    }

    /// The text of an attribute of a name.
    private static func attribute(_ type: [UInt8], _ name: DERReader) -> String? {
        var sets = name
        while let set = sets.next(0x31) {
            var pairs = sets.inside(set)
            while let pair = pairs.next(0x30) {
                var fields = pairs.inside(pair)
                guard let found = fields.next(0x06), let value = fields.next() else { return nil }
                if name.bytes[found.content].elementsEqual(type) { return String(decoding: name.bytes[value.content], as: UTF8.self) }
            }
        }
        return nil
    }
}

/// Privacy-enhanced mail: base64 between lines of dashes (RFC 7468).
enum PEM {
    /// The contents of all blocks with a label, `nil` if one of them is no base64 or a block is not ended.
    static func blocks(_ text: String, label: String = "CERTIFICATE") -> [[UInt8]]? {
        var blocks: [[UInt8]] = []
        var body: [UInt8]?
        for line in text.split(whereSeparator: \.isNewline) {
            let line = trimmed(line)
            if line == "-----BEGIN \(label)-----" {
                guard body == nil else { return nil }
                body = []
            } else if line == "-----END \(label)-----" {
                guard let digits = body, let block = base64(digits) else { return nil }
                blocks.append(block)
                body = nil
            } else if body != nil {
                body?.append(contentsOf: line.utf8)
            }
        }
        return body == nil ? blocks : nil
    }

    private static func trimmed(_ line: Substring) -> Substring {
        var line = line
        while line.first == " " || line.first == "\t" { line.removeFirst() }
        while line.last == " " || line.last == "\t" { line.removeLast() }
        return line
    }

    /// The bytes of a base64 text with padding.
    static func base64(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0, !text.isEmpty else { return nil }
        let padding = text.suffix(2).count { $0 == 0x3D }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var (bits, count): (UInt32, Int) = (0, 0)
        for byte in text.dropLast(padding) {
            let value: UInt8
            switch byte {
            case 0x41...0x5A: value = byte - 0x41
            case 0x61...0x7A: value = byte - 0x47
            case 0x30...0x39: value = byte + 4
            case 0x2B: value = 62
            case 0x2F: value = 63
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
                bits &= (1 << UInt32(count)) - 1
            }
        }
        return bits == 0 ? bytes : nil
    }
}
