// The entry point of libFuzzer for DBC files; dbc.sh compiles it together with the modules that read them.
import CAN
import CANDatabase

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    let (database, findings) = DatabaseReader.read(bytes)
    for finding in findings { precondition(finding.place.line >= 1 && finding.place.column >= 1) }
    let lint = DatabaseLint.findings(in: database)
    _ = DatabaseReader.utf8(bytes)
    let filled = CANData((0..<64).map { bytes.isEmpty ? UInt8($0) : bytes[$0 % bytes.count] })
    for message in database.messages {
        let codec = MessageCodec(message)
        let frame = CANWideFrame(CANFrame(fd: message.id, lengthCode: 15, payload: 0), wide: filled)
        for reading in codec.readings(frame) {
            guard let signal = codec.signals[reading.signal], signal.isWhole else { continue }
            precondition(signal.raw(of: reading.value, checksLimits: false) != nil, "what was unpacked can be packed")
            var text: [UInt8] = []
            SignalText(message.signals[reading.signal], signal).append(signal.field.raw(in: filled), to: &text)
            precondition(!text.isEmpty)
        }
    }
    // What is written reads back as the same, unless names cannot be told apart.
    let once = DatabaseWriter.bytes(database)
    let (again, problems) = DatabaseReader.read(once)
    let twice: [DatabaseCode] = [.idTwice, .signalNameTwice]
    if problems.isEmpty, !lint.contains(where: { twice.contains($0.code) }) {
        precondition(DatabaseWriter.bytes(again) == once, "writing is stable")
    }
    return 0
}
