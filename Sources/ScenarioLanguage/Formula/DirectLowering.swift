/// Turns the instructions of a formula over registers into those of a `DirectFormula`.
///
/// The register of each result is read once, so that the instructions are a tree written down; this takes the tree apart again and
/// writes it for the stack, joining an operation with the loads of its operands and with the operation before it.
struct DirectLowering {
    private enum Node {
        case signal(Int)
        case constant(Double)
        case aggregate(Int)
        case score(Int)
        case unary(FormulaOpcode, Int)
        case binary(FormulaOpcode, Int, Int)
        case select(condition: Int, Int, Int)
    }
    private let program: FormulaProgram
    private var nodes: [Node] = []
    private var registers: [Int?] = []
    private var code: [DirectInstruction] = []
    /// How many values lie on the stack.
    private var depth = 0

    /// Longer formulas go the general way, so that the recursion below stays shallow.
    private static let mostOperations = 200

    init(_ program: FormulaProgram) { self.program = program }

    /// The instructions; `nil` for formulas that need more than tables of numbers, and for very long or deep ones.
    mutating func instructions() -> [DirectInstruction]? {
        guard program.code.count <= Self.mostOperations else { return nil }
        registers = Array(repeating: nil, count: program.registers)
        for instruction in program.code {
            guard let node = node(of: instruction) else { return nil }
            registers[Int(instruction.destination)] = node
        }
        guard let root = take(program.result.raw) else { return nil }
        return write(root) ? code : nil
    }

    // MARK: The tree

    private mutating func add(_ node: Node) -> Int {
        nodes.append(node)
        return nodes.count - 1
    }

    /// The node at a place; the value of a register can be taken once.
    private mutating func take(_ raw: UInt32) -> Int? {
        let index = Int(raw & UInt32(FormulaPlace.limit))
        switch FormulaPlace.Table(rawValue: raw >> 29) {
        case .register?:
            guard registers.indices.contains(index) else { return nil }
            defer { registers[index] = nil }
            return registers[index]
        case .signal?: return add(.signal(index))
        case .constant?: return program.constants.indices.contains(index) ? add(.constant(program.constants[index])) : nil
        case .aggregate?: return add(.aggregate(index))
        case .score?: return add(.score(index))
        case nil: return nil
        }
    }

    private mutating func node(of instruction: FormulaInstruction) -> Int? {
        switch instruction.opcode {
        case .negate, .not, .abs, .round:
            guard let a = take(instruction.a) else { return nil }
            return add(.unary(instruction.opcode, a))
        case .add, .subtract, .multiply, .divide, .remainder, .less, .lessEqual, .equal, .notEqual, .and, .or, .min, .max:
            guard let a = take(instruction.a), let b = take(instruction.b) else { return nil }
            if instruction.opcode == .and || instruction.opcode == .or { return add(.binary(instruction.opcode, flag(a), flag(b))) }
            return add(.binary(instruction.opcode, a, b))
        case .multiplyAdd, .lessAnd, .lessEqualAnd, .clamp, .select:
            guard let a = take(instruction.a), let b = take(instruction.b), let c = take(instruction.c) else { return nil }
            switch instruction.opcode {
            case .multiplyAdd: return add(.binary(.add, add(.binary(.multiply, a, b)), c))
            case .lessAnd: return add(.binary(.and, flag(c), add(.binary(.less, a, b))))
            case .lessEqualAnd: return add(.binary(.and, flag(c), add(.binary(.lessEqual, a, b))))
            case .clamp: return add(.binary(.min, add(.binary(.max, a, b)), c))
            default: return add(.select(condition: c, a, b))
            }
        case .roundTo:
            guard let a = take(instruction.a), let step = take(instruction.b), case .constant = nodes[step] else { return nil }
            return add(.binary(.multiply, add(.unary(.round, add(.binary(.divide, a, step)))), step))
        case .move, .pick, .lookup, .sumOf, .minOf, .maxOf, .avgOf, .draw, .fingerprintIs: return nil
        }
    }

    /// The node as exactly 1 or 0, undefined counting as false.
    private mutating func flag(_ index: Int) -> Int {
        switch nodes[index] {
        case .unary(.not, _), .binary(.less, _, _), .binary(.lessEqual, _, _), .binary(.equal, _, _), .binary(.notEqual, _, _): return index
        case .binary(.and, _, _), .binary(.or, _, _): return index
        default: return add(.binary(.less, add(.constant(0)), index))
        }
    }

    // MARK: The code

    /// Writes an instruction that pushes; false when the stack is full.
    private mutating func push(_ instruction: DirectInstruction) -> Bool {
        depth += 1
        code.append(instruction)
        return depth <= DirectOpcode.depth
    }

