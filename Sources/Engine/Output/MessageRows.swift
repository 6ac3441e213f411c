import Glibc
import JSONText
import OCPP
import Quantities

/// Writes lines of `messages.jsonl`: one JSON object a message, in the field names that OCPP trace tools share, with the ground truth in `meta`.
final class MessageRows {
    private let file: OutputFile
    private let epoch: Int64
    private let state: UnsafeMutablePointer<State>

    /// A message from before t = 0.
    private struct Waiting {
        let message: OCPPMessage
        let action: Int
        let name: String?
        let head: [UInt8]
        let label: String?
        let instant: Instant
    }

    /// Messages whose time is not known yet; `nil` once it is.
    private var waiting: [Waiting]? = []

    private struct State: ~Copyable {
        /// The message as it is on the wire.
        var wire = ByteWriter(capacity: 1024)
        /// The line.
        var line = ByteWriter(capacity: 4096)
        /// The beginning of a line with its time.
        var stamp = ByteWriter(capacity: 128)
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

    /// Writes the messages that came before t = 0 was known.
    func release(_ origin: Instant) {
        guard let list = waiting else { return }
        waiting = nil
        for one in list { append(one.message, action: one.action, name: one.name, head: one.head, label: one.label, at: one.instant, origin: origin) }
    }

    /// The part of a line from the transport to the direction.
    static func head(chargePoint: String, toCentralSystem: Bool) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(",\"transport\":\"json\",\"ocppVersion\":\"1.6\",\"chargePointId\":")
        writer.appendQuoted(chargePoint)
        writer.append(",\"direction\":\"")
        writer.append(text: toCentralSystem ? "cp-to-csms" : "csms-to-cp")
        writer.append("\",\"messageType\":\"")
        return writer.bytes
    }

    /// Writes one line.
    ///
    /// - Parameters:
    ///   - action: number in the catalogue, or -1 with `name` where there is none.
    ///   - head: what `head(chargePoint:toCentralSystem:)` gave.
    func append(_ message: OCPPMessage, action: Int, name: String?, head: [UInt8], label: String?, at instant: Instant, origin: Instant) {
        if waiting != nil {
            waiting?.append(Waiting(message: message, action: action, name: name, head: head, label: label, instant: instant))
            return
        }
        write(&state.pointee, message, action, name, head, label, instant, origin)
        state.pointee.line.withBytes { file.append($0) }
    }

    private func write(
        _ state: inout State, _ message: OCPPMessage, _ action: Int, _ name: String?, _ head: [UInt8], _ label: String?, _ instant: Instant, _ origin: Instant
    ) {
        state.wire.removeAll()
        message.encode(into: &state.wire)
        // A line is UTF-8 whatever was on the wire.
        if case .frame(let bytes) = message, String(validating: bytes, as: UTF8.self) == nil {
            state.wire.removeAll()
            state.wire.append(text: String(decoding: bytes, as: UTF8.self))
        }
        state.line.removeAll()
        if state.stampOf != instant.nanoseconds { stamp(&state, instant, origin) }
        state.stamp.withBytes { state.line.append(bytes: $0) }
        state.line.append(bytes: head)
        fields(&state, message, action, name)
        if message.isCall { copyConnector(&state) }
        state.line.append(",\"raw\":")
        state.wire.withBytes { state.line.appendQuoted(bytes: $0) }
        if let label {
            state.line.append(",\"meta\":{\"label\":")
            state.line.appendQuoted(label)
            state.line.append(0x7D)
        }
        state.line.append("}\n")
    }

    /// Type, id, action, and payload or error.
    private func fields(_ state: inout State, _ message: OCPPMessage, _ action: Int, _ name: String?) {
        switch message {
        case .call(let id, _):
            state.line.append("CALL\",\"messageId\":\"")
            write(&state, id)
        case .result(let id, _):
            state.line.append("CALLRESULT\",\"messageId\":\"")
            write(&state, id)
        case .error(let id, _):
            state.line.append("CALLERROR\",\"messageId\":\"")
            write(&state, id)
        // Bytes that are no message: a word of our own, because trace formats have none.
        case .frame: state.line.append("FRAME\",\"messageId\":\"")
        }
        state.line.append("\",\"action\":\"")
        if action >= 0, let known = OCPPAction(rawValue: UInt8(action)) {
            state.line.append(known.name)
        } else if let name {
            var quoted = ByteWriter(capacity: 128)
            quoted.appendQuoted(name)
            quoted.withBytes { state.line.append(bytes: UnsafeRawBufferPointer(rebasing: $0.dropFirst().dropLast())) }
        }
        state.line.append(0x22)
        switch message {
        case .error(_, let error):
            state.line.append(",\"error\":{\"code\":")
            state.line.appendQuoted(error.code.name)
            state.line.append(",\"description\":")
            state.line.appendQuoted(error.description)
            state.line.append(",\"details\":")
            state.line.append(text: error.details)
            state.line.append(0x7D)
        case .call(_, let payload), .result(_, let payload):
            state.line.append(",\"payload\":")
            if case .raw(_, let text) = payload, (try? JSONValue(parsing: text)) == nil {
                state.line.append("null")
            } else {
                copyPayload(&state, fieldsBefore: message.isCall ? 3 : 2)
            }
        case .frame: state.line.append(",\"payload\":null")
        }
    }

