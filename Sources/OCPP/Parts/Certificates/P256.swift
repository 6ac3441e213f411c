import Digests

/// The elliptic curve P-256 (FIPS 186-5, SEC 2) as far as signatures need it; not in constant time, so for simulations only.
struct P256: Sendable {
    /// A point in Jacobian coordinates, in the form of the field's arithmetic; z = 0 is the point at infinity.
    struct Point: Sendable {
        var x, y, z: Montgomery.Number
        var isInfinite: Bool { z.allSatisfy { $0 == 0 } }
    }

    let field: Montgomery
    let order: Montgomery
    let b: Montgomery.Number
    let base: Point

    /// The curve; `nil` never comes, for the constants are right.
    static let curve: P256? = P256()

    private init?() {
        guard let field = Montgomery([0xFFFF_FFFF_FFFF_FFFF, 0x0000_0000_FFFF_FFFF, 0, 0xFFFF_FFFF_0000_0001]),
            let order = Montgomery([0xF3B9_CAC2_FC63_2551, 0xBCE6_FAAD_A717_9E84, 0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_0000_0000])
        else { return nil }
        self.field = field
        self.order = order
        b = field.enter([0x3BCE_3C3E_27D2_604B, 0x651D_06B0_CC53_B0F6, 0xB3EB_BD55_7698_86BC, 0x5AC6_35D8_AA3A_93E7])
        base = Point(
            x: field.enter([0xF4A1_3945_D898_C296, 0x7703_7D81_2DEB_33A0, 0xF8BC_E6E5_63A4_40F2, 0x6B17_D1F2_E12C_4247]),
            y: field.enter([0xCBB6_4068_37BF_51F5, 0x2BCE_3357_6B31_5ECE, 0x8EE7_EB4A_7C0F_9E16, 0x4FE3_42E2_FE1A_7F9B]), z: field.one)
    }

    private var infinity: Point { Point(x: field.one, y: field.one, z: [0, 0, 0, 0]) }

    private func doubled(_ p: Point) -> Point {
        guard !p.isInfinite else { return p }
        let f = field
        let (delta, gamma) = (f.multiply(p.z, p.z), f.multiply(p.y, p.y))
        let beta = f.multiply(p.x, gamma)
        let product = f.multiply(f.subtract(p.x, delta), f.add(p.x, delta))
        let alpha = f.add(f.add(product, product), product)
        let twice = f.add(beta, beta)
        let four = f.add(twice, twice)
        let x = f.subtract(f.multiply(alpha, alpha), f.add(four, four))
        let sum = f.add(p.y, p.z)
        let z = f.subtract(f.subtract(f.multiply(sum, sum), gamma), delta)
        let square = f.multiply(gamma, gamma)
        let twoSquares = f.add(square, square)
        let fourSquares = f.add(twoSquares, twoSquares)
        let y = f.subtract(f.multiply(alpha, f.subtract(four, x)), f.add(fourSquares, fourSquares))
        return Point(x: x, y: y, z: z)
    }

    private func sum(_ p: Point, _ q: Point) -> Point {
        if p.isInfinite { return q }
        if q.isInfinite { return p }
        let f = field
        let (zz1, zz2) = (f.multiply(p.z, p.z), f.multiply(q.z, q.z))
        let (u1, u2) = (f.multiply(p.x, zz2), f.multiply(q.x, zz1))
        let (s1, s2) = (f.multiply(p.y, f.multiply(q.z, zz2)), f.multiply(q.y, f.multiply(p.z, zz1)))
        let (h, r) = (f.subtract(u2, u1), f.subtract(s2, s1))
        if h.allSatisfy({ $0 == 0 }) { return r.allSatisfy { $0 == 0 } ? doubled(p) : infinity }
        let hh = f.multiply(h, h)
        let (hhh, v) = (f.multiply(h, hh), f.multiply(u1, hh))
        let x = f.subtract(f.subtract(f.multiply(r, r), hhh), f.add(v, v))
        let y = f.subtract(f.multiply(r, f.subtract(v, x)), f.multiply(s1, hhh))
        return Point(x: x, y: y, z: f.multiply(h, f.multiply(p.z, q.z)))
    }

    /// a · P + b · Q for plain numbers a and b.
    private func combined(_ a: Montgomery.Number, _ p: Point, _ b: Montgomery.Number, _ q: Point) -> Point {
        let both = sum(p, q)
        var result = infinity
        for index in (0..<256).reversed() {
            result = doubled(result)
            switch (a[index / 64] >> UInt64(index % 64) & 1, b[index / 64] >> UInt64(index % 64) & 1) {
            case (1, 1): result = sum(result, both)
            case (1, _): result = sum(result, p)
            case (_, 1): result = sum(result, q)
            default: break
            }
        }
        return result
    }

