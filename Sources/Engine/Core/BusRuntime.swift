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
    var isSentByEngine = true
    /// Identifier, flags and length, with `fill` in every byte.
    let blank: CANFrame
    private let fill: CANData
    private unowned(unsafe) let can: CANBus
    /// The data of the message that `frame` built last, of a message that a transport protocol carries.
    private(set) var message: [UInt8] = []
    /// Nodes that take the message when it is complete.
    var subscribers: [Int] = []
    /// Transfers of the message that came to nothing, and how many are under way.
    var failures = 0
    var transfersUnderWay = 0
    /// Whether the receiver has given up a transfer that the sender has not ended yet.
    var isGivenUp = false

    init(_ declaration: FrameDeclaration, bus: Int, _ can: CANBus, index: Int, fields: [(layout: FieldLayout, wire: Int, source: Int)]) {
        self.declaration = declaration
        self.bus = bus
        self.can = can
        self.index = index
        self.fields = fields
        fill = CANData(repeatElement(declaration.fill, count: declaration.length))
        let code = declaration.transport == nil ? CANFrame.lengthCode(holding: declaration.length) : 0
        if declaration.isFD {
            blank = CANFrame(
                fd: declaration.id, isExtended: declaration.isExtended, flags: declaration.switchesBitRate ? .bitRateSwitch : [], lengthCode: code,
                payload: fill.firstEight)
        } else {
            blank = CANFrame(
                id: declaration.id, isExtended: declaration.isExtended, isRemote: declaration.isRemote, lengthCode: code, payload: fill.firstEight)
        }
    }

    /// The frame with a payload of at most eight bytes.
    func frame(payload: UInt64) -> CANFrame {
        var frame = blank
        frame.payload = payload
        return frame
    }

    /// Identifier and flags, as receivers compare them.
    var rawIdentifier: UInt32 { blank.rawIdentifier }

    /// The frame with its fields taken from the given values in the order of the fields; its bus keeps the data of a wide one.
    ///
    /// The data of a message that a transport protocol carries are in `message`, and the frame that is returned is empty.
    func frame(_ value: (_ field: Int) -> Double) -> CANFrame {
        guard declaration.transport == nil else {
            message = [UInt8](repeating: declaration.fill, count: declaration.length)
            message.withUnsafeMutableBytes { for index in fields.indices { _ = fields[index].layout.setValue(value(index), in: $0) } }
            return blank
        }
        guard blank.isWide else {
            var payload = blank.payload
            for index in fields.indices { _ = fields[index].layout.setValue(value(index), in: &payload) }
            return frame(payload: payload)
        }
        var data = fill
        withUnsafeMutableBytes(of: &data.bytes) {
            let data = UnsafeMutableRawBufferPointer(rebasing: $0[..<blank.count])
            for index in fields.indices { _ = fields[index].layout.setValue(value(index), in: data) }
        }
        return can.frame(CANWideFrame(blank, wide: data))
    }
}

/// A frame between its sending and its arrival.
struct FrameOnTheWay {
    var frame: CANFrame
    /// Subscription that does not get it, -1 for none.
    var excluding: Int
}

/// What carries the frames of a bus from the sender to the receivers when they do not arrive at once.
protocol BusCarrier: AnyObject {
    /// Takes a frame that a node wants to send, -1 for somebody outside the file; calls `Simulation.arrived` when it is complete on the bus.
    func take(_ frame: CANFrame, by node: Int, excluding: Int)
}
