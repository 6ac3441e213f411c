/// Where an operand lies: three bits of table, 29 bits of index.
struct FormulaPlace: Hashable, Sendable {
    enum Table: UInt32 { case register = 0, signal, constant, aggregate, score }

    let raw: UInt32

    init(_ table: Table, _ index: Int) { raw = table.rawValue << 29 | UInt32(truncatingIfNeeded: index) & 0x1FFF_FFFF }

    /// Largest index that a place can hold.
    static let limit = 0x1FFF_FFFF

    var isRegister: Bool { raw >> 29 == 0 }
    var index: Int { Int(raw & 0x1FFF_FFFF) }
}

/// What an instruction does with its operands a, b and c.
enum FormulaOpcode: UInt8, Sendable {
    case move, add, subtract, multiply, divide, remainder, negate
    case less, lessEqual, equal, notEqual, and, or, not
    case min, max, abs, clamp, round, roundTo
    /// Two instructions in one: a * b + c rounded twice, and c and the comparison of a and b.
    case multiplyAdd, lessAnd, lessEqualAnd
    /// a if c is true, otherwise b.
    case select
    /// a if register b equals the number c, otherwise the destination stays.
    case pick
    /// The constant at index b + a, or NaN when a is outside 0..<c.
    case lookup
    /// Over the places b..<b + c of the place table.
    case sumOf, minOf, maxOf, avgOf
    /// A draw with the parameters a and b at site c.
    case draw
    /// Whether the fingerprint of the run is the constant of two 32-bit halves at index a.
    case fingerprintIs
}

/// One instruction, 16 bytes.
struct FormulaInstruction: Sendable {
    let opcode: FormulaOpcode
    /// The distribution of a draw.
    let function: UInt8
    /// The destination register.
    let destination: UInt16
    let a: UInt32
    let b: UInt32
    let c: UInt32
}

/// The compiled form of a formula: instructions over registers and the tables of its inputs.
struct FormulaProgram: Sendable {
    var code: [FormulaInstruction] = []
    var constants: [Double] = []
    /// Operands of the functions over many signals.
    var places: [UInt32] = []
    var registers = 0
    var result = FormulaPlace(.constant, 0)

    /// Whether a number counts as true: undefined (NaN) does not.
    @inline(__always)
    static func isTrue(_ value: Double) -> Bool { value > 0 }

