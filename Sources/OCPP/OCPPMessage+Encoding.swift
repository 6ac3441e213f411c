import JSONText

extension OCPPMessage {
    /// Appends the OCPP-J text: one JSON array without white space.
    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .call(let id, let payload):
            writer.append("[2,\"")
            id.write(&writer)
            writer.append("\",")
            if case .raw(let action, _) = payload {
                writer.appendQuoted(action)
            } else if let action = payload.action {
                writer.append(0x22)
                writer.append(action.name)
                writer.append(0x22)
            }
            writer.append(0x2C)
            payload.encode(into: &writer)
        case .result(let id, let payload):
            writer.append("[3,\"")
            id.write(&writer)
            writer.append("\",")
            payload.encode(into: &writer)
        case .error(let id, let error):
            writer.append("[4,\"")
            id.write(&writer)
            writer.append("\",")
            writer.appendQuoted(error.code.name)
            writer.append(0x2C)
            writer.appendQuoted(error.description)
            writer.append(0x2C)
            writer.append(text: error.details)
        case .frame(let bytes):
            writer.append(bytes: bytes)
            return
        }
        writer.append(0x5D)
    }

    /// The OCPP-J text as bytes.
    public var bytes: [UInt8] {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.bytes
    }
}

extension MessageID {
    /// Appends the id without its quotes.
    @inline(__always)
    func write(_ writer: inout ByteWriter) {
        switch self {
        case .number(let number): writer.append(integer: number)
        case .text(let text):
            var quoted = ByteWriter(capacity: 128)
            quoted.appendQuoted(text)
            quoted.withBytes { writer.append(bytes: UnsafeRawBufferPointer(rebasing: $0.dropFirst().dropLast())) }
        }
    }
}

/// Writes the members of one object: the comma before each but the first.
struct ObjectWriter {
    var isFirst = true

    @inline(__always)
    mutating func key(_ key: StaticString, _ writer: inout ByteWriter) {
        if isFirst { writer.append(0x7B) } else { writer.append(0x2C) }
        isFirst = false
        writer.append(0x22)
        writer.append(key)
        writer.append("\":")
    }

    @inline(__always)
    mutating func add(_ key: StaticString, _ value: Int?, _ writer: inout ByteWriter) {
        guard let value else { return }
        self.key(key, &writer)
        writer.append(integer: value)
    }

    mutating func add(_ key: StaticString, _ value: String?, _ writer: inout ByteWriter) {
        guard let value else { return }
        self.key(key, &writer)
        writer.appendQuoted(value)
    }

    @inline(__always)
    mutating func add(_ key: StaticString, _ value: OCPPTimestamp?, _ writer: inout ByteWriter) {
        guard let value else { return }
        self.key(key, &writer)
        writer.append(0x22)
        value.write(to: &writer)
        writer.append(0x22)
    }

    @inline(__always)
    mutating func add(_ key: StaticString, _ value: (some WireEnumeration)?, _ writer: inout ByteWriter) {
        guard let value else { return }
        self.key(key, &writer)
        writer.append(0x22)
        writer.append(value.name)
        writer.append(0x22)
    }

    mutating func add(_ key: StaticString, tenths: Int?, _ writer: inout ByteWriter) {
        guard let tenths else { return }
        self.key(key, &writer)
        if tenths % 10 == 0 { writer.append(integer: tenths / 10) } else { writer.append(mantissa: tenths, scale: 1) }
    }

    func close(_ writer: inout ByteWriter) {
        if isFirst { writer.append(0x7B) }
        writer.append(0x7D)
    }
}
