/// A formula as a chain of small functions over a stack of four values that stay in processor registers; most formulas have this form.
///
/// It needs only tables of numbers: formulas that draw, look up texts or go over many signals do not have it. Its instructions lie in
/// memory of their own, so that an evaluation counts no references, checks no bounds and allocates nothing.
public struct DirectFormula: @unchecked Sendable {
    // The code is written once, before the first copy of this value exists, and only read afterwards; that makes sharing it safe.
    private let code: DirectCode

    init?(_ program: FormulaProgram) {
        var lowering = DirectLowering(program)
        guard let instructions = lowering.instructions() else { return nil }
        code = DirectCode(instructions)
    }

    /// The value in base units, as `Formula.evaluate` gives it.
    ///
    /// The pointers must stay valid during the call; a table that the formula does not use may be any pointer. Complexity: linear in
    /// the number of operations.
    public func evaluate(signals: UnsafePointer<Double>, aggregates: UnsafePointer<Double>, scores: UnsafePointer<Double>) -> Double {
        withExtendedLifetime(code) { unowned.evaluate(signals: signals, aggregates: aggregates, scores: scores) }
    }

    /// The same without a reference to the code, for an owner that keeps the formula itself.
    public var unowned: Unowned { Unowned(code.start) }

    /// A direct formula that is valid as long as the one that it comes from.
    public struct Unowned {
        @usableFromInline let start: UnsafeRawPointer
        @usableFromInline let action: DirectAction

        fileprivate init(_ start: UnsafePointer<DirectInstruction>) {
            self.start = UnsafeRawPointer(start)
            action = start.pointee.action
        }

        /// The value in base units, as `Formula.evaluate` gives it.
        @inlinable @inline(__always)
        public func evaluate(signals: UnsafePointer<Double>, aggregates: UnsafePointer<Double>, scores: UnsafePointer<Double>) -> Double {
            action(start, signals, aggregates, scores, 0, 0, 0, 0)
        }
    }
}

/// Does the instruction at the first argument and all that follow; then come the tables of signals, aggregates and scores, and the four
/// upper values of the stack, the top first.
///
/// Each function ends with a call of the next one. Optimised code jumps there; without optimisation the calls nest, which the greatest
/// length of a direct formula bounds.
@usableFromInline
typealias DirectAction =
    @convention(c) (
        UnsafeRawPointer, UnsafePointer<Double>, UnsafePointer<Double>, UnsafePointer<Double>, Double, Double, Double, Double
    ) -> Double

/// Instructions in memory of their own; the last one is `end`.
private final class DirectCode {
    let start: UnsafePointer<DirectInstruction>

    init(_ instructions: [DirectInstruction]) {
        let memory = UnsafeMutablePointer<DirectInstruction>.allocate(capacity: instructions.count + 1)
        for (index, instruction) in instructions.enumerated() { (memory + index).initialize(to: instruction) }
        (memory + instructions.count).initialize(to: DirectInstruction(.end))
        start = UnsafePointer(memory)
    }

    deinit { UnsafeMutablePointer(mutating: start).deallocate() }
}

/// One instruction: the function that does it, two small operands and one that is a second signal or a constant.
struct DirectInstruction {
    let action: DirectAction
    /// A signal, an aggregate or a score.
    let x: UInt32
    /// A third signal.
    var z: UInt32 = 0
    /// The bits of a constant or the index of a signal.
    let y: UInt64

    init(_ opcode: DirectOpcode, x: Int = 0, y: UInt64 = 0) {
        action = opcode.action
        self.x = UInt32(truncatingIfNeeded: x)
        self.y = y
    }
}