    /// Runs the first `count` instructions and hands a reader of places to `body`.
    @inline(__always)
    func run<R>(_ inputs: FormulaInputs, upTo count: Int, _ body: ((UInt32) -> Double) -> R) -> R {
        // The constant size keeps the registers of ordinary formulas on the stack; only a formula with more than 64 values
        // waiting at once takes the second way.
        if registers <= 64 {
            return withUnsafeTemporaryAllocation(of: Double.self, capacity: 64) { execute(inputs, upTo: count, $0, body) }
        }
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: registers) { execute(inputs, upTo: count, $0, body) }
    }

    @inline(__always)
    private func execute<R>(
        _ inputs: FormulaInputs, upTo count: Int, _ registers: UnsafeMutableBufferPointer<Double>, _ body: ((UInt32) -> Double) -> R
    ) -> R {
        constants.withUnsafeBufferPointer { constants in
            code.withUnsafeBufferPointer { code in
                // Formulas always have at least one constant slot, and registers always exist, so both addresses are present.
                let file = registers.baseAddress.unsafelyUnwrapped
                var tables = (
                    UnsafePointer(file), inputs.signals, constants.baseAddress.unsafelyUnwrapped, inputs.aggregates, inputs.scores, inputs.scores,
                    inputs.scores, inputs.scores
                )
                return withUnsafeBytes(of: &tables) { raw in
                    let base = raw.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UnsafePointer<Double>.self)
                    if count > 0 {
                        var next = code.baseAddress.unsafelyUnwrapped
                        let end = next + count
                        while next != end {
                            step(next, file, base, inputs)
                            next += 1
                        }
                    }
                    return body { base[Int($0 >> 29)][Int($0 & 0x1FFF_FFFF)] }
                }
            }
        }
    }

    @inline(__always)
    private func step(
        _ at: UnsafePointer<FormulaInstruction>, _ file: UnsafeMutablePointer<Double>, _ base: UnsafePointer<UnsafePointer<Double>>, _ inputs: FormulaInputs
    ) {
        @inline(__always)
        func load(_ place: UInt32) -> Double { base[Int(place >> 29)][Int(place & 0x1FFF_FFFF)] }
        let instruction = at.pointee
        let destination = file + Int(instruction.destination)
        switch instruction.opcode {
        case .move: destination.pointee = load(instruction.a)
        case .add: destination.pointee = load(instruction.a) + load(instruction.b)
        case .subtract: destination.pointee = load(instruction.a) - load(instruction.b)
        case .multiply: destination.pointee = load(instruction.a) * load(instruction.b)
        case .divide: destination.pointee = load(instruction.a) / load(instruction.b)
        case .remainder: destination.pointee = Self.remainder(load(instruction.a), load(instruction.b))
        case .multiplyAdd: destination.pointee = load(instruction.a) * load(instruction.b) + load(instruction.c)
        case .lessAnd: destination.pointee = (load(instruction.a) < load(instruction.b) ? 1 : 0) * (load(instruction.c) > 0 ? 1 : 0)
        case .lessEqualAnd: destination.pointee = (load(instruction.a) <= load(instruction.b) ? 1 : 0) * (load(instruction.c) > 0 ? 1 : 0)
        case .negate: destination.pointee = -load(instruction.a)
        case .less: destination.pointee = load(instruction.a) < load(instruction.b) ? 1 : 0
        case .lessEqual: destination.pointee = load(instruction.a) <= load(instruction.b) ? 1 : 0
        case .equal: destination.pointee = load(instruction.a) == load(instruction.b) ? 1 : 0
        case .notEqual: destination.pointee = Self.differ(load(instruction.a), load(instruction.b)) ? 1 : 0
        case .and:
            let (a, b) = (load(instruction.a), load(instruction.b))
            destination.pointee = Double(a > 0 ? 1 : 0) * Double(b > 0 ? 1 : 0)
        case .or:
            let (a, b) = (load(instruction.a), load(instruction.b))
            destination.pointee = a > 0 ? 1 : b > 0 ? 1 : 0
        case .not: destination.pointee = load(instruction.a) > 0 ? 0 : 1
        case .min: destination.pointee = Self.least(load(instruction.a), load(instruction.b))
        case .max: destination.pointee = Self.greatest(load(instruction.a), load(instruction.b))
        case .abs: destination.pointee = load(instruction.a).magnitude
        case .clamp: destination.pointee = Self.least(Self.greatest(load(instruction.a), load(instruction.b)), load(instruction.c))
        case .round: destination.pointee = load(instruction.a).rounded()
        case .roundTo:
            let unit = load(instruction.b)
            destination.pointee = (load(instruction.a) / unit).rounded() * unit
        case .select: destination.pointee = load(instruction.c) > 0 ? load(instruction.a) : load(instruction.b)
        case .pick: if load(instruction.b) == Double(instruction.c) { destination.pointee = load(instruction.a) }
        default: rare(at, file, base, inputs)
        }
    }

    /// The instructions that are seldom used or slow anyway, kept out of the loop.
    @inline(never)
    private func rare(
        _ at: UnsafePointer<FormulaInstruction>, _ file: UnsafeMutablePointer<Double>, _ base: UnsafePointer<UnsafePointer<Double>>, _ inputs: FormulaInputs
    ) {
        func load(_ place: UInt32) -> Double { base[Int(place >> 29)][Int(place & 0x1FFF_FFFF)] }
        let instruction = at.pointee
        let result: Double
        switch instruction.opcode {
        case .lookup:
            let index = load(instruction.a)
            result = index >= 0 && index < Double(instruction.c) ? constants[Int(instruction.b) + Int(index)] : .nan
        case .sumOf, .minOf, .maxOf, .avgOf:
            let start = Int(instruction.b)
            result = Self.reduce(instruction.opcode, places[start..<start + Int(instruction.c)], load)
        case .draw:
            guard let source = inputs.draws, let function = DrawFunction(rawValue: instruction.function) else {
                result = .nan
                break
            }
            result = source.draw(function, site: Int(instruction.c), load(instruction.a), load(instruction.b))
        case .fingerprintIs:
            let index = Int(instruction.a)
            let (high, low) = (Double(inputs.fingerprint >> 32), Double(inputs.fingerprint & 0xFFFF_FFFF))
            result = constants[index] == high && constants[index + 1] == low ? 1 : 0
        default: result = .nan
        }
        file[Int(instruction.destination)] = result
    }

    /// One value of many; undefined ones are left out, and nothing but undefined ones is undefined.
    private static func reduce(_ opcode: FormulaOpcode, _ places: ArraySlice<UInt32>, _ load: (UInt32) -> Double) -> Double {
        var count = 0.0
        var total = 0.0
        for place in places {
            let value = load(place)
            if value.isNaN { continue }
            switch opcode {
            case .minOf: total = count == 0 ? value : least(total, value)
            case .maxOf: total = count == 0 ? value : greatest(total, value)
            default: total += value
            }
            count += 1
        }
        if count == 0 { return .nan }
        return opcode == .avgOf ? total / count : total
    }

    /// The remainder with the sign of the divisor, as spreadsheets have it; exact.
    static func remainder(_ a: Double, _ b: Double) -> Double {
        let rest = a.truncatingRemainder(dividingBy: b)
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
    }

    /// The smaller number; NaN when either is NaN.
    @inline(__always)
    static func least(_ a: Double, _ b: Double) -> Double { a < b ? a : b <= a ? b : .nan }
    /// The greater number; NaN when either is NaN.
    @inline(__always)
    static func greatest(_ a: Double, _ b: Double) -> Double { a > b ? a : b >= a ? b : .nan }
    /// Whether two numbers differ; false when either is NaN.
    @inline(__always)
    static func differ(_ a: Double, _ b: Double) -> Bool { a < b || a > b }
}
