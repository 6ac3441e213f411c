import Glibc
import JSONText
import OCPP
import Quantities
import Transport

/// `evsim-bench ocpp-csms --port P`: a central system on real WebSockets that checks and answers every call, the far end of a load test.
///
/// Says `port P` when it listens; ends at SIGTERM.
enum LoadCentralSystem {
    static func run(_ options: EchoPrograms.Options) throws -> Int32 {
        LoadPrograms.allowConnections()
        let loop = try EventLoop(seed: 1)
        let server = try OCPPServer(loop: loop, address: options["address"] ?? "127.0.0.1", port: UInt16(clamping: options.number("port", 0)))
        var settings = CentralSystemSettings()
        settings.interval = options.number("interval", 300)
        let clock = LoadClock()
        var machine = CentralSystemMachine(settings, epoch: clock.epoch)
        var out: [CentralSystemOutput] = []
        var numbers: [ConnectionID: Int] = [:]
        var connections: [ConnectionID?] = []
        EchoPrograms.say("port \(server.port)")
        while true {
            guard let event = loop.next(until: EventLoop.now() + 1_000_000_000), let heard = server.handle(event) else { continue }
            switch heard {
            case .connected(let id, let peer):
                guard let number = machine.connect(identity: peer.identity, at: clock.now, into: &out).connection else {
                    loop.close(id, .policyViolation, reason: "refused")
                    continue
                }
                numbers[id] = number
                while connections.count <= number { connections.append(nil) }
                connections[number] = id
            case .text(let id, let bytes):
                guard let number = numbers[id] else { continue }
                machine.receive(bytes: Array(bytes), from: number, at: clock.now, into: &out)
            case .closed(let id, _, _): if let number = numbers.removeValue(forKey: id) { machine.disconnect(number, into: &out) }
            case .refused, .other: continue
            }
            for output in out {
                switch output {
                case .send(let number, let message):
                    guard let id = connections[number] else { continue }
                    LoadPrograms.send(message, to: id, loop)
                case .close(let number, _): if let id = connections[number] { loop.close(id, .policyViolation) }
                default: break
                }
            }
            out.removeAll(keepingCapacity: true)
        }
    }
}

/// Instants since the start of the program, by the monotonic clock.
struct LoadClock {
    /// Unix seconds of the start.
    let epoch = Int64(time(nil))
    private let begin = EventLoop.now()

    var now: Instant { Instant(nanoseconds: Int64(EventLoop.now() - begin)) }
}

/// What the programs of the load test share.
enum LoadPrograms {
    /// Allows as many open files as the system lets this user have.
    static func allowConnections() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    static func send(_ message: OCPPMessage, to id: ConnectionID, _ loop: EventLoop) {
        var writer = ByteWriter(capacity: 256)
        message.encode(into: &writer)
        writer.withBytes { _ = loop.send(text: $0, to: id) }
    }

    /// Runs one of the programs; the exit code.
    static func run(_ name: String, _ arguments: [String]) -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        let options = EchoPrograms.Options(arguments)
        do {
            return name == "ocpp-csms" ? try LoadCentralSystem.run(options) : try LoadChargePoints(options).run()
        } catch {
            EchoPrograms.say("error \((error as? TransportError)?.text ?? (error as? UpgradeError)?.text ?? "\(error)")")
            return 4
        }
    }
}
