import CAN
import CANLogs
import JSONText
import OCPP
import Quantities
import ScenarioLanguage

/// Writes what a run leaves while it runs: signals, frames and messages, each to a file of its own.
final class Recorder {
    /// Kernel instant of t = 0: times in files are relative to it.
    private(set) var origin = Instant.zero
    private let epoch: Int64
    private let signalFile: OutputFile?
    private let messageFile: OutputFile?
    private let captureFile: OutputFile?
    /// Files with frames of all buses, and what writes them.
    private let frameFiles: [OutputFile]
    private let frameLogs: [CANLogWriter]
    /// The one in the form of candump, which most runs have alone.
    private let candump: CandumpWriter?
    private let rows: SignalRows?
    /// Writer of messages; `nil` when nobody looks at their text.
    let messages: MessageRows?
    /// Writer of packets; `nil` when nobody looks at them.
    let capture: CaptureWriter?

    /// Frames that belong to a label, one a row; made when the first one comes.
    private var frameLabels: OutputFile?
    private let frameLabelPath: String?
    /// Frames written so far.
    private var frameCount = 0
    private let busNames: [String]
    /// Kind and name of a label by its number.
    var label: ((Int) -> (kind: String, name: String))?

    /// Opens the files that the scenario asks for in a directory; without one nothing is written.
    init(_ scenario: Scenario, directory: String?) throws(OutputError) {
        epoch = scenario.run.epoch
        let record = scenario.record
        signalFile = record.signals ? try directory.map { path throws(OutputError) in try OutputFile(path: "\(path)/signals.csv") } : nil
        messageFile = record.messages ? try directory.map { path throws(OutputError) in try OutputFile(path: "\(path)/messages.jsonl") } : nil
        captureFile = record.capture ? try directory.map { path throws(OutputError) in try OutputFile(path: "\(path)/capture.pcapng") } : nil
        signalFile?.append("t_s,signal,value,unit\n")
        rows = signalFile.map { SignalRows(scenario.symbols.signals, $0) }
        messages = messageFile.map { MessageRows($0, epoch: scenario.run.epoch) }
        capture = captureFile.map { file in
            CaptureWriter(file, epoch: scenario.run.epoch, nodes: scenario.symbols.nodes, buses: scenario.buses.map(\.name))
        }
        frameLabelPath = record.frameFormats.isEmpty ? nil : directory.map { "\($0)/frame-labels.csv" }
        busNames = scenario.buses.map(\.name)
        var files: [OutputFile] = []
        var logs: [CANLogWriter] = []
        for format in directory == nil ? [] : record.frameFormats {
            guard let directory else { break }
            var options = CANLogWriterOptions()
            options.start = scenario.run.epoch * 1_000_000_000
            let file = try OutputFile(path: "\(directory)/frames.\(format.fileExtension)")
            guard let log = format.writer(options, sink: { file.append($0) }) else { continue }
            for (index, bus) in scenario.buses.enumerated() { log.name(channel: index, bus.name) }
            files.append(file)
            logs.append(log)
        }
        frameFiles = files
        frameLogs = logs
        candump = logs.count == 1 ? logs[0] as? CandumpWriter : nil
    }

    /// The run's t = 0 is known: messages that waited for it are written.
    func setOrigin(_ origin: Instant) {
        self.origin = origin
        messages?.release(origin)
    }

    /// The first error of any file.
    var error: OutputError? { signalFile?.error ?? frameFiles.lazy.compactMap(\.error).first ?? messageFile?.error ?? captureFile?.error }

    @inline(__always)
    func signal(_ signal: Int, _ value: Double, at instant: Instant) { rows?.append(signal, value, instant.nanoseconds - origin.nanoseconds) }

    /// Whether anybody looks at frames.
    var wantsFrames: Bool { capture != nil || !frameLogs.isEmpty }

    @inline(__always)
    func frame(_ frame: CANFrame, of bus: CANBus, _ index: Int, at instant: Instant) {
        frameCount &+= 1
        if frame.label != 0 { noteLabel(of: frame, index, at: instant) }
        if let candump, !frame.isWide, capture == nil { return candump.append(frame, channel: index, at: instant) }
        if wantsFrames { wide(bus.wideFrame(frame), index, at: instant) }
    }

    /// The row of a frame that belongs to a label: which one of the frame log it is, counted from 1.
    @inline(never)
    private func noteLabel(of frame: CANFrame, _ bus: Int, at instant: Instant) {
        guard let path = frameLabelPath, let label else { return }
        if frameLabels == nil {
            frameLabels = try? OutputFile(path: path)
            frameLabels?.append("t_s,bus,id,number,kind,name\n")
        }
        let (kind, name) = label(Int(frame.label) - 1)
        let id = String(frame.id, radix: 16, uppercase: true)
        let digits = frame.isExtended ? 8 : 3
        let padded = String(repeating: "0", count: max(0, digits - id.utf8.count)) + id
        frameLabels?.append("\((instant - origin).secondsText),\(busNames[bus]),\(padded),\(frameCount),\(kind),\(name)\n")
    }

