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

    private var edits: [Int: [(field: Int, change: Change)]] = [:]
    private var frozen: [UInt64: UInt64] = [:]
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
        for frame in frames {
            for (index, field) in frame.declaration.fields.enumerated() {
                for change in changes {
                    let isMeant = change.path.isEmpty ? FrameEdits.isLimit(field, in: frame.declaration) : field.name == change.path
                    guard isMeant, change.dimension.map({ $0 == field.dimension }) ?? true else { continue }
                    edits[frame.index, default: []].append((index, change.change))
                }
            }
        }
    }

    /// Whether there is nothing to change.
    var isEmpty: Bool { edits.isEmpty }

    /// Whether a field holds a limit: by its name, or as the only field of its frame.
    private static func isLimit(_ field: FieldDeclaration, in frame: FrameDeclaration) -> Bool {
        let name = field.name.lowercased()
        return frame.fields.count == 1 || name.contains("limit") || name.contains("max")
    }

    /// Changes the data of a frame.
    mutating func apply(to data: inout CANData, _ frame: FrameRuntime) {
        guard let changes = edits[frame.index] else { return }
        for (index, change) in changes where frame.isPresent(index, { $0.place.raw(in: data) }) {
            let layout = frame.fields[index].layout
            let raw = layout.place.raw(in: data)
            let new: UInt64
            switch change {
            case .set(let value): new = bits(of: value, index, frame)
            case .add(let value): new = bits(of: layout.value(ofRaw: raw) + value, index, frame)
            case .scale(let factor): new = bits(of: layout.value(ofRaw: raw) * factor, index, frame)
            case .freeze:
                let key = UInt64(frame.index) << 32 | UInt64(index)
                new = frozen[key] ?? raw
                frozen[key] = new
            }
            layout.place.setRaw(new, in: &data)
        }
    }

    private func bits(of value: Double, _ index: Int, _ frame: FrameRuntime) -> UInt64 {
        isLegal ? frame.raw(of: value, index) : frame.fields[index].layout.raw(of: value).raw
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
        super.init(context)
    }

    override func hit(_ unit: inout CANUnit, on bus: Int) -> Bool {
        let frame = edits.isEmpty && !repairs ? nil : declared(unit.frame, on: bus)
        _ = change(&unit, on: bus) { data, count in
            if let frame { edits.apply(to: &data, frame) }
            if let bytes { for (place, byte) in bytes.enumerated() where place < count { data[place] = byte } }
            for bit in flipped where bit < count * 8 { data[bit / 8] ^= 1 << UInt8(bit % 8) }
            if randomBits > 0, count > 0 { for bit in random.sample(randomBits, of: count * 8) { data[bit / 8] ^= 1 << UInt8(bit % 8) } }
            if repairs, let frame { frame.checksums(in: &data, count: count) }
        }
        return true
    }
}