    /// Writes an instruction that makes one value of the upper ones.
    private mutating func join(_ instruction: DirectInstruction, taking count: Int) -> Bool {
        code.append(instruction)
        depth -= count - 1
        return true
    }

    /// Writes an instruction that changes the top.
    private mutating func change(_ instruction: DirectInstruction) -> Bool { join(instruction, taking: 1) }

    private mutating func write(_ index: Int) -> Bool {
        switch nodes[index] {
        case .signal(let signal): return push(DirectInstruction(.pushS, x: signal))
        case .constant(let value): return push(DirectInstruction(.pushC, y: value.bitPattern))
        case .aggregate(let place): return push(DirectInstruction(.pushAggregate, x: place))
        case .score(let place): return push(DirectInstruction(.pushScore, x: place))
        case .unary(let opcode, let inner):
            if opcode == .abs, case .signal(let signal) = nodes[inner] { return push(DirectInstruction(.absS, x: signal)) }
            guard write(inner) else { return false }
            return change(DirectInstruction(opcode == .abs ? .absT : opcode == .negate ? .negateT : opcode == .not ? .notT : .roundT))
        case .binary(let opcode, let a, let b): return write(opcode, a, b)
        case .select(let condition, let a, let b):
            if case .binary(let opcode, let left, let right) = nodes[condition], let fused = Self.selects[opcode],
                let instruction = pair(fused, left, right)
            {
                return write(a) && write(b) && join(instruction, taking: 2)
            }
            return write(condition) && write(a) && write(b) && join(DirectInstruction(.selectVUT), taking: 3)
        }
    }

    /// An instruction over two signals, or a signal and a constant; `nil` when an operand is something else or the form is missing.
    private func pair(_ forms: Forms, _ left: Int, _ right: Int) -> DirectInstruction? {
        switch (nodes[left], nodes[right]) {
        case (.signal(let a), .signal(let b)): return forms.ss.map { DirectInstruction($0, x: a, y: UInt64(b)) }
        case (.signal(let a), .constant(let b)): return forms.sc.map { DirectInstruction($0, x: a, y: b.bitPattern) }
        case (.constant(let a), .signal(let b)):
            if forms.commutes { return forms.sc.map { DirectInstruction($0, x: b, y: a.bitPattern) } }
            return forms.cs.map { DirectInstruction($0, x: b, y: a.bitPattern) }
        default: return nil
        }
    }

    private mutating func write(_ opcode: FormulaOpcode, _ a: Int, _ b: Int) -> Bool {
        guard let forms = Self.forms[opcode] else { return false }
        if let instruction = pair(forms, a, b) { return push(instruction) }
        if opcode == .add, let instruction = productPlus(a, b) ?? productPlus(b, a) { return push(instruction) }
        if let instruction = joined(opcode, b) { return write(a) && change(instruction) }
        if forms.commutes, let instruction = joined(opcode, a) { return write(b) && change(instruction) }
        // The top with a signal or a constant on its right or left.
        switch nodes[b] {
        case .signal(let signal): if let form = forms.ts { return write(a) && change(DirectInstruction(form, x: signal)) }
        case .constant(let value): if let form = forms.tc { return write(a) && change(DirectInstruction(form, y: value.bitPattern)) }
        default: break
        }
        switch nodes[a] {
        case .signal(let signal): if let form = forms.commutes ? forms.ts : forms.st { return write(b) && change(DirectInstruction(form, x: signal)) }
        case .constant(let value):
            if let form = forms.commutes ? forms.tc : forms.ct { return write(b) && change(DirectInstruction(form, y: value.bitPattern)) }
        default: break
        }
        return write(a) && write(b) && join(DirectInstruction(forms.ut), taking: 2)
    }

    /// A product of a signal with a signal or constant, plus a signal; or of two signals, plus a constant.
    private func productPlus(_ product: Int, _ addend: Int) -> DirectInstruction? {
        guard case .binary(.multiply, let a, let b) = nodes[product] else { return nil }
        switch nodes[addend] {
        case .signal(let signal):
            var instruction = pair(Forms(ss: .multiplySSaddS, sc: .multiplySCaddS, ut: .multiplyUT, commutes: true), a, b)
            instruction?.z = UInt32(truncatingIfNeeded: signal)
            return instruction
        case .constant(let value):
            guard case .signal(let first) = nodes[a], case .signal(let second) = nodes[b] else { return nil }
            var instruction = DirectInstruction(.multiplySSaddC, x: first, y: value.bitPattern)
            instruction.z = UInt32(truncatingIfNeeded: second)
            return instruction
        default: return nil
        }
    }

