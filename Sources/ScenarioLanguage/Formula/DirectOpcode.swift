// What the instructions of direct formulas do. In the closures `i` is the instruction, `s`, `a` and `m` are the tables of signals,
// aggregates and scores, and `t`, `u`, `v`, `w` are the values of the stack from the top on.

/// What an instruction of a direct formula does.
///
/// The letters behind an operation say where its operands come from, left one first: `S` a signal, `C` a constant, `T` the top of the
/// stack, `U` and `V` the two values under the top. Operations without `T` push their result, the others replace what they take.
enum DirectOpcode {
    case end
    case pushS, pushC, pushAggregate, pushScore

    case addSS, addSC, addTS, addTC, addUT
    case subtractSS, subtractSC, subtractCS, subtractTS, subtractTC, subtractST, subtractCT, subtractUT
    case multiplySS, multiplySC, multiplyTS, multiplyTC, multiplyUT
    case divideSS, divideSC, divideCS, divideTS, divideTC, divideST, divideCT, divideUT
    case minSS, minSC, minTS, minTC, minUT
    case maxSS, maxSC, maxTS, maxTC, maxUT
    case lessSS, lessSC, lessCS, lessTS, lessTC, lessST, lessCT, lessUT
    case lessEqualSS, lessEqualSC, lessEqualCS, lessEqualTS, lessEqualTC, lessEqualST, lessEqualCT, lessEqualUT
    case equalSS, equalSC, equalTS, equalTC, equalUT
    case notEqualUT, andUT, orUT, remainderUT
    case absS, absT, negateT, notT, roundT

    // Two operations in one; the order of their roundings is that of the single ones.
    /// a * b + c; the signal that finds no place in `x` and `y` is in `z`.
    case multiplySCaddS, multiplySSaddS, multiplySSaddC
    /// The top with a product or quotient: U is the top before.
    case addTmultiplySS, addTmultiplySC, subtractTmultiplySS, subtractTdivideSS, addTdivideSS, addTabsS
    case multiplyTaddSS, multiplyTsubtractSS
    /// The operands of `and` and `or` are 1 or 0, so that a product and the greater one will do.
    case andTlessSS, andTlessSC, andTlessCS, andTlessEqualSS, andTlessEqualSC, andTlessEqualCS
    /// The value under the top when the comparison holds, otherwise the top.
    case selectLessSS, selectLessSC, selectLessCS, selectLessEqualSS, selectLessEqualSC, selectLessEqualCS
    /// The value under the top when the third one is true, otherwise the top.
    case selectVUT
}

extension DirectOpcode {
    /// How many values the stack holds; formulas that need more go the general way.
    static let depth = 4

    /// The function that does the instruction and those behind it.
    var action: DirectAction {
        switch self {
        case .end: { _, _, _, _, t, _, _, _ in t }
        case .pushS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, x(i, s), t, u, v) }
        case .pushC: { i, s, a, m, t, u, v, _ in go(i, s, a, m, c(i), t, u, v) }
        case .pushAggregate: { i, s, a, m, t, u, v, _ in go(i, s, a, m, a[place(i)], t, u, v) }
        case .pushScore: { i, s, a, m, t, u, v, _ in go(i, s, a, m, m[place(i)], t, u, v) }