    private func wide(_ frame: CANWideFrame, _ index: Int, at instant: Instant) {
        if let capture { capture.frame(frame, bus: index, at: instant) }
        for log in frameLogs { log.append(frame, channel: index, at: instant) }
    }

    /// Names of the files that were written.
    var files: [String] {
        (signalFile.map { _ in ["signals.csv"] } ?? [])
            + frameFiles.map { String($0.path[($0.path.lastIndex(of: "/").map($0.path.index(after:)) ?? $0.path.startIndex)...]) }
            + (frameLabels.map { _ in ["frame-labels.csv"] } ?? []) + (messageFile.map { _ in ["messages.jsonl"] } ?? [])
            + (captureFile.map { _ in ["capture.pcapng"] } ?? [])
    }

    /// Writes what is left in the buffers.
    func finish() throws(OutputError) {
        messages?.release(origin)
        for log in frameLogs { log.finish() }
        try signalFile?.finish()
        for file in frameFiles { try file.finish() }
        try frameLabels?.finish()
        try messageFile?.finish()
        try captureFile?.finish()
    }
}

/// Writes rows of `signals.csv`.
///
/// The text of a time is kept as long as the time stays; name and unit of each signal are laid out once.
final class SignalRows {
    private let file: OutputFile
    /// `,NAME,` of each signal, one after the other, and the unit with its line end.
    private let texts: UnsafeMutablePointer<UInt8>
    private let entries: UnsafeMutablePointer<Entry>
    private let members: [[String]?]
    private let time: UnsafeMutablePointer<TimeText>

    private struct Entry {
        var nameStart: Int
        var nameCount: Int32
        var unitCount: Int32
        /// Shown value = value * numerator / denominator.
        var numerator: Double
        var denominator: Double
        var isEnumerated: Bool
    }

    private struct TimeText {
        var nanoseconds = Int64.min
        var count = 0
        var bytes: SIMD32<UInt8> = SIMD32()
    }

    init(_ signals: [SignalSymbol], _ file: OutputFile) {
        self.file = file
        var bytes: [UInt8] = []
        entries = .allocate(capacity: max(signals.count, 1))
        members = signals.map(\.members)
        for (index, signal) in signals.enumerated() {
            let start = bytes.count
            bytes += Array(",\(signal.name),".utf8)
            let nameCount = bytes.count - start
            bytes += Array(",\(signal.unit)\n".utf8)
            let unit = Unit.named(signal.unit)
            (entries + index).initialize(
                to: Entry(
                    nameStart: start, nameCount: Int32(nameCount), unitCount: Int32(bytes.count - start - nameCount), numerator: Double(unit?.denominator ?? 1),
                    denominator: Double(unit?.numerator ?? 1), isEnumerated: signal.members != nil))
        }
        texts = .allocate(capacity: max(bytes.count, 1))
        texts.initialize(from: bytes, count: bytes.count)
        time = .allocate(capacity: 1)
        time.initialize(to: TimeText())
    }

    deinit {
        texts.deallocate()
        entries.deallocate()
        time.deallocate()
    }

    func append(_ signal: Int, _ value: Double, _ nanoseconds: Int64) {
        let entry = entries[signal]
        var place = file.reserve(160 + Int(entry.nameCount) + Int(entry.unitCount))
        let start = place
        if time.pointee.nanoseconds != nanoseconds {
            time.pointee.nanoseconds = nanoseconds
            time.pointee.count = withUnsafeMutableBytes(of: &time.pointee.bytes) {
                guard let base = $0.baseAddress else { return 0 }
                return writeSeconds(nanoseconds, to: base.assumingMemoryBound(to: UInt8.self))
            }
        }
        UnsafeMutableRawPointer(place).storeBytes(of: time.pointee.bytes, as: SIMD32<UInt8>.self)
        place += time.pointee.count
        place.update(from: texts + entry.nameStart, count: Int(entry.nameCount))
        place += Int(entry.nameCount)
        place += writeNumber(value * entry.numerator / entry.denominator, to: place)
        if entry.isEnumerated {
            place[0] = 0x2C
            place += 1
            file.advance(place - start)
            file.append(members[signal]?[safe: Int(value)] ?? "")
            file.append(byte: 0x0A)
            return
        }
        place.update(from: texts + entry.nameStart + Int(entry.nameCount), count: Int(entry.unitCount))
        place += Int(entry.unitCount)
        file.advance(place - start)
    }
}

extension Array {
    /// The element at a place, or `nil` outside.
    subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}

extension RecordSettings {
    /// The forms in which frames are written.
    var frameFormats: [CANLogFormat] { (frames ? [.candump] : []) + (framesASC ? [.asc] : []) + (framesPcapng ? [.pcapng] : []) }
}
