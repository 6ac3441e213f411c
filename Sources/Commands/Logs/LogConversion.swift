import CAN
import CANLogs
import JSONText
import Quantities
import SimulationKernel

/// What `evsim convert` does with each record.
struct LogConversion {
    /// The format of the source; `nil` for what its content says.
    var from: CANLogFormat?
    /// The format that is written.
    var to: CANLogFormat
    /// Whether bad entries are left out.
    var skipsBad = false
    var selection = CANLogSelection()
    /// The wanted interfaces, and what they are called in the result; all when empty.
    var channels: [(name: String, newName: String)] = []
    /// Bounds of the time since the first frame, in nanoseconds.
    var begin = Int64.min
    var end = Int64.max
    var shift: Int64 = 0
    /// What the time since the first frame is multiplied by.
    var scale = 1.0
    var options = CANLogWriterOptions()

    /// What came of a conversion.
    struct Outcome {
        var read: UInt64 = 0
        var written: UInt64 = 0
        var error: CANLogError?
        var first: Instant?
        var last: Instant?
        var channels: [String] = []
        var losses: [(CANLogLoss, UInt64)] = []
    }

    // MARK: From the command line

    static func request(_ arguments: Arguments, target: String) -> Result<LogConversion, UsageError> {
        guard let format = arguments.text(.logTo).flatMap({ CANLogFormat(rawValue: $0) }) ?? (target == "-" ? .candump : CANLogFormat(path: target)) else {
            return .failure(UsageError("the ending of \(ArgumentMatcher.quoted(target)) is of no known format", help: "--to names it: \(writable)"))
        }
        guard format.isWritable else { return .failure(UsageError("BLF is read, but not written", help: "write \(writable)")) }
        if target == "-", arguments.has(.json) { return .failure(UsageError("standard output cannot have both the log and the summary of --json")) }
        var conversion = LogConversion(to: format)
        conversion.from = arguments.text(.logFrom).flatMap { CANLogFormat(rawValue: $0) }
        conversion.skipsBad = arguments.has(.skipBad)
        conversion.options.decimals = arguments.text(.decimals) == "9" ? 9 : 6
        conversion.options.roundsDecimals = true
        conversion.options.keepsLengthCodes = arguments.has(.rawDLC)
        for (option, path) in [(OptionSpec.onlyFrames, \CANLogSelection.only), (.exceptFrames, \.except)] {
            guard let text = arguments.text(option) else { continue }
            switch CANLogSelection.filters(text) {
            case .success(let filters): conversion.selection[keyPath: path] = filters
            case .failure(let error):
                return .failure(
                    UsageError(
                        "\(ArgumentMatcher.quoted(error.item)) in --\(option.name) is no identifier",
                        help: "write 300, 18FF50E5, 300:7F0 (identifier and mask), or error"))
            }
        }
        for item in arguments.text(.logChannels)?.split(separator: ",") ?? [] {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            conversion.channels.append((String(parts[0]), String(parts.last ?? parts[0])))
        }
        for (option, path) in [(OptionSpec.fromTime, \LogConversion.begin), (.untilTime, \.end), (.shiftTime, \.shift)] {
            guard let text = arguments.text(option) else { continue }
            guard let time = (try? Quantity.parse(text))?.exactNanoseconds else {
                return .failure(UsageError("\(ArgumentMatcher.quoted(text)) in --\(option.name) is no time", help: "write 2s, 500ms or 1min30s"))
            }
            conversion[keyPath: path] = time
        }
        if let text = arguments.text(.scaleTime) {
            guard let scale = try? Quantity.parse(text), scale.dimension == .none, scale.value > 0, scale.value <= 1e6 else {
                return .failure(
                    UsageError("\(ArgumentMatcher.quoted(text)) in --scale is no number above 0", help: "2 makes it half as fast, 0.5 twice as fast"))
            }
            conversion.scale = scale.value
        }
        return .success(conversion)
    }

    private static let writable = CANLogFormat.allCases.filter(\.isWritable).map(\.rawValue).joined(separator: ", ")

    // MARK: Record by record