        case .addSS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, x(i, s) + y(i, s), t, u, v) }
        case .addSC: { i, s, a, m, t, u, v, _ in go(i, s, a, m, x(i, s) + c(i), t, u, v) }
        case .addTS: { i, s, a, m, t, u, v, w in go(i, s, a, m, t + x(i, s), u, v, w) }
        case .addTC: { i, s, a, m, t, u, v, w in go(i, s, a, m, t + c(i), u, v, w) }
        case .addUT: { i, s, a, m, t, u, v, w in go(i, s, a, m, u + t, v, w, w) }

        case .subtractSS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, x(i, s) - y(i, s), t, u, v) }
        case .subtractSC: { i, s, a, m, t, u, v, _ in go(i, s, a, m, x(i, s) - c(i), t, u, v) }
        case .subtractCS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, c(i) - x(i, s), t, u, v) }
        case .subtractTS: { i, s, a, m, t, u, v, w in go(i, s, a, m, t - x(i, s), u, v, w) }
        case .subtractTC: { i, s, a, m, t, u, v, w in go(i, s, a, m, t - c(i), u, v, w) }
        case .subtractST: { i, s, a, m, t, u, v, w in go(i, s, a, m, x(i, s) - t, u, v, w) }
        case .subtractCT: { i, s, a, m, t, u, v, w in go(i, s, a, m, c(i) - t, u, v, w) }
        case .subtractUT: { i, s, a, m, t, u, v, w in go(i, s, a, m, u - t, v, w, w) }

        case .multiplySS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, x(i, s) * y(i, s), t, u, v) }
        case .multiplySC: { i, s, a, m, t, u, v, _ in go(i, s, a, m, x(i, s) * c(i), t, u, v) }
        case .multiplyTS: { i, s, a, m, t, u, v, w in go(i, s, a, m, t * x(i, s), u, v, w) }
        case .multiplyTC: { i, s, a, m, t, u, v, w in go(i, s, a, m, t * c(i), u, v, w) }
        case .multiplyUT: { i, s, a, m, t, u, v, w in go(i, s, a, m, u * t, v, w, w) }

        case .divideSS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, x(i, s) / y(i, s), t, u, v) }
        case .divideSC: { i, s, a, m, t, u, v, _ in go(i, s, a, m, x(i, s) / c(i), t, u, v) }
        case .divideCS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, c(i) / x(i, s), t, u, v) }
        case .divideTS: { i, s, a, m, t, u, v, w in go(i, s, a, m, t / x(i, s), u, v, w) }
        case .divideTC: { i, s, a, m, t, u, v, w in go(i, s, a, m, t / c(i), u, v, w) }
        case .divideST: { i, s, a, m, t, u, v, w in go(i, s, a, m, x(i, s) / t, u, v, w) }
        case .divideCT: { i, s, a, m, t, u, v, w in go(i, s, a, m, c(i) / t, u, v, w) }
        case .divideUT: { i, s, a, m, t, u, v, w in go(i, s, a, m, u / t, v, w, w) }

        case .minSS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, least(x(i, s), y(i, s)), t, u, v) }
        case .minSC: { i, s, a, m, t, u, v, _ in go(i, s, a, m, least(x(i, s), c(i)), t, u, v) }
        case .minTS: { i, s, a, m, t, u, v, w in go(i, s, a, m, least(t, x(i, s)), u, v, w) }
        case .minTC: { i, s, a, m, t, u, v, w in go(i, s, a, m, least(t, c(i)), u, v, w) }
        case .minUT: { i, s, a, m, t, u, v, w in go(i, s, a, m, least(u, t), v, w, w) }
        case .maxSS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, greatest(x(i, s), y(i, s)), t, u, v) }
        case .maxSC: { i, s, a, m, t, u, v, _ in go(i, s, a, m, greatest(x(i, s), c(i)), t, u, v) }
        case .maxTS: { i, s, a, m, t, u, v, w in go(i, s, a, m, greatest(t, x(i, s)), u, v, w) }
        case .maxTC: { i, s, a, m, t, u, v, w in go(i, s, a, m, greatest(t, c(i)), u, v, w) }
        case .maxUT: { i, s, a, m, t, u, v, w in go(i, s, a, m, greatest(u, t), v, w, w) }

        case .lessSS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, flag(x(i, s) < y(i, s)), t, u, v) }
        case .lessSC: { i, s, a, m, t, u, v, _ in go(i, s, a, m, flag(x(i, s) < c(i)), t, u, v) }
        case .lessCS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, flag(c(i) < x(i, s)), t, u, v) }
        case .lessTS: { i, s, a, m, t, u, v, w in go(i, s, a, m, flag(t < x(i, s)), u, v, w) }
        case .lessTC: { i, s, a, m, t, u, v, w in go(i, s, a, m, flag(t < c(i)), u, v, w) }
        case .lessST: { i, s, a, m, t, u, v, w in go(i, s, a, m, flag(x(i, s) < t), u, v, w) }
        case .lessCT: { i, s, a, m, t, u, v, w in go(i, s, a, m, flag(c(i) < t), u, v, w) }
        case .lessUT: { i, s, a, m, t, u, v, w in go(i, s, a, m, flag(u < t), v, w, w) }
        case .lessEqualSS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, flag(x(i, s) <= y(i, s)), t, u, v) }
        case .lessEqualSC: { i, s, a, m, t, u, v, _ in go(i, s, a, m, flag(x(i, s) <= c(i)), t, u, v) }
        case .lessEqualCS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, flag(c(i) <= x(i, s)), t, u, v) }
        case .lessEqualTS: { i, s, a, m, t, u, v, w in go(i, s, a, m, flag(t <= x(i, s)), u, v, w) }
        case .lessEqualTC: { i, s, a, m, t, u, v, w in go(i, s, a, m, flag(t <= c(i)), u, v, w) }
        case .lessEqualST: { i, s, a, m, t, u, v, w in go(i, s, a, m, flag(x(i, s) <= t), u, v, w) }
        case .lessEqualCT: { i, s, a, m, t, u, v, w in go(i, s, a, m, flag(c(i) <= t), u, v, w) }
        case .lessEqualUT: { i, s, a, m, t, u, v, w in go(i, s, a, m, flag(u <= t), v, w, w) }
        case .equalSS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, flag(x(i, s) == y(i, s)), t, u, v) }
        case .equalSC: { i, s, a, m, t, u, v, _ in go(i, s, a, m, flag(x(i, s) == c(i)), t, u, v) }
        case .equalTS: { i, s, a, m, t, u, v, w in go(i, s, a, m, flag(t == x(i, s)), u, v, w) }
        case .equalTC: { i, s, a, m, t, u, v, w in go(i, s, a, m, flag(t == c(i)), u, v, w) }
        case .equalUT: { i, s, a, m, t, u, v, w in go(i, s, a, m, flag(u == t), v, w, w) }
        case .notEqualUT: { i, s, a, m, t, u, v, w in go(i, s, a, m, flag(differ(u, t)), v, w, w) }
        case .andUT: { i, s, a, m, t, u, v, w in go(i, s, a, m, u * t, v, w, w) }
        case .orUT: { i, s, a, m, t, u, v, w in go(i, s, a, m, u < t ? t : u, v, w, w) }
        case .remainderUT: { i, s, a, m, t, u, v, w in go(i, s, a, m, FormulaProgram.remainder(u, t), v, w, w) }
        case .roundT: { i, s, a, m, t, u, v, w in go(i, s, a, m, t.rounded(), u, v, w) }

        case .absS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, x(i, s).magnitude, t, u, v) }
        case .absT: { i, s, a, m, t, u, v, w in go(i, s, a, m, t.magnitude, u, v, w) }
        case .negateT: { i, s, a, m, t, u, v, w in go(i, s, a, m, -t, u, v, w) }
        case .notT: { i, s, a, m, t, u, v, w in go(i, s, a, m, flag(!(t > 0)), u, v, w) }

        case .multiplySCaddS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, x(i, s) * c(i) + z(i, s), t, u, v) }
        case .multiplySSaddS: { i, s, a, m, t, u, v, _ in go(i, s, a, m, x(i, s) * y(i, s) + z(i, s), t, u, v) }
        case .multiplySSaddC: { i, s, a, m, t, u, v, _ in go(i, s, a, m, x(i, s) * z(i, s) + c(i), t, u, v) }
        case .multiplyTaddSS: { i, s, a, m, t, u, v, w in go(i, s, a, m, t * (x(i, s) + y(i, s)), u, v, w) }
        case .multiplyTsubtractSS: { i, s, a, m, t, u, v, w in go(i, s, a, m, t * (x(i, s) - y(i, s)), u, v, w) }
        case .addTmultiplySS: { i, s, a, m, t, u, v, w in go(i, s, a, m, t + x(i, s) * y(i, s), u, v, w) }
        case .addTmultiplySC: { i, s, a, m, t, u, v, w in go(i, s, a, m, t + x(i, s) * c(i), u, v, w) }
        case .subtractTmultiplySS: { i, s, a, m, t, u, v, w in go(i, s, a, m, t - x(i, s) * y(i, s), u, v, w) }
        case .subtractTdivideSS: { i, s, a, m, t, u, v, w in go(i, s, a, m, t - x(i, s) / y(i, s), u, v, w) }
        case .addTdivideSS: { i, s, a, m, t, u, v, w in go(i, s, a, m, t + x(i, s) / y(i, s), u, v, w) }
        case .addTabsS: { i, s, a, m, t, u, v, w in go(i, s, a, m, t + x(i, s).magnitude, u, v, w) }
        case .andTlessSS: { i, s, a, m, t, u, v, w in go(i, s, a, m, x(i, s) < y(i, s) ? t : 0, u, v, w) }
        case .andTlessSC: { i, s, a, m, t, u, v, w in go(i, s, a, m, x(i, s) < c(i) ? t : 0, u, v, w) }
        case .andTlessCS: { i, s, a, m, t, u, v, w in go(i, s, a, m, c(i) < x(i, s) ? t : 0, u, v, w) }
        case .andTlessEqualSS: { i, s, a, m, t, u, v, w in go(i, s, a, m, x(i, s) <= y(i, s) ? t : 0, u, v, w) }
        case .andTlessEqualSC: { i, s, a, m, t, u, v, w in go(i, s, a, m, x(i, s) <= c(i) ? t : 0, u, v, w) }
        case .andTlessEqualCS: { i, s, a, m, t, u, v, w in go(i, s, a, m, c(i) <= x(i, s) ? t : 0, u, v, w) }
        case .selectLessSS: { i, s, a, m, t, u, v, w in go(i, s, a, m, x(i, s) < y(i, s) ? u : t, v, w, w) }
        case .selectLessSC: { i, s, a, m, t, u, v, w in go(i, s, a, m, x(i, s) < c(i) ? u : t, v, w, w) }
        case .selectLessCS: { i, s, a, m, t, u, v, w in go(i, s, a, m, c(i) < x(i, s) ? u : t, v, w, w) }
        case .selectLessEqualSS: { i, s, a, m, t, u, v, w in go(i, s, a, m, x(i, s) <= y(i, s) ? u : t, v, w, w) }
        case .selectLessEqualSC: { i, s, a, m, t, u, v, w in go(i, s, a, m, x(i, s) <= c(i) ? u : t, v, w, w) }
        case .selectLessEqualCS: { i, s, a, m, t, u, v, w in go(i, s, a, m, c(i) <= x(i, s) ? u : t, v, w, w) }
        case .selectVUT: { i, s, a, m, t, u, v, w in go(i, s, a, m, v > 0 ? u : t, w, w, w) }
        }
    }
}

