import CAN
import CANLogs
import Glibc
import Quantities
import ScenarioLanguage

/// Kind `can-replay`: plays a log into a bus, with the times of the log.
///
/// The log is read while the run goes on, one frame ahead, so it can be of any length. Frames go out as if the node had sent them; those
/// that the bus declares publish their fields.
final class CANReplayNode: Node {
    private enum Signal {
        static let sent = 0, skipped = 1, rounds = 2, finished = 3
    }

    private let bus: Int
    private let path: String
    /// The log itself, where it stands in the scenario.
    private let lines: [UInt8]?
    private let format: CANLogFormat?
    private let selection: CANLogSelection
    /// Interface of the log that is played; `nil` for all.
    private let channel: String?
    private let begin: Duration
    private let end: Duration?
    private let offset: Duration
    private let speed: Double
    /// Time between frames instead of the log's.
    private let gap: Duration?
    private let followsDate: Bool
    private let loops: Bool
    private let pause: Duration
    private let keepsErrors: Bool
    private let skipsBad: Bool

    private var reader: CANLogReader?
    private var file: OpenLog?
    private var record = CANLogRecord.empty
    private var wanted: [Bool] = []
    /// Time of the log's first frame, whether it is wanted or not.
    private var origin: Instant?
    /// Instant at which the round began.
    private var start = Instant.zero
    /// Instant of the frame before.
    private var last = Instant.zero
    private var sent = 0
    private var sentInRound = 0
    private var skipped = 0
    private var rounds = 0

    private init(_ context: NodeContext) throws(RunFailure) {
        bus = context.bus("bus") ?? 0
        path = context.text("file") ?? ""
        lines = context.texts("lines").map { Array($0.map { $0 + "\n" }.joined().utf8) }
        format = context.choice("format").flatMap { $0 == 0 ? nil : CANLogFormat(rawValue: Self.formats[$0]) }
        var selection = CANLogSelection()
        selection.only = try Self.filters(context, "only")
        selection.except = try Self.filters(context, "except")
        self.selection = selection
        channel = context.text("channel")
        begin = context.duration("from") ?? .zero
        end = context.duration("until")
        offset = context.duration("offset") ?? .zero
        speed = context.number("speed") ?? 1
        gap = context.duration("gap")
        followsDate = context.choice("times") == 1
        loops = context.flag("loop")
        pause = context.duration("pause") ?? .milliseconds(1)
        keepsErrors = context.flag("errors")
        skipsBad = context.flag("skip_bad")
        super.init(in: context)
        guard path.isEmpty == (lines != nil) else {
            throw RunFailure(code: .badNode, message: "'\(name)' needs either 'file' or 'lines'", span: nil, time: nil)
        }
        // What cannot be read at all is told before the run begins.
        try open()
    }

    private static let formats = ["any"] + CANLogFormat.allCases.map(\.rawValue)

    private static func filters(_ context: NodeContext, _ name: String) throws(RunFailure) -> [CANBus.Filter] {
        var filters: [CANBus.Filter] = []
        for item in context.texts(name) ?? [] {
            guard let filter = CANLogSelection.filter(item) else {
                throw RunFailure(
                    code: .badNode, message: "'\(name)': '\(item)' is no identifier; write 0x300, 0x18FF50E5, 0x300:0x7F0 (with a mask) or error", span: nil,
                    time: nil)
            }
            filters.append(filter)
        }
        return filters
    }

    private func open() throws(RunFailure) {
        (wanted, origin, sentInRound) = ([], nil, 0)
        if let lines {
            do {
                reader = try CANLogReader(bytes: lines, format: format ?? .candump, skipsBad: skipsBad)
            } catch {
                throw RunFailure(code: .badNode, message: "'\(name)': \(error.text("lines"))", span: nil, time: nil)
            }
            return
        }
        guard let opened = OpenLog(path) else {
            throw RunFailure(code: .badNode, message: "the log of '\(name)' cannot be read: \(systemMessage(errno))", span: nil, time: nil)
        }
        do {
            reader = try CANLogReader(descriptor: opened.descriptor, name: path, format: format, skipsBad: skipsBad)
        } catch {
            throw RunFailure(code: .badNode, message: "'\(name)': \(error.text(shown))", span: nil, time: nil)
        }
        file = opened
    }

    /// The last part of the path, so that messages are the same wherever the scenario lies.
    private var shown: String { lines != nil ? "lines" : path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path }

    override func ready() {
        start = now + offset
        last = start
        publish(Signal.sent, 0)
        publish(Signal.skipped, 0)
        publish(Signal.rounds, 0)
        publish(Signal.finished, 0)
        planNext()
    }

    /// Reads the next frame that is wanted and sets the timer for it; at the end of the log, the next round or none.
    private func planNext() {
        var hasReopened = false
        while true {
            do {
                while let reader, try reader.next(&record) {
                    if origin == nil { origin = record.instant }
                    guard let instant = try instant(reader) else { continue }
                    guard instant < simulation.kernel.end else { return }
                    setTimer(0, at: instant)
                    return
                }
            } catch {
                simulation.fail(.badNode, "'\(name)': \(error.text(shown))", span: nil)
                return
            }
            rounds += 1
            publish(Signal.rounds, Double(rounds))
            guard loops, sentInRound > 0, !hasReopened else { break }
            hasReopened = true
            start = max(last, now) + pause
            last = start
            do {
                try open()
            } catch {
                simulation.fail(error.code, error.message, span: nil)
                return
            }
        }
        publish(Signal.finished, 1)
        reader = nil
        file = nil
    }