    /// The plain coordinates of a point that is not at infinity.
    private func affine(_ p: Point) -> (x: Montgomery.Number, y: Montgomery.Number) {
        let inverse = field.inverted(p.z)
        let square = field.multiply(inverse, inverse)
        return (field.leave(field.multiply(p.x, square)), field.leave(field.multiply(p.y, field.multiply(square, inverse))))
    }

    /// The point of an uncompressed public key, `nil` if it is not on the curve.
    private func point(_ key: [UInt8]) -> Point? {
        guard key.count == 65, key[0] == 4, let x = Montgomery.limbs(key[1...32], count: 4), let y = Montgomery.limbs(key[33...64], count: 4),
            Montgomery.isLess(x, field.modulus), Montgomery.isLess(y, field.modulus)
        else { return nil }
        let point = Point(x: field.enter(x), y: field.enter(y), z: field.one)
        let three = field.add(field.add(point.x, point.x), point.x)
        let cube = field.multiply(field.multiply(point.x, point.x), point.x)
        return field.multiply(point.y, point.y) == field.add(field.subtract(cube, three), b) ? point : nil
    }

    /// The left 256 bits of a digest modulo the order.
    private func number(_ digest: [UInt8]) -> Montgomery.Number {
        guard let limbs = Montgomery.limbs(digest.prefix(32), count: 4) else { return [0, 0, 0, 0] }
        return Montgomery.isLess(limbs, order.modulus) ? limbs : order.subtract(limbs, order.modulus)
    }

    private func isInOrder(_ a: Montgomery.Number) -> Bool { a.contains { $0 != 0 } && Montgomery.isLess(a, order.modulus) }

    /// True if (r, s) in DER is the signature of a digest under an uncompressed public key.
    func verifies(_ signature: [UInt8], digest: [UInt8], key: [UInt8]) -> Bool {
        var file = DERReader(signature)
        guard let all = file.next(0x30), file.tag == nil, let q = point(key) else { return false }
        var fields = file.inside(all)
        guard let first = fields.next(0x02), let second = fields.next(0x02), fields.tag == nil,
            let r = Montgomery.limbs(signature[first.content], count: 4), let s = Montgomery.limbs(signature[second.content], count: 4),
            isInOrder(r), isInOrder(s)
        else { return false }
        let w = order.inverted(order.enter(s))
        let u = order.leave(order.multiply(order.enter(number(digest)), w))
        let v = order.leave(order.multiply(order.enter(r), w))
        let point = combined(u, base, v, q)
        guard !point.isInfinite else { return false }
        let x = affine(point).x
        return (Montgomery.isLess(x, order.modulus) ? x : order.subtract(x, order.modulus)) == r
    }

    /// A private key that a seed gives.
    struct PrivateKey: Sendable {
        private let scalar: [UInt8]
        /// The uncompressed point, 65 bytes.
        let publicKey: [UInt8]

        init(seed: [UInt8]) {
            let secret = Self.scalar(Array("key".utf8) + seed)
            scalar = secret
            publicKey = P256.curve.map { [4] + $0.multiple(secret) } ?? []
        }

        /// The first digest of a seed and a count that is a number below the order.
        private static func scalar(_ seed: [UInt8]) -> [UInt8] {
            for count in 0..<UInt8.max {
                let digest = SHA256.digest([count] + seed)
                if let limbs = Montgomery.limbs(digest, count: 4), P256.curve?.isInOrder(limbs) ?? true { return digest }
            }
            return [UInt8](repeating: 1, count: 32)
        }

        /// The signature of a digest in DER; the same digest gives the same signature.
        func signature(_ digest: [UInt8]) -> [UInt8] {
            guard let curve = P256.curve, let d = Montgomery.limbs(scalar, count: 4) else { return [] }
            for count in 0..<UInt8.max {
                let secret = Self.scalar([count] + scalar + digest)
                guard let k = Montgomery.limbs(secret, count: 4), let x = Montgomery.limbs(curve.multiple(secret).prefix(32), count: 4) else { continue }
                let order = curve.order
                let r = Montgomery.isLess(x, order.modulus) ? x : order.subtract(x, order.modulus)
                let sum = order.add(order.enter(curve.number(digest)), order.multiply(order.enter(r), order.enter(d)))
                let s = order.leave(order.multiply(order.inverted(order.enter(k)), sum))
                guard curve.isInOrder(r), curve.isInOrder(s) else { continue }
                return DERWriter.sequence(DERWriter.integer(Montgomery.bytes(r)), DERWriter.integer(Montgomery.bytes(s)))
            }
            return []
        }
    }

    /// Both coordinates of a multiple of the base point, 64 bytes.
    private func multiple(_ scalar: [UInt8]) -> [UInt8] {
        guard let k = Montgomery.limbs(scalar, count: 4) else { return [] }
        let (x, y) = affine(combined(k, base, [0, 0, 0, 0], infinity))
        return Montgomery.bytes(x) + Montgomery.bytes(y)
    }
}
