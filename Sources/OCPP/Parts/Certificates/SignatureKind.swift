/// The kinds of public keys that are understood.
enum PublicKeyKind: Sendable, Equatable {
    case p256, rsa, other

    private static let elliptic: [UInt8] = [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
    private static let primeCurve: [UInt8] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
    private static let rsaKey: [UInt8] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00]

    /// The algorithm identifier of a key on P-256.
    static let p256Identifier = elliptic + primeCurve

    /// The content of an algorithm identifier.
    init(_ identifier: some Sequence<UInt8>) {
        let bytes = Array(identifier)
        self = bytes == Self.p256Identifier ? .p256 : bytes == Self.rsaKey ? .rsa : .other
    }
}

/// How a certificate is signed.
struct SignatureKind: Sendable, Equatable {
    let key: PublicKeyKind
    let hash: HashAlgorithm

    /// ecdsa-with-SHA256 (RFC 5758).
    static let ecdsaSHA256: [UInt8] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]
    private static let rsaSHA256: [UInt8] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B, 0x05, 0x00]

    /// The content of an algorithm identifier; `nil` if it is none of those understood.
    init?(_ identifier: some Sequence<UInt8>) {
        let bytes = Array(identifier)
        for (place, hash) in HashAlgorithm.allCases.enumerated() {
            var (ecdsa, rsa) = (Self.ecdsaSHA256, Self.rsaSHA256)
            ecdsa[9] += UInt8(place)
            rsa[10] += UInt8(place)
            if bytes == ecdsa || bytes == rsa {
                key = bytes == ecdsa ? .p256 : .rsa
                self.hash = hash
                return
            }
        }
        return nil
    }

    /// True if a signature is that of the key's owner.
    func verifies(_ signature: [UInt8], of message: [UInt8], key bytes: [UInt8], kind: PublicKeyKind) -> Bool {
        guard kind == key else { return false }
        let digest = hash.digest(message)
        switch kind {
        case .p256: return P256.curve?.verifies(signature, digest: digest, key: bytes) ?? false
        case .rsa: return verifiesRSA(signature, digest, bytes)
        case .other: return false
        }
    }

    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.2), keys of 1024 to 8192 bits.
    private func verifiesRSA(_ signature: [UInt8], _ digest: [UInt8], _ key: [UInt8]) -> Bool {
        var file = DERReader(key)
        guard let all = file.next(0x30), file.tag == nil else { return false }
        var fields = file.inside(all)
        guard let first = fields.next(0x02), let second = fields.next(0x02), fields.tag == nil, second.content.count <= 8 else { return false }
        let modulus = key[first.content].drop { $0 == 0 }
        let count = (modulus.count + 7) / 8
        guard 128...1024 ~= modulus.count, signature.count == modulus.count, let limbs = Montgomery.limbs(modulus, count: count),
            let arithmetic = Montgomery(limbs), let number = Montgomery.limbs(signature, count: count), Montgomery.isLess(number, limbs),
            let exponent = Montgomery.limbs(key[second.content], count: 1), exponent[0] > 1
        else { return false }
        let opened = Montgomery.bytes(arithmetic.leave(arithmetic.power(arithmetic.enter(number), exponent))).suffix(modulus.count)
        // DigestInfo: the identifier of the hash, then the digest.
        let info: [UInt8] = [
            0x30, UInt8(17 + digest.count), 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, hash.rawValue + 1, 0x05, 0x00, 0x04,
            UInt8(digest.count),
        ]
        let padding = modulus.count - 3 - info.count - digest.count
        guard padding >= 8 else { return false }
        return opened.elementsEqual([0, 1] + [UInt8](repeating: 0xFF, count: padding) + [0] + info + digest)
    }
}

/// A request for a certificate (PKCS #10, RFC 2986).
struct CertificateRequest {
    let commonName: String?
    let organization: String?
    /// True if the request bears the signature of the key in it.
    let isSelfSigned: Bool

    /// The PEM text of a request for a name, signed with ECDSA and SHA-256.
    static func text(commonName: String, organization: String, key: P256.PrivateKey) -> String {
        func attribute(_ last: UInt8, _ text: String) -> [UInt8] {
            DERWriter.set(DERWriter.sequence(DERWriter.identifier([0x55, 0x04, last]), DERWriter.text(text)))
        }
        let name = (organization.isEmpty ? [] : attribute(0x0A, organization)) + attribute(0x03, commonName)
        let info = DERWriter.sequence(
            DERWriter.element(0x02, [0]), DERWriter.element(0x30, name),
            DERWriter.sequence(DERWriter.element(0x30, PublicKeyKind.p256Identifier), DERWriter.bits(key.publicKey)), DERWriter.element(0xA0, []))
        let signature = key.signature(HashAlgorithm.sha256.digest(info))
        return PEM.text(
            DERWriter.sequence(info, DERWriter.element(0x30, SignatureKind.ecdsaSHA256), DERWriter.bits(signature)), label: "CERTIFICATE REQUEST")
    }

    /// Reads a request in DER; `nil` if it is none.
    init?(der bytes: [UInt8]) {
        var file = DERReader(bytes)
        guard let all = file.next(0x30), file.tag == nil else { return nil }
        var outer = file.inside(all)
        guard let info = outer.next(0x30), let algorithm = outer.next(0x30), let seal = outer.next(0x03), outer.tag == nil,
            bytes[seal.content].first == 0
        else { return nil }
        var body = outer.inside(info)
        guard body.next(0x02) != nil, let subject = body.next(0x30), let keyInfo = body.next(0x30) else { return nil }
        var key = body.inside(keyInfo)
        guard let kind = key.next(0x30), let bits = key.next(0x03), bits.content.count >= 2 else { return nil }
        commonName = Certificate.attribute([0x55, 0x04, 0x03], body.inside(subject))
        organization = Certificate.attribute([0x55, 0x04, 0x0A], body.inside(subject))
        isSelfSigned =
            SignatureKind(bytes[algorithm.content])?.verifies(
                Array(bytes[seal.content.dropFirst()]), of: Array(bytes[info.whole]), key: Array(bytes[bits.content.dropFirst()]),
                kind: PublicKeyKind(bytes[kind.content])) ?? false
    }
}
