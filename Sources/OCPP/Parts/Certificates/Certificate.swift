import Digests

/// The parts of an X.509 certificate (RFC 5280) that OCPP needs.
public struct Certificate: Sendable, Equatable {
    /// The serial number as lower-case hexadecimal digits without leading zeros.
    public let serialNumber: String
    /// The names as they are encoded.
    let issuer: [UInt8]
    let subject: [UInt8]
    /// The content of the public key's bit string, without the count of unused bits.
    let publicKey: [UInt8]
    let keyKind: PublicKeyKind
    /// What is signed, by what algorithm, and the signature.
    let signedPart: [UInt8]
    let signatureKind: SignatureKind?
    let signature: [UInt8]
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

    /// True if the signature of this certificate is that of the issuer's key: ECDSA on P-256 or RSA PKCS #1 1.5, with SHA-256, -384 or -512.
    public func isSigned(by issuer: Certificate) -> Bool {
        guard let signatureKind else { return false }
        return signatureKind.verifies(signature, of: signedPart, key: issuer.publicKey, kind: issuer.keyKind)
    }

    /// Reads a certificate in DER; `nil` if it is none.
    public init?(der bytes: [UInt8]) {
        var file = DERReader(bytes)
        guard let all = file.next(0x30), file.tag == nil else { return nil }
        var outer = file.inside(all)
        guard let signed = outer.next(0x30), let algorithm = outer.next(0x30), let seal = outer.next(0x03), outer.tag == nil,
            bytes[seal.content].first == 0
        else { return nil }
        var body = outer.inside(signed)
        if body.tag == 0xA0 { guard body.next() != nil else { return nil } }
        guard let serial = body.next(0x02), !serial.content.isEmpty, let inner = body.next(0x30),
            bytes[inner.whole].elementsEqual(bytes[algorithm.whole]), let issuer = body.next(0x30),
            let validity = body.next(0x30), let subject = body.next(0x30), let keyInfo = body.next(0x30)
        else { return nil }
        var dates = body.inside(validity)
        guard let first = dates.next(), let last = dates.next(), let notBefore = Self.time(first, bytes), let notAfter = Self.time(last, bytes)
        else { return nil }
        var key = body.inside(keyInfo)
        guard let kind = key.next(0x30), let bits = key.next(0x03), bits.content.count >= 2, bytes[bits.content.lowerBound] == 0 else { return nil }
        keyKind = PublicKeyKind(bytes[kind.content])
        signedPart = Array(bytes[signed.whole])
        signatureKind = SignatureKind(bytes[algorithm.content])
        signature = Array(bytes[seal.content.dropFirst()])
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
    static func attribute(_ type: [UInt8], _ name: DERReader) -> String? {
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
