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
    /// Identifier, flags and length, with `fill` in every byte.
    let blank: CANFrame
    /// Whether some fields are there only with certain values of others.
    let isMultiplexed: Bool
    /// Whether every field is always there and saturates: the fast way.
    let isPlain: Bool
    /// Fields with those in front that decide about others.
    private let order: [Int]
    /// Fields that the sender works out by itself.
    let computed: [(field: Int, kind: ComputedField)]
    /// What its counters have next.
    var counter: UInt64 = 0
    /// Told of a field and its value when a value does not fit and the field says that this is an error.
    var onMisfit: ((_ field: Int) -> Void)?
    private let fill: CANData
    private unowned(unsafe) let can: CANBus
    /// The data of the message that `frame` built last, of a message that a transport protocol carries.
    private(set) var message: [UInt8] = []
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
        isMultiplexed = declaration.fields.contains { $0.multiplexing != nil }
        isPlain = declaration.fields.allSatisfy { $0.multiplexing == nil && $0.range == .saturate && $0.limits == nil && $0.computed == nil }
        computed = declaration.fields.enumerated().compactMap { index, field in field.computed.map { (index, $0) } }
        order = FrameRuntime.order(of: declaration.fields)
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

    /// Told when a message of several frames is complete.
    var listeners: [any MessageListener] = []

    /// Whether a frame with the identifier of this one is it: fields with a fixed value hold that value.
    func accepts(_ frame: CANFrame) -> Bool {
        guard match.mask != 0 else { return true }
        return (frame.isWide ? can.payloads.data(frame.payload).firstEight : frame.payload) & match.mask == match.bits && frame.count >= matchedBytes
    }

    /// The same of the data of a message that a transport protocol carries.
    func accepts(_ data: [UInt8]) -> Bool {
        guard match.mask != 0 else { return true }
        var payload: UInt64 = 0
        for (index, byte) in data.prefix(8).enumerated() { payload |= UInt64(byte) << UInt64(index * 8) }
        return payload & match.mask == match.bits && data.count >= matchedBytes
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
    ///
    /// - Parameter isComputed: which of the fields that the sender works out are worked out; the others are as given.
    func frame(computing isComputed: (_ field: Int) -> Bool = { _ in true }, _ value: (_ field: Int) -> Double) -> CANFrame {
        guard declaration.transport == nil else {
            message = [UInt8](repeating: declaration.fill, count: declaration.length)
            message.withUnsafeMutableBytes { data in
                for index in order where isPresent(index, { $0.raw(in: UnsafeRawBufferPointer(data)) }) {
                    fields[index].layout.setRaw(raw(of: declaration.fields[index].fixed ?? value(index), index), in: data)
                }
            }
            return blank
        }
        guard isPlain else { return packed(isComputed, value) }
        guard blank.isWide else {
            var payload = blank.payload
            for index in fields.indices { _ = fields[index].layout.setValue(declaration.fields[index].fixed ?? value(index), in: &payload) }
            return frame(payload: payload)
        }
        var data = fill
        withUnsafeMutableBytes(of: &data.bytes) {
            let data = UnsafeMutableRawBufferPointer(rebasing: $0[..<blank.count])
            for index in fields.indices { _ = fields[index].layout.setValue(declaration.fields[index].fixed ?? value(index), in: data) }
        }
        return can.frame(CANWideFrame(blank, wide: data))
    }

    /// The frame with the fields that are in it, each in range in its own way.
    private func packed(_ isComputed: (_ field: Int) -> Bool, _ value: (_ field: Int) -> Double) -> CANFrame {
        var data = fill
        for index in order where isPresent(index, { $0.place.raw(in: data) }) {
            fields[index].layout.place.setRaw(raw(of: declaration.fields[index].fixed ?? value(index), index), in: &data)
        }
        if !computed.isEmpty, computed.contains(where: { isComputed($0.field) }) { compute(in: &data, isComputed) }
        return blank.isWide ? can.frame(CANWideFrame(blank, wide: data)) : frame(payload: data.firstEight)
    }

    /// The raw bits of a value of a field; one that was never published is 0.
    func raw(of value: Double, _ index: Int) -> UInt64 {
        let field = declaration.fields[index]
        let layout = fields[index].layout
        if field.range == .wrap { return layout.wrapped(value) }
        var value = value
        var isInside = true
        if let limits = field.limits, !value.isNaN {
            // A millionth of a step beyond the limit is still inside, as other tools have it.
            let tolerance = field.scale.magnitude * 1e-6
            isInside = value >= limits.lowerBound - tolerance && value <= limits.upperBound + tolerance
            value = min(max(value, limits.lowerBound), limits.upperBound)
        }
        let (raw, fits) = layout.raw(of: value)
        if field.range == .error, !(isInside && fits), !value.isNaN { onMisfit?(index) }
        return raw
    }

    /// What a field is when nothing gives it a value: 0, or the limit next to it.
    func unset(_ index: Int) -> Double {
        guard let limits = declaration.fields[index].limits else { return 0 }
        return min(max(0, limits.lowerBound), limits.upperBound)
    }

    // MARK: Multiplexing

    /// Whether a field is in a frame whose raw bits are given: each field above it has one of the values that it asks for.
    func isPresent(_ index: Int, _ raw: (FieldLayout) -> UInt64) -> Bool {
        var index = index
        while let condition = declaration.fields[index].multiplexing {
            let selector = raw(fields[condition.field].layout)
            guard condition.ranges.contains(where: { $0.contains(selector) }) else { return false }
            index = condition.field
        }
        return true
    }

    /// Fields sorted by how many others stand above them; circles were refused when the file was read.
    private static func order(of fields: [FieldDeclaration]) -> [Int] {
        func depth(_ index: Int) -> Int {
            var (place, steps) = (index, 0)
            while let next = fields[place].multiplexing?.field, steps < fields.count {
                place = next
                steps += 1
            }
            return steps
        }
        return fields.indices.map { (depth: depth($0), index: $0) }.sorted { ($0.depth, $0.index) < ($1.depth, $1.index) }.map(\.index)
    }
}

/// Somebody who waits for a message longer than a frame.
protocol MessageListener: AnyObject {
    /// The message is complete, and its fields are published.
    func messageArrived()
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
    /// The run's t = 0 is reached.
    func ready()
    /// The run is over: last values are published.
    func finish()
    /// What it asked the kernel to be woken for.
    func wake(_ payload: UInt64)
}

extension BusCarrier {
    func ready() {}
    func finish() {}
    func wake(_ payload: UInt64) {}
}
