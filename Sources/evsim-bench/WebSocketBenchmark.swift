import Glibc
import Transport

/// Round trips over loopback WebSockets against a second process, and the codec alone.
enum WebSocketBenchmark {
    static func run() -> [Measurement] { codec() + echo() + ((try? TLSBenchmark.run()) ?? [Measurement(name: "tls", value: 0, unit: "finished", bar: 1)]) }

    // MARK: - Codec

    private static func codec() -> [Measurement] {
        let size = 1 << 20
        let payload = [UInt8](repeating: UInt8(ascii: "x"), count: size)
        var frame = ByteQueue()
        var client = WebSocketCodec(role: .client, keys: MaskKeys(seed: 1))
        payload.withUnsafeBytes { client.encode(text: $0, into: &frame) }
        var small = ByteQueue()
        let heartbeat = Array("[2,\"17\",\"Heartbeat\",{}]".utf8)
        for _ in 0..<1000 { heartbeat.withUnsafeBytes { client.encode(text: $0, into: &small) } }
        let smallBytes = [UInt8](small.bytes)
        let frameBytes = [UInt8](frame.bytes)
        var found = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size + 64, alignment: 64)
        defer { buffer.deallocate() }
        // Copying into the buffer belongs to both bodies and is measured apart.
        let times = leastTimes(
            repeats: 7,
            [
                { for _ in 0..<200 { found += decode(frameBytes, buffer) } },
                { for _ in 0..<200 { frameBytes.withUnsafeBytes { buffer.copyMemory(from: $0) } } },
                { for _ in 0..<1000 { found += decode(smallBytes, buffer) } },
                { for _ in 0..<1000 { smallBytes.withUnsafeBytes { buffer.copyMemory(from: $0) } } },
            ])
        return [
            Measurement(name: "websocket.decode-big", value: Double(200 * size) / max(1e-9, times[0] - times[1]) / 1e9, unit: "GB/s", bar: 2),
            Measurement(name: "websocket.decode-small", value: 1 / max(1e-9, times[2] - times[3]), unit: "M frames/s", bar: 10),
            Measurement(name: "websocket.decoded-all", value: found == 7 * 200 + 7 * 1_000_000 ? 1 : 0, unit: "equal", bar: 1),
        ]
    }

    private static func decode(_ bytes: [UInt8], _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        bytes.withUnsafeBytes { buffer.copyMemory(from: $0) }
        var input = UnsafeMutableRawBufferPointer(rebasing: buffer[..<bytes.count])
        var server = WebSocketCodec(role: .server, keys: MaskKeys(seed: 2))
        var found = 0
        while let event = server.decode(&input) { if case .text = event { found += 1 } }
        return found
    }

    // MARK: - Echo over loopback

    private static func echo() -> [Measurement] {
        guard let server = EchoServerProcess("ws-echo-server"), let bare = EchoServerProcess("raw-echo-server") else {
            return [Measurement(name: "websocket.echo-server", value: 0, unit: "started", bar: 1)]
        }
        defer {
            server.stop()
            bare.stop()
        }
        // Memory first: what is freed later would be taken again without a trace.
        var results = idle(server, connections: 10_000)
        var alone = 0.0
        for (connections, talking) in [(1, 1), (100, 100), (1000, 1000), (1000, 1)] {
            guard let measured = roundTrips(server, connections: connections, talking: talking, seconds: 2),
                let limit = bareRoundTrips(bare, connections: talking, seconds: 2)
            else {
                results.append(Measurement(name: "websocket.echo-\(connections)", value: 0, unit: "finished", bar: 1))
                continue
            }
            let name = talking == connections ? "websocket.echo-\(connections)" : "websocket.echo-\(talking)-of-\(connections)"
            if connections == 1 { alone = measured.microseconds }
            // A rate on shared processors says little; the processor time and its ratio to bare epoll in the same run are judged.
            results.append(Measurement(name: name, value: measured.rate, unit: "rt/s"))
            results.append(Measurement(name: name + ".cpu", value: measured.microseconds, unit: "µs/rt", most: 40))
            if talking == connections {
                results.append(Measurement(name: name + ".bare", value: limit.rate, unit: "rt/s"))
                results.append(Measurement(name: name + ".cpu.of-bare", value: measured.microseconds / limit.microseconds, unit: "x", most: 2))
            } else {
                results.append(Measurement(name: name + ".cpu.of-1", value: measured.microseconds / alone, unit: "x", most: 1.25))
            }
        }
        return results
    }

    private static func bareRoundTrips(_ server: EchoServerProcess, connections: Int, seconds: UInt64) -> (rate: Double, microseconds: Double)? {
        let (own, other) = (processorTime(), server.processorTime)
        guard let (count, passed) = RawEcho.roundTrips(port: server.port, connections: connections, seconds: seconds, message: message + [0, 0, 0, 0, 0, 0])
        else { return nil }
        return (Double(count) / passed, (processorTime() - own + server.processorTime - other) / Double(max(1, count)) * 1e6)
    }

    private static let message = Array("[2,\"1234567\",\"Heartbeat\",{}]".utf8)

    private static func open(_ loop: EventLoop, _ port: UInt16, _ count: Int) -> [ConnectionID]? {
        guard let url = try? WebSocketURL("ws://127.0.0.1:\(port)/ocpp") else { return nil }
        var ids: [ConnectionID] = []
        var opened = 0
        let end = EventLoop.now() + 30_000_000_000
        while opened < count {
            // Not more at once than a listener's queue takes.
            while ids.count < count, ids.count - opened < 500 {
                guard let client = try? OCPPClient(url: url, identity: "CP\(ids.count)") else { return nil }
                ids.append(client.connect(loop))
            }
            guard let event = loop.next(until: end) else { return nil }
            switch event {
            case .opened: opened += 1
            case .closed: return nil
            default: break
            }
        }
        return ids
    }

    private static func roundTrips(_ server: EchoServerProcess, connections: Int, talking: Int, seconds: UInt64) -> (rate: Double, microseconds: Double)? {
        guard let loop = try? EventLoop(seed: 7), let ids = open(loop, server.port, connections) else { return nil }
        for id in ids.prefix(talking) { message.withUnsafeBytes { _ = loop.send(text: $0, to: id) } }
        let begin = EventLoop.now()
        let end = begin + seconds * 1_000_000_000
        let (own, other) = (processorTime(), server.processorTime)
        var count = 0
        while let event = loop.next(until: end) {
            if case .text(let id, let bytes) = event {
                count += 1
                loop.send(text: bytes, to: id)
                if count & 255 == 0, EventLoop.now() >= end { break }
            }
        }
        let passed = Double(EventLoop.now() - begin) * 1e-9
        let used = processorTime() - own + server.processorTime - other
        loop.closeAll()
        while !loop.isIdle { _ = loop.next(until: EventLoop.now() + 100_000_000) }
        return (Double(count) / passed, used / Double(max(1, count)) * 1e6)
    }

    private static func idle(_ server: EchoServerProcess, connections: Int) -> [Measurement] {
        guard let loop = try? EventLoop(seed: 7) else { return [] }
        let (own, other) = (residentBytes("self"), server.residentBytes)
        guard open(loop, server.port, connections) != nil else { return [Measurement(name: "websocket.idle", value: 0, unit: "opened", bar: 1)] }
        let kilobytes: (Int, Int) -> Double = { Double($1 - $0) / Double(connections) / 1000 }
        let end = EventLoop.now() + 500_000_000
        while EventLoop.now() < end { _ = loop.next(until: end) }
        return [
            Measurement(name: "websocket.idle.client", value: kilobytes(own, residentBytes("self")), unit: "kB/connection", most: 10),
            Measurement(name: "websocket.idle.server", value: kilobytes(other, server.residentBytes), unit: "kB/connection", most: 10),
        ]
    }

    static func residentBytes(_ process: String) -> Int {
        let text = String(decoding: EchoPrograms.contents("/proc/\(process)/statm") ?? [], as: UTF8.self)
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
    }
}

/// This program once more, as an echo server.
private final class EchoServerProcess {
    let port: UInt16
    private let process: pid_t

    init?(_ program: String) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return nil }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        defer { posix_spawn_file_actions_destroy(&actions) }
        let words = ["evsim-bench", program, "--quiet"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { word in strdup(word) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let result = posix_spawn(&process, "/proc/self/exe", &actions, nil, &arguments, environ)
        close(ends[1])
        defer { close(ends[0]) }
        var buffer = [UInt8](repeating: 0, count: 64)
        let got = result == 0 ? read(ends[0], &buffer, buffer.count) : 0
        let line = String(decoding: buffer.prefix(max(0, got)), as: UTF8.self)
        guard let port = line.split(whereSeparator: { $0 == " " || $0 == "\n" }).last.flatMap({ UInt16($0) }) else { return nil }
        (self.port, self.process) = (port, process)
    }

    /// User and system time in seconds.
    var processorTime: Double {
        let text = String(decoding: EchoPrograms.contents("/proc/\(process)/stat") ?? [], as: UTF8.self)
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    var residentBytes: Int { WebSocketBenchmark.residentBytes("\(process)") }

    func stop() {
        kill(process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }
}