    /// One instruction for an operation of the top with a pair of signals that is joined itself.
    private func joined(_ opcode: FormulaOpcode, _ right: Int) -> DirectInstruction? {
        switch (opcode, nodes[right]) {
        case (.add, .unary(.abs, let inner)):
            guard case .signal(let signal) = nodes[inner] else { return nil }
            return DirectInstruction(.addTabsS, x: signal)
        case (_, .binary(let inner, let a, let b)):
            return Self.joinedForms[opcode]?[inner].flatMap { pair($0, a, b) }
        default: return nil
        }
    }

    // MARK: Tables

    /// The instructions of one operation by the places of its operands.
    private struct Forms {
        var ss: DirectOpcode?
        var sc: DirectOpcode?
        var cs: DirectOpcode?
        var ts: DirectOpcode?
        var tc: DirectOpcode?
        var st: DirectOpcode?
        var ct: DirectOpcode?
        var ut: DirectOpcode
        /// Whether the operands may change places.
        var commutes = false
    }

    private static let forms: [FormulaOpcode: Forms] = [
        .add: Forms(ss: .addSS, sc: .addSC, ts: .addTS, tc: .addTC, ut: .addUT, commutes: true),
        .subtract: Forms(
            ss: .subtractSS, sc: .subtractSC, cs: .subtractCS, ts: .subtractTS, tc: .subtractTC, st: .subtractST, ct: .subtractCT, ut: .subtractUT),
        .multiply: Forms(ss: .multiplySS, sc: .multiplySC, ts: .multiplyTS, tc: .multiplyTC, ut: .multiplyUT, commutes: true),
        .divide: Forms(ss: .divideSS, sc: .divideSC, cs: .divideCS, ts: .divideTS, tc: .divideTC, st: .divideST, ct: .divideCT, ut: .divideUT),
        // The smaller of 0 and -0 depends on the order, so that these do not commute to the last bit.
        .min: Forms(ss: .minSS, sc: .minSC, ts: .minTS, tc: .minTC, ut: .minUT),
        .max: Forms(ss: .maxSS, sc: .maxSC, ts: .maxTS, tc: .maxTC, ut: .maxUT),
        .less: Forms(ss: .lessSS, sc: .lessSC, cs: .lessCS, ts: .lessTS, tc: .lessTC, st: .lessST, ct: .lessCT, ut: .lessUT),
        .lessEqual: Forms(
            ss: .lessEqualSS, sc: .lessEqualSC, cs: .lessEqualCS, ts: .lessEqualTS, tc: .lessEqualTC, st: .lessEqualST, ct: .lessEqualCT, ut: .lessEqualUT),
        .equal: Forms(ss: .equalSS, sc: .equalSC, ts: .equalTS, tc: .equalTC, ut: .equalUT, commutes: true),
        .notEqual: Forms(ut: .notEqualUT, commutes: true),
        .and: Forms(ut: .andUT, commutes: true),
        .or: Forms(ut: .orUT, commutes: true),
        .remainder: Forms(ut: .remainderUT),
    ]

    private static let selects: [FormulaOpcode: Forms] = [
        .less: Forms(ss: .selectLessSS, sc: .selectLessSC, cs: .selectLessCS, ut: .selectVUT),
        .lessEqual: Forms(ss: .selectLessEqualSS, sc: .selectLessEqualSC, cs: .selectLessEqualCS, ut: .selectVUT),
    ]

    private static let joinedForms: [FormulaOpcode: [FormulaOpcode: Forms]] = [
        .add: [
            .multiply: Forms(ss: .addTmultiplySS, sc: .addTmultiplySC, ut: .addUT, commutes: true),
            .divide: Forms(ss: .addTdivideSS, ut: .addUT),
        ],
        .multiply: [
            .add: Forms(ss: .multiplyTaddSS, ut: .multiplyUT, commutes: true),
            .subtract: Forms(ss: .multiplyTsubtractSS, ut: .multiplyUT),
        ],
        .subtract: [
            .multiply: Forms(ss: .subtractTmultiplySS, ut: .subtractUT, commutes: true),
            .divide: Forms(ss: .subtractTdivideSS, ut: .subtractUT),
        ],
        .and: [
            .less: Forms(ss: .andTlessSS, sc: .andTlessSC, cs: .andTlessCS, ut: .andUT),
            .lessEqual: Forms(ss: .andTlessEqualSS, sc: .andTlessEqualSC, cs: .andTlessEqualCS, ut: .andUT),
        ],
    ]
}
