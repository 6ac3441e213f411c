import CAN
import CANDatabase
import Glibc
import JSONText

/// `evsim-bench dbc-check`: packs, unpacks and writes messages of databases, for judges that were not written here.
///
/// Input: JSON lines. `{"load": PATH}` reads a database; `{"encode": NAME, "values": {SIGNAL: number or text}, "strict": true}` packs; `{"decode": NAME,
/// "data": HEX}` unpacks; `{"write": PATH}` writes the database. Output, a line for each: `findings`, `data` or `error`, `values` with `raw` and `labels`, or
/// `bytes`.
enum DatabaseCheck {
    static func run() {
        var codecs: [String: MessageCodec] = [:]
        var database = Database()
        while let line = readLine() {
            guard let question = try? JSONValue(parsing: line) else {
                answer(#"{"error":"no JSON"}"#)
                continue
            }
            if let path = question["load"]?.string {
                let (read, findings) = DatabaseReader.read(bytes(of: path) ?? [])
                database = read
                codecs = Dictionary(read.messages.map { ($0.name, MessageCodec($0)) }) { first, _ in first }
                let all = findings + DatabaseLint.findings(in: read)
                answer(JSONValue.object([.init("findings", .array(all.map { .string("\($0.place.line): \($0.code.rawValue) \($0.message)") }))]).text())
            } else if let path = question["write"]?.string {
                let bytes = DatabaseWriter.bytes(database)
                answer(JSONValue.object([.init("bytes", .integer(Int64(write(bytes, to: path) ? bytes.count : -1)))]).text())
            } else if let name = question["encode"]?.string, let codec = codecs[name] {
                answer(encode(question, codec))
            } else if let name = question["decode"]?.string, let codec = codecs[name] {
                answer(decode(question["data"]?.string ?? "", codec))
            } else {
                answer(#"{"error":"no such question or message"}"#)
            }
        }
    }

    /// Writes a line at once: whoever asks waits for it.
    private static func answer(_ line: String) {
        var bytes = Array(line.utf8)[...]
        bytes.append(0x0A)
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    private static func encode(_ question: JSONValue, _ codec: MessageCodec) -> String {
        var inputs: [(name: String, value: MessageCodec.Input)] = []
        for member in question["values"]?.members ?? [] {
            if let label = member.value.string {
                inputs.append((member.key, .label(label)))
            } else if let number = DatabaseNumber(member.value.text()) {
                inputs.append((member.key, .number(number.whole.map { .whole($0) } ?? .real(number.value))))
            }
        }
        let isStrict = question["strict"]?.bool ?? true
        do throws(CodecError) {
            let data = try codec.encode(inputs, checksLimits: isStrict, needsAll: isStrict)
            return #"{"data":"\#(hex(data, codec.message.length))"}"#
        } catch {
            return JSONValue.object([.init("error", .string("\(error)"))]).text()
        }
    }

    private static func decode(_ text: String, _ codec: MessageCodec) -> String {
        var data = CANData()
        var count = 0
        var digits = Array(text.utf8)[...]
        while digits.count >= 2, count < 64 {
            data[count] = UInt8(String(decoding: digits.prefix(2), as: UTF8.self), radix: 16) ?? 0
            digits = digits.dropFirst(2)
            count += 1
        }
        let frame = CANWideFrame(CANFrame(fd: codec.message.id, lengthCode: CANFrame.lengthCode(holding: count), payload: data.firstEight), wide: data)
        let readings = codec.readings(frame)
        func member(_ reading: MessageCodec.Reading, _ value: JSONValue) -> JSONValue.Member {
            JSONValue.Member(codec.message.signals[reading.signal].name, value)
        }
        let labels = readings.compactMap { reading in codec.label(reading.signal, reading.raw).map { member(reading, .string($0)) } }
        return JSONValue.object([
            .init("values", .object(readings.map { member($0, number($0.value)) })), .init("raw", .object(readings.map { member($0, number($0.raw)) })),
            .init("labels", .object(labels)),
        ]).text()
    }

    private static func number(_ number: SignalNumber) -> JSONValue {
        if case .real(let real) = number, !real.isFinite { return .string(real.isNaN ? "nan" : real > 0 ? "inf" : "-inf") }
        return .number(number.text)
    }

    private static func hex(_ data: CANData, _ count: Int) -> String {
        (0..<count).map { (data[$0] < 16 ? "0" : "") + String(data[$0], radix: 16, uppercase: true) }.joined()
    }

    private static func bytes(of path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) -> Bool {
        guard let file = fopen(path, "wb") else { return false }
        defer { fclose(file) }
        return fwrite(bytes, 1, bytes.count, file) == bytes.count
    }
}
