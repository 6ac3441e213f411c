import CAN
import Quantities
import ScenarioLanguage
import SimulationKernel

/// What an attack makes of the fields of declared frames.
struct FrameEdits {
    /// One change of a field.
    enum Change {
        case set(Double)
        case add(Double)
        case scale(Double)
        case freeze
    }

    /// A change of a field with what it needs at hand.
    private final class Edit {
        let field: Int
        let change: Change
        let layout: FieldLayout
        /// Whether the nearest value of the layout is the right one: nothing else has a say.
        let isDirect: Bool
        /// Place in `frozen`.
        let number: Int

        init(field: Int, change: Change, layout: FieldLayout, isDirect: Bool, number: Int) {
            self.field = field
            self.change = change
            self.layout = layout
            self.isDirect = isDirect
            self.number = number
        }
    }

    /// Edits by the number of the frame.
    private var edits: [[Edit]]
    private var frozen: [UInt64?] = []
    private let isLegal: Bool

    /// The edits of `set`, `add`, `scale` and `freeze` for these frames.
    init(_ context: AttackContext, _ frames: [FrameRuntime]) {
        isLegal = context.step.value("legal").isSet ? context.flag("legal") : true
        var changes: [(path: String, dimension: Dimension?, change: Change)] = []
        for change in context.changes("set") {
            if case .quantity(let value) = change.value { changes.append((change.path, value.dimension, .set(value.value))) }
        }
        for change in context.changes("add") {
            if case .quantity(let value) = change.value { changes.append((change.path, value.dimension, .add(value.value))) }
        }
        for change in context.changes("scale") { if case .quantity(let value) = change.value { changes.append((change.path, nil, .scale(value.value))) } }
        for name in context.fields("freeze") { changes.append((name, nil, .freeze)) }
        edits = [[Edit]](repeating: [], count: (frames.map(\.index).max() ?? -1) + 1)
        for frame in frames {
            for (index, field) in frame.declaration.fields.enumerated() {
                for change in changes {
                    let isMeant = change.path.isEmpty ? FrameEdits.isLimit(field, in: frame.declaration) : field.name == change.path
                    guard isMeant, change.dimension.map({ $0 == field.dimension }) ?? true else { continue }
                    edits[frame.index].append(
                        Edit(
                            field: index, change: change.change, layout: frame.fields[index].layout, isDirect: !isLegal || frame.isPlain, number: frozen.count))
                    frozen.append(nil)
                }
            }
        }
    }

    /// Whether there is nothing to change.
    var isEmpty: Bool { frozen.isEmpty }

    /// Whether a field holds a limit: by its name, or as the only field of its frame.
    private static func isLimit(_ field: FieldDeclaration, in frame: FrameDeclaration) -> Bool {
        let name = field.name.lowercased()
        return frame.fields.count == 1 || name.contains("limit") || name.contains("max")
    }

    /// Changes the data of a frame.
    mutating func apply(to data: inout CANData, _ frame: FrameRuntime) {
        guard frame.index < edits.count else { return }
        for edit in edits[frame.index] where !frame.isMultiplexed || frame.isPresent(edit.field, { $0.place.raw(in: data) }) {
            edit.layout.place.setRaw(changed(edit.layout.place.raw(in: data), edit, frame), in: &data)
        }
    }

    /// The same for data of at most eight bytes.
    mutating func apply(to payload: inout UInt64, _ frame: FrameRuntime) {
        guard frame.index < edits.count else { return }
        for edit in edits[frame.index] where !frame.isMultiplexed || frame.isPresent(edit.field, { $0.raw(in: payload) }) {
            edit.layout.setRaw(changed(edit.layout.raw(in: payload), edit, frame), in: &payload)
        }
    }

    /// What becomes of the raw bits of a field.
    private mutating func changed(_ raw: UInt64, _ edit: Edit, _ frame: FrameRuntime) -> UInt64 {
        let value: Double
        switch edit.change {
        case .set(let given): value = given
        case .add(let addition): value = edit.layout.value(ofRaw: raw) + addition
        case .scale(let factor): value = edit.layout.value(ofRaw: raw) * factor
        case .freeze:
            let kept = frozen[edit.number] ?? raw
            frozen[edit.number] = kept
            return kept
        }
        return edit.isDirect ? edit.layout.raw(of: value).raw : frame.raw(of: value, edit.field)
    }
}

extension AttackValue {
    /// Whether there is a value.
    var isSet: Bool { if case .absent = self { false } else { true } }
}

/// Frames are changed on their way.
final class CANModification: CANAttack {
    private var edits: FrameEdits
    private let flipped: [Int]
    private let randomBits: Int
    private let bytes: [UInt8]?
    /// Whether nothing but fields are changed.
    private let editsOnly: Bool
    private var random: RandomStream

    override init(_ context: AttackContext) {
        let simulation = context.simulation
        let targets = context.targets
        let frames = simulation.frames.filter { frame in
            targets.contains {
                switch $0 {
                case .frame(let number): number == frame.index
                case .bus(let bus): bus == frame.bus
                default: false
                }
            }
        }
        edits = FrameEdits(context, frames)
        flipped = context.bits("flip")
        randomBits = context.count("bits") ?? 0
        bytes = context.bytes("data")
        random = context.stream(1)
        editsOnly = flipped.isEmpty && randomBits == 0 && bytes == nil && !context.flag("repair")
        super.init(context)
    }

    override func hit(_ unit: inout CANUnit, on bus: Int) -> Bool {
        let frame = edits.isEmpty && !repairs ? nil : unit.declared >= 0 ? simulation.frames[unit.declared] : declared(unit.frame, on: bus)
        unit.declared = -1
        if editsOnly, !unit.frame.isWide {
            guard let frame else { return true }
            var payload = unit.frame.payload
            edits.apply(to: &payload, frame)
            put(payload, into: &unit)
            return true
        }
        change(&unit, on: bus) { data, count in
            if let frame { edits.apply(to: &data, frame) }
            if let bytes { for (place, byte) in bytes.enumerated() where place < count { data[place] = byte } }
            for bit in flipped where bit < count * 8 { data[bit / 8] ^= 1 << UInt8(bit % 8) }
            if randomBits > 0, count > 0 { for bit in random.sample(randomBits, of: count * 8) { data[bit / 8] ^= 1 << UInt8(bit % 8) } }
            if repairs, let frame { frame.checksums(in: &data, count: count) }
        }
        return true
    }
}