    /// When the frame that was read goes out; `nil` if it is not wanted.
    private func instant(_ reader: CANLogReader) throws(CANLogError) -> Instant? {
        let number = Int(record.channel)
        while wanted.count <= number { wanted.append(channel == nil || reader.interfaces[wanted.count] == channel) }
        guard wanted[number], let origin else { return nil }
        let (since, overflow) = record.instant.nanoseconds.subtractingReportingOverflow(origin.nanoseconds)
        guard !overflow, since >= begin.nanoseconds, since <= end?.nanoseconds ?? Int64.max else { return nil }
        // On a bus with bits an error is something that happens to it, not something that a node sends.
        let keepsErrors = keepsErrors && simulation.carriers[bus] == nil
        guard selection.admits(record.frame.frame), keepsErrors || !record.frame.frame.isError else {
            skipped += 1
            return nil
        }
        sentInRound += 1
        if let gap {
            let instant = sentInRound == 1 ? start : last + gap
            last = instant
            return instant
        }
        let epoch = simulation.scenario.run.epoch * 1_000_000_000
        let byDate = record.instant.nanoseconds.subtractingReportingOverflow(epoch)
        let isDated = followsDate && reader.hasDate
        let elapsed = isDated ? byDate.partialValue : since - begin.nanoseconds
        guard !isDated || !byDate.overflow && elapsed >= 0 else {
            skipped += 1
            sentInRound -= 1
            return nil
        }
        let scaled = speed == 1 ? elapsed : Int64(min((Double(elapsed) / speed).rounded(), 9e18))
        let (sum, tooFar) = start.nanoseconds.addingReportingOverflow(scaled)
        // Logs of several interfaces are not always in the order of time; nothing goes out before what stands in front of it.
        last = max(last, tooFar ? .never : Instant(nanoseconds: sum))
        return last
    }

    override func timer(_ id: UInt32, _ payload: UInt32) {
        sent += 1
        simulation.transmit(simulation.buses[bus].frame(record.frame), on: bus, by: index)
        publish(Signal.sent, Double(sent))
        publishChange(Signal.skipped, Double(skipped))
        planNext()
    }

    override func finish() {
        publishChange(Signal.skipped, Double(skipped))
        if let reader, reader.badEntries > 0, let first = reader.problems.first {
            simulation.warn(.badLog, "'\(name)' left out \(reader.badEntries) bad entries of its log, the first: \(first.text(shown))", span: nil)
        }
    }

    static let kind = NodeKind(
        manifest: KindManifest(
            name: "can-replay", about: "Plays a log of CAN frames (candump, ASC, BLF, pcap, pcapng) into a bus, with the times of the log.",
            settings: [
                SettingManifest("bus", .bus, required: true, about: "Bus that the frames go to."),
                SettingManifest("file", .text, file: true, about: "The log, relative to the file that names it."),
                SettingManifest("lines", .texts(allowed: []), about: "The lines of a short log, in place of 'file'; candump's unless 'format' says otherwise."),
                SettingManifest("format", .oneOf(formats), default: "any", about: "Format of the log; 'any' looks at its content."),
                SettingManifest(
                    "channel", .text, about: "Interface of the log that is played: can0, vcan0, can1 for channel 2 of an ASC file. All without it."),
                SettingManifest(
                    "only", .texts(allowed: []), about: "Identifiers that are played: 0x300 (11 bits), 0x18FF50E5 (29 bits), 0x300:0x7F0 (with a mask)."),
                SettingManifest("except", .texts(allowed: []), about: "Identifiers that are left out."),
                SettingManifest("from", .duration, default: "0s", about: "Begins so long after the first frame of the log."),
                SettingManifest("until", .duration, about: "Ends so long after the first frame of the log."),
                SettingManifest("offset", .duration, default: "0s", about: "When the first frame goes out, counted from the start."),
                SettingManifest("speed", .number, default: "1", min: "0.001", max: "1000000", about: "How much faster than the log."),
                SettingManifest("gap", .duration, about: "Time between frames, in place of the log's times."),
                SettingManifest(
                    "times", .oneOf(["log", "date"]), default: "log",
                    about: "'log' counts from the log's first frame; 'date' plays each frame at its date and time, seen from 'run: {start: …}'."),
                SettingManifest("loop", .flag, default: "false", about: "Begins anew at the end of the log."),
                SettingManifest("pause", .duration, default: "1ms", min: "1us", about: "Time between the last frame of a round and the first of the next."),
                SettingManifest(
                    "errors", .flag, default: "false", about: "Whether error reports of the log are played too; not on a bus with 'fidelity: wire'."),
                SettingManifest("skip_bad", .flag, default: "false", about: "Whether bad lines of the log are left out instead of ending the run."),
            ],
            signals: [
                SignalManifest("sent", held: true, about: "Frames sent."),
                SignalManifest("skipped", held: true, about: "Frames that 'only', 'except' or 'errors' left out."),
                SignalManifest("rounds", held: true, about: "How often the log has come to its end."),
                SignalManifest("finished", held: true, about: "1 once nothing follows."),
            ],
            example: """
                evsim: 1
                scenario: can-replay-example
                run: {for: 1s}
                nodes:
                  tape:
                    is: can-replay
                    bus: can0
                    lines: ['(0.000000) can0 100#E803', '(0.050000) can0 100#D007', '(0.100000) can0 18FF50E5#00']
                    loop: true
                    pause: 50ms
                buses:
                  can0: {bitrate: 500 kbit/s, frames: {voltage: {id: 0x100, data: {reading: u16 0.1 V}}}}
                expect:
                  - =count(can0.voltage) == 14
                  - =max(can0.voltage.reading) == 200 V
                """)
    ) { (context) throws(RunFailure) in try CANReplayNode(context) }
}

/// A log that is open for reading.
private final class OpenLog {
    let descriptor: Int32

    init?(_ path: String) {
        descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }
}
