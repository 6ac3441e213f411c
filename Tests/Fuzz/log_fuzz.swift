// The entry point of libFuzzer for logs of CAN frames; logs.sh compiles it with the modules that it imports.
import CAN
import CANLogs
import Quantities

/// Reads the bytes as the format that the first one says, or as what they look like; writes what is found in every format and reads it again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLog(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0, let data else { return 0 }
    let formats = CANLogFormat.allCases
    let format = Int(data[0]) < formats.count ? formats[Int(data[0])] : nil
    let bytes = Array(UnsafeBufferPointer(start: data + (format == nil ? 0 : 1), count: count - (format == nil ? 0 : 1)))
    let records = read(bytes, format)
    for target in formats where target.isWritable && !records.isEmpty {
        final class Collected { var bytes: [UInt8] = [] }
        let collected = Collected()
        var options = CANLogWriterOptions()
        options.decimals = 9
        options.keepsLengthCodes = true
        guard let writer = target.writer(options, capacity: 0, sink: { collected.bytes += $0 }) else { continue }
        for record in records { writer.append(record) }
        writer.finish()
        precondition(read(collected.bytes, nil).count == records.count, "\(target) lost a frame")
    }
    return 0
}

private func read(_ bytes: [UInt8], _ format: CANLogFormat?) -> [CANLogRecord] {
    var records: [CANLogRecord] = []
    guard let reader = try? CANLogReader(bytes: bytes, format: format, skipsBad: true) else { return [] }
    var record = CANLogRecord.empty
    while let isThere = try? reader.next(&record), isThere {
        precondition(
            Int(record.channel) < reader.interfaces.count && record.frame.frame.count <= 64 && record.frame.frame.lengthCode <= 15, "an impossible record")
        records.append(record)
        precondition(records.count <= bytes.count, "more frames than bytes")
    }
    for problem in reader.problems { precondition(!problem.reason.isEmpty, "an error without a reason") }
    return records
}
