import CAN
import Quantities
import ScenarioLanguage

/// A frame of a bus in service: who sends it and how its fields become signals.
final class FrameRuntime {
    let declaration: FrameDeclaration
    let bus: Int
    /// Index among the frames of all buses.
    let index: Int
    /// The field's layout with the signal on the wire and the sender's signal that fills it, -1 when none does.
    let fields: [(layout: FieldLayout, wire: Int, source: Int)]
    /// Stream of the frame in the symbol table.
    var stream = -1
    /// Whether the engine sends a periodic frame, because no node kind does.
    var isSentByEngine: Bool
    /// Bits of the payload that tell the frame from others of its identifier, and what they are.
    let match: (mask: UInt64, bits: UInt64)
    /// Bytes that a frame must have to be compared.
    private let matchedBytes: Int

    init(_ declaration: FrameDeclaration, bus: Int, index: Int, fields: [(layout: FieldLayout, wire: Int, source: Int)]) {
        self.declaration = declaration
        self.bus = bus
        self.index = index
        self.fields = fields
        isSentByEngine = !declaration.isSpoken
        var match: (mask: UInt64, bits: UInt64) = (0, 0)
        var bytes = 0
        for (field, known) in zip(declaration.fields, fields) {
            guard let fixed = field.fixed else { continue }
            match.mask |= known.layout.coverage
            _ = known.layout.setValue(fixed, in: &match.bits)
            bytes = max(bytes, known.layout.byteCount)
        }
        self.match = match
        matchedBytes = bytes
    }

    /// Whether a frame with the identifier of this one is it: fields with a fixed value hold that value.
    func accepts(_ frame: CANFrame) -> Bool { frame.payload & match.mask == match.bits && frame.count >= matchedBytes }

    /// The frame with a payload.
    func frame(payload: UInt64) -> CANFrame {
        CANFrame(id: declaration.id, isExtended: declaration.isExtended, lengthCode: UInt8(declaration.length), payload: payload)
    }

    /// Identifier and flags, as receivers compare them.
    var rawIdentifier: UInt32 { frame(payload: 0).rawIdentifier }

    /// The frame with its fields taken from the given values in the order of the fields.
    func frame(_ value: (_ field: Int) -> Double) -> CANFrame {
        var payload: UInt64 = 0
        for index in fields.indices { _ = fields[index].layout.setValue(declaration.fields[index].fixed ?? value(index), in: &payload) }
        return frame(payload: payload)
    }
}
