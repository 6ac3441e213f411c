/// The first primes.
func primes(_ count: Int) -> [UInt64] {
    var primes: [UInt64] = []
    var candidate: UInt64 = 2
    while primes.count < count {
        if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
        candidate += 1
    }
    return primes
}

/// 64 bits of the fraction of a square root, by integer bisection.
func fraction(ofSquareRootOf prime: UInt64) -> UInt64 {
    // The greatest r with r² <= prime · 2^128.
    greatest { r in
        let (high, low) = r.multipliedFullWidth(by: r)
        return high < UInt128(prime) || (high == UInt128(prime) && low == 0)
    }
}

/// 64 bits of the fraction of a cube root, by integer bisection.
func fraction(ofCubeRootOf prime: UInt64) -> UInt64 {
    // The greatest r with r³ <= prime · 2^192.
    greatest { r in
        let square = r.multipliedFullWidth(by: r)
        let (high, low) = UInt128(square.low).multipliedFullWidth(by: r)
        let (cube, bound) = (high + square.high * r, UInt128(prime) << 64)
        return cube < bound || (cube == bound && low == 0)
    }
}

/// The low 64 bits of the greatest number below 2^70 that fits.
private func greatest(_ fits: (UInt128) -> Bool) -> UInt64 {
    var (low, high): (UInt128, UInt128) = (0, 1 << 70)
    while high - low > 1 {
        let middle = (low + high) / 2
        if fits(middle) { low = middle } else { high = middle }
    }
    return UInt64(truncatingIfNeeded: low)
}

/// Calls `body` with each block of a padded message: a one bit, zeros, and the length in bits in the last `lengthSize` bytes.
func forEachBlock(_ bytes: [UInt8], _ size: Int, _ lengthSize: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    let whole = bytes.count / size * size
    bytes.withUnsafeBufferPointer { all in
        for start in stride(from: 0, to: whole, by: size) { body(UnsafeBufferPointer(rebasing: all[start..<start + size])) }
    }
    var tail = Array(bytes[whole...])
    tail.append(0x80)
    while tail.count % size != size - lengthSize { tail.append(0) }
    let bits = UInt64(bytes.count) * 8
    tail += [UInt8](repeating: 0, count: lengthSize - 8)
    for shift in stride(from: 56, through: 0, by: -8) { tail.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
    tail.withUnsafeBufferPointer { all in
        for start in stride(from: 0, to: tail.count, by: size) { body(UnsafeBufferPointer(rebasing: all[start..<start + size])) }
    }
}

/// Bytes as lower-case hexadecimal digits.
public func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return String(decoding: text, as: UTF8.self)
}
