import Glibc
import Transport

/// `evsim-bench ws-echo-server` and `ws-echo-client`: small programs on the live transport that outside judges talk to.
enum EchoPrograms {
    /// Options of the form `--name value`; an option without a value counts as `on`.
    struct Options {
        private var values: [String: String] = [:]
        private(set) var words: [String] = []

        init(_ arguments: [String]) {
            var at = 0
            while at < arguments.count {
                let argument = arguments[at]
                at += 1
                guard argument.hasPrefix("--") else {
                    words.append(argument)
                    continue
                }
                if at < arguments.count, !arguments[at].hasPrefix("--") {
                    values[String(argument.dropFirst(2))] = arguments[at]
                    at += 1
                } else {
                    values[String(argument.dropFirst(2))] = "on"
                }
            }
        }

        subscript(name: String) -> String? { values[name] }
        func number(_ name: String, _ usual: Int) -> Int { values[name].flatMap { Int($0) } ?? usual }

        var settings: ConnectionSettings {
            var settings = ConnectionSettings()
            settings.limits = WebSocketCodec.Limits(messageBytes: number("limit", 16 << 20), acceptsBinary: self["binary"] != nil)
            settings.compresses = self["deflate"] != nil
            settings.resetsCompression = self["deflate"] == "resets"
            settings.outputLimit = number("output-limit", 64 << 20)
            settings.handshakeTimeout = UInt64(number("handshake-ms", 10_000)) * 1_000_000
            settings.closeTimeout = UInt64(number("close-ms", 2_000)) * 1_000_000
            if self["pause"] != nil { settings.overflow = .pause }
            return settings
        }

        var profile: Admission.Profile { Admission.Profile(rawValue: number("profile", 0)) ?? .none }
        var version: TLSContext.Version { self["tls"] == "1.2" ? .only12 : self["tls"] == "1.3" ? .only13 : .from12 }
        func file(_ name: String) -> [UInt8]? { self[name].flatMap { EchoPrograms.contents($0) } }
    }

