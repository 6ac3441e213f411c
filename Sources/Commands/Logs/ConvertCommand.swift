import CAN
import CANLogs
import Glibc
import JSONText
import Quantities
import SimulationKernel
import YAMLTree

/// `evsim convert`.
enum ConvertCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        guard let source = arguments[0], let target = arguments[1] else { return .usage }
        let conversion: LogConversion
        switch LogConversion.request(arguments, target: target) {
        case .failure(let error):
            console.note("error: \(error.message)" + (error.help.map { "; \($0)" } ?? ""))
            return .usage
        case .success(let request): conversion = request
        }
        let isQuiet = arguments.has(.quiet)
        let shownSource = DisplayText.visible(source == "-" ? "<stdin>" : source)
        let interrupt = InterruptFlag()
        var wake: (Int32, Int32) = (-1, -1)
        let isPiped = withUnsafeMutablePointer(to: &wake) { $0.withMemoryRebound(to: Int32.self, capacity: 2) { pipe($0) == 0 } }
        let signals = console.takesSignals && isPiped ? SignalWatcher(interrupt, wake: wake.1) : nil

        let input = source == "-" ? STDIN_FILENO : open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else {
            console.note("error: cannot read \(shownSource): \(errno == ENOENT ? "there is no such file" : FileWriting.text(errno))")
            return .runtime
        }
        defer { if source != "-" { close(input) } }
        let reader: CANLogReader
        do throws(CANLogError) {
            reader = try CANLogReader(
                source: LogSource.bytes(of: input, wake: wake.0, interrupt), name: source, format: conversion.from, skipsBad: conversion.skipsBad)
        } catch {
            if let code = interruption(signals) { return code }
            console.note("error: \(error.text(shownSource))")
            if error.isUnreadable { return .runtime }
            if case .file = error.place { console.note("help: --from names the format: candump, asc, pcap, pcapng or blf") }
            return .invalidFile
        }
        guard !LogSink.isSame(target, as: input) else {
            console.note("error: \(DisplayText.visible(target)) is the file that is read; name another one")
            return .usage
        }
        let output = target == "-" ? STDOUT_FILENO : open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard output >= 0 else {
            console.note("error: cannot write \(DisplayText.visible(target)): \(FileWriting.text(errno))")
            return .runtime
        }
        let sink = LogSink(output)
        let result = conversion.run(reader, sink, interrupt)
        var problem = sink.errorNumber
        if target != "-", close(output) != 0, problem == 0 { problem = errno }

        if !isQuiet { tell(result, reader, shownSource, console) }
        if let error = result.error { console.note("error: \(error.text(shownSource))") }
        if result.error != nil, result.error?.isFatal == false { console.note("help: --skip-bad leaves such entries out and counts them") }
        if arguments.has(.json) { console.print(result.document(reader, conversion, source, target).text(.pretty)) }
        if problem != 0 {
            if target == "-", problem == EPIPE { return .fine }
            console.note("error: cannot write \(DisplayText.visible(target == "-" ? "<stdout>" : target)): \(FileWriting.text(problem))")
            return .runtime
        }
        if let code = interruption(signals) { return code }
        return result.error.map { $0.isUnreadable ? .runtime : .invalidFile } ?? .fine
    }

    private static func interruption(_ signals: SignalWatcher?) -> ExitCode? {
        guard let signal = signals?.received, signal != 0 else { return nil }
        return signal == SIGTERM ? .terminated : .interrupted
    }

    /// Says on standard error what was left out or lost.
    private static func tell(_ result: LogConversion.Outcome, _ reader: CANLogReader, _ name: String, _ console: Console) {
        for problem in reader.problems { console.note("warning: \(problem.text(name)); left out") }
        let more = reader.badEntries - UInt64(reader.problems.count)
        if more > 0 { console.note("warning: \(name): \(TextLayout.grouped(more)) further bad entries were left out") }
        for kind in CANLogOmission.allCases where reader.omitted(kind) > 0 {
            console.note("note: \(name): left out \(TextLayout.grouped(reader.omitted(kind))) × \(kind.text)")
        }
        for (kind, count) in result.losses {
            console.note("warning: \(TextLayout.grouped(count)) of \(TextLayout.count(Int(clamping: result.written), "frame")): \(kind.text)\(kind.remedy)")
        }
    }
}

extension CANLogLoss {
    /// Which option keeps what is lost.
    var remedy: String {
        switch self {
        case .fractions: "; --decimals 9 keeps them"
        case .lengthCode: "; --raw-dlc keeps it in texts"
        case .errorDetails, .direction, .interface: "; pcapng has it"
        case .unknownDirection, .date: ""
        }
    }
}