    /// Reads to the end, the first error, a failed write or an interruption, and writes what is wanted.
    func run(_ reader: CANLogReader, _ sink: LogSink, _ interrupt: InterruptFlag) -> Outcome {
        var outcome = Outcome()
        guard let writer = to.writer(options, sink: { sink.write($0) }) else { return outcome }
        var record = CANLogRecord.empty
        var wanted: [Bool] = []
        var origin = Int64.min
        do throws(CANLogError) {
            while try reader.next(&record) {
                outcome.read &+= 1
                if outcome.read & 0xFF == 0, interrupt.isRaised || sink.errorNumber != 0 { break }
                let channel = Int(record.channel)
                while wanted.count <= channel { wanted.append(name(reader.interfaces[wanted.count], wanted.count, writer, &outcome)) }
                guard wanted[channel], selection.admits(record.frame.frame) else {
                    if origin == .min { origin = record.instant.nanoseconds }
                    continue
                }
                if origin == .min { origin = record.instant.nanoseconds }
                guard place(&record, origin) else { continue }
                writer.append(record)
                outcome.last = record.instant
                if outcome.first == nil { outcome.first = record.instant }
            }
        } catch {
            outcome.error = error
        }
        writer.finish()
        outcome.written = writer.frames
        outcome.losses = CANLogLoss.allCases.map { ($0, writer.losses($0)) }.filter { $0.1 > 0 }
        return outcome
    }

    /// Names an interface in the result; whether it is wanted.
    private func name(_ name: String, _ channel: Int, _ writer: CANLogWriter, _ outcome: inout Outcome) -> Bool {
        guard !channels.isEmpty else {
            writer.name(channel: channel, name)
            outcome.channels.append(name)
            return true
        }
        guard let wanted = channels.first(where: { $0.name == name }) else { return false }
        writer.name(channel: channel, wanted.newName)
        outcome.channels.append(wanted.newName)
        return true
    }

    /// Moves a record in time; `false` when it lies outside the bounds.
    @inline(__always)
    private func place(_ record: inout CANLogRecord, _ origin: Int64) -> Bool {
        if begin == .min, end == .max, shift == 0, scale == 1 { return true }
        let (since, overflow) = record.instant.nanoseconds.subtractingReportingOverflow(origin)
        guard !overflow, since >= begin, since <= end else { return false }
        let scaled = scale == 1 ? Double(0) : (Double(since) * scale).rounded()
        let offset = scale == 1 ? since : abs(scaled) < 9.2e18 ? Int64(scaled) : Int64.max
        let (moved, a) = origin.addingReportingOverflow(offset)
        let (shifted, b) = moved.addingReportingOverflow(shift)
        guard !a, !b else { return false }
        record.instant = Instant(nanoseconds: shifted)
        return true
    }
}

extension LogConversion.Outcome {
    /// The summary of `--json`.
    func document(_ reader: CANLogReader, _ conversion: LogConversion, _ source: String, _ target: String) -> JSONValue {
        func number(_ value: UInt64) -> JSONValue { .integer(Int64(clamping: value)) }
        func seconds(_ instant: Instant?) -> JSONValue { instant.map { .number(Duration(nanoseconds: $0.nanoseconds).secondsText) } ?? .null }
        let omissions = CANLogOmission.allCases.filter { reader.omitted($0) > 0 }.map { kind in
            JSONValue.object([JSONValue.Member("what", .string(kind.text)), JSONValue.Member("count", number(reader.omitted(kind)))])
        }
        let losses = losses.map { kind, count in
            JSONValue.object([JSONValue.Member("what", .string(kind.text)), JSONValue.Member("frames", number(count))])
        }
        let members: [(String, JSONValue)] = [
            ("source", .string(source)), ("from", .string(reader.format.rawValue)), ("target", .string(target)), ("to", .string(conversion.to.rawValue)),
            ("frames_read", number(read)), ("frames_written", number(written)), ("interfaces", .array(channels.map { .string($0) })),
            ("has_date", .bool(reader.hasDate)), ("first_s", seconds(first)), ("last_s", seconds(last)), ("bad_entries", number(reader.badEntries)),
            ("left_out", .array(omissions)), ("lost", .array(losses)), ("error", error.map { .string($0.text(source)) } ?? .null),
        ]
        return .object(members.map { JSONValue.Member($0.0, $0.1) })
    }
}
