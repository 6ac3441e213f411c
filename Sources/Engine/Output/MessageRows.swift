import JSONText
import OCPP
import Quantities

/// Writes lines of `messages.jsonl`: one JSON object a message, in the field names that OCPP trace tools share, with the ground truth in `meta`.
final class MessageRows {
    private let file: OutputFile
    private let epoch: Int64
    private let state: UnsafeMutablePointer<State>

    private struct State: ~Copyable {
        /// The message as it is on the wire.
        var wire = ByteWriter(capacity: 1024)
        /// The line.
        var line = ByteWriter(capacity: 4096)
        /// The text of the last timestamp with the time in seconds behind it, kept while time stands still.
        var stamp = ByteWriter(capacity: 96)
        var stampOf = Int64.min
    }

    init(_ file: OutputFile, epoch: Int64) {
        self.file = file
        self.epoch = epoch
        state = .allocate(capacity: 1)
        state.initialize(to: State())
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    func append(_ message: OCPPMessage, action: String, chargePoint: String, toCentralSystem: Bool, label: String?, at instant: Instant, origin: Instant) {
        state.pointee.wire.removeAll()
        message.encode(into: &state.pointee.wire)
        state.pointee.line.removeAll()
        if state.pointee.stampOf != instant.nanoseconds { stamp(instant, origin) }
        state.pointee.line.append("{\"schemaVersion\":\"1.1\",\"timestamp\":\"")
        state.pointee.stamp.withBytes { state.pointee.line.append(bytes: $0) }
        state.pointee.line.append(",\"transport\":\"json\",\"ocppVersion\":\"1.6\",\"chargePointId\":")
        state.pointee.line.appendQuoted(chargePoint)
        if toCentralSystem {
            state.pointee.line.append(",\"direction\":\"cp-to-csms\"")
        } else {
            state.pointee.line.append(",\"direction\":\"csms-to-cp\"")
        }
        fields(of: message, action)
        state.pointee.line.append(",\"raw\":")
        state.pointee.wire.withBytes { state.pointee.line.appendQuoted(bytes: $0) }
        if let label {
            state.pointee.line.append(",\"meta\":{\"label\":")
            state.pointee.line.appendQuoted(label)
            state.pointee.line.append(0x7D)
        }
        state.pointee.line.append("}\n")
        state.pointee.line.withBytes { file.append($0) }
    }

    /// Type, id, action, and payload or error.
    private func fields(of message: OCPPMessage, _ action: String) {
        switch message {
        case .call: state.pointee.line.append(",\"messageType\":\"CALL\",\"messageId\":")
        case .result: state.pointee.line.append(",\"messageType\":\"CALLRESULT\",\"messageId\":")
        case .error: state.pointee.line.append(",\"messageType\":\"CALLERROR\",\"messageId\":")
        case .frame: state.pointee.line.append(",\"messageType\":\"CALL\",\"messageId\":")
        }
        state.pointee.line.appendQuoted(message.id?.description ?? "")
        state.pointee.line.append(",\"action\":")
        state.pointee.line.appendQuoted(action)
        switch message {
        case .error(_, let error):
            state.pointee.line.append(",\"error\":{\"code\":")
            state.pointee.line.appendQuoted(error.code.name)
            state.pointee.line.append(",\"description\":")
            state.pointee.line.appendQuoted(error.description)
            state.pointee.line.append(",\"details\":")
            state.pointee.line.append(text: error.details)
            state.pointee.line.append(0x7D)
        case .call(_, let payload), .result(_, let payload):
            state.pointee.line.append(",\"payload\":")
            if case .raw(_, let text) = payload, (try? JSONValue(parsing: text)) == nil {
                state.pointee.line.append("null")
            } else {
                copyPayload(fieldsBefore: message.isCall ? 3 : 2)
            }
        case .frame: state.pointee.line.append(",\"payload\":null")
        }
    }

    /// Copies the payload out of the wire text: what stands behind so many elements of the array.
    private func copyPayload(fieldsBefore: Int) {
        state.pointee.wire.withBytes { bytes in
            var commas = 0
            var index = 0
            var inText = false
            while index < bytes.count, commas < fieldsBefore {
                let byte = bytes[index]
                if byte == 0x5C { index += 1 } else if byte == 0x22 { inText.toggle() } else if byte == 0x2C, !inText { commas += 1 }
                index += 1
            }
            state.pointee.line.append(bytes: UnsafeRawBufferPointer(rebasing: bytes[min(index, bytes.count)..<max(index, bytes.count - 1)]))
        }
    }

    private func stamp(_ instant: Instant, _ origin: Instant) {
        state.pointee.stampOf = instant.nanoseconds
        state.pointee.stamp.removeAll()
        OCPPTimestamp(epoch: epoch, instant).write(to: &state.pointee.stamp)
        state.pointee.stamp.append("\",\"t_s\":")
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { buffer in
            guard let base = buffer.baseAddress else { return }
            let count = writeSeconds(instant.nanoseconds - origin.nanoseconds, to: base)
            state.pointee.stamp.append(bytes: UnsafeRawBufferPointer(start: base, count: count))
        }
    }
}

extension OCPPMessage {
    /// Whether it is a CALL.
    var isCall: Bool { if case .call = self { true } else { false } }
}
