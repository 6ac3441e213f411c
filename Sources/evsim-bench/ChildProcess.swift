import Glibc
import JSONText

/// This program once more with other arguments, joined by pipes.
final class ChildProcess {
    private let process: pid_t
    private let input: Int32
    private let output: UnsafeMutablePointer<FILE>
    private var isEnded = false

    init?(_ words: [String]) {
        var toChild: [Int32] = [0, 0]
        var fromChild: [Int32] = [0, 0]
        guard pipe(&toChild) == 0, pipe(&fromChild) == 0 else { return nil }
        for end in toChild + fromChild { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, toChild[0], STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], STDOUT_FILENO)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var arguments: [UnsafeMutablePointer<CChar>?] = (["evsim-bench"] + words).map { word in strdup(word) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let result = posix_spawn(&process, "/proc/self/exe", &actions, nil, &arguments, environ)
        close(toChild[0])
        close(fromChild[1])
        guard result == 0, let output = fdopen(fromChild[0], "r") else { return nil }
        (self.process, input, self.output) = (process, toChild[1], output)
    }

    /// The next line that it says; `nil` at its end.
    func line() -> String? {
        var text: [UInt8] = []
        while true {
            let next = fgetc(output)
            guard next != EOF else { return text.isEmpty ? nil : String(decoding: text, as: UTF8.self) }
            if next == 0x0A { return String(decoding: text, as: UTF8.self) }
            text.append(UInt8(truncatingIfNeeded: next))
        }
    }

    /// Says a line to it.
    func say(_ line: String) {
        let text = line + "\n"
        _ = write(input, text, text.utf8.count)
    }

    /// User and system time in seconds.
    var processorTime: Double {
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    var residentBytes: Int { WebSocketBenchmark.residentBytes("\(process)") }

    /// Closes its input and waits for its end, or ends it.
    func stop(kills: Bool) {
        guard !isEnded else { return }
        isEnded = true
        close(input)
        if kills { kill(process, SIGKILL) }
        var status: Int32 = 0
        waitpid(process, &status, 0)
        fclose(output)
    }

    deinit { stop(kills: true) }
}