    static func contents(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let got = fread(&buffer, 1, buffer.count, file)
            if got == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<got])
        }
    }

    static func say(_ text: String) {
        print(text)
        fflush(nil)
    }

    /// Runs one of the programs; the exit code.
    static func run(_ name: String, _ arguments: [String]) -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        do {
            return name == "ws-echo-server" ? try server(Options(arguments)) : try client(Options(arguments))
        } catch {
            say("error \((error as? TransportError)?.text ?? (error as? TLSError)?.text ?? (error as? UpgradeError)?.text ?? "\(error)")")
            return 4
        }
    }

    /// Sends back what comes, until SIGTERM or the end of standard input.
    private static func server(_ options: Options) throws -> Int32 {
        let loop = try EventLoop()
        var admission = Admission(protocols: (options["protocols"] ?? "ocpp1.6").split(separator: ",").map(String.init), profile: options.profile)
        if let known = options["known"] { admission.known = Set(known.split(separator: ",").map(String.init)) }
        for entry in (options["keys"] ?? "").split(separator: ",") {
            let halves = entry.split(separator: "=").map(String.init)
            if halves.count == 2, let key = BasicCredentials.bytes(hex: halves[1]) { admission.keys[halves[0]] = key }
        }
        if let second = options["second"] { admission.second = Admission.SecondConnection(rawValue: second) ?? .replace }
        var tls: TLSContext?
        if options.profile.isTLS, let certificates = options.file("cert"), let key = options.file("key") {
            tls = try .server(
                certificates: certificates, key: key, clientAuthorities: options.profile == .mutualTLS ? options.file("ca") : nil, version: options.version)
        }
        let server = try OCPPServer(
            loop: loop, address: options["address"] ?? "127.0.0.1", port: UInt16(options.number("port", 0)), admission: admission, tls: tls,
            settings: options.settings)
        server.pingInterval = UInt64(options.number("ping-ms", 0)) * 1_000_000
        server.pongDeadline = UInt64(options.number("pong-ms", 1_000)) * 1_000_000
        catchTermination(loop)
        say("port \(server.port)")
        let isQuiet = options["quiet"] != nil
        var isEnding = false
        while true {
            guard let event = loop.next(until: EventLoop.now() + (isEnding ? 20_000_000 : 1_000_000_000)) else {
                if isEnding, loop.isIdle { return 0 }
                continue
            }
            if case .interrupted = event, !isEnding {
                isEnding = true
                loop.closeAll()
            }
            if case .binary(let id, let bytes) = event { loop.send(binary: bytes, to: id) }
            guard let heard = server.handle(event) else { continue }
            switch heard {
            case .connected(let id, let peer):
                if !isQuiet { say("opened \(id.serial) \(peer.identity) \(peer.subprotocol) \(peer.certificateName ?? "-") \(peer.tls ?? "-")") }
            case .text(let id, let bytes):
                if options["say"] != nil { say("text \(id.serial) \(bytes.count)") }
                let size = options.number("fragments", 0)
                if size > 0 { loop.send(text: bytes, fragments: size, to: id) } else { loop.send(text: bytes, to: id) }
            case .closed(let id, let identity, let closing):
                if !isQuiet { say("closed \(id.serial) \(identity) \(closing.code.rawValue) \(closing.byPeer ? "peer" : "here") \(closing.detail)") }
            case .refused(let id, let identity, let closing):
                if !isQuiet { say("refused \(id.serial) \(identity ?? "-") \(closing.httpStatus ?? 0) \(closing.detail)") }
            case .other(.congested(let id, let queued)): say("congested \(id.serial) \(queued)")
            case .other(.relieved(let id)): say("relieved \(id.serial)")
            case .other: break
            }
        }
    }

    /// Connects, sends back what comes, and says how it ended.
    private static func client(_ options: Options) throws -> Int32 {
        guard options.words.count == 2 else {
            say("error usage: ws-echo-client URL IDENTITY [options]")
            return 2
        }
        let loop = try EventLoop()
        var tls: TLSContext?
        if options.profile.isTLS {
            tls = try .client(authorities: options.file("ca"), certificates: options.file("cert"), key: options.file("key"), version: options.version)
        }
        let client = try OCPPClient(
            url: try WebSocketURL(options.words[0]), identity: options.words[1],
            protocols: (options["protocols"] ?? "ocpp1.6").split(separator: ",").map(String.init), profile: options.profile,
            key: options["hex-key"].flatMap { BasicCredentials.bytes(hex: $0) }, keyForm: options["key-text"] != nil ? .hexText : .bytes, tls: tls,
            settings: options.settings)
        let connection = client.connect(loop)
        catchTermination(loop)
        while true {
            guard let event = loop.next(until: EventLoop.now() + 1_000_000_000) else { continue }
            switch event {
            case .opened(_, let opening):
                say("opened \(opening.subprotocol ?? "-") \(opening.isCompressed ? "deflate" : "-") \(opening.tls ?? "-")")
                if opening.subprotocol == nil { loop.close(connection, .protocolError, reason: "no subprotocol was chosen") }
                let interval = UInt64(options.number("ping-ms", 0)) * 1_000_000
                if interval > 0 { loop.setPing(connection, interval: interval, deadline: UInt64(options.number("pong-ms", 1_000)) * 1_000_000) }
            case .text(let id, let bytes): loop.send(text: bytes, to: id)
            case .binary(let id, let bytes): loop.send(binary: bytes, to: id)
            case .pong: say("pong")
            case .closed(_, let closing):
                say("closed \(closing.code.rawValue) \(closing.httpStatus ?? 0) \(closing.byPeer ? "peer" : "here") \(closing.detail)")
                // What lingers is written before the process ends.
                let end = EventLoop.now() + 1_500_000_000
                while !loop.isIdle, EventLoop.now() < end { _ = loop.next(until: min(end, EventLoop.now() + 50_000_000)) }
                return 0
            case .interrupted: loop.close(connection, .goingAway)
            default: break
            }
        }
    }

    nonisolated(unsafe) private static var terminationWaker: Waker?

    /// SIGTERM and SIGINT wake the loop.
    private static func catchTermination(_ loop: EventLoop) {
        terminationWaker = loop.waker
        for number in [SIGTERM, SIGINT] { signal(number) { _ in EchoPrograms.terminationWaker?.wake() } }
    }
}