// MARK: Operands

/// Goes on with the next instruction.
@inline(__always)
private func go(
    _ at: UnsafeRawPointer, _ s: UnsafePointer<Double>, _ a: UnsafePointer<Double>, _ m: UnsafePointer<Double>, _ t: Double, _ u: Double, _ v: Double,
    _ w: Double
) -> Double {
    let next = at + MemoryLayout<DirectInstruction>.stride
    return instruction(next).action(next, s, a, m, t, u, v, w)
}

@inline(__always)
private func instruction(_ at: UnsafeRawPointer) -> DirectInstruction { at.assumingMemoryBound(to: DirectInstruction.self).pointee }
@inline(__always)
private func place(_ at: UnsafeRawPointer) -> Int { Int(instruction(at).x) }
@inline(__always)
private func x(_ at: UnsafeRawPointer, _ s: UnsafePointer<Double>) -> Double { s[Int(instruction(at).x)] }
@inline(__always)
private func y(_ at: UnsafeRawPointer, _ s: UnsafePointer<Double>) -> Double { s[Int(truncatingIfNeeded: instruction(at).y)] }
@inline(__always)
private func z(_ at: UnsafeRawPointer, _ s: UnsafePointer<Double>) -> Double { s[Int(instruction(at).z)] }
@inline(__always)
private func c(_ at: UnsafeRawPointer) -> Double { Double(bitPattern: instruction(at).y) }

// MARK: Results

@inline(__always)
private func flag(_ holds: Bool) -> Double { holds ? 1 : 0 }
/// The smaller number, NaN when either is NaN, without a jump.
@inline(__always)
private func least(_ a: Double, _ b: Double) -> Double {
    let smaller = a < b ? a : b
    return a != a ? a : smaller
}
/// The greater number, NaN when either is NaN, without a jump.
@inline(__always)
private func greatest(_ a: Double, _ b: Double) -> Double {
    let greater = a > b ? a : b
    return a != a ? a : greater
}
@inline(__always)
private func differ(_ a: Double, _ b: Double) -> Bool { FormulaProgram.differ(a, b) }