    /// The id without its quotes.
    private func write(_ state: inout State, _ id: MessageID) {
        switch id {
        case .number(let number): state.line.append(integer: number)
        case .text(let text):
            var quoted = ByteWriter(capacity: 128)
            quoted.appendQuoted(text)
            quoted.withBytes { state.line.append(bytes: UnsafeRawBufferPointer(rebasing: $0.dropFirst().dropLast())) }
        }
    }

    /// Copies the payload out of the wire text: what stands behind so many elements of the array.
    private func copyPayload(_ state: inout State, fieldsBefore: Int) {
        state.wire.withBytes { bytes in
            var commas = 0
            var index = 0
            var inText = false
            while index < bytes.count, commas < fieldsBefore {
                let byte = bytes[index]
                if byte == 0x5C { index += 1 } else if byte == 0x22 { inText.toggle() } else if byte == 0x2C, !inText { commas += 1 }
                index += 1
            }
            state.line.append(bytes: UnsafeRawBufferPointer(rebasing: bytes[min(index, bytes.count)..<max(index, bytes.count - 1)]))
        }
    }

    /// Copies the number of the connector out of a call that has one at the top of its payload.
    private func copyConnector(_ state: inout State) {
        state.wire.withBytes { bytes in
            let key: StaticString = "\"connectorId\":"
            let size = key.utf8CodeUnitCount
            var depth = 0
            var index = 0
            while index + size < bytes.count {
                switch bytes[index] {
                case 0x7B, 0x5B: depth += 1
                case 0x7D, 0x5D: depth -= 1
                case 0x22:
                    // Call and payload are two levels; a key stands behind a brace or a comma.
                    if depth == 2, bytes[index - 1] == 0x7B || bytes[index - 1] == 0x2C,
                        memcmp(bytes.baseAddress.unsafelyUnwrapped + index, key.utf8Start, size) == 0
                    {
                        var end = index + size
                        while end < bytes.count, (0x30...0x39).contains(bytes[end]) { end += 1 }
                        guard end > index + size, end < bytes.count, bytes[end] == 0x2C || bytes[end] == 0x7D else { return }
                        state.line.append(",\"connectorId\":")
                        state.line.append(bytes: UnsafeRawBufferPointer(rebasing: bytes[(index + size)..<end]))
                        return
                    }
                    index += 1
                    while index < bytes.count, bytes[index] != 0x22 { index += bytes[index] == 0x5C ? 2 : 1 }
                default: break
                }
                index += 1
            }
        }
    }

    /// The beginning of a line up to the time, kept while time stands still.
    private func stamp(_ state: inout State, _ instant: Instant, _ origin: Instant) {
        state.stampOf = instant.nanoseconds
        state.stamp.removeAll()
        state.stamp.append("{\"schemaVersion\":\"1.1\",\"timestamp\":\"")
        OCPPTimestamp(epoch: epoch, instant).write(to: &state.stamp)
        state.stamp.append("\",\"t_s\":")
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { buffer in
            guard let base = buffer.baseAddress else { return }
            let count = writeSeconds(instant.nanoseconds - origin.nanoseconds, to: base)
            state.stamp.append(bytes: UnsafeRawBufferPointer(start: base, count: count))
        }
    }
}

extension OCPPMessage {
    /// Whether it is a CALL.
    var isCall: Bool { if case .call = self { true } else { false } }
    /// Which call it answers, and whether by an error; `nil` for calls and for bytes that are no answer.
    var answer: (id: MessageID, isError: Bool)? {
        switch self {
        case .call: return nil
        case .result(let id, _): return (id, false)
        case .error(let id, _): return (id, true)
        case .frame(let bytes):
            // `[3,"id",…`: the head is enough, and the rest may be anything.
            var head = bytes.prefix(256).lazy.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }.makeIterator()
            guard head.next() == 0x5B, let type = head.next(), type == 0x33 || type == 0x34, head.next() == 0x2C, head.next() == 0x22 else { return nil }
            var id: [UInt8] = []
            while let byte = head.next(), byte != 0x22 { id.append(byte) }
            return (MessageID(String(decoding: id, as: UTF8.self)), type == 0x34)
        }
    }
}
